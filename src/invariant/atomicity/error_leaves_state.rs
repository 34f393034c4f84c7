//! STUB

use crate::event::{Kinds, Trace};
use crate::invariant::Invariant;

/// STUB
pub const ERROR_LEAVES_STATE: Invariant = Invariant {
    id: 17,
    name: "error-leaves-state",
    says: "STUB",
    cites: &[],
    about: Kinds::CALL,
    check,
};

fn check(_trace: &Trace) -> Option<usize> {
    None
}
