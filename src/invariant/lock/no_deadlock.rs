//! No set of tasks waits for each other, and no task waits for an event that can no longer happen.

use crate::event::{Kinds, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// No set of tasks waits for each other, and no task waits for an event that can no longer happen.
pub const NO_DEADLOCK: Invariant = Invariant {
    id: 0x09,
    name: "no-deadlock",
    says: "No set of tasks waits for each other, and no task waits for an event that can no longer happen.",
    cites: &[
        Cite {
            mail: &mail::KREF,
            who: "Matan Barak",
            claim: "unregistering waits, under device_mutex, for work that itself wants device_mutex",
        },
        Cite {
            mail: &mail::TRAPS,
            who: "Leon Romanovsky",
            claim: "reload never worked in production, because of deadlocks and panics",
        },
    ],
    about: Kinds::DEADLOCK,
    observable: true,
    ends_all: true,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    trace.events.iter().position(|event| matches!(event.what, What::Deadlock(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_breaks_it() {
        let event = What::Deadlock(0);
        assert_eq!(check(&Trace::of([(0, What::Begin(0)), (0, event)])), Some(1));
        assert_eq!(check(&Trace::of([(0, What::Begin(0)), (0, What::End(0, None))])), None);
    }
}
