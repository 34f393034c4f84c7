//! The scheduler: the only place that chooses who runs.
//!
//! It follows a schedule of segments, `TASK [until POINT [#n]]`. A segment whose task cannot run is skipped,
//! and after the last one the tasks run in the order of the file, so every list of segments is a schedule.
//! A random walk may choose instead; what it chose is recorded as segments and replays to the same trace.

use super::task::{State, Task, Wait};
use crate::event::{Point, SegmentEnd, TaskId, TaskName, Trace};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;

/// One step of a schedule: a task, and how far it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Segment {
    /// The task that runs.
    pub task: TaskName,
    /// Where it stops: at the n-th time (from 1) it comes to the point. Without, when it blocks or ends.
    pub until: Option<(Point, u8)>,
}

impl fmt::Display for Segment {
    /// The segment as a schedule's line says it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.until {
            None => write!(f, "{}", self.task),
            Some((point, 0 | 1)) => write!(f, "{} until {point}", self.task),
            Some((point, count)) => write!(f, "{} until {point} #{count}", self.task),
        }
    }
}

/// Chooses at random and remembers the choices.
#[derive(Debug)]
struct Walk {
    random: fastrand::Rng,
    /// Points until the next preemption, on average; 0 for none.
    gap_mean: u32,
    recorded: Vec<Segment>,
    /// The points of the current segment, to count the last one.
    passed: Vec<Point>,
    running: Option<TaskId>,
    preempted: bool,
}

/// Chooses the task of every step in place of a schedule or a walk.
pub trait Chooser: Any + fmt::Debug + Send {
    /// Whether the running task stops at this point, so that another may be chosen.
    fn stops(&mut self, at: Point) -> bool;

    /// The task that runs next, of those that can; none ends the run. Asked a last time when none can. The trace holds all
    /// that happened.
    fn choose(&mut self, runnable: Runnable, trace: &Trace) -> Option<TaskId>;
}

/// The tasks that can run, a bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Runnable {
    /// All of them.
    pub tasks: u32,
    /// Those that ask for a lock next which a task holds alone: they would only begin to wait.
    pub before_lock: u32,
}

/// A chooser at work, and what it chose as segments.
#[derive(Debug)]
struct Driven {
    chooser: Box<dyn Chooser>,
    recorded: Vec<Segment>,
    /// The points of the current segment, to count the last one.
    passed: Vec<Point>,
    running: Option<TaskId>,
}

/// After so many points the segment of a chooser ends, though its task may go on.
const SEGMENT_POINTS: usize = 200;

/// Which task runs next, and where it stops.
#[derive(Debug, Default)]
pub struct Scheduler {
    segments: Vec<Segment>,
    cursor: Cell<usize>,
    until: Cell<Option<Point>>,
    left: Cell<u32>,
    /// The task that runs because a segment says so.
    running: Cell<Option<TaskId>>,
    /// How the segments before the cursor ended, without the one that runs.
    ends: RefCell<Vec<SegmentEnd>>,
    walk: Option<RefCell<Walk>>,
    driven: Option<RefCell<Driven>>,
    /// At which points a walk may stop a task, by their numbers; everywhere, if this says nothing.
    may_stop: Option<Vec<bool>>,
}

impl Scheduler {
    /// Has all walks from here on stop tasks at these points only.
    pub(super) fn stop_only_at(&mut self, points: &[Point]) {
        let mut may_stop =
            vec![false; Point::ALL.iter().map(|point| usize::from(*point as u16) + 1).max().unwrap_or(0)];
        points.iter().for_each(|point| may_stop[usize::from(*point as u16)] = true);
        self.may_stop = Some(may_stop);
    }

    pub(super) fn reset(&mut self, segments: &[Segment], seed: Option<u64>) {
        self.segments.clear();
        self.segments.extend_from_slice(segments);
        self.cursor.set(0);
        self.until.set(None);
        self.left.set(0);
        self.running.set(None);
        self.ends.get_mut().clear();
        self.walk = seed.map(|seed| {
            let mut random = fastrand::Rng::with_seed(seed);
            let gap_mean = [0, 2, 4, 8, 16, 32][random.usize(0..6)];
            let walk = Walk {
                random,
                gap_mean,
                recorded: Vec::new(),
                passed: Vec::new(),
                running: None,
                preempted: false,
            };
            RefCell::new(walk)
        });
    }

    /// Whether a chooser decides which task runs.
    pub(super) fn is_used(&self) -> bool {
        self.walk.is_some() || self.driven.is_some() || !self.segments.is_empty()
    }

    pub(super) fn schedule(&self) -> Vec<Segment> {
        match (&self.walk, &self.driven) {
            (_, Some(driven)) => driven.borrow().recorded.clone(),
            (Some(walk), None) => walk.borrow().recorded.clone(),
            (None, None) => self.segments.clone(),
        }
    }

    /// Has a chooser decide from here on, until it is taken back.
    pub(super) fn drive(&mut self, chooser: Box<dyn Chooser>) {
        let (recorded, passed) = (Vec::new(), Vec::new());
        self.driven = Some(RefCell::new(Driven { chooser, recorded, passed, running: None }));
    }

    /// Gives the chooser back.
    pub(super) fn driver(&mut self) -> Option<Box<dyn Chooser>> {
        self.driven.take().map(|driven| driven.into_inner().chooser)
    }

    /// Whether a chooser decides.
    pub(super) fn is_driven(&self) -> bool {
        self.driven.is_some()
    }

    /// The task that a chooser has run next, and the task and point that it leaves for it.
    pub(super) fn driven_next(
        &self,
        tasks: &[Task],
        runnable: Runnable,
        trace: &Trace,
    ) -> (Option<TaskId>, Option<(TaskId, Point)>) {
        let Some(driven) = &self.driven else { return (None, None) };
        let driven = &mut *driven.borrow_mut();
        let mask = runnable.tasks;
        let next = driven.chooser.choose(runnable, trace).filter(|_| mask != 0);
        // A segment counts points up to a byte, so a long one is recorded as several.
        let is_long = driven.passed.len() >= SEGMENT_POINTS;
        let ends = |last: &TaskId| is_long || next != Some(*last) || mask & 1 << last == 0;
        let Some(last) = driven.running.filter(ends) else {
            driven.running = next;
            return (next, None);
        };
        let stopped = mask & 1 << last != 0;
        let until = driven
            .passed
            .last()
            .filter(|_| stopped)
            .map(|at| (*at, driven.passed.iter().filter(|passed| *passed == at).count().min(255) as u8));
        driven.recorded.push(Segment { task: tasks[usize::from(last)].name, until });
        driven.passed.clear();
        driven.running = next;
        (next, until.map(|(at, _)| (last, at)))
    }

    /// Whether the running task stops at this point.
    #[inline]
    pub(super) fn stops(&self, at: Point) -> bool {
        if let Some(driven) = &self.driven {
            let driven = &mut *driven.borrow_mut();
            driven.passed.push(at);
            return driven.chooser.stops(at);
        }
        if let Some(walk) = &self.walk {
            return self.walk_stops(&mut walk.borrow_mut(), at);
        }
        if self.until.get() != Some(at) {
            return false;
        }
        self.left.set(self.left.get() - 1);
        if self.left.get() > 0 {
            return false;
        }
        self.until.set(None);
        true
    }

    fn walk_stops(&self, walk: &mut Walk, at: Point) -> bool {
        if self.may_stop.as_ref().is_some_and(|may| !may[usize::from(at as u16)]) {
            return false;
        }
        walk.passed.push(at);
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        walk.preempted = left == 1;
        walk.preempted
    }

    /// The task that runs next; none when no task can.
    pub(super) fn next(&self, tasks: &[Task]) -> Option<TaskId> {
        let runnable = |task: &Task| task.state.get() == State::Runnable;
        if let Some(walk) = &self.walk {
            return self.walk_next(&mut walk.borrow_mut(), tasks);
        }
        if let Some(task) = self.running.take() {
            let end = self.end(tasks[usize::from(task)].state.get());
            self.ends.borrow_mut().push(end);
        }
        while let Some(segment) = self.segments.get(self.cursor.get()) {
            self.cursor.set(self.cursor.get() + 1);
            let task = tasks.iter().position(|task| task.name == segment.task);
            let skipped = match task.map(|task| tasks[task].state.get()) {
                Some(State::Runnable) => {
                    self.until.set(segment.until.map(|(point, _)| point));
                    self.left.set(segment.until.map_or(0, |(_, count)| u32::from(count.max(1))));
                    self.running.set(task.map(|task| task as TaskId));
                    return self.running.get();
                }
                Some(State::Blocked(Wait::Work(_))) => SegmentEnd::Idle,
                Some(State::Blocked(_)) => SegmentEnd::Waiting,
                Some(State::Ended) => SegmentEnd::Over,
                None => SegmentEnd::NoTask,
            };
            self.ends.borrow_mut().push(skipped);
        }
        self.until.set(None);
        // Tasks run one after the other: while one lets time pass, workers run and no other task begins.
        let sleeper = tasks.iter().position(|task| task.state.get() == State::Blocked(Wait::Time));
        let worker = || tasks.iter().position(|task| task.name.is_worker() && runnable(task));
        let next = match sleeper {
            Some(sleeper) => worker().or_else(|| {
                tasks[sleeper].state.set(State::Runnable);
                Some(sleeper)
            }),
            None => tasks.iter().position(runnable),
        };
        next.map(|task| task as TaskId)
    }

    /// How the segment that ran ended, by the state that it left its task in.
    fn end(&self, state: State) -> SegmentEnd {
        let segment = self.segments[self.cursor.get() - 1];
        // A point that was come to is not waited for any more.
        let missed = segment.until.filter(|_| self.until.get().is_some());
        let came = missed.map(|(_, count)| (u32::from(count.max(1)) - self.left.get()) as u8);
        match (state, came) {
            (State::Runnable, _) => SegmentEnd::Reached,
            (State::Blocked(_), Some(came)) => SegmentEnd::BlockedBefore(came),
            (State::Ended, Some(came)) => SegmentEnd::EndedBefore(came),
            (State::Blocked(_), None) => SegmentEnd::Blocked,
            (State::Ended, None) => SegmentEnd::Ended,
        }
    }

    /// Puts how the segments ended into an empty list. Those that a run never came to were cut off.
    pub(super) fn finish(&self, ends: &mut Vec<SegmentEnd>) {
        let mut own = self.ends.borrow_mut();
        if self.walk.is_none() && self.driven.is_none() {
            own.resize(self.segments.len(), SegmentEnd::CutOff);
        }
        std::mem::swap(ends, &mut own);
    }

    fn walk_next(&self, walk: &mut Walk, tasks: &[Task]) -> Option<TaskId> {
        if let Some(task) = walk.running.take() {
            let until = walk.preempted.then(|| {
                let last = *walk.passed.last().expect("a preempted task came to a point");
                (last, walk.passed.iter().filter(|point| **point == last).count().min(255) as u8)
            });
            let end = match tasks[usize::from(task)].state.get() {
                State::Runnable => SegmentEnd::Reached,
                State::Blocked(_) => SegmentEnd::Blocked,
                State::Ended => SegmentEnd::Ended,
            };
            self.ends.borrow_mut().push(end);
            walk.recorded.push(Segment { task: tasks[usize::from(task)].name, until });
        }
        let runnable = |task: &usize| tasks[*task].state.get() == State::Runnable;
        let count = (0..tasks.len()).filter(runnable).count();
        if count == 0 {
            return None;
        }
        let chosen = (0..tasks.len()).filter(runnable).nth(walk.random.usize(0..count))?;
        // A count beyond a segment's byte could not be replayed, so a preemption comes before that.
        let gap = if walk.gap_mean == 0 { 0 } else { walk.random.u32(1..=(2 * walk.gap_mean).min(250)) };
        self.left.set(gap);
        walk.passed.clear();
        walk.preempted = false;
        walk.running = Some(chosen as TaskId);
        Some(chosen as TaskId)
    }
}

#[cfg(test)]
mod tests;
