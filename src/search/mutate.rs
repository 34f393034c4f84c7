//! Changing programs: small edits of tasks, commands, operands and schedule, and pieces of another program.
//!
//! Every edit keeps the limits of a program. One that cannot be made leaves the program as it was.

mod schedule;

use super::generate::{Alphabet, Favourites};
use crate::event::TaskName;
use crate::program::{COMMANDS_MAX, Command, Program, TASKS_MAX, Task};
use fastrand::Rng;
use schedule::{change_segment, delete_segment, insert_segment, splice_schedule};

/// The most edits from a program to the next: one is the commonest, each more half as likely.
const EDITS_MAX: usize = 6;

/// An edit: from a source of chance, the commands to draw from and another program to take pieces of.
type Edit = fn(&mut Program, &mut Rng, &Material<'_>);

/// What edits may draw from.
struct Material<'a> {
    alphabet: &'a Alphabet,
    partner: &'a Program,
    favourites: Favourites,
}

/// Every edit, with how often it is chosen.
const EDITS: &[(u8, Edit)] = &[
    (6, insert_command),
    (4, delete_command),
    (3, replace_command),
    (2, duplicate_command),
    (4, move_command),
    (4, change_operand),
    (1, split_task),
    (1, merge_tasks),
    (1, swap_tasks),
    (2, splice_commands),
    (2, splice_task),
    (2, splice_schedule),
    (3, insert_segment),
    (2, delete_segment),
    (3, change_segment),
];

/// Changes a program a little.
pub fn mutate(program: &mut Program, random: &mut Rng, alphabet: &Alphabet, partner: &Program) {
    let material = Material { alphabet, partner, favourites: Favourites::new(random) };
    let weight_all: u32 = EDITS.iter().map(|(weight, _)| u32::from(*weight)).sum();
    for edits in 1..=EDITS_MAX {
        let mut chosen = random.u32(0..weight_all);
        for (weight, edit) in EDITS {
            let weight = u32::from(*weight);
            if chosen < weight {
                edit(program, random, &material);
                break;
            }
            chosen -= weight;
        }
        // A program without a command does nothing, so such an edit is never the last one.
        if program.commands() > 0 && (edits == EDITS_MAX || random.bool()) {
            break;
        }
    }
    if program.commands() == 0 {
        insert_command(program, random, &material);
    }
}

/// The edits of a schedule alone.
const RESCHEDULES: [Edit; 4] = [insert_segment, change_segment, delete_segment, splice_schedule];

/// Changes the schedule of a program a little, and nothing else.
pub fn reschedule(program: &mut Program, random: &mut Rng, alphabet: &Alphabet, partner: &Program) {
    let material = Material { alphabet, partner, favourites: Favourites::new(random) };
    for _ in 0..EDITS_MAX {
        RESCHEDULES[random.usize(0..RESCHEDULES.len())](program, random, &material);
        if random.bool() {
            break;
        }
    }
}

/// The edits that take something of the other program.
const CROSSES: [Edit; 3] = [splice_commands, splice_task, splice_schedule];

/// Puts pieces of another program in: commands, a task, or the rest of its schedule.
pub fn cross(program: &mut Program, random: &mut Rng, alphabet: &Alphabet, partner: &Program) {
    let material = Material { alphabet, partner, favourites: Favourites::new(random) };
    for _ in 0..random.usize(1..=CROSSES.len()) {
        CROSSES[random.usize(0..CROSSES.len())](program, random, &material);
    }
}

/// Drops commands, anywhere, until there are no more than so many.
pub fn trim(program: &mut Program, random: &mut Rng, commands_max: usize) {
    while program.commands() > commands_max {
        drop_command(program, random);
    }
}

/// Any element's index; none of an empty list.
fn any(random: &mut Rng, count: usize) -> Option<usize> {
    (count > 0).then(|| random.usize(0..count))
}

/// Any command's task and index.
fn any_command(program: &Program, random: &mut Rng) -> Option<(usize, usize)> {
    let mut left = any(random, program.commands())?;
    for (task, index) in program.tasks.iter().zip(0..) {
        if left < task.commands.len() {
            return Some((index, left));
        }
        left -= task.commands.len();
    }
    None
}

/// The first name that no task of the program has.
fn unused_name(program: &Program) -> Option<TaskName> {
    let names = TaskName::ALL.iter().filter(|name| !name.is_worker());
    names.copied().find(|name| program.tasks.iter().all(|task| task.name != *name))
}

/// How often, of eight times, a new command is about the object that the program is about, and how often it takes any
/// other operand from it.
const SAME_OBJECT: u8 = 6;
const SAME_OPERAND: u8 = 3;

/// How often, of eight times, a new command is a relative of one that is there.
const RELATIVE: u8 = 3;

/// A command to put into a program: mostly about what the program's own commands are about.
fn command(program: &Program, random: &mut Rng, material: &Material<'_>) -> Command {
    let like = any_command(program, random).filter(|_| random.u8(0..8) < RELATIVE);
    let specs = match like {
        Some((task, at)) => material.alphabet.relatives(program.tasks[task].commands[at].spec()),
        None => material.alphabet.all(),
    };
    let spec = specs[random.usize(0..specs.len())];
    let command = material.favourites.command(random, spec);
    let (opcode, mut bytes) = command.encode();
    for (own, operand) in spec.operands.iter().enumerate() {
        let often = if own == 0 { SAME_OBJECT } else { SAME_OPERAND };
        if random.u8(0..8) >= often {
            continue;
        }
        let Some((task, at)) = any_command(program, random) else { break };
        let like = program.tasks[task].commands[at];
        let same = like.spec().operands.iter().position(|other| other.what == operand.what);
        bytes[own] = same.map_or(bytes[own], |other| like.encode().1[other]);
    }
    Command::decode(opcode, &bytes).unwrap_or(command)
}

fn insert_command(program: &mut Program, random: &mut Rng, material: &Material<'_>) {
    if program.commands() >= COMMANDS_MAX {
        return;
    }
    let command = command(program, random, material);
    let new_task = program.tasks.is_empty() || (program.tasks.len() < TASKS_MAX && random.u8(0..8) == 0);
    match unused_name(program) {
        Some(name) if new_task => program.tasks.push(Task { name, commands: vec![command] }),
        _ => {
            let Some(task) = any(random, program.tasks.len()) else { return };
            let commands = &mut program.tasks[task].commands;
            // Behind the last one it finds all that the others made.
            let at = if random.bool() { commands.len() } else { random.usize(0..=commands.len()) };
            commands.insert(at, command);
        }
    }
}

fn delete_command(program: &mut Program, random: &mut Rng, _: &Material<'_>) {
    drop_command(program, random);
}

fn drop_command(program: &mut Program, random: &mut Rng) {
    let Some((task, at)) = any_command(program, random) else { return };
    program.tasks[task].commands.remove(at);
    if program.tasks[task].commands.is_empty() {
        program.tasks.remove(task);
    }
}

fn replace_command(program: &mut Program, random: &mut Rng, material: &Material<'_>) {
    let Some((task, at)) = any_command(program, random) else { return };
    program.tasks[task].commands[at] = command(program, random, material);
}

fn duplicate_command(program: &mut Program, random: &mut Rng, _: &Material<'_>) {
    let Some((task, at)) = any_command(program, random) else { return };
    if program.commands() >= COMMANDS_MAX {
        return;
    }
    let command = program.tasks[task].commands[at];
    let Some(to) = any(random, program.tasks.len()) else { return };
    let commands = &mut program.tasks[to].commands;
    commands.insert(random.usize(0..=commands.len()), command);
}

fn move_command(program: &mut Program, random: &mut Rng, _: &Material<'_>) {
    let Some((task, at)) = any_command(program, random) else { return };
    let command = program.tasks[task].commands.remove(at);
    let Some(to) = any(random, program.tasks.len()) else { return };
    let commands = &mut program.tasks[to].commands;
    commands.insert(random.usize(0..=commands.len()), command);
    program.tasks.retain(|task| !task.commands.is_empty());
}

fn change_operand(program: &mut Program, random: &mut Rng, material: &Material<'_>) {
    let Some((task, at)) = any_command(program, random) else { return };
    let command = &mut program.tasks[task].commands[at];
    let spec = command.spec();
    let Some(operand) = any(random, spec.operands.len()) else { return };
    let (opcode, mut bytes) = command.encode();
    bytes[operand] = material.favourites.operand(random, &spec.operands[operand]);
    *command = Command::decode(opcode, &bytes).unwrap_or(*command);
}

fn split_task(program: &mut Program, random: &mut Rng, _: &Material<'_>) {
    let Some((task, at)) = any_command(program, random) else { return };
    if at == 0 || program.tasks.len() >= TASKS_MAX {
        return;
    }
    let Some(name) = unused_name(program) else { return };
    let commands = program.tasks[task].commands.split_off(at);
    program.tasks.push(Task { name, commands });
}

fn merge_tasks(program: &mut Program, random: &mut Rng, _: &Material<'_>) {
    let Some(from) = any(random, program.tasks.len()) else { return };
    if program.tasks.len() < 2 {
        return;
    }
    let mut task = program.tasks.remove(from);
    let to = random.usize(0..program.tasks.len());
    program.tasks[to].commands.append(&mut task.commands);
}

fn swap_tasks(program: &mut Program, random: &mut Rng, _: &Material<'_>) {
    let Some(one) = any(random, program.tasks.len()) else { return };
    let other = random.usize(0..program.tasks.len());
    program.tasks.swap(one, other);
}

/// Takes commands of a task of the other program, in their order.
fn splice_commands(program: &mut Program, random: &mut Rng, material: &Material<'_>) {
    let Some((from, first)) = any_command(material.partner, random) else { return };
    let Some(to) = any(random, program.tasks.len()) else { return };
    let room = COMMANDS_MAX.saturating_sub(program.commands());
    let rest = &material.partner.tasks[from].commands[first..];
    let count = random.usize(1..=rest.len()).min(room);
    let commands = &mut program.tasks[to].commands;
    let at = random.usize(0..=commands.len());
    commands.splice(at..at, rest[..count].iter().copied());
}

/// Takes a whole task of the other program.
fn splice_task(program: &mut Program, random: &mut Rng, material: &Material<'_>) {
    let Some(from) = any(random, material.partner.tasks.len()) else { return };
    let task = &material.partner.tasks[from];
    let room = program.commands() + task.commands.len() <= COMMANDS_MAX;
    if program.tasks.len() >= TASKS_MAX || !room || task.commands.is_empty() {
        return;
    }
    let same_name = program.tasks.iter().any(|own| own.name == task.name);
    let Some(name) = (if same_name { unused_name(program) } else { Some(task.name) }) else { return };
    program.tasks.push(Task { name, commands: task.commands.clone() });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Point;
    use crate::program::{SEGMENTS_MAX, Segment};
    use crate::search::generate::generate;
    use std::collections::BTreeSet;

    fn assert_is_legal(program: &Program) {
        assert!(program.tasks.len() <= TASKS_MAX && program.commands() <= COMMANDS_MAX);
        assert!((1..=COMMANDS_MAX).contains(&program.commands()));
        assert!(program.schedule.len() <= SEGMENTS_MAX);
        let names: BTreeSet<_> = program.tasks.iter().map(|task| task.name).collect();
        assert_eq!(names.len(), program.tasks.len(), "two tasks share a name");
        assert!(program.tasks.iter().all(|task| !task.name.is_worker() && !task.commands.is_empty()));
        assert!(program.schedule.iter().all(|segment| segment.until.is_none_or(|(_, count)| count > 0)));
    }

    #[test]
    fn many_edits_in_a_row_keep_the_limits() {
        let mut random = Rng::with_seed(1);
        let alphabet = Alphabet::new(&[]);
        for _ in 0..20 {
            let mut program = generate(&mut random, &alphabet);
            let mut partner = generate(&mut random, &alphabet);
            for _ in 0..2_000 {
                mutate(&mut program, &mut random, &alphabet, &partner);
                assert_is_legal(&program);
                if random.u8(0..50) == 0 {
                    partner = program.clone();
                }
            }
        }
    }

    #[test]
    fn every_edit_changes_something_sometimes() {
        let mut random = Rng::with_seed(2);
        let alphabet = Alphabet::new(&[]);
        let mut partner = generate(&mut random, &alphabet);
        for (_, edit) in EDITS {
            let changed = (0..200).any(|_| {
                let mut program = generate(&mut random, &alphabet);
                let segment = Segment { task: TaskName::User, until: Some((Point::DevlinkLock, 2)) };
                program.schedule.push(segment);
                partner.schedule = vec![segment; 2];
                let before = program.clone();
                let favourites = Favourites::new(&mut random);
                let material = Material { alphabet: &alphabet, partner: &partner, favourites };
                edit(&mut program, &mut random, &material);
                program.tasks != before.tasks || program.schedule != before.schedule
            });
            assert!(changed, "an edit that never edits");
        }
    }
}
