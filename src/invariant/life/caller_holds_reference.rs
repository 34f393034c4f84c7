//! The driver that registered a device holds a reference, and mdev core need not.

use crate::event::{Action, Kinds, MdevState, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::holders::State;
use crate::mail::{self, Cite};

/// When `unregistered` is sent, the driver that registered the device has a reference to it.
pub const CALLER_HOLDS_REFERENCE: Invariant = Invariant {
    id: 0x23,
    name: "caller-holds-reference",
    says: "When unregistered is sent, the driver that registered the device holds a reference of its own to it.",
    cites: &[
        Cite {
            mail: &mail::UEVENTS,
            who: "Alex Williamson",
            claim: "a caller cannot rely on mdev core's reference, which core is under no obligation to hold",
        },
        Cite {
            mail: &mail::UEVENTS,
            who: "Parav Pandit",
            claim: "a driver must have a valid reference to the device for which it registers and unregisters",
        },
    ],
    about: Kinds::PARENT_REGISTERED,
    observable: false,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    let mut state = State::new();
    trace.events.iter().position(|event| {
        state.step(event);
        match event.what {
            What::Uevent(Action::Change(MdevState::Unregistered), Subject::Parent(parent)) => {
                let counts = state.counts.of(parent.index(), event.life);
                i16::from(counts.all) <= counts.core.max(0)
            }
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{MdevType, Parent, Span};

    const PARENT: Subject = Subject::Parent(Parent::Mtty0);
    const ENTER: What = What::Enter(Span::MdevRegister, PARENT);
    const LEAVE: What = What::Leave(Span::MdevRegister, PARENT, None);
    const END: What = What::Enter(Span::MdevUnregister, PARENT);
    const TOLD: What = What::Uevent(Action::Change(MdevState::Unregistered), PARENT);
    const ENDED: What = What::Leave(Span::MdevUnregister, PARENT, None);
    const MADE: [What; 4] = [What::Alloc(PARENT), ENTER, What::Get(PARENT, 2), LEAVE];

    fn broken(events: &[&[What]]) -> Option<usize> {
        check(&Trace::of(events.concat().into_iter().map(|what| (0, what))))
    }

    #[test]
    fn a_reference_of_its_own_keeps_it() {
        assert_eq!(broken(&[&MADE, &[END, What::Put(PARENT, 1), TOLD, ENDED]]), None);
        assert_eq!(broken(&[&MADE, &[END, TOLD, ENDED]]), None);
    }

    #[test]
    fn what_a_user_gives_back_with_a_type_is_mdev_cores() {
        let freed = What::Free(Subject::MdevType(Parent::Mtty0, MdevType::Mtty1));
        let made = [What::Get(PARENT, 3)];
        let create =
            [What::Enter(Span::MdevCreate, PARENT), made[0], What::Leave(Span::MdevCreate, PARENT, None)];
        let gone = [freed, What::Put(PARENT, 2), END, What::Put(PARENT, 1), TOLD, ENDED];
        assert_eq!(broken(&[&MADE, &create, &gone]), None);
    }

    #[test]
    fn a_caller_that_gave_its_own_away_breaks_it() {
        assert_eq!(broken(&[&MADE, &[What::Put(PARENT, 1), END, TOLD, ENDED]]), Some(6));
        assert_eq!(broken(&[&MADE, &[What::Put(PARENT, 1), END, What::Put(PARENT, 0), TOLD]]), Some(7));
    }
}
