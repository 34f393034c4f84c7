//! That a parent is registered, or no longer is, is told.

use crate::event::{Action, Event, Kinds, MdevState, Span, Subject, TaskId, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// A registration and an unregistration that succeeded have each told of it.
pub const COMPLETION_IS_TOLD: Invariant = Invariant {
    id: 0x20,
    name: "completion-is-told",
    says: "A parent's registration and unregistration each send their uevent before they return.",
    cites: &[Cite {
        mail: &mail::UEVENTS,
        who: "Alex Williamson",
        claim: "the events mark the completion of each process, for udev rules to act on",
    }],
    about: Kinds::PARENT_REGISTERED,
    observable: false,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    trace.events.iter().enumerate().position(|(at, event)| match event.what {
        What::Leave(span @ (Span::MdevRegister | Span::MdevUnregister), of, None) => {
            !is_told(trace, at, event.task, span, of)
        }
        _ => false,
    })
}

/// Whether any task sent the uevent since this one entered the function that it leaves here.
fn is_told(trace: &Trace, leave: usize, task: TaskId, span: Span, of: Subject) -> bool {
    let state = if span == Span::MdevRegister { MdevState::Registered } else { MdevState::Unregistered };
    let entered = |event: &&Event| event.task != task || event.what != What::Enter(span, of);
    let mut inside = trace.events[..leave].iter().rev().take_while(entered);
    inside.any(|event| event.what == What::Uevent(Action::Change(state), of))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Errno, Parent};

    const PARENT: Subject = Subject::Parent(Parent::Mtty0);
    const ENTER: What = What::Enter(Span::MdevRegister, PARENT);
    const LEAVE: What = What::Leave(Span::MdevRegister, PARENT, None);
    const TOLD: What = What::Uevent(Action::Change(MdevState::Registered), PARENT);

    fn broken(events: &[What]) -> Option<usize> {
        check(&Trace::of(events.iter().map(|what| (0, *what))))
    }

    #[test]
    fn told_before_it_returns_keeps_it() {
        assert_eq!(broken(&[ENTER, TOLD, LEAVE]), None);
        let refused = What::Leave(Span::MdevRegister, PARENT, Some(Errno::EEXIST));
        assert_eq!(broken(&[ENTER, refused]), None);
    }

    #[test]
    fn another_task_may_tell_for_it() {
        assert_eq!(check(&Trace::of([(0, ENTER), (1, TOLD), (0, LEAVE)])), None);
        assert_eq!(check(&Trace::of([(1, TOLD), (0, ENTER), (0, LEAVE)])), Some(2));
        let another_enters = [(0, ENTER), (0, TOLD), (1, ENTER), (0, LEAVE)];
        assert_eq!(check(&Trace::of(another_enters)), None);
    }

    #[test]
    fn not_told_or_told_of_another_time_breaks_it() {
        assert_eq!(broken(&[ENTER, LEAVE]), Some(1));
        assert_eq!(broken(&[ENTER, TOLD, LEAVE, ENTER, LEAVE]), Some(4));
    }
}
