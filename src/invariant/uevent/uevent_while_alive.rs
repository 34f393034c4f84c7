//! A uevent is sent only about a device whose memory is there.

use crate::event::{Kinds, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::lives::LifeSet;
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
    about: Kinds::UEVENT.or(Kinds::RDMA),
    observable: false,
    ends_all: false,
    check,
};

/// A device that the trace has not seen made may have been there before; one that it saw freed is gone. A trace that does
/// not tell lives apart is taken at its word: what has the name now is what the uevent is about.
fn check(trace: &Trace) -> Option<usize> {
    let mut freed = LifeSet::default();
    let mut freed_names: Vec<Subject> = Vec::new();
    trace.events.iter().position(|event| match event.what {
        What::Free(subject) => {
            freed.insert(event.life);
            if event.life == 0 {
                freed_names.push(subject);
            }
            false
        }
        What::Alloc(subject) => {
            freed_names.retain(|freed| *freed != subject);
            false
        }
        What::Uevent(_, subject) => freed.contains(event.life) || freed_names.contains(&subject),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Action, Handle, IbDevice, MdevState, Parent, Uuid};

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

    #[test]
    fn a_uevent_of_an_earlier_life_breaks_it_whatever_it_is_of() {
        let subjects = [
            Subject::Device(Handle::Netdevsim0),
            Subject::Ib(IbDevice::Rxe0),
            Subject::VfioDevice(Parent::Mtty0, Uuid::A),
        ];
        for subject in subjects {
            let uevent = What::Uevent(Action::Remove, subject);
            let life =
                [(0, 1, What::Alloc(subject)), (0, 1, What::Free(subject)), (0, 2, What::Alloc(subject))];
            assert_eq!(check(&Trace::of_lives(life.into_iter().chain([(0, 1, uevent)]))), Some(3));
            assert_eq!(check(&Trace::of_lives(life.into_iter().chain([(0, 2, uevent)]))), None);
        }
    }
}
