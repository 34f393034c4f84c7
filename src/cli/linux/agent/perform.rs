//! Performs a request: its commands, then the dumps at rest, then the clean-up.

mod steered;

use super::filter::Filters;
use super::kmsg::Log;
use super::listen::Listener;
use super::module;
use super::netlink::{Devlink, Requests};
use super::netns::Namespaces;
use super::report::Line;
use anyhow::Context;
use netlink_packet_core::NLM_F_DUMP;
use rustix::io::Errno;
use std::fs::{File, read_dir};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use unreg::linux::wire::{Family, Indexed, Operation, Patch, Report, Request, Step};
use unreg::linux::{link, rdma};

/// Virtual time after a command in which what it left to others runs. Time goes on only when no task can run.
const SETTLE: Duration = Duration::from_millis(1);

/// The errno of what failed in a way that has none.
const EIO: i32 = 5;

/// What tasks share: the line, and what belongs to the guest as a whole.
#[derive(Debug)]
pub(super) struct Agent {
    log: Arc<Mutex<Log>>,
    /// Performs for every task, one after the other, and what is asked at rest.
    performer: Performer,
}

/// A thread that performs, for one task or for all.
#[derive(Debug)]
struct Performer {
    /// The task, if it is one.
    task: Option<u8>,
    line: Line,
    devlink: Devlink,
    /// By family and namespace.
    requests: Vec<(Family, Option<String>, Requests)>,
    namespaces: Namespaces,
    filters: Arc<Mutex<Filters>>,
}

impl Agent {
    pub(super) fn new(line: Line, listener: Listener) -> anyhow::Result<Agent> {
        let log = Log::open().context("cannot read the kernel's log")?;
        let devlink = Devlink::resolve().context("cannot find devlink")?;
        let filters = Arc::new(Mutex::new(Filters::new(line.clone(), listener.clone(), devlink)));
        let namespaces = Namespaces::new(listener, devlink).context("cannot find the network namespace")?;
        let performer = Performer { task: None, line, devlink, requests: Vec::new(), namespaces, filters };
        Ok(Agent { log: Arc::new(Mutex::new(log)), performer })
    }

    pub(super) fn perform(&mut self, request: &Request) {
        let line = self.performer.line.clone();
        if !request.is_steered {
            for step in &request.steps {
                self.performer.step(step);
                self.settle();
            }
        } else if let Err(locks) = steered::perform(&self.performer, &self.log, &request.steps) {
            // Nothing can be asked of a kernel whose locks are held for good.
            line.report(&Report::Stuck { locks });
            return;
        }
        let Agent { performer, .. } = self;
        line.report(&Report::AtRest);
        for netns in std::iter::once(None).chain(performer.namespaces.names().into_iter().map(Some)) {
            if let Err(error) = performer.namespaces.go(netns) {
                line.report(&Report::Trouble { text: format!("a namespace is out of reach: {error}") });
            }
            for operation in &request.at_rest {
                let errno = performer.act(0, operation);
                if errno != 0 {
                    let text = format!("the dump at rest ends with errno {errno}: {operation:?}");
                    line.report(&Report::Trouble { text });
                }
            }
        }
        // All that is cleaned up is within reach of the initial namespace.
        if let Err(error) = performer.namespaces.go(None) {
            line.report(&Report::Trouble { text: format!("no way back: {error}") });
        }
        line.report(&Report::CleanUp);
        line.flush();
        if let Err(error) = performer.filters().close() {
            line.report(&Report::Trouble { text: format!("a task's socket stays open: {error}") });
        }
        for operation in &request.clean_up {
            // What cannot be cleaned up shows in the next program, and in the test that swaps programs.
            performer.act(0, operation);
        }
        self.settle();
    }

    fn settle(&mut self) {
        std::thread::sleep(SETTLE);
        complain(&self.performer.line, &self.log);
        self.performer.line.flush();
    }
}

/// Reports what the kernel printed since the last time, if it complains.
fn complain(line: &Line, log: &Mutex<Log>) {
    if let Some(text) = log.lock().expect("no thread panics with it").complaint() {
        line.report(&Report::Complaint { text });
    }
}

impl Performer {
    /// The same for one task, in a thread of its own.
    fn for_task(&self, task: u8) -> Performer {
        Performer {
            task: Some(task),
            line: self.line.clone(),
            devlink: self.devlink,
            requests: Vec::new(),
            namespaces: self.namespaces.steered(),
            filters: Arc::clone(&self.filters),
        }
    }

    /// Performs one command and reports how it begins and ends.
    fn step(&mut self, step: &Step) {
        let (task, command) = (step.task, step.command);
        self.line.report(&Report::Begin { task, command });
        self.line.flush();
        let gone = self.namespaces.go_with(task).err().map(|error| errno(&error));
        let mut failed =
            gone.into_iter().chain(step.operations.iter().map(|operation| self.act(task, operation)));
        let failed = failed.find(|errno| *errno != 0);
        self.line.report(&Report::End { task, command, errno: failed.unwrap_or(0) });
    }

    fn filters(&self) -> MutexGuard<'_, Filters> {
        self.filters.lock().expect("no thread panics with it")
    }

    /// Does one thing for a task; the errno is positive, or 0.
    fn act(&mut self, task: u8, operation: &Operation) -> i32 {
        match operation {
            Operation::Netlink { family, command, flags, body, patches } => {
                let asked = self.patched(body, patches);
                let asked = asked.and_then(|body| self.ask(*family, *command, *flags, &body));
                asked.unwrap_or_else(|error| errno(&error))
            }
            Operation::Filter { command, body } => {
                let set = self.filters().set(task, self.namespaces.current(), *command, body);
                set.unwrap_or_else(|error| errno(&error))
            }
            Operation::NetnsDel { name } if self.filters().listens_in(name) => Errno::BUSY.raw_os_error(),
            Operation::NetnsAdd { name } => answer(self.namespaces.add(name)),
            Operation::NetnsDel { name } => {
                self.requests.retain(|(_, netns, _)| netns.as_ref() != Some(name));
                answer(self.namespaces.del(name))
            }
            Operation::NetnsEnter { name } => {
                let entered = answer(self.namespaces.enter(task, name));
                // A socket that stays behind would keep its namespace when another task deletes it.
                let here = self.namespaces.current();
                self.requests.retain(|(_, netns, _)| netns.is_none() || netns.as_ref() == here);
                entered
            }
            Operation::NetnsReset => {
                self.requests.retain(|(_, netns, _)| netns.is_none());
                answer(self.namespaces.reset())
            }
            Operation::Prepare(operation) => {
                self.act(task, operation);
                0
            }
            Operation::Write { path, text } => write(path, text),
            Operation::WriteEach { folder, prefix, path, text } => {
                for name in names(folder, prefix) {
                    let rest = &name[prefix.len()..];
                    write(&path.replace("{}", &name), text.as_deref().unwrap_or(rest));
                }
                0
            }
            Operation::Read { path } => self.report_text(path, std::fs::read_to_string(path)),
            Operation::Links { folder, link } => {
                for name in names(folder, "") {
                    let path = [folder, &name, link].iter().filter(|part| !part.is_empty()).fold(
                        String::new(),
                        |path, part| {
                            if path.is_empty() { (*part).clone() } else { path + "/" + part }
                        },
                    );
                    let leads = std::fs::read_link(&path).map(|to| to.to_string_lossy().into_owned());
                    self.report_text(&path, leads);
                }
                0
            }
            Operation::Wait { milliseconds } => {
                std::thread::sleep(Duration::from_millis((*milliseconds).into()));
                0
            }
            Operation::Load { module } => module::load(module).err().map_or(0, |errno| errno.raw_os_error()),
            Operation::Unload { module } => {
                module::unload(module).err().map_or(0, |errno| errno.raw_os_error())
            }
        }
    }

    /// Says what a file or a link says, if it is there.
    fn report_text(&self, path: &str, text: io::Result<String>) -> i32 {
        match text {
            Ok(text) => {
                self.line.report(&Report::Text { task: self.task, path: path.to_string(), text });
                0
            }
            Err(error) => errno(&error),
        }
    }

    /// A request's body with the indices in it that the kernel chose.
    fn patched(&mut self, body: &[u8], patches: &[Patch]) -> io::Result<Vec<u8>> {
        let mut body = body.to_vec();
        for Patch { at, of } in patches {
            let index = match of {
                Indexed::Netdev(name) => self.link_index(|link| link::index_of_name(link, name))?,
                Indexed::PortNetdev { bus, device, port } => {
                    self.link_index(|link| link::index_of(link, bus, device, *port))?
                }
                Indexed::Rdma(name) => self.rdma_index(name)?,
                Indexed::Netns(name) => self.namespaces.descriptor(name),
            };
            let place =
                body.get_mut(*at..at + 4).ok_or_else(|| io::Error::other("a patch outside its body"))?;
            place.copy_from_slice(&u32::to_ne_bytes(index));
        }
        Ok(body)
    }

    /// The index of an RDMA device, from a dump of all there are.
    fn rdma_index(&mut self, name: &str) -> io::Result<u32> {
        let mut found = None;
        self.requests(Family::Rdma)?.ask(rdma::GET, NLM_F_DUMP, &[], |message| {
            found = found.or_else(|| rdma::index_of(&message, name));
        })?;
        found.ok_or_else(|| Errno::NODEV.into())
    }

    /// The index of a netdev, from a dump of all that are here.
    fn link_index(&mut self, is_it: impl Fn(&[u8]) -> Option<u32>) -> io::Result<u32> {
        let mut found = None;
        self.requests(Family::Route)?.ask(link::GETLINK, NLM_F_DUMP, &link::all(), |message| {
            found = found.or_else(|| is_it(&message));
        })?;
        found.ok_or_else(|| Errno::NODEV.into())
    }

    fn ask(&mut self, family: Family, command: u16, flags: u16, body: &[u8]) -> io::Result<i32> {
        let (line, task, netns) = (self.line.clone(), self.task, self.namespaces.current().cloned());
        self.requests(family)?.ask(command, flags, body, |message| {
            line.report(&Report::Answer { family, task, netns: netns.clone(), message });
        })
    }

    /// The socket for requests to a family, in the namespace where the thread is.
    fn requests(&mut self, family: Family) -> io::Result<&mut Requests> {
        let here = self.namespaces.current();
        let known = self.requests.iter().position(|(of, netns, _)| *of == family && netns.as_ref() == here);
        let index = match known {
            Some(index) => index,
            None => {
                let requests = Requests::open(family, self.devlink)?;
                self.requests.push((family, here.cloned(), requests));
                self.requests.len() - 1
            }
        };
        Ok(&mut self.requests[index].2)
    }
}

/// The names in a folder that begin like this, sorted; none if there is no such folder.
fn names(folder: &str, prefix: &str) -> Vec<String> {
    let entries = read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(prefix)).collect();
    names.sort();
    names
}

fn write(path: &str, text: &str) -> i32 {
    let written = File::options().write(true).open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.err().map_or(0, |error| errno(&error))
}

fn answer(done: io::Result<()>) -> i32 {
    done.err().map_or(0, |error| errno(&error))
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(EIO)
}
