//! A reload makes the driver's entities anew.

use crate::event::{Handle, Kinds, Span, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::lives::Lives;
use crate::mail::{self, Cite};

/// Every port and trap that is there after a successful reload was made in it, and those that the probe made are there.
pub const RELOAD_REINITIALISES: Invariant = Invariant {
    id: 0x05,
    name: "reload-reinitialises",
    says: "Every port and trap that is there after a successful reload was made in it, and those that the probe made are there again.",
    cites: &[Cite {
        mail: &mail::TRAPS,
        who: "Ido Schimmel",
        claim: "reload is defined to re-initialise driver entities; keeping them is a regression for user space",
    }],
    about: Kinds::RELOAD,
    observable: false,
    ends_all: false,
    check,
};

/// What a reload makes anew: every part but params, which carry what the reload is to take up, and reporters, whose
/// work must be able to take the lock that a reload holds.
fn entity(of: Subject) -> Option<(usize, usize)> {
    match of {
        Subject::Param(..) | Subject::Reporter(..) | Subject::Resource(..) => None,
        part => part.part().map(|(handle, place)| (handle.index(), place)),
    }
}

/// Sets of entities of an instance, a bit each.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    present: u128,
    /// Those from before the reload under way.
    old: u128,
    /// Those that its probe made.
    probed: u128,
}

fn check(trace: &Trace) -> Option<usize> {
    const { assert!(Subject::PARTS <= 128) };
    let mut states: Lives<State, { Handle::COUNT }> = Lives::default();
    trace.events.iter().position(|event| {
        match event.what {
            What::Add(of) => {
                if let Some((instance, entity)) = entity(of) {
                    states.of(instance, event.life).present |= 1 << entity;
                }
            }
            What::Remove(of) => {
                if let Some((instance, entity)) = entity(of) {
                    let state = states.of(instance, event.life);
                    state.present &= !(1 << entity);
                    state.old &= !(1 << entity);
                }
            }
            What::Ready(Subject::Devlink(handle)) => {
                let state = states.of(handle.index(), event.life);
                state.probed = state.present;
            }
            What::Enter(Span::DevlinkReload, Subject::Devlink(handle)) => {
                let state = states.of(handle.index(), event.life);
                state.old = state.present;
            }
            What::Leave(Span::DevlinkReload, Subject::Devlink(handle), None) => {
                let state = states.of(handle.index(), event.life);
                return state.old != 0 || state.probed & !state.present != 0;
            }
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Trap;

    const DEVICE: Subject = Subject::Devlink(Handle::Netdevsim0);
    const TRAP: Subject = Subject::Trap(Handle::Netdevsim0, Trap::TailDrop);
    const ENTER: What = What::Enter(Span::DevlinkReload, DEVICE);
    const LEAVE: What = What::Leave(Span::DevlinkReload, DEVICE, None);

    #[test]
    fn a_trap_that_lives_through_reload_breaks_it() {
        assert_eq!(check(&Trace::of([(0, What::Add(TRAP)), (0, ENTER), (0, LEAVE)])), Some(2));
    }

    #[test]
    fn a_trap_made_again_keeps_it() {
        let again = [(0, What::Remove(TRAP)), (0, What::Add(TRAP))];
        let [remove, add] = again;
        assert_eq!(check(&Trace::of([(0, What::Add(TRAP)), (0, ENTER), remove, add, (0, LEAVE)])), None);
    }

    #[test]
    fn a_trap_that_the_probe_made_and_the_reload_does_not_breaks_it() {
        let probe = [(0, What::Add(TRAP)), (0, What::Ready(DEVICE))];
        let reload = [(0, ENTER), (0, What::Remove(TRAP)), (0, LEAVE)];
        assert_eq!(check(&Trace::of(probe.into_iter().chain(reload))), Some(4));
        let again = [(0, ENTER), (0, What::Remove(TRAP)), (0, What::Add(TRAP)), (0, LEAVE)];
        assert_eq!(check(&Trace::of(probe.into_iter().chain(again))), None);
    }

    #[test]
    fn a_trap_of_an_earlier_instance_is_none_of_the_later_one() {
        let early = [(0, 1, What::Add(TRAP)), (0, 2, ENTER), (0, 1, What::Remove(TRAP)), (0, 2, LEAVE)];
        assert_eq!(check(&Trace::of_lives(early)), None);
        let late = [(0, 1, What::Add(TRAP)), (0, 1, ENTER), (0, 2, What::Remove(TRAP)), (0, 1, LEAVE)];
        assert_eq!(check(&Trace::of_lives(late)), Some(3));
    }

    #[test]
    fn a_failed_reload_promises_nothing() {
        let failed = What::Leave(Span::DevlinkReload, DEVICE, Some(crate::event::Errno::EOPNOTSUPP));
        assert_eq!(check(&Trace::of([(0, What::Add(TRAP)), (0, ENTER), (0, failed)])), None);
    }
}
