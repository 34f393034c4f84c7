//! Who may operate a device has its memory, and its active count does not come back from zero.

use crate::event::{IbDevice, Kinds, Subject, Trace, What};
use crate::invariant::Invariant;
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
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    let mut active = [false; IbDevice::COUNT];
    // One that was unregistered may keep its memory while the next of its name is there.
    let mut memories = [0u8; IbDevice::COUNT];
    trace.events.iter().position(|event| match event.what {
        What::Add(Subject::IbUsers(device)) => std::mem::replace(&mut active[device.index()], true),
        What::Remove(Subject::IbUsers(device)) => {
            active[device.index()] = false;
            false
        }
        What::Get(Subject::IbUsers(device), _) => !active[device.index()],
        What::Alloc(Subject::Ib(device)) => {
            memories[device.index()] += 1;
            false
        }
        What::Free(Subject::Ib(device)) => {
            let memories = &mut memories[device.index()];
            *memories = memories.saturating_sub(1);
            active[device.index()] && *memories == 0
        }
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
        let alloc = What::Alloc(Subject::Ib(IbDevice::Rxe0));
        assert_eq!(broken(&[alloc, alloc, What::Add(USERS), FREE]), None);
        assert_eq!(broken(&[alloc, alloc, What::Add(USERS), FREE, FREE]), Some(4));
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
