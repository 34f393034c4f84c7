//! A listener that is notified of a netdev is notified of its end: before it goes elsewhere, and before its device.

use crate::event::{Action, Handle, Kinds, NetNs, Notice, PortIndex, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::lives::Lives;
use crate::mail::{self, Cite};

/// A listener in the initial namespace is notified that a netdev ends there before it begins elsewhere, and before its
/// device ends.
///
/// Other namespaces end themselves, and no listener is left in them to hear what becomes of the netdevs.
pub const NETDEV_ENDS_WHERE_IT_BEGAN: Invariant = Invariant {
    id: 0x1f,
    name: "netdev-ends-where-it-began",
    says: "A listener in the initial namespace is notified that a netdev ends there before it begins elsewhere, and before its device ends.",
    cites: &[Cite {
        mail: &mail::REGISTER,
        who: "Leon Romanovsky",
        claim: "parts can be made and unmade at any time, and the notifications have to cover all of it",
    }],
    about: Kinds::LINK,
    observable: true,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    let mut netns = NetNs::Init;
    // Which ports have a netdev in the initial namespace, as far as listeners there know.
    let mut known: Lives<bool, { Handle::COUNT * PortIndex::COUNT }> = Lives::default();
    let place = |handle: Handle, port: usize| handle.index() * PortIndex::COUNT + port;
    trace.events.iter().position(|event| {
        match event.what {
            What::In(other) => netns = other,
            What::Link(notice, Subject::PortNetdev(handle, port)) => {
                let known = known.of(place(handle, port.index()), event.life);
                match netns {
                    NetNs::Init => *known = notice == Notice::New,
                    NetNs::A | NetNs::B => return notice == Notice::New && *known,
                }
            }
            What::Uevent(Action::Remove, Subject::Device(handle)) => {
                return (0..PortIndex::COUNT).any(|port| known.all(place(handle, port)).any(|known| *known));
            }
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETDEV: Subject = Subject::PortNetdev(Handle::Netdevsim0, PortIndex::P0);
    const NEW: What = What::Link(Notice::New, NETDEV);
    const DEL: What = What::Link(Notice::Del, NETDEV);
    const GONE: What = What::Uevent(Action::Remove, Subject::Device(Handle::Netdevsim0));

    fn broken(events: &[What]) -> Option<usize> {
        check(&Trace::of(events.iter().map(|what| (0, *what))))
    }

    #[test]
    fn a_netdev_that_is_told_of_in_two_places_breaks_it() {
        assert_eq!(broken(&[NEW, What::In(NetNs::A), NEW]), Some(2));
        assert_eq!(broken(&[NEW, DEL, What::In(NetNs::A), NEW, DEL]), None);
        assert_eq!(broken(&[NEW, What::In(NetNs::A), DEL]), None, "an end elsewhere is no second place");
    }

    #[test]
    fn a_netdev_that_outlives_its_device_breaks_it() {
        assert_eq!(broken(&[NEW, GONE]), Some(1));
        let other = What::Uevent(Action::Remove, Subject::Device(Handle::Netdevsim1));
        assert_eq!(broken(&[NEW, other, NEW, DEL, GONE]), None);
    }

    #[test]
    fn a_netdev_may_come_from_a_namespace_that_ended() {
        assert_eq!(broken(&[What::In(NetNs::B), NEW, What::In(NetNs::Init), NEW, DEL, GONE]), None);
        assert_eq!(broken(&[What::In(NetNs::B), NEW, GONE]), None);
    }
}
