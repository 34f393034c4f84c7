//! STUB

use crate::event::{Kinds, Trace};
use crate::invariant::Invariant;

/// STUB
pub const NOTIFIED_IMPLIES_VISIBLE: Invariant = Invariant {
    id: 2,
    name: "notified-implies-visible",
    says: "STUB",
    cites: &[],
    about: Kinds::CALL,
    check,
};

fn check(_trace: &Trace) -> Option<usize> {
    None
}
