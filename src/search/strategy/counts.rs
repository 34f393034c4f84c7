//! How many points each task passes, from the last run of the same tasks.

use crate::event::{RUN_TASKS_MAX, TaskId};
use crate::program::{Program, Task};

/// The points that a command is thought to pass before a run was seen, and that a worker is.
const COMMAND: u32 = 12;
const WORKER: u32 = 2;

/// The points of each task, program's tasks first and workers after them.
pub(super) type Points = [u32; RUN_TASKS_MAX];

/// What the last run showed.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    tasks: Vec<Task>,
    points: Points,
}

impl Counts {
    /// Whether the last run was of the same tasks.
    pub(super) fn is_of(&self, program: &Program) -> bool {
        self.tasks == program.tasks
    }

    /// About how many points each task of a program passes.
    pub(super) fn estimate(&self, program: &Program) -> Points {
        if self.is_of(program) {
            return self.points;
        }
        let mut points = [WORKER; RUN_TASKS_MAX];
        for (points, task) in points.iter_mut().zip(&program.tasks) {
            *points = task.commands.len() as u32 * COMMAND;
        }
        points
    }

    /// Takes in what a run of a program passed.
    pub(super) fn learn(&mut self, program: &Program, points: Points) {
        if !self.is_of(program) {
            self.tasks.clone_from(&program.tasks);
        }
        self.points = points;
    }
}

/// Counts the points of the run that goes on.
#[derive(Debug, Default)]
pub(super) struct Passed {
    pub(super) points: Points,
    running: TaskId,
}

impl Passed {
    /// The running task comes to a point.
    pub(super) fn point(&mut self) {
        self.points[usize::from(self.running)] += 1;
    }

    /// This task runs now, if any does.
    pub(super) fn runs(&mut self, task: Option<TaskId>) -> Option<TaskId> {
        self.running = task.unwrap_or(self.running);
        task
    }

    /// The task that runs.
    pub(super) fn running(&self) -> usize {
        usize::from(self.running)
    }
}
