//! Registration: the operable life of an object, apart from the life of its memory.
//!
//! An active count with a completion, as netdev and kernfs have it, is what may hold an unregister up; a kref
//! is not (`mail::KREF`, Jason Gunthorpe). A user may operate the object while it holds a [`User`];
//! [`Kernel::unregister_wait`] lets no new user in and returns when the last one is gone.

use super::footprint::{self, Shared};
use super::kernel::Kernel;
use super::lock::LockId;
use super::refcount::Named;
use super::task::Wait;
use crate::event::{LockClass, Mode, Point, Subject, TaskId, What};

/// The number of a registration in its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RegistrationId(u16);

/// The tasks that operate one object.
#[derive(Debug)]
pub struct RegistrationState {
    open: bool,
    users: Vec<TaskId>,
    waiter: Option<TaskId>,
    lock: LockId,
    /// Whose active count this is, where the count itself can be observed.
    counted: Option<Named>,
}

impl RegistrationState {
    /// Models `refcount_read()`: the registration itself counts as a user.
    fn count(&self) -> u8 {
        u8::from(self.open) + self.users.len() as u8
    }
}

impl Kernel {
    /// A registration that lets users in.
    pub fn registration(&self, subject: Subject) -> RegistrationId {
        let lock = self.lock_of(LockClass::Users, subject);
        let mut all = self.registrations.borrow_mut();
        all.push(RegistrationState { open: true, users: Vec::new(), waiter: None, lock, counted: None });
        RegistrationId(u16::try_from(all.len() - 1).expect("fewer than 65536 registrations"))
    }

    /// A registration that lets users in, and whose active count can be observed as this.
    pub fn registration_counted(&self, subject: Subject, counted: Named) -> RegistrationId {
        let id = self.registration(subject);
        self.registrations.borrow_mut()[usize::from(id.0)].counted = Some(counted);
        self.record(self.current(), What::Add(counted.of), counted.life);
        id
    }

    /// Notes that the running task looks at who operates an object, or changes it. While users are let in they come and go
    /// in any order: only an end waits for them.
    fn note_users(&self, state: &RegistrationState) {
        if state.open {
            footprint::reads(|| Shared::of(("users", self.lock_name(state.lock))))
        } else {
            footprint::writes(|| Shared::of(("users", self.lock_name(state.lock))))
        }
    }

    /// Notes that the order in which this and users come matters.
    fn note_end(&self, registration: RegistrationId) {
        let lock = self.users_lock(registration);
        footprint::writes(|| Shared::of(("users", self.lock_name(lock))));
    }

    /// Whether users are let in.
    pub fn is_open(&self, registration: RegistrationId) -> bool {
        self.note_users(&self.registrations.borrow()[usize::from(registration.0)]);
        self.registrations.borrow()[usize::from(registration.0)].open
    }

    /// Models `refcount_inc_not_zero()` on an active count: a user of the object, unless it is closed.
    pub fn try_use(&self, registration: RegistrationId) -> Option<User<'_>> {
        let state = &mut self.registrations.borrow_mut()[usize::from(registration.0)];
        self.note_users(state);
        if !state.open {
            return None;
        }
        state.users.push(self.current.get());
        self.task().held.borrow_mut().push(state.lock);
        self.raw_lock(state.lock, What::Hold);
        if let Some(counted) = state.counted {
            self.record(self.current(), What::Get(counted.of, state.count()), counted.life);
        }
        Some(User { kernel: self, registration })
    }

    /// Lets no new user in, and does not wait for the present ones.
    pub fn close(&self, registration: RegistrationId) {
        self.note_end(registration);
        let state = &mut self.registrations.borrow_mut()[usize::from(registration.0)];
        if state.open {
            state.open = false;
            self.emit_left(state);
        }
    }

    /// Models `wait_for_completion()` on the last user: no task operates the object afterwards.
    pub async fn unregister_wait(&self, registration: RegistrationId, at: Point) {
        self.point(at).await;
        self.unregister_wait_here(registration).await;
    }

    /// The same where the task has come to its last point: nothing to stop at comes before the wait.
    pub async fn unregister_wait_here(&self, registration: RegistrationId) {
        self.close(registration);
        let (lock, busy) = {
            let state = &self.registrations.borrow()[usize::from(registration.0)];
            (state.lock, !state.users.is_empty())
        };
        self.orders(lock, Mode::Write, self.here());
        if busy {
            self.registrations.borrow_mut()[usize::from(registration.0)].waiter = Some(self.current.get());
            self.emit(What::Block(self.lock_name(lock)));
            self.block(Wait::Users(registration)).await;
        }
    }

    /// Whether a task operates the object.
    pub fn has_users(&self, registration: RegistrationId) -> bool {
        self.note_end(registration);
        !self.registrations.borrow()[usize::from(registration.0)].users.is_empty()
    }

    /// Records that one user of a count that can be observed is gone, or the one who registered.
    fn emit_left(&self, state: &RegistrationState) {
        if let Some(counted) = state.counted {
            self.record(self.current(), What::Put(counted.of, state.count()), counted.life);
            if state.count() == 0 {
                self.record(self.current(), What::Remove(counted.of), counted.life);
            }
        }
    }

    pub(super) fn users_of(&self, registration: RegistrationId) -> Vec<TaskId> {
        self.registrations.borrow()[usize::from(registration.0)].users.clone()
    }

    pub(super) fn users_lock(&self, registration: RegistrationId) -> LockId {
        self.registrations.borrow()[usize::from(registration.0)].lock
    }
}

/// An active user of an object; dropping it ends the use.
#[must_use = "a use that is not kept ends at once"]
#[derive(Debug)]
pub struct User<'k> {
    kernel: &'k Kernel,
    registration: RegistrationId,
}

impl Drop for User<'_> {
    fn drop(&mut self) {
        let kernel = self.kernel;
        if kernel.over.get() {
            return;
        }
        let state = &mut kernel.registrations.borrow_mut()[usize::from(self.registration.0)];
        kernel.note_users(state);
        let user = state.users.iter().position(|user| *user == kernel.current.get());
        state.users.swap_remove(user.expect("a use ends in the task that began it"));
        kernel.forget(state.lock);
        kernel.raw_lock(state.lock, What::Unhold);
        kernel.emit_left(state);
        if state.users.is_empty()
            && let Some(waiter) = state.waiter.take()
        {
            kernel.wake(waiter);
        }
    }
}
