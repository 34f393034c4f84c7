//! The scenes on stateright: the same flows, as a model with a counter for each task. A state is visited once, so there are
//! states here and no executions.

use crate::measure::{Found, processor_time};
use stateright::{Checker, Model, Property};

/// A scene in one of its forms.
#[derive(Debug, Clone)]
struct Scene {
    scene: usize,
    is_flawed: bool,
}

/// Where each task is, and the memory that they share.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct State {
    at: [u8; 3],
    /// The task that holds the scene's lock, from 1.
    lock: u8,
    /// Work, children or ports.
    count: u8,
    /// Whether the queue takes work, or the device is registered.
    open: bool,
    ready: bool,
    /// What a task has found out.
    found: bool,
    is_broken: bool,
}

/// The counter of a task that has ended.
const END: u8 = 255;

impl State {
    fn goes(mut self, task: usize, to: u8) -> Option<State> {
        self.at[task] = to;
        Some(self)
    }

    /// The next step of a task that takes the lock, if it is free.
    fn locks(mut self, task: usize, to: u8) -> Option<State> {
        let own = task as u8 + 1;
        if self.lock != 0 {
            return None;
        }
        self.lock = own;
        self.goes(task, to)
    }

    fn unlocks(mut self, task: usize, to: u8) -> Option<State> {
        self.lock = 0;
        self.goes(task, to)
    }
}

impl Scene {
    /// The flush: task 0 unregisters, task 1 queues work, task 2 runs it.
    fn flush(&self, mut state: State, task: usize) -> Option<State> {
        match (task, state.at[task]) {
            (0, 0) if self.is_flawed => state.locks(0, 1),
            (0, 0) => state.goes(0, 1),
            (0, 1) => {
                state.open = false;
                state.goes(0, 2)
            }
            (0, 2) if state.count > 0 => None,
            (0, 2) if self.is_flawed => state.goes(0, 4),
            (0, 2) => state.goes(0, 3),
            (0, 3) => state.locks(0, 4),
            (0, 4) => state.unlocks(0, END),
            (1, 0) => {
                state.count += u8::from(state.open);
                state.goes(1, END)
            }
            (2, 0) if state.count > 0 => state.goes(2, 1),
            (2, 0) if state.open => None,
            (2, 0) => state.goes(2, END),
            (2, 1) => state.locks(2, 2),
            (2, 2) => state.unlocks(2, 3),
            (2, 3) => {
                state.count -= 1;
                state.goes(2, 0)
            }
            _ => None,
        }
    }

    /// Create against unregister: task 0 unregisters, task 1 creates.
    fn create(&self, mut state: State, task: usize) -> Option<State> {
        match (task, state.at[task]) {
            (0, 0) => state.locks(0, 1),
            (0, 1) => {
                state.open = false;
                state.unlocks(0, 2)
            }
            (0, 2) => {
                state.count = 0;
                state.goes(0, END)
            }
            (1, 0) => state.locks(1, 1),
            (1, 1) if !state.open => state.unlocks(1, END),
            (1, 1) if self.is_flawed => state.unlocks(1, 2),
            (1, 1) => state.goes(1, 2),
            (1, 2) => {
                state.count += 1;
                state.goes(1, 3)
            }
            (1, 3) if self.is_flawed => state.goes(1, END),
            (1, 3) => state.unlocks(1, END),
            _ => None,
        }
    }

    /// Early registration: task 0 uses, task 1 probes.
    fn early(&self, mut state: State, task: usize) -> Option<State> {
        match (task, state.at[task]) {
            (0, 0) => {
                let next = if state.open { 1 } else { END };
                state.goes(0, next)
            }
            (0, 1) => {
                state.is_broken = !state.ready;
                state.goes(0, END)
            }
            (1, 0) | (1, 1) => {
                let registers = (state.at[1] == 0) == self.is_flawed;
                if registers {
                    state.open = true;
                } else {
                    state.ready = true;
                }
                let next = if state.at[1] == 0 { 1 } else { END };
                state.goes(1, next)
            }
            _ => None,
        }
    }

    /// Reload against remove: task 0 removes, task 1 reloads.
    fn reload(&self, mut state: State, task: usize) -> Option<State> {
        match (task, state.at[task]) {
            (0, 0) => state.locks(0, 1),
            (0, 1) => {
                state.open = false;
                state.goes(0, 2)
            }
            (0, 2) => {
                state.count = 0;
                state.goes(0, 3)
            }
            (0, 3) => state.unlocks(0, END),
            (1, 0) if self.is_flawed => state.goes(1, 1),
            (1, 0) => state.locks(1, 1),
            (1, 1) => {
                let next = if state.open { 2 } else { 4 };
                state.goes(1, next)
            }
            (1, 2) => {
                state.count = 0;
                state.goes(1, 3)
            }
            (1, 3) => {
                state.count = 2;
                state.goes(1, 4)
            }
            (1, 4) if self.is_flawed => state.goes(1, END),
            (1, 4) => state.unlocks(1, END),
            _ => None,
        }
    }

    fn tasks(&self) -> usize {
        if self.scene == 0 { 3 } else { 2 }
    }

    fn step(&self, state: &State, task: usize) -> Option<State> {
        let state = state.clone();
        match self.scene {
            0 => self.flush(state, task),
            1 => self.create(state, task),
            2 => self.early(state, task),
            _ => self.reload(state, task),
        }
    }

    /// Whether a state is as it may be: a deadlock is no end, and an end leaves neither child nor port.
    fn is_good(&self, state: &State) -> bool {
        let can_go_on = (0..self.tasks()).any(|task| self.step(state, task).is_some());
        let has_ended = state.at[..self.tasks()].iter().all(|at| *at == END);
        !state.is_broken
            && (can_go_on || has_ended && (self.scene == 0 || self.scene == 2 || state.count == 0))
    }
}

impl Model for Scene {
    type State = State;
    type Action = usize;

    fn init_states(&self) -> Vec<State> {
        let open = self.scene != 2;
        let count = if self.scene == 3 { 2 } else { 0 };
        vec![State { open, count, ..State::default() }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<usize>) {
        actions.extend((0..self.tasks()).filter(|task| self.step(state, *task).is_some()));
    }

    fn next_state(&self, state: &State, task: usize) -> Option<State> {
        self.step(state, task)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::<Self>::always("good", Scene::is_good)]
    }
}

/// Visits every state of a scene, or those up to the first bad one.
pub(crate) fn run(scene: usize, is_flawed: bool) -> Found {
    let start = processor_time();
    let checker = Scene { scene, is_flawed }.checker().spawn_bfs().join();
    let fails = checker.discovery("good").is_some();
    let time = processor_time().saturating_sub(start);
    let states = checker.unique_state_count() as u64;
    Found { fails, is_exhausted: !fails, executions: states, steps: checker.state_count() as u64, time }
}
