//! Mutexes and reader-writer semaphores, with the queues and the fairness of the kernel's.
//!
//! Waiters are served in the order they came, but for one thing: where it is a reader's turn, all who wait to read have the
//! lock at once, those behind a writer too (`rwsem_mark_wake()`, since 5.2). A reader that comes while a writer waits
//! waits too: this is what makes a read lock held over a flush as dangerous as a write lock (`mail::KREF`, Matan
//! Barak's doubt about a reader-writer semaphore).

use super::footprint::{self, Shared};
use super::kernel::Kernel;
use super::refcount::Named;
use super::task::{State, Wait};
use crate::event::{Life, LockClass, LockName, Mode, Point, Subject, TaskId, What};

/// The number of a lock in its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LockId(pub(super) u8);

impl LockId {
    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// One lock and those who wait for it.
#[derive(Debug)]
pub struct Lock {
    pub(super) name: LockName,
    /// Which of those that have the name, one after the other or side by side.
    life: Life,
    pub(super) writer: Option<TaskId>,
    pub(super) readers: Vec<TaskId>,
    pub(super) queue: Vec<(TaskId, Mode)>,
}

impl Lock {
    fn is_free_for(&self, mode: Mode) -> bool {
        self.writer.is_none() && (mode == Mode::Read || self.readers.is_empty())
    }

    fn take(&mut self, task: TaskId, mode: Mode) {
        match mode {
            Mode::Write => self.writer = Some(task),
            Mode::Read => self.readers.push(task),
        }
    }
}

/// Notes that the running task asks for a lock, gets it or lets it go. Readers come, wait and go in any order.
fn note(lock: LockName, mode: Mode) {
    match mode {
        Mode::Write => footprint::writes(|| Shared::of(lock)),
        Mode::Read => footprint::reads(|| Shared::of(lock)),
    }
}

/// What a step reads that begins with asking for a lock.
pub(crate) fn asks(lock: LockName) -> Shared {
    Shared::of(("asks", lock))
}

impl Kernel {
    /// The lock of this class that belongs to this object, made on first use.
    pub fn lock_of(&self, class: LockClass, of: Subject) -> LockId {
        let name = LockName { class, of };
        let found = self.locks.borrow().iter().position(|lock| lock.name == name);
        found.map_or_else(|| self.add_lock(class, Named::from(of)), |index| LockId(index as u8))
    }

    /// A lock that did not exist before, for an object that may share its name with an earlier one.
    pub fn new_lock(&self, class: LockClass, of: Named) -> LockId {
        let number = self.locks.borrow().len() as Life;
        // Of those that share a name side by side each has a number too.
        let life = if of.life == 0 { Life::MAX - number } else { of.life };
        self.add_lock(class, Named { life, ..of })
    }

    fn add_lock(&self, class: LockClass, of: Named) -> LockId {
        let Named { of, life } = of;
        let mut locks = self.locks.borrow_mut();
        locks.push(Lock {
            name: LockName { class, of },
            life,
            writer: None,
            readers: Vec::new(),
            queue: Vec::new(),
        });
        LockId(u8::try_from(locks.len() - 1).expect("fewer than 256 locks"))
    }

    /// Models `mutex_lock()` and `down_write()`: `at` is the point before the lock is asked for.
    pub async fn lock(&self, lock: LockId, at: Point) -> Held<'_> {
        self.acquire(lock, Mode::Write, at).await
    }

    /// Models `down_read()`.
    pub async fn read(&self, lock: LockId, at: Point) -> Held<'_> {
        self.acquire(lock, Mode::Read, at).await
    }

    /// Models work that tries a lock and, where it is not free, is queued again: it holds nothing meanwhile and no task can
    /// wait for it, so it adds nothing to the order of locks.
    pub async fn lock_or_later(&self, lock: LockId, at: Point) -> Held<'_> {
        self.task().wants.set(Some(lock));
        self.point(at).await;
        self.task().wants.set(None);
        self.note_begins_with(lock);
        let held = self.take(lock, Mode::Write).await;
        self.has_writer(lock);
        held
    }

    /// Models `mutex_lock()` where the task has come to its last point: nothing to stop at comes before the lock.
    pub async fn lock_here(&self, lock: LockId) -> Held<'_> {
        self.orders(lock, Mode::Write, self.here());
        self.take(lock, Mode::Write).await
    }

    /// Models `down_read()`, likewise.
    pub async fn read_here(&self, lock: LockId) -> Held<'_> {
        self.orders(lock, Mode::Read, self.here());
        self.take(lock, Mode::Read).await
    }

    async fn acquire(&self, lock: LockId, mode: Mode, at: Point) -> Held<'_> {
        self.task().wants.set(Some(lock));
        self.point(at).await;
        self.task().wants.set(None);
        self.note_begins_with(lock);
        self.orders(lock, mode, at);
        self.take(lock, mode).await
    }

    /// Takes a lock, having slept until it was free.
    async fn take(&self, lock: LockId, mode: Mode) -> Held<'_> {
        if !self.try_take(lock, mode) {
            let name = {
                let entry = &mut self.locks.borrow_mut()[lock.index()];
                entry.queue.push((self.current.get(), mode));
                (entry.name, entry.life)
            };
            self.record(self.current.get(), What::Block(name.0), name.1);
            self.block(Wait::Lock(lock, mode)).await;
        }
        self.held(lock, mode)
    }

    /// Models `down_read_trylock()`: nothing is waited for, so nothing can deadlock here.
    pub fn try_read(&self, lock: LockId) -> Option<Held<'_>> {
        self.note_try(lock);
        self.try_take(lock, Mode::Read).then(|| self.held(lock, Mode::Read))
    }

    /// Models `mutex_trylock()`.
    pub fn try_write(&self, lock: LockId) -> Option<Held<'_>> {
        self.note_try(lock);
        self.try_take(lock, Mode::Write).then(|| {
            self.has_writer(lock);
            self.held(lock, Mode::Write)
        })
    }

    /// Models `lockdep_is_held()`: whether the running task has the lock, to read or to write.
    pub fn is_held(&self, lock: LockId) -> bool {
        self.task().held.borrow().contains(&lock)
    }

    /// Models `wait_for_completion()` of what the holder of a lock does; there is no point before it.
    pub async fn wait_for_writer(&self, lock: LockId) {
        drop(self.take(lock, Mode::Read).await);
    }

    /// Notes that a step begins with asking for this lock, unless tasks try such locks.
    fn note_begins_with(&self, lock: LockId) {
        if footprint::is_noted() {
            let name = self.lock_name(lock);
            if !footprint::is_tried(name.class) {
                footprint::reads(|| asks(name));
            }
        }
    }

    /// A task that tries a lock sees whether another has just been given it.
    fn note_try(&self, lock: LockId) {
        if footprint::is_noted() {
            footprint::tries(self.lock_name(lock).class);
        }
    }

    fn held(&self, lock: LockId, mode: Mode) -> Held<'_> {
        self.task().held.borrow_mut().push(lock);
        note(self.lock_name(lock), mode);
        self.emit_lock(lock, |name| What::Acquire(name, mode));
        Held { kernel: self, lock, mode }
    }

    /// Records of a lock what only a second opinion reads.
    pub(super) fn raw_lock(&self, lock: LockId, what: impl FnOnce(LockName) -> What) {
        if !self.is_raw() {
            return;
        }
        let (name, life) = {
            let entry = &self.locks.borrow()[lock.index()];
            (entry.name, entry.life)
        };
        self.raw(self.current(), what(name), life);
    }

    /// Records what the running task does with a lock.
    fn emit_lock(&self, lock: LockId, what: impl FnOnce(LockName) -> What) {
        let (name, life) = {
            let entry = &self.locks.borrow()[lock.index()];
            (entry.name, entry.life)
        };
        self.record(self.current.get(), what(name), life);
    }

    /// The name of a lock.
    pub(super) fn lock_name(&self, lock: LockId) -> LockName {
        self.locks.borrow()[lock.index()].name
    }

    fn try_take(&self, lock: LockId, mode: Mode) -> bool {
        let entry = &mut self.locks.borrow_mut()[lock.index()];
        note(entry.name, mode);
        let free = entry.queue.is_empty() && entry.is_free_for(mode);
        if free {
            entry.take(self.current.get(), mode);
        }
        free
    }

    /// Unlocks a lock and hands it to the tasks that have waited longest.
    fn release(&self, lock: LockId, mode: Mode) {
        if self.over.get() {
            return;
        }
        self.forget(lock);
        note(self.lock_name(lock), mode);
        self.emit_lock(lock, |name| What::Release(name, mode));
        let entry = &mut self.locks.borrow_mut()[lock.index()];
        match mode {
            Mode::Write => entry.writer = None,
            Mode::Read => {
                let reader = entry.readers.iter().position(|reader| *reader == self.current.get());
                entry.readers.swap_remove(reader.expect("a reader unlocks what it holds"));
            }
        }
        self.hand_over(entry);
    }

    /// Gives a lock to the writer that has waited longest, or to every reader if a reader has.
    fn hand_over(&self, entry: &mut Lock) {
        let Some(&(_, turn)) = entry.queue.first().filter(|(_, mode)| entry.is_free_for(*mode)) else {
            return;
        };
        let count = match turn {
            Mode::Write => 1,
            Mode::Read => entry.queue.len(),
        };
        for (task, mode) in entry.queue.extract_if(..count, |(_, mode)| *mode == turn).collect::<Vec<_>>() {
            entry.take(task, mode);
            debug_assert_ne!(self.tasks[usize::from(task)].state.get(), State::Ended);
            self.wake(task);
        }
    }

    /// Models `downgrade_write()`: readers come in, and no writer does in between.
    pub fn downgrade<'k>(&'k self, mut held: Held<'k>) -> Held<'k> {
        held.mode = Mode::Read;
        self.emit_lock(held.lock, |name| What::Release(name, Mode::Write));
        self.emit_lock(held.lock, |name| What::Acquire(name, Mode::Read));
        let entry = &mut self.locks.borrow_mut()[held.lock.index()];
        footprint::writes(|| Shared::of(entry.name));
        entry.writer = None;
        entry.readers.push(self.current.get());
        self.hand_over(entry);
        held
    }

    /// Takes the newest entry of a lock off the list of what the running task holds.
    pub(super) fn forget(&self, lock: LockId) {
        let mut held = self.task().held.borrow_mut();
        if let Some(at) = held.iter().rposition(|held| *held == lock) {
            held.remove(at);
        }
    }
}

/// A lock held by a task; dropping it unlocks.
#[must_use = "a lock that is not kept is unlocked at once"]
#[derive(Debug)]
pub struct Held<'k> {
    kernel: &'k Kernel,
    lock: LockId,
    mode: Mode,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.kernel.release(self.lock, self.mode);
    }
}

#[cfg(test)]
mod tests;
