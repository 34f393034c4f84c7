//! How fast programs run and are judged, beside shuttle on the same scene in the same process.
//!
//! The scene: one task probes a device, one reloads it, one sets a trap and dumps. unreg runs its own model;
//! for shuttle the same flow of locks, points and notifications is written with its mutex, its threads and
//! `yield_now`, and the one invariant that the scene is about (a driver is called only while it is ready). Both
//! walk at random. A step is a point passed: a place where the scheduler could have let another task run. What
//! shuttle decides besides, at its locks, spawns and joins, is in its time and not in its steps.
//! Rounds of the two alternate, and the median round counts, because machines are noisy.
//!
//! `cargo bench --bench steps`

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use unreg::event::Trace;
use unreg::invariant;
use unreg::program::Program;
use unreg::run::Machine;

const ROUNDS: usize = 9;

const SCENE: &str = "\
task probe
  driver.probe netdevsim/0
task admin
  devlink.reload netdevsim/0
  devlink.reload netdevsim/0
task user
  devlink.trap-set netdevsim/0 tail_drop trap
  devlink.dump
schedule
  probe until devlink_register:visible
";

/// What one round did, and how long it took.
#[derive(Clone, Copy)]
struct Round {
    runs: u64,
    steps: u64,
    seconds: f64,
}

impl Round {
    fn steps_per_second(self) -> f64 {
        self.steps as f64 / self.seconds
    }
}

fn main() {
    let program = Program::parse(SCENE, "scene").unwrap_or_else(|errors| panic!("{errors}"));
    let mut machine = Machine::default();
    let mut rounds: [Vec<Round>; 4] = Default::default();
    for round in 0..ROUNDS {
        let seed = (round as u64) << 32;
        rounds[0].push(measure(20_000, |run| judged(machine.walk(&program, seed + run).0)));
        rounds[1].push(measure(40_000, |_| judged(machine.run(&program))));
        rounds[2].push(measure(20_000, |run| u64::from(machine.walk(&program, seed + run).0.steps)));
        rounds[3].push(shuttle_round(2_000));
    }
    let [walk, replay, unjudged, shuttle] = rounds.map(median);
    let row = |name: &str, round: Round| {
        let per_run = round.steps as f64 / round.runs as f64;
        println!(
            "{name:34} {:8.2} M steps/s {:10.0} runs/s {per_run:6.1} steps/run {:8.2} x shuttle",
            round.steps_per_second() / 1e6,
            round.runs as f64 / round.seconds,
            round.steps_per_second() / shuttle.steps_per_second(),
        );
    };
    row("unreg, random walk, judged", walk);
    row("unreg, one schedule again, judged", replay);
    row("unreg, random walk, not judged", unjudged);
    row("shuttle, random, one invariant", shuttle);
}

fn measure(runs: u64, mut run: impl FnMut(u64) -> u64) -> Round {
    let start = Instant::now();
    let steps = (0..runs).map(&mut run).sum();
    Round { runs, steps, seconds: start.elapsed().as_secs_f64() }
}

fn median(mut rounds: Vec<Round>) -> Round {
    rounds.sort_by(|a, b| a.steps_per_second().total_cmp(&b.steps_per_second()));
    rounds[rounds.len() / 2]
}

fn judged(trace: &Trace) -> u64 {
    let violations = black_box(invariant::judge(trace));
    assert!(violations.is_empty(), "the settled decisions break {}", violations[0].invariant.name);
    u64::from(trace.steps)
}

fn shuttle_round(runs: usize) -> Round {
    let steps = Arc::new(AtomicU64::new(0));
    let counter = steps.clone();
    let start = Instant::now();
    shuttle::check_random(move || shuttle_scene(&counter), runs);
    Round { runs: runs as u64, steps: steps.load(Ordering::Relaxed), seconds: start.elapsed().as_secs_f64() }
}

/// The device of the scene, for shuttle.
struct Device {
    steps: Arc<AtomicU64>,
    device_lock: shuttle::sync::Mutex<()>,
    devlink_lock: shuttle::sync::Mutex<()>,
    registered: AtomicBool,
    ready: AtomicBool,
    trace: Mutex<Vec<(u8, u8)>>,
}

impl Device {
    fn point(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
        shuttle::thread::yield_now();
    }

    fn notify(&self, what: u8) {
        self.point();
        self.trace.lock().expect("not poisoned").push((what, 0));
    }

    fn call(&self) {
        assert!(self.ready.load(Ordering::Relaxed), "a driver is called before it is ready");
        self.point();
    }

    fn probe(&self) {
        self.point();
        self.point();
        let _device = self.device_lock.lock().expect("not poisoned");
        self.point();
        self.point();
        let _devlink = self.devlink_lock.lock().expect("not poisoned");
        (0..5).for_each(|part| self.notify(part));
        self.point();
        self.ready.store(true, Ordering::Relaxed);
        self.registered.store(true, Ordering::Relaxed);
        self.point();
        self.notify(9);
        for part in 0..5 {
            self.point();
            self.notify(part);
        }
    }

    /// Runs a command under the locks, if the device can be found.
    fn doit(&self, is_reload: bool, body: impl Fn()) {
        self.point();
        if !self.registered.load(Ordering::Relaxed) {
            return;
        }
        self.point();
        let _device = is_reload.then(|| {
            self.point();
            self.device_lock.lock().expect("not poisoned")
        });
        self.point();
        let _devlink = self.devlink_lock.lock().expect("not poisoned");
        if self.registered.load(Ordering::Relaxed) {
            body();
        }
    }

    fn reload(&self) {
        self.doit(true, || {
            self.point();
            self.call();
            (0..4).for_each(|part| self.notify(part));
            self.point();
            self.call();
            (0..4).for_each(|part| self.notify(part));
            self.notify(9);
            self.point();
        });
    }

    fn dump(&self) {
        self.doit(false, || (0..6).for_each(|part| self.notify(part)));
    }
}

fn shuttle_scene(steps: &Arc<AtomicU64>) {
    let device = Arc::new(Device {
        steps: steps.clone(),
        device_lock: shuttle::sync::Mutex::new(()),
        devlink_lock: shuttle::sync::Mutex::new(()),
        registered: AtomicBool::new(false),
        ready: AtomicBool::new(false),
        trace: Mutex::default(),
    });
    let admin = device.clone();
    let user = device.clone();
    let tasks = [
        shuttle::thread::spawn(move || device.probe()),
        shuttle::thread::spawn(move || (0..2).for_each(|_| admin.reload())),
        shuttle::thread::spawn(move || {
            user.doit(false, || user.call());
            user.dump();
        }),
    ];
    for task in tasks {
        task.join().expect("the scene ends");
    }
}
