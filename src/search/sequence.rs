//! Making sequences up: programs of one task, most of whose commands succeed.
//!
//! A program that collects errors proves little: what comes after a refused command is what came before it. The
//! model says beforehand what would be refused, and most of that is drawn again.

use super::generate::{Favourites, MAKERS};
use crate::event::{TaskName, What};
use crate::operand::{CommandSpec, OPERANDS_MAX};
use crate::program::{Command, Program, Task, Variants};
use crate::run::Machine;

/// The most commands of a program.
const COMMANDS_MAX: usize = 16;
/// How often operands are drawn for one command until it would succeed.
const OPERAND_DRAWS: usize = 8;
/// How often another command is drawn.
const COMMAND_DRAWS: usize = 20;
/// An operand with no more words than these is a switch or a mode.
const SWITCH: usize = 3;
/// The commands that other kinds need to succeed: every other program goes on with one.
const OPENERS: [&str; 2] = ["devlink.eswitch-set", "netns.add"];
/// Of so many kinds of commands one is chosen.
const KINDS_DRAWN: usize = 2;

/// Makes programs up, one after the other; what succeeded seldom so far is tried more often.
#[derive(Debug)]
pub struct Sequences {
    random: fastrand::Rng,
    machine: Machine,
    every: Vec<&'static CommandSpec>,
    /// How often each of them succeeded.
    done: Vec<u32>,
}

impl Sequences {
    /// The programs of a seed.
    pub fn new(seed: u64) -> Self {
        let every: Vec<_> = Command::specs().collect();
        let (random, done) = (fastrand::Rng::with_seed(seed), vec![0; every.len()]);
        Sequences { random, machine: Machine::default(), every, done }
    }

    /// Makes up a program of one task under these variants, and only of commands that may be used. Most begin by
    /// making the device that they are about; a fifth of the others are taken as they are drawn, refused or not.
    pub fn next(&mut self, variants: Variants, may: impl Fn(&Command) -> bool) -> Program {
        let favourites = Favourites::new(&mut self.random);
        let theme = self.theme();
        let task = Task { name: TaskName::User, commands: Vec::new() };
        let mut program = Program { variants, tasks: vec![task], ..Program::default() };
        for place in 0..self.random.usize(1..=COMMANDS_MAX) {
            let any = self.random.u8(0..5) == 0;
            let opening = match place {
                0 if self.random.u8(0..4) > 0 => &MAKERS[..],
                1 if self.random.bool() => {
                    std::slice::from_ref(&OPENERS[self.random.usize(0..OPENERS.len())])
                }
                _ => &[],
            };
            let mut draws = 0;
            // A command that may not be used is drawn again: a device of another driver, or another subsystem.
            loop {
                let kind = self.kind(opening, &theme);
                let Some((command, succeeds)) = self.draw(&mut program, favourites, kind, &may) else {
                    continue;
                };
                draws += 1;
                if succeeds || any || draws > COMMAND_DRAWS {
                    self.done[kind] += u32::from(succeeds);
                    program.tasks[0].commands.push(command);
                    break;
                }
            }
        }
        program
    }

    /// A kind of command: the one that the program is to be opened with, or of some that are drawn the one that has
    /// succeeded least.
    fn kind(&mut self, opening: &[&str], theme: &[usize]) -> usize {
        if let Some(kind) = self.every.iter().position(|spec| opening.contains(&spec.name)) {
            return kind;
        }
        if self.random.bool() {
            return theme[self.random.usize(0..theme.len())];
        }
        self.least_done(KINDS_DRAWN)
    }

    /// Of so many kinds that are drawn the one that has succeeded least.
    fn least_done(&mut self, drawn: usize) -> usize {
        let kinds = (0..drawn).map(|_| self.random.usize(0..self.every.len()));
        kinds.min_by_key(|kind| self.done[*kind]).expect("some are drawn")
    }

    /// What a program is about: a kind that has succeeded seldom, and those that name the same sort of object, of
    /// which one may make what another needs.
    fn theme(&mut self) -> Vec<usize> {
        let first = self.least_done(KINDS_DRAWN * 2);
        let names = |kind: usize| {
            let named = self.every[kind].operands.iter().skip(1).filter(|operand| !operand.optional);
            named.map(|operand| operand.what)
        };
        let alike =
            |kind: &usize| *kind == first || names(*kind).any(|what| names(first).any(|own| own == what));
        (0..self.every.len()).filter(alike).collect()
    }

    /// A command of this kind that would succeed after the program, or else one that would not; none if none that
    /// was drawn may be used.
    fn draw(
        &mut self,
        program: &mut Program,
        favourites: Favourites,
        kind: usize,
        may: impl Fn(&Command) -> bool,
    ) -> Option<(Command, bool)> {
        let mut refused = None;
        for _ in 0..OPERAND_DRAWS {
            let command = self.command(favourites, kind);
            if !may(&command) {
                continue;
            }
            program.tasks[0].commands.push(command);
            let end = self.machine.run(program).events.iter().rev().find_map(|event| match event.what {
                What::End(_, errno) => Some(errno),
                _ => None,
            });
            program.tasks[0].commands.pop();
            if end == Some(None) {
                return Some((command, true));
            }
            refused = Some((command, false));
        }
        refused
    }

    /// What may be left out mostly is; a name is often about the same thing as the one before; a mode or a switch is
    /// to change.
    fn command(&mut self, favourites: Favourites, kind: usize) -> Command {
        let (random, spec) = (&mut self.random, self.every[kind]);
        let mut bytes = [0; OPERANDS_MAX];
        for (byte, operand) in bytes.iter_mut().zip(spec.operands) {
            let count = operand.words.len();
            *byte = match () {
                () if operand.optional && random.bool() => 0,
                () if count <= SWITCH || random.u8(0..3) == 0 => random.u8(0..count as u8),
                () => favourites.operand(random, operand),
            };
        }
        Command::decode(spec.opcode, &bytes).expect("every word of the table has a meaning")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Subsystem;

    #[test]
    fn most_commands_succeed_and_one_seed_makes_one_program() {
        let (mut machine, mut done, mut refused) = (Machine::default(), 0, 0);
        let may = |command: &Command| matches!(command, Command::Devlink(_) | Command::Driver(_));
        let variants = Subsystem::Devlink.variant("linux-6.12").expect("it is a variant");
        let variants = Variants::to_break(Subsystem::Devlink, &variants);
        for seed in 0..200 {
            let tasks = Sequences::new(seed).next(variants, may).tasks;
            assert_eq!(tasks, Sequences::new(seed).next(variants, may).tasks);
            let program = Program { variants, tasks, ..Program::default() };
            for event in &machine.run(&program).events {
                match event.what {
                    What::End(_, None) => done += 1,
                    What::End(_, Some(_)) => refused += 1,
                    _ => {}
                }
            }
        }
        assert!(done > 2 * refused && refused > 20, "{done} done, {refused} refused");
    }
}
