//! What an event changes of the facts that hold, and whose state that is.

use super::LASTING;
use crate::event::{Event, Family, Handle, SnapshotId, Subject, What};
use std::hash::{Hash, Hasher};

/// What an event does to the facts.
pub(super) enum Change {
    Begins(u64),
    Ends(u64),
    /// All facts about the object end.
    EndsAll(u64),
    Turns(u64, u64),
    /// It changes none, but that it happens in this state is worth knowing.
    Nothing(u64),
}

/// Sorts of facts, so that an object that is ready does not look like one that is visible.
#[derive(Hash)]
enum Fact {
    Alive,
    Ready,
    Visible,
    Part,
    Value(u8),
    Held,
    Queued,
    Working,
    Running,
    Calling,
    Gone,
}

pub(super) fn hash(value: &impl Hash) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

/// How many families an instance has apart from itself.
const APART: usize = Family::Instance as usize;

/// How many states are kept apart: for each devlink instance those of its families and its own, one for mdev, one for
/// ib_core, and one for what belongs to no device.
pub(in crate::search) const FAMILIES: usize = Handle::COUNT * (1 + APART) + 3;

/// Which state an object belongs to, and the one around it.
pub(super) fn family(of: Subject) -> (usize, Option<usize>) {
    const OTHERS: usize = Handle::COUNT * (1 + APART);
    let family = of.kind().family() as usize;
    match of.device().map(Handle::index) {
        Some(own) if family < APART => (Handle::COUNT * (1 + family) + own, Some(own)),
        Some(own) => (own, None),
        None => (OTHERS + family - Family::Mdev as usize, None),
    }
}

/// The object with the first device of the same driver in place of its own, and one snapshot like any other.
pub(super) fn alike(of: Subject) -> Subject {
    let of = match of {
        Subject::Snapshot(region, _) => Subject::Snapshot(region, SnapshotId::ALL[0]),
        of => of,
    };
    match of.device() {
        Some(Handle::Netdevsim0 | Handle::Netdevsim1) => of.on(Handle::Netdevsim0),
        Some(Handle::Mlx50 | Handle::Mlx51 | Handle::Mlx52) => of.on(Handle::Mlx50),
        Some(Handle::Mlxsw0 | Handle::Lc1) | None => of,
    }
}

/// What an event changes, and of what object; none for events that say nothing of the kernel's state.
#[inline]
pub(super) fn change(event: &Event) -> Option<(Subject, Change)> {
    use Change::{Begins, Ends, EndsAll, Nothing, Turns};
    let of = |fact: Fact, subject: Subject| hash(&(fact, alike(subject)));
    let lasting = |fact: Fact, subject: Subject| of(fact, subject) | LASTING;
    let passing = |fact: u64| fact & !LASTING;
    Some(match event.what {
        What::Alloc(subject) => (subject, Begins(lasting(Fact::Alive, subject))),
        What::Free(subject) => (subject, EndsAll(lasting(Fact::Alive, subject))),
        What::Ready(subject) => (subject, Begins(lasting(Fact::Ready, subject))),
        What::Unready(subject) => (subject, Ends(lasting(Fact::Ready, subject))),
        What::Visible(subject) => (subject, Begins(lasting(Fact::Visible, subject))),
        What::Hidden(subject) => (subject, Ends(lasting(Fact::Visible, subject))),
        What::Add(subject) => (subject, Begins(lasting(Fact::Part, subject))),
        What::Remove(subject) => (subject, EndsAll(lasting(Fact::Part, subject))),
        What::Set(subject, from, to) => {
            (subject, Turns(lasting(Fact::Value(from), subject), lasting(Fact::Value(to), subject)))
        }
        What::Acquire(lock, mode) => {
            (lock.of, Begins(passing(hash(&(lock.class, mode, of(Fact::Held, lock.of))))))
        }
        What::Release(lock, mode) => {
            (lock.of, Ends(passing(hash(&(lock.class, mode, of(Fact::Held, lock.of))))))
        }
        What::Queue(queue, work, _) => {
            (Subject::Queue(queue), Begins(passing(hash(&(Fact::Queued, queue, work)))))
        }
        What::Cancel(queue, work) => {
            (Subject::Queue(queue), Ends(passing(hash(&(Fact::Queued, queue, work)))))
        }
        What::WorkBegin(queue, work) => {
            let turns = Turns(
                passing(hash(&(Fact::Queued, queue, work))),
                passing(hash(&(Fact::Working, queue, work))),
            );
            (Subject::Queue(queue), turns)
        }
        What::WorkEnd(queue, work) => {
            (Subject::Queue(queue), Ends(passing(hash(&(Fact::Working, queue, work)))))
        }
        What::Enter(span, subject) => (subject, Begins(passing(hash(&(span, of(Fact::Running, subject)))))),
        What::Leave(span, subject, _) => (subject, Ends(passing(hash(&(span, of(Fact::Running, subject)))))),
        What::Call(callback, subject) => {
            (subject, Begins(passing(hash(&(callback, of(Fact::Calling, subject))))))
        }
        What::Return(callback, subject, _) => {
            (subject, Ends(passing(hash(&(callback, of(Fact::Calling, subject))))))
        }
        What::ModuleGone(module) => (Subject::Module(module), Begins(hash(&(Fact::Gone, module)) | LASTING)),
        // A wait has no event for its end, so it is no fact, but a step like any other.
        What::Block(lock) => (lock.of, Nothing(hash(&lock.class))),
        What::Notify(_, subject, _)
        | What::Link(_, subject)
        | What::Heard(_, subject, _)
        | What::Uevent(_, subject)
        | What::Seen(_, subject)
        | What::Dumped(subject, _)
        | What::UseAfterFree(subject, ..)
        | What::Underflow(subject, _)
        | What::Leak(subject, _)
        | What::Warn(subject, _) => (subject, Nothing(0)),
        // A filter is a state of a socket, and none of the kernel's objects.
        What::Filter(netns, device, port) => (Subject::Netns(netns), Nothing(hash(&(device, port)))),
        What::TextGone(module, _) => (Subject::Module(module), Nothing(0)),
        What::Deadlock(_) | What::LockOrder(_) => (Subject::Kernel, Nothing(0)),
        What::End(_, Some(errno)) => (Subject::Kernel, Nothing(hash(&errno))),
        What::Begin(_)
        | What::In(_)
        | What::End(_, None)
        | What::Preempt(_)
        | What::AtRest(..)
        | What::Ask(..)
        | What::Hold(_)
        | What::Unhold(_)
        | What::Use(_)
        | What::Wake
        | What::Get(..)
        | What::Put(..)
        | What::Console(_)
        | What::Sleeps(_)
        | What::Foreign(_)
        | What::OutOfSteps => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{IbDevice, Parent, SubjectKind};
    use std::collections::BTreeMap;

    #[test]
    fn every_family_of_every_instance_has_a_state_of_its_own() {
        let mut known = BTreeMap::new();
        for handle in Handle::ALL {
            let instance = Subject::Devlink(*handle);
            let parts = SubjectKind::ALL.iter().filter_map(|kind| kind.part(*handle, 0));
            for subject in parts.chain([instance]) {
                let kind = subject.kind().family();
                let (own, around) = family(subject);
                let is_apart = kind as usize != Family::Instance as usize;
                assert_eq!(around, is_apart.then(|| family(instance).0), "{subject}");
                let owner = known.entry(own).or_insert((*handle, kind as usize));
                assert_eq!(*owner, (*handle, kind as usize), "{subject}");
            }
        }
        assert!(known.len() > Handle::COUNT * 4);
        for free in [Subject::Parent(Parent::Mtty0), Subject::Ib(IbDevice::Rxe0), Subject::Kernel] {
            let (own, around) = family(free);
            assert!(own < FAMILIES && around.is_none());
            assert!(known.insert(own, (Handle::Lc1, usize::MAX)).is_none(), "{free}");
        }
    }
}
