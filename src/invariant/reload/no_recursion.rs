//! A driver does not call devlink's front door while it answers devlink.

use crate::event::{Handle, Kinds, LockClass, LockName, RUN_TASKS_MAX, Span, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::lives::Lives;
use crate::mail::{self, Cite};

/// Inside a driver's callback nothing registers or unregisters its instance or asks for the instance's lock.
pub const NO_RECURSION: Invariant = Invariant {
    id: 0x07,
    name: "no-recursion",
    says: "Inside a driver's callback nothing registers or unregisters its instance or asks for the instance's \
           lock.",
    cites: &[Cite {
        mail: &mail::TRAPS,
        who: "Leon Romanovsky",
        claim: "a driver that calls recursively into devlink while it executes a devlink call is a bug",
    }],
    about: Kinds::CALL,
    observable: false,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    // Which tasks are in the driver of each instance, a bit a task.
    const { assert!(RUN_TASKS_MAX <= 32) };
    let mut inside: Lives<u32, { Handle::COUNT }> = Lives::default();
    trace.events.iter().position(|event| {
        let task = 1 << event.task;
        match event.what {
            What::Call(_, Subject::Devlink(handle)) => *inside.of(handle.index(), event.life) |= task,
            What::Return(_, Subject::Devlink(handle), _) => *inside.of(handle.index(), event.life) &= !task,
            What::Enter(Span::DevlinkRegister | Span::DevlinkUnregister, Subject::Devlink(handle))
            | What::Acquire(LockName { class: LockClass::Devlink, of: Subject::Devlink(handle) }, _)
            | What::Block(LockName { class: LockClass::Devlink, of: Subject::Devlink(handle) }) => {
                return *inside.of(handle.index(), event.life) & task != 0;
            }
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Callback, Mode};

    const DEVICE: Subject = Subject::Devlink(Handle::Netdevsim0);
    const CALL: What = What::Call(Callback::ReloadDown, DEVICE);
    const LOCK: LockName = LockName { class: LockClass::Devlink, of: DEVICE };

    #[test]
    fn asking_for_the_lock_again_breaks_it() {
        assert_eq!(check(&Trace::of([(0, CALL), (0, What::Block(LOCK))])), Some(1));
    }

    #[test]
    fn registering_inside_breaks_it() {
        assert_eq!(
            check(&Trace::of([(0, CALL), (0, What::Enter(Span::DevlinkUnregister, DEVICE))])),
            Some(1)
        );
    }

    #[test]
    fn another_task_may_ask_for_the_lock() {
        let trace = Trace::of([(0, What::Acquire(LOCK, Mode::Write)), (0, CALL), (1, What::Block(LOCK))]);
        assert_eq!(check(&trace), None);
    }
}
