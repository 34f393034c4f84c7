//! The references that mdev core takes to a parent's device balance out within mdev core.

use crate::event::{Kinds, Span, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::holders::State;
use crate::mail::{self, Cite};

/// When unregistering returns, mdev core has put every reference to the device that it took since it was registered.
pub const CORE_REFERENCES_BALANCE: Invariant = Invariant {
    id: 0x22,
    name: "core-references-balance",
    says: "When a parent's unregistration returns, mdev core has no reference to its device left.",
    cites: &[Cite {
        mail: &mail::UEVENTS,
        who: "Alex Williamson",
        claim: "the references of the parent and of each child balance out within mdev core",
    }],
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
            What::Leave(Span::MdevUnregister, Subject::Parent(parent), None) => {
                state.counts.of(parent.index(), event.life).core > 0
            }
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Callback, MdevType, Parent, QueueName, WorkFn};

    const PARENT: Subject = Subject::Parent(Parent::Mtty0);
    const ENTER: What = What::Enter(Span::MdevRegister, PARENT);
    const LEAVE: What = What::Leave(Span::MdevRegister, PARENT, None);
    const END: What = What::Enter(Span::MdevUnregister, PARENT);
    const ENDED: What = What::Leave(Span::MdevUnregister, PARENT, None);
    const MADE: [What; 4] = [What::Alloc(PARENT), ENTER, What::Get(PARENT, 2), LEAVE];

    fn broken(events: &[&[What]]) -> Option<usize> {
        check(&Trace::of(events.concat().into_iter().map(|what| (0, what))))
    }

    #[test]
    fn what_was_taken_and_put_keeps_it() {
        assert_eq!(broken(&[&MADE, &[END, What::Put(PARENT, 1), ENDED]]), None);
    }

    #[test]
    fn what_work_puts_is_cores_and_what_its_task_gets_later_is_not() {
        let (queue, work) = (QueueName::System, WorkFn::ReleaseType(Parent::Mtty0, MdevType::Mtty1));
        let work = [What::WorkBegin(queue, work), What::Put(PARENT, 1), What::WorkEnd(queue, work)];
        assert_eq!(broken(&[&MADE, &work, &[END, ENDED]]), None);
        assert_eq!(broken(&[&MADE, &work, &[What::Get(PARENT, 2), END, ENDED]]), None);
    }

    #[test]
    fn a_reference_that_core_keeps_breaks_it() {
        assert_eq!(broken(&[&MADE, &[END, ENDED]]), Some(5));
    }

    #[test]
    fn a_reference_that_a_driver_takes_below_core_is_the_drivers() {
        let call = What::Call(Callback::MdevProbe, PARENT);
        let back = What::Return(Callback::MdevProbe, PARENT, None);
        let create = [What::Enter(Span::MdevCreate, PARENT), call, What::Get(PARENT, 3), back];
        assert_eq!(broken(&[&MADE, &create, &[END, What::Put(PARENT, 2), ENDED]]), None);
    }
}
