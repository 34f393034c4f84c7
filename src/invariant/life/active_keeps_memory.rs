//! An operable device has its memory, and its active count does not rise from zero.

use crate::event::{IbDevice, Kinds, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::lives::Lives;
use crate::mail::{self, Cite};

/// While the active count of a device is above zero its memory is there. Once it is zero no task raises it.
pub const ACTIVE_KEEPS_MEMORY: Invariant = Invariant {
    id: 0x29,
    name: "active-keeps-memory",
    says: "While the active count of a device is above zero its memory is there. Once it is zero no task raises it.",
    cites: &[Cite {
        mail: &mail::KREF,
        who: "Jason Gunthorpe",
        claim: "the time in which a device is operable and that in which its memory is there are two, and have a count each",
    }],
    about: Kinds::ACTIVE_COUNT,
    observable: false,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    let mut active: Lives<bool, { IbDevice::COUNT }> = Lives::default();
    trace.events.iter().position(|event| match event.what {
        What::Add(Subject::IbUsers(device)) => std::mem::replace(active.of(device.index(), event.life), true),
        What::Remove(Subject::IbUsers(device)) => {
            *active.of(device.index(), event.life) = false;
            false
        }
        What::Get(Subject::IbUsers(device), _) => !*active.of(device.index(), event.life),
        What::Free(Subject::Ib(device)) => *active.of(device.index(), event.life),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: Subject = Subject::IbUsers(IbDevice::Rxe0);
    const FREE: What = What::Free(Subject::Ib(IbDevice::Rxe0));

    fn broken(events: &[What]) -> Option<usize> {
        check(&Trace::of(events.iter().map(|what| (0, *what))))
    }

    #[test]
    fn memory_that_goes_after_the_last_user_keeps_it() {
        let events = [What::Add(USERS), What::Get(USERS, 2), What::Put(USERS, 1), What::Remove(USERS), FREE];
        assert_eq!(broken(&events), None);
    }

    #[test]
    fn memory_of_an_earlier_device_keeps_it() {
        let began = [(0, 1, What::Add(USERS)), (0, 1, What::Remove(USERS)), (0, 2, What::Add(USERS))];
        assert_eq!(check(&Trace::of_lives(began.into_iter().chain([(0, 1, FREE)]))), None);
        assert_eq!(check(&Trace::of_lives(began.into_iter().chain([(0, 2, FREE)]))), Some(3));
        assert_eq!(check(&Trace::of_lives(began.into_iter().chain([(0, 1, What::Get(USERS, 2))]))), Some(3));
    }

    #[test]
    fn memory_that_goes_before_breaks_it() {
        assert_eq!(broken(&[What::Add(USERS), What::Get(USERS, 2), FREE]), Some(2));
    }

    #[test]
    fn a_user_who_comes_back_from_zero_breaks_it() {
        assert_eq!(broken(&[What::Add(USERS), What::Remove(USERS), What::Get(USERS, 1)]), Some(2));
        assert_eq!(broken(&[What::Add(USERS), What::Add(USERS)]), Some(1));
    }
}
