//! A listener hears of an instance before it hears of its parts.

use crate::event::{Kinds, Subject, Trace};
use crate::invariant::Invariant;
use crate::invariant::announced::{Announced, Heard, heard};
use crate::mail::{self, Cite};

/// Every notification of a part comes after its instance was announced and before the instance's end was.
pub const NO_CHILD_BEFORE_PARENT: Invariant = Invariant {
    id: 0x03,
    name: "no-child-before-parent-notification",
    says: "Every notification of a part comes after its instance was announced and before the instance's end was.",
    cites: &[
        Cite {
            mail: &mail::REGISTER,
            who: "Jakub Kicinski",
            claim: "notifications need to be straightened out: no part before the instance it belongs to",
        },
        Cite {
            mail: &mail::REGISTER,
            who: "Leon Romanovsky",
            claim: "a user should not touch an instance before the notification that it is there",
        },
    ],
    about: Kinds::NOTIFY,
    observable: true,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    let mut announced = Announced::default();
    heard(trace).find_map(|heard| {
        let Heard { at, of, .. } = heard;
        let handle = of.handle()?;
        if !matches!(of, Subject::Devlink(_)) && !announced.has(Subject::Devlink(handle), heard) {
            return Some(at);
        }
        announced.hears(heard);
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Handle, NetNs, Notice, PortIndex, What};

    const DEVICE: Subject = Subject::Devlink(Handle::Mlx50);
    const PORT: What = What::Notify(Notice::New, Subject::Port(Handle::Mlx50, PortIndex::P0), 0);

    #[test]
    fn a_part_before_its_instance_breaks_it() {
        assert_eq!(check(&Trace::of([(0, PORT), (0, What::Notify(Notice::New, DEVICE, 0))])), Some(0));
    }

    #[test]
    fn a_part_after_the_end_breaks_it() {
        let del = What::Notify(Notice::Del, DEVICE, 0);
        let trace = Trace::of([(0, What::Notify(Notice::New, DEVICE, 0)), (0, del), (0, PORT)]);
        assert_eq!(check(&trace), Some(2));
    }

    #[test]
    fn a_part_in_a_namespace_where_its_instance_is_not_breaks_it() {
        let new = What::Notify(Notice::New, DEVICE, 0);
        let there = What::In(NetNs::A);
        assert_eq!(check(&Trace::of([(0, new), (0, there), (0, PORT)])), Some(2));
        assert_eq!(check(&Trace::of([(0, new), (0, there), (0, new), (0, PORT)])), None);
    }

    #[test]
    fn a_part_of_an_instance_that_ended_breaks_it_though_there_is_another() {
        let new = What::Notify(Notice::New, DEVICE, 0);
        let del = What::Notify(Notice::Del, DEVICE, 0);
        let trace = Trace::of_lives([(0, 1, new), (0, 1, del), (0, 2, new), (1, 1, PORT)]);
        assert_eq!(check(&trace), Some(3));
    }

    #[test]
    fn the_instance_first_keeps_it() {
        assert_eq!(check(&Trace::of([(0, What::Notify(Notice::New, DEVICE, 0)), (0, PORT)])), None);
    }
}
