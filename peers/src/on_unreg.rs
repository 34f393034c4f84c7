//! The same scenes as programs of unreg, which run its whole model: more steps, and every invariant.

use crate::measure::{Found, processor_time};
use unreg::event::Trace;
use unreg::invariant::{Violation, judge};
use unreg::program::Program;
use unreg::run::Machine;
use unreg::search::prove::{Explores, Prover};
use unreg::search::strategy;

/// The scenes, in the order of [`crate::SCENES`], each under the variant that is flawed.
const PROGRAMS: [&str; 4] = [
    "variant ib device-mutex\ntask client\n  ib.register-device rxe/0\n  ib.register-client gid-cache\ntask user\n  \
     netdev.del eth0\ntask admin\n  ib.unregister-device rxe/0\n",
    "variant mdev create-unsynchronised\ntask vendor\n  mtty.probe mtty/0\n  mtty.remove mtty/0\ntask user\n  \
     mdev.create mtty/0 uuid-a\n",
    "variant devlink early-register\ntask probe\n  driver.probe netdevsim/0\ntask user\n  \
     devlink.eswitch-set netdevsim/0 switchdev\n",
    "variant devlink linux-5.16\ntask probe\n  driver.probe mlxsw/0\n  driver.remove mlxsw/0\ntask admin\n  \
     devlink.reload mlxsw/0\n",
];

/// What goes wrong in each scene. Under a flawed variant more may break, which does not count.
const BREAKS: [&str; 4] =
    ["no-deadlock", "references-balance", "visible-implies-ready", "reload-meets-no-probe"];

/// Whether a run goes wrong as the scene says; under the settled decisions, in any way.
fn fails(trace: &Trace, scene: usize, is_flawed: bool) -> bool {
    let counts = |violation: &Violation| !is_flawed || violation.invariant.name == BREAKS[scene];
    judge(trace).iter().any(counts)
}

fn program(scene: usize, is_flawed: bool) -> Program {
    let mut program = Program::parse(PROGRAMS[scene], "scene").unwrap_or_else(|errors| panic!("{errors}"));
    if !is_flawed {
        program.variants = program.variants.settled();
    }
    program
}

/// Runs a scene under schedules that a strategy draws until it fails, at most so often.
pub(crate) fn run(scene: usize, is_flawed: bool, strategy: &str, seed: u64, most: u64) -> Found {
    let program = program(scene, is_flawed);
    let mut strategy = (strategy::named(strategy).expect("unreg has this strategy").new)();
    let mut machine = Machine::default();
    let (mut executions, mut steps, mut fails) = (0, 0, false);
    let start = processor_time();
    while executions < most && !fails {
        strategy.run(&mut machine, &program, seed << 32 | executions);
        executions += 1;
        steps += u64::from(machine.trace().steps);
        fails = self::fails(machine.trace(), scene, is_flawed);
    }
    let time = processor_time().saturating_sub(start);
    Found { fails, is_exhausted: false, executions, steps, time }
}

/// Proves a scene: runs one interleaving of each set that differ in the order of steps that commute.
pub(crate) fn prove(scene: usize, is_flawed: bool, most: u64) -> Found {
    let mut prover = Prover::new(program(scene, is_flawed), Explores::Reduced);
    let (mut steps, mut fails) = (0, false);
    let start = processor_time();
    while let Some(execution) = prover.step() {
        steps += u64::from(execution.trace.steps);
        fails = self::fails(execution.trace, scene, is_flawed);
        if fails || prover.progress().stats().executions >= most {
            break;
        }
    }
    let time = processor_time().saturating_sub(start);
    let (executions, is_exhausted) = (prover.progress().stats().executions, prover.progress().is_proved());
    Found { fails, is_exhausted, executions, steps, time }
}
