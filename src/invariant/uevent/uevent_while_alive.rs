//! A uevent is sent only about a device whose memory is there.

use crate::event::{Kinds, Parent, Subject, Trace, Uuid, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// A uevent is sent only about a device whose memory is there.
pub const UEVENT_WHILE_ALIVE: Invariant = Invariant {
    id: 0x0f,
    name: "uevent-while-alive",
    says: "A uevent is sent only about a device whose memory is there.",
    cites: &[
        Cite {
            mail: &mail::UEVENTS,
            who: "Kirti Wankhede",
            claim: "if the put before it was the last, the event reads a freed device",
        },
        Cite {
            mail: &mail::UEVENTS,
            who: "Alex Williamson",
            claim: "the caller has a reference of its own to the device that it passes",
        },
    ],
    about: Kinds::UEVENT,
    observable: false,
    check,
};

/// A device that the trace has not seen made may have been there before; one that it saw freed is gone.
fn check(trace: &Trace) -> Option<usize> {
    let mut parents_freed = [false; Parent::COUNT];
    let mut children_freed = [false; Uuid::COUNT];
    let mut freed = |subject, now: Option<bool>| {
        let slot = match subject {
            Subject::Parent(parent) => &mut parents_freed[parent.index()],
            Subject::Child(_, uuid) => &mut children_freed[uuid.index()],
            _ => return false,
        };
        *slot = now.unwrap_or(*slot);
        *slot
    };
    trace.events.iter().position(|event| match event.what {
        What::Free(subject) => {
            freed(subject, Some(true));
            false
        }
        What::Alloc(subject) => freed(subject, Some(false)),
        What::Uevent(_, subject) => freed(subject, None),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Action, MdevState};

    const PARENT: Subject = Subject::Parent(Parent::Mtty0);
    const UNREGISTERED: What = What::Uevent(Action::Change(MdevState::Unregistered), PARENT);

    #[test]
    fn a_uevent_between_alloc_and_free_keeps_it() {
        let other = What::Free(Subject::Parent(Parent::Mtty1));
        let trace = [What::Alloc(PARENT), other, UNREGISTERED, What::Free(PARENT)];
        assert_eq!(check(&Trace::of(trace.map(|what| (0, what)))), None);
    }

    #[test]
    fn a_uevent_after_free_breaks_it() {
        let trace = [What::Alloc(PARENT), What::Free(PARENT), UNREGISTERED];
        assert_eq!(check(&Trace::of(trace.map(|what| (0, what)))), Some(2));
    }

    #[test]
    fn a_device_made_again_is_another() {
        let trace = [What::Alloc(PARENT), What::Free(PARENT), What::Alloc(PARENT), UNREGISTERED];
        assert_eq!(check(&Trace::of(trace.map(|what| (0, what)))), None);
    }

    #[test]
    fn a_child_is_a_device_too() {
        let child = Subject::Child(Parent::Mtty0, Uuid::A);
        let trace = [What::Alloc(child), What::Free(child), What::Uevent(Action::Remove, child)];
        assert_eq!(check(&Trace::of(trace.map(|what| (0, what)))), Some(2));
    }
}
