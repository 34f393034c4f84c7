//! The listener: one thread hears all groups and reports each message the moment it is sent.
//!
//! The guest has one processor and a preemptible kernel, and the thread has a higher real-time priority than
//! the one that performs. A message that is queued for it wakes it before the kernel goes on, so messages of
//! several groups come out in the order in which the kernel sent them, and before the end of the command that
//! caused them. The performing thread has such a priority too. What would let ordinary threads pass real-time
//! ones, since 6.12, is stopped first ([`init::stop_fair_server`]).
//!
//! A kernel that is not preemptible is made to let the listener in by a [`Brake`] on each group whose order counts.

use super::brake::Brake;
use super::init;
use super::netlink::{Devlink, acknowledged, listener};
use super::report::Line;
use anyhow::Context;
use netlink_sys::Socket;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::OwnedFd;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use thread_priority::{
    RealtimeThreadSchedulePolicy, ScheduleParams, ThreadPriority, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};
use unreg::linux::wire::{Family, Report};

/// The real-time priorities of who listens and who performs.
const LISTENING: i32 = 50;
const PERFORMING: i32 = 10;

/// A group that is listened to, in a network namespace if it is not the initial one.
struct Group {
    family: Family,
    netns: Option<String>,
    socket: Arc<Socket>,
    own: Option<Own>,
    brake: Option<Brake>,
}

impl Group {
    /// Begins to listen in the namespace that the calling thread is in.
    fn join(family: Family, netns: Option<String>, devlink: Devlink) -> io::Result<Group> {
        let is_compared = matches!(family, Family::Devlink | Family::Uevent | Family::Route);
        let brake =
            if is_compared && !init::is_preemptible() { Some(Brake::open(family, devlink)?) } else { None };
        let socket = Arc::new(listener(family, devlink)?);
        Ok(Group { family, netns, socket, own: None, brake })
    }
}

/// Whose a socket is that is a task's own, and who waits for acknowledgements of the requests made on it.
struct Own {
    task: u8,
    answers: Sender<i32>,
}

/// Tells the listener where else to listen, and where no more.
#[derive(Debug, Clone)]
pub(super) struct Listener {
    orders: Sender<Order>,
    bell: Arc<OwnedFd>,
}

enum Order {
    Add(Vec<Group>),
    Remove(Whose, Sender<()>),
}

enum Whose {
    Namespace(String),
    /// One task's, or all tasks'.
    Tasks(Option<u8>),
}

impl Listener {
    /// Listens in the namespace too that the calling thread is in, and that has this name.
    pub(super) fn add(&self, netns: &str, devlink: Devlink) -> io::Result<()> {
        let group = |family| Group::join(family, Some(netns.to_string()), devlink);
        let groups = [Family::Devlink, Family::Uevent, Family::Route]
            .map(group)
            .into_iter()
            .collect::<io::Result<_>>()?;
        self.order(Order::Add(groups))
    }

    /// Stops listening there, and returns once no thread listens.
    pub(super) fn remove(&self, netns: &str) -> io::Result<()> {
        self.forget(Whose::Namespace(netns.to_string()))
    }

    /// Hears a task's own socket too. Acknowledgements are none of what is heard: they come out of the end that is
    /// returned.
    pub(super) fn add_own(
        &self,
        task: u8,
        netns: Option<&String>,
        socket: Arc<Socket>,
    ) -> io::Result<Receiver<i32>> {
        let (answers, answer) = channel();
        let (netns, own) = (netns.cloned(), Some(Own { task, answers }));
        let group = Group { family: Family::Devlink, netns, socket, own, brake: None };
        self.order(Order::Add(vec![group]))?;
        Ok(answer)
    }

    /// Hears the own socket of a task no more, or those of all tasks.
    pub(super) fn remove_own(&self, task: Option<u8>) -> io::Result<()> {
        self.forget(Whose::Tasks(task))
    }

    fn forget(&self, whose: Whose) -> io::Result<()> {
        let (done, wait) = channel();
        self.order(Order::Remove(whose, done))?;
        wait.recv().map_err(io::Error::other)
    }

    fn order(&self, order: Order) -> io::Result<()> {
        self.orders.send(order).map_err(|_| io::Error::other("the listener has ended"))?;
        rustix::io::write(&self.bell, b"!")?;
        Ok(())
    }
}

/// What works, and why the rest does not.
type Works = Vec<(String, Option<String>)>;

/// Begins to listen; says of each family whether that works, or why it does not.
pub(super) fn start(line: &Line) -> anyhow::Result<(Listener, Works)> {
    let devlink = Devlink::resolve().context("cannot find devlink")?;
    let (mut groups, mut works) = (Vec::new(), Vec::new());
    for family in [Family::Devlink, Family::Uevent, Family::Route, Family::Rdma] {
        let why = match Group::join(family, None, devlink) {
            Ok(group) => {
                groups.push(group);
                None
            }
            Err(error) => Some(error.to_string()),
        };
        works.push((format!("notifications ({family:?})"), why));
    }
    let line = line.clone();
    let (ready, wait) = channel();
    let (orders, order) = channel();
    let (rings, bell) = rustix::pipe::pipe()?;
    std::thread::Builder::new().name("listen".to_string()).spawn(move || {
        let _gone = ready.send(run_at(LISTENING));
        listen(groups, &line, &order, &rings);
    })?;
    wait.recv()??;
    run_at(PERFORMING)?;
    Ok((Listener { orders, bell: Arc::new(bell) }, works))
}

/// Gives the calling thread a real-time priority.
fn run_at(priority: i32) -> anyhow::Result<()> {
    let priority = ThreadPriority::from_posix(ScheduleParams { sched_priority: priority });
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    let set = set_thread_priority_and_policy(thread_native_id(), priority, policy);
    set.map_err(|error| anyhow::anyhow!("no real-time priority for a thread: {error:?}"))
}

fn listen(mut groups: Vec<Group>, line: &Line, orders: &Receiver<Order>, rings: &OwnedFd) {
    loop {
        let sockets = groups.iter().map(|group| PollFd::new(&group.socket, PollFlags::IN));
        let mut ready: Vec<PollFd<'_>> = sockets.chain([PollFd::new(rings, PollFlags::IN)]).collect();
        if poll(&mut ready, None).is_err() {
            continue;
        }
        let woken: Vec<bool> = ready.iter().map(|entry| !entry.revents().is_empty()).collect();
        for (group, _) in groups.iter_mut().zip(&woken).filter(|(_, woken)| **woken) {
            hear(group, line);
        }
        if woken.last() == Some(&true) {
            let _rung = rustix::io::read(rings, &mut [0; 1]);
            match orders.try_recv() {
                Ok(Order::Add(more)) => groups.extend(more),
                Ok(Order::Remove(whose, done)) => {
                    groups.retain(|group| match &whose {
                        Whose::Namespace(netns) => group.netns.as_ref() != Some(netns),
                        Whose::Tasks(task) => {
                            group.own.as_ref().is_none_or(|own| task.is_some_and(|task| task != own.task))
                        }
                    });
                    let _gone = done.send(());
                }
                Err(TryRecvError::Empty) => {}
                // The performing thread is gone, and the guest with it.
                Err(TryRecvError::Disconnected) => return,
            }
        }
    }
}

/// One message: a socket that has more is read again after the others.
fn hear(group: &mut Group, line: &Line) {
    let Group { family, netns, socket, own, brake } = group;
    if let Some(Err(error)) = brake.as_mut().map(Brake::heard) {
        line.report(&Report::Trouble { text: format!("{family:?} messages may be out of order: {error}") });
    }
    match socket.recv_from_full() {
        // A device that is in no namespace is announced in every one; once is enough.
        Ok((message, _)) if *family == Family::Uevent && netns.is_some() && !is_in_netns(&message) => {}
        Ok((message, _)) => match (&*own, acknowledged(&message)) {
            (Some(own), Some(errno)) => {
                let _gone = own.answers.send(errno);
            }
            _ => {
                let task = own.as_ref().map(|own| own.task);
                line.report(&Report::Heard { family: *family, task, netns: netns.clone(), message });
            }
        },
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        Err(error) => {
            line.report(&Report::Trouble { text: format!("{family:?} messages were lost: {error}") });
        }
    }
}

/// Whether a uevent is about something that is in a network namespace: a netdev, or an RDMA device.
fn is_in_netns(message: &[u8]) -> bool {
    let path = message.split(|byte| *byte == 0).next().unwrap_or_default();
    let path = String::from_utf8_lossy(path);
    path.contains("/net/") || path.contains("/infiniband/")
}
