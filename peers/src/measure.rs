//! What a tool did: executions, steps, and processor time.

use nix::time::{ClockId, clock_gettime};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The places that tasks passed at which another could have run.
pub(crate) static STEPS: AtomicU64 = AtomicU64::new(0);
static EXECUTIONS: AtomicU64 = AtomicU64::new(0);

/// Adds executions that begin.
pub(crate) fn executions(more: u64) {
    EXECUTIONS.fetch_add(more, Ordering::Relaxed);
}

/// The executions that began, and the steps that were made.
pub(crate) fn done() -> (u64, u64) {
    (EXECUTIONS.load(Ordering::Relaxed), STEPS.load(Ordering::Relaxed))
}

/// What one search came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    /// Whether an execution failed.
    pub(crate) fails: bool,
    /// Whether no interleaving is left.
    pub(crate) is_exhausted: bool,
    pub(crate) executions: u64,
    pub(crate) steps: u64,
    /// Of this process on the processor.
    pub(crate) time: Duration,
}

/// Runs what panics at the first failure. It has run all there is if it made fewer executions than it might.
pub(crate) fn until_it_fails(most: u64, run: impl FnOnce()) -> Found {
    EXECUTIONS.store(0, Ordering::Relaxed);
    STEPS.store(0, Ordering::Relaxed);
    let start = processor_time();
    let fails = catch_unwind(AssertUnwindSafe(run)).is_err();
    let time = processor_time().saturating_sub(start);
    let (executions, steps) = done();
    let is_exhausted = !fails && executions < most;
    Found { fails, is_exhausted, executions, steps, time }
}

/// The processor time of this process.
pub(crate) fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).expect("Linux has this clock");
    time.into()
}
