//! Network namespaces of the guest: the agent makes them, goes into them, and lets them end.

use super::listen::Listener;
use super::netlink::Devlink;
use super::report::call;
use nix::sched::{CloneFlags, setns, unshare};
use rustix::io::Errno;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use unreg::linux::steer::Call;

/// The namespace of the calling thread.
const OWN: &str = "/proc/thread-self/ns/net";
/// How the initial namespace is called.
const INIT: &str = "init";
/// Virtual time in which a namespace ends: several periods in which no processor reads what is freed.
const END: Duration = Duration::from_secs(2);

/// The namespaces, as one thread sees them that is in one of them.
#[derive(Debug, Clone)]
pub(super) struct Namespaces {
    listener: Listener,
    devlink: Devlink,
    init: Arc<File>,
    shared: Arc<Mutex<Shared>>,
    current: Option<String>,
    /// Whether the thread is a task that a tracer stops and continues.
    is_steered: bool,
}

#[derive(Debug, Default)]
struct Shared {
    made: BTreeMap<String, Arc<File>>,
    /// Those that a task is making: each has its name already, as `ip netns add` begins with the file.
    coming: BTreeSet<String>,
    /// Those that end: each keeps its name until the task that deletes it has waited.
    ending: BTreeSet<String>,
    /// In which namespace each task is that is not in the initial one.
    inside: BTreeMap<u8, String>,
}

impl Namespaces {
    pub(super) fn new(listener: Listener, devlink: Devlink) -> io::Result<Namespaces> {
        let init = Arc::new(File::open(OWN)?);
        Ok(Namespaces { listener, devlink, init, shared: Arc::default(), current: None, is_steered: false })
    }

    /// The same for a thread that a tracer stops and continues.
    pub(super) fn steered(&self) -> Namespaces {
        Namespaces { is_steered: true, ..self.clone() }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("no thread panics with it")
    }

    /// The namespace that the thread is in, if it is not the initial one.
    pub(super) fn current(&self) -> Option<&String> {
        self.current.as_ref()
    }

    /// The names of all there are besides the initial one.
    pub(super) fn names(&self) -> Vec<String> {
        self.shared().made.keys().cloned().collect()
    }

    /// Goes where a task is.
    pub(super) fn go_with(&mut self, task: u8) -> io::Result<()> {
        let name = self.shared().inside.get(&task).cloned();
        self.go(name)
    }

    /// Goes into a namespace; none is the initial one.
    pub(super) fn go(&mut self, name: Option<String>) -> io::Result<()> {
        if name != self.current {
            let file = match &name {
                Some(name) => Arc::clone(self.shared().made.get(name).ok_or(Errno::NOENT)?),
                None => Arc::clone(&self.init),
            };
            setns(&*file, CloneFlags::CLONE_NEWNET)?;
            self.current = name;
        }
        Ok(())
    }

    /// A task is in this namespace from here on.
    pub(super) fn enter(&mut self, task: u8, name: &str) -> io::Result<()> {
        {
            let mut shared = self.shared();
            if name == INIT {
                shared.inside.remove(&task);
            } else if shared.made.contains_key(name) {
                shared.inside.insert(task, name.to_string());
            } else {
                return Err(Errno::NOENT.into());
            }
        }
        self.go_with(task)
    }

    pub(super) fn add(&mut self, name: &str) -> io::Result<()> {
        {
            let mut shared = self.shared();
            let is_there = shared.made.contains_key(name) || shared.ending.contains(name);
            if name == INIT || is_there || !shared.coming.insert(name.to_string()) {
                return Err(Errno::EXIST.into());
            }
        }
        let back = self.current.clone();
        let file = self.make();
        {
            let mut shared = self.shared();
            shared.coming.remove(name);
            shared.made.insert(name.to_string(), file?);
        }
        self.current = Some(name.to_string());
        self.listener.add(name, self.devlink)?;
        self.go(back)
    }

    /// Makes a namespace. This thread goes into it: another one could not be stopped in its name.
    fn make(&self) -> io::Result<Arc<File>> {
        unshare(CloneFlags::CLONE_NEWNET)?;
        Ok(Arc::new(File::open(OWN)?))
    }

    pub(super) fn del(&mut self, name: &str) -> io::Result<()> {
        let file = {
            let mut shared = self.shared();
            if !shared.made.contains_key(name) {
                return Err(Errno::NOENT.into());
            }
            if shared.inside.values().any(|inside| inside == name) {
                return Err(Errno::BUSY.into());
            }
            shared.ending.insert(name.to_string());
            shared.made.remove(name)
        };
        self.listener.remove(name)?;
        drop(file);
        // A steered task waits for the worker that ends it, however long that is kept from its work.
        if self.is_steered {
            call(Call::Await)
        } else {
            std::thread::sleep(END)
        }
        self.shared().ending.remove(name);
        Ok(())
    }

    /// Leaves every namespace and lets all end.
    pub(super) fn reset(&mut self) -> io::Result<()> {
        self.shared().inside.clear();
        self.go(None)?;
        self.names().iter().try_for_each(|name| self.del(name))
    }

    /// A descriptor of a namespace, or a number that is none.
    pub(super) fn descriptor(&self, name: &str) -> u32 {
        let number = |file: &Arc<File>| file.as_raw_fd() as u32;
        if name == INIT { number(&self.init) } else { self.shared().made.get(name).map_or(u32::MAX, number) }
    }
}
