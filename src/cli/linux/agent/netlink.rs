//! Netlink: one request and its answers, and the groups that notifications go to.

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkBuffer, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_generic::GenlMessage;
use netlink_packet_generic::ctrl::nlas::{GenlCtrlAttrs, McastGrpAttrs};
use netlink_packet_generic::ctrl::{GenlCtrl, GenlCtrlCmd};
use netlink_sys::protocols::{NETLINK_GENERIC, NETLINK_KOBJECT_UEVENT, NETLINK_RDMA, NETLINK_ROUTE};
use netlink_sys::{Socket, SocketAddr};
use std::io;
use unreg::linux::wire::Family;

/// `NLMSG_NOOP`, which asks for nothing.
const NOOP: u16 = 1;
/// `NLMSG_ERROR`, also an acknowledgement.
const ERROR: u16 = 2;
/// `NLMSG_DONE`, the end of a dump, or of an answer in pieces, which an acknowledgement follows.
const DONE: u16 = 3;
/// The length of a netlink header in bytes.
const HEADER: usize = 16;
/// `RDMA_NL_GROUP_NOTIFICATION`
const RDMA_NOTIFICATIONS: u32 = 4;
/// `RTNLGRP_LINK`
const LINKS: u32 = 1;
/// The version of devlink's generic netlink family.
const DEVLINK_VERSION: u8 = 1;
/// A dump's message may be this long, in bytes.
const BUFFER: usize = 1 << 16;
/// So many bytes of notifications may wait for the listener.
const WAITING: usize = 8 << 20;

/// Where generic netlink has devlink.
#[derive(Debug, Clone, Copy)]
pub(super) struct Devlink {
    family: u16,
    group: u32,
}

impl Devlink {
    /// Asks generic netlink's controller.
    pub(super) fn resolve() -> io::Result<Devlink> {
        let control = GenlCtrl {
            cmd: GenlCtrlCmd::GetFamily,
            nlas: vec![GenlCtrlAttrs::FamilyName("devlink".to_string())],
        };
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST;
        let mut message =
            NetlinkMessage::new(header, NetlinkPayload::from(GenlMessage::from_payload(control)));
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        let socket = connected(NETLINK_GENERIC)?;
        socket.send(&bytes, 0)?;
        let (answer, _) = socket.recv_from_full()?;
        let answer =
            NetlinkMessage::<GenlMessage<GenlCtrl>>::deserialize(&answer).map_err(io::Error::other)?;
        let NetlinkPayload::InnerMessage(answer) = answer.payload else {
            return Err(io::Error::other("the kernel has no devlink"));
        };
        let mut found = (None, None);
        for attribute in answer.payload.nlas {
            match attribute {
                GenlCtrlAttrs::FamilyId(id) => found.0 = Some(id),
                GenlCtrlAttrs::McastGroups(groups) => {
                    let ids = groups.iter().flatten().find_map(|attribute| match attribute {
                        McastGrpAttrs::Id(id) => Some(*id),
                        _ => None,
                    });
                    found.1 = ids;
                }
                _ => {}
            }
        }
        match found {
            (Some(family), Some(group)) => Ok(Devlink { family, group }),
            _ => Err(io::Error::other("the kernel's devlink has no group of listeners")),
        }
    }

    /// A request to devlink.
    pub(super) fn request(self, sequence: u32, command: u16, flags: u16, body: &[u8]) -> Vec<u8> {
        let payload = [&[command as u8, DEVLINK_VERSION, 0, 0], body].concat();
        request(sequence, self.family, flags, &payload)
    }
}

/// A request with its netlink header; an acknowledgement is wanted.
fn request(sequence: u32, kind: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; HEADER + payload.len()];
    let mut message = NetlinkBuffer::new(&mut bytes);
    message.set_length((HEADER + payload.len()) as u32);
    message.set_message_type(kind);
    message.set_flags(NLM_F_REQUEST | NLM_F_ACK | flags);
    message.set_sequence_number(sequence);
    message.set_port_number(0);
    bytes[HEADER..].copy_from_slice(payload);
    bytes
}

/// The errno of an acknowledgement; none for every other message.
pub(super) fn acknowledged(message: &[u8]) -> Option<i32> {
    let header = NetlinkBuffer::new_checked(message).ok()?;
    (header.message_type() == ERROR).then(|| errno(message))
}

/// The errno in an acknowledgement or at the end of a dump: positive, 0 for success.
fn errno(message: &[u8]) -> i32 {
    let code = message.get(HEADER..).and_then(<[u8]>::first_chunk);
    -i32::from_ne_bytes(code.copied().unwrap_or_default())
}

fn connected(protocol: isize) -> io::Result<Socket> {
    let mut socket = Socket::new(protocol)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    Ok(socket)
}

/// Opens a socket that hears a family's notifications.
pub(super) fn listener(family: Family, devlink: Devlink) -> io::Result<Socket> {
    Ok(member(family, devlink, WAITING)?.0)
}

/// Opens a socket that is a member of a family's group, with room for so many bytes, and says its address.
pub(super) fn member(family: Family, devlink: Devlink, room: usize) -> io::Result<(Socket, SocketAddr)> {
    let (protocol, group) = match family {
        Family::Devlink => (NETLINK_GENERIC, devlink.group),
        Family::Rdma => (NETLINK_RDMA, RDMA_NOTIFICATIONS),
        Family::Route => (NETLINK_ROUTE, LINKS),
        Family::Uevent => (NETLINK_KOBJECT_UEVENT, 1),
    };
    let mut socket = Socket::new(protocol)?;
    let address = socket.bind_auto()?;
    socket.set_rx_buf_sz(room)?;
    socket.add_membership(group)?;
    socket.set_non_blocking(true)?;
    Ok((socket, address))
}

/// A socket for requests to one family.
#[derive(Debug)]
pub(super) struct Requests {
    socket: Socket,
    family: Family,
    devlink: Devlink,
    sequence: u32,
}

impl Requests {
    pub(super) fn open(family: Family, devlink: Devlink) -> io::Result<Requests> {
        let protocol = match family {
            Family::Devlink => NETLINK_GENERIC,
            Family::Rdma => NETLINK_RDMA,
            Family::Route => NETLINK_ROUTE,
            Family::Uevent => return Err(io::Error::other("uevents are no answer to a request")),
        };
        let socket = connected(protocol)?;
        // The kernel makes a dump's messages as long as a reader has had room for, so a socket has read once before.
        socket.send(&request(0, NOOP, 0, &[]), 0)?;
        socket.recv(&mut Vec::with_capacity(BUFFER), 0)?;
        Ok(Requests { socket, family, devlink, sequence: 0 })
    }

    /// Sends a request, gives every answer to `answer`, and returns the errno at the end, 0 for success.
    pub(super) fn ask(
        &mut self,
        command: u16,
        flags: u16,
        body: &[u8],
        mut answer: impl FnMut(Vec<u8>),
    ) -> io::Result<i32> {
        self.sequence += 1;
        let request = match self.family {
            Family::Devlink => self.devlink.request(self.sequence, command, flags, body),
            _ => request(self.sequence, command, flags, body),
        };
        self.socket.send(&request, 0)?;
        loop {
            let mut buffer = Vec::with_capacity(BUFFER);
            self.socket.recv(&mut buffer, 0)?;
            let mut rest = &buffer[..];
            while rest.len() >= HEADER {
                let message = NetlinkBuffer::new_checked(rest).map_err(io::Error::other)?;
                let length = message.length() as usize;
                let is_own = message.sequence_number() == self.sequence;
                match message.message_type() {
                    DONE if flags & NLM_F_DUMP == 0 => {}
                    ERROR | DONE if is_own => return Ok(errno(rest)),
                    _ if is_own => answer(rest[..length].to_vec()),
                    // What an earlier request left unread.
                    _ => {}
                }
                rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
            }
        }
    }
}
