//! A move is told of what goes by another name, and of nothing else.

use crate::event::{Action, Kinds, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};
use crate::operand::Operand;

/// A move is told of what goes by another name, and of nothing else.
pub const MOVE_CHANGES_THE_NAME: Invariant = Invariant {
    id: 0x32,
    name: "move-changes-the-name",
    says: "The uevent of a move says a name that differs from the one before.",
    cites: &[Cite {
        mail: &mail::UEVENTS,
        who: "Alex Williamson",
        claim: "each event marks the completion of a process, so it is sent when that has completed",
    }],
    about: Kinds::RDMA,
    observable: true,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    trace.events.iter().position(|event| match event.what {
        What::Uevent(Action::Move(old), Subject::Ib(name) | Subject::IbCompat(name, _)) => {
            old == name.to_byte()
        }
        What::Uevent(Action::Move(old), Subject::Netdev(name)) => old == name.to_byte(),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{IbDevice, NetNs, Netdev};

    fn broken(old: impl Operand, new: Subject) -> bool {
        check(&Trace::of([(0, What::Uevent(Action::Move(old.to_byte()), new))])).is_some()
    }

    #[test]
    fn the_same_name_breaks_it_and_another_does_not() {
        assert!(broken(IbDevice::Rxe1, Subject::Ib(IbDevice::Rxe1)));
        assert!(broken(IbDevice::Rxe1, Subject::IbCompat(IbDevice::Rxe1, NetNs::A)));
        assert!(broken(Netdev::Eth0, Subject::Netdev(Netdev::Eth0)));
        assert!(!broken(IbDevice::Rxe0, Subject::Ib(IbDevice::Rxe1)));
        assert!(!broken(Netdev::Eth1, Subject::Netdev(Netdev::Eth0)));
    }
}
