//! A driver that does not come up takes back what it had made.

use crate::event::{Callback, Handle, Kinds, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::lives::Lives;
use crate::mail::{self, Cite};

/// When a driver fails to come up, none of the parts that it made on the way are left.
pub const FAILED_RELOAD_LEAVES_NOTHING: Invariant = Invariant {
    id: 0x1e,
    name: "failed-reload-leaves-nothing",
    says: "When a driver fails to come up, none of the parts that it made on the way are left.",
    cites: &[Cite {
        mail: &mail::TRAPS,
        who: "Ido Schimmel",
        claim: "a reload makes driver entities anew, so the next one must not find some of the last",
    }],
    about: Kinds::RELOAD,
    observable: false,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    const { assert!(Subject::PARTS <= 128) };
    // For each instance the parts made since its driver began to come up, a bit each.
    let mut made: Lives<Option<u128>, { Handle::COUNT }> = Lives::default();
    trace.events.iter().position(|event| {
        match event.what {
            What::Call(Callback::ReloadUp, Subject::Devlink(handle)) => {
                *made.of(handle.index(), event.life) = Some(0);
            }
            What::Return(Callback::ReloadUp, Subject::Devlink(handle), result) => {
                let left = made.of(handle.index(), event.life).take();
                return result.is_some() && left.is_some_and(|left| left != 0);
            }
            What::Add(of) | What::Remove(of) => {
                if let Some((handle, part)) = of.part()
                    && let Some(made) = made.of(handle.index(), event.life)
                {
                    let bit = 1 << part;
                    *made = if matches!(event.what, What::Add(_)) { *made | bit } else { *made & !bit };
                }
            }
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Errno, PortIndex};

    const DEVICE: Subject = Subject::Devlink(Handle::Mlx50);
    const PORT: Subject = Subject::Port(Handle::Mlx50, PortIndex::P0);
    const UP: (u8, What) = (0, What::Call(Callback::ReloadUp, DEVICE));
    const FAILED: (u8, What) = (0, What::Return(Callback::ReloadUp, DEVICE, Some(Errno::EINVAL)));

    #[test]
    fn a_port_that_is_left_breaks_it() {
        assert_eq!(check(&Trace::of([UP, (0, What::Add(PORT)), FAILED])), Some(2));
    }

    #[test]
    fn a_part_that_is_taken_back_does_not_count_and_another_does() {
        let other = Subject::Port(Handle::Mlx50, PortIndex::P1);
        let there_and_back = [UP, (0, What::Add(PORT)), (0, What::Remove(PORT))];
        assert_eq!(check(&Trace::of(there_and_back.into_iter().chain([FAILED]))), None);
        let left = there_and_back.into_iter().chain([(0, What::Add(other)), (0, What::Remove(PORT)), FAILED]);
        assert_eq!(check(&Trace::of(left)), Some(5));
        let of_another = Subject::Port(Handle::Mlx51, PortIndex::P0);
        assert_eq!(check(&Trace::of([UP, (0, What::Add(of_another)), FAILED])), None);
        assert_eq!(check(&Trace::of([UP, FAILED, (0, What::Add(PORT)), FAILED])), None, "it is up no more");
    }

    #[test]
    fn what_was_there_before_or_is_taken_back_keeps_it() {
        let there_and_back = [(0, What::Add(PORT)), UP, (0, What::Remove(PORT)), FAILED];
        assert_eq!(check(&Trace::of(there_and_back)), None);
        let done = (0, What::Return(Callback::ReloadUp, DEVICE, None));
        assert_eq!(check(&Trace::of([UP, (0, What::Add(PORT)), done])), None);
    }
}
