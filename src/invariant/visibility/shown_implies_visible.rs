//! An answer shows nothing that a lookup would not find.

use crate::event::{Handle, Kinds, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::lives::Lives;
use crate::mail::{self, Cite};

/// An answer or a dump shows an instance and its parts only while the instance is registered.
pub const SHOWN_IMPLIES_VISIBLE: Invariant = Invariant {
    id: 0x17,
    name: "shown-implies-visible",
    says: "An answer or a dump shows an instance and its parts only while the instance is registered.",
    cites: &[Cite {
        mail: &mail::KREF,
        who: "Jason Gunthorpe",
        claim: "a reference keeps memory; whether the object can still be operated has to be looked at apart",
    }],
    about: Kinds::DUMPED,
    observable: false,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    let mut visible: Lives<bool, { Handle::COUNT }> = Lives::default();
    trace.events.iter().position(|event| {
        match event.what {
            What::Visible(Subject::Devlink(handle)) => *visible.of(handle.index(), event.life) = true,
            What::Hidden(Subject::Devlink(handle)) => *visible.of(handle.index(), event.life) = false,
            What::Dumped(of, _) => {
                return of.handle().is_some_and(|handle| !*visible.of(handle.index(), event.life));
            }
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: Subject = Subject::Devlink(Handle::Mlx50);

    #[test]
    fn an_answer_after_the_end_breaks_it() {
        let trace =
            Trace::of([(0, What::Visible(DEVICE)), (0, What::Hidden(DEVICE)), (1, What::Dumped(DEVICE, 0))]);
        assert_eq!(check(&trace), Some(2));
    }

    #[test]
    fn an_answer_in_between_keeps_it() {
        let trace =
            Trace::of([(0, What::Visible(DEVICE)), (1, What::Dumped(DEVICE, 0)), (0, What::Hidden(DEVICE))]);
        assert_eq!(check(&trace), None);
    }
}
