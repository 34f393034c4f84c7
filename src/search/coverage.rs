//! What a program covers, and the small set of programs that covers all that many do.
//!
//! What is covered is read off the trace, as novelty is: states, steps between them, how each command ends, and which
//! invariants break under which variants. The edges of unreg's own code are the engines' business (`cargo fuzz cmin`,
//! `afl-cmin`); of two programs that differ in nothing here, an engine may keep both.

mod smallest;

pub use smallest::smallest;

use super::{Reached, States};
use crate::event::{Errno, What};
use crate::invariant::judge;
use crate::program::{Program, Variants};
use crate::run::Machine;

/// Something that a program covers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// A state of the facts that last.
    Lasting(u64),
    /// A state of any facts.
    State(u64),
    /// A step from a state.
    Step(u64),
    /// A command of this opcode that ended so.
    Command(u8, Option<Errno>),
    /// An invariant that breaks under these variants.
    Broken(Variants, &'static str),
}

impl Feature {
    /// A number of it that is alike in every run and in every process.
    pub fn number(&self) -> u64 {
        super::novelty::number(self)
    }
}

/// Runs programs and says what they cover.
#[derive(Debug, Default)]
pub struct Reader {
    machine: Machine,
    states: States,
}

impl Reader {
    /// What a program covers, sorted, each once.
    pub fn read(&mut self, program: &Program) -> Vec<Feature> {
        let trace = self.machine.run(program);
        let mut features = Vec::new();
        self.states.read(trace, |reached| {
            features.push(match reached {
                Reached::Lasting(..) => Feature::Lasting(reached.number()),
                Reached::State(state) => Feature::State(state),
                Reached::Step(step) => Feature::Step(step),
            });
        });
        for event in &trace.events {
            let task = program.tasks.get(usize::from(event.task));
            if let (What::End(at, result), Some(task)) = (event.what, task)
                && let Some(command) = task.commands.get(usize::from(at))
            {
                features.push(Feature::Command(command.encode().0, result));
            }
        }
        let broken = judge(trace).into_iter().map(|violation| violation.invariant.name);
        features.extend(broken.map(|name| Feature::Broken(program.variants, name)));
        features.sort_unstable();
        features.dedup();
        features
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_results_and_broken_invariants_are_covered() {
        let text =
            "variant devlink children-first\ntask probe\n  driver.probe mlx5/0\n  driver.probe mlx5/0\n";
        let program = Program::parse(text, "test").unwrap_or_else(|errors| panic!("{errors}"));
        let features = Reader::default().read(&program);
        let opcode = program.tasks[0].commands[0].encode().0;
        assert!(features.contains(&Feature::Command(opcode, None)));
        assert!(features.iter().any(|feature| matches!(feature, Feature::Command(_, Some(_)))));
        let broken = Feature::Broken(program.variants, "no-child-before-parent-notification");
        assert!(features.contains(&broken));
        for is_such in [
            |feature: &Feature| matches!(feature, Feature::Lasting(_)),
            |feature: &Feature| matches!(feature, Feature::State(_)),
            |feature: &Feature| matches!(feature, Feature::Step(_)),
        ] {
            assert!(features.iter().any(is_such));
        }
    }
}
