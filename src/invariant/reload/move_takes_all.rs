//! An instance that moves to another namespace leaves nothing where it was.

use crate::event::{Handle, Kinds, NetNs, Notice, PortIndex, Span, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::lives::Lives;
use crate::mail::{self, Cite};
use crate::operand::Operand;

/// When a reload moves an instance, none of its ports is there: their netdevs would stay where they are.
pub const MOVE_TAKES_ALL: Invariant = Invariant {
    id: 0x33,
    name: "move-takes-all",
    says: "When a reload moves an instance to another namespace, it has no port whose netdev would stay behind.",
    cites: &[Cite {
        mail: &mail::RELOAD_LOCK,
        who: "Leon Romanovsky",
        claim: "reload changes namespaces to place a virtual function in a container",
    }],
    about: Kinds::MOVED,
    observable: false,
    ends_all: false,
    check,
};

/// What is known of an instance.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// Its ports, a bit each.
    ports: u16,
    is_reloading: bool,
    /// Where it is, once it has moved.
    netns: Option<NetNs>,
}

fn check(trace: &Trace) -> Option<usize> {
    const { assert!(PortIndex::COUNT <= 16) };
    let mut states: Lives<State, { Handle::COUNT }> = Lives::default();
    // The ports whose netdev is not where their instance is, if it is anywhere: a bit each.
    let mut left = [0u16; Handle::COUNT];
    trace.events.iter().position(|event| {
        match event.what {
            What::Add(Subject::Port(handle, port)) => {
                states.of(handle.index(), event.life).ports |= 1 << port.index();
                left[handle.index()] &= !(1 << port.index());
            }
            What::Remove(Subject::Port(handle, port)) => {
                states.of(handle.index(), event.life).ports &= !(1 << port.index());
            }
            What::Enter(Span::DevlinkReload | Span::DevlinkActivate, Subject::Devlink(handle)) => {
                states.of(handle.index(), event.life).is_reloading = true;
            }
            What::Leave(Span::DevlinkReload | Span::DevlinkActivate, Subject::Devlink(handle), _) => {
                states.of(handle.index(), event.life).is_reloading = false;
            }
            What::Link(Notice::Del, Subject::PortNetdev(handle, port)) => {
                left[handle.index()] |= 1 << port.index();
            }
            What::Set(Subject::PortNetdev(handle, port), _, to) => {
                let netns = states.of(handle.index(), 0).netns.unwrap_or(NetNs::Init);
                let is_here = NetNs::from_byte(to) == Some(netns);
                left[handle.index()] = if is_here {
                    left[handle.index()] & !(1 << port.index())
                } else {
                    left[handle.index()] | 1 << port.index()
                };
            }
            What::Set(Subject::NetnsOf(handle), _, to) => {
                let state = states.of(handle.index(), event.life);
                state.netns = NetNs::from_byte(to);
                return state.is_reloading && state.ports & !left[handle.index()] != 0;
            }
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANDLE: Handle = Handle::Mlx50;
    const PORT: Subject = Subject::Port(HANDLE, PortIndex::P0);
    const ENTER: (u8, What) = (0, What::Enter(Span::DevlinkActivate, Subject::Devlink(HANDLE)));
    const MOVE: (u8, What) = (0, What::Set(Subject::NetnsOf(HANDLE), 1, 0));

    #[test]
    fn a_port_from_before_the_move_breaks_it() {
        assert_eq!(check(&Trace::of([(0, What::Add(PORT)), ENTER, MOVE])), Some(2));
    }

    #[test]
    fn a_port_that_is_made_after_the_move_keeps_it() {
        let trace = [(0, What::Add(PORT)), ENTER, (0, What::Remove(PORT)), MOVE, (0, What::Add(PORT))];
        assert_eq!(check(&Trace::of(trace)), None);
    }

    #[test]
    fn a_port_whose_netdev_is_elsewhere_or_gone_leaves_nothing_behind() {
        let netdev = Subject::PortNetdev(HANDLE, PortIndex::P0);
        let elsewhere = What::Set(netdev, NetNs::Init.to_byte(), NetNs::B.to_byte());
        assert_eq!(check(&Trace::of([(0, What::Add(PORT)), (0, elsewhere), ENTER, MOVE])), None);
        let gone = What::Link(Notice::Del, netdev);
        assert_eq!(check(&Trace::of([(0, What::Add(PORT)), (0, gone), ENTER, MOVE])), None);
        let back = What::Set(netdev, NetNs::B.to_byte(), NetNs::Init.to_byte());
        assert_eq!(
            check(&Trace::of([(0, What::Add(PORT)), (0, elsewhere), (0, back), ENTER, MOVE])),
            Some(4)
        );
    }

    #[test]
    fn who_is_sent_away_by_the_end_of_a_namespace_is_not_reloaded() {
        assert_eq!(check(&Trace::of([(0, What::Add(PORT)), MOVE])), None);
    }
}
