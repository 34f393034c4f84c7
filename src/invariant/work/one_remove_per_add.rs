//! A device is given to each client once, and taken from it once.

use crate::event::{Callback, Client, Event, IbDevice, Kinds, Span, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::lives::Lives;
use crate::mail::{self, Cite};

/// Each client's `add()` and `remove()` of a device alternate and never overlap; a device that a client refused has no
/// `remove()`, and when it is unregistered, every other has returned.
pub const ONE_REMOVE_PER_ADD: Invariant = Invariant {
    id: 0x27,
    name: "one-remove-per-add",
    says: "A client's add() and remove() of a device alternate and never overlap; what add() refused has no remove(), and an unregistered device no client.",
    cites: &[Cite {
        mail: &mail::KREF,
        who: "Jason Gunthorpe",
        claim: "a client is the driver of a device, and gets one remove() for what it has taken",
    }],
    about: Kinds::CLIENT,
    observable: false,
    ends_all: false,
    check,
};

/// What a client knows of a device.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Pair {
    #[default]
    Free,
    Adding,
    Added,
    Refused,
    Removing,
}

/// Of each client and each life of a device.
type Pairs = [Lives<Pair, { IbDevice::COUNT }>; Client::COUNT];

/// Takes one event in; false if it breaks the invariant.
fn keeps(pairs: &mut Pairs, event: &Event) -> bool {
    let (from, to): (&[Pair], Pair) = match event.what {
        What::Call(Callback::ClientAdd, _) => (&[Pair::Free], Pair::Adding),
        What::Return(Callback::ClientAdd, _, None) => (&[Pair::Adding], Pair::Added),
        What::Return(Callback::ClientAdd, _, Some(_)) => (&[Pair::Adding], Pair::Refused),
        What::Call(Callback::ClientRemove, _) => (&[Pair::Added], Pair::Removing),
        What::Return(Callback::ClientRemove, ..) => (&[Pair::Removing], Pair::Free),
        // A device that is enabled anew may be offered again to whom it did not suit.
        What::Visible(Subject::Ib(device)) => {
            let again = pairs.iter_mut().map(|pairs| pairs.of(device.index(), event.life));
            again.filter(|pair| **pair == Pair::Refused).for_each(|pair| *pair = Pair::Free);
            return true;
        }
        What::Leave(Span::IbUnregisterDevice, Subject::Ib(device), None) => {
            let gone = |pair: &Pair| matches!(pair, Pair::Free | Pair::Refused);
            let all = pairs.iter_mut().map(|pairs| pairs.of(device.index(), event.life));
            let mut kept = true;
            all.for_each(|pair| kept &= gone(&std::mem::take(pair)));
            return kept;
        }
        What::Leave(Span::IbUnregisterClient, Subject::Client(client), None) => {
            let pairs = &mut pairs[client.index()];
            let gone = |pair: &Pair| matches!(pair, Pair::Free | Pair::Refused);
            let kept = IbDevice::ALL.iter().all(|device| pairs.all(device.index()).all(gone));
            *pairs = Lives::default();
            return kept;
        }
        _ => return true,
    };
    let (What::Call(_, of) | What::Return(_, of, _)) = event.what else { return true };
    let Subject::ClientData(client, device) = of else { return true };
    let pair = pairs[client.index()].of(device.index(), event.life);
    let kept = from.contains(pair);
    *pair = to;
    kept
}

fn check(trace: &Trace) -> Option<usize> {
    let mut pairs = Pairs::default();
    trace.events.iter().position(|event| !keeps(&mut pairs, event))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Errno;

    const DATA: Subject = Subject::ClientData(Client::Mad, IbDevice::Rxe0);
    const ADD: What = What::Call(Callback::ClientAdd, DATA);
    const ADDED: What = What::Return(Callback::ClientAdd, DATA, None);
    const REFUSED: What = What::Return(Callback::ClientAdd, DATA, Some(Errno::ENOMEM));
    const REMOVE: What = What::Call(Callback::ClientRemove, DATA);
    const REMOVED: What = What::Return(Callback::ClientRemove, DATA, None);
    const UNREGISTERED: What = What::Leave(Span::IbUnregisterDevice, Subject::Ib(IbDevice::Rxe0), None);

    fn broken(events: &[What]) -> Option<usize> {
        check(&Trace::of(events.iter().map(|what| (0, *what))))
    }

    #[test]
    fn what_alternates_keeps_it() {
        assert_eq!(broken(&[ADD, ADDED, REMOVE, REMOVED, ADD, ADDED, REMOVE, REMOVED, UNREGISTERED]), None);
        assert_eq!(broken(&[ADD, REFUSED, UNREGISTERED, ADD, ADDED]), None);
        let visible = What::Visible(Subject::Ib(IbDevice::Rxe0));
        assert_eq!(broken(&[ADD, REFUSED, visible, ADD, ADDED]), None);
    }

    #[test]
    fn a_second_add_and_a_remove_of_what_was_refused_break_it() {
        assert_eq!(broken(&[ADD, ADDED, ADD]), Some(2));
        assert_eq!(broken(&[ADD, REFUSED, ADD]), Some(2));
        assert_eq!(broken(&[ADD, REFUSED, REMOVE]), Some(2));
    }

    #[test]
    fn each_device_of_a_name_has_clients_of_its_own() {
        let of = |life, what| (0, life, what);
        let both = [of(1, ADD), of(1, ADDED), of(2, ADD), of(2, ADDED)];
        let end = [of(1, REMOVE), of(1, REMOVED), of(1, UNREGISTERED)];
        assert_eq!(check(&Trace::of_lives(both.into_iter().chain(end))), None);
        let left = [of(2, REMOVE), of(2, REMOVED), of(1, UNREGISTERED)];
        assert_eq!(check(&Trace::of_lives(both.into_iter().chain(left))), Some(6));
        assert_eq!(
            check(&Trace::of_lives(both.into_iter().chain([of(1, REMOVE), of(1, REMOVED), of(1, REMOVE)]))),
            Some(6)
        );
    }

    #[test]
    fn a_remove_during_add_and_a_client_that_is_left_break_it() {
        assert_eq!(broken(&[ADD, REMOVE]), Some(1));
        assert_eq!(broken(&[ADD, ADDED, UNREGISTERED]), Some(2));
        assert_eq!(broken(&[ADD, ADDED, REMOVE, UNREGISTERED]), Some(3));
    }
}
