//! The scenes on loom, which tries every interleaving up to those that commute.

use crate::measure::{Found, STEPS, done, executions, processor_time};
use loom::sync::atomic::AtomicBool;
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use std::process::{Command, ExitCode};
use std::sync::atomic::Ordering;

include!("scenes.rs");

/// loom lets another task run at each operation of its own. A `yield_now` there would say that a task spins.
fn step() {
    STEPS.fetch_add(1, Ordering::Relaxed);
}

/// Runs a scene until it fails or all interleavings were run, in a process of its own: a deadlock that loom finds may panic
/// again while it unwinds, and abort.
pub(crate) fn run(scene: usize, is_flawed: bool) -> Found {
    let own = std::env::current_exe().expect("this program has a file");
    let output = Command::new(own)
        .args([scene.to_string(), is_flawed.to_string()])
        .output()
        .expect("this program can be run again");
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<u64> =
        text.lines().next().unwrap_or_default().split(' ').filter_map(|word| word.parse().ok()).collect();
    let &[executions, steps, nanos] = figures.as_slice() else { panic!("three figures, not {text:?}") };
    let fails = !output.status.success();
    let time = std::time::Duration::from_nanos(nanos);
    Found { fails, is_exhausted: !fails, executions, steps, time }
}

/// What that process does: prints executions, steps and nanoseconds, at the first panic or at the end.
pub(crate) fn main(scene: usize, is_flawed: bool) -> ExitCode {
    let start = processor_time();
    let print = move || {
        let (executions, steps) = done();
        println!("{executions} {steps} {}", processor_time().saturating_sub(start).as_nanos());
    };
    std::panic::set_hook(Box::new(move |_| print()));
    let scene = ALL[scene];
    loom::model(move || {
        executions(1);
        scene(is_flawed);
    });
    print();
    ExitCode::SUCCESS
}
