//! A UUID is taken as long as there is a device with it, and no longer.

use crate::event::{Errno, Kinds, Span, Subject, TaskId, Trace, Uuid, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// A device is made only when no device with its UUID is left, be it removed; and once none is, the UUID is free.
pub const UUID_TAKEN_UNTIL_RELEASE: Invariant = Invariant {
    id: 0x24,
    name: "uuid-taken-until-release",
    says: "A mediated device is created if and only if no device with its UUID is left unreleased.",
    cites: &[Cite {
        mail: &mail::UEVENTS,
        who: "Kirti Wankhede",
        claim: "a release may be deferred to a workqueue and run at some random time after the last put",
    }],
    about: Kinds::CHILD_MADE,
    observable: false,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    let mut alive = [0u8; Uuid::COUNT];
    // The UUID that each task makes a device with, and whether another had it at some moment of the attempt.
    let mut asked = [None; 1 << TaskId::BITS];
    trace.events.iter().position(|event| {
        let task = usize::from(event.task);
        match event.what {
            What::Alloc(Subject::Child(_, uuid)) => {
                for (_, was_taken) in asked.iter_mut().flatten().filter(|(wanted, _)| *wanted == uuid) {
                    *was_taken = true;
                }
                alive[uuid.index()] += 1;
                return alive[uuid.index()] > 1;
            }
            What::Free(Subject::Child(_, uuid)) => {
                alive[uuid.index()] = alive[uuid.index()].saturating_sub(1);
            }
            What::Enter(Span::MdevCreate, Subject::Child(_, uuid)) => {
                asked[task] = Some((uuid, alive[uuid.index()] > 0));
            }
            What::Leave(Span::MdevCreate, _, errno) => {
                let asked = asked[task].take();
                return errno == Some(Errno::EEXIST) && asked.is_some_and(|(_, was_taken)| !was_taken);
            }
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Parent;

    const CHILD: Subject = Subject::Child(Parent::Mtty0, Uuid::A);
    const OTHER: Subject = Subject::Child(Parent::Mtty0, Uuid::B);
    const ENTER: What = What::Enter(Span::MdevCreate, CHILD);
    const TAKEN: What = What::Leave(Span::MdevCreate, CHILD, Some(Errno::EEXIST));

    fn broken(events: &[What]) -> Option<usize> {
        check(&Trace::of(events.iter().map(|what| (0, *what))))
    }

    #[test]
    fn one_after_the_other_keeps_it() {
        assert_eq!(broken(&[What::Alloc(CHILD), ENTER, TAKEN, What::Free(CHILD), What::Alloc(CHILD)]), None);
    }

    #[test]
    fn two_at_a_time_break_it() {
        assert_eq!(broken(&[What::Alloc(CHILD), What::Alloc(CHILD)]), Some(1));
    }

    #[test]
    fn a_uuid_that_nobody_has_and_is_taken_breaks_it() {
        assert_eq!(broken(&[What::Alloc(CHILD), What::Free(CHILD), ENTER, TAKEN]), Some(3));
    }

    #[test]
    fn a_device_with_another_uuid_excuses_no_refusal() {
        assert_eq!(broken(&[What::Alloc(OTHER), ENTER, TAKEN]), Some(2));
        let no_more = What::Leave(Span::MdevCreate, CHILD, Some(Errno::ENOSPC));
        assert_eq!(broken(&[What::Alloc(OTHER), ENTER, no_more]), None);
    }

    #[test]
    fn a_device_that_came_and_went_meanwhile_excuses_one() {
        let trace = [(0, ENTER), (1, What::Alloc(CHILD)), (1, What::Free(CHILD)), (0, TAKEN)];
        assert_eq!(check(&Trace::of(trace)), None);
    }
}
