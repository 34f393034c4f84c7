//! Clients come in the order in which they registered, and go in the reverse.

use crate::event::{Callback, Client, IbDevice, Kinds, RUN_TASKS_MAX, Span, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::lives::Lives;
use crate::mail::{self, Cite};

/// A device gets its clients in the order in which they registered, also while others register, and
/// loses them in the reverse order.
pub const CLIENTS_IN_ORDER: Invariant = Invariant {
    id: 0x28,
    name: "clients-in-order",
    says: "A device gets its clients in the order in which they registered, also while others register, and loses them in the reverse order.",
    cites: &[Cite {
        mail: &mail::KREF,
        who: "Jason Gunthorpe",
        claim: "clients are drivers of the device, and one may be built upon another",
    }],
    about: Kinds::CLIENT,
    observable: false,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    // When each client registered; the last one each device was offered to; and for each task, the last one that it took
    // from the device that it unregisters.
    let mut registered = [0; Client::COUNT];
    let mut offered: Lives<usize, { IbDevice::COUNT }> = Lives::default();
    let mut unregisters = [None; RUN_TASKS_MAX];
    for (at, event) in trace.events.iter().enumerate() {
        let own = &mut unregisters[usize::from(event.task)];
        match event.what {
            What::Add(Subject::Client(client)) => registered[client.index()] = at + 1,
            What::Visible(Subject::Ib(device)) => *offered.of(device.index(), event.life) = 0,
            What::Call(Callback::ClientAdd, Subject::ClientData(client, device)) => {
                let last = offered.of(device.index(), event.life);
                if registered[client.index()] < *last {
                    return Some(at);
                }
                *last = registered[client.index()];
            }
            What::Enter(Span::IbUnregisterDevice, Subject::Ib(device)) => *own = Some((device, usize::MAX)),
            What::Leave(Span::IbUnregisterDevice, ..) => *own = None,
            What::Call(Callback::ClientRemove, Subject::ClientData(client, device)) => {
                if let Some((of, last)) = own
                    && *of == device
                {
                    if registered[client.index()] > *last {
                        return Some(at);
                    }
                    *last = registered[client.index()];
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: IbDevice = IbDevice::Rxe0;
    const FIRST: What = What::Add(Subject::Client(Client::Mad));
    const SECOND: What = What::Add(Subject::Client(Client::Cm));
    const UNREGISTER: What = What::Enter(Span::IbUnregisterDevice, Subject::Ib(DEVICE));

    fn add(client: Client) -> What {
        What::Call(Callback::ClientAdd, Subject::ClientData(client, DEVICE))
    }

    fn remove(client: Client) -> What {
        What::Call(Callback::ClientRemove, Subject::ClientData(client, DEVICE))
    }

    fn broken(events: &[What]) -> Option<usize> {
        check(&Trace::of(events.iter().map(|what| (0, *what))))
    }

    #[test]
    fn first_come_first_and_last_out_keep_it() {
        let [mad, cm] = [Client::Mad, Client::Cm];
        assert_eq!(broken(&[FIRST, SECOND, add(mad), add(cm), UNREGISTER, remove(cm), remove(mad)]), None);
    }

    #[test]
    fn a_later_client_first_breaks_it() {
        assert_eq!(broken(&[FIRST, SECOND, add(Client::Cm), add(Client::Mad)]), Some(3));
    }

    #[test]
    fn another_device_of_the_same_task_has_an_order_of_its_own() {
        let other = What::Call(Callback::ClientRemove, Subject::ClientData(Client::Mad, IbDevice::Rxe1));
        let events = [FIRST, SECOND, UNREGISTER, other, remove(Client::Cm), remove(Client::Mad)];
        assert_eq!(broken(&events), None);
    }

    #[test]
    fn the_first_client_out_first_breaks_it() {
        let events = [FIRST, SECOND, UNREGISTER, remove(Client::Mad), remove(Client::Cm)];
        assert_eq!(broken(&events), Some(4));
        let left = What::Leave(Span::IbUnregisterDevice, Subject::Ib(DEVICE), None);
        let one_by_one = [FIRST, SECOND, UNREGISTER, remove(Client::Mad), left, remove(Client::Cm)];
        assert_eq!(broken(&one_by_one), None, "the device was unregistered before");
    }
}
