//! A listener to RDMA notifications ends with the names that devices have.
//!
//! The listener follows netlink alone, from the start, in the initial namespace. It knows a device by its index, so a
//! notification of a new name is about the device that the uevent beside it renames. Nothing is notified of a move to
//! another namespace, so a device that was moved does not count.

use crate::event::{Action, IbDevice, Kinds, NetNs, Notice, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};
use crate::operand::Operand;

/// A listener to RDMA notifications ends with the names that devices have.
pub const RDMA_STREAM_CONVERGES: Invariant = Invariant {
    id: 0x35,
    name: "rdma-stream-converges",
    says: "A listener to RDMA notifications that was there from the start ends with the names that devices have.",
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

#[derive(Debug)]
struct State {
    /// The namespace that events are of.
    netns: NetNs,
    /// The name under which the listener knows the device that has this one.
    heard_as: [Option<IbDevice>; IbDevice::COUNT],
    /// Whether a device was moved.
    has_moved: bool,
    /// Whether there was a notification: kernels before 6.12 send none of devices.
    is_notified: bool,
}

impl State {
    /// Takes an event in; false if it breaks the invariant.
    fn step(&mut self, what: What) -> bool {
        match what {
            What::In(netns) => self.netns = netns,
            What::Set(Subject::IbNetns(_), ..) => self.has_moved = true,
            What::Uevent(Action::Move(old), Subject::Ib(name)) => {
                self.heard_as[name.index()] =
                    IbDevice::from_byte(old).and_then(|old| self.heard_as[old.index()].take());
            }
            What::Notify(notice, Subject::Ib(name), _) => {
                let is_there = notice == Notice::New && self.netns == NetNs::Init;
                self.heard_as[name.index()] = is_there.then_some(name);
                self.is_notified |= self.netns == NetNs::Init;
            }
            What::Notify(_, Subject::IbName(name), _) => {
                let heard_as = &mut self.heard_as[name.index()];
                *heard_as = heard_as.and(Some(name));
            }
            What::AtRest(Subject::Ib(name), _) if self.netns == NetNs::Init && !self.has_moved => {
                return self.heard_as[name.index()] == Some(name) || !self.is_notified;
            }
            _ => {}
        }
        true
    }
}

fn check(trace: &Trace) -> Option<usize> {
    let heard_as = [None; IbDevice::COUNT];
    let mut state = State { netns: NetNs::Init, heard_as, has_moved: false, is_notified: false };
    trace.events.iter().position(|event| !state.step(event.what))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: Subject = Subject::Ib(IbDevice::Rxe0);
    const TO: Subject = Subject::Ib(IbDevice::Rxe1);
    const NEW: What = What::Notify(Notice::New, DEVICE, 0);
    const RENAMED: What = What::Notify(Notice::New, Subject::IbName(IbDevice::Rxe1), 0);

    fn broken(events: &[What]) -> Option<usize> {
        check(&Trace::of(events.iter().map(|what| (0, *what))))
    }

    #[test]
    fn a_name_that_was_not_notified_breaks_it() {
        let moved = What::Uevent(Action::Move(IbDevice::Rxe0.to_byte()), TO);
        let (at_rest, renamed) = (What::AtRest(DEVICE, 1), What::AtRest(TO, 1));
        assert_eq!(broken(&[NEW, at_rest]), None);
        assert_eq!(broken(&[NEW, moved, renamed]), Some(2));
        assert_eq!(broken(&[NEW, moved, RENAMED, renamed]), None);
        assert_eq!(broken(&[NEW, moved, RENAMED, at_rest]), Some(3));
        assert_eq!(broken(&[NEW, What::Notify(Notice::Del, DEVICE, 0)]), None);
    }

    #[test]
    fn a_device_is_known_only_from_its_beginning_in_the_initial_namespace() {
        let end = What::Notify(Notice::Del, DEVICE, 0);
        assert_eq!(broken(&[NEW, end, What::AtRest(DEVICE, 1)]), Some(2), "its end was notified");
        let elsewhere = [What::In(NetNs::A), What::Notify(Notice::New, TO, 0), What::In(NetNs::Init)];
        assert_eq!(broken(&[&[NEW], &elsewhere[..], &[What::AtRest(TO, 1)]].concat()), Some(4));
    }

    #[test]
    fn a_device_that_takes_the_former_name_is_another() {
        let moved = What::Uevent(Action::Move(IbDevice::Rxe0.to_byte()), TO);
        let (another, renamed) = (What::AtRest(DEVICE, 1), What::AtRest(TO, 1));
        assert_eq!(broken(&[NEW, moved, NEW, RENAMED, another, renamed]), None);
        assert_eq!(broken(&[NEW, moved, NEW, another, renamed]), Some(4), "the new name was not told");
        assert_eq!(broken(&[NEW, moved, RENAMED, renamed, another]), Some(4), "the other one was not told");
    }

    #[test]
    fn a_device_may_be_renamed_twice_before_it_is_told() {
        let back = What::Uevent(Action::Move(IbDevice::Rxe1.to_byte()), DEVICE);
        let moved = What::Uevent(Action::Move(IbDevice::Rxe0.to_byte()), TO);
        let told = What::Notify(Notice::New, Subject::IbName(IbDevice::Rxe0), 0);
        assert_eq!(broken(&[NEW, moved, back, told, told, What::AtRest(DEVICE, 1)]), None);
        assert_eq!(broken(&[NEW, moved, back, What::AtRest(DEVICE, 1)]), None, "that name was told");
        assert_eq!(broken(&[NEW, moved, back, moved, What::AtRest(TO, 1)]), Some(4));
    }

    #[test]
    fn a_device_that_was_moved_or_is_elsewhere_does_not_count() {
        let moves = What::Set(Subject::IbNetns(IbDevice::Rxe0), NetNs::Init.to_byte(), NetNs::A.to_byte());
        assert_eq!(broken(&[NEW, What::AtRest(TO, 1)]), Some(1));
        assert_eq!(broken(&[NEW, moves, What::AtRest(TO, 1)]), None);
        assert_eq!(broken(&[NEW, What::In(NetNs::A), What::AtRest(TO, 1)]), None);
        assert_eq!(broken(&[What::AtRest(DEVICE, 1)]), None, "a kernel that notifies of nothing");
    }
}
