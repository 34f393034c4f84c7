//! An instance that moves to another namespace leaves nothing where it was.

use crate::event::{Handle, Kinds, PortIndex, Span, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

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
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    const { assert!(PortIndex::COUNT <= 16) };
    let mut ports = [0u16; Handle::COUNT];
    let mut reloads = [false; Handle::COUNT];
    trace.events.iter().position(|event| {
        match event.what {
            What::Add(Subject::Port(handle, port)) => ports[handle.index()] |= 1 << port.index(),
            What::Remove(Subject::Port(handle, port)) => ports[handle.index()] &= !(1 << port.index()),
            What::Alloc(Subject::Devlink(handle)) => ports[handle.index()] = 0,
            What::Enter(Span::DevlinkReload | Span::DevlinkActivate, Subject::Devlink(handle)) => {
                reloads[handle.index()] = true;
            }
            What::Leave(Span::DevlinkReload | Span::DevlinkActivate, Subject::Devlink(handle), _) => {
                reloads[handle.index()] = false;
            }
            What::Set(Subject::NetnsOf(handle), ..) => {
                return reloads[handle.index()] && ports[handle.index()] != 0;
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
    fn who_is_sent_away_by_the_end_of_a_namespace_is_not_reloaded() {
        assert_eq!(check(&Trace::of([(0, What::Add(PORT)), MOVE])), None);
    }
}
