//! Users hear of an RDMA device when its clients have it, and of its end when they do not have it any more.

use crate::event::{
    Action, Callback, Client, Event, IbDevice, Kinds, Life, NetNs, Notice, RUN_TASKS_MAX, Span, Subject,
    Trace, What, WorkFn,
};
use crate::invariant::Invariant;
use crate::invariant::lives::{ByName, Lives};
use crate::mail::{self, Cite};
use crate::operand::Operand;

/// Users hear of an RDMA device when its clients have it, and of its end when they do not have it any more.
pub const TOLD_IN_ORDER: Invariant = Invariant {
    id: 0x30,
    name: "rdma-told-in-order",
    says: "An RDMA device's uevents and notifications come as add, new, del, remove. add is sent once add() of every \
           client has returned that was registered when the device was made, unless the device goes again meanwhile; del \
           once remove() of every client has returned. In a namespace that ends, del is not sent.",
    cites: &[
        Cite {
            mail: &mail::UEVENTS,
            who: "Alex Williamson",
            claim: "each event marks the completion of a process, so it is sent when that has completed",
        },
        Cite {
            mail: &mail::KREF,
            who: "Jason Gunthorpe",
            claim: "a client's work must be cancelled or complete when its remove() returns",
        },
    ],
    about: Kinds::RDMA,
    observable: true,
    ends_all: false,
    check,
};

/// What users know of the device that has a name.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    added: bool,
    registered: bool,
    /// Under what name clients have it, if the trace shows the inside of registration.
    inside: Option<IbDevice>,
}

#[derive(Debug, Default)]
struct State {
    known: ByName<Known>,
    /// Which clients are registered.
    clients: [bool; Client::COUNT],
    /// Which were when the device was made, and do not know it yet.
    missing: Lives<[bool; Client::COUNT], { IbDevice::COUNT }>,
    /// Which have a device.
    have: Lives<[bool; Client::COUNT], { IbDevice::COUNT }>,
    /// Where devices are that were moved, and which namespaces end: no task listens there.
    netns: Lives<Option<NetNs>, { IbDevice::COUNT }>,
    ending: [bool; NetNs::COUNT],
    /// Which device each task registers.
    registers: [Option<IbDevice>; RUN_TASKS_MAX],
}

impl State {
    /// Takes an event in; false if it breaks the invariant.
    fn step(&mut self, event: &Event) -> bool {
        match event.what {
            What::Enter(Span::IbRegisterDevice, Subject::Ib(device)) => {
                self.registers[usize::from(event.task)] = Some(device);
            }
            What::Leave(Span::IbRegisterDevice, ..) => self.registers[usize::from(event.task)] = None,
            What::Add(Subject::Client(client)) => self.clients[client.index()] = true,
            What::Remove(Subject::Client(client)) => {
                self.clients[client.index()] = false;
                self.missing.for_all(|missing| missing[client.index()] = false);
            }
            What::Visible(Subject::Ib(device)) => {
                *self.missing.of(device.index(), event.life) = self.clients;
            }
            // No client is added any more to a device that another task unregisters meanwhile.
            What::Hidden(Subject::Ib(device)) => {
                *self.missing.of(device.index(), event.life) = Default::default();
            }
            What::Return(Callback::ClientAdd, Subject::ClientData(client, device), errno) => {
                self.missing.of(device.index(), event.life)[client.index()] = false;
                self.have.of(device.index(), event.life)[client.index()] = errno.is_none();
            }
            What::Return(Callback::ClientRemove, Subject::ClientData(client, device), _) => {
                self.have.of(device.index(), event.life)[client.index()] = false;
            }
            What::Set(Subject::IbNetns(device), _, to) => {
                *self.netns.of(device.index(), event.life) = NetNs::from_byte(to);
            }
            What::Queue(_, WorkFn::CleanupNet(netns), _) => self.ending[netns.index()] = true,
            What::Free(Subject::Netns(netns)) => self.ending[netns.index()] = false,
            What::Uevent(action, Subject::Ib(name)) => return self.uevent(event, action, name),
            What::Notify(notice, Subject::Ib(name), _) => return self.notify(notice, name, event.life),
            _ => {}
        }
        true
    }

    fn uevent(&mut self, event: &Event, action: Action, name: IbDevice) -> bool {
        let known = self.known.of(name, event.life);
        match action {
            Action::Add => {
                let inside = self.registers[usize::from(event.task)];
                let was = std::mem::replace(known, Known { added: true, registered: false, inside });
                let missing = |device: IbDevice| self.missing.of(device.index(), event.life).contains(&true);
                !was.added && !inside.is_some_and(missing)
            }
            Action::Remove => {
                let was = std::mem::take(known);
                let netns = was.inside.and_then(|device| *self.netns.of(device.index(), event.life));
                was.added && (!was.registered || netns.is_some_and(|netns| self.ending[netns.index()]))
            }
            Action::Move(old) => {
                self.known.renamed(old, name, event.life);
                true
            }
            Action::Bind | Action::Unbind | Action::Change(_) => true,
        }
    }

    fn notify(&mut self, notice: Notice, name: IbDevice, life: Life) -> bool {
        let known = self.known.of(name, life);
        let was = std::mem::replace(&mut known.registered, notice == Notice::New);
        match notice {
            Notice::New => known.added && !was,
            Notice::Del => {
                let have = |device: IbDevice| self.have.of(device.index(), life).contains(&true);
                was && !known.inside.is_some_and(have)
            }
        }
    }
}

fn check(trace: &Trace) -> Option<usize> {
    let mut state = State::default();
    trace.events.iter().position(|event| !state.step(event))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Errno, Module, QueueName};

    const DEVICE: Subject = Subject::Ib(IbDevice::Rxe0);
    const ENTER: What = What::Enter(Span::IbRegisterDevice, DEVICE);
    const LEAVE: What = What::Leave(Span::IbRegisterDevice, DEVICE, None);
    const CLIENT: What = What::Add(Subject::Client(Client::Mad));
    const VISIBLE: What = What::Visible(DEVICE);
    const DATA: Subject = Subject::ClientData(Client::Mad, IbDevice::Rxe0);
    const HAS: What = What::Return(Callback::ClientAdd, DATA, None);
    const HAS_NOT: What = What::Return(Callback::ClientRemove, DATA, None);
    const ADD: What = What::Uevent(Action::Add, DEVICE);
    const REMOVE: What = What::Uevent(Action::Remove, DEVICE);
    const NEW: What = What::Notify(Notice::New, DEVICE, 0);
    const DEL: What = What::Notify(Notice::Del, DEVICE, 0);

    fn broken(events: &[What]) -> Option<usize> {
        check(&Trace::of(events.iter().map(|what| (0, *what))))
    }

    #[test]
    fn a_device_that_users_hear_of_before_a_client_does_breaks_it() {
        assert_eq!(broken(&[CLIENT, ENTER, VISIBLE, ADD]), Some(3));
        assert_eq!(broken(&[CLIENT, ENTER, VISIBLE, HAS, ADD, NEW, LEAVE, HAS_NOT, DEL, REMOVE]), None);
        let refused = What::Return(Callback::ClientAdd, DATA, Some(Errno::EOPNOTSUPP));
        assert_eq!(broken(&[CLIENT, ENTER, VISIBLE, refused, ADD, NEW, LEAVE, DEL, REMOVE]), None);
        let gone = What::Remove(Subject::Client(Client::Mad));
        assert_eq!(broken(&[CLIENT, ENTER, VISIBLE, gone, ADD, NEW]), None);
        assert_eq!(broken(&[CLIENT, ENTER, VISIBLE, What::Hidden(DEVICE), ADD, NEW]), None);
        assert_eq!(broken(&[ENTER, VISIBLE, CLIENT, ADD, NEW]), None, "a later client has later to be told");
    }

    #[test]
    fn a_task_that_has_registered_a_device_says_nothing_of_its_clients() {
        assert_eq!(broken(&[CLIENT, ENTER, VISIBLE, LEAVE, ADD]), None);
        assert_eq!(broken(&[REMOVE]), Some(0), "there was no beginning");
    }

    #[test]
    fn an_end_before_the_clients_or_without_a_beginning_breaks_it() {
        assert_eq!(broken(&[CLIENT, ENTER, VISIBLE, HAS, ADD, NEW, LEAVE, DEL]), Some(7));
        assert_eq!(broken(&[DEL]), Some(0));
        assert_eq!(broken(&[ADD, NEW, DEL, DEL]), Some(3));
    }

    #[test]
    fn a_notification_outside_of_the_uevents_breaks_it() {
        assert_eq!(broken(&[NEW]), Some(0));
        assert_eq!(broken(&[ADD, NEW, REMOVE]), Some(2));
        assert_eq!(broken(&[ADD, NEW, DEL, REMOVE, ADD, NEW]), None);
        assert_eq!(broken(&[ADD, ADD]), Some(1));
    }

    #[test]
    fn a_device_goes_unheard_where_nobody_can_listen() {
        let moved = What::Set(Subject::IbNetns(IbDevice::Rxe0), NetNs::Init.to_byte(), NetNs::A.to_byte());
        let ends = What::Queue(QueueName::Netns, WorkFn::CleanupNet(NetNs::A), Module::Core);
        assert_eq!(broken(&[ENTER, VISIBLE, ADD, NEW, LEAVE, moved, ends, REMOVE]), None);
        assert_eq!(broken(&[ENTER, VISIBLE, ADD, NEW, LEAVE, ends, REMOVE]), Some(6), "it is elsewhere");
        let ended = What::Free(Subject::Netns(NetNs::A));
        assert_eq!(broken(&[ENTER, VISIBLE, ADD, NEW, LEAVE, moved, ends, ended, REMOVE]), Some(8));
    }

    #[test]
    fn a_device_that_goes_by_another_name_is_the_same() {
        let to = Subject::Ib(IbDevice::Rxe1);
        let renamed = What::Uevent(Action::Move(IbDevice::Rxe0.to_byte()), to);
        let end = [What::Notify(Notice::Del, to, 0), What::Uevent(Action::Remove, to)];
        assert_eq!(broken(&[ADD, NEW, renamed, end[0], end[1], ADD, NEW]), None);
        assert_eq!(broken(&[ADD, NEW, renamed, DEL]), Some(3));
    }
}
