//! Sites: where an invariant was broken, told apart by code and not by device, so that two runs can be compared.

use super::Violation;
use crate::event::{Link, Subject, Trace, What};

/// A violation without what changes from one program to the next: which tasks, which devices, how many events.
///
/// Two violations with equal sites are taken to be the same bug. Minimising keeps the site.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    /// The name of the invariant.
    pub invariant: &'static str,
    /// The kind of event that broke it and the places it names.
    pub place: String,
}

impl Violation {
    /// Where the invariant was broken.
    pub fn site(&self, trace: &Trace) -> Site {
        Site { invariant: self.invariant.name, place: place(trace, trace.events[self.at].what) }
    }
}

impl std::fmt::Display for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.invariant, self.place)
    }
}

fn place(trace: &Trace, what: What) -> String {
    let verb = what.verb();
    match what {
        What::UseAfterFree(of, freed, used) => format!("{} freed at {freed}, used at {used}", kind(of)),
        What::Underflow(of, at) => format!("underflow of {} at {at}", kind(of)),
        What::Warn(of, at) => format!("warning about {} at {at}", kind(of)),
        What::TextGone(_, at) => format!("text gone at {at}"),
        What::Console(_) | What::Sleeps(_) | What::Foreign(_) => {
            let text = trace.text(what).and_then(|text| text.lines().next()).unwrap_or_default();
            format!("{verb}: {text}")
        }
        What::Leak(of, _) => format!("leak of {}", kind(of)),
        What::Deadlock(cycle) => format!("deadlock: {}", classes(&trace.cycles[usize::from(cycle)])),
        What::LockOrder(cycle) => format!("lock order: {}", classes(&trace.cycles[usize::from(cycle)])),
        What::In(_) | What::Filter(..) => verb.to_string(),
        What::Link(notice, of) => format!("{verb} {notice:?} of {}", kind(of)),
        What::Notify(notice, of, _) | What::Heard(notice, of, _) => {
            format!("{verb} {notice:?} of {}", kind(of))
        }
        What::Uevent(action, of) | What::Seen(action, of) => format!("{verb} {action:?} of {}", kind(of)),
        What::Call(callback, of) | What::Return(callback, of, _) => {
            format!("{verb} {} of {}", callback.name(), kind(of))
        }
        What::Enter(span, _) | What::Leave(span, ..) => format!("{verb} {}", span.name()),
        What::Acquire(lock, _)
        | What::Release(lock, _)
        | What::Block(lock)
        | What::Ask(lock, _)
        | What::Hold(lock)
        | What::Unhold(lock) => {
            format!("{verb} {}", lock.class.name())
        }
        What::Alloc(of)
        | What::Ready(of)
        | What::Unready(of)
        | What::Visible(of)
        | What::Hidden(of)
        | What::Free(of)
        | What::Add(of)
        | What::Remove(of)
        | What::Set(of, ..)
        | What::Dumped(of, _)
        | What::AtRest(of, _)
        | What::Use(of)
        | What::Get(of, _)
        | What::Put(of, _) => format!("{verb} of {}", kind(of)),
        What::Queue(queue, ..)
        | What::WorkBegin(queue, _)
        | What::WorkEnd(queue, _)
        | What::Cancel(queue, _) => format!("{verb} on {queue}"),
        What::End(_, Some(errno)) => format!("{verb} {errno}"),
        What::Begin(_)
        | What::End(_, None)
        | What::Preempt(_)
        | What::ModuleGone(_)
        | What::Wake
        | What::OutOfSteps => verb.to_string(),
    }
}

/// The classes of a cycle's locks, in an order that does not depend on where the cycle was entered.
fn classes(cycle: &[Link]) -> String {
    let mut links: Vec<(&str, &str)> =
        cycle.iter().map(|link| (link.holds.class.name(), link.waits.class.name())).collect();
    links.sort_unstable();
    links.dedup();
    let links: Vec<String> =
        links.into_iter().map(|(holds, waits)| format!("{holds} then {waits}")).collect();
    links.join(", ")
}

/// What kind of object it is, whichever of them.
fn kind(of: Subject) -> &'static str {
    of.kind().phrase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Handle, LockClass, LockName, Notice, Point};

    #[test]
    fn a_cycle_has_one_name_wherever_it_is_entered() {
        let [rtnl, all] =
            [LockClass::Rtnl, LockClass::PernetOps].map(|class| LockName { class, of: Subject::Kernel });
        let link = |task, holds, waits| Link { task, holds, waits, at: Point::RemoveFree };
        let [one, other] = [link(0, rtnl, all), link(1, all, rtnl)];
        assert_eq!(classes(&[one, other]), classes(&[other, one]));
        assert_eq!(classes(&[one, other]).matches(" then ").count(), 2);
        assert_ne!(classes(&[one]), classes(&[other]));
    }

    #[test]
    fn devices_do_not_matter_and_kinds_of_objects_do() {
        let notified = |of| place(&Trace::default(), What::Notify(Notice::New, of, 0));
        let first = notified(Subject::Devlink(Handle::Netdevsim0));
        assert_eq!(first, notified(Subject::Devlink(Handle::Mlx51)));
        assert_ne!(first, notified(Subject::Eswitch(Handle::Netdevsim0)));
    }
}
