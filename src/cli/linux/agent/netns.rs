//! Network namespaces of the guest: the agent makes them, goes into them, and lets them end.

use super::listen::Listener;
use super::netlink::Devlink;
use nix::sched::{CloneFlags, setns, unshare};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::time::Duration;

/// The namespace of whoever calls.
const OWN: &str = "/proc/thread-self/ns/net";
/// How the initial namespace is called.
const INIT: &str = "init";
/// Virtual time in which a namespace ends: several periods in which no processor reads what is freed.
const END: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Namespaces {
    listener: Listener,
    devlink: Devlink,
    init: File,
    made: BTreeMap<String, File>,
    /// In which namespace each task is that is not in the initial one.
    inside: BTreeMap<u8, String>,
    current: Option<String>,
}

impl Namespaces {
    pub(super) fn new(listener: Listener, devlink: Devlink) -> io::Result<Namespaces> {
        let init = File::open(OWN)?;
        let (made, inside) = Default::default();
        Ok(Namespaces { listener, devlink, init, made, inside, current: None })
    }

    /// The namespace that the thread is in, if it is not the initial one.
    pub(super) fn current(&self) -> Option<&String> {
        self.current.as_ref()
    }

    /// The names of all there are besides the initial one.
    pub(super) fn names(&self) -> Vec<String> {
        self.made.keys().cloned().collect()
    }

    /// Goes where a task is.
    pub(super) fn go_with(&mut self, task: u8) -> io::Result<()> {
        let name = self.inside.get(&task).cloned();
        self.go(name)
    }

    /// Goes into a namespace; none is the initial one.
    pub(super) fn go(&mut self, name: Option<String>) -> io::Result<()> {
        if name != self.current {
            let file = match &name {
                Some(name) => self.made.get(name).ok_or(Errno::NOENT)?,
                None => &self.init,
            };
            setns(file, CloneFlags::CLONE_NEWNET)?;
            self.current = name;
        }
        Ok(())
    }

    /// A task is in this namespace from here on.
    pub(super) fn enter(&mut self, task: u8, name: &str) -> io::Result<()> {
        if name == INIT {
            self.inside.remove(&task);
        } else if self.made.contains_key(name) {
            self.inside.insert(task, name.to_string());
        } else {
            return Err(Errno::NOENT.into());
        }
        self.go_with(task)
    }

    pub(super) fn add(&mut self, name: &str) -> io::Result<()> {
        if name == INIT || self.made.contains_key(name) {
            return Err(Errno::EXIST.into());
        }
        let make = || {
            unshare(CloneFlags::CLONE_NEWNET)?;
            File::open(OWN)
        };
        let file = std::thread::spawn(make).join().map_err(|_| io::Error::other("a thread panicked"))??;
        self.made.insert(name.to_string(), file);
        let back = self.current.clone();
        self.go(Some(name.to_string()))?;
        self.listener.add(name, self.devlink)?;
        self.go(back)
    }

    pub(super) fn del(&mut self, name: &str) -> io::Result<()> {
        if !self.made.contains_key(name) {
            return Err(Errno::NOENT.into());
        }
        if self.inside.values().any(|inside| inside == name) {
            return Err(Errno::BUSY.into());
        }
        self.listener.remove(name)?;
        self.made.remove(name);
        std::thread::sleep(END);
        Ok(())
    }

    /// Leaves every namespace and lets all end.
    pub(super) fn reset(&mut self) -> io::Result<()> {
        self.inside.clear();
        self.go(None)?;
        self.names().iter().try_for_each(|name| self.del(name))
    }

    /// A descriptor of a namespace, or a number that is none.
    pub(super) fn descriptor(&self, name: &str) -> u32 {
        let file = if name == INIT { Some(&self.init) } else { self.made.get(name) };
        file.map_or(u32::MAX, |file| file.as_raw_fd() as u32)
    }
}
