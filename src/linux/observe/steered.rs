//! Reports and a tracer's log as one trace: every event in its true order, and by the task whose turn it was.

use super::{Observer, Report};
use crate::event::{QueueName, TaskId, TaskName, Trace, What};
use crate::linux::shown;
use crate::linux::steer::waits;
use crate::linux::steer::{Entry, Log};

/// Stands for a complaint whose text the guest reports later.
const UNSAID: &str = "the kernel begins to complain, and its words were lost";

/// What a guest reported of one program that it followed, and what its tracer saw.
pub fn steered(tasks: &[TaskName], reports: &[Report], log: &Log, died: Option<&str>) -> Trace {
    let mut trace = Trace::default();
    trace.tasks.extend_from_slice(tasks);
    trace.tasks.extend(QueueName::ALL.iter().flat_map(|queue| queue.workers()));
    trace.tasks.push(TaskName::Kernel);
    let kernel = (trace.tasks.len() - 1) as TaskId;
    let mut observer = Observer::new(trace, tasks.len() as u8, kernel, reports);
    let (mut seen, mut turn) = (0, kernel);
    // Where in the trace the kernel began to complain, and has not said of what.
    let mut unsaid = Vec::new();
    let number = |trace: &Trace, name: TaskName| {
        trace.tasks.iter().position(|task| *task == name).map_or(kernel, |task| task as TaskId)
    };
    for entry in &log.entries {
        match entry {
            Entry::Report(at) => {
                let at = *at as usize;
                seen = seen.max(at + 1);
                observer.task = turn;
                match reports.get(at) {
                    Some(Report::Complaint { text }) if !unsaid.is_empty() => {
                        say(&mut observer.trace, &mut unsaid, text);
                    }
                    _ => observer.report(at),
                }
            }
            Entry::Turn(name) => turn = number(&observer.trace, *name),
            Entry::Parked(name, point) => {
                let task = number(&observer.trace, *name);
                observer.trace.push(task, What::Preempt(*point));
            }
            Entry::Blocks(name, words) => {
                let task = number(&observer.trace, *name);
                sleeps(&mut observer.trace, task, words);
            }
            Entry::Complains(name) if unsaid.is_empty() => {
                let task = number(&observer.trace, *name);
                unsaid.push(observer.trace.events.len());
                let text = observer.trace.note(UNSAID.to_string());
                observer.trace.push(task, What::Console(text));
            }
            Entry::Trouble(text) => observer.foreign(text.clone()),
            Entry::Complains(_)
            | Entry::Held(_)
            | Entry::MayNotSleep(..)
            | Entry::Ends(_)
            | Entry::Seen(_)
            | Entry::Stuck(..) => {}
        }
    }
    observer.task = kernel;
    let rest = (seen..reports.len()).collect::<Vec<_>>();
    for at in rest {
        match &reports[at] {
            Report::Complaint { text } if !unsaid.is_empty() => say(&mut observer.trace, &mut unsaid, text),
            Report::Stuck { locks } => stuck(&mut observer.trace, log, locks),
            _ => observer.report(at),
        }
    }
    match died {
        Some(why) if !unsaid.is_empty() => say(&mut observer.trace, &mut unsaid, why),
        Some(why) => observer.complain(why),
        None => {}
    }
    observer.trace
}

/// Puts the words of a complaint where it began.
fn say(trace: &mut Trace, unsaid: &mut Vec<usize>, text: &str) {
    let text = trace.note(shown::lines(text));
    for at in unsaid.drain(..) {
        trace.events[at].what = What::Console(text);
    }
}

fn sleeps(trace: &mut Trace, task: TaskId, words: &str) {
    let text = trace.note(shown::line(words));
    trace.push(task, What::Sleeps(text));
}

/// The tasks that will never go on, and who waits for whom.
fn stuck(trace: &mut Trace, log: &Log, locks: &str) {
    let waits = waits::read(log, &trace.tasks, locks);
    for wait in &waits {
        sleeps(trace, wait.task, &wait.to_string());
    }
    let cycle = waits::cycle(&waits);
    if let Some(first) = cycle.first() {
        trace.cycles.push(cycle.clone());
        trace.push(first.task, What::Deadlock((trace.cycles.len() - 1) as u8));
    }
}
