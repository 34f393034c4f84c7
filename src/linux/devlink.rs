//! devlink's netlink messages: the requests that commands are, and what notifications and answers say.

mod filter;
mod health;
mod message;
mod rate;
mod reload;
mod trap;
mod uapi;

pub use filter::read as read_filter;
pub use message::{Message, is_content, is_unasked, read};

use super::attribute::Attributes;
use super::wire::{Family, Operation};
use crate::devlink::Command;
use crate::event::{
    Cmode, Encap, EswitchMode, Handle, Inline, LineCard, LineCardType, ParamValue, PortIndex, Region,
    SnapshotId,
};
use crate::operand::Operand;
use netlink_packet_core::NLM_F_DUMP;
use uapi::{PORT_FLAVOUR_PCI_SF, TYPE_FLAG, TYPE_U32, attr, cmd};

/// The dumps that together show all that is modelled of devlink, in the order in which the model dumps.
const DUMPS: [u16; 10] = [
    cmd::GET,
    cmd::PORT_GET,
    cmd::PARAM_GET,
    cmd::REGION_GET,
    cmd::TRAP_GET,
    cmd::TRAP_GROUP_GET,
    cmd::TRAP_POLICER_GET,
    cmd::RATE_GET,
    cmd::HEALTH_GET,
    cmd::LINECARD_GET,
];

/// What a command asks of a real kernel.
pub fn operations(command: Command) -> Vec<Operation> {
    match command {
        Command::Get { handle } => vec![ask(cmd::GET, of(handle))],
        Command::PortGet { handle, port } => {
            vec![ask(cmd::PORT_GET, of(handle).u32(attr::PORT_INDEX, index(port)))]
        }
        Command::Dump {} => dumps(),
        Command::EswitchSet { handle, mode, inline, encap } => {
            let mode = match mode {
                EswitchMode::Legacy => 0,
                EswitchMode::Switchdev => 1,
            };
            let attributes = of(handle).u16(attr::ESWITCH_MODE, mode);
            let attributes = match inline {
                Inline::Unset => attributes,
                Inline::Link => attributes.u8(attr::ESWITCH_INLINE_MODE, 1),
            };
            let attributes = match encap {
                Encap::Unset => attributes,
                Encap::None => attributes.u8(attr::ESWITCH_ENCAP_MODE, 0),
                Encap::Basic => attributes.u8(attr::ESWITCH_ENCAP_MODE, 1),
            };
            vec![ask(cmd::ESWITCH_SET, attributes)]
        }
        Command::Reload { handle, action, limit, to } => vec![reload::reload(handle, action, limit, to)],
        Command::TrapGet { handle, trap } => vec![trap::get(handle, trap)],
        Command::TrapSet { handle, trap, action } => vec![trap::set(handle, trap, action)],
        Command::TrapGroupGet { handle, group } => vec![trap::group_get(handle, group)],
        Command::TrapGroupSet { handle, group, action, policer } => {
            vec![trap::group_set(handle, group, action, policer)]
        }
        Command::TrapPolicerGet { handle, policer } => vec![trap::policer_get(handle, policer)],
        Command::TrapPolicerSet { handle, policer, rate, burst } => {
            vec![trap::policer_set(handle, policer, rate, burst)]
        }
        Command::ResourceSet { handle, resource, size } => vec![reload::resource_set(handle, resource, size)],
        Command::ResourceDump { handle } => vec![ask(cmd::RESOURCE_DUMP, of(handle))],
        Command::InfoGet { handle } => vec![ask(cmd::INFO_GET, of(handle))],
        Command::Flash { handle, file, component, overwrite } => {
            vec![reload::flash(handle, file, component, overwrite)]
        }
        Command::ParamGet { handle, param } => {
            vec![ask(cmd::PARAM_GET, of(handle).text(attr::PARAM_NAME, param.word()))]
        }
        Command::ParamSet { handle, param, value, cmode } => {
            let cmode = match cmode {
                Cmode::Runtime => 0,
                Cmode::Driverinit => 1,
                Cmode::Permanent => 2,
            };
            let named = of(handle).text(attr::PARAM_NAME, param.word());
            let valued = match value {
                ParamValue::True => named.u8(attr::PARAM_TYPE, TYPE_FLAG).flag(attr::PARAM_VALUE_DATA),
                // A flag that is not there is false.
                ParamValue::False => named.u8(attr::PARAM_TYPE, TYPE_FLAG),
                number => {
                    let number = number.word().parse().expect("the other values are numbers");
                    named.u8(attr::PARAM_TYPE, TYPE_U32).u32(attr::PARAM_VALUE_DATA, number)
                }
            };
            vec![ask(cmd::PARAM_SET, valued.u8(attr::PARAM_VALUE_CMODE, cmode))]
        }
        Command::RegionNew { handle, region, id } => {
            vec![ask(cmd::REGION_ASK_NEW, snapshot(handle, region, id))]
        }
        Command::RegionRead { handle, region, id } => {
            vec![request(cmd::REGION_ASK_READ, NLM_F_DUMP, snapshot(handle, region, id).emit())]
        }
        Command::RegionDel { handle, region, id } => {
            vec![ask(cmd::REGION_ASK_DEL, snapshot(handle, region, id))]
        }
        Command::HealthGet { handle, reporter } => vec![health::ask(cmd::HEALTH_GET, handle, reporter)],
        Command::HealthSet { handle, reporter, grace, auto_recover, auto_dump } => {
            vec![health::set((handle, reporter), grace, auto_recover, auto_dump)]
        }
        Command::HealthRecover { handle, reporter } => {
            vec![health::ask(cmd::HEALTH_RECOVER, handle, reporter)]
        }
        Command::HealthDiagnose { handle, reporter } => {
            vec![health::ask(cmd::HEALTH_DIAGNOSE, handle, reporter)]
        }
        Command::HealthDumpGet { handle, reporter } => vec![health::dump(handle, reporter)],
        Command::HealthDumpClear { handle, reporter } => {
            vec![health::ask(cmd::HEALTH_DUMP_CLEAR, handle, reporter)]
        }
        Command::HealthTest { handle, reporter } => vec![health::ask(cmd::HEALTH_TEST, handle, reporter)],
        Command::NotifyFilterSet { device, port } => vec![filter::set(device, port)],
        Command::RateGet { handle, rate } => vec![rate::get(handle, rate)],
        Command::RateNew { handle, rate, share, max, parent } => {
            vec![rate::change(cmd::RATE_ASK_NEW, (handle, rate), share, max, parent)]
        }
        Command::RateSet { handle, rate, share, max, parent } => {
            vec![rate::change(cmd::RATE_SET, (handle, rate), share, max, parent)]
        }
        // The driver chooses the index of a port that it adds, unless a user names one.
        Command::PortNew { handle, port } => {
            let flavour = of(handle).u16(attr::PORT_FLAVOUR, PORT_FLAVOUR_PCI_SF);
            let numbered = flavour.u16(attr::PORT_PCI_PF_NUMBER, 0).u32(attr::PORT_INDEX, index(port));
            vec![ask(cmd::PORT_ASK_NEW, numbered)]
        }
        Command::PortDel { handle, port } => {
            vec![ask(cmd::PORT_ASK_DEL, of(handle).u32(attr::PORT_INDEX, index(port)))]
        }
        Command::PortFunctionSet { handle, port, state } => {
            let state = Attributes::new().u8(attr::PORT_FN_STATE, state.to_byte());
            let named = of(handle).u32(attr::PORT_INDEX, index(port));
            vec![ask(cmd::PORT_SET, named.nest(attr::PORT_FUNCTION, state))]
        }
        Command::PortSplit { handle, port } => {
            let into_two = of(handle).u32(attr::PORT_INDEX, index(port)).u32(attr::PORT_SPLIT_COUNT, 2);
            vec![ask(cmd::PORT_SPLIT, into_two)]
        }
        Command::PortUnsplit { handle, port } => {
            vec![ask(cmd::PORT_UNSPLIT, of(handle).u32(attr::PORT_INDEX, index(port)))]
        }
        Command::PortSet { handle, port, to } => {
            let named = of(handle).u32(attr::PORT_INDEX, index(port));
            vec![ask(cmd::PORT_SET, named.u16(attr::PORT_TYPE, 1 + u16::from(to.to_byte())))]
        }
        Command::RateDel { handle, rate } => vec![rate::del(handle, rate)],
        Command::LinecardGet { handle, card } => vec![ask(cmd::LINECARD_GET, slot(handle, card))],
        Command::LinecardSet { handle, card, kind } => {
            // No type is an empty one.
            let kind = if kind == LineCardType::None { "" } else { kind.word() };
            vec![ask(cmd::LINECARD_SET, slot(handle, card).text(attr::LINECARD_TYPE, kind))]
        }
        Command::EswitchGet { handle } => vec![ask(cmd::ESWITCH_GET, of(handle))],
    }
}

/// A slot for a line card, by its number.
fn slot(handle: Handle, card: LineCard) -> Attributes {
    of(handle).u32(attr::LINECARD_INDEX, card.to_byte().into())
}

/// A snapshot of a region; without an id if devlink is to choose it.
fn snapshot(handle: Handle, region: Region, id: SnapshotId) -> Attributes {
    let named = of(handle).text(attr::REGION_NAME, region.word());
    match id.word().parse() {
        Ok(id) => named.u32(attr::REGION_SNAPSHOT_ID, id),
        Err(_) => named,
    }
}

/// The dumps of every kind of object.
pub fn dumps() -> Vec<Operation> {
    DUMPS.into_iter().map(|command| request(command, NLM_F_DUMP, Vec::new())).collect()
}

fn ask(command: u16, attributes: Attributes) -> Operation {
    request(command, 0, attributes.emit())
}

fn request(command: u16, flags: u16, body: Vec<u8>) -> Operation {
    Operation::Netlink { family: Family::Devlink, command, flags, body, patches: Vec::new() }
}

/// The two names that are an instance's handle.
fn of(handle: Handle) -> Attributes {
    let (bus, number) = handle.word().split_once('/').expect("a handle is a driver and a number");
    Attributes::new().text(attr::BUS_NAME, bus).text(attr::DEV_NAME, &format!("{bus}{number}"))
}

fn index(port: PortIndex) -> u32 {
    port.word().parse().expect("a port's name is its index")
}
