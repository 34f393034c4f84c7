//! A uevent is sent when what it says is true, and in an order that a listener can follow.

use crate::event::{Action, Event, Kinds, MdevState, Parent, Span, Subject, TaskId, Trace, Uuid, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// A uevent is sent when what it says is true, and in an order that a listener can follow.
pub const UEVENT_ORDER: Invariant = Invariant {
    id: 0x10,
    name: "uevent-order",
    says: "A parent's registered and unregistered alternate, the first once its types can be used, the second \
           once its children, its types and mdev core's references are gone; a child's uevents come as add, \
           bind, unbind, remove, those of its vfio device between, and a creation that fails leaves none without end.",
    cites: &[
        Cite {
            mail: &mail::UEVENTS,
            who: "Alex Williamson",
            claim: "each event marks the completion of a process, so it is sent when that has completed",
        },
        Cite {
            mail: &mail::UEVENTS,
            who: "Alex Williamson",
            claim: "while mdev core holds a reference the device is not fully unregistered",
        },
        Cite {
            mail: &mail::UEVENTS,
            who: "Kirti Wankhede",
            claim: "a device is unregistered when its children and files are gone and none can be created",
        },
    ],
    about: Kinds::UEVENT,
    observable: true,
    check,
};

/// The last uevent of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    #[default]
    Gone,
    Added,
    Bound,
    Unbound,
}

#[derive(Debug, Clone, Copy, Default)]
struct ParentState {
    /// Whether the trace shows the inside of registration: a log of a real machine may have only uevents.
    is_observed: bool,
    is_visible: bool,
    is_registered: bool,
    /// How many `struct mdev_parent` there are: each is a reference of mdev core to the device.
    tracked: u8,
}

/// What the uevents so far, and the kernel beneath them, say.
struct State {
    parents: [ParentState; Parent::COUNT],
    children: [Stage; Uuid::COUNT],
    parent_of: [Option<Parent>; Uuid::COUNT],
    /// Which task has created each child.
    made_by: [Option<TaskId>; Uuid::COUNT],
}

impl State {
    /// Takes an event in; false if it breaks the invariant.
    fn step(&mut self, event: &Event) -> bool {
        match event.what {
            What::Enter(Span::MdevRegister, Subject::Parent(parent)) => self.of(parent).is_observed = true,
            What::Visible(Subject::Parent(parent)) => self.of(parent).is_visible = true,
            What::Hidden(Subject::Parent(parent)) => self.of(parent).is_visible = false,
            What::Alloc(Subject::MdevParent(parent)) => self.of(parent).tracked += 1,
            What::Free(Subject::MdevParent(parent)) => {
                self.of(parent).tracked = self.of(parent).tracked.saturating_sub(1);
            }
            What::Uevent(action, Subject::Parent(parent)) => return self.parent(action, parent),
            What::Uevent(action, Subject::Child(parent, uuid)) => {
                return self.child(action, parent, uuid, event.task);
            }
            What::Uevent(action, Subject::VfioDevice(_, uuid) | Subject::VfioGroup(_, uuid)) => {
                return self.vfio(action, uuid);
            }
            What::Leave(Span::MdevCreate, _, Some(_)) => return self.left_nothing(event.task),
            _ => {}
        }
        true
    }

    fn of(&mut self, parent: Parent) -> &mut ParentState {
        &mut self.parents[parent.index()]
    }

    fn parent(&mut self, action: Action, parent: Parent) -> bool {
        let has_children = Uuid::ALL.iter().any(|uuid| {
            self.parent_of[uuid.index()] == Some(parent) && self.children[uuid.index()] != Stage::Gone
        });
        let state = self.of(parent);
        match action {
            Action::Change(MdevState::Registered) => {
                let was = std::mem::replace(&mut state.is_registered, true);
                !was && (state.is_visible || !state.is_observed)
            }
            Action::Change(MdevState::Unregistered) => {
                let was = std::mem::replace(&mut state.is_registered, false);
                was && !state.is_visible && state.tracked == 0 && !has_children
            }
            Action::Add | Action::Remove => !state.is_registered,
            Action::Bind | Action::Unbind | Action::Move(_) => true,
        }
    }

    /// The driver of a child registers it with vfio before it is bound, and takes it back before it lets go.
    fn vfio(&self, action: Action, uuid: Uuid) -> bool {
        let stage = self.children[uuid.index()];
        match action {
            Action::Add => stage == Stage::Added,
            Action::Remove => stage == Stage::Bound,
            Action::Bind | Action::Unbind | Action::Change(_) | Action::Move(_) => false,
        }
    }

    /// A creation that failed told of nothing, or of an end too.
    fn left_nothing(&self, task: TaskId) -> bool {
        Uuid::ALL.iter().all(|uuid| {
            self.made_by[uuid.index()] != Some(task) || self.children[uuid.index()] != Stage::Added
        })
    }

    fn child(&mut self, action: Action, parent: Parent, uuid: Uuid, task: TaskId) -> bool {
        let stage = &mut self.children[uuid.index()];
        let (keeps, next) = match action {
            Action::Add => (*stage == Stage::Gone, Stage::Added),
            Action::Bind => (*stage == Stage::Added, Stage::Bound),
            Action::Unbind => (*stage == Stage::Bound, Stage::Unbound),
            // A driver whose probe failed was never bound.
            Action::Remove => (matches!(*stage, Stage::Added | Stage::Unbound), Stage::Gone),
            Action::Change(_) | Action::Move(_) => (true, *stage),
        };
        *stage = next;
        if action == Action::Add {
            self.parent_of[uuid.index()] = Some(parent);
            self.made_by[uuid.index()] = Some(task);
        }
        keeps
    }
}

fn check(trace: &Trace) -> Option<usize> {
    let mut state = State {
        parents: Default::default(),
        children: Default::default(),
        parent_of: [None; Uuid::COUNT],
        made_by: [None; Uuid::COUNT],
    };
    trace.events.iter().position(|event| !state.step(event))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: Subject = Subject::Parent(Parent::Mtty0);
    const CORE: Subject = Subject::MdevParent(Parent::Mtty0);
    const CHILD: Subject = Subject::Child(Parent::Mtty0, Uuid::A);
    const REGISTERED: What = What::Uevent(Action::Change(MdevState::Registered), PARENT);
    const UNREGISTERED: What = What::Uevent(Action::Change(MdevState::Unregistered), PARENT);
    const ENTER: What = What::Enter(Span::MdevRegister, PARENT);

    fn broken(events: &[What]) -> Option<usize> {
        check(&Trace::of(events.iter().map(|what| (0, *what))))
    }

    #[test]
    fn a_life_in_order_keeps_it() {
        let begin = [ENTER, What::Alloc(CORE), What::Visible(PARENT), REGISTERED];
        let create = [What::Uevent(Action::Add, CHILD)];
        let child = [Action::Bind, Action::Unbind, Action::Remove].map(|action| What::Uevent(action, CHILD));
        let end =
            [What::Hidden(PARENT), What::Free(CORE), UNREGISTERED, What::Uevent(Action::Remove, PARENT)];
        let life = [&begin[..], &create, &child, &end].concat();
        assert_eq!(broken(&life), None);
        assert_eq!(broken(&[&life[..], &life].concat()), None);
    }

    #[test]
    fn registered_before_the_types_breaks_it() {
        assert_eq!(broken(&[ENTER, REGISTERED, What::Visible(PARENT)]), Some(1));
    }

    #[test]
    fn a_log_of_uevents_alone_shows_no_types() {
        assert_eq!(broken(&[REGISTERED, UNREGISTERED, REGISTERED]), None);
    }

    #[test]
    fn registered_twice_breaks_it() {
        assert_eq!(broken(&[What::Visible(PARENT), REGISTERED, REGISTERED]), Some(2));
        assert_eq!(broken(&[REGISTERED, UNREGISTERED, UNREGISTERED]), Some(2));
    }

    #[test]
    fn unregistered_with_the_types_there_breaks_it() {
        assert_eq!(broken(&[What::Visible(PARENT), REGISTERED, UNREGISTERED]), Some(2));
    }

    #[test]
    fn unregistered_with_a_reference_of_mdev_core_breaks_it() {
        let events =
            [What::Alloc(CORE), What::Visible(PARENT), REGISTERED, What::Hidden(PARENT), UNREGISTERED];
        assert_eq!(broken(&events), Some(4));
    }

    #[test]
    fn unregistered_before_a_child_goes_breaks_it() {
        let create = [What::Uevent(Action::Add, CHILD)];
        assert_eq!(broken(&[&[REGISTERED][..], &create, &[UNREGISTERED]].concat()), Some(2));
    }

    #[test]
    fn a_child_that_stays_bound_breaks_it() {
        let child = [Action::Add, Action::Bind, Action::Remove].map(|action| What::Uevent(action, CHILD));
        assert_eq!(broken(&child), Some(2));
    }

    #[test]
    fn a_vfio_device_outside_of_its_driver_breaks_it() {
        let vfio = Subject::VfioDevice(Parent::Mtty0, Uuid::A);
        let (add, bind) = (What::Uevent(Action::Add, CHILD), What::Uevent(Action::Bind, CHILD));
        let (vfio_add, vfio_remove) = (What::Uevent(Action::Add, vfio), What::Uevent(Action::Remove, vfio));
        assert_eq!(broken(&[add, vfio_add, bind, vfio_remove]), None);
        assert_eq!(broken(&[add, bind, vfio_add]), Some(2));
        assert_eq!(broken(&[add, vfio_add, vfio_remove]), Some(2));
    }

    #[test]
    fn a_creation_that_fails_and_leaves_its_device_breaks_it() {
        let failed = What::Leave(Span::MdevCreate, PARENT, Some(crate::event::Errno::ENOSPC));
        let (add, remove) = (What::Uevent(Action::Add, CHILD), What::Uevent(Action::Remove, CHILD));
        assert_eq!(broken(&[add, remove, failed]), None);
        assert_eq!(broken(&[add, failed]), Some(1));
    }

    #[test]
    fn a_parent_that_goes_registered_breaks_it() {
        assert_eq!(broken(&[REGISTERED, What::Uevent(Action::Remove, PARENT)]), Some(1));
    }
}
