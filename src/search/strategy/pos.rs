//! Basic POS: each step has a random priority, and steps in each other's way draw anew (Yuan, Yang, Gu: Partial order
//! aware concurrency sampling, CAV 2018). Two steps are thought to be in each other's way if they begin at one point.

use super::{Strategy, tasks};
use crate::event::{Point, RUN_TASKS_MAX, TaskId, Trace};
use crate::program::{Program, Segment};
use crate::run::Machine;
use crate::sim::{Chooser, Runnable};
use fastrand::Rng;

/// Knows nothing of earlier runs.
#[derive(Debug)]
pub(super) struct Pos;

impl Strategy for Pos {
    fn run(&mut self, machine: &mut Machine, program: &Program, seed: u64) -> Vec<Segment> {
        let mut random = Rng::with_seed(seed);
        let priorities = std::array::from_fn(|_| random.u32(..));
        let by = Steps { random, priorities, at: [None; RUN_TASKS_MAX], running: 0 };
        machine.drive(program, by).1
    }
}

/// The steps that tasks are about to make.
#[derive(Debug)]
struct Steps {
    random: Rng,
    priorities: [u32; RUN_TASKS_MAX],
    /// Where each task stands.
    at: [Option<Point>; RUN_TASKS_MAX],
    running: usize,
}

impl Chooser for Steps {
    fn stops(&mut self, at: Point) -> bool {
        self.at[self.running] = Some(at);
        true
    }

    fn choose(&mut self, runnable: Runnable, _: &Trace) -> Option<TaskId> {
        self.priorities[self.running] = self.random.u32(..);
        let highest = tasks(runnable.tasks).max_by_key(|task| self.priorities[*task])?;
        let at = self.at[highest];
        for task in tasks(runnable.tasks).filter(|task| at.is_some() && self.at[*task] == at) {
            self.priorities[task] = self.random.u32(..);
        }
        self.running = highest;
        Some(highest as TaskId)
    }
}
