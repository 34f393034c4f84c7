//! The brake: it makes a kernel that is not preemptible stop after each message of a group.
//!
//! Without preemption a sender goes on after a message, and only when it sleeps the listener learns of all
//! messages at once: in order within a group, and in none between groups. But who sends to a group of which a member
//! has more than half of its buffer full (`netlink_broadcast_deliver()`) yields the processor before it goes on, as
//! `netlink_broadcast_filtered()` does for slow readers. The brake is such a member: it reads nothing, and holds a
//! message to itself that is longer than half of its buffer.

use super::netlink::{Devlink, member};
use netlink_sys::{Socket, SocketAddr};
use std::io;
use unreg::linux::wire::Family;

/// The buffer in bytes that is asked for; the kernel gives twice of it.
const BUFFER: usize = 1 << 16;
/// The message to itself in bytes: more than half of what is given.
const FILLER: usize = BUFFER + (1 << 12);
/// So many messages of the group have room besides, the longest ones too.
const ROOM: usize = 8;

/// A member of a group that reads nothing.
pub(super) struct Brake {
    socket: Socket,
    address: SocketAddr,
    /// How many messages of the group it holds, at most.
    held: usize,
}

impl Brake {
    /// Brakes the group of a family in the namespace that the calling thread is in.
    pub(super) fn open(family: Family, devlink: Devlink) -> io::Result<Brake> {
        let (socket, address) = member(family, devlink, BUFFER)?;
        let mut brake = Brake { socket, address, held: 0 };
        brake.fill()?;
        Ok(brake)
    }

    /// One more message of the group was heard: now and then those that are held are thrown away.
    pub(super) fn heard(&mut self) -> io::Result<()> {
        self.held += 1;
        if self.held < ROOM {
            return Ok(());
        }
        while self.socket.recv_from_full().is_ok() {}
        self.fill()
    }

    /// Fills its own buffer with messages that it never reads.
    fn fill(&mut self) -> io::Result<()> {
        self.held = 0;
        let mut filler = vec![0; FILLER];
        // A netlink header: the length, and NLMSG_NOOP.
        filler[..4].copy_from_slice(&(FILLER as u32).to_ne_bytes());
        filler[4..6].copy_from_slice(&1_u16.to_ne_bytes());
        self.socket.send_to(&filler, &self.address, 0).map(|_| ())
    }
}
