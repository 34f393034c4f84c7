//! All programs of at most so many commands, one of each set that differ in names only.
//!
//! The names are those of tasks, of UUIDs, and of the devices of one driver that the model treats alike. Which device is
//! tied to which netdev makes RDMA devices differ, and who may be moved where makes namespaces differ: those keep their names.

use crate::event::TaskName;
use crate::operand::{CommandSpec, OPERANDS_MAX};
use crate::program::{Command, Program, TASKS_MAX, Task, Variants};
use crate::search::generate::Alphabet;

/// How the names begin that can be exchanged for each other.
const FAMILIES: [&str; 4] = ["uuid-", "mtty/", "mlx5/", "netdevsim/"];

/// A command with its operands, as bytes.
type Coded = (usize, [u8; OPERANDS_MAX]);

/// The programs, one after the other.
#[derive(Debug)]
pub struct All {
    specs: Vec<&'static CommandSpec>,
    /// Every command, as few names as programs of this length need.
    commands: Vec<Coded>,
    variants: Variants,
    /// How the commands are shared out: the lengths of the tasks, the longest first.
    shapes: std::vec::IntoIter<Vec<usize>>,
    shape: Vec<usize>,
    /// The commands of the program that is next, by their numbers; none before the first of a shape.
    digits: Option<Vec<usize>>,
}

impl All {
    /// All programs of 1 to `most` commands of an alphabet, under these variants.
    pub fn new(alphabet: &Alphabet, most: usize, variants: Variants) -> All {
        let specs = alphabet.all().to_vec();
        let commands = (0..specs.len()).flat_map(|spec| spelled(&specs, spec, most)).collect();
        let shapes: Vec<Vec<usize>> = (1..=most).flat_map(|commands| shapes(commands, commands)).collect();
        All { specs, commands, variants, shapes: shapes.into_iter(), shape: Vec::new(), digits: None }
    }

    /// How many different commands the programs are made of.
    pub fn commands(&self) -> usize {
        self.commands.len()
    }

    /// Goes on to the next numbers; false after the last program.
    fn advance(&mut self) -> bool {
        if let Some(digits) = &mut self.digits {
            for digit in digits.iter_mut().rev() {
                *digit += 1;
                if *digit < self.commands.len() {
                    return true;
                }
                *digit = 0;
            }
        }
        let Some(shape) = self.shapes.next() else { return false };
        self.digits = Some(vec![0; shape.iter().sum()]);
        self.shape = shape;
        !self.commands.is_empty()
    }

    /// The tasks of the program that is next.
    fn tasks(&self) -> Vec<Vec<Coded>> {
        let mut digits = self.digits.iter().flatten().map(|digit| self.commands[*digit]);
        self.shape.iter().map(|length| digits.by_ref().take(*length).collect()).collect()
    }

    /// Whether no other program that differs in names only comes before this one.
    fn is_first(&self, tasks: &[Vec<Coded>]) -> bool {
        let mut order: Vec<usize> = (0..tasks.len()).collect();
        let mut is_first = true;
        permutations(&mut order, 0, &mut |order| {
            let is_shape = order.iter().zip(tasks).all(|(from, task)| tasks[*from].len() == task.len());
            if is_first && is_shape {
                let ordered: Vec<&[Coded]> = order.iter().map(|from| tasks[*from].as_slice()).collect();
                is_first = self.renamed(&ordered).is_none_or(|renamed| renamed.as_slice() >= tasks);
            }
        });
        is_first
    }

    /// The same with the first names of each family, in the order in which they are used; none if an operand has no such
    /// name.
    fn renamed(&self, tasks: &[&[Coded]]) -> Option<Vec<Vec<Coded>>> {
        let mut used: [Vec<&str>; FAMILIES.len()] = Default::default();
        let mut rename = |(spec, mut bytes): Coded| {
            for (byte, operand) in bytes.iter_mut().zip(self.specs[spec].operands) {
                let word = operand.words[usize::from(*byte)];
                let Some(family) = family(word) else { continue };
                let at = used[family].iter().position(|known| *known == word).unwrap_or_else(|| {
                    used[family].push(word);
                    used[family].len() - 1
                });
                let new = members(family, operand.words).nth(at)?;
                *byte = operand.words.iter().position(|word| *word == new)? as u8;
            }
            Some((spec, bytes))
        };
        tasks.iter().map(|task| task.iter().map(|command| rename(*command)).collect()).collect()
    }

    fn program(&self, tasks: &[Vec<Coded>]) -> Program {
        let names = TaskName::ALL.iter().filter(|name| !name.is_worker());
        let command = |(spec, bytes): &Coded| {
            Command::decode(self.specs[*spec].opcode, bytes).expect("its operands have names")
        };
        let task = |(name, task): (&TaskName, &Vec<Coded>)| Task {
            name: *name,
            commands: task.iter().map(command).collect(),
        };
        Program { variants: self.variants, tasks: names.zip(tasks).map(task).collect(), ..Program::default() }
    }
}

impl Iterator for All {
    type Item = Program;

    fn next(&mut self) -> Option<Program> {
        while self.advance() {
            let tasks = self.tasks();
            if self.is_first(&tasks) {
                return Some(self.program(&tasks));
            }
        }
        None
    }
}

/// The family that a name is of.
fn family(word: &str) -> Option<usize> {
    FAMILIES.iter().position(|family| word.starts_with(family))
}

/// The names of a family among those of an operand.
fn members<'a>(of: usize, words: &'a [&'static str]) -> impl Iterator<Item = &'static str> + 'a {
    words.iter().copied().filter(move |word| family(word) == Some(of))
}

/// A command with all its operands, but of each family only the first names, as many as there can be.
fn spelled(specs: &[&'static CommandSpec], spec: usize, most: usize) -> Vec<Coded> {
    let mut all = vec![[0; OPERANDS_MAX]];
    // Each command may say as many new names of a family as it has operands of it.
    let names = |of| {
        let says = |spec: &&CommandSpec| {
            spec.operands.iter().filter(|operand| members(of, operand.words).next().is_some()).count()
        };
        most * specs.iter().map(says).max().unwrap_or(0)
    };
    for (at, operand) in specs[spec].operands.iter().enumerate() {
        let may = |word: &&'static str| {
            family(word)
                .is_none_or(|of| members(of, operand.words).take(names(of)).any(|known| known == *word))
        };
        let bytes: Vec<u8> = (0..operand.words.len())
            .filter(|byte| may(&operand.words[*byte]))
            .map(|byte| byte as u8)
            .collect();
        let with = |before: &[u8; OPERANDS_MAX]| {
            let before = *before;
            bytes.clone().into_iter().map(move |byte| {
                let mut after = before;
                after[at] = byte;
                after
            })
        };
        all = all.iter().flat_map(with).collect();
    }
    all.into_iter().map(|bytes| (spec, bytes)).collect()
}

/// Every way to share commands out to tasks, none longer than this, the longest first.
fn shapes(commands: usize, longest: usize) -> Vec<Vec<usize>> {
    if commands == 0 {
        return vec![Vec::new()];
    }
    let with = |length: usize| {
        shapes(commands - length, length).into_iter().map(move |rest| [vec![length], rest].concat())
    };
    let mut all: Vec<Vec<usize>> = (1..=longest.min(commands)).rev().flat_map(with).collect();
    all.retain(|shape| shape.len() <= TASKS_MAX);
    all
}

/// Calls with every order of what is behind the first so many.
fn permutations(order: &mut [usize], fixed: usize, call: &mut impl FnMut(&[usize])) {
    if fixed + 1 >= order.len() {
        return call(order);
    }
    for other in fixed..order.len() {
        order.swap(fixed, other);
        permutations(order, fixed + 1, call);
        order.swap(fixed, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::judge;
    use crate::program::Subsystem;
    use crate::search::prove::{Explores, Prover};
    use fastrand::Rng;
    use std::collections::BTreeSet;

    fn few() -> Alphabet {
        let mut alphabet = Alphabet::new(&[Subsystem::Mdev]);
        alphabet.keep(&["mtty.probe", "mdev.create", "mdev.remove"]);
        alphabet
    }

    #[test]
    fn commands_are_shared_out_once() {
        assert_eq!(shapes(3, 3), [vec![3], vec![2, 1], vec![1, 1, 1]]);
        assert_eq!(shapes(8, 8).len(), 22, "the partitions of 8");
    }

    #[test]
    fn of_programs_that_differ_in_names_one_comes() {
        let programs: Vec<Program> = All::new(&few(), 2, Variants::default()).collect();
        let texts: BTreeSet<String> = programs.iter().map(|program| program.to_string()).collect();
        assert_eq!(texts.len(), programs.len());
        let has = |lines: &[&str]| texts.iter().any(|text| lines.iter().all(|line| text.contains(line)));
        assert!(has(&["mdev.create mtty/0 uuid-a"]) && has(&["mdev.create mtty/0 uuid-b"]));
        let alone = programs.iter().filter(|program| program.commands() == 1);
        let alone: Vec<String> = alone.map(|program| program.to_string()).collect();
        assert!(alone.iter().all(|text| !text.contains("uuid-b") && !text.contains("mtty/1")), "{alone:?}");
        // Which of two tasks comes first is a name too.
        let pair = |one: &str, other: &str| {
            let is_it = |text: &&String| {
                let mut lines = text.lines().filter(|line| line.starts_with("  "));
                text.contains("task probe") && lines.next() == Some(one) && lines.next() == Some(other)
            };
            texts.iter().filter(is_it).count()
        };
        let (one, other) = ("  mtty.probe mtty/0", "  mdev.create mtty/0 uuid-a");
        assert_eq!(pair(one, other) + pair(other, one), 1, "{texts:?}");
    }

    /// Devices and UUIDs that are exchanged lead to as many interleavings, and break the same.
    #[test]
    fn names_that_are_exchanged_change_nothing() {
        let mut random = Rng::with_seed(3);
        let of = [Subsystem::Devlink, Subsystem::Mdev];
        let exchanged = |text: &str| {
            let mut text = text.to_string();
            for (one, other) in [
                ("uuid-a", "uuid-b"),
                ("mtty/0", "mtty/1"),
                ("mlx5/0", "mlx5/1"),
                ("netdevsim/0", "netdevsim/1"),
            ] {
                text = text.replace(one, "\0").replace(other, one).replace('\0', other);
            }
            text
        };
        let proof = |program: Program| {
            let mut prover = Prover::new(program, Explores::Reduced);
            let mut broken = BTreeSet::new();
            while let Some(execution) = prover.step() {
                broken.extend(judge(execution.trace).iter().map(|violation| violation.invariant.name));
                if execution.trace.steps > 5_000 {
                    break;
                }
            }
            (prover.progress().stats().executions, broken)
        };
        let mut told = 0;
        while told < 150 {
            let alphabet = Alphabet::new(&[of[told % 2]]);
            let mut program = crate::search::generate::generate(&mut random, &alphabet);
            program.tasks.truncate(2);
            program.tasks.iter_mut().for_each(|task| task.commands.truncate(2));
            let text = program.to_string();
            let other = exchanged(&text);
            if other == text {
                continue;
            }
            let other = Program::parse(&other, "exchanged").unwrap();
            assert_eq!(proof(program), proof(other), "{text}");
            told += 1;
        }
    }
}
