//! An end is told of what had a beginning.

use crate::event::{Kinds, Notice, Subject, Trace};
use crate::invariant::Invariant;
use crate::invariant::announced::{Announced, Heard, heard};
use crate::mail::{self, Cite};

/// The end of an instance or a part is announced only where its beginning was, and only once.
pub const END_FOLLOWS_BEGINNING: Invariant = Invariant {
    id: 0x19,
    name: "end-follows-beginning",
    says: "The end of an instance or a part is announced only where its beginning was, and only once.",
    cites: &[Cite {
        mail: &mail::REGISTER,
        who: "Leon Romanovsky",
        claim: "a register that comes last must announce what was made before it, or listeners hear only of the end",
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
        let unheard_of = notice == Notice::Del && !announced.has(of, heard);
        // Another invariant judges an instance whose beginning was not announced.
        let counts = match (of, of.part()) {
            (Subject::Devlink(_), _) => true,
            (_, Some((handle, _))) => announced.has(Subject::Devlink(handle), heard),
            _ => false,
        };
        announced.hears(heard);
        (unheard_of && counts).then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::What;
    use crate::event::{Handle, NetNs, PortIndex};

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
    fn the_end_of_an_instance_that_never_began_or_has_ended_breaks_it() {
        let end = (0, What::Notify(Notice::Del, Subject::Devlink(Handle::Mlx50), 0));
        assert_eq!(check(&Trace::of([end])), Some(0));
        assert_eq!(check(&Trace::of([DEVICE, end, end])), Some(2));
        assert_eq!(check(&Trace::of([DEVICE, end, DEVICE, end])), None);
    }

    #[test]
    fn each_namespace_has_an_end_of_its_own() {
        let [here, there] = [(0, What::In(NetNs::Init)), (0, What::In(NetNs::A))];
        let end = (0, What::Notify(Notice::Del, Subject::Devlink(Handle::Mlx50), 0));
        let moved = [DEVICE, NEW, there, DEVICE, NEW];
        assert_eq!(check(&Trace::of(moved.into_iter().chain([here, DEL, end, there, DEL, end]))), None);
        assert_eq!(check(&Trace::of([DEVICE, NEW, there, DEL])), None, "it is another's business");
        assert_eq!(check(&Trace::of([DEVICE, there, end])), Some(2));
    }

    #[test]
    fn a_late_end_of_an_earlier_instance_breaks_it_though_there_is_another() {
        let (_, device) = DEVICE;
        let (_, new) = NEW;
        let (_, del) = DEL;
        let end = What::Notify(Notice::Del, Subject::Devlink(Handle::Mlx50), 0);
        let early = [(0, 1, device), (0, 1, new), (0, 1, del), (0, 1, end)];
        let trace = Trace::of_lives(early.into_iter().chain([(0, 2, device), (0, 1, end)]));
        assert_eq!(check(&trace), Some(5));
    }

    #[test]
    fn one_end_for_a_beginning_keeps_it() {
        assert_eq!(check(&Trace::of([DEVICE, NEW, NEW, DEL, NEW, DEL])), None);
    }
}
