//! Programs: variants, tasks of commands, a schedule, and the invariants that are expected to break.
//!
//! A program has two forms and one meaning: [`text`] for people (seed, test, reproducer and bug report are the
//! same file) and [`record`]s for fuzz engines.

pub mod command;
pub mod record;
pub mod text;
pub mod variants;

pub use crate::sim::Segment;
pub use command::Command;
pub use variants::{Subsystem, Variants};

use crate::event::TaskName;

/// The most tasks of a program: one a role (register, use, remove, module, udev, …) and a few to spare.
pub const TASKS_MAX: usize = 8;
/// The most commands of a program, all tasks together. Minimal reproducers have fewer than ten.
pub const COMMANDS_MAX: usize = 64;
/// The most segments of a schedule.
pub const SEGMENTS_MAX: usize = 64;

/// One task of a program: a name, and commands that run one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Task {
    /// The name; no two tasks of a program share one, and none is a worker's.
    pub name: TaskName,
    /// What the task does.
    pub commands: Vec<Command>,
}

/// A program. Every value within the limits is legal and means something.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Program {
    /// Which rules are not the settled ones.
    pub variants: Variants,
    /// The invariants that are expected to break, a bit for each [`crate::invariant::Invariant::id`].
    pub expect: u64,
    /// The tasks, in the order of the file, which is the order they run in after the schedule.
    pub tasks: Vec<Task>,
    /// Who runs, until where.
    pub schedule: Vec<Segment>,
}

impl Program {
    /// How many commands all tasks have together.
    pub fn commands(&self) -> usize {
        self.tasks.iter().map(|task| task.commands.len()).sum()
    }

    /// The task with this name, made at the end if there is none; none if there is no room.
    pub(crate) fn task_mut(&mut self, name: TaskName) -> Option<&mut Task> {
        let found = self.tasks.iter().position(|task| task.name == name);
        let index = match found {
            Some(index) => index,
            None if self.tasks.len() < TASKS_MAX && !name.is_worker() => {
                self.tasks.push(Task { name, commands: Vec::new() });
                self.tasks.len() - 1
            }
            None => return None,
        };
        Some(&mut self.tasks[index])
    }
}
