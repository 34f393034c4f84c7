//! Reference counts: the life of an object's memory, and nothing else.
//!
//! A kref says that memory may be touched, not that the object works (`mail::KREF`, Jason Gunthorpe). A freed
//! object stays addressable as a tombstone, so a use after the last put is an event that names both places,
//! never a crash of ours.

use super::device::Release;
use super::footprint::{self, Shared};
use super::kernel::Kernel;
use super::lock::LockId;
use super::module::loads;
use super::task::Wait;
use crate::event::{Life, LockClass, Mode, Point, Subject, TaskId, What, WorkFn};

/// The number of a reference count in its run. Copying it is no reference: get and put are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kref(u16);

impl Kref {
    /// Its place among all objects of the run.
    pub(super) const fn number(self) -> u16 {
        self.0
    }

    /// The number that events about the object have. A run with more objects than a byte can number gives all later ones
    /// the last number.
    pub(super) const fn life(self) -> Life {
        if self.0 < Life::MAX as u16 { self.0 as Life + 1 } else { Life::MAX }
    }

    /// An object by its name, and by its memory which of those that have had the name.
    pub const fn names(self, of: Subject) -> Named {
        Named { of, life: self.life() }
    }
}

/// An object by its name, and maybe which of those that have had the name.
#[derive(Debug, Clone, Copy)]
pub struct Named {
    pub(super) of: Subject,
    pub(super) life: Life,
}

impl From<Subject> for Named {
    fn from(of: Subject) -> Self {
        Named { of, life: 0 }
    }
}

/// One object's memory.
#[derive(Debug)]
pub struct KrefState {
    subject: Subject,
    count: u8,
    /// No owner is left to put a reference later: what remains at rest is a leak.
    disowned: bool,
    /// Where the memory went.
    freed: Option<Point>,
    /// The tasks that sleep until the last reference is put.
    waiter: Option<TaskId>,
    /// What the last put of a device is to do.
    release: Option<Release>,
    /// While footprints are noted: the references that are not a task's own, and the tasks that took one each.
    base: u8,
    holders: Vec<TaskId>,
}

impl KrefState {
    fn shared(&self) -> Shared {
        Shared::of(("kref", self.subject))
    }

    /// Notes that the task takes a reference, or puts one. As long as there is one that no task took for itself the count
    /// cannot come to zero by those that did, so their order does not matter.
    fn note(&mut self, task: TaskId, is_put: bool) {
        if !footprint::is_noted() {
            return;
        }
        let own = self.holders.iter().position(|holder| *holder == task).filter(|_| is_put);
        match own {
            Some(own) => drop(self.holders.swap_remove(own)),
            None if is_put => self.base = self.base.saturating_sub(1),
            None => self.holders.push(task),
        }
        if self.base == 0 || (is_put && own.is_none()) {
            footprint::writes(|| self.shared());
        } else {
            footprint::reads(|| self.shared());
        }
    }
}

/// Which devices a work item is to release.
fn devices(work: WorkFn) -> Shared {
    Shared::of(("devices", work))
}

impl Kernel {
    /// Models `kref_init()`: the memory exists, with one reference.
    pub fn kref_init(&self, subject: Subject) -> Kref {
        let kref = self.refcount_set(subject);
        self.emit_of(kref, What::Alloc(subject));
        kref
    }

    /// Models `refcount_set()` to one, of a count that keeps no memory: the subject goes once the count is zero.
    pub fn refcount_set(&self, subject: Subject) -> Kref {
        // An object is of the last load of its module before it.
        footprint::reads(loads);
        let mut krefs = self.krefs.borrow_mut();
        krefs.push(KrefState {
            subject,
            count: 1,
            disowned: false,
            freed: None,
            waiter: None,
            release: None,
            base: 1,
            holders: Vec::new(),
        });
        Kref(u16::try_from(krefs.len() - 1).expect("fewer than 65536 objects"))
    }

    /// Models `kref_get()`.
    pub fn get(&self, kref: Kref) {
        if self.touch(kref) {
            let (subject, count) = self.count(kref, 1);
            self.emit_of(kref, What::Get(subject, count));
        }
    }

    /// Models `kref_put()`: true for the last reference, after which the caller must see to the release.
    #[must_use = "the last put must release"]
    pub fn put(&self, kref: Kref) -> bool {
        if self.over.get() || !self.touch(kref) {
            return false;
        }
        if self.krefs.borrow()[usize::from(kref.0)].count == 0 {
            let subject = self.krefs.borrow()[usize::from(kref.0)].subject;
            self.emit_of(kref, What::Underflow(subject, self.here()));
            return false;
        }
        let (subject, count) = self.count(kref, -1);
        self.emit_of(kref, What::Put(subject, count));
        if count == 0
            && let Some(waiter) = self.krefs.borrow_mut()[usize::from(kref.0)].waiter.take()
        {
            self.wake(waiter);
        }
        count == 0
    }

    /// Sleeps until the last reference is put. A kref was not made for this; who proposed it did this.
    pub async fn kref_wait(&self, kref: Kref, at: Point) {
        self.point(at).await;
        let lock = self.kref_lock(kref);
        self.orders(lock, Mode::Write, at);
        footprint::writes(|| self.krefs.borrow()[usize::from(kref.0)].shared());
        if self.krefs.borrow()[usize::from(kref.0)].count > 0 {
            self.krefs.borrow_mut()[usize::from(kref.0)].waiter = Some(self.current.get());
            self.emit(What::Block(self.lock_name(lock)));
            self.block(Wait::Kref(kref)).await;
        }
    }

    /// What a wait for the last reference waits for, in the lock-order graph.
    pub(super) fn kref_lock(&self, kref: Kref) -> LockId {
        let subject = self.krefs.borrow()[usize::from(kref.0)].subject;
        self.lock_of(LockClass::Users, subject)
    }

    fn count(&self, kref: Kref, by: i8) -> (Subject, u8) {
        let state = &mut self.krefs.borrow_mut()[usize::from(kref.0)];
        state.note(self.current.get(), by < 0);
        state.count = state.count.saturating_add_signed(by);
        (state.subject, state.count)
    }

    /// Says what the last put of a device is to do.
    pub(super) fn releases_with(&self, kref: Kref, release: Release) {
        footprint::writes(|| devices(release.work));
        self.krefs.borrow_mut()[usize::from(kref.0)].release = Some(release);
    }

    /// What the last put of a device is to do.
    pub(super) fn release_of(&self, kref: Kref) -> Option<Release> {
        self.krefs.borrow()[usize::from(kref.0)].release
    }

    /// The devices whose last reference is gone, and which this work is to release.
    pub(super) fn unreleased(&self, work: WorkFn) -> Vec<(Kref, Release)> {
        let krefs = self.krefs.borrow();
        let gone = krefs.iter().enumerate().filter(|(_, state)| state.count == 0 && state.freed.is_none());
        let due = gone.filter_map(|(index, state)| Some((Kref(index as u16), state.release?)));
        footprint::reads(|| devices(work));
        for state in krefs.iter().filter(|state| state.release.is_some_and(|release| release.work == work)) {
            footprint::reads(|| state.shared());
        }
        due.filter(|(_, release)| release.work == work).collect()
    }

    /// Puts a reference to memory that goes with the last one.
    pub fn put_and_free(&self, kref: Kref) {
        if self.put(kref) {
            self.free(kref);
        }
    }

    /// The release: the memory goes away here.
    pub fn free(&self, kref: Kref) {
        if self.touch(kref) {
            let subject = {
                let state = &mut self.krefs.borrow_mut()[usize::from(kref.0)];
                footprint::writes(|| state.shared());
                state.freed = Some(self.here());
                state.subject
            };
            self.emit_of(kref, What::Free(subject));
        }
    }

    /// Uses the object's memory. False, with an event that names both places, if it is gone.
    pub fn touch(&self, kref: Kref) -> bool {
        let state = &self.krefs.borrow()[usize::from(kref.0)];
        footprint::reads(|| state.shared());
        self.raw(self.current(), What::Use(state.subject), kref.life());
        if let Some(freed) = state.freed {
            self.emit_of(kref, What::UseAfterFree(state.subject, freed, self.here()));
        }
        state.freed.is_none()
    }

    /// Says that no owner is left to put a reference later: at rest, the object must be gone.
    pub fn disown(&self, kref: Kref) {
        self.krefs.borrow_mut()[usize::from(kref.0)].disowned = true;
    }

    /// Emits, at rest, the memory whose references no task will drop.
    pub fn find_leaks(&self) {
        for (state, index) in self.krefs.borrow().iter().zip(0..) {
            if state.disowned && state.freed.is_none() {
                self.emit_of(Kref(index), What::Leak(state.subject, state.count));
            }
        }
    }
}
