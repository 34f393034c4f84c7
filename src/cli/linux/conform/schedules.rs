//! Programs of several tasks with a schedule that a kernel can follow: the model walks over points that have places.

use super::Symbols;
use super::walk::Walk;
use std::collections::HashSet;
use std::sync::Arc;
use unreg::event::{Point, TaskName, What};
use unreg::linux::{compare, perform};
use unreg::program::{Command, Program, SEGMENTS_MAX, Segment, Subsystem, Task, Variants};
use unreg::run::Machine;
use unreg::search::Sequences;

/// The most commands of a program: more tasks than commands meet nowhere.
const COMMANDS: usize = 9;
/// Up to so many of them are done before the tasks meet: they make what the others are about.
const FIRST: usize = 3;
/// Of so many commands one is given to two tasks: they meet in what it does.
const TWICE: u32 = 4;
/// The names of the tasks.
const TASKS: [TaskName; 4] = [TaskName::User, TaskName::Admin, TaskName::Remove, TaskName::Probe];
/// Of so many walks the one is taken in which most commands succeed.
const WALKS: u64 = 6;
/// A segment that comes to its point more often than this says little to a reader.
const COUNT: u8 = 4;

/// Makes programs up with the commands of one subsystem, or of each in turn.
pub(super) fn programs(
    symbols: &Arc<Symbols>,
    variants: Variants,
    subsystem: Option<Subsystem>,
    seed: u64,
    count: usize,
) -> Vec<(String, Program)> {
    let points = Point::ALL.iter().copied().filter(|point| symbols.has_place(*point));
    let points: Arc<HashSet<Point>> = Arc::new(points.collect());
    let mut machine = Machine::default();
    let may = |of: Subsystem| {
        move |command: &Command| perform::can_compare(of, command) && !perform::lets_time_pass(command)
    };
    let about: Vec<Subsystem> = match subsystem {
        Some(one) => vec![one],
        None => super::ROTA.to_vec(),
    };
    let mut rota: Vec<_> = about.into_iter().map(|of| (Sequences::over(seed, may(of)), may(of))).collect();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut named = Vec::new();
    while named.len() < count {
        let turn = named.len() % rota.len();
        let (sequences, may) = &mut rota[turn];
        let sequence = sequences.next(variants, *may);
        let first = random.usize(0..=FIRST);
        let Some(mut program) = split(sequence, first, &mut random) else { continue };
        if schedule(&mut program, &points, first, &mut machine, &mut random) {
            named.push((format!("program {} of seed {seed}", named.len()), program));
        }
    }
    named
}

/// Gives the commands of one task to several, but for the first ones.
fn split(sequence: Program, first: usize, random: &mut fastrand::Rng) -> Option<Program> {
    let mut commands = sequence.tasks.into_iter().flat_map(|task| task.commands).take(COMMANDS);
    let opening: Vec<Command> = commands.by_ref().take(first.max(1)).collect();
    let rest: Vec<Command> = commands.collect();
    let count = random.usize(2..=TASKS.len()).min(rest.len());
    if count < 2 {
        return None;
    }
    let mut tasks: Vec<Task> =
        TASKS[..count].iter().map(|name| Task { name: *name, commands: Vec::new() }).collect();
    tasks[0].commands.extend(opening);
    for command in rest {
        let first = random.usize(0..count);
        tasks[first].commands.push(command);
        if random.u32(0..TWICE) == 0 {
            tasks[(first + random.usize(1..count)) % count].commands.push(command);
        }
    }
    tasks.retain(|task| !task.commands.is_empty());
    (tasks.len() > 1).then(|| Program { tasks, expect: 0, ..sequence_of(sequence.variants) })
}

fn sequence_of(variants: Variants) -> Program {
    Program { variants, ..Program::default() }
}

/// Sets the schedule of a walk; false if none of some is of use.
fn schedule(
    program: &mut Program,
    points: &Arc<HashSet<Point>>,
    first: usize,
    machine: &mut Machine,
    random: &mut fastrand::Rng,
) -> bool {
    let mut best: Option<(usize, Vec<Segment>)> = None;
    for _ in 0..WALKS {
        let (_, schedule, _) = machine.drive(program, Walk::new(points, random.u64(..), first));
        let is_readable = |segment: &Segment| segment.until.is_none_or(|(_, count)| count <= COUNT);
        if schedule.len() > SEGMENTS_MAX || !schedule.iter().all(is_readable) {
            continue;
        }
        let stops = schedule.iter().filter(|segment| segment.until.is_some()).count();
        let candidate = Program { schedule: schedule.clone(), ..program.clone() };
        let trace = machine.run(&candidate);
        // What a kernel does after an oops is not known, and a wait without end costs a guest.
        if stops == 0 || !compare::is_defined(trace) {
            continue;
        }
        let done = trace.events.iter().filter(|event| matches!(event.what, What::End(_, None))).count();
        if best.as_ref().is_none_or(|(most, _)| done > *most) {
            best = Some((done, schedule));
        }
    }
    match best {
        Some((_, schedule)) => {
            program.schedule = schedule;
            true
        }
        None => false,
    }
}
