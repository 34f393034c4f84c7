//! When a namespace is gone, no instance is in it.

use crate::event::{Handle, Kinds, NetNs, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::lives::Lives;
use crate::mail::{self, Cite};
use crate::operand::Operand;

/// When a network namespace is gone, no devlink instance that users can see is in it.
pub const NETNS_EXIT_EMPTIES: Invariant = Invariant {
    id: 0x14,
    name: "netns-exit-empties",
    says: "When a network namespace is gone, no devlink instance that users can see is in it.",
    cites: &[Cite {
        mail: &mail::RELOAD_LOCK,
        who: "Leon Romanovsky",
        claim: "the end of a namespace reloads every instance in it, and that has to work",
    }],
    about: Kinds::NETNS_GONE,
    observable: false,
    ends_all: true,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    // Whether users see each instance, and where it is if it is not in the initial namespace.
    let mut states: Lives<(bool, Option<NetNs>), { Handle::COUNT }> = Lives::default();
    trace.events.iter().position(|event| {
        match event.what {
            What::Visible(Subject::Devlink(handle)) => states.of(handle.index(), event.life).0 = true,
            What::Hidden(Subject::Devlink(handle)) => states.of(handle.index(), event.life).0 = false,
            What::Alloc(Subject::Devlink(handle)) => states.of(handle.index(), event.life).1 = None,
            What::Set(Subject::NetnsOf(handle), _, to) => {
                states.of(handle.index(), event.life).1 = NetNs::from_byte(to);
            }
            // Of one handle one instance is visible at a time.
            What::Free(Subject::Netns(gone)) => {
                return states.last().any(|(is_visible, netns)| *is_visible && *netns == Some(gone));
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

    fn moves(to: NetNs) -> (u8, What) {
        (0, What::Set(Subject::NetnsOf(HANDLE), NetNs::Init.to_byte(), to.to_byte()))
    }

    #[test]
    fn an_instance_that_is_left_behind_breaks_it() {
        let visible = (0, What::Visible(Subject::Devlink(HANDLE)));
        let gone = (1, What::Free(Subject::Netns(NetNs::A)));
        assert_eq!(check(&Trace::of([visible, moves(NetNs::A), gone])), Some(2));
        assert_eq!(check(&Trace::of([visible, moves(NetNs::A), moves(NetNs::Init), gone])), None);
        let again =
            [What::Hidden, What::Alloc, What::Visible].map(|what| (0, what(Subject::Devlink(HANDLE))));
        let trace = [&[visible, moves(NetNs::A)], &again[..], &[gone]].concat();
        assert_eq!(check(&Trace::of(trace)), None, "the next one begins in the initial namespace");
    }
}
