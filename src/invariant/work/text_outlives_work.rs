//! When a module is gone, none of its code runs, and none is queued that could.

use crate::event::{Kinds, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// When a module is gone, none of its code runs, and none is queued that could.
pub const TEXT_OUTLIVES_WORK: Invariant = Invariant {
    id: 0x0c,
    name: "text-outlives-work",
    says: "When a module is gone, none of its code runs, and none is queued that could.",
    cites: &[Cite {
        mail: &mail::KREF,
        who: "Jason Gunthorpe",
        claim: "a module may be unloaded only when all of its work is complete or cancelled",
    }],
    about: Kinds::TEXT_GONE,
    observable: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    trace.events.iter().position(|event| matches!(event.what, What::TextGone(..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_breaks_it() {
        let event = What::TextGone(crate::event::Module::GidCache, crate::event::Point::WorkStart);
        assert_eq!(check(&Trace::of([(0, What::Begin(0)), (0, event)])), Some(1));
        assert_eq!(check(&Trace::of([(0, What::Begin(0)), (0, What::End(0, None))])), None);
    }
}
