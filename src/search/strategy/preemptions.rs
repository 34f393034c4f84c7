//! Few preemptions: a task runs until it waits or ends, but at few random points (Musuvathi, Qadeer: Iterative context
//! bounding for systematic testing of multithreaded programs, PLDI 2007; here drawn, not enumerated).

use super::counts::{Counts, Passed};
use super::{Strategy, any};
use crate::event::{Point, TaskId, Trace};
use crate::program::{Program, Segment};
use crate::run::Machine;
use crate::sim::{Chooser, Runnable};
use fastrand::Rng;

/// How often a run may leave a task that could go on.
const MOST: usize = 2;

/// The points of the last run.
#[derive(Debug, Default)]
pub(super) struct Preemptions(Counts);

impl Strategy for Preemptions {
    fn run(&mut self, machine: &mut Machine, program: &Program, seed: u64) -> Vec<Segment> {
        let mut random = Rng::with_seed(seed);
        let steps: u32 = self.0.estimate(program).iter().sum();
        let places = std::array::from_fn(|_| random.u32(0..steps.max(1)));
        let by = Few { random, places, step: 0, leaves: false, passed: Passed::default() };
        let (_, schedule, by) = machine.drive(program, by);
        self.0.learn(program, by.passed.points);
        schedule
    }
}

/// One run.
#[derive(Debug)]
struct Few {
    random: Rng,
    /// The steps after which the running task is left.
    places: [u32; MOST],
    step: u32,
    leaves: bool,
    passed: Passed,
}

impl Chooser for Few {
    fn stops(&mut self, _: Point) -> bool {
        self.passed.point();
        self.leaves = self.places.contains(&self.step);
        self.step += 1;
        true
    }

    fn choose(&mut self, runnable: Runnable, _: &Trace) -> Option<TaskId> {
        let running = 1 << self.passed.running();
        let others = runnable.tasks & !running;
        let goes_on = self.step > 0 && runnable.tasks & running != 0;
        let task = match (goes_on, std::mem::take(&mut self.leaves)) {
            (true, true) if others != 0 => any(&mut self.random, others),
            (true, _) => Some(self.passed.running() as TaskId),
            (false, _) => any(&mut self.random, runnable.tasks),
        };
        self.passed.runs(task)
    }
}
