//! A listener hears of an instance before it hears of its parts.

use crate::event::{Handle, Kinds, Notice, Subject, Trace, What};
use crate::invariant::Invariant;
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
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    let mut announced = [false; Handle::COUNT];
    trace.events.iter().position(|event| {
        let What::Notify(notice, of, _) = event.what else { return false };
        match of {
            Subject::Devlink(handle) => {
                announced[handle.index()] = notice == Notice::New;
                false
            }
            part => part.handle().is_some_and(|handle| !announced[handle.index()]),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::PortIndex;

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
    fn the_instance_first_keeps_it() {
        assert_eq!(check(&Trace::of([(0, What::Notify(Notice::New, DEVICE, 0)), (0, PORT)])), None);
    }
}
