//! How the value of an object reads.

use crate::event::Subject;
use crate::event::name::{IbDevice, Netdev};
use crate::operand::Operand;

/// The value that goes with an object, after a space.
pub(super) fn value(subject: Subject, byte: u8) -> String {
    let words = subject.kind().value(byte);
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
