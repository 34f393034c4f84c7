//! A command that fails has done nothing.

use crate::event::{Callback, Kinds, Subject, TaskId, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// A command that returns an error leaves every object and value as it was.
///
/// Except a reload whose driver does not come up again: what was torn down stays so, and the instance says it.
pub const ERROR_LEAVES_STATE: Invariant = Invariant {
    id: 0x11,
    name: "error-leaves-state",
    says: "A command that returns an error leaves every object and value as it was.",
    cites: &[Cite {
        mail: &mail::REGISTER,
        who: "Leon Romanovsky",
        claim: "set routines reach the driver as reload does, and it cannot be proven of all drivers that they are \
                protected from harm",
    }],
    about: Kinds::END_ERROR,
    observable: false,
    ends_all: false,
    check,
};

fn check(trace: &Trace) -> Option<usize> {
    trace.events.iter().enumerate().position(|(at, event)| match event.what {
        What::End(index, Some(_)) => !left_as_it_was(trace, event.task, index, at),
        _ => false,
    })
}

/// Whether the net effect of the command that ended at this event is nil.
fn left_as_it_was(trace: &Trace, task: TaskId, index: u8, end: usize) -> bool {
    let events = &trace.events[..end];
    let begin = events.iter().rposition(|event| event.task == task && event.what == What::Begin(index));
    let own =
        || events[begin.unwrap_or(0)..].iter().filter(|event| event.task == task).map(|event| event.what);
    if own().any(|what| matches!(what, What::Return(Callback::ReloadUp, _, Some(_)))) {
        return true;
    }
    own().filter_map(changed).all(|of| {
        let changes = own().filter(|what| changed(*what) == Some(of));
        // What it was before the first change and is after the last: present or not, or a value.
        let mut first = None;
        let mut last = None;
        for change in changes {
            let (before, after) = match change {
                What::Set(_, old, new) => (i16::from(old), i16::from(new)),
                What::Add(_) => (-1, -2),
                _ => (-2, -1),
            };
            first = first.or(Some(before));
            last = Some(after);
        }
        first == last
    })
}

/// The object that an event changes, with presence and value as two objects.
fn changed(what: What) -> Option<(Subject, bool)> {
    match what {
        // That a report ends in an error is what the reporter's state says from then on.
        What::Set(Subject::Reporter(..), ..) => None,
        // These go with their RDMA device or its netdev, and who takes that apart may be another than who made them.
        What::Add(of) | What::Remove(of) | What::Set(of, ..)
            if matches!(
                of,
                Subject::IbUsers(_) | Subject::GidTable(_) | Subject::Gid(..) | Subject::Address(..)
            ) =>
        {
            None
        }
        What::Add(of) | What::Remove(of) => Some((of, true)),
        What::Set(of, ..) => Some((of, false)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Errno, Handle, IbDevice, PortIndex};

    const ESWITCH: Subject = Subject::Eswitch(Handle::Netdevsim0);
    const PORT: Subject = Subject::Port(Handle::Netdevsim0, PortIndex::P0);
    const BEGIN: (TaskId, What) = (0, What::Begin(0));
    const FAIL: (TaskId, What) = (0, What::End(0, Some(Errno::EOPNOTSUPP)));

    #[test]
    fn what_goes_with_its_device_is_no_matter_of_the_command() {
        let users = Subject::IbUsers(IbDevice::Rxe0);
        assert_eq!(check(&Trace::of([BEGIN, (0, What::Add(users)), (1, What::Remove(users)), FAIL])), None);
    }

    #[test]
    fn a_value_changed_by_a_failed_command_breaks_it() {
        assert_eq!(check(&Trace::of([BEGIN, (0, What::Set(ESWITCH, 0, 1)), FAIL])), Some(2));
    }

    #[test]
    fn a_part_made_by_a_failed_command_breaks_it() {
        assert_eq!(check(&Trace::of([BEGIN, (0, What::Add(PORT)), FAIL])), Some(2));
    }

    #[test]
    fn what_is_taken_back_keeps_it() {
        let there_and_back = [(0, What::Add(PORT)), (0, What::Remove(PORT))];
        let [there, back] = there_and_back;
        let set = [(0, What::Set(ESWITCH, 0, 1)), (0, What::Set(ESWITCH, 1, 0))];
        assert_eq!(check(&Trace::of([BEGIN, there, set[0], set[1], back, FAIL])), None);
    }

    #[test]
    fn another_task_may_change_things_meanwhile() {
        assert_eq!(check(&Trace::of([BEGIN, (1, What::Set(ESWITCH, 0, 1)), FAIL])), None);
    }
}
