//! Where a hunt's programs come from: made-up sequences, predictions of the model, and interleavings that chance chooses.

use super::guide::Guide;
use crate::cli::linux::confirm::hunted;
use fastrand::Rng;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;
use unreg::event::TaskName;
use unreg::linux::perform;
use unreg::linux::steer::Explore;
use unreg::program::{Command, Program, Subsystem, Task, Variants};
use unreg::search::Sequences;

/// What programs are about: each in turn.
const ROTA: [Subsystem; 3] = [Subsystem::Devlink, Subsystem::Mdev, Subsystem::Ib];
/// The names of the tasks of an explored program.
const TASKS: [TaskName; 4] = [TaskName::User, TaskName::Admin, TaskName::Remove, TaskName::Probe];
/// The most commands of an explored program before its tasks part.
const PROLOGUE: usize = 6;
/// The most commands of an explored program's tasks together, after they have parted.
const MEETING: usize = 6;
/// The most odd edits of a sequence.
const EDITS: usize = 3;
/// One sequence of so many is made of one that was kept.
const KEPT: u8 = 3;
/// How long the model is searched for predictions at a time.
const SEARCH: Duration = Duration::from_secs(2);

/// A source of programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Source {
    /// Commands one after the other, most of which the model says succeed, in odd orders.
    Sequence,
    /// What a hunt breaks in the model under the kernel's variants, with its schedule.
    Prediction,
    /// A few tasks whose turns chance chooses.
    Explored,
}

impl Source {
    pub(super) const ALL: [Source; 3] = [Source::Sequence, Source::Prediction, Source::Explored];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Source::Sequence => "sequence",
            Source::Prediction => "prediction",
            Source::Explored => "explored",
        }
    }
}

/// A program to try, with what chooses its turns if no schedule does.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) program: Program,
    pub(super) explore: Option<Explore>,
    /// The name of what the model predicts of it.
    pub(super) predicts: Option<String>,
}

impl Case {
    /// A program with its schedule, if it has one.
    pub(super) fn of(program: Program) -> Case {
        Case { program, explore: None, predicts: None }
    }
}

/// The sources of one thread.
#[derive(Debug)]
pub(super) struct Sources {
    random: Rng,
    seed: u64,
    variants: Variants,
    rota: Vec<(Subsystem, Sequences)>,
    turn: usize,
    predictions: VecDeque<(String, Program)>,
    /// Causes that were predicted before.
    predicted: BTreeSet<String>,
    searches: u64,
}

impl Sources {
    /// The programs of a seed under a kernel's variants, about one subsystem or about each in turn.
    /// What was predicted before is predicted no more.
    pub(super) fn new(
        seed: u64,
        variants: Variants,
        subsystem: Option<Subsystem>,
        predicted: BTreeSet<String>,
    ) -> Sources {
        let about = ROTA.into_iter().filter(|of| subsystem.is_none_or(|one| one == *of));
        let rota = about.map(|of| (of, Sequences::over(seed, may(of)))).collect();
        Sources {
            random: Rng::with_seed(seed),
            seed,
            variants,
            rota,
            turn: 0,
            predictions: VecDeque::new(),
            predicted,
            searches: 0,
        }
    }

    /// The next program of a source; none if the model predicts nothing new just now. Of sequences a part is made of one
    /// that was kept.
    pub(super) fn next(&mut self, source: Source, guide: &Guide) -> Option<Case> {
        match source {
            Source::Sequence => {
                let kept = if self.random.u8(0..KEPT) == 0 { guide.any(&mut self.random) } else { None };
                let mut program = kept.cloned().unwrap_or_else(|| self.sequence());
                self.make_odd(&mut program.tasks[0].commands);
                Some(Case::of(program))
            }
            Source::Prediction => {
                if self.predictions.is_empty() {
                    self.predict();
                }
                let (name, program) = self.predictions.pop_front()?;
                Some(Case { predicts: Some(name), ..Case::of(program) })
            }
            Source::Explored => loop {
                if let Some(case) = self.explored() {
                    return Some(case);
                }
            },
        }
    }

    fn sequence(&mut self) -> Program {
        self.turn = (self.turn + 1) % self.rota.len();
        let (of, sequences) = &mut self.rota[self.turn];
        sequences.next(self.variants, may(*of))
    }

    /// Swaps, repeats or drops some commands, half of the time.
    fn make_odd(&mut self, commands: &mut Vec<Command>) {
        let random = &mut self.random;
        if random.bool() {
            return;
        }
        for _ in 0..random.usize(1..=EDITS) {
            let (from, to) = (random.usize(0..commands.len()), random.usize(0..commands.len()));
            match random.u8(0..3) {
                0 => commands.swap(from, to),
                1 => commands.insert(to, commands[from]),
                _ if commands.len() > 1 => {
                    commands.remove(from);
                }
                _ => {}
            }
        }
    }

    /// Splits a sequence: its first commands run alone, the others are given to a few tasks.
    fn explored(&mut self) -> Option<Case> {
        let sequence = self.sequence();
        let commands = &sequence.tasks[0].commands;
        if commands.len() < 3 {
            return None;
        }
        let random = &mut self.random;
        let prologue = random.usize(1..=PROLOGUE.min(commands.len() - 2));
        let rest = &commands[prologue..commands.len().min(prologue + MEETING)];
        let count = random.usize(2..=TASKS.len()).min(rest.len());
        let task = |name: &TaskName| Task { name: *name, commands: Vec::new() };
        let mut tasks: Vec<Task> = TASKS[..count].iter().map(task).collect();
        tasks[0].commands.extend(&commands[..prologue]);
        for (at, command) in rest.iter().enumerate() {
            // Each task has one of the first commands, so that all of them meet.
            let to = if at < count { at } else { random.usize(0..count) };
            tasks[to].commands.push(*command);
        }
        // Two tasks that do the same are in each other's way.
        if random.u8(0..3) == 0 {
            let (from, to) = (random.usize(0..count), random.usize(0..count));
            let again = tasks[from].commands.last().copied();
            tasks[to].commands.extend(again);
        }
        let explore = Explore::new(random.u64(..), prologue as u8);
        let program = Program { variants: self.variants, tasks, ..Program::default() };
        Some(Case { explore: Some(explore), ..Case::of(program) })
    }

    /// Searches the model of one subsystem for what was not predicted before.
    fn predict(&mut self) {
        let (of, _) = self.rota[self.searches as usize % self.rota.len()];
        let round = self.searches / self.rota.len() as u64;
        self.searches += 1;
        for prediction in hunted::predictions(self.variants, of, self.seed.wrapping_add(round), SEARCH) {
            if self.predicted.insert(prediction.name.clone()) {
                self.predictions.push_back((prediction.name, prediction.program));
            }
        }
    }
}

/// Whether a program about a subsystem may have a command: what a kernel can be asked for, and that the model knows well
/// enough to say what succeeds.
fn may(of: Subsystem) -> impl Fn(&Command) -> bool {
    move |command: &Command| perform::can_compare(of, command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Sources {
        let variant = Subsystem::Devlink.variant("linux-6.12").expect("it is a variant");
        Sources::new(1, Variants::to_break(Subsystem::Devlink, &variant), None, BTreeSet::new())
    }

    #[test]
    fn every_explored_program_has_tasks_that_meet() {
        let (mut sources, guide) = (sources(), Guide::default());
        for _ in 0..200 {
            let case = sources.next(Source::Explored, &guide).expect("there is always one");
            assert!(case.program.tasks.len() >= 2 && case.explore.is_some());
            assert!(case.program.tasks.iter().all(|task| !task.commands.is_empty()));
        }
    }

    #[test]
    fn a_sequence_is_one_task_and_one_seed_is_one_list() {
        let guide = Guide::default();
        let list = |sources: &mut Sources| -> Vec<Program> {
            (0..50).filter_map(|_| sources.next(Source::Sequence, &guide)).map(|case| case.program).collect()
        };
        let programs = list(&mut sources());
        assert!(programs.iter().all(|program| program.tasks.len() == 1 && program.schedule.is_empty()));
        assert_eq!(programs, list(&mut sources()));
    }
}
