//! What is told of RDMA devices and of dummy netdevs: `NETLINK_RDMA`, uevents, and rtnetlink.

use super::link::PORT_GET;
use super::{DEV_NAME, GET, NDEV_NAME, link_name, name};
use crate::event::value::{IbLink, Protocol, Value};
use crate::event::{Action, IbDevice, NetNs, Netdev, Notice, Subject};
use crate::linux::attribute::Found;
use crate::linux::link::{DELLINK, IFNAME, NEWLINK, attributes, kind};
use crate::operand::Operand;

/// The length of a netlink header in bytes.
const HEADER: usize = 16;
/// `RDMA_NLDEV_ATTR_…`
const PORT_STATE: u16 = 12;
const PORT_PHYS_STATE: u16 = 13;
const PROTOCOL: u16 = 67;
const EVENT_TYPE: u16 = 102;
/// `RDMA_REGISTER_EVENT`, `RDMA_UNREGISTER_EVENT`, `RDMA_NETDEV_ATTACH_EVENT`, `RDMA_NETDEV_DETACH_EVENT`, and since 6.13
/// `RDMA_RENAME_EVENT`, `RDMA_NETDEV_RENAME_EVENT`
const REGISTER: u32 = 0;
const UNREGISTER: u32 = 1;
const ATTACH: u32 = 2;
const DETACH: u32 = 3;
const RENAME: u32 = 4;
const NETDEV_RENAME: u32 = 5;

/// Reads a notification, from its netlink header on.
pub(in crate::linux) fn notification(message: &[u8]) -> Option<(Notice, Subject, u8)> {
    let found = Found::new(message.get(HEADER..)?);
    let device = found.text(DEV_NAME).map(device);
    let netdev = IbLink::on(found.text(NDEV_NAME).and_then(netdev_of))?.pack();
    let link = match device {
        Some(device) => Subject::IbLink(device?),
        None => Subject::Unnamed,
    };
    match found.number(EVENT_TYPE)? {
        REGISTER => Some((Notice::New, Subject::Ib(device??), 0)),
        UNREGISTER => Some((Notice::Del, Subject::Ib(device??), 0)),
        RENAME => Some((Notice::New, Subject::IbName(device??), 0)),
        ATTACH | NETDEV_RENAME => Some((Notice::New, link, netdev)),
        DETACH => Some((Notice::Del, link, netdev)),
        _ => None,
    }
}

/// Reads what a file of sysfs says: which device a umad device is of.
pub(in crate::linux) fn file(path: &str, text: &str) -> Option<(Subject, u8)> {
    let number = path.strip_prefix("/sys/class/infiniband_mad/umad")?.strip_suffix("/ibdev")?;
    Some((Subject::Umad(number.parse().ok()?), device(text.trim_end())?.to_byte()))
}

/// Reads an answer to a dump of devices or of ports.
pub(in crate::linux) fn answer(message: &[u8]) -> Option<(Subject, u8)> {
    let found = Found::new(message.get(HEADER..)?);
    let device = device(found.text(DEV_NAME)?)?;
    match kind(message) {
        GET => {
            let protocol = found.text(PROTOCOL)?;
            Some((Subject::Ib(device), Protocol::named(protocol)?.pack()))
        }
        PORT_GET => {
            let netdev = found.text(NDEV_NAME).and_then(netdev_of);
            let link = IbLink::told(netdev, found.number(PORT_STATE)?, found.number(PORT_PHYS_STATE)?)?;
            Some((Subject::IbLink(device), link.pack()))
        }
        _ => None,
    }
}

/// Reads what rtnetlink tells of a dummy netdev.
pub(in crate::linux) fn link(message: &[u8]) -> Option<(Notice, Subject)> {
    let notice = match kind(message) {
        NEWLINK => Notice::New,
        DELLINK => Notice::Del,
        _ => return None,
    };
    Some((notice, Subject::Netdev(netdev_of(attributes(message).text(IFNAME)?)?)))
}

/// What a uevent is about, by its path, its action, the path before (for a move) and the namespace where it is heard.
pub(in crate::linux) fn uevent(
    path: &str,
    action: &str,
    before: Option<&str>,
    netns: NetNs,
) -> Option<(Action, Subject)> {
    let (folder, found) = path.rsplit_once('/')?;
    let number = |prefix| found.strip_prefix(prefix)?.parse().ok();
    let (_, class) = folder.rsplit_once('/')?;
    let subject = match class {
        "infiniband" if netns == NetNs::Init => Subject::Ib(device(found)?),
        "infiniband" => Subject::IbCompat(device(found)?, netns),
        "infiniband_verbs" => Subject::Uverbs(number("uverbs")?),
        "infiniband_mad" => Subject::Umad(number("umad")?),
        "net" => Subject::Netdev(netdev_of(found)?),
        _ => return None,
    };
    let action = match action {
        "add" => Action::Add,
        "remove" => Action::Remove,
        "move" => {
            let (_, old) = before?.rsplit_once('/')?;
            let number = match subject {
                Subject::Netdev(_) => netdev_of(old)?.index(),
                _ => device(old)?.index(),
            };
            Action::Move(number as u8)
        }
        _ => return None,
    };
    Some((action, subject))
}

fn device(found: &str) -> Option<IbDevice> {
    IbDevice::ALL.iter().copied().find(|device| name(*device) == found)
}

fn netdev_of(found: &str) -> Option<Netdev> {
    Netdev::ALL.iter().copied().find(|netdev| link_name(*netdev) == found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::attribute::Attributes;

    fn message(kind: u16, attributes: Attributes) -> Vec<u8> {
        let mut message = vec![0; HEADER];
        message[4..6].copy_from_slice(&kind.to_ne_bytes());
        message.extend(attributes.emit());
        message
    }

    #[test]
    fn an_attach_names_the_device_and_its_netdev_or_nothing() {
        let event = |attributes: Attributes| notification(&message(0, attributes.u8(EVENT_TYPE, 2)));
        let named = event(Attributes::new().text(DEV_NAME, "rxe0").text(NDEV_NAME, "d1"));
        assert_eq!(named, Some((Notice::New, Subject::IbLink(IbDevice::Rxe0), 2)));
        assert_eq!(event(Attributes::new()), Some((Notice::New, Subject::Unnamed, 0)));
        assert_eq!(event(Attributes::new().text(DEV_NAME, "mlx5_0")), None);
    }

    #[test]
    fn a_port_has_a_state_and_a_netdev_where_that_is_told() {
        let port = Attributes::new().text(DEV_NAME, "siw0").u8(PORT_STATE, 4).u8(PORT_PHYS_STATE, 5);
        let shown = answer(&message(PORT_GET, port));
        assert_eq!(shown, Some((Subject::IbLink(IbDevice::Siw0), IbLink::of(None, true).unwrap().pack())));
        let device = Attributes::new().text(DEV_NAME, "siw0").text(PROTOCOL, "iw");
        assert_eq!(answer(&message(GET, device)), Some((Subject::Ib(IbDevice::Siw0), 2)));
    }

    #[test]
    fn a_move_says_both_names_and_what_is_heard_elsewhere_is_of_there() {
        let path = "/devices/virtual/infiniband/rxe1";
        let moved = |netns| uevent(path, "move", Some("/devices/virtual/infiniband/rxe0"), netns);
        assert_eq!(moved(NetNs::Init), Some((Action::Move(0), Subject::Ib(IbDevice::Rxe1))));
        assert_eq!(moved(NetNs::A), Some((Action::Move(0), Subject::IbCompat(IbDevice::Rxe1, NetNs::A))));
        let char_device = uevent("/devices/virtual/infiniband_verbs/uverbs3", "add", None, NetNs::Init);
        assert_eq!(char_device, Some((Action::Add, Subject::Uverbs(3))));
    }
}
