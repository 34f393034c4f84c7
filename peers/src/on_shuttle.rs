//! The scenes on shuttle.

use crate::measure::{Found, STEPS, executions, until_it_fails};
use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler, Scheduler};
use shuttle::sync::atomic::{AtomicBool, Ordering};
use shuttle::sync::{Arc, Condvar, Mutex};
use shuttle::{Config, FailurePersistence, Runner, thread};

include!("scenes.rs");

fn step() {
    STEPS.fetch_add(1, Ordering::Relaxed);
    thread::yield_now();
}

/// How a schedule is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) enum By {
    Random(u64),
    Pct(u64),
    Dfs,
}

/// Runs a scene until it fails, at most so often.
pub(crate) fn run(scene: usize, is_flawed: bool, by: By, most: u64) -> Found {
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    let scene = ALL[scene];
    let scene = move || {
        executions(1);
        scene(is_flawed);
    };
    let most = most as usize;
    let scheduler: Box<dyn Scheduler + Send> = match by {
        By::Random(seed) => Box::new(RandomScheduler::new_from_seed(seed, most)),
        By::Pct(seed) => Box::new(PctScheduler::new_from_seed(seed, 3, most)),
        By::Dfs => Box::new(DfsScheduler::new(Some(most), false)),
    };
    until_it_fails(most as u64, move || {
        Runner::new(scheduler, config).run(scene);
    })
}
