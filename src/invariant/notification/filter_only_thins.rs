//! A filter leaves out what differs from it, and nothing else.

use crate::event::{FilterDevice, FilterPort, Kinds, NetNs, Notice, RUN_TASKS_MAX, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// A listener with a filter receives the notifications of its namespace except those that differ from the filter that it set last.
pub const FILTER_ONLY_THINS: Invariant = Invariant {
    id: 0x16,
    name: "filter-only-thins",
    says: "A listener with a filter receives the notifications of its namespace except those that differ from the filter that it set last.",
    cites: &[
        Cite {
            mail: &mail::REGISTER,
            who: "Jakub Kicinski",
            claim: "notifications need to be straightened out: no part before the instance it belongs to",
        },
        Cite {
            mail: &mail::REGISTER,
            who: "Leon Romanovsky",
            claim: "parts can be made at any time, so notifications must cover those made before register and \
                    those made after",
        },
    ],
    about: Kinds::HEARD,
    observable: true,
    ends_all: false,
    check,
};

/// What a notification says.
type Message = (Notice, Subject, u8);

/// A task's own socket, and what it has heard of the message that is being sent.
#[derive(Clone, Copy)]
struct Socket {
    netns: NetNs,
    device: FilterDevice,
    port: FilterPort,
    heard: Option<(usize, Message)>,
}

impl Socket {
    /// Whether a message about this differs from the filter.
    fn differs(&self, of: Subject) -> bool {
        let other_port = match (of, self.port.index_wanted()) {
            (Subject::Port(_, port), Some(wanted)) => port != wanted,
            _ => false,
        };
        other_port || of.handle().is_some_and(|handle| !self.device.names(handle))
    }
}

fn check(trace: &Trace) -> Option<usize> {
    let mut sockets: [Option<Socket>; RUN_TASKS_MAX] = [None; RUN_TASKS_MAX];
    let mut netns = NetNs::Init;
    for (at, event) in trace.events.iter().enumerate() {
        let own = &mut sockets[usize::from(event.task)];
        match event.what {
            What::In(other) => netns = other,
            What::Filter(netns, device, port) => {
                let heard = own.and_then(|socket| socket.heard);
                *own = Some(Socket { netns, device, port, heard });
            }
            What::Heard(notice, of, value) => match own {
                // What was heard before was never sent.
                Some(Socket { heard: Some((before, _)), .. }) => return Some(*before),
                Some(socket) => socket.heard = Some((at, (notice, of, value))),
                None => return Some(at),
            },
            // RDMA has a family of its own, which knows no filters.
            What::Notify(
                _,
                Subject::Ib(_) | Subject::IbName(_) | Subject::IbLink(_) | Subject::Unnamed,
                _,
            ) => {}
            What::Notify(notice, of, value) => {
                for socket in sockets.iter_mut().flatten().filter(|socket| socket.netns == netns) {
                    let due = (!socket.differs(of)).then_some((notice, of, value));
                    let heard = socket.heard.take();
                    if heard.map(|(_, message)| message) != due {
                        return Some(heard.map_or(at, |(at, _)| at));
                    }
                }
            }
            _ => {}
        }
    }
    let left = sockets.iter().flatten().filter_map(|socket| socket.heard);
    left.map(|(at, _)| at).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Handle, PortIndex};

    const DEVICE: Subject = Subject::Devlink(Handle::Mlx50);
    const PORT: Subject = Subject::Port(Handle::Mlx50, PortIndex::P0);
    const OTHER_PORT: Subject = Subject::Port(Handle::Mlx50, PortIndex::P1);
    const PORT_0: What = What::Filter(NetNs::Init, FilterDevice::Mlx50, FilterPort::P0);
    const NOTHING: What = What::Filter(NetNs::Init, FilterDevice::Netdevsim0, FilterPort::Any);

    fn heard(of: Subject) -> (u8, What) {
        (1, What::Heard(Notice::New, of, 0))
    }

    fn told(of: Subject) -> (u8, What) {
        (0, What::Notify(Notice::New, of, 0))
    }

    #[test]
    fn what_differs_is_left_out_and_what_has_no_port_does_not_differ() {
        let trace = Trace::of([
            told(DEVICE),
            (1, PORT_0),
            heard(DEVICE),
            told(DEVICE),
            heard(PORT),
            told(PORT),
            told(OTHER_PORT),
            (1, NOTHING),
            told(PORT),
        ]);
        assert_eq!(check(&trace), None);
    }

    #[test]
    fn an_instance_that_a_filter_for_its_port_hides_breaks_it() {
        assert_eq!(check(&Trace::of([(1, PORT_0), told(DEVICE)])), Some(1));
    }

    #[test]
    fn a_filter_that_outlives_its_successor_breaks_it() {
        let trace = Trace::of([(1, NOTHING), (1, PORT_0), told(PORT)]);
        assert_eq!(check(&trace), Some(2));
        let trace = Trace::of([(1, PORT_0), (1, NOTHING), heard(PORT), told(PORT)]);
        assert_eq!(check(&trace), Some(2));
    }

    #[test]
    fn what_differs_or_was_told_to_nobody_or_in_another_namespace_breaks_it_when_heard() {
        assert_eq!(check(&Trace::of([(1, PORT_0), heard(OTHER_PORT), told(OTHER_PORT)])), Some(1));
        assert_eq!(check(&Trace::of([(1, PORT_0), heard(PORT)])), Some(1));
        assert_eq!(check(&Trace::of([(1, PORT_0), heard(PORT), heard(DEVICE), told(DEVICE)])), Some(1));
        assert_eq!(check(&Trace::of([heard(PORT), told(PORT)])), Some(0));
        let elsewhere = (0, What::In(NetNs::A));
        assert_eq!(check(&Trace::of([(1, PORT_0), elsewhere, told(PORT)])), None);
        assert_eq!(check(&Trace::of([(1, PORT_0), heard(PORT), elsewhere, told(PORT)])), Some(1));
    }
}
