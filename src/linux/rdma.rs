//! RDMA devices of a real kernel: Soft-RoCE (`rxe`) on dummy netdevs.
//!
//! A driver's register and unregister are `rdma link add` and `rdma link delete`. ib_core's own clients are built
//! into it and cannot come or go by themselves, so their commands are for the model alone.

pub(super) mod link;
pub(super) mod message;

use super::attribute::{Attributes, Found};
use super::link::{DELLINK, IFNAME, NEWLINK};
use super::wire::{Family, Indexed, Operation, Patch};
use crate::event::{Address, IbDevice, IbDriver, Netdev};
use crate::ib::Command;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};

/// `RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, …)` of `RDMA_NLDEV_CMD_NEWLINK` and `RDMA_NLDEV_CMD_DELLINK`.
const RDMA_NEWLINK: u16 = 5 << 10 | 3;
const RDMA_DELLINK: u16 = 5 << 10 | 4;
/// `RDMA_NLDEV_ATTR_…`
const DEV_INDEX: u16 = 1;
const DEV_NAME: u16 = 2;
const NDEV_NAME: u16 = 51;
const LINK_TYPE: u16 = 65;
/// `RTM_NEWADDR`
const NEWADDR: u16 = 20;
/// `IFLA_LINKINFO`, `IFLA_INFO_KIND`
const LINKINFO: u16 = 18;
const INFO_KIND: u16 = 1;
/// `IFA_ADDRESS`, `IFA_LOCAL`
const ADDRESS: u16 = 1;
const LOCAL: u16 = 2;
/// `AF_INET`
const INET: u8 = 2;
/// `IFF_UP`
const UP: u8 = 1;

/// Asks for RDMA devices: `RDMA_NLDEV_CMD_GET`.
pub const GET: u16 = 5 << 10 | 1;

/// The index of the device with this name, if the message (from its netlink header on) is about it.
pub fn index_of(message: &[u8], name: &str) -> Option<u32> {
    let found = Found::new(message.get(16..)?);
    (found.text(DEV_NAME) == Some(name)).then(|| found.number(DEV_INDEX))?
}

/// What a command asks of a real kernel; nothing for clients.
pub(super) fn operations(command: Command) -> Option<Vec<Operation>> {
    match command {
        Command::RegisterDevice { device } if device.driver() == IbDriver::Rxe => {
            let netdev = device.netdev();
            let link = link::add(device, "rxe", netdev);
            let load = Operation::Load { module: "rdma_rxe".to_string() };
            Some([there(netdev), vec![Operation::Prepare(Box::new(load)), link]].concat())
        }
        Command::UnregisterDevice { device } if device.driver() == IbDriver::Rxe => {
            Some(vec![link::del(device)])
        }
        Command::AddressAdd { netdev: netdev @ (Netdev::Eth0 | Netdev::Eth1), address: Address::Inet } => {
            let address = vec![192, 0, 2, 1 + netdev.index() as u8];
            // struct ifaddrmsg: family, prefix length, flags, scope, and the index that the guest knows.
            let mut body = vec![INET, 24, 0, 0, 0, 0, 0, 0];
            body.extend(Attributes::new().bytes(LOCAL, address.clone()).bytes(ADDRESS, address).emit());
            let patches = vec![Patch { at: 4, of: Indexed::Netdev(link_name(netdev)) }];
            let add = Operation::Netlink {
                family: Family::Route,
                command: NEWADDR,
                flags: NLM_F_CREATE,
                body,
                patches,
            };
            Some([there(netdev), vec![add]].concat())
        }
        _ => None,
    }
}

/// Deletes the netdevs; their RDMA devices go with them. Modules are loaded anew if that may be needed.
pub(super) fn clean_up(modules: bool) -> Vec<Operation> {
    let delete = |netdev: &Netdev| request(Family::Route, DELLINK, 0, link(*netdev, 0, Attributes::new()));
    let mut operations = vec![delete(&Netdev::Eth0), delete(&Netdev::Eth1)];
    operations.extend(link::clean_up(modules));
    operations
}

/// Makes a netdev that is up, unless it is there.
fn there(netdev: Netdev) -> Vec<Operation> {
    let load = Operation::Load { module: "dummy".to_string() };
    [load, make(netdev, UP)].map(|operation| Operation::Prepare(Box::new(operation))).to_vec()
}

/// Makes a netdev of the module `dummy`, with these flags.
fn make(netdev: Netdev, flags: u8) -> Operation {
    let kind = Attributes::new().nest(LINKINFO, Attributes::new().text(INFO_KIND, "dummy"));
    request(Family::Route, NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link(netdev, flags, kind))
}

/// A `struct ifinfomsg` with these flags set, the netdev's name, and more attributes.
fn link(netdev: Netdev, flags: u8, more: Attributes) -> Vec<u8> {
    let mut body = vec![0; 16];
    (body[8], body[12]) = (flags, flags);
    body.extend(more.text(IFNAME, &link_name(netdev)).emit());
    body
}

fn request(family: Family, command: u16, flags: u16, body: Vec<u8>) -> Operation {
    Operation::Netlink { family, command, flags, body, patches: Vec::new() }
}

/// A name that neither netdevsim nor the module `dummy` gives to a netdev of its own.
fn link_name(netdev: Netdev) -> String {
    format!("d{}", netdev.index())
}

fn name(device: IbDevice) -> String {
    device.to_string().replace('/', "")
}
