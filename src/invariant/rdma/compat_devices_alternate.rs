//! The uevents of what stands for an RDMA device in another namespace alternate, and say what is there.

use crate::event::{Action, IbDevice, Kinds, NetNs, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};
use crate::operand::Operand;

/// The uevents of what stands for an RDMA device in another namespace alternate, and say what is there.
pub const COMPAT_DEVICES_ALTERNATE: Invariant = Invariant {
    id: 0x34,
    name: "compat-devices-alternate",
    says: "In each namespace, the compat device of an RDMA device is added and removed in turn. It is made once before \
           it is unmade, and removed only where it was made.",
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

/// What the trace shows of one name in one namespace.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// Whether it is there, once that was seen.
    is_there: Option<bool>,
    /// What the last uevent said, if there was one.
    is_said: Option<bool>,
}

#[derive(Debug, Default)]
struct State {
    known: [[Known; NetNs::COUNT]; IbDevice::COUNT],
    /// Whether the trace shows how namespaces begin, and so also what is made where no listener is yet.
    shows_all: bool,
}

impl State {
    fn of(&mut self, device: IbDevice, netns: NetNs) -> &mut Known {
        &mut self.known[device.index()][netns.index()]
    }

    /// Takes an event in; false if it breaks the invariant.
    fn step(&mut self, what: What) -> bool {
        match what {
            What::Alloc(Subject::Netns(_)) => self.shows_all = true,
            What::Free(Subject::Netns(netns)) => {
                self.known.iter_mut().for_each(|known| known[netns.index()] = Known::default());
            }
            What::Visible(Subject::IbCompat(device, netns)) => {
                return self.of(device, netns).is_there.replace(true) != Some(true);
            }
            What::Hidden(Subject::IbCompat(device, netns)) => {
                return self.of(device, netns).is_there.replace(false) == Some(true);
            }
            What::Uevent(action, Subject::IbCompat(device, netns)) => {
                return self.uevent(action, device, netns);
            }
            _ => {}
        }
        true
    }

    fn uevent(&mut self, action: Action, device: IbDevice, netns: NetNs) -> bool {
        let shows_all = self.shows_all;
        match action {
            Action::Add => self.of(device, netns).is_said.replace(true) != Some(true),
            Action::Remove => {
                let known = self.of(device, netns);
                known.is_said.replace(false) != Some(false) && (!shows_all || known.is_there.is_some())
            }
            Action::Move(old) => {
                if let Some(old) = IbDevice::from_byte(old).filter(|old| *old != device) {
                    let said = self.of(old, netns).is_said.take();
                    self.of(device, netns).is_said = Some(true);
                    return said != Some(false);
                }
                true
            }
            Action::Bind | Action::Unbind | Action::Change(_) => true,
        }
    }
}

fn check(trace: &Trace) -> Option<usize> {
    let mut state = State::default();
    trace.events.iter().position(|event| !state.step(event.what))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPAT: Subject = Subject::IbCompat(IbDevice::Rxe0, NetNs::A);
    const ADD: What = What::Uevent(Action::Add, COMPAT);
    const REMOVE: What = What::Uevent(Action::Remove, COMPAT);
    const MADE: What = What::Visible(COMPAT);
    const UNMADE: What = What::Hidden(COMPAT);
    const NETNS: What = What::Alloc(Subject::Netns(NetNs::A));
    const ENDED: What = What::Free(Subject::Netns(NetNs::A));

    fn broken(events: &[What]) -> Option<usize> {
        check(&Trace::of(events.iter().map(|what| (0, *what))))
    }

    #[test]
    fn the_same_twice_breaks_it() {
        assert_eq!(broken(&[ADD, REMOVE, ADD, REMOVE]), None);
        assert_eq!(broken(&[ADD, ADD]), Some(1));
        assert_eq!(broken(&[ADD, REMOVE, REMOVE]), Some(2));
        assert_eq!(broken(&[MADE, MADE]), Some(1));
        assert_eq!(broken(&[MADE, UNMADE, UNMADE]), Some(2));
    }

    #[test]
    fn a_listener_may_miss_the_beginning_of_what_was_made_with_the_namespace() {
        assert_eq!(broken(&[REMOVE]), None, "a real kernel shows no more");
        assert_eq!(broken(&[MADE, NETNS, UNMADE, REMOVE]), None);
        assert_eq!(broken(&[NETNS, REMOVE]), Some(1));
    }

    #[test]
    fn a_namespace_of_the_same_name_begins_anew() {
        assert_eq!(broken(&[NETNS, MADE, ADD, ENDED, MADE, NETNS, UNMADE, REMOVE]), None);
        assert_eq!(broken(&[NETNS, MADE, ADD, ENDED, NETNS, REMOVE]), Some(5));
    }

    #[test]
    fn a_name_goes_with_what_it_stands_for() {
        let to = Subject::IbCompat(IbDevice::Rxe1, NetNs::A);
        let moved = What::Uevent(Action::Move(IbDevice::Rxe0.to_byte()), to);
        let renamed = [NETNS, MADE, ADD, UNMADE, What::Visible(to), moved];
        assert_eq!(broken(&renamed), None);
        assert_eq!(
            broken(&[&renamed[..], &[What::Hidden(to), What::Uevent(Action::Remove, to)]].concat()),
            None
        );
        assert_eq!(broken(&[&renamed[..], &[MADE, ADD]].concat()), None, "the old name is free");
        assert_eq!(broken(&[ADD, REMOVE, moved]), Some(2));
    }
}
