//! Reports as a trace: the events that a real kernel shows, in the words of the model.
//!
//! Names that the kernel chooses are renamed to what they stand for: a netdev is the netdev of its port. What
//! the model has no name for is kept as [`What::Foreign`], in the kernel's words.

mod steered;

use super::devlink::{self, Message};
use super::link::{self, Link};
use super::wire::{Family, Report};
use super::{mdev, rdma, shown};
use crate::event::{
    Action, Errno, Handle, NetNs, Notice, Parent, PortIndex, Subject, TaskId, TaskName, Trace, Uuid, What,
};
use crate::operand::Operand;

pub use steered::steered;

/// What a complaint begins with that came while the guest was cleaned up.
pub(super) const CLEAN_UP: &str = "while the guest is cleaned up: ";

/// What a guest reported of one program whose tasks have these names, and how it died if it did.
pub fn trace(tasks: &[TaskName], reports: &[Report], died: Option<&str>) -> Trace {
    let mut trace = Trace::default();
    trace.tasks.extend_from_slice(tasks);
    trace.tasks.push(TaskName::Kernel);
    let kernel = tasks.len() as u8;
    let mut observer = Observer::new(trace, kernel, kernel, reports);
    (0..reports.len()).for_each(|at| observer.report(at));
    if let Some(why) = died {
        observer.complain(why);
    }
    observer.trace
}

/// The task that a report is of.
fn task_of(report: &Report) -> Option<u8> {
    match report {
        Report::Begin { task, .. } | Report::End { task, .. } | Report::Filtered { task, .. } => Some(*task),
        Report::Heard { task, .. } | Report::Answer { task, .. } | Report::Text { task, .. } => *task,
        _ => None,
    }
}

struct Observer<'r> {
    trace: Trace,
    /// How many tasks the program has.
    program: u8,
    /// The task of what happens when no command runs.
    kernel: TaskId,
    task: TaskId,
    at_rest: bool,
    /// Whether the program is over.
    cleans_up: bool,
    netns: NetNs,
    reports: &'r [Report],
}

impl<'r> Observer<'r> {
    /// Observes what is reported of a program with so many tasks.
    fn new(trace: Trace, program: u8, kernel: TaskId, reports: &'r [Report]) -> Observer<'r> {
        let (at_rest, cleans_up, netns) = (false, false, NetNs::Init);
        Observer { trace, program, kernel, task: kernel, at_rest, cleans_up, netns, reports }
    }

    /// The report with this number, if it is of a task that there is.
    fn report(&mut self, at: usize) {
        let Some(report) = self.reports.get(at) else { return };
        match (task_of(report), report) {
            (Some(task), _) if task >= self.program => self.foreign(format!("a report of task {task}")),
            // Of the clean-up counts what the kernel says against it: it may be the program's fault.
            (_, Report::Complaint { text }) if self.cleans_up => self.complain(&format!("{CLEAN_UP}{text}")),
            _ if self.cleans_up => {}
            _ => self.observe(at, report),
        }
    }

    fn observe(&mut self, at: usize, report: &Report) {
        match report {
            Report::Begin { task, command } => {
                self.task = *task;
                self.push(What::Begin(*command));
            }
            Report::End { task, command, errno } => {
                self.task = *task;
                let known = Errno::from_number(*errno);
                if known.is_none() && *errno != 0 {
                    self.foreign(format!("errno {errno}"));
                }
                self.push(What::End(*command, known));
            }
            Report::AtRest => {
                self.task = self.kernel;
                self.at_rest = true;
                self.push(What::AtRest(Subject::Kernel, 0));
            }
            Report::Heard { family: Family::Devlink, task: Some(task), message, .. } => {
                match devlink::read(message) {
                    Ok(Message { notice: Some(notice), subject, value, .. }) => {
                        self.trace.push(*task, What::Heard(notice, subject, value));
                    }
                    Ok(Message { subject, .. }) => {
                        self.foreign(format!("a filtered socket hears an answer about {subject}"))
                    }
                    Err(words) => self.foreign(format!("a filtered socket hears {words}")),
                }
            }
            Report::Filtered { task, netns, body } => match devlink::read_filter(body) {
                Some((device, port)) => {
                    self.trace.push(*task, What::Filter(netns_of(netns.as_deref()), device, port));
                }
                None => self.foreign("a filter without a name".to_string()),
            },
            Report::Heard { family: Family::Devlink, message, .. } if !devlink::is_unasked(message) => {
                self.foreign("a notification that answers a request".to_string());
            }
            Report::Heard { family: Family::Devlink, netns, message, .. } => match devlink::read(message) {
                Ok(Message { notice: Some(notice), subject, value, .. }) => {
                    self.speaks_in(netns.as_deref());
                    self.push(What::Notify(notice, subject, value));
                }
                Ok(Message { notice: None, subject, .. }) => {
                    self.foreign(format!("an answer about {subject}"))
                }
                Err(words) => self.foreign(words),
            },
            Report::Answer { family: Family::Devlink, message, .. } if devlink::is_content(message) => {}
            Report::Answer { family: Family::Devlink, netns, message, .. } => match devlink::read(message) {
                Ok(Message { subject, value, others, .. }) => {
                    if self.at_rest {
                        self.speaks_in(netns.as_deref());
                    }
                    let objects = std::iter::once((subject, value));
                    for (subject, value) in objects.chain(others) {
                        let shown = if self.at_rest { What::AtRest } else { What::Dumped };
                        self.push(shown(subject, value));
                    }
                }
                Err(words) => self.foreign(words),
            },
            Report::Heard { family: Family::Uevent, netns, message, .. } => {
                self.uevent(at, message, self::netns_of(netns.as_deref()));
            }
            Report::Heard { family: Family::Route, netns, message, .. } => match link::read(message) {
                Some(Link { notice, handle, port, .. }) => {
                    self.speaks_in(netns.as_deref());
                    self.push(What::Link(notice, Subject::PortNetdev(handle, port)));
                }
                None => match rdma::message::link(message) {
                    Some((notice, subject)) => {
                        self.speaks_in(netns.as_deref());
                        self.push(What::Link(notice, subject));
                    }
                    None => self.foreign(super::other::words(Family::Route, message)),
                },
            },
            Report::Heard { family: Family::Rdma, netns, message, .. } => {
                match rdma::message::notification(message) {
                    Some((notice, subject, value)) => {
                        self.speaks_in(netns.as_deref());
                        self.push(What::Notify(notice, subject, value));
                    }
                    None => self.foreign(super::other::words(Family::Rdma, message)),
                }
            }
            Report::Text { path, text, .. } => {
                match mdev::read(path, text).or_else(|| rdma::message::file(path, text)) {
                    Some((subject, value)) if self.at_rest => {
                        // What is the same in every namespace is found in each.
                        let rest = What::AtRest(subject, value);
                        if !self.trace.events.iter().any(|event| event.what == rest) {
                            self.push(rest);
                        }
                    }
                    Some((subject, value)) => self.push(What::Dumped(subject, value)),
                    None => self.foreign(format!("{path}: {text}")),
                }
            }
            Report::Answer { family: Family::Rdma, netns, message, .. } => {
                match rdma::message::answer(message) {
                    Some((subject, value)) if self.at_rest => {
                        self.speaks_in(netns.as_deref());
                        self.push(What::AtRest(subject, value));
                    }
                    Some((subject, value)) => self.push(What::Dumped(subject, value)),
                    None => self.foreign(super::other::words(Family::Rdma, message)),
                }
            }
            Report::Answer { family, message, .. } => self.foreign(super::other::words(*family, message)),
            Report::Complaint { text } => self.complain(text),
            Report::Trouble { text } => self.foreign(format!("the guest: {text}")),
            Report::Stuck { .. } => {}
            Report::CleanUp => (self.task, self.cleans_up) = (self.kernel, true),
            Report::Hello { .. } | Report::Received | Report::Done => {}
        }
    }

    fn push(&mut self, what: What) {
        self.trace.push(self.task, what);
    }

    /// What is heard from here on is heard in this namespace.
    fn speaks_in(&mut self, netns: Option<&str>) {
        let netns = netns_of(netns);
        if std::mem::replace(&mut self.netns, netns) != netns {
            self.push(What::In(netns));
        }
    }

    fn foreign(&mut self, text: String) {
        let index = self.trace.note(shown::line(&text));
        self.push(What::Foreign(index));
    }

    fn complain(&mut self, text: &str) {
        let index = self.trace.note(shown::lines(text));
        self.push(What::Console(index));
    }

    fn uevent(&mut self, at: usize, message: &[u8], netns: NetNs) {
        let text = String::from_utf8_lossy(message);
        let head = text.split('\0').next().unwrap_or_default();
        let before = text.split('\0').find_map(|line| line.strip_prefix("DEVPATH_OLD="));
        let announced = |(action, path)| {
            mdev::uevent(&text, |_group| self.vfio_device(at, action))
                .or_else(|| rdma::message::uevent(path, action, before, netns))
                .or_else(|| self.announced(at, action, path))
        };
        match head.split_once('@').and_then(announced) {
            Some((action, subject)) => self.push(What::Uevent(action, subject)),
            // A mediated device that is not told of as it should be shows by what is told.
            None if text.contains("SUBSYSTEM=mdev") || text.contains("MDEV_STATE=") => {
                self.foreign(format!("uevent {}", text.replace('\0', " ")));
            }
            None => self.foreign(format!("uevent {head}")),
        }
    }

    /// The mediated device whose group a uevent is about: the vfio device comes after its group and goes before it.
    fn vfio_device(&self, at: usize, action: &str) -> Option<(Parent, Uuid)> {
        let device = |report: &Report| match report {
            Report::Heard { family: Family::Uevent, message, .. } => {
                mdev::vfio_device(&String::from_utf8_lossy(message))
            }
            _ => None,
        };
        let (before, after) = self.reports.split_at(at);
        match action {
            "remove" => before.iter().rev().find_map(device),
            _ => after.iter().find_map(device),
        }
    }

    /// A uevent in the model's names.
    fn announced(&self, at: usize, action: &str, path: &str) -> Option<(Action, Subject)> {
        let action = match action {
            "add" => Action::Add,
            "bind" => Action::Bind,
            "unbind" => Action::Unbind,
            "remove" => Action::Remove,
            _ => return None,
        };
        let mut parts = path.strip_prefix("/devices/")?.split('/');
        let device = parts.next()?;
        let number = device.strip_prefix("netdevsim")?;
        let is_it = |handle: &&Handle| handle.word().strip_prefix("netdevsim/") == Some(number);
        let handle = *Handle::ALL.iter().find(is_it)?;
        match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => Some((action, Subject::Device(handle))),
            (Some("net"), Some(netdev), None) => {
                let port = self.port_of(at, action, handle, netdev)?;
                Some((action, Subject::PortNetdev(handle, port)))
            }
            _ => None,
        }
    }

    /// The port of a netdev, as the next message about the netdev says, or for one that goes the last one.
    fn port_of(&self, at: usize, action: Action, handle: Handle, netdev: &str) -> Option<PortIndex> {
        let port = |report: &Report| match report {
            Report::Heard { family: Family::Route, message, .. } => {
                let link = link::read(message)?;
                (link.handle == handle && link.name == netdev).then_some(link.port)
            }
            // Before 6.2 messages about netdevs say nothing of ports, and devlink's own do.
            Report::Heard { family: Family::Devlink, message, .. } => {
                let message = devlink::read(message).ok()?;
                match message.subject {
                    Subject::Port(of, port) if of == handle && message.notice == Some(Notice::New) => {
                        (message.netdev.as_deref() == Some(netdev)).then_some(port)
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        let (before, after) = self.reports.split_at(at);
        match action {
            Action::Remove => before.iter().rev().find_map(port),
            _ => after.iter().find_map(port),
        }
    }
}

/// The namespace of this name; none is the initial one.
fn netns_of(netns: Option<&str>) -> NetNs {
    let known = netns.and_then(NetNs::named);
    known.unwrap_or(NetNs::Init)
}
