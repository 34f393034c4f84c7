//! Proving: every interleaving of one program, each once up to the order of steps that commute.
//!
//! Dynamic partial-order reduction with source sets and sleep sets (Abdulla, Aronis, Jonsson, Sagonas: Optimal dynamic
//! partial order reduction, POPL 2014). Two steps commute unless one writes what the other touches. What a step touches
//! is noted while it runs, by the cells that hold all state, by the kernel for its locks, counts and queues, and here for
//! what invariants relate to each other. When in doubt, the order matters.

mod all;
mod count;
mod explore;
mod order;
mod path;
#[cfg(test)]
mod tests;

pub use all::All;
pub use explore::Explores;

use crate::event::{TaskId, Trace, What};
use crate::program::{Program, Segment};
use crate::run::Machine;
use count::Probe;
use explore::{Explorer, Known, State, Tried};
use path::{Order, Race, Step};

/// A proof under way.
#[derive(Debug)]
pub struct Prover {
    machine: Machine,
    program: Program,
    progress: Progress,
    /// The steps of the path, as far as they are known.
    steps: Vec<Step>,
}

/// How far a proof is: all that is needed to go on with it, on the same build.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Progress {
    explores: Explores,
    /// The path that the next execution begins with; empty before the first and after the last.
    states: Vec<State>,
    known: Known,
    is_complete: bool,
    stats: Stats,
}

/// What a proof has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stats {
    /// Executions that ran to their end, no two of them alike.
    pub executions: u64,
    /// Executions that were given up because another stands for them.
    pub redundant: u64,
    /// Executions that were cut off because they took too many steps: of them nothing is proved.
    pub cut_off: u64,
}

/// One execution.
#[derive(Debug)]
pub struct Execution<'p> {
    /// What happened.
    pub trace: &'p Trace,
    /// The schedule that leads to it.
    pub schedule: Vec<Segment>,
}

impl Prover {
    /// A proof of a program under its variants, whatever its schedule.
    pub fn new(program: Program, explores: Explores) -> Self {
        Self::resume(program, Progress { explores, ..Progress::default() })
    }

    /// Goes on with a proof of the same program.
    pub fn resume(mut program: Program, progress: Progress) -> Self {
        program.schedule.clear();
        Prover { machine: Machine::default(), program, progress, steps: Vec::new() }
    }

    /// Begins a proof of another program, in the same memory.
    pub fn restart(&mut self, mut program: Program, explores: Explores) {
        program.schedule.clear();
        self.program = program;
        self.progress = Progress { explores, ..Progress::default() };
        self.steps.clear();
    }

    /// How far the proof is.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Runs the next execution that no earlier one stands for; none when there is none left.
    pub fn step(&mut self) -> Option<Execution<'_>> {
        while !self.progress.is_complete {
            let Progress { explores, known, .. } = self.progress;
            let states = std::mem::take(&mut self.progress.states);
            let fresh = states.len().saturating_sub(1);
            let explorer = Explorer::new(states, std::mem::take(&mut self.steps), explores, known);
            let (trace, schedule, explorer, seen) = self.machine.explore(&self.program, explorer, known.seen);
            let more = known.with(seen, trace);
            if more != known && explores == Explores::Reduced {
                // More orders matter than was thought: what was explored says nothing.
                self.progress = Progress { explores, known: more, ..Progress::default() };
                continue;
            }
            let is_cut_off = trace.events.iter().any(|event| event.what == What::OutOfSteps);
            (self.progress.states, self.steps) = (explorer.states, explorer.steps);
            if explores == Explores::Reduced {
                self.find_races(fresh);
            }
            self.progress.is_complete = !self.advance();
            let stats = &mut self.progress.stats;
            stats.cut_off += u64::from(is_cut_off);
            if explorer.is_redundant {
                stats.redundant += 1;
                continue;
            }
            stats.executions += 1;
            return Some(Execution { trace: self.machine.trace(), schedule });
        }
        None
    }

    /// About how many interleavings the program has, whatever commutes: the mean of so many random runs.
    pub fn interleavings(&mut self, runs: u64) -> f64 {
        let products = (0..runs).map(|seed| {
            let (.., probe) = self.machine.drive(&self.program, Probe::new(seed));
            probe.product / runs as f64
        });
        products.sum()
    }

    /// Goes on to the next task of the last state that has one left; false if none has.
    fn advance(&mut self) -> bool {
        let states = &mut self.progress.states;
        while let Some(at) = states.len().checked_sub(1) {
            let footprint = self.steps.get(at).map(|step| step.footprint.clone()).unwrap_or_default();
            self.steps.truncate(at);
            let state = &mut states[at];
            state.tried.push(Tried { task: state.task, footprint });
            let left = state.wanted & !state.settled();
            if left != 0 {
                state.task = left.trailing_zeros() as TaskId;
                return true;
            }
            states.pop();
        }
        false
    }

    /// Finds the races that the new steps of a path end, and has the other order of each tried.
    fn find_races(&mut self, fresh: usize) {
        let mut order = Order::default();
        let mut races = Vec::new();
        for at in 0..self.steps.len() {
            order.push(&mut self.steps, at, (at >= fresh).then_some(&mut races));
        }
        for race in races {
            self.reverse(&race);
        }
    }

    /// Has a task tried that leads to the other order of a race, unless one is already.
    fn reverse(&mut self, race: &Race) {
        let early = &self.steps[race.early];
        let late = &self.steps[race.late];
        // The steps in between that do not happen after the early one, and the late one; those that are first among them.
        let between = self.steps[race.early + 1..race.late].iter().map(|step| (step, &step.clock));
        let others = between.filter(|(_, clock)| !early.is_before(clock)).chain([(late, &race.clock)]);
        let (mut initials, mut seen) = (0u32, 0u32);
        let mut before: Vec<&Step> = Vec::new();
        for (step, clock) in others {
            let bit: u32 = 1 << step.task;
            if seen & bit == 0 && !before.iter().any(|other| other.is_before(clock)) {
                initials |= bit;
            }
            seen |= bit;
            before.push(step);
        }
        let state = &mut self.progress.states[race.early];
        if state.wanted & initials != 0 {
            return;
        }
        let able = initials & state.ready;
        let own: u32 = 1 << late.task;
        state.wanted |= match able {
            // What is thought to be first cannot run: every task is tried, which is more than enough.
            0 => state.ready,
            _ if able & own != 0 => own,
            _ => 1 << able.trailing_zeros(),
        };
    }
}

impl Progress {
    /// What the proof has done.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Whether no interleaving is left, and none was cut off.
    pub fn is_proved(&self) -> bool {
        self.is_complete && self.stats.cut_off == 0
    }

    /// Which interleavings are explored.
    pub fn explores(&self) -> Explores {
        self.explores
    }

    /// About which part of the work is done, from 0 to 1. More turns up on the way, so it may fall.
    pub fn part(&self) -> f64 {
        if self.is_complete {
            return 1.0;
        }
        let (mut part, mut weight) = (0.0, 1.0);
        for state in &self.states {
            let all = f64::from(
                (state.wanted & !state.asleep.iter().fold(0, |mask, tried| mask | 1 << tried.task))
                    .count_ones()
                    .max(1),
            );
            part += weight * state.tried.len() as f64 / all;
            weight /= all;
        }
        part
    }
}
