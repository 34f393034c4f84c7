//! STUB

use crate::event::{Kinds, Trace};
use crate::invariant::Invariant;

/// STUB
pub const NO_GLOBAL_LOCK: Invariant = Invariant {
    id: 8,
    name: "no-global-lock-over-driver-callback",
    says: "STUB",
    cites: &[],
    about: Kinds::CALL,
    check,
};

fn check(_trace: &Trace) -> Option<usize> {
    None
}
