//! Strategies: how the schedule of a run is drawn at random, by name.
//!
//! A strategy sees which tasks can run, and where each stopped; it knows no command. Most need to know about how many
//! points a task passes: they take it from the last run of the same tasks, and guess before there is one.

mod counts;
mod pct;
mod portfolio;
mod pos;
mod preemptions;
mod surw;
mod urw;
mod walk;

use crate::event::TaskId;
use crate::program::{Program, Segment};
use crate::run::Machine;
use fastrand::Rng;
use std::fmt;

/// Draws schedules.
pub trait Strategy: fmt::Debug + Send {
    /// Runs a program once, whatever its schedule, and returns the schedule that was drawn, which replays the run. The trace
    /// is the machine's. Nothing but the seed and the earlier runs decides.
    fn run(&mut self, machine: &mut Machine, program: &Program, seed: u64) -> Vec<Segment>;

    /// Hears whether the last run was worth it: it reached a new lasting state or broke an invariant.
    fn learn(&mut self, _pays: bool) {}
}

/// A strategy that can be asked for.
#[derive(Debug, Clone, Copy)]
pub struct StrategySpec {
    /// The name, as `--strategy` takes it.
    pub name: &'static str,
    /// What it does, in a line.
    pub says: &'static str,
    /// Makes one that has seen no run.
    pub new: fn() -> Box<dyn Strategy>,
}

/// The strategy that is made of all others.
pub const PORTFOLIO: StrategySpec = StrategySpec {
    name: "portfolio",
    says: "gives each of the others a share of the runs, and moves shares to what reaches new states",
    new: || Box::<portfolio::Portfolio>::default(),
};

/// All strategies. The first is the default.
pub const ALL: &[StrategySpec] = &[
    StrategySpec {
        name: "walk",
        says: "stops a task after a random number of points, whose mean is drawn for each run",
        new: || Box::new(walk::Walk),
    },
    StrategySpec {
        name: "pct",
        says: "runs the task of the highest priority, and lowers a priority at two random points (PCT of depth 3)",
        new: || Box::<pct::Pct>::default(),
    },
    StrategySpec {
        name: "pos",
        says: "draws a priority for each point that a task comes to, anew where several stand at one (basic POS)",
        new: || Box::new(pos::Pos),
    },
    StrategySpec {
        name: "urw",
        says: "draws each task as often as it has points left, so that all interleavings are about as likely (URW)",
        new: || Box::<urw::Urw>::default(),
    },
    StrategySpec {
        name: "surw",
        says: "draws the order at one point that several tasks come to, as URW does, and the rest at random (SURW)",
        new: || Box::<surw::Surw>::default(),
    },
    StrategySpec {
        name: "preemptions",
        says: "leaves a task that could go on at most twice, at random points",
        new: || Box::<preemptions::Preemptions>::default(),
    },
    PORTFOLIO,
];

/// Finds a strategy by its name.
pub fn named(name: &str) -> Option<StrategySpec> {
    ALL.iter().find(|strategy| strategy.name == name).copied()
}

/// The tasks of a set that has a bit for each.
fn tasks(mask: u32) -> impl Iterator<Item = usize> {
    (0..u32::BITS as usize).filter(move |task| mask & 1 << task != 0)
}

/// Any task of a set; none of an empty one.
fn any(random: &mut Rng, mask: u32) -> Option<TaskId> {
    let count = mask.count_ones() as usize;
    (count > 0).then(|| tasks(mask).nth(random.usize(0..count)).expect("the set has so many") as TaskId)
}

/// A task of a set, each with the chance that its weight gives it, or any if no task has a weight.
fn weighed(random: &mut Rng, mask: u32, weight: impl Fn(usize) -> u32) -> Option<TaskId> {
    let all: u64 = tasks(mask).map(|task| u64::from(weight(task))).sum();
    if all == 0 {
        return any(random, mask);
    }
    let mut left = random.u64(0..all);
    for task in tasks(mask) {
        match left.checked_sub(u64::from(weight(task))) {
            Some(rest) => left = rest,
            None => return Some(task as TaskId),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::judge;
    use crate::search::generate::{Alphabet, generate};

    const FLAWED: &str = "variant devlink early-register\ntask probe\n  driver.probe netdevsim/0\ntask user\n  \
                          devlink.eswitch-set netdevsim/0 switchdev\n";

    /// A long program: a schedule counts how often a task comes to a point, up to a byte.
    fn long() -> Program {
        let reloads = "  devlink.reload netdevsim/0\n".repeat(15);
        Program::parse(&format!("task admin\n  driver.probe netdevsim/0\n{reloads}"), "test").unwrap()
    }

    #[test]
    fn what_a_strategy_drew_replays_to_the_same_trace() {
        let mut random = Rng::with_seed(1);
        let alphabet = Alphabet::new(&[]);
        let (mut machine, mut again) = (Machine::default(), Machine::default());
        for named in ALL {
            let mut strategy = (named.new)();
            for seed in 0..300 {
                let mut program = if seed == 0 { long() } else { generate(&mut random, &alphabet) };
                program.schedule = strategy.run(&mut machine, &program, seed);
                let (first, second) = (machine.trace(), again.run(&program));
                assert!(first.events == second.events, "{}:\n{program}", named.name);
            }
        }
    }

    #[test]
    fn one_seed_is_one_schedule() {
        let program = Program::parse(FLAWED, "test").unwrap();
        let mut machine = Machine::default();
        for named in ALL {
            let (mut one, mut other) = ((named.new)(), (named.new)());
            let mut drawn = Vec::new();
            for seed in 0..20 {
                drawn.push(one.run(&mut machine, &program, seed));
                assert_eq!(drawn.last(), Some(&other.run(&mut machine, &program, seed)), "{}", named.name);
            }
            drawn.dedup();
            assert!(drawn.len() > 1, "{} draws one schedule", named.name);
        }
    }

    #[test]
    fn every_strategy_finds_an_easy_violation() {
        let program = Program::parse(FLAWED, "test").unwrap();
        let mut machine = Machine::default();
        for named in ALL {
            let mut strategy = (named.new)();
            let found = (0..500).find(|seed| {
                strategy.run(&mut machine, &program, *seed);
                !judge(machine.trace()).is_empty()
            });
            assert!(found.is_some(), "{} finds nothing", named.name);
        }
    }

    #[test]
    fn a_weight_is_a_chance() {
        let mut random = Rng::with_seed(1);
        let mut drawn = [0; 3];
        for _ in 0..4_000 {
            let task = weighed(&mut random, 0b101, |task| [1, 100, 3][task]).unwrap();
            drawn[usize::from(task)] += 1;
        }
        assert!(drawn[1] == 0 && (900..1_100).contains(&drawn[0]), "{drawn:?}");
        assert_eq!((any(&mut random, 0), weighed(&mut random, 0, |_| 1)), (None, None));
        assert_eq!(weighed(&mut random, 0b10, |_| 0), Some(1));
    }
}
