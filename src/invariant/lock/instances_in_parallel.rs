//! Instances are configured side by side: no task waits for a lock of all of them while a driver works.

use crate::event::{Action, Kinds, LockName, Mode, RUN_TASKS_MAX, Scope, Subject, TaskId, Trace, What};
use crate::invariant::Invariant;
use crate::mail::{self, Cite};

/// No task waits for a lock of all devices while a driver is called under it, so that instances are configured side by side.
///
/// Time is virtual: every callback of a driver takes one unit. Binding a driver to an auxiliary device takes one too (the RDMA
/// part of a NIC takes a while), and so does unbinding it, under a lock of all devices. Everything else takes none, and there are as many processors
/// as tasks. So what is found is no accident of a schedule: it is what each task would wait on any machine.
pub const INSTANCES_IN_PARALLEL: Invariant = Invariant {
    id: 0x15,
    name: "instances-in-parallel",
    says: "No task waits for a lock of all devices while a driver is called under it, so that instances are configured side by side.",
    cites: &[Cite {
        mail: &mail::RELOAD_LOCK,
        who: "Jason Gunthorpe",
        claim: "with a global lock over slow driver code all launches of virtual machines are serialised",
    }],
    about: Kinds::GLOBAL_LOCK,
    observable: false,
    ends_all: false,
    check: |trace| measure(trace).first_wait,
};

/// What a trace takes in virtual time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measure {
    /// When the last task is done.
    pub makespan: u32,
    /// The first time that a task waits for a lock of all devices while another's driver works under it.
    pub first_wait: Option<usize>,
}

/// How long a task held a lock, if a driver worked meanwhile.
struct Busy {
    lock: LockName,
    /// The task, if it reads.
    reader: Option<TaskId>,
    since: u32,
    until: u32,
    /// Whether it is held where the trace is.
    is_held: bool,
}

fn is_of_all(lock: LockName) -> bool {
    lock.class.scope() == Scope::Global
}

/// Lets the tasks of a trace run side by side and measures how long they take.
pub fn measure(trace: &Trace) -> Measure {
    let mut clocks = [0u32; RUN_TASKS_MAX];
    let mut held_all = [0u8; RUN_TASKS_MAX];
    let mut locks: Vec<Busy> = Vec::new();
    let mut measure = Measure::default();
    for (at, event) in trace.events.iter().enumerate() {
        let clock = &mut clocks[usize::from(event.task)];
        let held_all = &mut held_all[usize::from(event.task)];
        match event.what {
            What::Call(_, of) if of.device().is_some() => *clock += 1,
            // A driver is bound to an auxiliary device, or unbound from it.
            What::Uevent(Action::Bind | Action::Unbind, Subject::Auxiliary(..)) if *held_all > 0 => {
                *clock += 1
            }
            What::Acquire(lock, mode) => {
                *held_all += u8::from(is_of_all(lock));
                // A task that comes before the lock is taken does not wait, whatever the order of the trace. A reader waits
                // for writers only.
                let in_the_way = |busy: &&Busy, clock: u32| {
                    busy.lock == lock
                        && (mode == Mode::Write || busy.reader.is_none())
                        && (busy.since..busy.until).contains(&clock)
                };
                while let Some(busy) = locks.iter().find(|busy| in_the_way(busy, *clock)) {
                    if is_of_all(lock) {
                        measure.first_wait = measure.first_wait.or(Some(at));
                    }
                    *clock = busy.until;
                }
                let reader = (mode == Mode::Read).then_some(event.task);
                locks.push(Busy { lock, reader, since: *clock, until: *clock, is_held: true });
            }
            What::Release(lock, mode) => {
                *held_all = held_all.saturating_sub(u8::from(is_of_all(lock)));
                let reader = (mode == Mode::Read).then_some(event.task);
                let is_it = |busy: &Busy| busy.is_held && busy.lock == lock && busy.reader == reader;
                if let Some(held) = locks.iter().rposition(is_it) {
                    locks[held].until = *clock;
                    locks[held].is_held = false;
                    if locks[held].since == *clock {
                        locks.swap_remove(held);
                    }
                }
            }
            _ => {}
        }
        measure.makespan = measure.makespan.max(*clock);
    }
    measure
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Auxiliary, Callback, Handle, LockClass};

    fn reloads(task: u8, handle: Handle, lock: LockName) -> [(u8, What); 4] {
        let of = Subject::Devlink(handle);
        [
            (task, What::Acquire(lock, Mode::Write)),
            (task, What::Call(Callback::ReloadDown, of)),
            (task, What::Return(Callback::ReloadDown, of, None)),
            (task, What::Release(lock, Mode::Write)),
        ]
    }

    fn two(lock: impl Fn(Handle) -> LockName) -> Measure {
        let [one, other] = [Handle::Mlx50, Handle::Mlx51];
        let events = reloads(0, one, lock(one)).into_iter().chain(reloads(1, other, lock(other)));
        measure(&Trace::of(events))
    }

    #[test]
    fn a_lock_of_all_instances_makes_the_second_wait() {
        let measure = two(|_| LockName { class: LockClass::DevlinkMutex, of: Subject::Kernel });
        assert_eq!(measure, Measure { makespan: 2, first_wait: Some(4) });
    }

    #[test]
    fn a_driver_that_is_attached_under_a_lock_of_all_makes_the_second_wait() {
        let all = LockName { class: LockClass::DevlinkMutex, of: Subject::Kernel };
        let attaches = |task, handle, action| {
            [
                (task, What::Acquire(all, Mode::Write)),
                (task, What::Uevent(action, Subject::Auxiliary(handle, Auxiliary::Rdma))),
                (task, What::Release(all, Mode::Write)),
            ]
        };
        let trace = |action| {
            let second = attaches(1, Handle::Mlx51, action);
            Trace::of(attaches(0, Handle::Mlx50, action).into_iter().chain(second))
        };
        for action in [Action::Bind, Action::Unbind] {
            assert_eq!(measure(&trace(action)), Measure { makespan: 2, first_wait: Some(3) });
        }
        assert_eq!(measure(&trace(Action::Add)), Measure { makespan: 0, first_wait: None });
        let later = Trace::of(
            attaches(0, Handle::Mlx50, Action::Add)
                .into_iter()
                .chain([(0, What::Uevent(Action::Bind, Subject::Auxiliary(Handle::Mlx50, Auxiliary::Rdma)))]),
        );
        assert_eq!(measure(&later).makespan, 0, "no lock of all is held any more");
    }

    #[test]
    fn locks_of_their_own_let_both_run() {
        let measure = two(|handle| LockName { class: LockClass::Devlink, of: Subject::Devlink(handle) });
        assert_eq!(measure, Measure { makespan: 1, first_wait: None });
    }

    /// One task works under a lock in one mode, and another takes the lock in the other.
    fn meets(first: Mode, second: Mode) -> Measure {
        let lock = LockName { class: LockClass::PernetOps, of: Subject::Kernel };
        let of = |handle| Subject::Devlink(handle);
        let works = |task, mode, handle| {
            [
                (task, What::Acquire(lock, mode)),
                (task, What::Call(Callback::ReloadDown, of(handle))),
                (task, What::Release(lock, mode)),
            ]
        };
        let (one, other) = (works(0, first, Handle::Mlx50), works(1, second, Handle::Mlx51));
        measure(&Trace::of(one.into_iter().chain(other)))
    }

    #[test]
    fn a_reader_waits_for_writers_only() {
        assert_eq!(meets(Mode::Read, Mode::Read), Measure { makespan: 1, first_wait: None });
        assert_eq!(meets(Mode::Write, Mode::Read), Measure { makespan: 2, first_wait: Some(3) });
    }

    #[test]
    fn who_is_earlier_in_time_and_later_in_the_trace_is_waited_for_too() {
        let all = LockName { class: LockClass::DevlinkMutex, of: Subject::Kernel };
        let works = (0, What::Call(Callback::ReloadDown, Subject::Devlink(Handle::Mlx50)));
        let [takes, leaves] = [What::Acquire(all, Mode::Write), What::Release(all, Mode::Write)];
        // One task has worked before it takes the lock for no time at all; the others come to the lock before that.
        let first = [works, (0, takes), (0, leaves)];
        let second = reloads(1, Handle::Mlx51, all);
        let trace = Trace::of(first.into_iter().chain(second).chain([(2, takes), (2, leaves)]));
        assert_eq!(measure(&trace), Measure { makespan: 1, first_wait: Some(7) });
        let late = reloads(0, Handle::Mlx50, all).into_iter().chain(reloads(0, Handle::Mlx50, all));
        let trace = Trace::of(late.chain([(1, takes), (1, leaves)]));
        assert_eq!(measure(&trace), Measure { makespan: 2, first_wait: Some(8) });
    }

    #[test]
    fn each_reader_holds_a_lock_for_a_time_of_its_own() {
        let lock = LockName { class: LockClass::PernetOps, of: Subject::Kernel };
        let works = |task| (task, What::Call(Callback::ReloadDown, Subject::Devlink(Handle::Mlx50)));
        let reads = |task| (task, What::Acquire(lock, Mode::Read));
        let leaves = |task| (task, What::Release(lock, Mode::Read));
        let writes =
            |task| [(task, What::Acquire(lock, Mode::Write)), (task, What::Release(lock, Mode::Write))];
        let late = [works(1), reads(1), reads(0), works(1), leaves(1), leaves(0)];
        let early_writer = Trace::of(late.into_iter().chain(writes(2)));
        assert_eq!(measure(&early_writer), Measure { makespan: 2, first_wait: None });
        let late_writer = Trace::of([&late[..], &[works(2)], &writes(2)].concat());
        assert_eq!(measure(&late_writer), Measure { makespan: 2, first_wait: Some(7) });
    }

    #[test]
    fn a_task_that_unlocks_one_lock_keeps_the_others() {
        let all = LockName { class: LockClass::DevlinkMutex, of: Subject::Kernel };
        let own = LockName { class: LockClass::Devlink, of: Subject::Devlink(Handle::Mlx50) };
        let works = |task| (task, What::Call(Callback::ReloadDown, Subject::Devlink(Handle::Mlx50)));
        let takes = |task, lock| (task, What::Acquire(lock, Mode::Write));
        let leaves = |task, lock| (task, What::Release(lock, Mode::Write));
        let first = [takes(0, all), takes(0, own), works(0), leaves(0, all), works(0), leaves(0, own)];
        let second = [takes(1, all), works(1), works(1), leaves(1, all)];
        let trace = Trace::of(first.into_iter().chain(second));
        assert_eq!(measure(&trace), Measure { makespan: 3, first_wait: Some(6) });
    }

    #[test]
    fn a_reader_that_has_a_lock_twice_keeps_it_until_the_second_unlock() {
        let lock = LockName { class: LockClass::PernetOps, of: Subject::Kernel };
        let works = (0, What::Call(Callback::ReloadDown, Subject::Devlink(Handle::Mlx50)));
        let [takes, leaves] =
            [What::Acquire(lock, Mode::Read), What::Release(lock, Mode::Read)].map(|it| (0, it));
        let reader = [takes, works, takes, works, leaves, works, leaves];
        let trace = Trace::of(reader.into_iter().chain([(1, What::Acquire(lock, Mode::Write))]));
        assert_eq!(measure(&trace), Measure { makespan: 3, first_wait: Some(7) });
    }

    #[test]
    fn a_writer_waits_for_readers() {
        assert_eq!(meets(Mode::Read, Mode::Write), Measure { makespan: 2, first_wait: Some(3) });
    }
}
