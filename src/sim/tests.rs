//! The simulated kernel by itself: which task waits for which, and in what order they go on.

use super::kernel::{EVENTS_MAX, Kconfig, Kernel, STEPS_MAX};
use super::lock::LockId;
use super::scheduler::Segment;
use super::task::Body;
use crate::event::{
    IbDevice, LockClass, Mode, Module, Netdev, Point, QueueName, SegmentEnd, Subject, TaskId, TaskName,
    Trace, What, WorkFn,
};
use TaskName::{GidWorker, SystemWorker, SystemWorker2, T1, T2, T3, T4};

/// Where a task stops in these tests; any point will do.
pub(super) const HERE: Point = Point::RegisterLock;
pub(super) const THERE: Point = Point::RegisterVisible;
pub(super) const ITEM: WorkFn = WorkFn::NetdeviceEvent(Netdev::Eth0);
pub(super) const NEXT: WorkFn = WorkFn::NetdeviceEvent(Netdev::Eth1);
pub(super) const DEVICE: Subject = Subject::Ib(IbDevice::Rxe0);

/// Runs tasks under a schedule.
pub(super) fn run(
    tasks: &[TaskName],
    schedule: &[(TaskName, Option<Point>)],
    bodies: impl FnOnce(&Kernel) -> Vec<Body<'_>>,
) -> Trace {
    let segment = |(task, until): &(TaskName, Option<Point>)| Segment {
        task: *task,
        until: until.map(|point| (point, 1)),
    };
    let schedule: Vec<Segment> = schedule.iter().map(segment).collect();
    let mut kernel = Kernel::default();
    kernel.reset(Kconfig::default(), tasks, &schedule, None);
    let mut bodies: Vec<_> = bodies(&kernel).into_iter().map(Some).collect();
    kernel.run(|name| {
        let index = tasks.iter().position(|task| *task == name);
        index.and_then(|index| bodies[index].take()).expect("a task begins once")
    });
    drop(bodies);
    kernel.trace().clone()
}

pub(super) fn lock(k: &Kernel) -> LockId {
    k.lock_of(LockClass::DevicesRwsem, Subject::Kernel)
}

fn other(k: &Kernel) -> LockId {
    k.lock_of(LockClass::ClientsRwsem, Subject::Kernel)
}

/// Holds the lock in a mode, and comes to a point in between.
pub(super) fn holds(k: &Kernel, mode: Mode) -> Body<'_> {
    Box::pin(async move {
        let _held = match mode {
            Mode::Write => k.lock(lock(k), HERE).await,
            Mode::Read => k.read(lock(k), HERE).await,
        };
        k.point(THERE).await;
    })
}

/// The body of the worker; the work takes the lock if there is one to take.
pub(super) fn worker(k: &Kernel, takes_lock: bool) -> Body<'_> {
    Box::pin(k.worker(QueueName::Gid, async move |_| {
        if takes_lock {
            let _held = k.lock(lock(k), HERE).await;
        }
        k.point(THERE).await;
    }))
}

/// The tasks that took a lock, in order.
pub(super) fn takers(trace: &Trace) -> Vec<TaskId> {
    let acquires = trace.events.iter().filter(|event| matches!(event.what, What::Acquire(..)));
    acquires.map(|event| event.task).collect()
}

/// Where something first happened.
pub(super) fn at(trace: &Trace, found: impl Fn(&What) -> bool) -> usize {
    trace.events.iter().position(|event| found(&event.what)).expect("it happens")
}

/// The links of the only deadlock.
fn deadlock(trace: &Trace) -> usize {
    let deadlocks = trace.events.iter().filter_map(|event| match event.what {
        What::Deadlock(cycle) => Some(trace.cycles[usize::from(cycle)].len()),
        _ => None,
    });
    let deadlocks: Vec<usize> = deadlocks.collect();
    assert_eq!(deadlocks.len(), 1, "one deadlock");
    deadlocks[0]
}

#[test]
fn readers_share_but_wait_behind_a_waiting_writer() {
    let schedule = [(T1, Some(THERE)), (T2, Some(THERE)), (T3, None), (T4, None)];
    let trace = run(&[T1, T2, T3, T4], &schedule, |k| {
        vec![holds(k, Mode::Read), holds(k, Mode::Read), holds(k, Mode::Write), holds(k, Mode::Read)]
    });
    assert_eq!(takers(&trace), [0, 1, 2, 3]);
    let fourth_blocks = |event: &crate::event::Event| event.task == 3 && matches!(event.what, What::Block(_));
    assert!(trace.events.iter().any(fourth_blocks));
}

#[test]
fn readers_get_a_lock_together_where_one_of_them_is_first() {
    let schedule = [(T1, Some(THERE)), (T2, None), (T3, None), (T4, None), (T1, None), (T4, None)];
    let trace = run(&[T1, T2, T3, T4], &schedule, |k| {
        vec![holds(k, Mode::Write), holds(k, Mode::Read), holds(k, Mode::Write), holds(k, Mode::Read)]
    });
    assert_eq!(takers(&trace), [0, 3, 1, 2], "the second reader does not wait for the writer before it");
}

#[test]
fn a_reader_behind_a_writer_behind_a_reader_is_a_deadlock_of_three() {
    let schedule = [(T1, Some(THERE)), (T2, None)];
    let trace = run(&[T1, T2, GidWorker], &schedule, |k| {
        let flush = async move {
            let _held = k.read(lock(k), HERE).await;
            k.queue_work(QueueName::Gid, ITEM, Module::Core);
            k.flush_workqueue(QueueName::Gid, THERE).await;
        };
        let work = k.worker(QueueName::Gid, async move |_| drop(k.read(lock(k), HERE).await));
        vec![Box::pin(flush), holds(k, Mode::Write), Box::pin(work)]
    });
    assert_eq!(deadlock(&trace), 3);
    assert!(
        trace
            .print(crate::event::print::Detail::Stream, |_, index| index.to_string())
            .contains("t2 is ahead in the queue for devices_rwsem")
    );
}

#[test]
fn a_lock_goes_to_who_has_waited_longest() {
    // The fourth comes when the lock is unlocked, and is still behind those that slept.
    let schedule = [(T1, Some(THERE)), (T3, None), (T2, None), (T1, None), (T4, None)];
    let trace = run(&[T1, T2, T3, T4], &schedule, |k| (0..4).map(|_| holds(k, Mode::Write)).collect());
    assert_eq!(takers(&trace), [0, 2, 1, 3]);
}

#[test]
fn a_lock_taken_twice_is_a_deadlock_of_one() {
    let trace = run(&[T1], &[], |k| {
        vec![Box::pin(async move {
            let _once = k.lock(lock(k), HERE).await;
            let _twice = k.lock(lock(k), HERE).await;
        })]
    });
    assert_eq!(deadlock(&trace), 1);
}

#[test]
fn two_orders_of_two_locks_are_seen_with_and_without_a_deadlock() {
    fn takes(k: &Kernel, first: LockId, second: LockId) -> Body<'_> {
        Box::pin(async move {
            let _outer = k.lock(first, HERE).await;
            let _inner = k.lock(second, THERE).await;
        })
    }
    fn bodies(k: &Kernel) -> Vec<Body<'_>> {
        vec![takes(k, lock(k), other(k)), takes(k, other(k), lock(k))]
    }
    let one_by_one = run(&[T1, T2], &[], bodies);
    at(&one_by_one, |what| matches!(what, What::LockOrder(_)));
    assert!(!one_by_one.events.iter().any(|event| matches!(event.what, What::Deadlock(_))));
    let schedule = [(T1, Some(THERE)), (T2, None)];
    assert_eq!(deadlock(&run(&[T1, T2], &schedule, bodies)), 2);
}

#[test]
fn two_orders_of_readers_are_none_until_a_task_writes() {
    fn reads(k: &Kernel, first: LockId, second: LockId) -> Body<'_> {
        Box::pin(async move {
            let _outer = k.read(first, HERE).await;
            let _inner = k.read(second, THERE).await;
        })
    }
    let with = |writes: fn(&Kernel) -> Vec<LockId>| {
        run(&[T1, T2, T3], &[], |k| {
            let writer = async move {
                for lock in writes(k) {
                    drop(k.lock(lock, HERE).await);
                }
            };
            vec![reads(k, lock(k), other(k)), reads(k, other(k), lock(k)), Box::pin(writer)]
        })
    };
    let is_said = |trace: &Trace| trace.events.iter().any(|event| matches!(event.what, What::LockOrder(_)));
    assert!(!is_said(&with(|_| Vec::new())));
    assert!(!is_said(&with(|k| vec![lock(k)])), "no reader of the other lock waits");
    let both = with(|k| vec![lock(k), other(k)]);
    assert!(is_said(&both));
    let said = at(&both, |what| matches!(what, What::LockOrder(_)));
    assert_eq!(
        both.name(both.events[said].task),
        T3,
        "it is the second lock with a writer that makes it one"
    );
    assert_eq!(both.cycle(both.events[said].what).len(), 2);
}

#[test]
fn a_flush_waits_for_what_was_queued_before_and_for_nothing_later() {
    let schedule = [(T1, None), (T2, None), (GidWorker, None)];
    let trace = run(&[T1, T2, GidWorker], &schedule, |k| {
        let flush = async move {
            k.queue_work(QueueName::Gid, ITEM, Module::Core);
            k.flush_workqueue(QueueName::Gid, HERE).await;
            k.emit(What::Ready(DEVICE));
        };
        let later = async move {
            k.queue_work(QueueName::Gid, NEXT, Module::Core);
        };
        // The second item sleeps for ever, and the flush does not mind.
        let work = k.worker(QueueName::Gid, async move |work| {
            if work == NEXT {
                k.uevent_wait(crate::event::Action::Add, DEVICE).await;
            }
        });
        vec![Box::pin(flush), Box::pin(later), Box::pin(work)]
    });
    let done = at(&trace, |what| *what == What::WorkEnd(QueueName::Gid, ITEM));
    assert!(at(&trace, |what| *what == What::Ready(DEVICE)) > done);
}

#[test]
fn a_flush_under_a_lock_that_the_work_takes_is_a_deadlock_of_two() {
    let trace = run(&[T1, GidWorker], &[(T1, None)], |k| {
        let flush = async move {
            let _held = k.lock(lock(k), HERE).await;
            k.queue_work(QueueName::Gid, ITEM, Module::Core);
            k.flush_workqueue(QueueName::Gid, THERE).await;
        };
        vec![Box::pin(flush), worker(k, true)]
    });
    assert_eq!(deadlock(&trace), 2);
    at(&trace, |what| matches!(what, What::LockOrder(_)));
}

#[test]
fn cancelling_takes_an_item_off_the_queue_or_waits_until_it_has_run() {
    fn bodies(k: &Kernel) -> Vec<Body<'_>> {
        let cancel = async move {
            k.queue_work(QueueName::Gid, ITEM, Module::Core);
            k.cancel_work_sync(QueueName::Gid, ITEM, HERE).await;
            k.emit(What::Ready(DEVICE));
        };
        vec![Box::pin(cancel), worker(k, false)]
    }
    let queued = run(&[T1, GidWorker], &[(T1, None)], bodies);
    at(&queued, |what| *what == What::Cancel(QueueName::Gid, ITEM));
    assert!(!queued.events.iter().any(|event| matches!(event.what, What::WorkBegin(..))));
    let schedule = [(T1, Some(HERE)), (GidWorker, Some(THERE)), (T1, None)];
    let running = run(&[T1, GidWorker], &schedule, bodies);
    let done = at(&running, |what| *what == What::WorkEnd(QueueName::Gid, ITEM));
    assert!(at(&running, |what| *what == What::Ready(DEVICE)) > done);
}

#[test]
fn unregistering_lets_no_user_in_and_waits_for_the_last_one() {
    let schedule = [(T1, Some(THERE)), (T2, None), (T3, None)];
    let trace = run(&[T1, T2, T3], &schedule, |k| {
        let registration = k.registration(DEVICE);
        let user = || async move {
            let user = k.try_use(registration);
            k.emit(if user.is_some() { What::Visible(DEVICE) } else { What::Hidden(DEVICE) });
            k.point(THERE).await;
            k.emit(What::Unready(DEVICE));
        };
        let unregister = async move {
            k.unregister_wait(registration, HERE).await;
            k.emit(What::Free(DEVICE));
        };
        vec![Box::pin(user()), Box::pin(unregister), Box::pin(user())]
    });
    let whats: Vec<(TaskId, What)> = trace.events.iter().map(|event| (event.task, event.what)).collect();
    let place = |wanted| whats.iter().position(|what| *what == wanted).expect("it happens");
    assert!(place((2, What::Hidden(DEVICE))) < place((0, What::Unready(DEVICE))));
    assert!(place((0, What::Unready(DEVICE))) < place((1, What::Free(DEVICE))));
}

#[test]
fn a_wait_for_a_kref_ends_with_the_last_put_and_otherwise_never() {
    fn bodies(k: &Kernel, puts: bool) -> Vec<Body<'_>> {
        let kref = k.kref_init(DEVICE);
        let wait = async move {
            k.kref_wait(kref, HERE).await;
            k.free(kref);
        };
        let put = async move {
            k.point(THERE).await;
            let _last = puts && k.put(kref);
        };
        vec![Box::pin(wait), Box::pin(put)]
    }
    let trace = run(&[T1, T2], &[], |k| bodies(k, true));
    assert!(
        at(&trace, |what| *what == What::Free(DEVICE)) > at(&trace, |what| *what == What::Put(DEVICE, 0))
    );
    assert_eq!(deadlock(&run(&[T1, T2], &[], |k| bodies(k, false))), 1);
}

#[test]
fn a_flush_that_waited_for_an_item_goes_on_when_somebody_cancels_it() {
    let schedule = [(T1, None), (T2, None), (GidWorker, None)];
    let trace = run(&[T1, T2, GidWorker], &schedule, |k| {
        let flush = async move {
            k.queue_work(QueueName::Gid, ITEM, Module::Core);
            k.flush_workqueue(QueueName::Gid, HERE).await;
            k.emit(What::Ready(DEVICE));
        };
        let cancel = async move { k.cancel_work_sync(QueueName::Gid, ITEM, HERE).await };
        vec![Box::pin(flush), Box::pin(cancel), worker(k, false)]
    });
    at(&trace, |what| matches!(what, What::Cancel(..)));
    at(&trace, |what| *what == What::Ready(DEVICE));
}

#[test]
fn a_run_that_never_ends_is_cut_off_in_steps_and_in_memory() {
    let talk = |events: usize| {
        run(&[T1], &[], |k| {
            let body = async move {
                loop {
                    (0..events).for_each(|_| k.emit(What::Hidden(DEVICE)));
                    k.point(HERE).await;
                }
            };
            vec![Box::pin(body)]
        })
    };
    for (events, recorded) in [(0, 0), (1, STEPS_MAX as usize - 1), (1_000, EVENTS_MAX)] {
        let trace = talk(events);
        assert_eq!(trace.events.last().map(|event| event.what), Some(What::OutOfSteps));
        assert_eq!(trace.steps, STEPS_MAX);
        assert!((recorded..recorded + 1_000 + 2).contains(&trace.events.len()), "{}", trace.events.len());
    }
}

/// Comes to a point some times.
pub(super) fn comes(k: &Kernel, times: usize) -> Body<'_> {
    Box::pin(async move {
        for _ in 0..times {
            k.point(THERE).await;
        }
    })
}

#[test]
fn every_segment_is_told_how_it_ended() {
    use SegmentEnd::{Blocked, BlockedBefore, Ended, EndedBefore, Idle, NoTask, Over, Reached, Waiting};
    let there = |n| Some((THERE, n));
    let steps = [
        (GidWorker, None, Idle),
        (T4, None, NoTask),
        (T1, there(1), Reached),
        (T2, there(1), BlockedBefore(0)),
        (T2, None, Waiting),
        (T3, there(2), Reached),
        (T3, there(3), EndedBefore(2)),
        (T3, None, Over),
        (T1, None, Ended),
        (T2, there(255), EndedBefore(1)),
    ];
    let tasks = [T1, T2, T3, GidWorker];
    let run = |schedule: &[Segment]| {
        let mut kernel = Kernel::default();
        kernel.reset(Kconfig::default(), &tasks, schedule, None);
        kernel.run(|name| match name {
            T3 => comes(&kernel, 4),
            GidWorker => worker(&kernel, false),
            _ => holds(&kernel, Mode::Write),
        });
        kernel.trace().clone()
    };
    let schedule: Vec<Segment> = steps.iter().map(|&(task, until, _)| Segment { task, until }).collect();
    let trace = run(&schedule);
    assert_eq!(trace.segments, steps.map(|(.., end)| end));
    // A dead segment that did not run does nothing, and one that ran is the same without its point.
    let alive = steps.iter().filter_map(|&(task, until, end)| match end {
        Reached | Blocked | Ended => Some(Segment { task, until }),
        BlockedBefore(_) | EndedBefore(_) => Some(Segment { task, until: None }),
        Idle | Waiting | Over | NoTask | SegmentEnd::CutOff => None,
        SegmentEnd::NoPlace | SegmentEnd::MayNotSleep | SegmentEnd::Last => panic!("this is no real kernel"),
    });
    let alive = run(&alive.collect::<Vec<_>>());
    assert_eq!(alive.events, trace.events);
    assert_eq!(alive.segments, [Reached, Blocked, Reached, Ended, Ended, Ended]);
}

#[test]
fn a_run_that_is_cut_off_says_so_of_the_segments_that_were_left() {
    let schedule = [(T1, Some(HERE)), (T2, None)];
    let trace = run(&[T1, T2], &schedule, |k| vec![comes(k, STEPS_MAX as usize + 1), comes(k, 1)]);
    assert_eq!(trace.segments, [SegmentEnd::CutOff; 2]);
}

#[test]
fn an_item_runs_beside_another_of_its_kind_only_if_it_was_made_for_the_purpose() {
    let begun_at_once = |queues: fn(&Kernel)| {
        let schedule =
            [(T1, Some(HERE)), (SystemWorker, Some(THERE)), (T1, None), (SystemWorker2, Some(THERE))];
        let trace = run(&[T1, SystemWorker, SystemWorker2], &schedule, |k| {
            let queues = async move {
                queues(k);
                k.point(HERE).await;
                queues(k);
            };
            let worker = || Box::pin(k.worker(QueueName::System, async |_| k.point(THERE).await));
            vec![Box::pin(queues), worker(), worker()]
        });
        let items = trace.events.iter().filter(|event| matches!(event.what, What::WorkEnd(..)));
        assert_eq!(items.count(), 2, "both are run in the end");
        let end = at(&trace, |what| matches!(what, What::WorkEnd(..)));
        trace.events[..end].iter().filter(|event| matches!(event.what, What::WorkBegin(..))).count()
    };
    assert_eq!(begun_at_once(|k| k.queue_new_work(QueueName::System, ITEM, Module::Core)), 2);
    assert_eq!(begun_at_once(|k| assert!(k.queue_work(QueueName::System, ITEM, Module::Core))), 1);
}
