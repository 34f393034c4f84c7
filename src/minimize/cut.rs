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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::minimize::minimize_watched;

    /// What is left of a text, and the changes that were tried with whether they were kept.
    fn minimal(text: &str, still_fails: impl Fn(&Program) -> bool) -> (Program, Vec<(String, bool)>) {
        let program = Program::parse(text, "test").expect("it is a program");
        let mut tried = Vec::new();
        let watch =
            |attempt: &crate::minimize::Attempt<'_>| tried.push((attempt.change.to_owned(), attempt.kept));
        let left = minimize_watched(&program, still_fails, watch);
        (left, tried)
    }

    /// The commands of each task.
    fn commands(program: &Program) -> Vec<Vec<String>> {
        let of = |task: &crate::program::Task| task.commands.iter().map(ToString::to_string).collect();
        program.tasks.iter().map(of).collect()
    }

    /// Whether every segment names a task of the program.
    fn names_tasks(program: &Program) -> bool {
        program.schedule.iter().all(|segment| program.tasks.iter().any(|task| task.name == segment.task))
    }

    #[test]
    fn a_task_goes_with_its_segments() {
        let text = "task user\n  devlink.reload netdevsim/0\n\ntask admin\n  devlink.dump\n\nschedule\n  admin\n  user\n";
        let (left, _) = minimal(text, |program| {
            let is_there = |name| program.tasks.iter().any(|task| task.name == name);
            let is_scheduled = |name| program.schedule.iter().any(|segment| segment.task == name);
            let user = program.tasks.iter().find(|task| task.name == TaskName::User);
            user.is_some_and(|user| user.commands.len() == 1)
                && is_scheduled(TaskName::User)
                && is_there(TaskName::Admin) == is_scheduled(TaskName::Admin)
        });
        assert_eq!((left.tasks.len(), left.schedule.len()), (1, 1), "{left}");
    }

    #[test]
    fn the_variants_that_are_needed_stay() {
        let text =
            "variant devlink early-register linux-6.12\nvariant ib device-mutex\ntask user\n  devlink.dump\n";
        let needed = Variants::parse("devlink=linux-6.12").expect("it is one");
        let needed = needed.union(Variants::parse("ib=device-mutex").expect("it is one"));
        let (left, tried) = minimal(text, |program| program.variants.union(needed) == program.variants);
        assert_eq!(left.variants, needed);
        assert!(tried.contains(&("without variant devlink=early-register".into(), true)), "{tried:?}");
    }

    /// Two tasks of which one does something between what the other does.
    const BETWEEN: &str = "task t1\n  devlink.get netdevsim/0\n  devlink.reload netdevsim/0\n\n\
                           task t2\n  devlink.dump\n\nschedule\n  t1 until command:start #2\n  t2\n";
    const ORDER: [&str; 3] = ["devlink.get netdevsim/0", "devlink.dump", "devlink.reload netdevsim/0"];

    #[test]
    fn tasks_are_joined_in_the_order_in_which_their_commands_ran() {
        let (left, tried) = minimal(BETWEEN, |program| match program.tasks.len() {
            1 => commands(program) == [ORDER] && names_tasks(program),
            _ => program.commands() == 3 && program.schedule.len() == 2,
        });
        assert_eq!(commands(&left), [ORDER]);
        let change = "with t2 joined to t1 in the order they ended and no longer scheduled";
        assert!(tried.contains(&(change.into(), true)), "{tried:?}");
    }

    #[test]
    fn a_joined_task_takes_over_the_segments_that_are_needed() {
        let (left, _) = minimal(BETWEEN, |program| {
            program.commands() == 3 && program.schedule.len() == 2 && names_tasks(program)
        });
        assert_eq!(left.tasks.len(), 1, "{left}");
    }

    #[test]
    fn commands_that_never_run_come_last() {
        // The first task waits for a uevent that is not sent.
        let text = "task t1\n  devlink.get netdevsim/0\n  uevent.wait mtty/0 registered\n  devlink.reload netdevsim/0\n\n\
                    task t2\n  devlink.dump\n";
        let wanted = [
            "devlink.get netdevsim/0",
            "devlink.dump",
            "uevent.wait mtty/0 registered",
            "devlink.reload netdevsim/0",
        ];
        let (left, _) = minimal(text, |program| {
            program.commands() == 4 && (program.tasks.len() == 2 || commands(program) == [wanted])
        });
        assert_eq!(commands(&left), [wanted]);
    }

    #[test]
    fn a_change_names_the_command_that_it_drops() {
        let text = "task user\n  devlink.reload netdevsim/0\n\ntask probe\n  driver.probe netdevsim/0\n";
        let (_, tried) = minimal(text, |program| program.commands() == 2);
        let said: Vec<&str> = tried.iter().map(|(change, _)| &**change).collect();
        assert_eq!(
            said[..3],
            [
                "without 2 commands from 1 of user on",
                "without command 1 of probe",
                "without command 1 of user"
            ]
        );
    }
}
