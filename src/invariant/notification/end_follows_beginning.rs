//! An end is told of what had a beginning.

use crate::event::{Kinds, Notice, Subject, Trace};
use crate::invariant::Invariant;
use crate::invariant::announced::{Announced, Heard, heard};
use crate::mail::{self, Cite};

/// The end of a part is announced only if its beginning was, and only once.
pub const END_FOLLOWS_BEGINNING: Invariant = Invariant {
    id: 0x19,
    name: "end-follows-beginning",
    says: "The end of a part is announced only if its beginning was, and only once.",
    cites: &[Cite {
        mail: &mail::REGISTER,
        who: "Leon Romanovsky",
        claim: "a register that comes last must announce what was made before it, or listeners hear only of the end",
    }],
    about: Kinds::NOTIFY,
    observable: true,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    let mut announced = Announced::default();
    heard(trace).find_map(|Heard { at, netns, notice, of, .. }| {
        announced.is_in(of, netns);
        let unheard_of = notice == Notice::Del && of.part().is_some() && !announced.has(of);
        announced.hears(notice, of);
        // Another invariant judges an instance whose beginning was not announced.
        (unheard_of && of.handle().is_some_and(|handle| announced.has(Subject::Devlink(handle))))
            .then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::What;
    use crate::event::{Handle, PortIndex};

    const DEVICE: (u8, What) = (0, What::Notify(Notice::New, Subject::Devlink(Handle::Mlx50), 0));
    const PORT: Subject = Subject::Port(Handle::Mlx50, PortIndex::P0);
    const NEW: (u8, What) = (0, What::Notify(Notice::New, PORT, 0));
    const DEL: (u8, What) = (0, What::Notify(Notice::Del, PORT, 0));

    #[test]
    fn the_end_of_what_never_began_breaks_it() {
        assert_eq!(check(&Trace::of([DEVICE, DEL])), Some(1));
        assert_eq!(check(&Trace::of([DEVICE, NEW, DEL, DEL])), Some(3));
    }

    #[test]
    fn one_end_for_a_beginning_keeps_it() {
        assert_eq!(check(&Trace::of([DEVICE, NEW, NEW, DEL, NEW, DEL])), None);
    }
}
