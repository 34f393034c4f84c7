//! After `remove()`, and after an unregistration, no callback is about the device until it is added anew.

use crate::event::{Callback, Client, Event, IbDevice, Kinds, Life, Span, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::lives::Lives;
use crate::mail::{self, Cite};

/// After `remove()`, and after an unregistration, no callback is about the device until it is added anew.
pub const REMOVE_IS_SYNCHRONOUS: Invariant = Invariant {
    id: 0x0b,
    name: "remove-is-synchronous",
    says: "After remove(), and after an unregistration, no client and no driver is called back about the device until it is added anew.",
    cites: &[
        Cite {
            mail: &mail::KREF,
            who: "Jason Gunthorpe",
            claim: "a client may not operate the device once its remove() has returned",
        },
        Cite {
            mail: &mail::KREF,
            who: "Matan Barak",
            claim: "unregistering is synchronous: when it returns, no client operates the device",
        },
    ],
    about: Kinds::CLIENT_REMOVED.or(Kinds::IB_UNREGISTERED),
    observable: false,
    ends_all: false,
    check,
};

/// What has ended, and so may not be in a callback: a bit for each pair, device and client.
#[derive(Default)]
struct Ended {
    pairs: [Lives<bool, { IbDevice::COUNT }>; Client::COUNT],
    devices: Lives<bool, { IbDevice::COUNT }>,
    clients: [bool; Client::COUNT],
}

impl Ended {
    fn has(&mut self, client: Client, device: IbDevice, life: Life) -> bool {
        *self.pairs[client.index()].of(device.index(), life)
            || *self.devices.of(device.index(), life)
            || self.clients[client.index()]
    }

    /// Takes one event in; false if it breaks the invariant.
    fn keeps(&mut self, event: &Event) -> bool {
        match event.what {
            What::Call(Callback::ClientAdd, Subject::ClientData(client, device)) => {
                *self.pairs[client.index()].of(device.index(), event.life) = false;
                !self.has(client, device, event.life)
            }
            What::Return(Callback::ClientRemove, Subject::ClientData(client, device), _) => {
                let kept = !self.has(client, device, event.life);
                *self.pairs[client.index()].of(device.index(), event.life) = true;
                kept
            }
            // A callback that was entered before the end and is left after it breaks the invariant too.
            What::Call(_, Subject::ClientData(client, device))
            | What::Return(_, Subject::ClientData(client, device), _) => {
                !self.has(client, device, event.life)
            }
            What::Leave(Span::IbUnregisterDevice, Subject::Ib(device), None) => {
                *self.devices.of(device.index(), event.life) = true;
                true
            }
            What::Alloc(Subject::Ib(device)) => {
                *self.devices.of(device.index(), event.life) = false;
                true
            }
            What::Leave(Span::IbUnregisterClient, Subject::Client(client), None) => {
                self.clients[client.index()] = true;
                true
            }
            What::Add(Subject::Client(client)) => {
                self.clients[client.index()] = false;
                true
            }
            _ => true,
        }
    }
}

fn check(trace: &Trace) -> Option<usize> {
    let mut ended = Ended::default();
    trace.events.iter().position(|event| !ended.keeps(event))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: IbDevice = IbDevice::Rxe0;
    const DATA: Subject = Subject::ClientData(Client::GidCache, DEVICE);
    const ADD: What = What::Call(Callback::ClientAdd, DATA);
    const REMOVE: What = What::Call(Callback::ClientRemove, DATA);
    const REMOVED: What = What::Return(Callback::ClientRemove, DATA, None);
    const OPERATE: What = What::Call(Callback::EnumRocePorts, DATA);
    const OPERATED: What = What::Return(Callback::EnumRocePorts, DATA, None);

    #[test]
    fn a_callback_after_remove_breaks_it_until_the_next_add() {
        assert_eq!(check(&Trace::of([(0, REMOVE), (0, REMOVED), (1, OPERATE)])), Some(2));
        assert_eq!(check(&Trace::of([(0, REMOVED), (0, ADD), (1, OPERATE)])), None);
    }

    #[test]
    fn a_callback_that_outlives_remove_breaks_it() {
        let trace = Trace::of([(1, OPERATE), (0, REMOVE), (0, REMOVED), (1, OPERATED)]);
        assert_eq!(check(&trace), Some(3));
        let trace = Trace::of([(1, OPERATE), (0, REMOVE), (1, OPERATED), (0, REMOVED)]);
        assert_eq!(check(&trace), None);
    }

    #[test]
    fn a_second_remove_breaks_it() {
        assert_eq!(check(&Trace::of([(0, REMOVE), (0, REMOVED), (1, REMOVE)])), Some(2));
    }

    #[test]
    fn a_callback_after_the_device_is_unregistered_breaks_it() {
        let left = What::Leave(Span::IbUnregisterDevice, Subject::Ib(DEVICE), None);
        let alloc = What::Alloc(Subject::Ib(DEVICE));
        assert_eq!(check(&Trace::of([(0, left), (1, ADD)])), Some(1));
        assert_eq!(check(&Trace::of([(0, left), (0, alloc), (1, ADD)])), None);
    }

    #[test]
    fn a_callback_about_a_device_that_went_breaks_it_though_another_has_its_name() {
        let left = What::Leave(Span::IbUnregisterDevice, Subject::Ib(DEVICE), None);
        let early = [
            (0, 1, ADD),
            (0, 1, REMOVED),
            (0, 1, left),
            (0, 2, What::Alloc(Subject::Ib(DEVICE))),
            (0, 2, ADD),
        ];
        assert_eq!(check(&Trace::of_lives(early.into_iter().chain([(1, 1, OPERATE)]))), Some(5));
        assert_eq!(check(&Trace::of_lives(early.into_iter().chain([(1, 2, OPERATE)]))), None);
    }

    #[test]
    fn a_callback_after_the_client_is_unregistered_breaks_it() {
        let left = What::Leave(Span::IbUnregisterClient, Subject::Client(Client::GidCache), None);
        let again = What::Add(Subject::Client(Client::GidCache));
        assert_eq!(check(&Trace::of([(0, left), (1, REMOVE)])), Some(1));
        assert_eq!(check(&Trace::of([(0, left), (0, again), (1, REMOVE)])), None);
    }
}
