//! STUB

use crate::event::{Kinds, Trace};
use crate::invariant::Invariant;

/// STUB
pub const UEVENT_WHILE_ALIVE: Invariant = Invariant {
    id: 15,
    name: "uevent-while-alive",
    says: "STUB",
    cites: &[],
    about: Kinds::CALL,
    check,
};

fn check(_trace: &Trace) -> Option<usize> {
    None
}
