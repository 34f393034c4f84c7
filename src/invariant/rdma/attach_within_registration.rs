//! That a netdev is attached is said of a device that users know of.

use crate::event::{Action, Kinds, Notice, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::lives::ByName;
use crate::mail::{self, Cite};

/// That a netdev is attached is said of a device that users know of.
pub const ATTACH_WITHIN_REGISTRATION: Invariant = Invariant {
    id: 0x31,
    name: "attach-within-registration",
    says: "A notification that a netdev is attached names the RDMA device, which was announced and whose end was \
           not.",
    cites: &[Cite {
        mail: &mail::REGISTER,
        who: "Leon Romanovsky",
        claim: "parts can be made and unmade at any time, and the notifications have to cover all of it",
    }],
    about: Kinds::RDMA,
    observable: true,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    let mut known: ByName<bool> = ByName::default();
    trace.events.iter().position(|event| {
        match event.what {
            What::Notify(notice, Subject::Ib(device), _) => {
                *known.of(device, event.life) = notice == Notice::New;
            }
            What::Uevent(Action::Move(old), Subject::Ib(device)) => known.renamed(old, device, event.life),
            What::Notify(_, Subject::IbLink(device), _) => return !*known.of(device, event.life),
            What::Notify(_, Subject::Unnamed, _) => return true,
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::IbDevice;
    use crate::operand::Operand;

    const DEVICE: Subject = Subject::Ib(IbDevice::Rxe0);
    const NEW: What = What::Notify(Notice::New, DEVICE, 0);
    const DEL: What = What::Notify(Notice::Del, DEVICE, 0);
    const ATTACH: What = What::Notify(Notice::New, Subject::IbLink(IbDevice::Rxe0), 1);

    fn broken(events: &[What]) -> Option<usize> {
        check(&Trace::of(events.iter().map(|what| (0, *what))))
    }

    #[test]
    fn before_the_beginning_and_after_the_end_breaks_it() {
        assert_eq!(broken(&[ATTACH]), Some(0));
        assert_eq!(broken(&[NEW, ATTACH, DEL, ATTACH]), Some(3));
        assert_eq!(broken(&[NEW, ATTACH, DEL, NEW, ATTACH]), None);
    }

    #[test]
    fn an_attach_of_a_device_that_went_breaks_it_though_another_has_its_name() {
        let trace = Trace::of_lives([(0, 1, NEW), (0, 1, DEL), (0, 2, NEW), (1, 1, ATTACH)]);
        assert_eq!(check(&trace), Some(3));
        assert_eq!(check(&Trace::of_lives([(0, 1, NEW), (0, 1, DEL), (0, 2, NEW), (1, 2, ATTACH)])), None);
    }

    #[test]
    fn an_attach_that_names_nothing_breaks_it() {
        assert_eq!(broken(&[NEW, What::Notify(Notice::New, Subject::Unnamed, 0)]), Some(1));
    }

    #[test]
    fn a_name_goes_with_its_device() {
        let renamed = What::Uevent(Action::Move(IbDevice::Rxe0.to_byte()), Subject::Ib(IbDevice::Rxe1));
        let attach = What::Notify(Notice::New, Subject::IbLink(IbDevice::Rxe1), 1);
        assert_eq!(broken(&[NEW, renamed, attach]), None);
        assert_eq!(broken(&[NEW, renamed, ATTACH]), Some(2));
    }
}
