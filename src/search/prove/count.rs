//! How many interleavings a program has: an estimate by random runs (Knuth: Estimating the efficiency of backtrack
//! programs, 1975). Each run multiplies the numbers of tasks that it could choose from; the mean is the estimate.

use crate::event::{Point, TaskId, Trace};
use crate::sim::{Chooser, Runnable};
use fastrand::Rng;

/// One random run, and the product of its choices.
#[derive(Debug)]
pub(super) struct Probe {
    random: Rng,
    pub(super) product: f64,
}

impl Probe {
    /// A run that this seed chooses.
    pub(super) fn new(seed: u64) -> Self {
        Probe { random: Rng::with_seed(seed), product: 1.0 }
    }
}

impl Chooser for Probe {
    fn stops(&mut self, _: Point) -> bool {
        true
    }

    fn choose(&mut self, runnable: Runnable, _: &Trace) -> Option<TaskId> {
        let count = runnable.tasks.count_ones();
        if count == 0 {
            return None;
        }
        self.product *= f64::from(count);
        let mut left = runnable.tasks;
        for _ in 0..self.random.u32(0..count) {
            left &= left - 1;
        }
        Some(left.trailing_zeros() as TaskId)
    }
}
