//! Whether what a guest reports makes sense: of the program that was asked for, and each thing when it can be.
//!
//! A guest that makes no sense is not believed. Commands of several tasks may be under way at the same time, so only
//! the order of each task's own commands counts.

use super::wire::{Report, Request};
use crate::event::NetNs;
use crate::operand::Operand;
use std::collections::BTreeMap;

/// The largest errno that Linux has room for.
const ERRNO_MAX: i32 = 4095;

/// What the reports of one program have been so far.
#[derive(Debug)]
pub struct Sense {
    /// The commands of each task, in the order of the request.
    tasks: BTreeMap<u8, Task>,
    stage: Stage,
}

/// The commands of a task.
#[derive(Debug, Default)]
struct Task {
    commands: Vec<u8>,
    /// How many of them have begun.
    begun: usize,
    /// Whether the last of those has not ended.
    is_busy: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Running,
    Stuck,
    AtRest,
    CleanUp,
    Done,
}

impl Sense {
    /// Nothing has been reported of this request.
    pub fn of(request: &Request) -> Sense {
        let mut tasks: BTreeMap<u8, Task> = BTreeMap::new();
        for step in &request.steps {
            tasks.entry(step.task).or_default().commands.push(step.command);
        }
        Sense { tasks, stage: Stage::Running }
    }

    /// Takes the next report, or says what is wrong with it.
    pub fn next(&mut self, report: &Report) -> Result<(), String> {
        match report {
            Report::Hello { .. } => Err("it says hello in the middle of a program".to_string()),
            Report::Received => Err("it takes a piece of a request that has no more".to_string()),
            Report::Begin { task, command } => self.begin(*task, *command),
            Report::End { task, command, errno } => self.end(*task, *command, *errno),
            Report::Heard { task, netns, .. } => {
                task.map_or(Ok(()), |task| self.knows(task))?;
                is_namespace(netns.as_deref())
            }
            Report::Filtered { task, netns, .. } => {
                self.knows(*task)?;
                is_namespace(netns.as_deref())
            }
            Report::Answer { task, netns, .. } => {
                task.map_or(Ok(()), |task| self.knows(task))?;
                is_namespace(netns.as_deref())
            }
            Report::Text { task, .. } => task.map_or(Ok(()), |task| self.knows(task)),
            Report::Complaint { .. } | Report::Trouble { .. } => Ok(()),
            Report::Stuck { .. } => self.comes_to(Stage::Stuck),
            Report::AtRest => {
                self.all_done()?;
                self.comes_to(Stage::AtRest)
            }
            Report::CleanUp => self.comes_to(Stage::CleanUp),
            Report::Done => self.comes_to(Stage::Done),
        }
    }

    fn begin(&mut self, task: u8, command: u8) -> Result<(), String> {
        let is_running = self.stage == Stage::Running;
        let said = self.task(task)?;
        let wrong = |why: &str| Err(format!("it begins command {command} of task {task}, {why}"));
        match said.commands.get(said.begun) {
            _ if !is_running => wrong("and all commands were done"),
            _ if said.is_busy => wrong("whose last command has not ended"),
            Some(next) if *next == command => {
                (said.begun, said.is_busy) = (said.begun + 1, true);
                Ok(())
            }
            Some(next) => wrong(&format!("whose next is {next}")),
            None => wrong("which has no more commands"),
        }
    }

    fn end(&mut self, task: u8, command: u8, errno: i32) -> Result<(), String> {
        let said = self.task(task)?;
        let runs = said.begun.checked_sub(1).filter(|_| said.is_busy).map(|last| said.commands[last]);
        if runs != Some(command) {
            return Err(format!("it ends command {command} of task {task}, which does not run"));
        }
        if !(0..=ERRNO_MAX).contains(&errno) {
            return Err(format!("command {command} of task {task} ends with {errno}, which is no errno"));
        }
        said.is_busy = false;
        Ok(())
    }

    /// Whether each command has begun and ended.
    fn all_done(&self) -> Result<(), String> {
        for (task, said) in &self.tasks {
            if said.is_busy || said.begun < said.commands.len() {
                let next = said.commands[said.begun - usize::from(said.is_busy)];
                return Err(format!("it is at rest, and command {next} of task {task} is not done"));
            }
        }
        Ok(())
    }

    fn comes_to(&mut self, stage: Stage) -> Result<(), String> {
        let before = match stage {
            Stage::Running | Stage::Stuck | Stage::AtRest => Stage::Running,
            Stage::CleanUp => Stage::AtRest,
            Stage::Done if self.stage == Stage::Stuck => Stage::Stuck,
            Stage::Done => Stage::CleanUp,
        };
        if self.stage != before {
            return Err(format!("it says {stage:?} while the program is {:?}", self.stage));
        }
        self.stage = stage;
        Ok(())
    }

    fn task(&mut self, task: u8) -> Result<&mut Task, String> {
        self.tasks.get_mut(&task).ok_or_else(|| no_task(task))
    }

    fn knows(&self, task: u8) -> Result<(), String> {
        self.tasks.contains_key(&task).then_some(()).ok_or_else(|| no_task(task))
    }
}

fn no_task(task: u8) -> String {
    format!("it reports of task {task}, which has no commands")
}

fn is_namespace(name: Option<&str>) -> Result<(), String> {
    let is_known = |name: &str| NetNs::named(name).is_some_and(|netns| netns != NetNs::Init);
    match name {
        Some(name) if !is_known(name) => Err(format!("no namespace is called {name:?}")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::wire::{Family, Step};

    fn request() -> Request {
        let step = |task, command| Step { task, command, operations: Vec::new() };
        Request { steps: vec![step(0, 0), step(0, 1), step(1, 0)], ..Request::default() }
    }

    fn begin(task: u8, command: u8) -> Report {
        Report::Begin { task, command }
    }

    fn end(task: u8, command: u8, errno: i32) -> Report {
        Report::End { task, command, errno }
    }

    fn judge(reports: &[Report]) -> Result<(), String> {
        let mut sense = Sense::of(&request());
        reports.iter().try_for_each(|report| sense.next(report))
    }

    #[test]
    fn tasks_may_run_one_after_the_other_or_at_the_same_time() {
        let last = [Report::AtRest, Report::CleanUp, Report::Done];
        let serial = [begin(0, 0), end(0, 0, 0), begin(0, 1), end(0, 1, 22), begin(1, 0), end(1, 0, 0)];
        let mixed = [begin(0, 0), begin(1, 0), end(0, 0, 0), begin(0, 1), end(1, 0, 0), end(0, 1, 4095)];
        assert_eq!(judge(&[&serial[..], &last].concat()), Ok(()));
        assert_eq!(judge(&[&mixed[..], &last].concat()), Ok(()));
    }

    #[test]
    fn what_cannot_be_is_named() {
        let heard = |task, netns: Option<&str>| Report::Heard {
            family: Family::Devlink,
            task,
            netns: netns.map(str::to_string),
            message: Vec::new(),
        };
        let cases: [(&[Report], &str); 13] = [
            (&[begin(200, 0)], "it reports of task 200, which has no commands"),
            (&[begin(0, 1)], "it begins command 1 of task 0, whose next is 0"),
            (&[begin(0, 0), begin(0, 1)], "it begins command 1 of task 0, whose last command has not ended"),
            (
                &[begin(1, 0), end(1, 0, 0), begin(1, 0)],
                "it begins command 0 of task 1, which has no more commands",
            ),
            (&[end(0, 0, 0)], "it ends command 0 of task 0, which does not run"),
            (&[begin(0, 0), end(0, 0, 0), end(0, 0, 0)], "it ends command 0 of task 0, which does not run"),
            (&[begin(0, 0), end(0, 0, -1)], "command 0 of task 0 ends with -1, which is no errno"),
            (&[heard(Some(9), None)], "it reports of task 9, which has no commands"),
            (&[heard(None, Some("../a"))], "no namespace is called \"../a\""),
            (&[begin(0, 0), Report::AtRest], "it is at rest, and command 0 of task 0 is not done"),
            (&[Report::AtRest], "it is at rest, and command 0 of task 0 is not done"),
            (&[Report::Done], "it says Done while the program is Running"),
            (&[Report::Received], "it takes a piece of a request that has no more"),
        ];
        for (reports, why) in cases {
            assert_eq!(judge(reports), Err(why.to_string()));
        }
        assert_eq!(judge(&[heard(Some(1), Some("a")), heard(None, Some("b"))]), Ok(()));
    }
}
