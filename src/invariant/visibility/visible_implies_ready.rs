//! What users can reach is ready to be used.

use crate::event::{Handle, Kinds, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::lives::Lives;
use crate::mail::{self, Cite};

/// A driver is called, and its instance shown, only between the end of its probe and the start of its remove.
pub const VISIBLE_IMPLIES_READY: Invariant = Invariant {
    id: 0x01,
    name: "visible-implies-ready",
    says: "A driver is called, and its instance shown, only between the end of its probe and the start of its \
           remove.",
    cites: &[Cite {
        mail: &mail::REGISTER,
        who: "Leon Romanovsky",
        claim: "once an instance is in the list, dumps and set commands reach its driver, even in the middle of \
                probe",
    }],
    about: Kinds::CALL.or(Kinds::DUMPED),
    observable: false,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    let mut ready: Lives<bool, { Handle::COUNT }> = Lives::default();
    trace.events.iter().position(|event| {
        match event.what {
            What::Ready(Subject::Devlink(handle)) => *ready.of(handle.index(), event.life) = true,
            What::Unready(Subject::Devlink(handle)) => *ready.of(handle.index(), event.life) = false,
            What::Call(_, of) | What::Dumped(of, _) => {
                return of.handle().is_some_and(|handle| !*ready.of(handle.index(), event.life));
            }
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Callback;

    const DEVICE: Subject = Subject::Devlink(Handle::Mlx50);

    #[test]
    fn a_call_before_ready_breaks_it() {
        let call = What::Call(Callback::EswitchModeSet, DEVICE);
        let trace = Trace::of([(0, What::Visible(DEVICE)), (1, call), (0, What::Ready(DEVICE))]);
        assert_eq!(check(&trace), Some(1));
    }

    #[test]
    fn a_dump_after_unready_breaks_it() {
        let port = Subject::Port(Handle::Mlx50, crate::event::PortIndex::P0);
        let trace =
            Trace::of([(0, What::Ready(DEVICE)), (0, What::Unready(DEVICE)), (1, What::Dumped(port, 0))]);
        assert_eq!(check(&trace), Some(2));
    }

    #[test]
    fn a_call_while_ready_keeps_it() {
        let call = What::Call(Callback::ReloadDown, DEVICE);
        assert_eq!(
            check(&Trace::of([(0, What::Ready(DEVICE)), (1, call), (0, What::Unready(DEVICE))])),
            None
        );
    }
}
