//! Complaints of a kernel beside programs: which of them shows the same shape.
//!
//! A lockdep report or a hung task is compared by the locks that it names with the cycle of a program; a use after free by
//! the functions on its stack with the places where a program frees and uses. A likeness is a place to start, no proof.

use crate::event::{LockClass, LockName, Point, Trace, What};
use crate::invariant::Violation;
use crate::linux::complaint::Kind;
use std::collections::BTreeSet;

/// How the kernel's reports spell locks that the model spells otherwise.
const SPELLINGS: &[(&str, LockClass)] = &[
    ("devlink->lock_key", LockClass::Devlink),
    ("devlink->lock", LockClass::Devlink),
    ("dev->mutex", LockClass::DeviceLock),
    ("device_lock", LockClass::DeviceLock),
    ("pernet_ops_rwsem", LockClass::PernetOps),
    ("nsim_dev->port_list_lock", LockClass::NsimPortList),
    ("(wq_completion)", LockClass::Workqueue),
    ("(work_completion)", LockClass::Workqueue),
    ("flush_workqueue", LockClass::Workqueue),
    ("__flush_work", LockClass::Workqueue),
    ("netdev_wait_allrefs", LockClass::Users),
    ("ib_unregister_device", LockClass::Users),
    ("kn->active", LockClass::TakeSnapshotFile),
];

/// What a complaint or a program is known by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// The locks and waits of a cycle.
    pub locks: BTreeSet<&'static str>,
    /// The functions where memory or text is used that is gone.
    pub functions: BTreeSet<String>,
}

impl Shape {
    /// How alike two shapes are: the locks and the functions that both have. Fewer than two locks, or no function, is no
    /// likeness.
    pub fn likeness(&self, other: &Shape) -> usize {
        let locks = self.locks.intersection(&other.locks).count();
        let functions = self.functions.intersection(&other.functions).count();
        if locks >= 2 || functions >= 1 { 2 * locks + functions } else { 0 }
    }
}

/// The shape of a complaint: its kind, and its text in the kernel's log.
pub fn of_complaint(kind: Kind, text: &str) -> Shape {
    match kind {
        Kind::Lockdep | Kind::HungTask | Kind::Atomic | Kind::NetdevReferences => {
            Shape { locks: locks(text), ..Shape::default() }
        }
        Kind::Kasan | Kind::Refcount | Kind::DebugObjects | Kind::Oops | Kind::Panic | Kind::Warning => {
            Shape { functions: functions(text), ..Shape::default() }
        }
    }
}

/// The locks that a text names.
fn locks(text: &str) -> BTreeSet<&'static str> {
    let classes = ALL_CLASSES.iter().filter(|class| has_word(text, class.name())).map(|class| class.name());
    let spelled = SPELLINGS.iter().filter(|(word, _)| text.contains(word)).map(|(_, class)| class.name());
    classes.chain(spelled).collect()
}

/// Whether a text has a word, with nothing of a name beside it.
fn has_word(text: &str, word: &str) -> bool {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_name) && !after.is_some_and(is_name)
    })
}

/// The functions of a stack: what stands before `+0x`.
fn functions(text: &str) -> BTreeSet<String> {
    let words = text.split([' ', '\n', '\t', '(', ')']);
    words.filter_map(|word| word.split_once("+0x")).map(|(function, _)| function.to_string()).collect()
}

/// The classes that a report can name.
const ALL_CLASSES: &[LockClass] = &[
    LockClass::DevlinkMutex,
    LockClass::ParentListLock,
    LockClass::MdevListLock,
    LockClass::UnregSem,
    LockClass::DeviceMutex,
    LockClass::ClientMutex,
    LockClass::DevicesRwsem,
    LockClass::ClientsRwsem,
    LockClass::ClientDataRwsem,
    LockClass::UnregistrationLock,
    LockClass::Rtnl,
    LockClass::NsimBusDevList,
    LockClass::LinkOpsRwsem,
    LockClass::ListsRwsem,
];

/// The shape of what a program breaks; none if it is neither a cycle nor a use of what is gone.
pub fn of_violation(trace: &Trace, violation: &Violation) -> Option<Shape> {
    let name = |lock: LockName| lock.class.name();
    let function = |point: Point| {
        let place = point.to_string();
        place.split(':').next().unwrap_or_default().to_string()
    };
    match trace.events[violation.at].what {
        what @ (What::Deadlock(_) | What::LockOrder(_)) => {
            let links = trace.cycle(what).iter();
            Some(Shape {
                locks: links.flat_map(|link| [name(link.holds), name(link.waits)]).collect(),
                ..Shape::default()
            })
        }
        What::UseAfterFree(_, freed, used) => {
            Some(Shape { functions: [function(freed), function(used)].into(), ..Shape::default() })
        }
        What::TextGone(_, at) | What::Underflow(_, at) | What::Warn(_, at) => {
            Some(Shape { functions: [function(at)].into(), ..Shape::default() })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Subject;

    #[test]
    fn a_lockdep_report_is_known_by_its_locks() {
        let text = "WARNING: possible circular locking dependency detected\nkworker/0:1 is trying to acquire lock:\n\
                    ffff88 (rtnl_mutex){+.+.}-{3:3}, at: nsim_dev_reload\nbut task is already holding lock:\n\
                    ffff88 (&devlink->lock_key#3){+.+.}-{3:3}, at: devlink_nl_pre_doit+0x10/0x20\n";
        let shape = of_complaint(Kind::Lockdep, text);
        assert_eq!(shape.locks, ["devlink->lock", "rtnl_mutex"].into());
        let one = Shape { locks: ["rtnl_mutex"].into(), ..Shape::default() };
        assert_eq!(shape.likeness(&one), 0, "one lock is no likeness");
        assert_eq!(shape.likeness(&shape), 4);
    }

    #[test]
    fn a_use_after_free_is_known_by_its_functions() {
        let text = "BUG: KASAN: slab-use-after-free in mdev_device_remove+0x1c/0x90 [mdev]\n mdev_device_release+0x20/0x30";
        let shape = of_complaint(Kind::Kasan, text);
        assert_eq!(shape.functions, ["mdev_device_release", "mdev_device_remove"].map(String::from).into());
    }

    #[test]
    fn a_cycle_has_the_locks_of_its_links() {
        let lock = |class| LockName { class, of: Subject::Kernel };
        let (rtnl, devlink) = (lock(LockClass::Rtnl), lock(LockClass::DevlinkMutex));
        let link = |task, holds, waits| crate::event::Link { task, holds, waits, at: Point::CommandStart };
        let mut trace = Trace::of([(0, What::Deadlock(0))]);
        trace.cycles = vec![vec![link(0, rtnl, devlink), link(1, devlink, rtnl)]];
        let violation = Violation { invariant: crate::invariant::ALL[0], at: 0 };
        assert_eq!(of_violation(&trace, &violation).unwrap().locks, ["devlink_mutex", "rtnl_mutex"].into());
    }
}
