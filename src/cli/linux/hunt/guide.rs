//! Sequences that reach a lasting state of the model that none reached before. They are kept, and others are made of them.

use crate::cli::store::{Seen, Store};
use fastrand::Rng;
use std::collections::HashSet;
use unreg::event::Trace;
use unreg::program::{Program, Variants};
use unreg::run::Machine;
use unreg::search::{Reached, States};

/// The most programs that are kept: enough for every state that sequences reach in an hour.
const KEPT_MAX: usize = 4096;

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Guide {
    states: States,
    reached: HashSet<u64>,
    kept: Vec<Program>,
    read: Seen,
}

impl Guide {
    /// Takes what is in a folder, of an earlier hunt or of one at the same time.
    pub(super) fn read(&mut self, store: &Store, variants: Variants) -> anyhow::Result<()> {
        let mut machine = Machine::default();
        // A file that is no program is of no use, and does no harm.
        for program in store.read(&mut self.read, |_| {})? {
            let program = Program { variants, expect: 0, ..program };
            if is_sequence(&program) && self.is_new(machine.run(&program)) {
                self.keep(program);
            }
        }
        Ok(())
    }

    /// Keeps a sequence whose run in the model reaches something new, in the folder too.
    pub(super) fn take(&mut self, program: &Program, trace: &Trace, store: &Store) -> anyhow::Result<()> {
        if is_sequence(program) && self.is_new(trace) && self.kept.len() < KEPT_MAX {
            self.read.insert(store.save(program)?);
            self.keep(program.clone());
        }
        Ok(())
    }

    /// Any of them.
    pub(super) fn any(&self, random: &mut Rng) -> Option<&Program> {
        if self.kept.is_empty() { None } else { self.kept.get(random.usize(0..self.kept.len())) }
    }

    fn keep(&mut self, program: Program) {
        if self.kept.len() < KEPT_MAX {
            self.kept.push(program);
        }
    }

    fn is_new(&mut self, trace: &Trace) -> bool {
        let (mut is_new, reached) = (false, &mut self.reached);
        self.states.read(trace, |state| {
            if matches!(state, Reached::Lasting(..)) {
                is_new |= reached.insert(state.number());
            }
        });
        is_new
    }
}

fn is_sequence(program: &Program) -> bool {
    program.schedule.is_empty() && program.tasks.len() == 1 && program.commands() > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_something_new_is_kept_once_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let program = Program::parse("task user\n  driver.probe netdevsim/0\n", "test").unwrap();
        let mut machine = Machine::default();
        let mut guide = Guide::default();
        for _ in 0..2 {
            guide.take(&program, machine.run(&program), &store).unwrap();
        }
        assert_eq!(guide.kept, std::slice::from_ref(&program));
        let mut next = Guide::default();
        next.read(&store, program.variants).unwrap();
        next.read(&store, program.variants).unwrap();
        assert_eq!(next.any(&mut Rng::with_seed(1)), Some(&program));
        next.take(&program, machine.run(&program), &store).unwrap();
        assert_eq!(next.kept.len(), 1);
    }
}
