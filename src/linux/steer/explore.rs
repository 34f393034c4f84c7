//! Exploration: chance decides at which points a task stops and which task goes on. What it decides is recorded as a
//! schedule, which a kernel follows again.
//!
//! PCT (Burckhardt et al., ASPLOS 2010) gives each task a priority and lowers it at a few random steps. POS (Yuan et al.,
//! CAV 2018) draws a task's priority anew at each of its steps; here only at a sample of the points, because a schedule of
//! one switch a step is too long to read.

use crate::event::Point;
use fastrand::Rng;
use std::collections::BTreeMap;

/// The most stops of an explored run: with the waits of its tasks they fit into a schedule.
const STOPS: u8 = 24;
/// At most so many priorities are lowered by PCT: bugs of depth four and more are rare.
const DEPTH: usize = 3;
/// How many steps a run may have among which PCT chooses.
const LENGTHS: [u32; 4] = [10, 30, 100, 300];
/// Of so many points POS looks at one.
const SAMPLES: [u32; 3] = [4, 8, 16];
/// Of so many steps a random walk stops at one.
const WALKS: [u32; 4] = [4, 8, 16, 38];

/// A way of choosing.
#[derive(Debug, Clone)]
enum How {
    /// At these steps the running task's priority becomes the lowest.
    Pct(Vec<u32>),
    /// At each point of a sample the running task's priority is drawn anew.
    Pos { salt: u64, one_in: u32 },
    /// Any task, at one step of so many.
    Walk { one_in: u32 },
}

/// What decides in one run.
#[derive(Debug, Clone)]
pub struct Explore {
    random: Rng,
    how: How,
    /// So many commands of the first task run before any task stops: they make what the others meet in.
    prologue: u8,
    /// Whether those commands are done.
    has_begun: bool,
    priorities: BTreeMap<usize, u64>,
    /// The lowest priority that was given so far.
    lowest: u64,
    steps: u32,
    stops: u8,
    /// How often the task that runs came to each point in its turn.
    came: BTreeMap<Point, u8>,
}

impl Explore {
    /// The choices of a seed, after so many commands of the first task.
    pub fn new(seed: u64, prologue: u8) -> Explore {
        let mut random = Rng::with_seed(seed);
        let how = match random.u8(0..3) {
            0 => {
                let length = LENGTHS[random.usize(0..LENGTHS.len())];
                How::Pct((0..random.usize(1..=DEPTH)).map(|_| random.u32(0..length)).collect())
            }
            1 => How::Pos { salt: random.u64(..), one_in: SAMPLES[random.usize(0..SAMPLES.len())] },
            _ => How::Walk { one_in: WALKS[random.usize(0..WALKS.len())] },
        };
        Explore {
            random,
            how,
            prologue,
            has_begun: false,
            priorities: BTreeMap::new(),
            lowest: u64::from(u32::MAX),
            steps: 0,
            stops: 0,
            came: BTreeMap::new(),
        }
    }

    /// The name of the way of choosing.
    pub fn name(&self) -> &'static str {
        match self.how {
            How::Pct(_) => "PCT",
            How::Pos { .. } => "POS",
            How::Walk { .. } => "random walk",
        }
    }

    /// Which of the tasks that can run has the next turn.
    pub(super) fn next(&mut self, runnable: &[usize]) -> Option<usize> {
        self.came.clear();
        if !self.has_begun && self.steps == 0 && runnable.contains(&0) {
            return Some(0);
        }
        self.has_begun = true;
        match self.how {
            How::Walk { .. } => {
                let count = runnable.len();
                (count > 0).then(|| runnable[self.random.usize(0..count)])
            }
            How::Pct(_) | How::Pos { .. } => runnable.iter().copied().max_by_key(|task| self.priority(*task)),
        }
    }

    /// The task that runs comes to a point: the count of the point in this turn if it stops there, so that one of the others
    /// goes on.
    pub(super) fn stops(&mut self, task: usize, point: Point, others: &[usize]) -> Option<u8> {
        let came = self.came.entry(point).or_default();
        *came = came.saturating_add(1);
        let came = *came;
        if !self.has_begun {
            self.steps += 1;
            self.has_begun = point == Point::CommandStart && came > self.prologue;
            return (self.has_begun && !others.is_empty()).then_some(came);
        }
        self.steps += 1;
        let step = self.steps;
        let is_lower = match &self.how {
            How::Pct(changes) => {
                if changes.contains(&step) {
                    self.lowest -= 1;
                    self.priorities.insert(task, self.lowest);
                }
                self.is_lower(task, others)
            }
            How::Pos { salt, one_in } => {
                if is_sampled(*salt, point, *one_in) {
                    let priority = self.draw();
                    self.priorities.insert(task, priority);
                }
                self.is_lower(task, others)
            }
            How::Walk { one_in } => self.random.u32(0..*one_in) == 0 && !others.is_empty(),
        };
        if !is_lower || self.stops >= STOPS || came == u8::MAX {
            return None;
        }
        self.stops += 1;
        Some(came)
    }

    fn is_lower(&mut self, task: usize, others: &[usize]) -> bool {
        let own = self.priority(task);
        others.iter().any(|other| self.priority(*other) > own)
    }

    fn priority(&mut self, task: usize) -> u64 {
        let drawn = self.draw();
        *self.priorities.entry(task).or_insert(drawn)
    }

    /// A priority above those that were lowered.
    fn draw(&mut self) -> u64 {
        u64::from(u32::MAX) + u64::from(self.random.u32(1..))
    }
}

/// Whether a point is in a sample.
fn is_sampled(salt: u64, point: Point, one_in: u32) -> bool {
    Rng::with_seed(salt ^ (point as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)).u32(0..one_in) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_task_runs_its_first_commands_alone_and_then_stops() {
        for seed in 0..50 {
            let mut explore = Explore::new(seed, 2);
            assert_eq!(explore.next(&[0, 1, 2]), Some(0));
            assert_eq!(explore.stops(0, Point::CommandStart, &[1, 2]), None);
            assert_eq!(explore.stops(0, Point::DevlinkLookup, &[1, 2]), None);
            assert_eq!(explore.stops(0, Point::CommandStart, &[1, 2]), None);
            assert_eq!(explore.stops(0, Point::CommandStart, &[1, 2]), Some(3));
        }
    }

    #[test]
    fn every_way_of_choosing_stops_now_and_then_and_not_for_ever() {
        let mut names = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let mut explore = Explore::new(seed, 0);
            let mut task = explore.next(&[0, 1]).expect("one can run");
            let mut stops = 0;
            for step in 0..2000 {
                let point = Point::ALL[step % Point::ALL.len()];
                if explore.stops(task, point, &[1 - task]).is_some() {
                    stops += 1;
                    task = explore.next(&[0, 1]).expect("one can run");
                }
            }
            assert!(stops <= u32::from(STOPS) + 1, "{stops} stops");
            if stops > 0 {
                names.insert(explore.name());
            }
        }
        assert_eq!(names.len(), 3, "{names:?}");
    }

    #[test]
    fn one_seed_chooses_once() {
        let run = |seed| {
            let mut explore = Explore::new(seed, 0);
            let first = explore.next(&[0, 1, 2]);
            let stops: Vec<_> =
                (0..100).map(|step| explore.stops(0, Point::ALL[step % 7], &[1, 2])).collect();
            (first, stops, explore.next(&[1, 2]))
        };
        assert_eq!(run(7), run(7));
    }
}
