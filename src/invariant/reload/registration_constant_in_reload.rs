//! A reload does not take the instance away.

use crate::event::{Handle, Kinds, Span, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// From the start of a reload to its end the instance stays registered.
pub const REGISTRATION_CONSTANT: Invariant = Invariant {
    id: 0x06,
    name: "registration-constant-in-reload",
    says: "From the start of a reload to its end the instance stays registered.",
    cites: &[Cite {
        mail: &mail::TRAPS,
        who: "Leon Romanovsky",
        claim: "re-initialising driver entities does not mean that devlink registers itself again",
    }],
    about: Kinds::RELOAD,
    observable: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    let mut reloading = [false; Handle::COUNT];
    trace.events.iter().position(|event| {
        match event.what {
            What::Enter(Span::DevlinkReload, Subject::Devlink(handle)) => reloading[handle.index()] = true,
            What::Leave(Span::DevlinkReload, Subject::Devlink(handle), _) => {
                reloading[handle.index()] = false
            }
            What::Hidden(Subject::Devlink(handle)) => return reloading[handle.index()],
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: Subject = Subject::Devlink(Handle::Netdevsim0);

    #[test]
    fn hiding_inside_reload_breaks_it() {
        let trace = Trace::of([(0, What::Enter(Span::DevlinkReload, DEVICE)), (0, What::Hidden(DEVICE))]);
        assert_eq!(check(&trace), Some(1));
    }

    #[test]
    fn hiding_afterwards_keeps_it() {
        let leave = What::Leave(Span::DevlinkReload, DEVICE, None);
        let trace =
            Trace::of([(0, What::Enter(Span::DevlinkReload, DEVICE)), (0, leave), (0, What::Hidden(DEVICE))]);
        assert_eq!(check(&trace), None);
    }
}
