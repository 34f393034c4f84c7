//! The listener: one thread hears all groups and reports each message the moment it is sent.
//!
//! The guest has one processor and a preemptible kernel, and the thread has a higher real-time priority than
//! the one that performs. A message that is queued for it wakes it before the kernel goes on, so messages of
//! several groups come out in the order in which the kernel sent them, and before the end of the command that
//! caused them. The performing thread needs such a priority too: since 6.12 the scheduler now and then lets
//! ordinary threads pass the real-time ones, and where waiting takes no time this comes often.

use super::netlink::{Devlink, listener};
use super::report::Line;
use anyhow::Context;
use netlink_sys::Socket;
use rustix::event::{PollFd, PollFlags, poll};
use std::io::ErrorKind;
use thread_priority::{
    RealtimeThreadSchedulePolicy, ScheduleParams, ThreadPriority, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};
use unreg::linux::wire::{Family, Report};

/// The real-time priorities of who listens and who performs.
const LISTENING: i32 = 50;
const PERFORMING: i32 = 10;

/// Begins to listen; says of each family whether that works, or why it does not.
pub(super) fn start(line: &Line) -> anyhow::Result<Vec<(String, Option<String>)>> {
    let devlink = Devlink::resolve().context("cannot find devlink")?;
    let (mut groups, mut works) = (Vec::new(), Vec::new());
    for family in [Family::Devlink, Family::Uevent, Family::Route, Family::Rdma] {
        let why = match listener(family, devlink) {
            Ok(socket) => {
                groups.push((family, socket));
                None
            }
            Err(error) => Some(error.to_string()),
        };
        works.push((format!("notifications ({family:?})"), why));
    }
    let line = line.clone();
    let (ready, wait) = std::sync::mpsc::channel();
    std::thread::Builder::new().name("listen".to_string()).spawn(move || {
        let _gone = ready.send(run_at(LISTENING));
        listen(&groups, &line);
    })?;
    wait.recv()??;
    run_at(PERFORMING)?;
    Ok(works)
}

/// Gives the calling thread a real-time priority.
fn run_at(priority: i32) -> anyhow::Result<()> {
    let priority = ThreadPriority::from_posix(ScheduleParams { sched_priority: priority });
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    let set = set_thread_priority_and_policy(thread_native_id(), priority, policy);
    set.map_err(|error| anyhow::anyhow!("no real-time priority for a thread: {error:?}"))
}

fn listen(groups: &[(Family, Socket)], line: &Line) {
    loop {
        let mut ready: Vec<PollFd<'_>> =
            groups.iter().map(|(_, socket)| PollFd::new(socket, PollFlags::IN)).collect();
        if poll(&mut ready, None).is_err() {
            continue;
        }
        let woken: Vec<bool> = ready.iter().map(|entry| !entry.revents().is_empty()).collect();
        for ((family, socket), _) in groups.iter().zip(woken).filter(|(_, woken)| *woken) {
            // One message each: who has more is asked again after the others.
            match socket.recv_from_full() {
                Ok((message, _)) => line.report(&Report::Heard { family: *family, message }),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => {
                    line.report(&Report::Trouble { text: format!("{family:?} messages were lost: {error}") });
                }
            }
        }
    }
}
