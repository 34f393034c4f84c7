//! A walk of the model: the first task makes what the others meet in, then chance decides at points that have places.

use std::collections::HashSet;
use std::sync::Arc;
use unreg::event::{Point, TaskId, Trace};
use unreg::sim::{Chooser, Runnable};

/// Points until the next preemption, on average; 0 for none.
const GAPS: [u32; 6] = [0, 2, 4, 8, 16, 32];

/// Chooses at random, once the first commands are done.
#[derive(Debug)]
pub(super) struct Walk {
    points: Arc<HashSet<Point>>,
    random: fastrand::Rng,
    gap_mean: u32,
    /// Points until the next preemption; 0 for none.
    left: u32,
    /// Commands that the first task is yet to begin before another task may run.
    lead: usize,
    running: TaskId,
}

impl Walk {
    /// A walk that stops at these points, after so many commands of the first task.
    pub(super) fn new(points: &Arc<HashSet<Point>>, seed: u64, first: usize) -> Walk {
        let mut random = fastrand::Rng::with_seed(seed);
        let gap_mean = GAPS[random.usize(..GAPS.len())];
        // The task stops where the command after them begins.
        let lead = if first == 0 { 0 } else { first + 1 };
        Walk { points: Arc::clone(points), random, gap_mean, left: 0, lead, running: 0 }
    }
}

impl Chooser for Walk {
    fn stops(&mut self, at: Point) -> bool {
        if self.lead > 0 {
            self.lead -= usize::from(self.running == 0 && at == Point::CommandStart);
            return self.lead == 0;
        }
        if !self.points.contains(&at) {
            return false;
        }
        let is_last = self.left == 1;
        self.left = self.left.saturating_sub(1);
        is_last
    }

    fn choose(&mut self, runnable: Runnable, _: &Trace) -> Option<TaskId> {
        let tasks: Vec<TaskId> =
            (0..).take(u32::BITS as usize).filter(|task| runnable.tasks & 1 << task != 0).collect();
        let leads = self.lead > 0 && tasks.first() == Some(&0);
        let chosen = if leads { 0 } else { *tasks.get(self.random.usize(0..tasks.len().max(1)))? };
        self.left = if self.gap_mean == 0 { 0 } else { self.random.u32(1..=2 * self.gap_mean) };
        self.running = chosen;
        Some(chosen)
    }
}
