//! Whose turn it is: a schedule followed on a kernel of which only stops are seen.
//!
//! At most one task has the turn. Every other task is parked, asleep, or on its way from a sleep to where it is
//! stopped. A parked task sleeps for one tick of the virtual clock, which moves only when no task can run, and then
//! asks again. So a question says that every other task is parked or asleep by now.

use super::explore::Explore;
use super::log::{Entry, Log};
use super::sleep::Sleep;
use crate::event::{Point, SegmentEnd, TaskName};
use crate::program::Segment;

/// A task that sleeps is blocked when every parked task has asked this often and it still sleeps. It is longer than
/// a grace period of RCU takes.
const IDLE: u32 = 24;
/// A task that only lets time pass is blocked when every parked task has asked this often, each time after a long sleep.
const IDLE_TIMER: u32 = 300;
/// A task that looks again and again has looked when every parked task has asked this often. It is longer than the
/// longest sleep of `netdev_wait_allrefs_any()`.
const LOOK: u32 = 60;
/// How many ticks a parked task sleeps, and how many while the task that has the turn only lets time pass.
pub const TICKS: [u32; 2] = [1, 100];

/// Whether a stopped task goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Go,
    /// It sleeps for a tick and asks again.
    Park,
}

/// What a task does, as far as its stops show.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// It has not come yet, or has ended.
    Absent,
    /// It runs, with the turn or on its way to where it is stopped.
    Running,
    /// It sleeps in the kernel.
    Asleep(Sleep),
    /// It is stopped and asks.
    Parked,
    /// It is stopped until these workers have done their work, which may be yet to come: a socket that was closed holds
    /// its namespace for a grace period more.
    Awaits(&'static [TaskName]),
}

#[derive(Debug)]
struct Task {
    name: TaskName,
    state: State,
    /// How it slept last, if it has come to no point since.
    slept: Option<Sleep>,
    /// The point that it came to last.
    came: Option<Point>,
    /// How often it has asked since anything happened.
    asked: u32,
    /// The turn that had ended last when it was parked.
    parked_after: u32,
}

/// The turns of one program.
#[derive(Debug)]
pub struct Turns {
    tasks: Vec<Task>,
    segments: Vec<Segment>,
    /// The segment that comes next.
    cursor: usize,
    turn: Option<usize>,
    until: Option<(Point, u8)>,
    /// How many turns have ended.
    ended: u32,
    is_over: bool,
    /// What chooses, if no schedule does: each segment is recorded when it begins.
    explore: Option<Explore>,
    log: Log,
}

impl Turns {
    /// The turns of a schedule among these tasks: a program's own in the order of the file, then workers.
    /// `has_place` says whether a point has a place in the kernel.
    pub fn new(
        tasks: impl IntoIterator<Item = TaskName>,
        schedule: &[Segment],
        has_place: impl Fn(Point) -> bool,
    ) -> Turns {
        let task =
            |name| Task { name, state: State::Absent, slept: None, came: None, asked: 0, parked_after: 0 };
        let end = |segment: &Segment| match segment.until {
            Some((point, _)) if !has_place(point) => SegmentEnd::NoPlace,
            _ => SegmentEnd::CutOff,
        };
        let log = Log { segments: schedule.iter().map(end).collect(), ..Log::default() };
        Turns {
            tasks: tasks.into_iter().map(task).collect(),
            segments: schedule.to_vec(),
            cursor: 0,
            turn: None,
            until: None,
            ended: 0,
            is_over: false,
            explore: None,
            log,
        }
    }

    /// The turns that something else than a schedule chooses.
    pub fn exploring(tasks: impl IntoIterator<Item = TaskName>, explore: Explore) -> Turns {
        Turns { explore: Some(explore), ..Turns::new(tasks, &[], |_| true) }
    }

    /// The number of a task by its name, if it is one of the program's or a worker.
    pub fn number(&self, name: TaskName) -> Option<usize> {
        self.tasks.iter().position(|task| task.name == name)
    }

    /// The first of these workers that is not at work.
    pub fn idle(&self, workers: &[TaskName]) -> Option<usize> {
        let is_idle = |number: &usize| self.tasks[*number].state == State::Absent;
        workers.iter().filter_map(|name| self.number(*name)).find(is_idle)
    }

    /// Notes something that the tracer saw.
    pub fn note(&mut self, entry: Entry) {
        self.log.entries.push(entry);
    }

    /// Whether a task is stopped and asks.
    pub fn is_parked(&self, task: usize) -> bool {
        matches!(self.tasks[task].state, State::Parked | State::Awaits(_))
    }

    fn is_runnable(&self, task: usize) -> bool {
        self.tasks[task].state == State::Parked
    }

    /// The name of a task.
    pub fn name(&self, task: usize) -> TaskName {
        self.tasks[task].name
    }

    /// A task begins; it is stopped until its turn. A worker that had the turn when its last work ended has it still.
    pub fn begins(&mut self, task: usize) -> Verdict {
        if self.turn == Some(task) {
            self.tasks[task].state = State::Running;
            return Verdict::Go;
        }
        self.park(task)
    }

    /// A running task comes to a point.
    pub fn comes_to(&mut self, task: usize, point: Point, may_sleep: bool) -> Verdict {
        if self.is_over {
            return Verdict::Go;
        }
        // A task that looks again and again whether what it waits for has come is where it was.
        if self.looks(task) && (self.turn != Some(task) || self.explore.is_some()) {
            return Verdict::Go;
        }
        if self.turn != Some(task) {
            return self.hold(task, may_sleep, point.name());
        }
        // A task that comes to the same point after the same sleep is no further.
        let comes_again =
            self.tasks[task].came.replace(point) == Some(point) && self.tasks[task].slept.is_some();
        if comes_again && self.tasks[task].slept.as_ref().is_some_and(|sleep| sleep.polls) {
            return Verdict::Go;
        }
        if !comes_again {
            self.tasks[task].slept = None;
            self.progress();
        }
        if self.explore.is_some() {
            return self.explores(task, point, may_sleep);
        }
        match &mut self.until {
            Some((until, left)) if *until == point => {
                *left = left.saturating_sub(1);
                if *left > 0 {
                    return Verdict::Go;
                }
            }
            _ => return Verdict::Go,
        }
        if !may_sleep {
            self.until = None;
            self.end_segment(SegmentEnd::MayNotSleep);
            self.note(Entry::MayNotSleep(self.name(task), point.name().to_string()));
            return Verdict::Go;
        }
        self.note(Entry::Parked(self.name(task), point));
        self.end_turn(SegmentEnd::Reached);
        self.park(task)
    }

    /// A running task comes to a point in a run that is explored.
    fn explores(&mut self, task: usize, point: Point, may_sleep: bool) -> Verdict {
        let others = self.runnable();
        let Some(explore) = self.explore.as_mut().filter(|_| may_sleep) else { return Verdict::Go };
        let Some(count) = explore.stops(task, point, &others) else { return Verdict::Go };
        if let Some(segment) = self.cursor.checked_sub(1).and_then(|last| self.segments.get_mut(last)) {
            segment.until = Some((point, count));
        }
        self.note(Entry::Parked(self.name(task), point));
        self.end_turn(SegmentEnd::Reached);
        self.park(task)
    }

    /// The tasks that are stopped and can go on.
    fn runnable(&self) -> Vec<usize> {
        (0..self.tasks.len()).filter(|task| self.is_runnable(*task)).collect()
    }

    /// A running task goes to sleep.
    pub fn sleeps(&mut self, task: usize, sleep: Sleep) {
        if self.tasks[task].state != State::Running {
            return;
        }
        // A task that looks again and again whether what it waits for has come is no further each time.
        // Between its looks it sleeps in more than one way.
        let is_same = |last: &Sleep| last.words == sleep.words || (last.polls && sleep.polls);
        if !self.tasks[task].slept.as_ref().is_some_and(is_same) {
            self.progress();
        }
        self.tasks[task].slept = Some(sleep.clone());
        self.tasks[task].state = State::Asleep(sleep);
    }

    /// A running task has unlocked a lock that others wait for. It sleeps for a tick and keeps its turn, so that the first
    /// of them has the lock before it can take it again.
    pub fn hands_over(&mut self, task: usize, may_sleep: bool) -> Verdict {
        if may_sleep && self.may_hand_over(task) { self.park(task) } else { Verdict::Go }
    }

    /// Whether a task has the turn, and others wait for what it may unlock.
    pub fn may_hand_over(&self, task: usize) -> bool {
        let waits = |other: &Task| matches!(&other.state, State::Asleep(sleep) if !sleep.is_timer);
        let mut others = self.tasks.iter().enumerate().filter(|(other, _)| *other != task);
        self.turn == Some(task) && others.any(|(_, other)| waits(other))
    }

    /// A running task is stopped until these workers have done what they have to do.
    pub fn awaits(&mut self, task: usize, workers: &'static [TaskName]) -> Verdict {
        let verdict = self.park(task);
        if verdict == Verdict::Park {
            self.tasks[task].state = State::Awaits(workers);
        }
        verdict
    }

    /// A task that slept is back in the function that waited.
    pub fn wakes(&mut self, task: usize, may_sleep: bool) -> Verdict {
        if self.looks(task) {
            self.tasks[task].came = None;
        }
        if self.is_over || self.turn == Some(task) {
            self.tasks[task].state = State::Running;
            return Verdict::Go;
        }
        self.hold(task, may_sleep, "where it woke")
    }

    /// A parked task has slept for a tick and asks whether it may go on.
    pub fn asks(&mut self, task: usize) -> Verdict {
        if self.is_over {
            self.tasks[task].state = State::Running;
            return Verdict::Go;
        }
        if let State::Awaits(workers) = self.tasks[task].state {
            if self.is_at_work(workers) && self.turn == Some(task) {
                self.end_turn(SegmentEnd::Blocked);
            } else if !self.is_at_work(workers) && self.tasks[task].asked < IDLE {
                self.tasks[task].asked += 1;
                return Verdict::Park;
            } else if !self.is_at_work(workers) {
                // The last reference may be dropped a grace period after its holder asked for it.
                self.tasks[task].asked += 1;
                if self.tasks[task].asked >= IDLE {
                    self.tasks[task].state = State::Parked;
                }
            }
        }
        match self.turn {
            // A task that was parked before the turn ended may ask while others still run.
            None if self.tasks[task].parked_after == self.ended => {
                self.tasks[task].asked += 1;
                if !self.any_looks() || self.tasks[task].asked >= LOOK {
                    self.next_turn();
                }
            }
            None => {}
            Some(holder) if holder != task => self.wait_for(task, holder),
            Some(_) => {}
        }
        if self.turn == Some(task) {
            self.tasks[task].state = State::Running;
            self.progress();
            return Verdict::Go;
        }
        self.tasks[task].parked_after = self.ended;
        Verdict::Park
    }

    /// A task ends, or a worker's work: the worker keeps its turn, for it may have more.
    pub fn ends(&mut self, task: usize) {
        self.note(Entry::Ends(self.name(task)));
        self.tasks[task].state = State::Absent;
        if self.turn == Some(task) && !self.name(task).is_worker() {
            self.end_turn(SegmentEnd::Ended);
        }
    }

    /// A worker has done its work: tasks that awaited it wait no longer, though it may be stopped before it returns.
    pub fn has_worked(&mut self, task: usize) {
        let state = std::mem::replace(&mut self.tasks[task].state, State::Absent);
        for waits in 0..self.tasks.len() {
            if let State::Awaits(workers) = self.tasks[waits].state
                && workers.contains(&self.name(task))
                && !self.is_at_work(workers)
            {
                self.tasks[waits].state = State::Parked;
            }
        }
        self.tasks[task].state = state;
    }

    /// Nothing is held from here on; which tasks sleep is noted.
    pub fn over(&mut self) {
        if self.turn.is_some_and(|task| self.tasks[task].state == State::Absent) {
            self.end_turn(SegmentEnd::Blocked);
        }
        if self.turn.is_none() {
            // What is left of the schedule is of tasks that cannot run.
            self.next_turn();
        }
        self.is_over = true;
        let stuck = self.tasks.iter().filter_map(|task| match &task.state {
            State::Asleep(sleep) => Some(Entry::Stuck(task.name, sleep.words.clone())),
            _ => None,
        });
        let stuck: Vec<Entry> = stuck.collect();
        self.log.entries.extend(stuck);
    }

    /// Whether the task that has the turn only lets time pass, so that the tracer need not ask soon.
    pub fn lets_time_pass(&self) -> bool {
        let state = self.turn.map(|task| &self.tasks[task].state);
        matches!(state, Some(State::Asleep(sleep)) if sleep.is_timer)
    }

    /// What was seen.
    pub fn into_log(mut self) -> Log {
        self.log.under_way = self.turn.and_then(|_| self.cursor.checked_sub(1));
        if self.explore.is_some() {
            self.log.explored = self.segments;
        }
        self.log
    }

    /// The task that has the turn.
    pub fn turn(&self) -> Option<usize> {
        self.turn
    }

    fn park(&mut self, task: usize) -> Verdict {
        if self.is_over {
            self.tasks[task].state = State::Running;
            return Verdict::Go;
        }
        self.tasks[task].state = State::Parked;
        self.tasks[task].parked_after = self.ended;
        Verdict::Park
    }

    /// Whether a task sleeps and looks again and again.
    fn looks(&self, task: usize) -> bool {
        matches!(&self.tasks[task].state, State::Asleep(sleep) if sleep.polls)
    }

    /// Whether any task does.
    fn any_looks(&self) -> bool {
        (0..self.tasks.len()).any(|task| self.looks(task))
    }

    /// Whether one of these workers has work.
    fn is_at_work(&self, workers: &[TaskName]) -> bool {
        self.tasks.iter().any(|task| workers.contains(&task.name) && task.state != State::Absent)
    }

    /// Stops a task that runs out of its turn.
    fn hold(&mut self, task: usize, may_sleep: bool, at: &str) -> Verdict {
        if !may_sleep {
            self.note(Entry::MayNotSleep(self.name(task), at.to_string()));
            self.tasks[task].state = State::Running;
            return Verdict::Go;
        }
        self.note(Entry::Held(self.name(task)));
        self.park(task)
    }

    fn progress(&mut self) {
        self.tasks.iter_mut().for_each(|task| task.asked = 0);
    }

    /// A parked task asks while another has the turn: if that one sleeps for good, its turn is over.
    fn wait_for(&mut self, task: usize, holder: usize) {
        let (limit, words) = match &self.tasks[holder].state {
            State::Asleep(sleep) => {
                (if sleep.is_timer { IDLE_TIMER } else { IDLE }, Some(sleep.words.clone()))
            }
            // A worker without work waits for some.
            State::Absent => (2, None),
            State::Running | State::Parked | State::Awaits(_) => return,
        };
        self.tasks[task].asked += 1;
        let is_stopped = |task: &&Task| matches!(task.state, State::Parked | State::Awaits(_));
        let mut stopped = self.tasks.iter().filter(is_stopped);
        if stopped.all(|task| task.asked >= limit) {
            words.into_iter().for_each(|words| self.note(Entry::Blocks(self.name(holder), words)));
            self.end_turn(SegmentEnd::Blocked);
            if !self.any_looks() {
                self.next_turn();
            }
        }
    }

    fn end_turn(&mut self, how: SegmentEnd) {
        let left = self.until.take().map(|(_, left)| left);
        self.turn = None;
        self.ended += 1;
        self.progress();
        self.end_segment(match (how, left) {
            (SegmentEnd::Blocked, Some(left)) => SegmentEnd::BlockedBefore(self.count().saturating_sub(left)),
            (SegmentEnd::Ended, Some(left)) => SegmentEnd::EndedBefore(self.count().saturating_sub(left)),
            (how, _) => how,
        });
    }

    /// How often the task of the segment that has the turn is to come to its point.
    fn count(&self) -> u8 {
        let segment = self.cursor.checked_sub(1).and_then(|last| self.segments.get(last));
        segment.and_then(|segment| segment.until).map_or(0, |(_, count)| count.max(1))
    }

    /// The segment that has the turn ends like this, unless it has ended otherwise.
    fn end_segment(&mut self, how: SegmentEnd) {
        if let Some(end) = self.cursor.checked_sub(1).and_then(|last| self.log.segments.get_mut(last))
            && *end == SegmentEnd::CutOff
        {
            *end = how;
        }
    }

    /// Gives the turn to the next segment's task that is parked, or after the last segment to the first that is.
    fn next_turn(&mut self) {
        let runnable = self.runnable();
        if let Some(explore) = &mut self.explore {
            let Some(task) = explore.next(&runnable) else { return };
            self.segments.push(Segment { task: self.name(task), until: None });
            self.log.segments.push(SegmentEnd::CutOff);
            self.cursor = self.segments.len();
            return self.give(task, None);
        }
        while let Some(segment) = self.segments.get(self.cursor).copied() {
            let at = self.cursor;
            self.cursor += 1;
            let task = self.number(segment.task).filter(|task| self.is_runnable(*task));
            match task {
                Some(task) => return self.give(task, segment.until),
                None => self.log.segments[at] = self.why_not(segment.task),
            }
        }
        // One more than the last segment, so that what ends from here on is no segment's end.
        self.cursor = self.segments.len() + 1;
        if let Some(task) = (0..self.tasks.len()).find(|task| self.is_runnable(*task)) {
            self.give(task, None);
        }
    }

    /// Why a task cannot run.
    fn why_not(&self, name: TaskName) -> SegmentEnd {
        match self.number(name).map(|task| &self.tasks[task].state) {
            None => SegmentEnd::NoTask,
            Some(State::Absent) if name.is_worker() => SegmentEnd::Idle,
            Some(State::Absent) => SegmentEnd::Over,
            Some(State::Running | State::Asleep(_) | State::Parked | State::Awaits(_)) => SegmentEnd::Waiting,
        }
    }

    fn give(&mut self, task: usize, until: Option<(Point, u8)>) {
        self.note(Entry::Turn(self.name(task)));
        self.turn = Some(task);
        self.until = until.map(|(point, count)| (point, count.max(1)));
        self.progress();
    }
}

#[cfg(test)]
mod tests;
