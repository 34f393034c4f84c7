//! How the value of an object reads.

use crate::event::name::{EswitchMode, IbDevice, MdevType, NetNs, Netdev, ParamValue, TrapAction};
use crate::event::{Subject, value};
use crate::operand::Operand;

/// The value that goes with an object, after a space.
pub(super) fn value(subject: Subject, byte: u8) -> String {
    let words = match subject {
        Subject::Devlink(_) => value::text::<value::ReloadFailed>(byte),
        Subject::Param(..) => value::text::<ParamValue>(byte),
        Subject::Trap(..) => value::text::<TrapAction>(byte),
        Subject::NetnsOf(_) | Subject::IbNetns(_) | Subject::Netns(_) | Subject::PortNetdev(..) => {
            value::text::<NetNs>(byte)
        }
        Subject::Eswitch(_) => value::text::<EswitchMode>(byte),
        Subject::Port(..) => value::text::<value::PortType>(byte),
        Subject::Flash(_) => value::text::<value::FlashStatus>(byte),
        Subject::Actions(_) => value::text::<value::Performed>(byte),
        Subject::TrapGroup(..) => value::text::<value::Policer>(byte),
        Subject::TrapPolicer(..) => value::text::<value::Limits>(byte),
        Subject::Resource(..) => value::text::<value::Sizes>(byte),
        Subject::LineCard(..) => value::text::<value::Card>(byte),
        Subject::Rate(..) => value::text::<value::Rates>(byte),
        Subject::Reporter(..) => value::text::<value::Health>(byte),
        Subject::Child(..) => value::text::<MdevType>(byte),
        Subject::Configured(..) => value::text::<value::Configured>(byte),
        Subject::Ib(_) => value::text::<value::Protocol>(byte),
        Subject::IbLink(_) => value::text::<value::IbLink>(byte),
        Subject::GidTable(_) => value::text::<value::FollowedNetdev>(byte),
        Subject::Occupancy(..) => format!("occ {byte}"),
        Subject::Info(_)
        | Subject::Region(..)
        | Subject::Snapshot(..)
        | Subject::VfioDevice(..)
        | Subject::Parent(_)
        | Subject::Unnamed => String::new(),
        _ => byte.to_string(),
    };
    if words.is_empty() { words } else { format!(" {words}") }
}

/// The name with a number among those that a subject is named by.
pub(super) fn name(subject: Subject, number: u8) -> &'static str {
    match subject {
        Subject::Ib(_) | Subject::IbCompat(..) => IbDevice::from_byte(number).map_or("?", Operand::word),
        Subject::Netdev(_) => Netdev::from_byte(number).map_or("?", Operand::word),
        _ => "?",
    }
}
