//! That a parent is registered, or no longer is, is told.

use crate::event::{Action, Kinds, MdevState, Span, Subject, TaskId, Trace, What};
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

/// Whether the task has sent the uevent since it entered the function that it leaves here.
fn is_told(trace: &Trace, leave: usize, task: TaskId, span: Span, of: Subject) -> bool {
    let state = if span == Span::MdevRegister { MdevState::Registered } else { MdevState::Unregistered };
    let own = trace.events[..leave].iter().rev().filter(|event| event.task == task);
    let inside = own.take_while(|event| event.what != What::Enter(span, of));
    inside.into_iter().any(|event| event.what == What::Uevent(Action::Change(state), of))
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
    fn not_told_or_told_of_another_time_breaks_it() {
        assert_eq!(broken(&[ENTER, LEAVE]), Some(1));
        assert_eq!(broken(&[ENTER, TOLD, LEAVE, ENTER, LEAVE]), Some(4));
    }
}
