//! PCT: random priorities that change at few points (Burckhardt, Kothari, Musuvathi, Nagarakatte: A randomized scheduler
//! with probabilistic guarantees of finding bugs, ASPLOS 2010).

use super::counts::{Counts, Passed};
use super::{Strategy, tasks};
use crate::event::{Point, RUN_TASKS_MAX, TaskId, Trace};
use crate::program::{Program, Segment};
use crate::run::Machine;
use crate::sim::{Chooser, Runnable};
use fastrand::Rng;

/// The orders that a violation needs: one less than this are changes of a priority.
const DEPTH: usize = 3;

/// Priorities, and what is known of the length of a run.
#[derive(Debug, Default)]
pub(super) struct Pct(Counts);

impl Strategy for Pct {
    fn run(&mut self, machine: &mut Machine, program: &Program, seed: u64) -> Vec<Segment> {
        let mut random = Rng::with_seed(seed);
        let steps: u32 = self.0.estimate(program).iter().sum();
        let mut priorities: [usize; RUN_TASKS_MAX] = std::array::from_fn(|task| DEPTH + task);
        random.shuffle(&mut priorities);
        let changes = std::array::from_fn(|_| random.u32(0..steps.max(1)));
        let by = Priorities { priorities, changes, step: 0, passed: Passed::default() };
        let (_, schedule, by) = machine.drive(program, by);
        self.0.learn(program, by.passed.points);
        schedule
    }
}

/// The priorities of one run.
#[derive(Debug)]
struct Priorities {
    priorities: [usize; RUN_TASKS_MAX],
    /// The steps at which the running task falls below all others, each time less far.
    changes: [u32; DEPTH - 1],
    step: u32,
    passed: Passed,
}

impl Chooser for Priorities {
    fn stops(&mut self, _: Point) -> bool {
        self.passed.point();
        for (lowest, change) in self.changes.iter().enumerate() {
            if *change == self.step {
                self.priorities[self.passed.running()] = lowest;
            }
        }
        self.step += 1;
        true
    }

    fn choose(&mut self, runnable: Runnable, _: &Trace) -> Option<TaskId> {
        let highest = tasks(runnable.tasks).max_by_key(|task| self.priorities[*task]);
        self.passed.runs(highest.map(|task| task as TaskId))
    }
}
