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
pub use variants::{Subsystem, Unknown, Variants};

use crate::event::print::Detail;
use crate::event::{SegmentEnd, TaskId, TaskName, Trace};
use crate::invariant::{self, Invariant};

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
    /// Which decisions are not the settled ones.
    pub variants: Variants,
    /// The invariants that are expected to break, a bit for each [`crate::invariant::Invariant::id`].
    pub expect: u64,
    /// The tasks, in the order of the file, which is the order they run in after the schedule.
    pub tasks: Vec<Task>,
    /// Which task runs, until where.
    pub schedule: Vec<Segment>,
}

impl Program {
    /// How many commands all tasks have together.
    pub fn commands(&self) -> usize {
        self.tasks.iter().map(|task| task.commands.len()).sum()
    }

    /// How much there is to read: commands and segments of the schedule.
    pub fn size(&self) -> usize {
        self.commands() + self.schedule.len()
    }

    /// Whether the program is expected to break an invariant.
    pub fn expects(&self, invariant: &Invariant) -> bool {
        self.expect & (1 << invariant.id) != 0
    }

    /// The invariants that the program is expected to break, in the order of [`invariant::ALL`].
    pub fn expected(&self) -> impl Iterator<Item = &'static Invariant> {
        invariant::ALL.iter().copied().filter(|invariant| self.expects(invariant))
    }

    /// The text of a task's command; its number when the trace is of another program.
    pub fn command_text(&self, task: TaskId, index: u8) -> String {
        let task = self.tasks.get(usize::from(task));
        let command = task.and_then(|task| task.commands.get(usize::from(index)));
        command.map_or_else(|| format!("command {}", index + 1), ToString::to_string)
    }

    /// A trace of this program in lines to read, with its commands as they are written.
    pub fn stream(&self, trace: &Trace, detail: Detail) -> String {
        trace.print(detail, |task, index| self.command_text(task, index))
    }

    /// The segments that did not do what they say in a run of this program, by their index, and how each ended.
    pub fn dead_segments(&self, trace: &Trace) -> impl Iterator<Item = (usize, Segment, SegmentEnd)> {
        let ends = self.schedule.iter().copied().zip(trace.segments.iter().copied()).enumerate();
        ends.map(|(index, (segment, end))| (index, segment, end)).filter(|(.., end)| end.is_dead())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_as_large_as_what_there_is_to_read() {
        let text = "task user\n  devlink.dump\n  devlink.dump\n\nschedule\n  user\n";
        assert_eq!(Program::parse(text, "test").expect("it is one").size(), 3);
    }
}
