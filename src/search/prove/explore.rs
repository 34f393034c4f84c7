//! One execution of a proof: follows the path so far, goes on as it likes, and notes what each step touches.

use super::order::touch;
use super::path::Step;
use crate::event::{Action, Point, RUN_TASKS_MAX, TaskId, Trace, What};
use crate::sim::footprint::{self, Footprint, Seen, Shared};
use crate::sim::{Chooser, Runnable};

/// A task that has been tried from a state, and what its step touched there.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Tried {
    pub(super) task: TaskId,
    pub(super) footprint: Footprint,
}

/// A state on the path: who could run, who has been tried from here, and who is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct State {
    /// The tasks that can be chosen, a bit each.
    pub(super) ready: u32,
    /// The task that is tried now.
    pub(super) task: TaskId,
    /// The tasks that are to be tried, those that have been among them.
    pub(super) wanted: u32,
    pub(super) tried: Vec<Tried>,
    /// The tasks whose step leads to nothing new, because it was tried from an earlier state and nothing that it touches
    /// has changed since.
    pub(super) asleep: Vec<Tried>,
    /// How often the path to here has left a task that could go on.
    pub(super) preemptions: u32,
}

impl State {
    /// The tasks that need not be tried any more.
    pub(super) fn settled(&self) -> u32 {
        self.tried.iter().chain(&self.asleep).fold(0, |mask, tried| mask | 1 << tried.task)
    }
}

/// Which interleavings are explored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Explores {
    /// One of each set that differ in the order of steps that commute.
    #[default]
    Reduced,
    /// Every one: for tests of the reduction, and for the smallest programs only.
    All,
    /// Every one that leaves a task that could go on at most so often.
    Preemptions(u32),
}

/// Chooses the tasks of one execution.
#[derive(Debug, Default)]
pub(super) struct Explorer {
    pub(super) states: Vec<State>,
    /// The steps of the path, as far as they are known.
    pub(super) steps: Vec<Step>,
    depth: usize,
    explores: Explores,
    known: Known,
    /// How many events were there when the step began.
    events: usize,
    /// What the task of each step last waited for, and which step let it run on.
    blocked: [Option<Shared>; RUN_TASKS_MAX],
    woken: [Option<usize>; RUN_TASKS_MAX],
    /// The tasks that could run before the step, without those that would only begin to wait.
    free: u32,
    scratch: Footprint,
    /// Whether the execution ended because every task that could go on is asleep.
    pub(super) is_redundant: bool,
}

/// What is known of a program that makes more orders matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Known {
    pub(super) seen: Seen,
    /// An RDMA device was renamed.
    pub(super) renames: bool,
}

impl Known {
    /// The same with what a trace shows.
    pub(super) fn with(self, seen: Seen, trace: &Trace) -> Known {
        let is_rename = |what| matches!(what, What::Uevent(Action::Move(_), _));
        Known { seen, renames: self.renames || trace.events.iter().any(|event| is_rename(event.what)) }
    }
}

impl Explorer {
    /// An execution that follows these states and goes on from the last.
    pub(super) fn new(states: Vec<State>, mut steps: Vec<Step>, explores: Explores, known: Known) -> Self {
        steps.truncate(states.len().saturating_sub(1));
        Explorer { states, steps, explores, known, ..Explorer::default() }
    }

    /// The step that ran has ended: notes what it touched.
    fn finish_step(&mut self, runnable: Runnable, trace: &Trace) {
        let Some(at) = self.depth.checked_sub(1) else { return };
        self.scratch = Footprint::default();
        let edges = footprint::edges();
        footprint::take(None, &mut self.scratch);
        let events = &trace.events[self.events..];
        let task = self.states[at].task;
        let index = usize::from(task);
        // Only the last state's step is new; those before it touched the same the last time.
        if at >= self.steps.len() {
            for event in events.iter().filter(|_| self.explores != Explores::All) {
                touch(event.what, self.known.renames, &mut self.scratch);
            }
            let mut step = Step::new(task, self.woken[index]);
            step.footprint = std::mem::take(&mut self.scratch);
            step.edges = edges;
            step.footprint.normalise();
            step.read_locks(events, self.blocked[index]);
            self.steps.push(step);
        }
        self.blocked[index] = self.steps[at].blocks;
        self.woken[index] = None;
        let free = self.free_of(runnable);
        for woken in (0..RUN_TASKS_MAX).filter(|woken| (free & !self.free) & 1 << woken != 0) {
            if woken != index {
                self.woken[woken] = Some(at);
            }
        }
    }

    /// The tasks that can run and, where that leads to nothing else, do more than begin to wait.
    fn free_of(&self, runnable: Runnable) -> u32 {
        match self.explores {
            Explores::Reduced => runnable.tasks & !runnable.before_lock,
            Explores::All | Explores::Preemptions(_) => runnable.tasks,
        }
    }

    /// A state that no execution has come to yet, and the task that is tried first; none if every task is asleep.
    fn new_state(&self, ready: u32) -> Option<State> {
        let mut state = State { ready, ..State::default() };
        let before = self.states.last();
        if let (Explores::Reduced, Some(last), Some(step)) = (self.explores, before, self.steps.last()) {
            let tried = last.asleep.iter().chain(&last.tried);
            let others = tried.filter(|tried| tried.task != step.task);
            state.asleep =
                others.filter(|tried| !tried.footprint.conflicts(&step.footprint)).cloned().collect();
        }
        let awake = ready & !state.settled();
        if awake == 0 {
            return None;
        }
        // The task that runs goes on if it can: the fewer turns, the better a schedule reads.
        let running = before.map(|state| state.task).filter(|task| awake & 1 << task != 0);
        state.task = running.unwrap_or(awake.trailing_zeros() as TaskId);
        state.preemptions = self.preemptions();
        state.wanted = match (self.explores, running) {
            (Explores::Reduced, _) => 1 << state.task,
            (Explores::All, _) | (Explores::Preemptions(_), None) => ready,
            // Where a step touched nothing, it is the same to leave the task before it.
            (Explores::Preemptions(most), Some(_)) => {
                let leaves = state.preemptions < most
                    && self.steps.last().is_some_and(|step| !step.footprint.is_empty());
                if leaves { ready } else { 1 << state.task }
            }
        };
        Some(state)
    }

    /// How often the path has left a task that could go on.
    fn preemptions(&self) -> u32 {
        let Some((last, before)) = self.states.split_last() else { return 0 };
        let left = before
            .last()
            .is_some_and(|before| before.task != last.task && last.ready & 1 << before.task != 0);
        last.preemptions + u32::from(left)
    }
}

impl Chooser for Explorer {
    fn stops(&mut self, _: Point) -> bool {
        true
    }

    fn choose(&mut self, runnable: Runnable, trace: &Trace) -> Option<TaskId> {
        self.finish_step(runnable, trace);
        self.events = trace.events.len();
        if runnable.tasks == 0 {
            return None;
        }
        let free = self.free_of(runnable);
        self.free = free;
        let ready = if free == 0 { runnable.tasks } else { free };
        if self.depth == self.states.len() {
            let Some(state) = self.new_state(ready) else {
                self.is_redundant = true;
                return None;
            };
            self.states.push(state);
        }
        let task = self.states[self.depth].task;
        debug_assert!(ready & 1 << task != 0, "the same steps lead to the same state");
        self.depth += 1;
        footprint::take(Some(task), &mut Footprint::default());
        Some(task)
    }
}
