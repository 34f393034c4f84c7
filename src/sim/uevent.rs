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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::TaskName::{T1, T2, T3};
    use crate::sim::tests::{DEVICE, HERE, comes, run};

    #[test]
    fn a_listener_sees_each_uevent_once_and_goes_on_with_the_next() {
        let trace = run(&[T1, T2, T3], &[], |k| {
            let sends = async move {
                let device = k.kref_init(DEVICE);
                for action in [Action::Remove, Action::Add, Action::Remove, Action::Add] {
                    k.uevent(action, DEVICE, device);
                }
                k.uevent(Action::Add, crate::event::Subject::Kernel, device);
            };
            let waits = async move {
                for _ in 0..3 {
                    k.uevent_wait(Action::Add, DEVICE).await;
                }
            };
            let follows = async move {
                k.point(HERE).await;
                for action in [Action::Remove, Action::Add, Action::Remove, Action::Add] {
                    assert_eq!(k.uevent_next(DEVICE).await, action);
                }
                k.uevent_next(DEVICE).await;
            };
            vec![Box::pin(sends), Box::pin(waits), Box::pin(follows)]
        });
        let seen = |task| {
            let seen = trace.events.iter().filter(|event| matches!(event.what, What::Seen(..)));
            seen.filter(|event| event.task == task).count()
        };
        assert_eq!([seen(1), seen(2)], [2, 4], "and then it goes on listening");
    }

    #[test]
    fn a_uevent_wakes_the_listeners_that_wait_for_it() {
        let trace = run(&[T1, T2, T3], &[(T1, None), (T2, None), (T3, None)], |k| {
            let waits = async move { k.uevent_wait(Action::Add, DEVICE).await };
            let next = async move {
                let _action = k.uevent_next(DEVICE).await;
            };
            let sends = async move {
                let device = k.kref_init(DEVICE);
                comes(k, 1).await;
                k.uevent(Action::Add, DEVICE, device);
            };
            vec![Box::pin(waits), Box::pin(next), Box::pin(sends)]
        });
        let seen = trace.events.iter().filter(|event| matches!(event.what, What::Seen(..)));
        assert_eq!(seen.map(|event| event.task).collect::<Vec<_>>(), [0, 1]);
    }
}
