//! STUB

use crate::event::{Kinds, Trace};
use crate::invariant::Invariant;

/// STUB
pub const REMOVE_IS_SYNCHRONOUS: Invariant = Invariant {
    id: 11,
    name: "remove-is-synchronous",
    says: "STUB",
    cites: &[],
    about: Kinds::CALL,
    check,
};

fn check(_trace: &Trace) -> Option<usize> {
    None
}
