//! Edits of a program's schedule.

use super::{Material, any};
use crate::event::{Point, TaskName};
use crate::program::{Program, SEGMENTS_MAX, Segment};
use fastrand::Rng;

/// Goes on with the other program's schedule from some segment on.
pub(super) fn splice_schedule(program: &mut Program, random: &mut Rng, material: &Material<'_>) {
    let Some(from) = any(random, material.partner.schedule.len()) else { return };
    program.schedule.truncate(random.usize(0..=program.schedule.len()));
    program.schedule.extend_from_slice(&material.partner.schedule[from..]);
    program.schedule.truncate(SEGMENTS_MAX);
}

/// A task of the program, or now and then a worker.
fn any_runner(program: &Program, random: &mut Rng) -> Option<TaskName> {
    if random.u8(0..6) == 0 {
        let workers = || TaskName::ALL.iter().filter(|name| name.is_worker() && **name != TaskName::Kernel);
        return workers().nth(random.usize(0..workers().count())).copied();
    }
    any(random, program.tasks.len()).map(|task| program.tasks[task].name)
}

/// A place to stop at: one that a schedule at hand names, since a task has come to it, or any.
fn any_stop(program: &Program, random: &mut Rng, material: &Material<'_>) -> Option<(Point, u8)> {
    let known = if random.bool() { &program.schedule } else { &material.partner.schedule };
    let count = if random.u8(0..4) == 0 { random.u8(1..=4) } else { 1 };
    match (random.u8(0..8), any(random, known.len())) {
        (0, _) => None,
        (1, _) | (_, None) => Some((Point::ALL[random.usize(0..Point::ALL.len())], count)),
        (_, Some(at)) => known[at].until.map(|(point, counted)| (point, counted.min(count))),
    }
}

pub(super) fn insert_segment(program: &mut Program, random: &mut Rng, material: &Material<'_>) {
    let Some(task) = any_runner(program, random) else { return };
    if program.schedule.len() >= SEGMENTS_MAX {
        return;
    }
    let until = any_stop(program, random, material);
    program.schedule.insert(random.usize(0..=program.schedule.len()), Segment { task, until });
}

pub(super) fn delete_segment(program: &mut Program, random: &mut Rng, _: &Material<'_>) {
    if let Some(at) = any(random, program.schedule.len()) {
        program.schedule.remove(at);
    }
}

pub(super) fn change_segment(program: &mut Program, random: &mut Rng, material: &Material<'_>) {
    let Some(at) = any(random, program.schedule.len()) else { return };
    let Some(task) = any_runner(program, random) else { return };
    let until = any_stop(program, random, material);
    let segment = &mut program.schedule[at];
    match (random.u8(0..3), &mut segment.until) {
        (0, _) => segment.task = task,
        (1, Some((_, count))) => {
            *count = if random.bool() { count.saturating_add(1) } else { count.saturating_sub(1).max(1) }
        }
        _ => segment.until = until,
    }
}
