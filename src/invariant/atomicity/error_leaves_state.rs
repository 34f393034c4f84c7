//! A command that fails has done nothing.

use crate::event::{Callback, Event, Handle, Kinds, Life, Subject, TaskId, Trace, What, WorkFn};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// A command that returns an error leaves every object and value as it was, every reference to memory, and every module.
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
    let during = &events[begin.unwrap_or(0)..];
    let own = || during.iter().filter(|event| event.task == task);
    // A driver that does not come up takes what it has along, and what other subsystems have of its device.
    let down = own().find_map(|event| match event.what {
        What::Return(Callback::ReloadUp, of, Some(_)) => of.device(),
        _ => None,
    });
    let is_its = |device: Handle| down == Some(device) || down == carrier(device);
    let goes_along = |of: Subject| down.is_some() && of.device().is_none_or(is_its);
    // The values of an instance that the command made, and freed again, are gone with it.
    let was_passing = |change: Change| {
        let Some(instance) = change.of.device().filter(|_| change.aspect == Aspect::Value) else {
            return false;
        };
        let made = |event: &&Event| event.what == What::Alloc(Subject::Devlink(instance));
        let rest: Vec<&Event> = own().skip_while(|event| !made(event)).collect();
        let freed = rest.iter().rposition(|event| event.what == What::Free(Subject::Devlink(instance)));
        let changes =
            |events: &[&Event]| events.iter().filter(|event| changed(event) == Some(change)).count();
        let all = own().filter(|event| changed(event) == Some(change)).count();
        freed.is_some_and(|freed| changes(&rest[..freed]) == all)
    };
    let judged = |change: &Change| !goes_along(change.of) && !was_passing(*change);
    let mut memory = own().filter_map(memory).filter(|(of, _)| !goes_along(*of));
    own().all(|event| !matches!(event.what, What::ModuleGone(_)))
        && memory.all(|it| is_held_as_before(during, task, it))
        && own().filter_map(changed).filter(judged).all(|change| {
            // What another task changes too is not as this one left it.
            let is_shared = during.iter().any(|event| event.task != task && changed(event) == Some(change));
            // What it was before the first change and is after the last: there or not, or a value.
            let mut states =
                own().filter(|event| changed(event) == Some(change)).map(|event| match event.what {
                    What::Set(_, old, new) => (i16::from(old), i16::from(new)),
                    What::Add(_) | What::Visible(_) => (-1, -2),
                    _ => (-2, -1),
                });
            let (first, then) = states.next().expect("it is one of the changes");
            is_shared || states.next_back().map_or(then, |(_, last)| last) == first
        })
}

/// The device whose driver makes this one and takes it along: a switch of its line card, a function of its subfunction.
const fn carrier(device: Handle) -> Option<Handle> {
    match device {
        Handle::Lc1 => Some(Handle::Mlxsw0),
        Handle::Mlx51 | Handle::Mlx52 => Some(Handle::Mlx50),
        Handle::Netdevsim0 | Handle::Netdevsim1 | Handle::Mlx50 | Handle::Mlxsw0 => None,
    }
}

/// The memory that an event makes, frees, or takes or drops a reference to: of which life of which object.
fn memory(event: &Event) -> Option<(Subject, Life)> {
    match event.what {
        // These count the users of a device, keep no memory, and go with the device.
        What::Get(Subject::IbUsers(_) | Subject::ClientData(..), _)
        | What::Put(Subject::IbUsers(_) | Subject::ClientData(..), _) => None,
        What::Alloc(of) | What::Free(of) | What::Get(of, _) | What::Put(of, _) => Some((of, event.life)),
        _ => None,
    }
}

/// Whether a failed command left no reference to this memory, and took none away that it had not taken. A reference that
/// another task takes or drops meanwhile may be the one that the command took, and a release that is still to come drops
/// what its object holds.
fn is_held_as_before(during: &[Event], task: TaskId, of: (Subject, Life)) -> bool {
    let about = || during.iter().filter(|event| memory(event) == Some(of));
    let (mut held, mut is_made, mut is_free) = (0, false, false);
    for event in about().filter(|event| event.task == task) {
        match event.what {
            What::Alloc(_) => (held, is_made) = (held + 1, true),
            What::Get(..) => held += 1,
            What::Put(..) => held -= 1,
            _ => is_free = true,
        }
    }
    let is_gone = is_made && is_free;
    let own = || during.iter().filter(|event| event.task == task);
    let is_released_later =
        || own().any(|event| matches!(event.what, What::Queue(_, work, _) if releases(work)));
    held == 0 || is_gone || about().any(|event| event.task != task) || (held > 0 && is_released_later())
}

/// Whether work is the release of an object that the kernel delays.
fn releases(work: WorkFn) -> bool {
    match work {
        WorkFn::ReleaseChild(_)
        | WorkFn::ReleaseParent(_)
        | WorkFn::ReleaseDevice(_)
        | WorkFn::ReleaseType(..)
        | WorkFn::ReleaseVfio(_) => true,
        WorkFn::NetdeviceEvent(_)
        | WorkFn::RescanDevice(_)
        | WorkFn::LineCardStatus(_)
        | WorkFn::NestedNotify(_)
        | WorkFn::CleanupNet(_)
        | WorkFn::UnregisterParent(_)
        | WorkFn::UnregisterDevice(_)
        | WorkFn::NetdeviceGone(_)
        | WorkFn::AddressGone(..)
        | WorkFn::CmWork(_)
        | WorkFn::FunctionState(_)
        | WorkFn::LinkLocal(_)
        | WorkFn::TrapReport(_)
        | WorkFn::TypeWarn(..) => false,
    }
}

/// What an event changes: of which life of an object, and which of three things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change {
    of: Subject,
    life: Life,
    aspect: Aspect,
}

/// What there is to change of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aspect {
    Presence,
    Visibility,
    Value,
}

fn changed(event: &Event) -> Option<Change> {
    let (of, aspect) = match event.what {
        // That a report ends in an error is what the reporter's state says from then on.
        What::Set(Subject::Reporter(..), ..) => return None,
        What::Add(of) | What::Remove(of) => (of, Aspect::Presence),
        What::Visible(of) | What::Hidden(of) => (of, Aspect::Visibility),
        What::Set(of, ..) => (of, Aspect::Value),
        _ => return None,
    };
    // These go with their RDMA device or its netdev, and who takes that apart may be another than who made them.
    let goes_with_device =
        matches!(of, Subject::IbUsers(_) | Subject::GidTable(_) | Subject::Gid(..) | Subject::Address(..));
    (!goes_with_device).then_some(Change { of, life: event.life, aspect })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{
        Client, Errno, Handle, IbDevice, MdevType, Module, Parent, PortIndex, QueueName, Uuid,
    };

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
    fn an_instance_that_a_failed_command_shows_or_hides_breaks_it() {
        let device = Subject::Devlink(Handle::Netdevsim0);
        assert_eq!(check(&Trace::of([BEGIN, (0, What::Visible(device)), FAIL])), Some(2));
        assert_eq!(
            check(&Trace::of([BEGIN, (0, What::Visible(device)), (0, What::Hidden(device)), FAIL])),
            None
        );
    }

    #[test]
    fn what_another_task_changes_too_is_not_as_the_command_left_it() {
        let removed = [BEGIN, (0, What::Add(PORT)), (1, What::Remove(PORT)), FAIL];
        assert_eq!(check(&Trace::of(removed)), None);
    }

    #[test]
    fn a_reload_that_fails_takes_its_own_device_down_and_no_other() {
        let down = |of| (0, What::Return(Callback::ReloadUp, Subject::Devlink(of), Some(Errno::EINVAL)));
        let gone = (0, What::Remove(PORT));
        assert_eq!(check(&Trace::of([BEGIN, gone, down(Handle::Netdevsim0), FAIL])), None);
        assert_eq!(check(&Trace::of([BEGIN, gone, down(Handle::Netdevsim1), FAIL])), Some(3));
        let carried = [(Handle::Lc1, Handle::Mlxsw0), (Handle::Mlx51, Handle::Mlx50)];
        for (device, carrier) in carried {
            let port = (0, What::Remove(Subject::Port(device, PortIndex::P0)));
            assert_eq!(check(&Trace::of([BEGIN, port, down(carrier), FAIL])), None, "it goes along");
            assert_eq!(check(&Trace::of([BEGIN, port, down(Handle::Netdevsim0), FAIL])), Some(3));
            assert_eq!(check(&Trace::of([BEGIN, port, FAIL])), Some(2));
        }
        let netns = (0, What::Remove(Subject::Netns(crate::event::NetNs::A)));
        assert_eq!(check(&Trace::of([BEGIN, netns, FAIL])), Some(2), "nothing went down");
        assert_eq!(check(&Trace::of([BEGIN, netns, down(Handle::Mlxsw0), FAIL])), None);
    }

    #[test]
    fn a_value_of_an_instance_that_the_command_made_goes_with_it() {
        let device = Subject::Devlink(Handle::Netdevsim0);
        let (made, freed) = ((0, What::Alloc(device)), (0, What::Free(device)));
        let set = (0, What::Set(ESWITCH, 0, 1));
        assert_eq!(check(&Trace::of([BEGIN, made, set, freed, FAIL])), None);
        assert_eq!(check(&Trace::of([BEGIN, made, set, FAIL])), Some(3), "it is still there");
        assert_eq!(check(&Trace::of([BEGIN, set, freed, FAIL])), Some(3), "it was there before");
        assert_eq!(check(&Trace::of([BEGIN, set, made, freed, FAIL])), Some(4), "the value was another's");
        assert_eq!(check(&Trace::of([BEGIN, made, freed, set, FAIL])), Some(4), "nothing is left to set");
        let part = (0, What::Add(PORT));
        assert_eq!(check(&Trace::of([BEGIN, made, part, freed, FAIL])), Some(4), "a part stays for the next");
    }

    #[test]
    fn what_is_taken_from_an_earlier_life_is_not_put_back_by_a_later() {
        let set = |life, old, new| (0, life, What::Set(ESWITCH, old, new));
        let [begin, fail] = [BEGIN, FAIL].map(|(task, what)| (task, 0, what));
        assert_eq!(check(&Trace::of_lives([begin, set(1, 0, 1), set(2, 1, 0), fail])), Some(3));
    }

    #[test]
    fn presence_visibility_and_value_are_three_things() {
        let device = Subject::Devlink(Handle::Netdevsim0);
        let trace = |first, then| Trace::of([BEGIN, (0, first), (0, then), FAIL]);
        assert_eq!(check(&trace(What::Set(PORT, 0, 1), What::Remove(PORT))), Some(3));
        assert_eq!(check(&trace(What::Add(device), What::Hidden(device))), Some(3));
        assert_eq!(check(&trace(What::Remove(PORT), What::Add(PORT))), None);
        assert_eq!(check(&trace(What::Hidden(device), What::Visible(device))), None);
        assert_eq!(check(&trace(What::Set(PORT, 0, 1), What::Set(PORT, 1, 2))), Some(3));
    }

    #[test]
    fn a_failed_command_leaves_no_memory_and_takes_none() {
        let (device, other) = (Subject::Devlink(Handle::Netdevsim0), Subject::Devlink(Handle::Netdevsim1));
        let (made, freed) = ((0, What::Alloc(device)), (0, What::Free(device)));
        let (get, put) = ((0, What::Get(device, 2)), (0, What::Put(device, 1)));
        assert_eq!(check(&Trace::of([BEGIN, made, FAIL])), Some(2), "what it made is still there");
        assert_eq!(check(&Trace::of([BEGIN, made, freed, FAIL])), None);
        assert_eq!(check(&Trace::of([BEGIN, made, (0, What::Put(device, 0)), FAIL])), None, "freed later");
        assert_eq!(check(&Trace::of([BEGIN, get, FAIL])), Some(2), "it holds a reference");
        assert_eq!(check(&Trace::of([BEGIN, put, FAIL])), Some(2), "the reference was not its own");
        assert_eq!(check(&Trace::of([BEGIN, get, put, FAIL])), None);
        assert_eq!(check(&Trace::of([BEGIN, get, (0, What::Put(other, 1)), FAIL])), Some(3));
        assert_eq!(check(&Trace::of([BEGIN, get, freed, FAIL])), Some(3), "it freed what it did not make");
        assert_eq!(check(&Trace::of([BEGIN, get, (1, put.1), FAIL])), None, "another task drops it");
        for users in [Subject::IbUsers(IbDevice::Rxe0), Subject::ClientData(Client::Mad, IbDevice::Rxe0)] {
            assert_eq!(check(&Trace::of([BEGIN, (0, What::Put(users, 0)), FAIL])), None, "no memory is kept");
            assert_eq!(check(&Trace::of([BEGIN, (0, What::Get(users, 2)), FAIL])), None, "no memory is kept");
        }
        let down = (0, What::Return(Callback::ReloadUp, device, Some(Errno::EINVAL)));
        assert_eq!(check(&Trace::of([BEGIN, put, down, FAIL])), None, "it goes with its device");
    }

    #[test]
    fn a_release_that_is_still_to_come_drops_what_its_object_holds() {
        let kind = Subject::MdevType(Parent::Mtty0, MdevType::Mtty1);
        let queue = |work| (0, What::Queue(QueueName::System, work, Module::Core));
        let (get, put) = ((0, What::Get(kind, 2)), (0, What::Put(kind, 1)));
        let release = queue(WorkFn::ReleaseChild(Uuid::A));
        assert_eq!(check(&Trace::of([BEGIN, get, release, FAIL])), None);
        assert_eq!(check(&Trace::of([BEGIN, put, release, FAIL])), Some(3), "it takes no reference away");
        assert_eq!(check(&Trace::of([BEGIN, get, (1, release.1), FAIL])), Some(3), "it is another task's");
        let other = queue(WorkFn::LineCardStatus(Handle::Mlxsw0));
        assert_eq!(check(&Trace::of([BEGIN, get, other, FAIL])), Some(3), "it releases nothing");
    }

    #[test]
    fn the_memory_of_one_life_is_not_that_of_another() {
        let device = Subject::Devlink(Handle::Netdevsim0);
        let [begin, fail] = [BEGIN, FAIL].map(|(task, what)| (task, 0, what));
        let (get, put) = ((0, 1, What::Get(device, 2)), (0, 2, What::Put(device, 1)));
        assert_eq!(check(&Trace::of_lives([begin, get, put, fail])), Some(3));
    }

    #[test]
    fn a_module_that_a_failed_command_unloads_breaks_it() {
        let gone = What::ModuleGone(Module::Netdevsim);
        assert_eq!(check(&Trace::of([BEGIN, (0, gone), FAIL])), Some(2));
        assert_eq!(check(&Trace::of([BEGIN, (1, gone), FAIL])), None, "another task unloads it");
    }

    #[test]
    fn what_other_tasks_change_besides_excuses_nothing() {
        let shared = [BEGIN, (1, What::Set(PORT, 0, 1)), (0, What::Add(PORT)), FAIL];
        assert_eq!(check(&Trace::of(shared)), Some(3));
        let reporter = Subject::Reporter(Handle::Netdevsim0, crate::event::Reporter::Dummy);
        assert_eq!(check(&Trace::of([BEGIN, (0, What::Set(reporter, 0, 1)), FAIL])), None);
        let other_begins = [BEGIN, (0, What::Add(PORT)), (1, What::Begin(0)), FAIL];
        assert_eq!(check(&Trace::of(other_begins)), Some(3), "the command of another task begins later");
        let before = [(0, What::Set(ESWITCH, 0, 1)), BEGIN, FAIL];
        assert_eq!(check(&Trace::of(before)), None, "the command had not begun");
    }

    #[test]
    fn another_task_may_change_things_meanwhile() {
        assert_eq!(check(&Trace::of([BEGIN, (1, What::Set(ESWITCH, 0, 1)), FAIL])), None);
    }
}
