//! What devlink says: a notification or an answer, read into an object and its value.

use super::uapi::{PORT_TYPE_ETH, TYPE_FLAG, attr, cmd};
use super::{health, rate, reload, trap};
use crate::event::value::{FlashStatus, Value};
use crate::event::{Handle, Notice, Param, ParamValue, Region, SnapshotId, Subject};
use crate::linux::attribute::Found;
use crate::operand::Operand;

/// The netlink header and the generic one, in bytes.
const HEADERS: usize = 20;
/// Where the number of the request is, and the port of who asked.
const SEQUENCE: std::ops::Range<usize> = 8..16;
/// Where the generic netlink command is.
const COMMAND: usize = 16;

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
    /// What else the answer shows: the snapshots of a region, the other resources.
    pub others: Vec<(Subject, u8)>,
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
    let (subject, value) = kind.meant(found).read(handle, found).ok_or_else(words)?;
    let netdev = match subject {
        Subject::Port(..) => found.text(attr::PORT_NETDEV_NAME).map(ToString::to_string),
        _ => None,
    };
    let others = match subject {
        Subject::Region(..) => found.nested(attr::REGION_SNAPSHOTS).map(|list| snapshots(handle, list)),
        Subject::Resource(..) => reload::read_resources(handle, found).map(|mut all| all.split_off(1)),
        _ => None,
    };
    Ok(Message { notice, subject, value, netdev, others: others.unwrap_or_default() })
}

/// What a message that has no name here says, as far as that can be told.
fn words(command: u8, found: Found<'_>) -> String {
    let bus = found.text(attr::BUS_NAME).unwrap_or("?");
    let device = found.text(attr::DEV_NAME).unwrap_or("?");
    let port = found.number(attr::PORT_INDEX).map_or(String::new(), |port| format!("/{port}"));
    let names = [attr::TRAP_NAME, attr::TRAP_GROUP_NAME, attr::REGION_NAME, attr::RATE_NODE_NAME];
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

/// Whether a message is a piece of what a health reporter shows (times, counters and random bytes), or a piece of a
/// snapshot that is not the first.
pub fn is_content(bytes: &[u8]) -> bool {
    match bytes.get(COMMAND) {
        Some(&(cmd::HEALTH_DIAGNOSE_ANSWER | cmd::HEALTH_DUMP_ANSWER)) => true,
        Some(&cmd::REGION_READ) => !begins_a_region(Found::new(bytes.get(HEADERS..).unwrap_or_default())),
        _ => false,
    }
}

/// Whether a message is no answer: a notification has neither the sequence number nor the port of a request.
pub fn is_unasked(bytes: &[u8]) -> bool {
    bytes.get(SEQUENCE).is_some_and(|both| both.iter().all(|byte| *byte == 0))
}

/// Whether the first piece of a region's content is the one at its first address.
fn begins_a_region(found: Found<'_>) -> bool {
    let chunk = found.nested(attr::REGION_CHUNKS).and_then(|chunks| chunks.nested(attr::REGION_CHUNK));
    chunk.and_then(|chunk| chunk.long(attr::REGION_CHUNK_ADDR)) == Some(0)
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
    Rate,
    Eswitch,
    Reporter,
    Resources,
    Actions,
    Info,
    /// How far an update is, unless the message says it.
    Flash(Option<FlashStatus>),
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
        cmd::REGION_ANSWER | cmd::REGION_READ => (None, Kind::Region),
        cmd::REGION_NEW => (new, Kind::Region),
        cmd::REGION_DEL => (del, Kind::Region),
        cmd::TRAP_NEW => (new, Kind::Trap),
        cmd::TRAP_DEL => (del, Kind::Trap),
        cmd::TRAP_GROUP_NEW => (new, Kind::TrapGroup),
        cmd::TRAP_GROUP_DEL => (del, Kind::TrapGroup),
        cmd::TRAP_POLICER_NEW => (new, Kind::TrapPolicer),
        cmd::TRAP_POLICER_DEL => (del, Kind::TrapPolicer),
        cmd::RATE_NEW => (new, Kind::Rate),
        cmd::RATE_DEL => (del, Kind::Rate),
        cmd::RESOURCE_ANSWER => (None, Kind::Resources),
        cmd::RELOAD_ANSWER => (None, Kind::Actions),
        cmd::INFO_ANSWER => (None, Kind::Info),
        cmd::FLASH_BEGIN => (new, Kind::Flash(Some(FlashStatus::Begin))),
        cmd::FLASH_STATUS => (new, Kind::Flash(None)),
        cmd::FLASH_END => (new, Kind::Flash(Some(FlashStatus::End))),
        cmd::HEALTH_ANSWER => (None, Kind::Reporter),
        cmd::HEALTH_STATUS => (new, Kind::Reporter),
        cmd::ESWITCH_ANSWER => (None, Kind::Eswitch),
        _ => return None,
    })
}

impl Kind {
    /// The kind that a message is about: 6.1's dump of ports has each of them begin as an instance does.
    fn meant(self, found: Found<'_>) -> Kind {
        match self {
            Kind::Instance if found.number(attr::PORT_INDEX).is_some() => Kind::Port,
            kind => kind,
        }
    }

    /// The object and its value.
    fn read(self, handle: Handle, found: Found<'_>) -> Option<(Subject, u8)> {
        Some(match self {
            Kind::Instance => {
                (Subject::Devlink(handle), found.number(attr::RELOAD_FAILED).unwrap_or(0).try_into().ok()?)
            }
            Kind::Port => {
                let port = Operand::named(&found.number(attr::PORT_INDEX)?.to_string())?;
                let is_ethernet = found.number(attr::PORT_TYPE) == Some(PORT_TYPE_ETH);
                let has_netdev = found.get(attr::PORT_NETDEV_NAME).is_some();
                (Subject::Port(handle, port), u8::from(is_ethernet) + u8::from(has_netdev))
            }
            Kind::Param => param(handle, found.nested(attr::PARAM)?)?,
            // A message about a snapshot is none about the region.
            Kind::Region if found.get(attr::REGION_SNAPSHOT_ID).is_some() => {
                (Subject::Snapshot(handle, snapshot_id(found)?), 0)
            }
            Kind::Region => (Subject::Region(handle, Region::named(found.text(attr::REGION_NAME)?)?), 0),
            Kind::Trap => trap::read(handle, found)?,
            Kind::TrapGroup => trap::read_group(handle, found)?,
            Kind::TrapPolicer => trap::read_policer(handle, found)?,
            Kind::Resources => *reload::read_resources(handle, found)?.first()?,
            Kind::Actions => reload::read_actions(handle, found)?,
            Kind::Info => reload::read_info(handle, found)?,
            Kind::Flash(Some(status)) => (Subject::Flash(handle), status.pack()),
            Kind::Flash(None) => reload::read_flash_status(handle, found)?,
            Kind::Rate => rate::read(handle, found)?,
            Kind::Reporter => health::read(handle, found)?,
            Kind::Eswitch => (Subject::Eswitch(handle), found.number(attr::ESWITCH_MODE)? as u8),
        })
    }
}

/// The id of a snapshot.
fn snapshot_id(found: Found<'_>) -> Option<SnapshotId> {
    let id = found.number(attr::REGION_SNAPSHOT_ID)?.to_string();
    SnapshotId::named(&id)
}

/// The snapshots in a list of them.
fn snapshots(handle: Handle, list: Found<'_>) -> Vec<(Subject, u8)> {
    let each = list.each().filter(|(kind, _)| *kind == attr::REGION_SNAPSHOT);
    let ids = each.filter_map(|(_, snapshot)| snapshot_id(Found::new(snapshot)));
    ids.map(|id| (Subject::Snapshot(handle, id), 0)).collect()
}

/// A param and its driverinit value.
fn param(handle: Handle, found: Found<'_>) -> Option<(Subject, u8)> {
    let param = Param::named(found.text(attr::PARAM_NAME)?)?;
    let values = found.nested(attr::PARAM_VALUES_LIST)?;
    let mut values =
        values.each().filter(|(kind, _)| *kind == attr::PARAM_VALUE).map(|(_, value)| Found::new(value));
    let value = values.find(|value| value.number(attr::PARAM_VALUE_CMODE) == Some(1))?;
    let value = match found.number(attr::PARAM_TYPE)? {
        kind if kind == u32::from(TYPE_FLAG) => value.get(attr::PARAM_VALUE_DATA).is_some().to_string(),
        _ => value.number(attr::PARAM_VALUE_DATA)?.to_string(),
    };
    Some((Subject::Param(handle, param), ParamValue::named(&value)?.to_byte()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::attribute::Attributes;

    /// A message of a region's content, of which the first piece is at this address.
    fn content(address: u64) -> Vec<u8> {
        let chunk = Attributes::new().u64(attr::REGION_CHUNK_ADDR, address);
        let chunks = Attributes::new().nest(attr::REGION_CHUNK, chunk);
        let mut bytes = vec![0; HEADERS];
        bytes[COMMAND] = cmd::REGION_READ;
        bytes.extend(Attributes::new().nest(attr::REGION_CHUNKS, chunks).emit());
        bytes
    }

    #[test]
    fn of_a_region_that_is_read_the_beginning_says_that_it_was() {
        assert!(!is_content(&content(0)));
        assert!(is_content(&content(256)));
    }

    #[test]
    fn what_has_the_number_of_a_request_is_no_notification() {
        let mut message = content(0);
        assert!(is_unasked(&message));
        message[SEQUENCE.start] = 1;
        assert!(!is_unasked(&message));
        assert!(!is_unasked(&[0; 4]));
    }
}
