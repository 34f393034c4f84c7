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
const SEQUENCE_MAX: usize = 16;
/// How often operands are drawn for one command until it would succeed.
const OPERAND_DRAWS: usize = 8;
/// How often another command is drawn.
const COMMAND_DRAWS: usize = 20;
/// How many commands that helped are remembered of each kind.
const KNOWN_MAX: usize = 8;
/// An operand with no more words than these is a switch or a mode.
const SWITCH: usize = 3;
/// How many commands are tried after which another would succeed.
const BRIDGE_DRAWS: usize = 40;
/// Of so many kinds of commands one is chosen.
const KINDS_DRAWN: usize = 2;

/// Makes programs up, one after the other; what succeeded seldom so far is tried more often.
#[derive(Debug)]
pub struct Sequences {
    random: fastrand::Rng,
    machine: Machine,
    every: Vec<&'static CommandSpec>,
    /// How often each of them was asked for, and how often it succeeded.
    asked: Vec<u32>,
    done: Vec<u32>,
    /// For each kind some commands of it that succeeded: what they name is likely to be there again.
    succeeded: Vec<Vec<Command>>,
    /// For each kind some commands after which it, or another about the same sort of object, succeeded.
    bridges: Vec<Vec<Command>>,
}

impl Sequences {
    /// The programs of a seed.
    pub fn new(seed: u64) -> Self {
        let every: Vec<_> = Command::specs().collect();
        let kinds = every.len();
        Sequences {
            random: fastrand::Rng::with_seed(seed),
            machine: Machine::default(),
            every,
            asked: vec![0; kinds],
            done: vec![0; kinds],
            succeeded: vec![Vec::new(); kinds],
            bridges: vec![Vec::new(); kinds],
        }
    }

    /// The programs of a seed, of only those kinds of commands of which one may be used.
    pub fn over(seed: u64, may: impl Fn(&Command) -> bool) -> Self {
        let mut sequences = Sequences::new(seed);
        // Of some only a few operands may be used: a module that is no other's.
        let first = |spec: &CommandSpec, byte| Command::decode(spec.opcode, &[byte, 0, 0, 0, 0, 0, 0]);
        sequences
            .every
            .retain(|spec| (0..=u8::MAX).filter_map(|byte| first(spec, byte)).any(|command| may(&command)));
        sequences
    }

    /// Generates a program of one task under these variants, and only of commands that may be used. Most begin by
    /// making the device that they are about; a fifth of the others are taken as they are drawn, refused or not.
    pub fn next(&mut self, variants: Variants, may: impl Fn(&Command) -> bool) -> Program {
        let favourites = Favourites::new(&mut self.random);
        let theme = self.theme();
        let task = Task { name: TaskName::User, commands: Vec::new() };
        let mut program = Program { variants, tasks: vec![task], ..Program::default() };
        for place in 0..self.random.usize(1..=SEQUENCE_MAX) {
            let any = self.random.u8(0..5) == 0;
            let mut opening = match place {
                0 if self.random.u8(0..4) > 0 => &MAKERS[..],
                _ => &[],
            };
            if place > 0 && self.random.u8(0..4) == 0 && self.bridge(&mut program, favourites, &theme, &may) {
                continue;
            }
            let mut draws = 0;
            // A command that may not be used is drawn again: a device of another driver, or another subsystem.
            loop {
                let kind = self.kind(opening, &theme);
                let Some((command, succeeds)) = self.draw(&mut program, favourites, kind, &may) else {
                    opening = opening.get(1..).unwrap_or_default();
                    continue;
                };
                draws += 1;
                if succeeds || any || draws > COMMAND_DRAWS {
                    self.asked[kind] += 1;
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

    /// Of so many kinds that are drawn the one that has succeeded least, and of those that cannot succeed the one that
    /// was asked for least.
    fn least_done(&mut self, drawn: usize) -> usize {
        let kinds = (0..drawn).map(|_| self.random.usize(0..self.every.len()));
        kinds.min_by_key(|kind| self.done[*kind] + self.asked[*kind]).expect("some are drawn")
    }

    /// Goes on with a command after which more of the kinds that a program is about would succeed: one that has helped
    /// before, or one that is found. False if there is none, or none is needed.
    fn bridge(
        &mut self,
        program: &mut Program,
        favourites: Favourites,
        theme: &[usize],
        may: impl Fn(&Command) -> bool,
    ) -> bool {
        let can = |this: &mut Self, program: &mut Program| {
            let succeeds =
                |kind: &&usize| this.draw(program, favourites, **kind, &may).is_some_and(|drawn| drawn.1);
            theme.iter().filter(succeeds).count()
        };
        let before = can(self, program);
        if before == theme.len() {
            return false;
        }
        let known = self.bridges[theme[0]].clone();
        for draw in 0..known.len() + BRIDGE_DRAWS {
            let command = match known.get(draw) {
                Some(command) => Some(*command).filter(|command| self.succeeds(program, *command)),
                None => {
                    let kind = self.random.usize(0..self.every.len());
                    self.draw(program, favourites, kind, &may)
                        .and_then(|(command, succeeds)| succeeds.then_some(command))
                }
            };
            let Some(command) = command else { continue };
            program.tasks[0].commands.push(command);
            if can(self, program) > before {
                remember(&mut self.bridges[theme[0]], command, &mut self.random);
                return true;
            }
            program.tasks[0].commands.pop();
        }
        false
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
            let known = &self.succeeded[kind];
            let command = if !known.is_empty() && self.random.bool() {
                known[self.random.usize(0..known.len())]
            } else {
                self.command(favourites, kind)
            };
            if !may(&command) {
                continue;
            }
            if self.succeeds(program, command) {
                remember(&mut self.succeeded[kind], command, &mut self.random);
                return Some((command, true));
            }
            refused = Some((command, false));
        }
        refused
    }

    /// Whether a command would succeed after the program.
    fn succeeds(&mut self, program: &mut Program, command: Command) -> bool {
        program.tasks[0].commands.push(command);
        let end = self.machine.run(program).events.iter().rev().find_map(|event| match event.what {
            What::End(_, errno) => Some(errno),
            _ => None,
        });
        program.tasks[0].commands.pop();
        end == Some(None)
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

/// Keeps a few of the commands that helped; a new one takes the place of any other.
fn remember(known: &mut Vec<Command>, command: Command, random: &mut fastrand::Rng) {
    if known.contains(&command) {
        return;
    }
    if known.len() < KNOWN_MAX { known.push(command) } else { known[random.usize(0..KNOWN_MAX)] = command }
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
