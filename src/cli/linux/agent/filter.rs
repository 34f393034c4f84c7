//! Sockets of the tasks' own, each with a filter: requests are made here, and the listener hears the rest.
//!
//! A filter belongs to the socket that asks for it, so the request goes out on the socket that listens, and its
//! acknowledgement comes in among the notifications. The listener tells them apart and hands the errno over.

use super::listen::Listener;
use super::netlink::{Devlink, listener};
use super::report::Line;
use netlink_sys::Socket;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use unreg::linux::wire::{Family, Report};

/// Every request is acknowledged before the next, so one number does for all.
const SEQUENCE: u32 = 1;

#[derive(Debug)]
pub(super) struct Filters {
    line: Line,
    listener: Listener,
    devlink: Devlink,
    sockets: BTreeMap<u8, Filtered>,
}

/// A task's own socket.
#[derive(Debug)]
struct Filtered {
    socket: Arc<Socket>,
    netns: Option<String>,
    answer: Receiver<i32>,
}

impl Filters {
    pub(super) fn new(line: Line, listener: Listener, devlink: Devlink) -> Filters {
        Filters { line, listener, devlink, sockets: BTreeMap::new() }
    }

    /// Makes a request on a task's own socket, which is opened where the thread is if there is none; the errno is
    /// positive, or 0.
    pub(super) fn set(
        &mut self,
        task: u8,
        netns: Option<&String>,
        command: u16,
        body: &[u8],
    ) -> io::Result<i32> {
        let is_first = !self.sockets.contains_key(&task);
        if is_first {
            let socket = Arc::new(listener(Family::Devlink, self.devlink)?);
            let answer = self.listener.add_own(task, netns, Arc::clone(&socket))?;
            self.sockets.insert(task, Filtered { socket, netns: netns.cloned(), answer });
        }
        let Filtered { socket, netns, answer } = &self.sockets[&task];
        socket.send(&self.devlink.request(SEQUENCE, command, 0, body), 0)?;
        let errno = answer.recv().map_err(io::Error::other)?;
        if errno == 0 {
            self.line.report(&Report::Filtered { task, netns: netns.clone(), body: body.to_vec() });
        } else if is_first {
            // A kernel without filters: a socket that has none would hear everything.
            self.sockets.remove(&task);
            self.listener.remove_own(Some(task))?;
        }
        Ok(errno)
    }

    /// Whether a task listens in the namespace of this name.
    pub(super) fn listens_in(&self, netns: &str) -> bool {
        self.sockets.values().any(|socket| socket.netns.as_deref() == Some(netns))
    }

    /// Closes all.
    pub(super) fn close(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.sockets).is_empty() {
            self.listener.remove_own(None)?;
        }
        Ok(())
    }
}
