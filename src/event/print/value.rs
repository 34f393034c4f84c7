//! How the value of an object reads.

use crate::event::Subject;
use crate::event::name::{
    EswitchMode, IbDevice, LineCardType, MdevType, NetNs, Netdev, ParamValue, RateParent, ReloadAction,
    ResourceSize, TrapAction,
};
use crate::operand::Operand;

/// The value that goes with an object, as its operand spells it.
pub(super) fn value(subject: Subject, value: u8) -> String {
    let word = match subject {
        Subject::Devlink(_) => (value != 0).then_some("reload_failed"),
        Subject::Param(..) => ParamValue::from_byte(value).map(Operand::word),
        Subject::Trap(..) => TrapAction::from_byte(value).map(Operand::word),
        Subject::NetnsOf(_) | Subject::IbNetns(_) | Subject::Netns(_) | Subject::PortNetdev(..) => {
            NetNs::from_byte(value).map(Operand::word)
        }
        Subject::Eswitch(_) => EswitchMode::from_byte(value).map(Operand::word),
        Subject::Port(..) => ["type eth", "type eth netdev"].get(usize::from(value).wrapping_sub(1)).copied(),
        Subject::Flash(_) => FLASH_STATUS.get(usize::from(value)).copied(),
        Subject::Info(_) | Subject::Region(..) | Subject::Snapshot(..) => None,
        Subject::Actions(_) => return actions(value),
        Subject::TrapGroup(..) => {
            return if value == 0 { String::new() } else { format!(" policer {value}") };
        }
        Subject::TrapPolicer(..) => return policer(value),
        Subject::Resource(..) => return resource(value),
        Subject::Occupancy(..) => return format!(" occ {value}"),
        Subject::LineCard(..) => return linecard(value),
        Subject::Rate(..) => return rate(value),
        Subject::Reporter(..) => return reporter(value),
        Subject::Child(..) => MdevType::from_byte(value).map(Operand::word),
        Subject::VfioDevice(..) | Subject::Parent(_) => None,
        Subject::Configured(..) => ["forgotten", "started", "failed"].get(usize::from(value)).copied(),
        Subject::Ib(_) => ["", "roce", "iw"].get(usize::from(value)).copied().filter(|word| !word.is_empty()),
        Subject::IbLink(_) => return ib_link(value),
        Subject::GidTable(_) => value.checked_sub(1).and_then(Netdev::from_byte).map(Operand::word),
        Subject::Unnamed => None,
        _ => return format!(" {value}"),
    };
    word.map_or(String::new(), |word| format!(" {word}"))
}

/// How far a flash update is.
const FLASH_STATUS: [&str; 6] = ["begin", "preparing", "flashing", "select", "done", "end"];

/// What a reload has done.
fn actions(value: u8) -> String {
    let done = ReloadAction::ALL.iter().filter(|action| value & 1 << action.to_byte() != 0);
    done.fold(" performed".to_string(), |text, action| text + " " + action.word())
}

/// What is set of a policer, if it is not what the driver began with.
fn policer(value: u8) -> String {
    let rate = ["", " rate 100", " rate 8000", ""][usize::from(value & 3)];
    let burst = ["", " burst 16", " burst 4096", ""][usize::from(value >> 2 & 3)];
    format!("{rate}{burst}")
}

/// How large a resource is and is to be.
fn resource(value: u8) -> String {
    let size = |bits: u8| ResourceSize::from_byte(bits & 7).map_or("?", Operand::word);
    let new =
        if value & 7 == value >> 3 & 7 { String::new() } else { format!(" size_new {}", size(value >> 3)) };
    let valid = if value & 64 == 0 { "" } else { " size_valid false" };
    format!(" size {}{new}{valid}", size(value))
}

/// What a line card is provisioned as, how far it is, and whether there is an instance on it.
fn linecard(value: u8) -> String {
    let states = ["unprovisioned", "unprovisioning", "provisioning", "provisioning_failed", "provisioned"];
    let state = states.get(usize::from(value & 7)).copied().unwrap_or("?");
    let kind = (value >> 3 & 3).checked_sub(1).and_then(LineCardType::from_byte).map_or("", Operand::word);
    let nested = if value & 32 == 0 { "" } else { " nested" };
    format!(" {state}{}{kind}{nested}", if kind.is_empty() { "" } else { " " })
}

/// What is said of a health reporter.
fn reporter(value: u8) -> String {
    let words = ["auto_recover", "auto_dump", "dump", "grace"];
    let said = words.iter().zip(1..).filter(|(_, bit)| value & 1 << bit != 0).map(|(word, _)| *word);
    let state = if value & 1 == 0 { " healthy" } else { " error" };
    said.fold(state.to_string(), |text, word| text + " " + word)
}

/// What an RDMA device's port is on, and in which state, if that is told.
fn ib_link(value: u8) -> String {
    let states = ["", " DOWN", " INIT", " ARMED", " ACTIVE", " ACTIVE_DEFER"];
    let physical = ["", " SLEEP", " POLLING", " DISABLED", " TRAINING", " LINK_UP", " RECOVERY", " TEST"];
    let word = |words: &[&'static str], bits: u8| words.get(usize::from(bits)).copied().unwrap_or(" ?");
    let state = word(&states, value >> 2 & 7).to_string() + word(&physical, value >> 5);
    match (value & 3).checked_sub(1).and_then(Netdev::from_byte) {
        Some(netdev) => format!("{state} netdev {}", netdev.word()),
        None => state,
    }
}

/// The name with a number among those that a subject is named by.
pub(super) fn name(subject: Subject, number: u8) -> &'static str {
    match subject {
        Subject::Ib(_) | Subject::IbCompat(..) => IbDevice::from_byte(number).map_or("?", Operand::word),
        Subject::Netdev(_) => Netdev::from_byte(number).map_or("?", Operand::word),
        _ => "?",
    }
}

/// What is set of a rate object.
fn rate(value: u8) -> String {
    let parent = RateParent::from_byte(value >> 4).filter(|parent| *parent != RateParent::Unset);
    let rates = [("tx_share", value & 3), ("tx_max", value >> 2 & 3)];
    let mut words = String::new();
    for (name, rate) in rates.into_iter().filter(|(_, rate)| *rate != 0) {
        words += &format!(" {name} {rate}mbit");
    }
    words + &parent.map_or(String::new(), |parent| format!(" {}", parent.word()))
}
