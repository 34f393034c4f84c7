//! STUB

use crate::event::{Kinds, Trace};
use crate::invariant::Invariant;

/// STUB
pub const NO_CHILD_BEFORE_PARENT: Invariant = Invariant {
    id: 3,
    name: "no-child-before-parent-notification",
    says: "STUB",
    cites: &[],
    about: Kinds::CALL,
    check,
};

fn check(_trace: &Trace) -> Option<usize> {
    None
}
