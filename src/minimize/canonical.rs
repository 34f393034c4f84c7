//! One form of a minimal program: tasks in the order that needs the shortest schedule, named after what they do.
//!
//! Two searches that find the same scene then end with the same text, so that it is one finding.

use super::Minimizer;
use crate::event::TaskName;
use crate::operand::OPERANDS_MAX;
use crate::program::{Program, Task};

/// The most tasks whose every order is tried: 24 orders of four.
const ORDERED_MAX: usize = 4;

impl Minimizer<'_> {
    /// Puts the tasks into the order that leaves least to the schedule.
    pub(super) fn order_tasks(&mut self) {
        if !(2..=ORDERED_MAX).contains(&self.best.tasks.len()) {
            return;
        }
        let start = self.best.clone();
        let mut smallest = start.clone();
        for order in orders(start.tasks.len()) {
            self.best = start.clone();
            let sort = |program: &mut Program| {
                program.tasks = order.iter().map(|task| start.tasks[*task].clone()).collect();
            };
            let names: Vec<&str> = order.iter().map(|task| word(start.tasks[*task].name)).collect();
            let ordered = self.attempt(sort, || format!("with tasks in the order {}", names.join(", ")));
            if ordered {
                self.repeat(&[Self::cut_segments, Self::drop_stops, Self::lower_counts]);
                if size(&self.best) < size(&smallest) {
                    smallest = self.best.clone();
                }
            }
        }
        self.best = smallest;
    }

    /// Calls each task by a word of its first command, or else by the first names there are.
    pub(super) fn name_tasks(&mut self) {
        let names = names(&self.best.tasks);
        let rename = |program: &mut Program| {
            let old: Vec<TaskName> = program.tasks.iter().map(|task| task.name).collect();
            program.tasks.iter_mut().zip(&names).for_each(|(task, name)| task.name = *name);
            for segment in &mut program.schedule {
                if let Some(task) = old.iter().position(|name| *name == segment.task) {
                    segment.task = names[task];
                }
            }
        };
        let words: Vec<&str> = names.iter().map(|name| word(*name)).collect();
        self.attempt(rename, || format!("with tasks called {}", words.join(", ")));
    }
}

fn word(name: TaskName) -> &'static str {
    crate::operand::Operand::word(name)
}

/// The opcodes and operands of a task.
type Encoded = Vec<(u8, [u8; OPERANDS_MAX])>;

/// What the order of tasks may make smaller; commands last, so that equal sizes have one order.
fn size(program: &Program) -> (usize, usize, u32, Vec<Encoded>) {
    let stops = program.schedule.iter().filter_map(|segment| segment.until);
    let counts = stops.clone().map(|(_, count)| u32::from(count)).sum();
    let encoded =
        program.tasks.iter().map(|task| task.commands.iter().map(|command| command.encode()).collect());
    (program.schedule.len(), stops.count(), counts, encoded.collect())
}

/// Every order of this many things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(count - 1);
    let with_last = |order: &Vec<usize>| {
        let order = order.clone();
        (0..count).map(move |at| {
            let mut longer = order.clone();
            longer.insert(at, count - 1);
            longer
        })
    };
    shorter.iter().flat_map(with_last).collect()
}

/// A name for each task, no two the same.
fn names(tasks: &[Task]) -> Vec<TaskName> {
    let mut taken: Vec<TaskName> = Vec::new();
    for task in tasks {
        let first = task.commands.first().map_or("", |command| command.spec().name);
        let says = |name: &TaskName| first.split(['.', '-']).any(|part| part == word(*name));
        let own = &TaskName::ALL[..TaskName::PROGRAM_COUNT];
        let free = |name: &&TaskName| !taken.contains(name);
        let spoken = own.iter().filter(free).find(|name| says(name));
        // A task without such a word is a user, then the second user; `t1` and so on come after.
        let plain = [TaskName::User, TaskName::User2, TaskName::T1, TaskName::T2, TaskName::T3, TaskName::T4];
        let fallback = || plain.iter().chain(own).find(free);
        let name = spoken.or_else(fallback).expect("there are more names than a program has tasks");
        taken.push(*name);
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::minimize::minimize;

    #[test]
    fn every_order_comes_once() {
        let mut all = orders(4);
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 24);
        assert!(all.iter().all(|order| (0..4).all(|task| order.contains(&task))));
    }

    /// What is left of a text, in which all is needed that `still_fails` says.
    fn minimal(text: &str, still_fails: impl Fn(&Program) -> bool) -> String {
        let program = Program::parse(text, "test").expect("it is a program");
        minimize(&program, still_fails).to_string()
    }

    /// Whether each of these commands is all that a task does; which task that is.
    fn alone(program: &Program, command: &str) -> Option<usize> {
        program
            .tasks
            .iter()
            .position(|task| task.commands.len() == 1 && task.commands[0].to_string() == command)
    }

    #[test]
    fn tasks_stand_in_the_order_that_needs_no_schedule() {
        let text =
            "task t1\n  driver.remove netdevsim/0\n\ntask t2\n  driver.probe netdevsim/0\n\nschedule\n  t2\n";
        let is_probed_first = |program: &Program| {
            let probe = alone(program, "driver.probe netdevsim/0");
            let first = program.schedule.first().map(|segment| segment.task);
            let is_first = |at: usize| first.map_or(at == 0, |first| first == program.tasks[at].name);
            alone(program, "driver.remove netdevsim/0").is_some() && probe.is_some_and(is_first)
        };
        let ordered = "task probe\n  driver.probe netdevsim/0\ntask remove\n  driver.remove netdevsim/0\n";
        assert_eq!(minimal(text, is_probed_first), ordered);
    }

    #[test]
    fn tasks_that_do_the_same_stay_in_their_order() {
        let text = "task t1\n  devlink.dump\n\ntask t2\n  devlink.dump\n\nschedule\n  t2\n";
        let left = minimal(text, |program| program.tasks.len() == 2 && program.schedule.len() == 1);
        assert!(left.ends_with("schedule\n  user2\n"), "{left}");
    }

    #[test]
    fn names_say_what_tasks_do_and_the_schedule_follows() {
        let text = "task t1\n  devlink.dump\n\ntask t2\n  driver.probe netdevsim/0\n\ntask t3\n  devlink.dump\n\n\
                    schedule\n  t3\n  t2\n";
        let left = minimal(text, |program| {
            let of = |at: usize| program.tasks.iter().find(|task| task.name == program.schedule[at].task);
            let does = |at, command: &str| of(at).is_some_and(|task| task.commands[0].to_string() == command);
            program.tasks.len() == 3
                && program.commands() == 3
                && program.schedule.len() == 2
                && does(0, "devlink.dump")
                && does(1, "driver.probe netdevsim/0")
        });
        for task in
            ["task user\n  devlink.dump\n", "task user2\n  devlink.dump\n", "task probe\n  driver.probe"]
        {
            assert!(left.contains(task), "{left}");
        }
        assert!(left.ends_with("\n  probe\n"), "{left}");
    }
}
