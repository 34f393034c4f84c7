//! udev's rules find what an event says.

use crate::event::value::{Configured, Value};
use crate::event::{
    Action, Kinds, Life, MdevState, Parent, RUN_TASKS_MAX, Span, Subject, TaskId, Trace, Uuid, What,
};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// A rule that acts on `registered` can make its device, unless the parent is being unregistered or the UUID is taken;
/// and what a rule forgets on `unregistered` is gone.
pub const RULES_FIND_WHAT_IS_SAID: Invariant = Invariant {
    id: 0x21,
    name: "rules-find-what-is-said",
    says: "A rule that acts on registered finds the parent's types, and one that acts on unregistered finds the device \
           that it had made gone.",
    cites: &[
        Cite {
            mail: &mail::UEVENTS,
            who: "Alex Williamson",
            claim: "udev rules are to be triggered when a parent is registered or unregistered",
        },
        Cite {
            mail: &mail::UEVENTS,
            who: "Alex Williamson",
            claim: "the notification belongs where what it says is true",
        },
    ],
    about: Kinds::CONFIGURED,
    observable: false,
    ends_all: false,
    check,
};

const UNREGISTERED: Action = Action::Change(MdevState::Unregistered);

struct State {
    /// The task that made each device that is there, having received every uevent of the parent by then.
    made_by: [Option<(TaskId, Life)>; Uuid::COUNT],
    /// Whose registration is under way.
    is_registering: [bool; Parent::COUNT],
    /// Whose types can be found.
    is_visible: [bool; Parent::COUNT],
    /// How often each parent said `unregistered`, and how often each task heard it.
    said: [u8; Parent::COUNT],
    heard: [[u8; Parent::COUNT]; RUN_TASKS_MAX],
}

impl State {
    /// Whether a task has yet to hear of the end of a parent's registration.
    fn is_late(&self, task: TaskId, parent: Parent) -> bool {
        self.heard[usize::from(task)][parent.index()] < self.said[parent.index()]
    }
}

fn check(trace: &Trace) -> Option<usize> {
    let mut state = State {
        made_by: [None; Uuid::COUNT],
        is_registering: [false; Parent::COUNT],
        is_visible: [false; Parent::COUNT],
        said: [0; Parent::COUNT],
        heard: [[0; Parent::COUNT]; RUN_TASKS_MAX],
    };
    trace.events.iter().position(|event| {
        match event.what {
            What::Enter(Span::MdevRegister, Subject::Parent(parent)) => {
                state.is_registering[parent.index()] = true;
            }
            What::Leave(Span::MdevRegister, Subject::Parent(parent), _) => {
                state.is_registering[parent.index()] = false;
            }
            What::Visible(Subject::Parent(parent)) => state.is_visible[parent.index()] = true,
            What::Hidden(Subject::Parent(parent)) => state.is_visible[parent.index()] = false,
            What::Uevent(UNREGISTERED, Subject::Parent(parent)) => {
                state.said[parent.index()] = state.said[parent.index()].saturating_add(1)
            }
            What::Seen(UNREGISTERED, Subject::Parent(parent)) => {
                state.heard[usize::from(event.task)][parent.index()] += 1;
            }
            What::Uevent(Action::Add, Subject::Child(parent, uuid)) => {
                // A task that acts on an old uevent makes a device that the next event is not about.
                let is_late = state.is_late(event.task, parent);
                state.made_by[uuid.index()] = (!is_late).then_some((event.task, event.life));
            }
            What::Uevent(Action::Remove, Subject::Child(_, uuid)) => {
                let made = &mut state.made_by[uuid.index()];
                *made = made.filter(|(_, life)| *life != event.life);
            }
            What::Set(Subject::Configured(parent, _), _, new) if is(new, Configured::Failed) => {
                let is_early = state.is_registering[parent.index()] && !state.is_visible[parent.index()];
                return is_early && !state.is_late(event.task, parent);
            }
            What::Set(Subject::Configured(_, uuid), old, new)
                if is(old, Configured::Started) && is(new, Configured::Forgotten) =>
            {
                return state.made_by[uuid.index()].is_some_and(|(task, _)| task == event.task);
            }
            _ => {}
        }
        false
    })
}

fn is(byte: u8, what: Configured) -> bool {
    Configured::unpack(byte) == Some(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(old: Configured, new: Configured) -> What {
        What::Set(KNOWN, old.pack(), new.pack())
    }

    fn starts() -> (TaskId, What) {
        (1, turns(Configured::Forgotten, Configured::Started))
    }

    fn forgets() -> (TaskId, What) {
        (1, turns(Configured::Started, Configured::Forgotten))
    }

    const PARENT: Subject = Subject::Parent(Parent::Mtty0);
    const CHILD: Subject = Subject::Child(Parent::Mtty0, Uuid::A);
    const KNOWN: Subject = Subject::Configured(Parent::Mtty0, Uuid::A);
    const ADD: (TaskId, What) = (1, What::Uevent(Action::Add, CHILD));
    const REMOVE: (TaskId, What) = (2, What::Uevent(Action::Remove, CHILD));

    fn broken(events: &[(TaskId, What)]) -> Option<usize> {
        check(&Trace::of(events.iter().copied()))
    }

    #[test]
    fn a_device_that_is_gone_may_be_forgotten() {
        assert_eq!(broken(&[ADD, starts(), REMOVE, forgets()]), None);
        assert_eq!(broken(&[ADD, starts(), forgets()]), Some(2));
    }

    #[test]
    fn a_device_that_somebody_else_made_since_is_none_of_the_rules() {
        let other = (3, What::Uevent(Action::Add, CHILD));
        assert_eq!(broken(&[ADD, starts(), REMOVE, other, forgets()]), None);
    }

    #[test]
    fn a_device_that_was_made_on_old_news_is_not_what_the_next_event_is_about() {
        let said = (0, What::Uevent(UNREGISTERED, PARENT));
        let heard = (1, What::Seen(UNREGISTERED, PARENT));
        assert_eq!(broken(&[said, ADD, starts(), heard, forgets()]), None);
        assert_eq!(broken(&[said, heard, ADD, starts(), forgets()]), Some(4));
    }

    #[test]
    fn a_failure_counts_only_before_there_are_types() {
        let enter = (0, What::Enter(Span::MdevRegister, PARENT));
        let failed = (1, turns(Configured::Forgotten, Configured::Failed));
        assert_eq!(broken(&[enter, failed]), Some(1));
        let [shown, hidden] = [What::Visible(PARENT), What::Hidden(PARENT)].map(|what| (0, what));
        assert_eq!(broken(&[enter, shown, failed]), None);
        assert_eq!(broken(&[shown, hidden, enter, failed]), Some(3), "it is registered for the second time");
        let leave = (0, What::Leave(Span::MdevRegister, PARENT, None));
        assert_eq!(broken(&[enter, leave, failed]), None, "no registration is under way");
        assert_eq!(broken(&[failed]), None, "none has begun");
        let said = (0, What::Uevent(UNREGISTERED, PARENT));
        assert_eq!(broken(&[said, enter, failed]), None, "the rules act on an old event");
    }

    #[test]
    fn only_a_device_that_was_started_can_be_forgotten() {
        let turn = |old, new| broken(&[ADD, (1, turns(old, new))]);
        assert_eq!(turn(Configured::Failed, Configured::Forgotten), None);
        assert_eq!(turn(Configured::Started, Configured::Started), None);
        assert_eq!(turn(Configured::Started, Configured::Forgotten), Some(1));
    }
}
