//! No task uses an object whose last reference was put.

use crate::event::{Kinds, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// No task uses an object whose last reference was put.
pub const NO_USE_AFTER_FREE: Invariant = Invariant {
    id: 0x0d,
    name: "no-use-after-free",
    says: "No task uses an object whose last reference was put.",
    cites: &[Cite {
        mail: &mail::UEVENTS,
        who: "Kirti Wankhede",
        claim: "a user of a device should hold a reference of its own while it uses it",
    }],
    about: Kinds::USE_AFTER_FREE,
    observable: false,
    ends_all: true,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    trace.events.iter().position(|event| matches!(event.what, What::UseAfterFree(..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_breaks_it() {
        let event = What::UseAfterFree(
            crate::event::Subject::Parent(crate::event::Parent::Mtty0),
            crate::event::Point::MdevUnregisterPut,
            crate::event::Point::MdevUnregisterUevent,
        );
        assert_eq!(check(&Trace::of([(0, What::Begin(0)), (0, event)])), Some(1));
        assert_eq!(check(&Trace::of([(0, What::Begin(0)), (0, What::End(0, None))])), None);
    }
}
