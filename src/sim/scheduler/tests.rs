//! What a walk or a chooser decided is a schedule that replays, and a task that sleeps lets workers run.

use super::*;
use crate::event::{Event, Module, QueueName, What};
use crate::sim::tests::{DEVICE, HERE, ITEM, THERE, at, comes, holds, run, worker};
use crate::sim::{Kconfig, Kernel};
use TaskName::{GidWorker, T1, T2, T3};

const TASKS: [TaskName; 4] = [T1, T2, T3, GidWorker];

/// Two tasks that want one lock, one that comes to many points, and a worker without work.
fn events(kernel: &mut Kernel) -> Vec<Event> {
    kernel.run(|name| match name {
        T1 | T2 => holds(kernel, crate::event::Mode::Write),
        T3 => comes(kernel, 500),
        _ => worker(kernel, false),
    });
    kernel.trace().events.clone()
}

/// What happens under a schedule.
fn replayed(schedule: &[Segment]) -> Vec<Event> {
    let mut kernel = Kernel::default();
    kernel.reset(Kconfig::default(), &TASKS, schedule, None);
    let events = events(&mut kernel);
    assert_eq!(kernel.schedule(), schedule);
    events
}

/// The points at which tasks were stopped.
fn stops(events: &[Event]) -> Vec<Point> {
    let stop = |event: &Event| if let What::Preempt(at) = event.what { Some(at) } else { None };
    events.iter().filter_map(stop).collect()
}

#[test]
fn what_a_walk_chose_replays() {
    let mut kernel = Kernel::default();
    let mut stopped = [0; 2];
    for seed in 0..100 {
        kernel.reset(Kconfig::default(), &TASKS, &[], Some(seed));
        let walked = events(&mut kernel);
        assert_eq!(replayed(&kernel.schedule()), walked, "seed {seed}");
        stopped[usize::from(!stops(&walked).is_empty())] += 1;
    }
    assert!(stopped.iter().all(|count| *count > 5), "some stop tasks, some do not: {stopped:?}");
}

#[test]
fn a_walk_stops_tasks_only_where_it_may() {
    let mut kernel = Kernel::default();
    kernel.stop_only_at(&[HERE]);
    let mut stopped = 0;
    for seed in 0..100 {
        kernel.reset(Kconfig::default(), &TASKS, &[], Some(seed));
        let walked = events(&mut kernel);
        assert!(stops(&walked).iter().all(|at| *at == HERE));
        stopped += stops(&walked).len();
    }
    assert!(stopped > 0);
}

/// Chooses the tasks in turn, for so many points each, until it has chosen so often.
#[derive(Debug)]
struct InTurn {
    points: u32,
    left: u32,
    last: TaskId,
    choices: u32,
}

impl Chooser for InTurn {
    fn stops(&mut self, _: Point) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left == 0
    }

    fn choose(&mut self, runnable: Runnable, _: &Trace) -> Option<TaskId> {
        self.choices = self.choices.checked_sub(1)?;
        self.left = self.points;
        let after = (1..=4).map(|step| (self.last + step) % 4);
        self.last = after.into_iter().find(|task| runnable.tasks & 1 << task != 0)?;
        Some(self.last)
    }
}

/// What happens if tasks take turns, and the schedule that it is.
fn in_turn(points: u32, choices: u32) -> (Vec<Event>, Vec<Segment>) {
    let mut kernel = Kernel::default();
    kernel.reset(Kconfig::default(), &TASKS, &[], None);
    kernel.drive(Box::new(InTurn { points, left: 0, last: 3, choices }));
    let events = events(&mut kernel);
    let schedule = kernel.schedule();
    let chooser: Box<dyn Any> = kernel.driver().expect("it is given back");
    assert!(chooser.downcast::<InTurn>().is_ok());
    assert!(kernel.driver().is_none());
    (events, schedule)
}

#[test]
fn what_a_chooser_chose_replays() {
    for points in [1, 2, 3, 150, 400, 1000] {
        let (driven, schedule) = in_turn(points, u32::MAX);
        assert_eq!(replayed(&schedule), driven, "{points} points in turn");
    }
}

#[test]
fn a_chooser_that_stays_with_a_task_makes_one_segment_of_it() {
    // The third task is alone for most of its 500 points, and a segment has 200 of them at most.
    let (_, schedule) = in_turn(1, u32::MAX);
    let of_third = |segment: &&Segment| segment.task == T3;
    assert!((4..=12).contains(&schedule.iter().filter(of_third).count()), "{schedule:?}");
}

#[test]
fn a_chooser_that_chooses_no_task_ends_the_run() {
    let (all, _) = in_turn(1, u32::MAX);
    let (some, schedule) = in_turn(1, 6);
    assert!(stops(&some).len() < 6 && stops(&all).starts_with(&stops(&some)));
    assert_eq!(schedule.len(), 6, "a segment for each choice");
}

#[test]
fn while_a_task_sleeps_workers_run_and_no_other_task_begins() {
    let trace = run(&[T1, T2, GidWorker], &[], |k| {
        let sleeper = async move {
            k.queue_work(QueueName::Gid, ITEM, Module::Core);
            k.sleep().await;
            k.emit(What::Ready(DEVICE));
        };
        let other = async move { k.emit(What::Visible(DEVICE)) };
        vec![Box::pin(sleeper), Box::pin(other), worker(k, false)]
    });
    let order = [What::WorkEnd(QueueName::Gid, ITEM), What::Ready(DEVICE), What::Visible(DEVICE)];
    assert!(order.map(|what| at(&trace, |other| *other == what)).is_sorted());
}

#[test]
fn under_a_schedule_time_passes_at_once() {
    let trace = run(&[T1, GidWorker], &[(T1, Some(THERE))], |k| {
        let sleeper = async move {
            k.queue_work(QueueName::Gid, ITEM, Module::Core);
            k.sleep().await;
            k.emit(What::Ready(DEVICE));
        };
        vec![Box::pin(sleeper), worker(k, false)]
    });
    let work = at(&trace, |what| *what == What::WorkBegin(QueueName::Gid, ITEM));
    assert!(at(&trace, |what| *what == What::Ready(DEVICE)) < work);
}
