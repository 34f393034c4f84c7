//! devlink's netlink messages: the requests that commands are, and what notifications and answers say.
//!
//! Numbers are those of `include/uapi/linux/devlink.h`, which are ABI.

use super::attribute::{Attributes, Found};
use super::wire::{Action, Family};
use crate::devlink::Command;
use crate::event::{
    Cmode, EswitchMode, Handle, Inline, Notice, Param, ParamValue, PortIndex, Region, Subject, Trap,
    TrapAction, TrapGroup, TrapPolicer,
};
use crate::operand::Operand;
use netlink_packet_core::NLM_F_DUMP;

/// `enum devlink_command`
mod cmd {
    pub(super) const GET: u16 = 1;
    pub(super) const NEW: u8 = 3;
    pub(super) const DEL: u8 = 4;
    pub(super) const PORT_GET: u16 = 5;
    pub(super) const PORT_NEW: u8 = 7;
    pub(super) const PORT_DEL: u8 = 8;
    pub(super) const ESWITCH_SET: u16 = 30;
    pub(super) const RELOAD: u16 = 37;
    pub(super) const PARAM_GET: u16 = 38;
    pub(super) const PARAM_ANSWER: u8 = 38;
    pub(super) const PARAM_SET: u16 = 39;
    pub(super) const PARAM_NEW: u8 = 40;
    pub(super) const PARAM_DEL: u8 = 41;
    pub(super) const REGION_GET: u16 = 42;
    pub(super) const REGION_ANSWER: u8 = 42;
    pub(super) const REGION_NEW: u8 = 44;
    pub(super) const REGION_DEL: u8 = 45;
    pub(super) const TRAP_GET: u16 = 61;
    pub(super) const TRAP_SET: u16 = 62;
    pub(super) const TRAP_NEW: u8 = 63;
    pub(super) const TRAP_DEL: u8 = 64;
    pub(super) const TRAP_GROUP_GET: u16 = 65;
    pub(super) const TRAP_GROUP_NEW: u8 = 67;
    pub(super) const TRAP_GROUP_DEL: u8 = 68;
    pub(super) const TRAP_POLICER_GET: u16 = 69;
    pub(super) const TRAP_POLICER_NEW: u8 = 71;
    pub(super) const TRAP_POLICER_DEL: u8 = 72;
}

/// `enum devlink_attr`
mod attr {
    pub(super) const BUS_NAME: u16 = 1;
    pub(super) const DEV_NAME: u16 = 2;
    pub(super) const PORT_INDEX: u16 = 3;
    pub(super) const PORT_TYPE: u16 = 4;
    pub(super) const PORT_NETDEV_NAME: u16 = 7;
    pub(super) const ESWITCH_MODE: u16 = 25;
    pub(super) const ESWITCH_INLINE_MODE: u16 = 26;
    pub(super) const PARAM: u16 = 80;
    pub(super) const PARAM_NAME: u16 = 81;
    pub(super) const PARAM_TYPE: u16 = 83;
    pub(super) const PARAM_VALUES_LIST: u16 = 84;
    pub(super) const PARAM_VALUE: u16 = 85;
    pub(super) const PARAM_VALUE_DATA: u16 = 86;
    pub(super) const PARAM_VALUE_CMODE: u16 = 87;
    pub(super) const REGION_NAME: u16 = 88;
    pub(super) const REGION_SNAPSHOT_ID: u16 = 92;
    pub(super) const TRAP_NAME: u16 = 130;
    pub(super) const TRAP_ACTION: u16 = 131;
    pub(super) const TRAP_GROUP_NAME: u16 = 135;
    pub(super) const RELOAD_FAILED: u16 = 136;
    pub(super) const TRAP_POLICER_ID: u16 = 142;
}

/// `NLA_U32` and `NLA_FLAG`, as the type of a param.
const TYPE_U32: u8 = 3;
const TYPE_FLAG: u8 = 6;
/// `DEVLINK_PORT_TYPE_ETH`
const PORT_TYPE_ETH: u32 = 2;
/// The netlink header and the generic one, in bytes.
const HEADERS: usize = 20;
/// Where the generic netlink command is.
const COMMAND: usize = 16;

/// The dumps that together show all that is modelled of devlink, in the order in which the model dumps.
const DUMPS: [u16; 7] = [
    cmd::GET,
    cmd::PORT_GET,
    cmd::PARAM_GET,
    cmd::REGION_GET,
    cmd::TRAP_GET,
    cmd::TRAP_GROUP_GET,
    cmd::TRAP_POLICER_GET,
];

/// What a command asks of a real kernel.
pub fn actions(command: Command) -> Vec<Action> {
    match command {
        Command::Get { handle } => vec![ask(cmd::GET, of(handle))],
        Command::PortGet { handle, port } => {
            vec![ask(cmd::PORT_GET, of(handle).u32(attr::PORT_INDEX, index(port)))]
        }
        Command::Dump {} => dumps(),
        Command::EswitchSet { handle, mode, inline } => {
            let mode = match mode {
                EswitchMode::Legacy => 0,
                EswitchMode::Switchdev => 1,
            };
            let attributes = of(handle).u16(attr::ESWITCH_MODE, mode);
            let attributes = match inline {
                Inline::Unset => attributes,
                Inline::Link => attributes.u8(attr::ESWITCH_INLINE_MODE, 1),
            };
            vec![ask(cmd::ESWITCH_SET, attributes)]
        }
        Command::Reload { handle } => vec![ask(cmd::RELOAD, of(handle))],
        Command::TrapSet { handle, trap, action } => {
            let action = match action {
                TrapAction::Drop => 0,
                TrapAction::Trap => 1,
                TrapAction::Mirror => 2,
            };
            let named = of(handle).text(attr::TRAP_NAME, trap.word());
            vec![ask(cmd::TRAP_SET, named.u8(attr::TRAP_ACTION, action))]
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
    }
}

/// The dumps of every kind of object.
pub fn dumps() -> Vec<Action> {
    DUMPS.into_iter().map(|command| request(command, NLM_F_DUMP, Vec::new())).collect()
}

fn ask(command: u16, attributes: Attributes) -> Action {
    request(command, 0, attributes.emit())
}

fn request(command: u16, flags: u16, body: Vec<u8>) -> Action {
    Action::Netlink { family: Family::Devlink, command, flags, body, patch: None }
}

/// The two names that are an instance's handle.
fn of(handle: Handle) -> Attributes {
    let (bus, number) = handle.word().split_once('/').expect("a handle is a driver and a number");
    Attributes::new().text(attr::BUS_NAME, bus).text(attr::DEV_NAME, &format!("{bus}{number}"))
}

fn index(port: PortIndex) -> u32 {
    port.word().parse().expect("a port's name is its index")
}

/// What a message says: that an object is new or changed, or gone; or, in an answer, that it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Only answers say nothing but that the object is there.
    pub notice: Option<Notice>,
    /// Which object.
    pub subject: Subject,
    /// Its value, as the model's notifications carry it.
    pub value: u8,
    /// The name of the port's netdev.
    pub netdev: Option<String>,
}

/// Reads a message from its netlink header on; if the model has no name for what it says, its own words.
pub fn read(bytes: &[u8]) -> Result<Message, String> {
    let (Some(&command), Some(body)) = (bytes.get(COMMAND), bytes.get(HEADERS..)) else {
        return Err(format!("a devlink message of {} bytes", bytes.len()));
    };
    let found = Found::new(body);
    let words = || words(command, found);
    let handle = handle(found).ok_or_else(words)?;
    let (notice, kind) = kind(command).ok_or_else(words)?;
    let (subject, value) = kind.read(handle, found).ok_or_else(words)?;
    let netdev = match subject {
        Subject::Port(..) => found.text(attr::PORT_NETDEV_NAME).map(ToString::to_string),
        _ => None,
    };
    Ok(Message { notice, subject, value, netdev })
}

/// What a message that has no name here says, as far as that can be told.
fn words(command: u8, found: Found<'_>) -> String {
    let bus = found.text(attr::BUS_NAME).unwrap_or("?");
    let device = found.text(attr::DEV_NAME).unwrap_or("?");
    let port = found.number(attr::PORT_INDEX).map_or(String::new(), |port| format!("/{port}"));
    let names = [attr::TRAP_NAME, attr::TRAP_GROUP_NAME, attr::REGION_NAME];
    let name = names.iter().find_map(|name| found.text(*name));
    let name = name.or_else(|| found.nested(attr::PARAM)?.text(attr::PARAM_NAME));
    let name = name.map_or(String::new(), |name| format!(" {name}"));
    format!("devlink command {command} {bus}/{device}{port}{name}")
}

fn handle(found: Found<'_>) -> Option<Handle> {
    let (bus, device) = (found.text(attr::BUS_NAME)?, found.text(attr::DEV_NAME)?);
    let number = device.strip_prefix(bus)?;
    Handle::ALL.iter().copied().find(|handle| handle.word().split_once('/') == Some((bus, number)))
}

/// The kinds of objects that messages are about.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Instance,
    Port,
    Param,
    Region,
    Trap,
    TrapGroup,
    TrapPolicer,
}

fn kind(command: u8) -> Option<(Option<Notice>, Kind)> {
    let (new, del) = (Some(Notice::New), Some(Notice::Del));
    Some(match command {
        cmd::NEW => (new, Kind::Instance),
        cmd::DEL => (del, Kind::Instance),
        cmd::PORT_NEW => (new, Kind::Port),
        cmd::PORT_DEL => (del, Kind::Port),
        cmd::PARAM_ANSWER => (None, Kind::Param),
        cmd::PARAM_NEW => (new, Kind::Param),
        cmd::PARAM_DEL => (del, Kind::Param),
        cmd::REGION_ANSWER => (None, Kind::Region),
        cmd::REGION_NEW => (new, Kind::Region),
        cmd::REGION_DEL => (del, Kind::Region),
        cmd::TRAP_NEW => (new, Kind::Trap),
        cmd::TRAP_DEL => (del, Kind::Trap),
        cmd::TRAP_GROUP_NEW => (new, Kind::TrapGroup),
        cmd::TRAP_GROUP_DEL => (del, Kind::TrapGroup),
        cmd::TRAP_POLICER_NEW => (new, Kind::TrapPolicer),
        cmd::TRAP_POLICER_DEL => (del, Kind::TrapPolicer),
        _ => return None,
    })
}

impl Kind {
    /// The object and its value.
    fn read(self, handle: Handle, found: Found<'_>) -> Option<(Subject, u8)> {
        Some(match self {
            Kind::Instance => {
                (Subject::Devlink(handle), found.number(attr::RELOAD_FAILED).unwrap_or(0).try_into().ok()?)
            }
            Kind::Port => {
                let port = named(&found.number(attr::PORT_INDEX)?.to_string())?;
                let is_ethernet = found.number(attr::PORT_TYPE) == Some(PORT_TYPE_ETH);
                let has_netdev = found.get(attr::PORT_NETDEV_NAME).is_some();
                (Subject::Port(handle, port), u8::from(is_ethernet) + u8::from(has_netdev))
            }
            Kind::Param => param(handle, found.nested(attr::PARAM)?)?,
            // A message about a snapshot is none about the region.
            Kind::Region if found.get(attr::REGION_SNAPSHOT_ID).is_some() => return None,
            Kind::Region => (Subject::Region(handle, named::<Region>(found.text(attr::REGION_NAME)?)?), 0),
            Kind::Trap => {
                let action = match found.number(attr::TRAP_ACTION)? {
                    0 => TrapAction::Drop,
                    1 => TrapAction::Trap,
                    2 => TrapAction::Mirror,
                    _ => return None,
                };
                let trap = named::<Trap>(found.text(attr::TRAP_NAME)?)?;
                (Subject::Trap(handle, trap), action.to_byte())
            }
            Kind::TrapGroup => {
                (Subject::TrapGroup(handle, named::<TrapGroup>(found.text(attr::TRAP_GROUP_NAME)?)?), 0)
            }
            Kind::TrapPolicer => {
                let id = found.number(attr::TRAP_POLICER_ID)?.to_string();
                (Subject::TrapPolicer(handle, named::<TrapPolicer>(&id)?), 0)
            }
        })
    }
}

/// A param and its driverinit value.
fn param(handle: Handle, found: Found<'_>) -> Option<(Subject, u8)> {
    let param = named::<Param>(found.text(attr::PARAM_NAME)?)?;
    let values = found.nested(attr::PARAM_VALUES_LIST)?;
    let mut values =
        values.each().filter(|(kind, _)| *kind == attr::PARAM_VALUE).map(|(_, value)| Found::new(value));
    let value = values.find(|value| value.number(attr::PARAM_VALUE_CMODE) == Some(1))?;
    let value = match found.number(attr::PARAM_TYPE)? {
        kind if kind == TYPE_FLAG.into() => value.get(attr::PARAM_VALUE_DATA).is_some().to_string(),
        _ => value.number(attr::PARAM_VALUE_DATA)?.to_string(),
    };
    Some((Subject::Param(handle, param), named::<ParamValue>(&value)?.to_byte()))
}

/// The value of an operand type that is spelled like this.
fn named<T: Operand>(word: &str) -> Option<T> {
    let number = T::WORDS.iter().position(|other| *other == word)?;
    T::from_byte(number as u8)
}
