//! A reload and the bus do not work on one device at a time.

use crate::event::{Handle, Kinds, Span, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// No instance is reloaded while its driver is in probe or remove.
pub const RELOAD_MEETS_NO_PROBE: Invariant = Invariant {
    id: 0x1d,
    name: "reload-meets-no-probe",
    says: "No instance is reloaded while its driver is in probe or remove.",
    cites: &[Cite {
        mail: &mail::REGISTER,
        who: "Leon Romanovsky",
        claim: "reload must wait until the driver is initialised, as every other command must",
    }],
    about: Kinds::RELOAD,
    observable: false,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    let (mut reloads, mut binds) = ([0u8; Handle::COUNT], [0u8; Handle::COUNT]);
    trace.events.iter().position(|event| {
        let (span, of, by) = match event.what {
            What::Enter(span, Subject::Devlink(handle)) => (span, handle.index(), 1),
            What::Leave(span, Subject::Devlink(handle), _) => (span, handle.index(), u8::MAX),
            _ => return false,
        };
        let count = match span {
            Span::DevlinkReload => &mut reloads[of],
            Span::DriverProbe | Span::DriverRemove => &mut binds[of],
            _ => return false,
        };
        *count = count.wrapping_add(by);
        reloads[of] > 0 && binds[of] > 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: Subject = Subject::Devlink(Handle::Mlx50);

    #[test]
    fn a_reload_during_probe_breaks_it() {
        let probe = What::Enter(Span::DriverProbe, DEVICE);
        assert_eq!(check(&Trace::of([(0, probe), (1, What::Enter(Span::DevlinkReload, DEVICE))])), Some(1));
    }

    #[test]
    fn one_after_the_other_keeps_it() {
        let reload =
            [What::Enter(Span::DevlinkReload, DEVICE), What::Leave(Span::DevlinkReload, DEVICE, None)];
        let remove = [What::Enter(Span::DriverRemove, DEVICE), What::Leave(Span::DriverRemove, DEVICE, None)];
        assert_eq!(check(&Trace::of(reload.into_iter().chain(remove).map(|what| (0, what)))), None);
    }
}
