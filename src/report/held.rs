//! The locks and references that tasks hold at one moment of a trace, and since when.

use crate::event::{LockName, Mode, Span, Subject, TaskId, Trace, What, WorkFn};
use crate::program::Program;

/// A lock that a task holds, or waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The task that holds it.
    pub task: TaskId,
    /// What is held.
    pub lock: LockName,
    /// How it is held; none when the task waits for it.
    pub mode: Option<Mode>,
    /// The index of the command during which it was taken.
    pub command: Option<u8>,
    /// The function in which it was taken.
    pub span: Option<(Span, Subject)>,
    /// The work during which a worker took it.
    pub work: Option<WorkFn>,
}

impl Held {
    /// This in a line: `user holds devlink->lock(mlx5/0), taken in devlink_reload by "devlink.reload mlx5/0"`.
    pub fn describe(&self, program: &Program, trace: &Trace) -> String {
        let task = trace.name(self.task);
        let (verb, since) = match self.mode {
            None => ("waits for", ""),
            Some(Mode::Write) => ("holds", "taken "),
            Some(Mode::Read) => ("holds (to read)", "taken "),
        };
        let mut line = format!("{task} {verb} {}", self.lock);
        let within = self.span.map(|(span, of)| format!("in {}({of})", span.name()));
        let by = self.command.map(|index| format!("by `{}`", program.command_text(self.task, index)));
        let working = self.work.map(|work| format!("by work {work}"));
        let places: Vec<String> = within.into_iter().chain(by).chain(working).collect();
        if !places.is_empty() {
            line += &format!(", {since}{}", places.join(" "));
        }
        line
    }
}

/// What every task holds or waits for when the event with this index happens, in the order it was taken.
pub fn held(trace: &Trace, at: usize) -> Vec<Held> {
    let mut held: Vec<Held> = Vec::new();
    let mut commands: Vec<Option<u8>> = vec![None; trace.tasks.len()];
    let mut works: Vec<Option<WorkFn>> = vec![None; trace.tasks.len()];
    let mut spans: Vec<Vec<(Span, Subject)>> = vec![Vec::new(); trace.tasks.len()];
    for event in &trace.events[..at] {
        let task = usize::from(event.task);
        // Whatever a task does next, it no longer waits; but its socket hears whatever the task is at.
        held.retain(|held| {
            held.task != event.task || held.mode.is_some() || matches!(event.what, What::Heard(..))
        });
        let now = |lock, mode| Held {
            task: event.task,
            lock,
            mode,
            command: commands[task],
            span: spans[task].last().copied(),
            work: works[task],
        };
        match event.what {
            What::Begin(index) => commands[task] = Some(index),
            What::End(..) => commands[task] = None,
            What::WorkBegin(_, work) => works[task] = Some(work),
            What::WorkEnd(..) => works[task] = None,
            What::Enter(span, of) => spans[task].push((span, of)),
            What::Leave(..) => drop(spans[task].pop()),
            What::Acquire(lock, mode) => held.push(now(lock, Some(mode))),
            What::Block(lock) => held.push(now(lock, None)),
            What::Release(lock, mode) => {
                // An active use may be taken in one task and dropped in another.
                let found = |own: bool| {
                    held.iter().rposition(|held| {
                        held.lock == lock && held.mode == Some(mode) && (held.task == event.task) == own
                    })
                };
                if let Some(index) = found(true).or_else(|| found(false)) {
                    held.remove(index);
                }
            }
            _ => {}
        }
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{LockClass, Notice};

    #[test]
    fn what_was_let_go_is_not_held_and_who_sleeps_waits() {
        let lock = |class| LockName { class, of: Subject::Kernel };
        let trace = Trace::of([
            (0, What::Begin(0)),
            (0, What::Acquire(lock(LockClass::DevlinkMutex), Mode::Write)),
            (0, What::Acquire(lock(LockClass::DeviceMutex), Mode::Read)),
            (1, What::Block(lock(LockClass::DevlinkMutex))),
            (0, What::Release(lock(LockClass::DeviceMutex), Mode::Read)),
            (1, What::Heard(Notice::New, Subject::Kernel, 0)),
            (0, What::Warn(Subject::Kernel, crate::event::Point::CommandStart)),
        ]);
        let held = held(&trace, 6);
        assert_eq!(held.len(), 2);
        assert_eq!((held[0].task, held[0].mode, held[0].command), (0, Some(Mode::Write), Some(0)));
        assert_eq!((held[1].task, held[1].mode), (1, None));
    }
}
