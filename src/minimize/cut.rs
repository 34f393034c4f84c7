//! Dropping parts of a program: commands, tasks, variants, segments; and joining two tasks to one.

use super::Minimizer;
use crate::event::{TaskName, What};
use crate::program::{Command, Program, Variants};
use std::ops::Range;

impl Minimizer<'_> {
    pub(super) fn cut_commands(&mut self) {
        self.cut_ranges(Program::commands, remove_commands, |program, range| {
            let (task, first) = command_at(program, range.start);
            match range.len() {
                1 => format!("without command {} of {}", first + 1, program.tasks[task].name),
                count => {
                    format!("without {count} commands from {} of {} on", first + 1, program.tasks[task].name)
                }
            }
        });
    }

    pub(super) fn cut_segments(&mut self) {
        let count = |program: &Program| program.schedule.len();
        let remove = |program: &mut Program, range: Range<usize>| drop(program.schedule.drain(range));
        self.cut_ranges(count, remove, |_, range| match range.len() {
            1 => format!("without segment {}", range.start + 1),
            count => format!("without {count} segments from {} on", range.start + 1),
        });
    }

    /// Drops ranges of a list: halves, quarters, and so on down to single elements, from the end on, since
    /// what comes last is needed least often.
    fn cut_ranges(
        &mut self,
        count: impl Fn(&Program) -> usize,
        remove: impl Fn(&mut Program, Range<usize>),
        describe: impl Fn(&Program, Range<usize>) -> String,
    ) {
        let mut size = count(&self.best);
        while size > 0 {
            let mut end = count(&self.best);
            while end > 0 {
                let range = end.saturating_sub(size)..end;
                let described = describe(&self.best, range.clone());
                self.attempt(|program| remove(program, range.clone()), || described);
                // The elements before the range keep their places, whether or not it is gone.
                end = range.start;
            }
            size = size.min(count(&self.best)) / 2;
        }
    }

    pub(super) fn cut_tasks(&mut self) {
        for task in (0..self.best.tasks.len()).rev() {
            // Tasks without a command go with the first change that is kept.
            let Some(name) = self.best.tasks.get(task).map(|task| task.name) else { continue };
            let cut = |program: &mut Program| {
                program.tasks.remove(task);
                program.schedule.retain(|segment| segment.task != name);
            };
            self.attempt(cut, || format!("without task {name}"));
        }
    }

    pub(super) fn cut_variants(&mut self) {
        for (subsystem, variant) in self.best.variants.iter().collect::<Vec<_>>() {
            let cut = |program: &mut Program| {
                let mut fewer = Variants::default();
                let others =
                    program.variants.iter().filter(|(of, it)| (*of, it.id) != (subsystem, variant.id));
                others.for_each(|(of, other)| fewer.insert(of, other.id));
                program.variants = fewer;
            };
            self.attempt(cut, || format!("without variant {subsystem}={}", variant.name));
        }
    }

    /// Lets one task do what two did: what fails without a race need not look like one. The commands come in
    /// the order in which they ended or began, or else one task's after the other's.
    pub(super) fn join_tasks(&mut self) {
        let ended = self.order_of(|what| if let What::End(at, _) = what { Some(at) } else { None });
        let began = self.order_of(|what| if let What::Begin(at) = what { Some(at) } else { None });
        let count = self.best.tasks.len();
        let pairs = (0..count).flat_map(|first| (0..count).map(move |then| (first, then)));
        for (first, then) in pairs.filter(|(first, then)| first != then) {
            let (name, joined) = (self.best.tasks[first].name, self.best.tasks[then].name);
            let of_both = |task: &usize| *task == first || *task == then;
            let mixed = |order: &[(usize, usize)]| -> Vec<Command> {
                let own = order.iter().filter(|(task, _)| of_both(task));
                own.map(|(task, at)| self.best.tasks[*task].commands[*at]).collect()
            };
            let appended = [first, then].map(|task| self.best.tasks[task].commands.clone()).concat();
            let ways = [
                (mixed(&ended), "in the order they ended"),
                (mixed(&began), "in the order they began"),
                (appended, "at its end"),
            ];
            for (commands, how) in ways {
                for keep in [false, true] {
                    let join = |program: &mut Program| {
                        program.tasks[then].commands.clear();
                        program.tasks[first].commands = commands.clone();
                        rename_segments(program, joined, keep.then_some(name));
                    };
                    let kept = if keep { "" } else { " and no longer scheduled" };
                    if self.attempt(join, || format!("with {joined} joined to {name} {how}{kept}")) {
                        return;
                    }
                }
            }
        }
    }

    /// Every command's task and place, in the order of these events; those that have none come last.
    fn order_of(&mut self, of: impl Fn(What) -> Option<u8>) -> Vec<(usize, usize)> {
        let trace = self.machine.run(&self.best);
        let events = trace.events.iter();
        let commands = events.filter_map(|event| of(event.what).map(|at| (event.task.into(), at.into())));
        let mut order: Vec<(usize, usize)> = commands.collect();
        for (index, task) in self.best.tasks.iter().enumerate() {
            let never = (0..task.commands.len()).map(|at| (index, at)).filter(|it| !order.contains(it));
            order.extend(never.collect::<Vec<_>>());
        }
        order
    }
}

/// Gives the segments of a task to another one, or drops them.
fn rename_segments(program: &mut Program, from: TaskName, to: Option<TaskName>) {
    match to {
        Some(to) => {
            let segments = program.schedule.iter_mut().filter(|segment| segment.task == from);
            segments.for_each(|segment| segment.task = to);
        }
        None => program.schedule.retain(|segment| segment.task != from),
    }
}

/// The task and the place in it of a command, counted through all tasks.
fn command_at(program: &Program, mut at: usize) -> (usize, usize) {
    for (index, task) in program.tasks.iter().enumerate() {
        if at < task.commands.len() {
            return (index, at);
        }
        at -= task.commands.len();
    }
    unreachable!("there is no command {at}")
}

fn remove_commands(program: &mut Program, range: Range<usize>) {
    let mut at = 0;
    for task in &mut program.tasks {
        task.commands.retain(|_| {
            let keep = !range.contains(&at);
            at += 1;
            keep
        });
    }
}
