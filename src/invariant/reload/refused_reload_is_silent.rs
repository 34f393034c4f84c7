//! A reload that the driver refuses announces nothing.

use crate::event::{Callback, Handle, Kinds, Span, Subject, TaskId, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::lives::Lives;
use crate::mail::{self, Cite};

/// A reload whose driver refuses to go down has announced nothing.
pub const REFUSED_RELOAD_IS_SILENT: Invariant = Invariant {
    id: 0x1c,
    name: "refused-reload-is-silent",
    says: "A reload whose driver refuses to go down has announced nothing.",
    cites: &[Cite {
        mail: &mail::RELOAD_LOCK,
        who: "Leon Romanovsky",
        claim: "reload has to work whatever else goes on, and so no listener may be told of one that did not happen",
    }],
    about: Kinds::RELOAD,
    observable: false,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    // For each instance the task that takes it down, and what it has announced on the way.
    let mut down: Lives<Option<(TaskId, Option<usize>)>, { Handle::COUNT }> = Lives::default();
    trace.events.iter().enumerate().find_map(|(at, event)| {
        match event.what {
            What::Enter(Span::DevlinkReload, Subject::Devlink(handle)) => {
                *down.of(handle.index(), event.life) = Some((event.task, None));
            }
            What::Notify(_, of, _) => {
                let reload = of.handle().and_then(|handle| down.of(handle.index(), event.life).as_mut());
                if let Some((_, told)) = reload.filter(|(task, _)| *task == event.task) {
                    *told = told.or(Some(at));
                }
            }
            What::Return(Callback::ReloadDown, Subject::Devlink(handle), result) => {
                let told = down.of(handle.index(), event.life).take().and_then(|(_, told)| told);
                return told.filter(|_| result.is_some());
            }
            _ => {}
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Errno, Notice};

    const DEVICE: Subject = Subject::Devlink(Handle::Mlx50);
    const ENTER: (u8, What) = (0, What::Enter(Span::DevlinkReload, DEVICE));
    const TOLD: (u8, What) = (0, What::Notify(Notice::Del, DEVICE, 0));

    fn down(result: Option<Errno>) -> (u8, What) {
        (0, What::Return(Callback::ReloadDown, DEVICE, result))
    }

    #[test]
    fn an_end_that_was_told_and_did_not_come_breaks_it() {
        assert_eq!(check(&Trace::of([ENTER, TOLD, down(Some(Errno::EOPNOTSUPP))])), Some(1));
    }

    #[test]
    fn a_driver_that_goes_down_may_be_heard() {
        assert_eq!(check(&Trace::of([ENTER, TOLD, down(None)])), None);
        assert_eq!(check(&Trace::of([ENTER, down(Some(Errno::EOPNOTSUPP))])), None);
    }
}
