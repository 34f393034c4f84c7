//! Locks, flushes and waits for users are taken in one order, so that no schedule can deadlock.

use crate::event::{Kinds, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// Locks, flushes and waits for users are taken in one order, so that no schedule can deadlock.
///
/// Locks of one class are one lock in this, as for lockdep: an order seen with one device and the opposite order seen with
/// another break it ([`LockClass::is_ordered_as_one`](crate::event::LockClass::is_ordered_as_one)).
pub const LOCK_ORDER: Invariant = Invariant {
    id: 0x0a,
    name: "lock-order",
    says: "Locks, flushes and waits for users are taken in one order, so that no schedule can deadlock.",
    cites: &[Cite {
        mail: &mail::KREF,
        who: "Matan Barak",
        claim: "a lock that is taken in asynchronous work cannot be held while that work is flushed",
    }],
    about: Kinds::LOCK_ORDER,
    observable: false,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    trace.events.iter().position(|event| matches!(event.what, What::LockOrder(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_breaks_it() {
        let event = What::LockOrder(0);
        assert_eq!(check(&Trace::of([(0, What::Begin(0)), (0, event)])), Some(1));
        assert_eq!(check(&Trace::of([(0, What::Begin(0)), (0, What::End(0, None))])), None);
    }
}
