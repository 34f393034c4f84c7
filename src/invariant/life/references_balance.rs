//! Every reference that is taken is put once, and none is taken after the last put.

use crate::event::{Kinds, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// Every reference that is taken is put once, and none is taken after the last put.
pub const REFERENCES_BALANCE: Invariant = Invariant {
    id: 0x0e,
    name: "references-balance",
    says: "Every reference that is taken is put once, and none is taken after the last put.",
    cites: &[
        Cite {
            mail: &mail::UEVENTS,
            who: "Alex Williamson",
            claim: "the references that mdev core takes balance out within mdev core",
        },
        Cite {
            mail: &mail::KREF,
            who: "Jason Gunthorpe",
            claim: "a reference count keeps memory, and the task that took a reference gives it back",
        },
    ],
    about: Kinds::LEAK.or(Kinds::UNDERFLOW).or(Kinds::REVIVED),
    observable: false,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    let breaks = |what| matches!(what, What::Leak(..) | What::Underflow(..) | What::Get(_, 1));
    trace.events.iter().position(|event| breaks(event.what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Parent, Point, Subject};

    const PARENT: Subject = Subject::Parent(Parent::Mtty0);

    fn broken(events: &[What]) -> Option<usize> {
        let trace = Trace::of(events.iter().map(|what| (0, *what)));
        let asked = trace.kinds.meets(REFERENCES_BALANCE.about);
        assert!(asked || check(&trace).is_none(), "a trace that breaks the invariant is looked at");
        check(&trace)
    }

    #[test]
    fn puts_that_balance_keep_it() {
        let put = [What::Put(PARENT, 1), What::Put(PARENT, 0), What::Free(PARENT)];
        assert_eq!(broken(&[&[What::Alloc(PARENT), What::Get(PARENT, 2)][..], &put].concat()), None);
    }

    #[test]
    fn a_reference_left_at_rest_breaks_it() {
        assert_eq!(broken(&[What::Alloc(PARENT), What::Leak(PARENT, 1)]), Some(1));
    }

    #[test]
    fn a_put_too_many_breaks_it() {
        assert_eq!(
            broken(&[What::Put(PARENT, 0), What::Underflow(PARENT, Point::MdevUnregisterPut)]),
            Some(1)
        );
    }

    #[test]
    fn a_get_after_the_last_put_breaks_it() {
        assert_eq!(broken(&[What::Alloc(PARENT), What::Put(PARENT, 0), What::Get(PARENT, 1)]), Some(2));
    }
}
