//! The ends of an instance's parts are announced before its own.

use crate::event::{Kinds, Notice, Subject, Trace};
use crate::invariant::Invariant;
use crate::invariant::announced::{Announced, Heard, heard};
use crate::mail::{self, Cite};

/// When the end of an instance is announced, the end of each of its announced parts has been.
pub const END_NAMES_ALL: Invariant = Invariant {
    id: 0x1a,
    name: "end-names-all",
    says: "When the end of an instance is announced, the end of each of its announced parts has been.",
    cites: &[Cite {
        mail: &mail::REGISTER,
        who: "Leon Romanovsky",
        claim: "parts can be made and unmade at any time, and the notifications have to cover all of it",
    }],
    about: Kinds::NOTIFY,
    observable: true,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    let mut announced = Announced::default();
    heard(trace).find_map(|heard| {
        let Heard { at, notice, of, .. } = heard;
        if let (Notice::Del, Subject::Devlink(handle)) = (notice, of)
            && announced.parts(handle, heard) != 0
        {
            return Some(at);
        }
        announced.hears(heard);
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::What;
    use crate::event::{Handle, PortIndex};

    const DEVICE: Subject = Subject::Devlink(Handle::Mlx50);
    const PORT: Subject = Subject::Port(Handle::Mlx50, PortIndex::P0);

    fn tells(notice: Notice, of: Subject) -> (u8, What) {
        (0, What::Notify(notice, of, 0))
    }

    #[test]
    fn a_part_that_outlives_its_instance_breaks_it() {
        let trace = [tells(Notice::New, DEVICE), tells(Notice::New, PORT), tells(Notice::Del, DEVICE)];
        assert_eq!(check(&Trace::of(trace)), Some(2));
    }

    #[test]
    fn parts_that_end_first_keep_it() {
        let begin = [tells(Notice::New, DEVICE), tells(Notice::New, PORT)];
        let end = [tells(Notice::Del, PORT), tells(Notice::Del, DEVICE)];
        assert_eq!(check(&Trace::of(begin.into_iter().chain(end))), None);
    }
}
