//! What was said to be gone is not shown any more.

use crate::event::{Handle, Kinds, Notice, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::lives::Lives;
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
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    const { assert!(Subject::PARTS <= 128) };
    // What listeners were told of each handle, and of each instance that had it; and of its parts, a bit each.
    let mut is_gone = [false; Handle::COUNT];
    let mut gone: Lives<(bool, u128), { Handle::COUNT }> = Lives::default();
    trace.events.iter().position(|event| {
        match event.what {
            What::Notify(notice, Subject::Devlink(handle), _) => {
                is_gone[handle.index()] = notice == Notice::Del;
                *gone.of(handle.index(), event.life) = (notice == Notice::Del, 0);
            }
            What::Notify(notice, of, _) => {
                if let Some((handle, part)) = of.part() {
                    let parts = &mut gone.of(handle.index(), event.life).1;
                    if notice == Notice::Del { *parts |= 1 << part } else { *parts &= !(1 << part) }
                }
            }
            // One that is made again without a notification is there again, as another invariant says.
            What::Add(of) => {
                if let Some((handle, part)) = of.part() {
                    gone.of(handle.index(), event.life).1 &= !(1 << part);
                }
            }
            What::Dumped(of, _) => {
                let Some(handle) = of.handle() else { return false };
                let (instance, parts) = *gone.of(handle.index(), event.life);
                let part = of.part().is_some_and(|(_, part)| parts & 1 << part != 0);
                return is_gone[handle.index()] || instance || part;
            }
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::PortIndex;

    const DEVICE: Subject = Subject::Devlink(Handle::Mlx50);
    const NEW: (u8, What) = (0, What::Notify(Notice::New, DEVICE, 0));
    const DEL: (u8, What) = (0, What::Notify(Notice::Del, DEVICE, 0));

    #[test]
    fn an_answer_after_the_end_was_told_breaks_it() {
        assert_eq!(check(&Trace::of([NEW, DEL, (1, What::Dumped(DEVICE, 0))])), Some(2));
    }

    #[test]
    fn a_part_whose_end_was_told_is_gone_until_it_is_made_again() {
        let port = Subject::Port(Handle::Mlx50, PortIndex::P0);
        let [new, del] = [Notice::New, Notice::Del].map(|notice| (0, What::Notify(notice, port, 0)));
        let dumped = (1, What::Dumped(port, 0));
        assert_eq!(check(&Trace::of([NEW, new, del, dumped])), Some(3));
        assert_eq!(check(&Trace::of([NEW, new, del, new, dumped])), None);
        assert_eq!(check(&Trace::of([NEW, new, del, (0, What::Add(port)), dumped])), None);
    }

    #[test]
    fn an_answer_about_any_life_counts_once_the_end_was_told() {
        let of = |life, (task, what): (u8, What)| (task, life, what);
        let dumped = (1, What::Dumped(DEVICE, 0));
        assert_eq!(check(&Trace::of_lives([of(1, NEW), of(1, DEL), of(2, dumped)])), Some(2));
        let again = [of(1, NEW), of(1, DEL), of(2, NEW)];
        assert_eq!(check(&Trace::of_lives(again.into_iter().chain([of(1, dumped)]))), Some(3));
        assert_eq!(check(&Trace::of_lives(again.into_iter().chain([of(2, dumped)]))), None);
    }

    #[test]
    fn a_new_beginning_keeps_it() {
        assert_eq!(check(&Trace::of([NEW, DEL, NEW, (1, What::Dumped(DEVICE, 0))])), None);
    }
}
