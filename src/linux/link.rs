//! rtnetlink's messages about netdevs of devlink ports: the request that moves one, and what is told of them.

use super::attribute::{Attributes, Found};
use super::wire::{Family, Indexed, Operation, Patch};
use crate::event::{Handle, NetNs, Notice, PortIndex};
use crate::operand::Operand;

/// The length of a netlink header in bytes, and of the `struct ifinfomsg` that follows it.
const HEADER: usize = 16;
const IFINFOMSG: usize = 16;
/// Where the `struct ifinfomsg` has the index of the netdev.
pub(super) const INDEX: usize = 4;
/// `RTM_NEWLINK`, `RTM_DELLINK`
pub(super) const NEWLINK: u16 = 16;
pub(super) const DELLINK: u16 = 17;
/// Asks for netdevs: `RTM_GETLINK`.
pub const GETLINK: u16 = 18;
/// `IFLA_IFNAME`, `IFLA_NET_NS_FD`, `IFLA_DEVLINK_PORT`
pub(super) const IFNAME: u16 = 3;
pub(super) const NET_NS_FD: u16 = 28;
const DEVLINK_PORT: u16 = 62;
/// `DEVLINK_ATTR_BUS_NAME`, `DEVLINK_ATTR_DEV_NAME`, `DEVLINK_ATTR_PORT_INDEX`
const BUS_NAME: u16 = 1;
const DEV_NAME: u16 = 2;
const PORT_INDEX: u16 = 3;

/// What a message tells of a port's netdev.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Whether it is there or gone.
    pub notice: Notice,
    /// The device whose port it is of.
    pub handle: Handle,
    /// The port.
    pub port: PortIndex,
    /// How it is called where that is told.
    pub name: String,
}

/// A message's type.
pub(super) fn kind(message: &[u8]) -> u16 {
    message.get(4..6).map_or(0, |bytes| u16::from_ne_bytes([bytes[0], bytes[1]]))
}

/// The attributes of a message, from its netlink header on.
pub(super) fn attributes(message: &[u8]) -> Found<'_> {
    Found::new(message.get(HEADER + IFINFOMSG..).unwrap_or_default())
}

/// Reads a notification, from its netlink header on; nothing if it is about a netdev that is no port's.
pub fn read(message: &[u8]) -> Option<Link> {
    let notice = match kind(message) {
        NEWLINK => Notice::New,
        DELLINK => Notice::Del,
        _ => return None,
    };
    let found = attributes(message);
    let of = found.nested(DEVLINK_PORT)?;
    let is_it =
        |handle: &&Handle| Some(names(**handle)) == of.text(BUS_NAME).zip(of.text(DEV_NAME)).map(owned);
    let handle = *Handle::ALL.iter().find(is_it)?;
    let port = of.number(PORT_INDEX)?.to_string();
    let port = PortIndex::named(&port)?;
    Some(Link { notice, handle, port, name: found.text(IFNAME)?.to_string() })
}

/// The index of the netdev of a port, if the message (from its netlink header on) is about it.
pub fn index_of(message: &[u8], bus: &str, device: &str, port: u32) -> Option<u32> {
    let of = attributes(message).nested(DEVLINK_PORT)?;
    let is_it = of.text(BUS_NAME) == Some(bus)
        && of.text(DEV_NAME) == Some(device)
        && of.number(PORT_INDEX) == Some(port);
    is_it.then(|| index(message))?
}

/// The index of the netdev with this name, if the message (from its netlink header on) is about it.
pub fn index_of_name(message: &[u8], name: &str) -> Option<u32> {
    (attributes(message).text(IFNAME) == Some(name)).then(|| index(message))?
}

fn index(message: &[u8]) -> Option<u32> {
    message.get(HEADER + INDEX..)?.first_chunk().copied().map(u32::from_ne_bytes)
}

/// What asks for all netdevs.
pub fn all() -> Vec<u8> {
    vec![0; IFINFOMSG]
}

/// Moves the netdev of a port from where the task is to another namespace.
pub(super) fn set_netns(handle: Handle, port: PortIndex, to: NetNs) -> Operation {
    let mut body = all();
    body.extend(Attributes::new().u32(NET_NS_FD, 0).emit());
    let (bus, device) = names(handle);
    let port = port.word().parse().expect("a port's name is its index");
    let patches = vec![
        Patch { at: INDEX, of: Indexed::PortNetdev { bus, device, port } },
        Patch { at: body.len() - 4, of: Indexed::Netns(to.word().to_string()) },
    ];
    Operation::Netlink { family: Family::Route, command: NEWLINK, flags: 0, body, patches }
}

/// The names of a device's bus and of the device.
fn names(handle: Handle) -> (String, String) {
    let (bus, number) = handle.word().split_once('/').expect("a handle is a driver and a number");
    (bus.to_string(), format!("{bus}{number}"))
}

fn owned((bus, device): (&str, &str)) -> (String, String) {
    (bus.to_string(), device.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, attributes: Attributes) -> Vec<u8> {
        let mut message = vec![0; HEADER + IFINFOMSG];
        message[4..6].copy_from_slice(&kind.to_ne_bytes());
        message[HEADER + INDEX] = 7;
        message.extend(attributes.emit());
        message
    }

    #[test]
    fn a_netdev_is_that_of_the_port_that_its_message_names() {
        let port =
            Attributes::new().text(BUS_NAME, "netdevsim").text(DEV_NAME, "netdevsim1").u32(PORT_INDEX, 128);
        let message = message(DELLINK, Attributes::new().text(IFNAME, "eth3").nest(DEVLINK_PORT, port));
        let (handle, port) = (Handle::Netdevsim1, PortIndex::Vf0);
        let link = Link { notice: Notice::Del, handle, port, name: "eth3".to_string() };
        assert_eq!(read(&message), Some(link));
        assert_eq!(index_of(&message, "netdevsim", "netdevsim1", 128), Some(7));
        assert_eq!(index_of(&message, "netdevsim", "netdevsim1", 1), None);
    }

    #[test]
    fn a_netdev_without_a_port_is_none_of_ours() {
        assert_eq!(read(&message(NEWLINK, Attributes::new().text(IFNAME, "lo"))), None);
        assert_eq!(read(&[]), None);
    }
}
