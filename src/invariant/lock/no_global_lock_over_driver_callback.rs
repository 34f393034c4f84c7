//! No lock that serves every device is held while a driver or a client is called back.

use crate::event::{Kinds, RUN_TASKS_MAX, Scope, Span, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// No lock that serves every device is held while a driver or a client is called back, or bound or unbound by its bus.
pub const NO_GLOBAL_LOCK: Invariant = Invariant {
    id: 0x08,
    name: "no-global-lock-over-driver-callback",
    says: "No lock that serves every device is held while a driver or a client is called back, or a bus binds or unbinds a driver.",
    cites: &[
        Cite {
            mail: &mail::RELOAD_LOCK,
            who: "Jason Gunthorpe",
            claim: "global locks held over open-ended code, such as registering a device, are dangerous",
        },
        Cite {
            mail: &mail::KREF,
            who: "Jason Gunthorpe",
            claim: "netdevs could be matched by a scheme that does not hold device_mutex over the query",
        },
    ],
    about: Kinds::GLOBAL_LOCK,
    observable: false,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    // How many such locks each task holds.
    let mut held = [0u8; RUN_TASKS_MAX];
    for (at, event) in trace.events.iter().enumerate() {
        let held = &mut held[usize::from(event.task)];
        match event.what {
            What::Acquire(lock, _) if lock.class.scope() == Scope::Global => *held += 1,
            What::Release(lock, _) if lock.class.scope() == Scope::Global => *held = held.saturating_sub(1),
            What::Call(..) | What::Enter(Span::DriverProbe | Span::DriverRemove, _) if *held > 0 => {
                return Some(at);
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Callback, Client, Handle, IbDevice, LockClass, LockName, Mode, Subject};

    const GLOBAL: LockName = LockName { class: LockClass::DeviceMutex, of: Subject::Kernel };
    const OWN: LockName = LockName { class: LockClass::ClientDataRwsem, of: Subject::Ib(IbDevice::Rxe0) };
    const CALL: What = What::Call(Callback::ClientRemove, Subject::ClientData(Client::Mad, IbDevice::Rxe0));

    #[test]
    fn a_callback_under_a_global_lock_breaks_it() {
        let read = What::Acquire(GLOBAL, Mode::Read);
        assert_eq!(check(&Trace::of([(0, read), (0, CALL)])), Some(1));
    }

    #[test]
    fn a_bus_that_binds_or_unbinds_a_driver_under_a_global_lock_breaks_it() {
        let write = What::Acquire(GLOBAL, Mode::Write);
        for span in [Span::DriverProbe, Span::DriverRemove] {
            let enter = What::Enter(span, Subject::Devlink(Handle::Netdevsim0));
            assert_eq!(check(&Trace::of([(0, write), (0, enter)])), Some(1));
            assert_eq!(
                check(&Trace::of([(0, write), (0, What::Release(GLOBAL, Mode::Write)), (0, enter)])),
                None
            );
            assert_eq!(check(&Trace::of([(1, write), (0, enter)])), None, "another holds it");
            let own = LockName { class: LockClass::NsimBusDevList, of: Subject::Kernel };
            let own = What::Acquire(own, Mode::Write);
            assert_eq!(check(&Trace::of([(0, own), (0, enter)])), None, "it is that driver's own");
        }
    }

    #[test]
    fn own_locks_locks_of_others_and_locks_let_go_keep_it() {
        let trace = Trace::of([
            (1, What::Acquire(GLOBAL, Mode::Write)),
            (0, What::Acquire(OWN, Mode::Write)),
            (0, CALL),
            (1, What::Release(GLOBAL, Mode::Write)),
            (1, CALL),
        ]);
        assert_eq!(check(&trace), None);
    }
}
