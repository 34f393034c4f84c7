//! What was said to be gone is not shown any more.

use crate::event::{Handle, Kinds, Notice, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// From the announced end of an instance to its next announced beginning no answer and no dump shows any of it.
pub const GONE_IS_NOT_SHOWN: Invariant = Invariant {
    id: 0x18,
    name: "gone-is-not-shown",
    says: "From the announced end of an instance to its next announced beginning no answer and no dump shows any of it.",
    cites: &[Cite {
        mail: &mail::REGISTER,
        who: "Jakub Kicinski",
        claim: "what is announced and what can be reached have to be the same",
    }],
    about: Kinds::DUMPED,
    observable: true,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    let mut gone = [false; Handle::COUNT];
    trace.events.iter().position(|event| {
        match event.what {
            What::Notify(notice, Subject::Devlink(handle), _) => gone[handle.index()] = notice == Notice::Del,
            What::Dumped(of, _) => return of.handle().is_some_and(|handle| gone[handle.index()]),
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: Subject = Subject::Devlink(Handle::Mlx50);
    const NEW: (u8, What) = (0, What::Notify(Notice::New, DEVICE, 0));
    const DEL: (u8, What) = (0, What::Notify(Notice::Del, DEVICE, 0));

    #[test]
    fn an_answer_after_the_end_was_told_breaks_it() {
        assert_eq!(check(&Trace::of([NEW, DEL, (1, What::Dumped(DEVICE, 0))])), Some(2));
    }

    #[test]
    fn a_new_beginning_keeps_it() {
        assert_eq!(check(&Trace::of([NEW, DEL, NEW, (1, What::Dumped(DEVICE, 0))])), None);
    }
}
