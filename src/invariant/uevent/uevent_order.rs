//! A uevent is sent when what it says is true, and in an order that a listener can follow.

use crate::event::{Action, Event, Kinds, Life, MdevState, Parent, Span, Subject, TaskId, Trace, Uuid, What};
use crate::invariant::Invariant;
use crate::invariant::lives::Lives;
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
    ends_all: false,
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
}

/// What uevents say of a child.
#[derive(Debug, Clone, Copy, Default)]
struct Child {
    stage: Stage,
    parent: Option<Parent>,
    /// Which task has created it.
    made_by: Option<TaskId>,
}

/// What the uevents so far, and the kernel beneath them, say.
#[derive(Default)]
struct State {
    parents: Lives<ParentState, { Parent::COUNT }>,
    /// How many `struct mdev_parent` there are of each: each is a reference of mdev core to the device.
    tracked: [u8; Parent::COUNT],
    children: Lives<Child, { Uuid::COUNT }>,
    /// Which vfio devices and groups there are.
    vfio_devices: Lives<bool, { Uuid::COUNT }>,
    vfio_groups: Lives<bool, { Uuid::COUNT }>,
}

impl State {
    /// Takes an event in; false if it breaks the invariant.
    fn step(&mut self, event: &Event) -> bool {
        match event.what {
            What::Enter(Span::MdevRegister, Subject::Parent(parent)) => {
                self.parents.of(parent.index(), event.life).is_observed = true;
            }
            What::Visible(Subject::Parent(parent)) => {
                self.parents.of(parent.index(), event.life).is_visible = true;
            }
            What::Hidden(Subject::Parent(parent)) => {
                self.parents.of(parent.index(), event.life).is_visible = false;
            }
            What::Alloc(Subject::MdevParent(parent)) => self.tracked[parent.index()] += 1,
            What::Free(Subject::MdevParent(parent)) => {
                self.tracked[parent.index()] = self.tracked[parent.index()].saturating_sub(1);
            }
            What::Uevent(action, Subject::Parent(parent)) => return self.parent(action, parent, event.life),
            What::Uevent(action, Subject::Child(parent, uuid)) => {
                return self.child(action, parent, uuid, event);
            }
            What::Uevent(action, Subject::VfioDevice(_, uuid)) => {
                let is_there = self.vfio_devices.of(uuid.index(), event.life);
                return Self::alternates(action, is_there) & self.vfio(action, uuid);
            }
            What::Uevent(action, Subject::VfioGroup(_, uuid)) => {
                let is_there = self.vfio_groups.of(uuid.index(), event.life);
                return Self::alternates(action, is_there) & self.vfio(action, uuid);
            }
            What::Leave(Span::MdevCreate, _, Some(_)) => return self.left_nothing(event.task),
            _ => {}
        }
        true
    }

    /// What is added once is removed before it is added again.
    fn alternates(action: Action, is_there: &mut bool) -> bool {
        match action {
            Action::Add => !std::mem::replace(is_there, true),
            Action::Remove => std::mem::take(is_there),
            Action::Bind | Action::Unbind | Action::Change(_) | Action::Move(_) => true,
        }
    }

    fn parent(&mut self, action: Action, parent: Parent, life: Life) -> bool {
        let is_left = |child: &Child| child.parent == Some(parent) && child.stage != Stage::Gone;
        let has_children = Uuid::ALL.iter().any(|uuid| self.children.all(uuid.index()).any(is_left));
        let tracked = self.tracked[parent.index()];
        let state = self.parents.of(parent.index(), life);
        match action {
            Action::Change(MdevState::Registered) => {
                let was = std::mem::replace(&mut state.is_registered, true);
                !was && (state.is_visible || !state.is_observed)
            }
            Action::Change(MdevState::Unregistered) => {
                let was = std::mem::replace(&mut state.is_registered, false);
                was && !state.is_visible && tracked == 0 && !has_children
            }
            Action::Add | Action::Remove => !state.is_registered,
            Action::Bind | Action::Unbind | Action::Move(_) => true,
        }
    }

    /// The driver of a child registers it with vfio before it is bound, and unregisters it before it is unbound.
    fn vfio(&mut self, action: Action, uuid: Uuid) -> bool {
        let stage = self.children.of(uuid.index(), 0).stage;
        match action {
            Action::Add => matches!(stage, Stage::Added | Stage::Unbound),
            Action::Remove => stage == Stage::Bound,
            Action::Bind | Action::Unbind | Action::Change(_) | Action::Move(_) => false,
        }
    }

    /// A creation that failed told of nothing, or of an end too.
    fn left_nothing(&self, task: TaskId) -> bool {
        let is_left = |child: &Child| child.made_by == Some(task) && child.stage == Stage::Added;
        !Uuid::ALL.iter().any(|uuid| self.children.all(uuid.index()).any(is_left))
    }

    fn child(&mut self, action: Action, parent: Parent, uuid: Uuid, event: &Event) -> bool {
        let child = self.children.of(uuid.index(), event.life);
        let (keeps, next) = match action {
            Action::Add => (child.stage == Stage::Gone, Stage::Added),
            // A user may unbind its driver and bind it again.
            Action::Bind => (matches!(child.stage, Stage::Added | Stage::Unbound), Stage::Bound),
            Action::Unbind => (child.stage == Stage::Bound, Stage::Unbound),
            // A driver whose probe failed was never bound.
            Action::Remove => (matches!(child.stage, Stage::Added | Stage::Unbound), Stage::Gone),
            Action::Change(_) | Action::Move(_) => (true, child.stage),
        };
        child.stage = next;
        if action == Action::Add {
            child.parent = Some(parent);
            child.made_by = Some(event.task);
        }
        keeps
    }
}

fn check(trace: &Trace) -> Option<usize> {
    let mut state = State::default();
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
        let (add, bind) = (What::Uevent(Action::Add, CHILD), What::Uevent(Action::Bind, CHILD));
        let [device, group] = [Subject::VfioDevice, Subject::VfioGroup].map(|of| of(Parent::Mtty0, Uuid::A));
        for vfio in [device, group] {
            let (vfio_add, vfio_remove) =
                (What::Uevent(Action::Add, vfio), What::Uevent(Action::Remove, vfio));
            assert_eq!(broken(&[add, vfio_add, bind, vfio_remove]), None);
            assert_eq!(broken(&[add, bind, vfio_add]), Some(2));
            assert_eq!(broken(&[add, vfio_add, vfio_remove]), Some(2));
            assert_eq!(broken(&[add, vfio_add, vfio_add]), Some(2), "it is told once");
            assert_eq!(broken(&[add, vfio_add, bind, vfio_remove, vfio_remove]), Some(4));
        }
    }

    #[test]
    fn a_driver_may_be_bound_again() {
        let vfio = Subject::VfioDevice(Parent::Mtty0, Uuid::A);
        let once = [What::Uevent(Action::Add, vfio), What::Uevent(Action::Bind, CHILD)];
        let back = [What::Uevent(Action::Remove, vfio), What::Uevent(Action::Unbind, CHILD)];
        let add = [What::Uevent(Action::Add, CHILD)];
        assert_eq!(broken(&[&add[..], &once, &back, &once].concat()), None);
        assert_eq!(broken(&[&add[..], &once, &back, &back].concat()), Some(5));
    }

    #[test]
    fn a_late_uevent_of_an_earlier_child_breaks_it_though_there_is_another() {
        let of = |life, action| (0, life, What::Uevent(action, CHILD));
        let early = [of(1, Action::Add), of(1, Action::Remove), of(2, Action::Add)];
        assert_eq!(check(&Trace::of_lives(early.into_iter().chain([of(1, Action::Remove)]))), Some(3));
        assert_eq!(check(&Trace::of_lives(early.into_iter().chain([of(2, Action::Remove)]))), None);
    }

    #[test]
    fn a_creation_that_fails_and_leaves_its_device_breaks_it() {
        let failed = What::Leave(Span::MdevCreate, PARENT, Some(crate::event::Errno::ENOSPC));
        let (add, remove) = (What::Uevent(Action::Add, CHILD), What::Uevent(Action::Remove, CHILD));
        assert_eq!(broken(&[add, remove, failed]), None);
        assert_eq!(broken(&[add, failed]), Some(1));
        assert_eq!(check(&Trace::of([(1, add), (0, failed)])), None, "another task made it");
    }

    #[test]
    fn a_parent_that_goes_registered_breaks_it() {
        assert_eq!(broken(&[REGISTERED, What::Uevent(Action::Remove, PARENT)]), Some(1));
    }
}
