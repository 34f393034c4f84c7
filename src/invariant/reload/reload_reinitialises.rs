//! A reload makes the driver's entities anew.

use crate::event::{Handle, Kinds, Span, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// Every port and trap that is there after a successful reload was made in it.
pub const RELOAD_REINITIALISES: Invariant = Invariant {
    id: 0x05,
    name: "reload-reinitialises",
    says: "Every port and trap that is there after a successful reload was made in it.",
    cites: &[Cite {
        mail: &mail::TRAPS,
        who: "Ido Schimmel",
        claim: "reload is defined to re-initialise driver entities; keeping them is a regression for user space",
    }],
    about: Kinds::RELOAD,
    observable: false,
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

fn check(trace: &Trace) -> Option<usize> {
    // A set of entities is a bit mask; `old` are those from before the reload under way.
    const { assert!(Subject::PARTS <= 128) };
    let mut present = [0u128; Handle::COUNT];
    let mut old = [0u128; Handle::COUNT];
    trace.events.iter().position(|event| {
        match event.what {
            What::Add(of) => {
                if let Some((instance, entity)) = entity(of) {
                    present[instance] |= 1 << entity;
                }
            }
            What::Remove(of) => {
                if let Some((instance, entity)) = entity(of) {
                    present[instance] &= !(1 << entity);
                    old[instance] &= !(1 << entity);
                }
            }
            What::Enter(Span::DevlinkReload, Subject::Devlink(handle)) => {
                old[handle.index()] = present[handle.index()];
            }
            What::Leave(Span::DevlinkReload, Subject::Devlink(handle), result) => {
                return result.is_none() && old[handle.index()] != 0;
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
    fn a_failed_reload_promises_nothing() {
        let failed = What::Leave(Span::DevlinkReload, DEVICE, Some(crate::event::Errno::EOPNOTSUPP));
        assert_eq!(check(&Trace::of([(0, What::Add(TRAP)), (0, ENTER), (0, failed)])), None);
    }
}
