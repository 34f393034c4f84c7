//! When a module is gone, none of its code runs, and none is queued that could.

use crate::event::{Kinds, Module, QueueName, Trace, What, WorkFn};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// When a module is gone, none of its code runs, and none is queued that could.
pub const TEXT_OUTLIVES_WORK: Invariant = Invariant {
    id: 0x0c,
    name: "text-outlives-work",
    says: "When a module is gone, none of its code runs, and none is queued that could.",
    cites: &[Cite {
        mail: &mail::KREF,
        who: "Jason Gunthorpe",
        claim: "a module may be unloaded only when all of its work is complete or cancelled",
    }],
    about: Kinds::TEXT_GONE.or(Kinds::MODULE_GONE),
    observable: false,
    ends_all: true,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    // Code that ran too late shows more than the unload before it.
    let ran = trace.events.iter().position(|event| matches!(event.what, What::TextGone(..)));
    ran.or_else(|| unloaded_early(trace))
}

/// The unload of a module with an item of work queued or under way.
fn unloaded_early(trace: &Trace) -> Option<usize> {
    let mut left: Vec<(QueueName, WorkFn, Module)> = Vec::new();
    trace.events.iter().position(|event| {
        match event.what {
            What::Queue(queue, work, module) => left.push((queue, work, module)),
            What::WorkEnd(queue, work) | What::Cancel(queue, work) => {
                if let Some(at) = left.iter().position(|(of, item, _)| (*of, *item) == (queue, work)) {
                    left.remove(at);
                }
            }
            What::ModuleGone(gone) => return left.iter().any(|(.., module)| *module == gone),
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_breaks_it() {
        let event = What::TextGone(crate::event::Module::GidCache, crate::event::Point::WorkStart);
        assert_eq!(check(&Trace::of([(0, What::Begin(0)), (0, event)])), Some(1));
        assert_eq!(check(&Trace::of([(0, What::Begin(0)), (0, What::End(0, None))])), None);
    }

    #[test]
    fn a_module_that_goes_with_work_queued_or_under_way_breaks_it() {
        let (queue, work) = (QueueName::Gid, WorkFn::LinkLocal(crate::event::Netdev::Eth0));
        let queued = What::Queue(queue, work, Module::GidCache);
        let gone = What::ModuleGone(Module::GidCache);
        let broken = |events: &[What]| check(&Trace::of(events.iter().map(|what| (0, *what))));
        assert_eq!(broken(&[queued, gone]), Some(1));
        assert_eq!(broken(&[queued, What::WorkBegin(queue, work), gone]), Some(2));
        assert_eq!(broken(&[queued, What::WorkBegin(queue, work), What::WorkEnd(queue, work), gone]), None);
        assert_eq!(broken(&[queued, What::Cancel(queue, work), gone]), None);
        assert_eq!(broken(&[queued, What::ModuleGone(Module::Mad)]), None);
        assert_eq!(broken(&[queued, queued, What::Cancel(queue, work), gone]), Some(3), "one of two is left");
    }
}
