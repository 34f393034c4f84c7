//! Uevents: what the kernel tells user space about a device, and tasks that listen, as udev does.

use super::footprint;
use super::kernel::Kernel;
use super::refcount::Kref;
use super::task::{State, Wait};
use crate::event::{Action, Point, Subject, TaskId, What};

/// All uevents of a run, in order.
pub type Uevents = Vec<(Action, Subject)>;

impl Kernel {
    /// Models `kobject_uevent_env()`: it reads the device, so the device must be alive.
    pub fn uevent(&self, action: Action, subject: Subject, device: Kref) {
        self.touch(device);
        self.emit_of(device, What::Uevent(action, subject));
        footprint::sends(subject);
        self.uevents.borrow_mut().push((action, subject));
        for (id, task) in self.tasks.iter().enumerate() {
            let waits = match task.state.get() {
                State::Blocked(Wait::Uevent(awaited, of)) => (awaited, of) == (action, subject),
                State::Blocked(Wait::AnyUevent(of)) => of == subject,
                _ => false,
            };
            if waits {
                self.wake(id as TaskId);
            }
        }
    }

    /// A listener's next uevent of this kind. It listens from the start, so one that was sent before counts,
    /// and each is seen once. If none comes the listener just goes on listening: that is no deadlock.
    pub async fn uevent_wait(&self, action: Action, subject: Subject) {
        self.point(Point::UeventWait).await;
        loop {
            footprint::listens();
            let seen = self.task().seen.get();
            let found = self.uevents.borrow()[seen..].iter().position(|uevent| *uevent == (action, subject));
            if let Some(found) = found {
                self.task().seen.set(seen + found + 1);
                self.emit(What::Seen(action, subject));
                return;
            }
            self.block(Wait::Uevent(action, subject)).await;
        }
    }

    /// A listener's next uevent about a subject, whatever it says.
    pub async fn uevent_next(&self, subject: Subject) -> Action {
        self.point(Point::UeventWait).await;
        loop {
            footprint::listens();
            let seen = self.task().seen.get();
            let next = {
                let uevents = self.uevents.borrow();
                let found = uevents[seen..].iter().position(|(_, of)| *of == subject);
                found.map(|found| (seen + found, uevents[seen + found].0))
            };
            if let Some((at, action)) = next {
                self.task().seen.set(at + 1);
                self.emit(What::Seen(action, subject));
                return action;
            }
            self.block(Wait::AnyUevent(subject)).await;
        }
    }
}
