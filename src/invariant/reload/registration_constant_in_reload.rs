//! A reload does not take the instance away.

use crate::event::{Handle, Kinds, Span, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::lives::Lives;
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
    ends_all: false,
    check,
};

/// What is known of an instance.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    is_visible: bool,
    is_reloading: bool,
}

fn check(trace: &Trace) -> Option<usize> {
    let mut states: Lives<State, { Handle::COUNT }> = Lives::default();
    trace.events.iter().position(|event| {
        let (What::Enter(_, Subject::Devlink(handle))
        | What::Leave(_, Subject::Devlink(handle), _)
        | What::Visible(Subject::Devlink(handle))
        | What::Hidden(Subject::Devlink(handle))) = event.what
        else {
            return false;
        };
        let state = states.of(handle.index(), event.life);
        match event.what {
            What::Enter(Span::DevlinkReload, _) => {
                state.is_reloading = true;
                return !state.is_visible;
            }
            What::Leave(Span::DevlinkReload, ..) => state.is_reloading = false,
            What::Visible(_) => state.is_visible = true,
            What::Hidden(_) => {
                state.is_visible = false;
                return state.is_reloading;
            }
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
        let begin = [(0, What::Visible(DEVICE)), (0, What::Enter(Span::DevlinkReload, DEVICE))];
        let trace = Trace::of(begin.into_iter().chain([(0, What::Hidden(DEVICE))]));
        assert_eq!(check(&trace), Some(2));
    }

    #[test]
    fn hiding_afterwards_keeps_it() {
        let leave = What::Leave(Span::DevlinkReload, DEVICE, None);
        let begin = [(0, What::Visible(DEVICE)), (0, What::Enter(Span::DevlinkReload, DEVICE))];
        let trace = Trace::of(begin.into_iter().chain([(0, leave), (0, What::Hidden(DEVICE))]));
        assert_eq!(check(&trace), None);
    }

    #[test]
    fn a_reload_of_what_was_never_or_is_no_more_registered_breaks_it() {
        let enter = What::Enter(Span::DevlinkReload, DEVICE);
        assert_eq!(check(&Trace::of([(0, enter)])), Some(0));
        let back =
            [(0, 1, What::Visible(DEVICE)), (0, 1, What::Hidden(DEVICE)), (0, 2, What::Visible(DEVICE))];
        let trace = Trace::of_lives(back.into_iter().chain([(1, 1, enter)]));
        assert_eq!(check(&trace), Some(3), "the next one of its name is another");
        assert_eq!(check(&Trace::of_lives(back.into_iter().chain([(1, 2, enter)]))), None);
    }
}
