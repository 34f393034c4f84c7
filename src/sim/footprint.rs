//! Footprints: what a step of a task reads and writes, for a search that asks which steps commute.
//!
//! A run keeps its state in the [`cells`](super::cell) of its subsystems and in the tables of the kernel. Both note what
//! is touched while a search explores, so no handler can forget to. The notes are a thread's and not a kernel's, because
//! a cell knows no kernel; no handler reads them, so a run stays a function of its program.

use crate::event::{LockClass, RUN_TASKS_MAX, Subject, TaskId};
use rustc_hash::FxHasher;
use std::cell::{Cell, RefCell};
use std::hash::{Hash, Hasher};

/// Something that two tasks may touch: a cell, or an object of the kernel by its name.
///
/// Equal numbers mean that it may be the same. Two runs give one thing one number as long as every task has done the
/// same in both, whatever the order of the tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shared(u64);

impl Shared {
    /// The number of what has this name.
    pub fn of(name: impl Hash) -> Shared {
        let mut hasher = FxHasher::default();
        name.hash(&mut hasher);
        // The lowest bit says whether it is written.
        Shared(hasher.finish() & !1)
    }
}

/// What one step touches, each once: the number of a [`Shared`], with the lowest bit set if it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Footprint(Vec<u64>);

impl Footprint {
    /// Adds that something is read.
    pub fn read(&mut self, shared: Shared) {
        self.0.push(shared.0);
    }

    /// Adds that something is written.
    pub fn write(&mut self, shared: Shared) {
        self.0.push(shared.0 | 1);
    }

    /// Sorts the entries and keeps the strongest of each.
    pub fn normalise(&mut self) {
        self.0.sort_unstable_by(|left, right| right.cmp(left));
        self.0.dedup_by_key(|entry| *entry & !1);
    }

    /// Whether this is touched.
    pub fn touches(&self, shared: Shared) -> bool {
        self.0.iter().any(|entry| entry & !1 == shared.0)
    }

    /// Whether nothing is touched.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is touched, and whether it is written.
    pub fn entries(&self) -> impl Iterator<Item = (Shared, bool)> {
        self.0.iter().map(|entry| (Shared(entry & !1), entry & 1 != 0))
    }

    /// Whether the order of two steps matters: one writes what the other touches. Both are normalised.
    pub fn conflicts(&self, other: &Footprint) -> bool {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(&&one), Some(&&two)) = (left.peek(), right.peek()) {
            if one & !1 == two & !1 {
                if (one | two) & 1 != 0 {
                    return true;
                }
                left.next();
                right.next();
            } else if one > two {
                left.next();
            } else {
                right.next();
            }
        }
        false
    }
}

/// What orders two steps though their order is no choice: a task that waits for something goes on after it, whether it came before
/// the waiting began or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// What follows this comes after the step.
    Leads(Shared),
    /// The step comes after all that led to this.
    Follows(Shared),
}

/// What tasks of a program do that makes more orders matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Seen {
    /// A task looks for uevents, which it takes in the order of all of them.
    pub uevents: bool,
    /// The classes of the locks that a task tries, a bit each: it sees whether another has just been given the lock.
    pub tries: u64,
}

/// What a thread has noted of its run.
#[derive(Debug)]
struct Notes {
    footprint: Footprint,
    edges: Vec<Edge>,
    task: TaskId,
    /// How many cells each task has made.
    made: [u32; RUN_TASKS_MAX],
    /// What was known when the run began.
    known: Seen,
    seen: Seen,
}

/// The list of uevents.
const ALL_UEVENTS: Shared = Shared(2);

thread_local! {
    static IS_NOTED: Cell<bool> = const { Cell::new(false) };
    static NOTES: RefCell<Notes> = const {
        RefCell::new(Notes {
            footprint: Footprint(Vec::new()),
            edges: Vec::new(),
            task: 0,
            made: [0; RUN_TASKS_MAX],
            known: Seen { uevents: false, tries: 0 },
            seen: Seen { uevents: false, tries: 0 },
        })
    };
}

/// Begins to note what this thread touches, with nothing noted but what is known of the program.
pub(crate) fn begin(known: Seen) {
    IS_NOTED.set(true);
    NOTES.with_borrow_mut(|notes| {
        notes.footprint.0.clear();
        notes.edges.clear();
        notes.task = (RUN_TASKS_MAX - 1) as TaskId;
        notes.made = [0; RUN_TASKS_MAX];
        (notes.known, notes.seen) = (known, known);
    });
}

/// Notes no more. Returns what was known, and what was seen beside it.
pub(crate) fn end() -> Seen {
    IS_NOTED.set(false);
    NOTES.with_borrow(|notes| notes.seen)
}

/// Hands over what orders the step that was noted and others. To be asked before [`take`].
pub(crate) fn edges() -> Vec<Edge> {
    NOTES.with_borrow_mut(|notes| std::mem::take(&mut notes.edges))
}

/// Hands over what was noted, and goes on with nothing for a step of this task.
pub(crate) fn take(next: Option<TaskId>, footprint: &mut Footprint) {
    NOTES.with_borrow_mut(|notes| {
        footprint.0.append(&mut notes.footprint.0);
        notes.edges.clear();
        notes.task = next.unwrap_or(notes.task);
    });
}

/// Whether this thread notes what it touches.
#[inline]
pub(super) fn is_noted() -> bool {
    IS_NOTED.get()
}

/// Notes that the running task reads something.
#[inline]
pub(super) fn reads(name: impl FnOnce() -> Shared) {
    if is_noted() {
        NOTES.with_borrow_mut(|notes| notes.footprint.read(name()));
    }
}

/// Notes that the running task writes something.
#[inline]
pub(super) fn writes(name: impl FnOnce() -> Shared) {
    if is_noted() {
        NOTES.with_borrow_mut(|notes| notes.footprint.write(name()));
    }
}

/// Notes that what follows this comes after the step.
#[inline]
pub(super) fn leads(name: impl FnOnce() -> Shared) {
    if is_noted() {
        NOTES.with_borrow_mut(|notes| notes.edges.push(Edge::Leads(name())));
    }
}

/// Notes that the step, or what its task does once it is woken, comes after all that led to this.
#[inline]
pub(super) fn follows(name: impl FnOnce() -> Shared) {
    if is_noted() {
        NOTES.with_borrow_mut(|notes| notes.edges.push(Edge::Follows(name())));
    }
}

/// Notes that a task sends a uevent. Unless a task looks for some, only the order of those about one subject matters.
pub(super) fn sends(subject: Subject) {
    if is_noted() {
        let one = Shared::of(("uevents", subject));
        NOTES.with_borrow_mut(|notes| {
            notes.footprint.write(if notes.known.uevents { ALL_UEVENTS } else { one })
        });
    }
}

/// Notes that a task looks for uevents, which it takes in the order of all of them.
pub(super) fn listens() {
    if is_noted() {
        NOTES.with_borrow_mut(|notes| {
            notes.seen.uevents = true;
            notes.footprint.read(ALL_UEVENTS);
        });
    }
}

/// Notes that a task tries a lock.
pub(super) fn tries(class: LockClass) {
    if is_noted() {
        NOTES.with_borrow_mut(|notes| notes.seen.tries |= 1 << class as u64);
    }
}

/// Whether tasks try locks of this class, as far as was known when the run began.
pub(super) fn is_tried(class: LockClass) -> bool {
    NOTES.with_borrow(|notes| notes.known.tries & 1 << class as u64 != 0)
}

/// The number of a new cell.
#[inline]
pub(super) fn cell() -> Shared {
    if !is_noted() {
        return Shared(0);
    }
    NOTES.with_borrow_mut(|notes| {
        let made = &mut notes.made[usize::from(notes.task)];
        *made += 1;
        Shared::of(("cell", notes.task, *made))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn footprint(reads: &[u8], writes: &[u8]) -> Footprint {
        let mut footprint = Footprint::default();
        reads.iter().for_each(|name| footprint.read(Shared::of(name)));
        writes.iter().for_each(|name| footprint.write(Shared::of(name)));
        footprint.normalise();
        footprint
    }

    #[test]
    fn only_a_write_conflicts() {
        let reads = footprint(&[1, 2, 3], &[]);
        assert!(!reads.conflicts(&reads));
        assert!(reads.conflicts(&footprint(&[], &[3])));
        assert!(footprint(&[7], &[2]).conflicts(&reads));
        assert!(!footprint(&[1], &[4, 5]).conflicts(&reads));
        assert!(!footprint(&[], &[1]).conflicts(&Footprint::default()));
    }

    #[test]
    fn a_write_outweighs_a_read() {
        assert_eq!(footprint(&[1, 1], &[1]).entries().count(), 1);
        assert!(footprint(&[1], &[1]).conflicts(&footprint(&[1], &[])));
    }

    #[test]
    fn a_cell_has_the_number_of_its_task_and_its_turn() {
        let cells = |order: [TaskId; 4]| {
            begin(Seen::default());
            let numbers = order.map(|task| {
                take(Some(task), &mut Footprint::default());
                cell()
            });
            end();
            numbers
        };
        let ([a, b, c, d], [e, f, g, h]) = (cells([0, 0, 1, 1]), cells([1, 0, 1, 0]));
        assert_eq!([a, b, c, d], [f, h, e, g]);
    }
}
