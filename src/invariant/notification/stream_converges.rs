//! STUB

use crate::event::{Kinds, Trace};
use crate::invariant::Invariant;

/// STUB
pub const STREAM_CONVERGES: Invariant = Invariant {
    id: 4,
    name: "stream-converges",
    says: "STUB",
    cites: &[],
    about: Kinds::CALL,
    check,
};

fn check(_trace: &Trace) -> Option<usize> {
    None
}
