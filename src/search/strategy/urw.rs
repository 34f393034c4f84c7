//! URW: a walk that draws a task as often as it has points left, so that every interleaving of tasks without locks is as
//! likely as any other (Zhao, Wolff, Mathur, Roychoudhury: Selectively uniform concurrency testing, ASPLOS 2025).

use super::counts::{Counts, Passed, Points};
use super::{Strategy, weighed};
use crate::event::{Point, TaskId, Trace};
use crate::program::{Program, Segment};
use crate::run::Machine;
use crate::sim::{Chooser, Runnable};
use fastrand::Rng;

/// The points of the last run.
#[derive(Debug, Default)]
pub(super) struct Urw(Counts);

impl Strategy for Urw {
    fn run(&mut self, machine: &mut Machine, program: &Program, seed: u64) -> Vec<Segment> {
        let expected = self.0.estimate(program);
        let by = Uniform { random: Rng::with_seed(seed), expected, passed: Passed::default() };
        let (_, schedule, by) = machine.drive(program, by);
        self.0.learn(program, by.passed.points);
        schedule
    }
}

/// The points that each task has left.
#[derive(Debug)]
struct Uniform {
    random: Rng,
    expected: Points,
    passed: Passed,
}

impl Chooser for Uniform {
    fn stops(&mut self, _: Point) -> bool {
        self.passed.point();
        true
    }

    fn choose(&mut self, runnable: Runnable, _: &Trace) -> Option<TaskId> {
        // A task that can run has a step left, whatever the last run showed.
        let left = |task: usize| self.expected[task].saturating_sub(self.passed.points[task]).max(1);
        let task = weighed(&mut self.random, runnable.tasks, left);
        self.passed.runs(task)
    }
}
