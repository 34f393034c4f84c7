//! Of a type as many devices can be had as before once all of them are gone.

use crate::event::{Kinds, MdevType, Parent, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// At rest a parent without devices has as much left of each type as when it was registered.
pub const INSTANCES_COME_BACK: Invariant = Invariant {
    id: 0x25,
    name: "instances-come-back",
    says: "At rest, a parent without devices has as many instances of each type left as when it was registered.",
    cites: &[Cite {
        mail: &mail::UEVENTS,
        who: "Alex Williamson",
        claim: "what mdev core takes for a parent and its children balances out within mdev core",
    }],
    about: Kinds::INSTANCES_AT_REST,
    observable: false,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    let mut first = [[None; MdevType::COUNT]; Parent::COUNT];
    let has_devices = |parent: Parent| {
        let mut rest = trace.events.iter().rev();
        rest.any(|event| matches!(event.what, What::AtRest(Subject::Child(of, _), _) if of == parent))
    };
    trace.events.iter().position(|event| match event.what {
        What::Set(Subject::MdevType(parent, kind), 0, all) => {
            let first = &mut first[parent.index()][kind.index()];
            *first = Some(first.map_or(all, |known: u8| known.max(all)));
            false
        }
        What::AtRest(Subject::MdevType(parent, kind), left) => {
            first[parent.index()][kind.index()].is_some_and(|all| left < all) && !has_devices(parent)
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Uuid;

    const KIND: Subject = Subject::MdevType(Parent::Mdpy0, MdevType::Vga);
    const REGISTERED: What = What::Set(KIND, 0, 4);

    fn broken(events: &[What]) -> Option<usize> {
        check(&Trace::of(events.iter().map(|what| (0, *what))))
    }

    #[test]
    fn all_are_back_or_a_device_has_one() {
        assert_eq!(broken(&[REGISTERED, What::AtRest(KIND, 4)]), None);
        let child = What::AtRest(Subject::Child(Parent::Mdpy0, Uuid::A), 0);
        assert_eq!(broken(&[REGISTERED, What::AtRest(KIND, 3), child]), None);
    }

    #[test]
    fn one_that_nobody_has_is_lost() {
        let other = What::AtRest(Subject::Child(Parent::Mtty0, Uuid::A), 0);
        assert_eq!(broken(&[REGISTERED, What::AtRest(KIND, 3), other]), Some(1));
    }
}
