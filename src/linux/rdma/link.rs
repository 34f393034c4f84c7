//! What users ask of RDMA devices and of the dummy netdevs under them, as requests.

use super::{
    DEV_INDEX, DEV_NAME, GET, LINK_TYPE, NDEV_NAME, RDMA_DELLINK, RDMA_NEWLINK, UP, link, link_name, make,
    name, request,
};
use crate::driver::rdma::{Command, names_dummies};
use crate::event::{IbDevice, NetNs, Netdev, NetnsMode, RdmaModule};
use crate::linux::attribute::Attributes;
use crate::linux::link::{DELLINK, IFNAME, INDEX, NET_NS_FD as IFLA_NET_NS_FD, NEWLINK, all};
use crate::linux::wire::{Family, Indexed, Operation, Patch};
use crate::operand::Operand;
use crate::program;
use netlink_packet_core::NLM_F_DUMP;

/// `RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, …)` of `RDMA_NLDEV_CMD_SET`, `…_PORT_GET` and `…_SYS_SET`.
const SET: u16 = 5 << 10 | 2;
pub(super) const PORT_GET: u16 = 5 << 10 | 5;
const SYS_SET: u16 = 5 << 10 | 7;
/// `RDMA_NLDEV_SYS_ATTR_NETNS_MODE`, `RDMA_NLDEV_NET_NS_FD`
const NETNS_MODE: u16 = 66;
const NET_NS_FD: u16 = 68;
/// Where the `struct ifinfomsg` has the netdev's flags, and which of them are meant.
const FLAGS: usize = 8;
const CHANGE: usize = 12;
/// The modules that are there when a program begins, in the order in which they were loaded.
const LOADED: [RdmaModule; 3] = [RdmaModule::IbUverbs, RdmaModule::Siw, RdmaModule::RdmaRxe];

/// What a command asks of a real kernel; nothing for what only a driver could do.
pub(in crate::linux) fn operations(command: Command) -> Option<Vec<Operation>> {
    if !names_dummies(command) {
        return None;
    }
    let operation = match command {
        Command::NetdevAdd { netdev } => make(netdev, 0),
        Command::NetdevDel { netdev } => {
            request(Family::Route, DELLINK, 0, link(netdev, 0, Attributes::new()))
        }
        Command::NetdevUp { netdev } => flags(netdev, UP),
        Command::NetdevDown { netdev } => flags(netdev, 0),
        Command::NetdevRename { netdev, to } => {
            change(netdev, Attributes::new().text(IFNAME, &link_name(to)), None)
        }
        Command::NetdevSetNetns { netdev, netns } => {
            change(netdev, Attributes::new().u32(IFLA_NET_NS_FD, 0), Some(netns))
        }
        Command::LinkAdd { device, driver, netdev } => add(device, driver.word(), netdev),
        Command::LinkDel { device } => del(device),
        Command::Rename { device, to } => {
            ask(SET, 0, device, Attributes::new().text(DEV_NAME, &name(to)), None)
        }
        Command::SetNetns { device, netns } => {
            ask(SET, 0, device, Attributes::new().u32(NET_NS_FD, 0), Some(netns))
        }
        Command::SystemSetNetns { mode } => set_mode(mode),
        Command::DevShow {} => show(),
        Command::LinkShow { device } => ask(PORT_GET, NLM_F_DUMP, device, Attributes::new(), None),
        Command::ModuleLoad { module } => Operation::Load { module: module.to_string() },
        Command::ModuleRemove { module } => Operation::Unload { module: module.to_string() },
        Command::UmadRead { umad } => {
            Operation::Read { path: format!("/sys/class/infiniband_mad/{umad}/ibdev") }
        }
        // No software driver can be asked to.
        Command::FailEnable { .. } => return None,
    };
    Some(vec![operation])
}

/// The dumps that show what is at rest.
pub(in crate::linux) fn dumps() -> Vec<Operation> {
    let ports = IbDevice::ALL.iter().map(|device| {
        Operation::Prepare(Box::new(ask(PORT_GET, NLM_F_DUMP, *device, Attributes::new(), None)))
    });
    std::iter::once(show()).chain(ports).collect()
}

/// Whether a command may leave other modules behind than there were, or the same in another order.
pub(in crate::linux) fn changes_modules(command: &program::Command) -> bool {
    use Command::{ModuleLoad, ModuleRemove};
    matches!(command, program::Command::Rdma(ModuleLoad { .. } | ModuleRemove { .. }))
}

/// What brings back what was there before.
pub(super) fn clean_up(modules: bool) -> Vec<Operation> {
    let mut operations = vec![set_mode(NetnsMode::Shared)];
    if modules {
        // Those that need another go before it.
        let loaded = RdmaModule::ALL.iter().map(|module| Operation::Unload { module: module.to_string() });
        operations.extend(loaded);
    }
    operations.extend(LOADED.map(|module| Operation::Load { module: module.to_string() }));
    operations
}

/// `rdma link add`
pub(super) fn add(device: IbDevice, driver: &str, netdev: Netdev) -> Operation {
    let attributes = Attributes::new().text(DEV_NAME, &name(device)).text(LINK_TYPE, driver);
    request(Family::Rdma, RDMA_NEWLINK, 0, attributes.text(NDEV_NAME, &link_name(netdev)).emit())
}

/// `rdma link delete`
pub(super) fn del(device: IbDevice) -> Operation {
    ask(RDMA_DELLINK, 0, device, Attributes::new(), None)
}

fn show() -> Operation {
    request(Family::Rdma, GET, NLM_F_DUMP, Vec::new())
}

fn set_mode(mode: NetnsMode) -> Operation {
    let shared = u8::from(mode == NetnsMode::Shared);
    request(Family::Rdma, SYS_SET, 0, Attributes::new().u8(NETNS_MODE, shared).emit())
}

/// A request about a device, whose index the guest knows, with the descriptor of a namespace at its end, if any.
fn ask(command: u16, flags: u16, device: IbDevice, more: Attributes, netns: Option<NetNs>) -> Operation {
    let mut body = Attributes::new().u32(DEV_INDEX, 0).emit();
    // The value follows the attribute's header of four bytes.
    let mut patches = vec![Patch { at: 4, of: Indexed::Rdma(name(device)) }];
    body.extend(more.emit());
    patches.extend(netns.map(|netns| descriptor(&body, netns)));
    Operation::Netlink { family: Family::Rdma, command, flags, body, patches }
}

fn flags(netdev: Netdev, flags: u8) -> Operation {
    let mut body = link(netdev, 0, Attributes::new());
    (body[FLAGS], body[CHANGE]) = (flags, UP);
    request(Family::Route, NEWLINK, 0, body)
}

/// Changes a netdev that is named by its index.
fn change(netdev: Netdev, change: Attributes, netns: Option<NetNs>) -> Operation {
    let mut body = all();
    body.extend(change.emit());
    let mut patches = vec![Patch { at: INDEX, of: Indexed::Netdev(link_name(netdev)) }];
    patches.extend(netns.map(|netns| descriptor(&body, netns)));
    Operation::Netlink { family: Family::Route, command: NEWLINK, flags: 0, body, patches }
}

fn descriptor(body: &[u8], netns: NetNs) -> Patch {
    Patch { at: body.len() - 4, of: Indexed::Netns(netns.word().to_string()) }
}
