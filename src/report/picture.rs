//! A run as a picture: what is drawn, in numbers of steps, before any form of it.
//!
//! Time goes to the right, an event a step. Each task has a lane with its commands, the locks that it holds and what it
//! waits for; each network namespace has one with what its listeners hear; each object has one with its lives.

pub mod itf;
pub mod page;
pub mod trace;

use super::cycle;
use super::held::held;
use crate::event::{LockName, NetNs, Subject, TaskId, TaskName, Trace, What};
use crate::invariant::Violation;
use crate::monitor::print::messages;
use crate::program::Program;
use serde::Serialize;
use std::collections::BTreeMap;

/// The most events that are drawn. A run has a few hundred; one that was cut off has no end worth a look.
const EVENTS_MAX: usize = 20_000;

/// What a lane is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A task.
    Task,
    /// What is heard in a namespace.
    Heard,
    /// An object.
    Life,
}

/// A span of a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bar {
    /// From this step.
    pub from: usize,
    /// To this step; the end of the run if it never ends.
    pub to: usize,
    /// In this row of its lane.
    pub row: usize,
    /// What it is: `command`, `lock`, `wait`, `memory`, `operable`, `visible`, `text`.
    pub class: &'static str,
    /// What stands on it.
    pub label: String,
    /// What is said of it where the pointer is.
    pub says: String,
}

/// One moment of a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// At this step.
    pub at: usize,
    /// What it is: `notify`, `link`, `uevent`, `call`, `work`, `set`, `errno`, `bug`.
    pub class: &'static str,
    /// What is said of it.
    pub says: String,
}

/// A lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lane {
    /// What it is about.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Spans.
    pub bars: Vec<Bar>,
    /// Moments.
    pub marks: Vec<Mark>,
    /// How many rows of bars it has.
    pub rows: usize,
}

/// A task waits for what another holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Arrow {
    /// At this step.
    pub at: usize,
    /// From the lane of the task that waits.
    pub from: usize,
    /// To the lane of the task that holds.
    pub to: usize,
    /// For what.
    pub says: String,
}

/// A broken invariant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// At this step.
    pub at: usize,
    /// The invariant's name.
    pub name: &'static str,
    /// What it says.
    pub says: &'static str,
    /// The event that breaks it.
    pub event: String,
    /// The places that the event names, and the task that comes to the last of them.
    pub sites: Vec<String>,
    /// The mails that argue for it.
    pub cites: Vec<String>,
}

/// A whole picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Picture {
    /// What ran.
    pub title: String,
    /// Under which variants, or on which kernel.
    pub under: String,
    /// How many steps there are.
    pub steps: usize,
    /// The lanes from top to bottom.
    pub lanes: Vec<Lane>,
    /// The waits.
    pub arrows: Vec<Arrow>,
    /// The broken invariants.
    pub broken: Vec<Broken>,
    /// The text of the program.
    pub program: String,
    /// Every event, in words: the task, then what happened.
    pub events: Vec<(String, String, bool)>,
}

impl Picture {
    /// Draws a run: of a program, under these words, with what it breaks.
    pub fn of(
        program: &Program,
        trace: &Trace,
        violations: &[Violation],
        title: &str,
        under: &str,
    ) -> Picture {
        let steps = trace.events.len().min(EVENTS_MAX);
        let mut lanes = tasks(program, trace, steps);
        let arrows = arrows(trace, steps, &lanes);
        lanes.extend(heard(trace, steps));
        lanes.extend(lives(trace, steps));
        Picture {
            title: title.to_string(),
            under: under.to_string(),
            steps,
            lanes,
            arrows,
            broken: violations.iter().map(|violation| broken(program, trace, violation)).collect(),
            program: program.to_string(),
            events: (0..steps).map(|at| said(program, trace, at)).collect(),
        }
    }
}

/// An event in words: its task, what happened, and whether users or drivers see it.
fn said(program: &Program, trace: &Trace, at: usize) -> (String, String, bool) {
    let event = trace.events[at];
    (trace.name(event.task).to_string(), words(program, trace, at), event.what.in_stream())
}

fn words(program: &Program, trace: &Trace, at: usize) -> String {
    let event = trace.events[at];
    let what = match event.what {
        What::Begin(index) | What::End(index, None) => program.command_text(event.task, index),
        What::End(index, Some(errno)) => format!("{errno} {}", program.command_text(event.task, index)),
        what => trace.text(what).map_or_else(|| what.to_string(), ToString::to_string),
    };
    format!("{} {what}", event.what.verb())
}

fn broken(program: &Program, trace: &Trace, violation: &Violation) -> Broken {
    let event = trace.events[violation.at];
    let mut sites = cycle::lines(program, trace, violation.at);
    if sites.is_empty() {
        let what = event.what.to_string();
        sites.extend(what.split(", at ").skip(1).map(|place| format!("at {place}")));
        let running = trace.events[..=violation.at].iter().rev().find_map(|other| match other.what {
            What::Begin(index) if other.task == event.task => Some(Some(index)),
            What::End(..) if other.task == event.task => Some(None),
            _ => None,
        });
        let by = running.flatten().map(|index| format!(", in `{}`", program.command_text(event.task, index)));
        sites.push(format!("by {}{}", trace.name(event.task), by.unwrap_or_default()));
    }
    Broken {
        at: violation.at,
        name: violation.invariant.name,
        says: violation.invariant.says,
        event: words(program, trace, violation.at),
        sites,
        cites: violation.invariant.cites.iter().map(ToString::to_string).collect(),
    }
}

/// The row of a lock among those that a task holds: the lowest that is free.
fn free_row(open: &[(LockName, usize, usize)]) -> usize {
    (1..).find(|row| open.iter().all(|(.., taken)| taken != row)).unwrap_or(1)
}

/// The lanes of the tasks that do something, in their order.
fn tasks(program: &Program, trace: &Trace, steps: usize) -> Vec<Lane> {
    let mut lanes = Vec::new();
    for task in 0..trace.tasks.len() as TaskId {
        if trace.events[..steps].iter().all(|event| event.task != task) {
            continue;
        }
        lanes.push(one_task(program, trace, task, steps));
    }
    lanes
}

fn one_task(program: &Program, trace: &Trace, task: TaskId, steps: usize) -> Lane {
    let mut lane = Lane {
        kind: Kind::Task,
        name: trace.name(task).to_string(),
        bars: Vec::new(),
        marks: Vec::new(),
        rows: 1,
    };
    let mut command: Option<(usize, String)> = None;
    let mut wait: Option<(usize, LockName)> = None;
    let mut locks: Vec<(LockName, usize, usize)> = Vec::new();
    let bar = |from, to, row, class, label: String, says: String| Bar { from, to, row, class, label, says };
    for (at, event) in trace.events[..steps].iter().enumerate().filter(|(_, event)| event.task == task) {
        if let Some((from, lock)) = wait.filter(|_| !matches!(event.what, What::Heard(..))) {
            wait = None;
            lane.bars.push(bar(from, at, 0, "wait", String::new(), format!("waits for {lock}")));
        }
        let says = words(program, trace, at);
        match event.what {
            What::Begin(index) => command = Some((at, program.command_text(task, index))),
            What::WorkBegin(_, work) => command = Some((at, work.to_string())),
            What::End(..) | What::WorkEnd(..) => {
                if let Some((from, text)) = command.take() {
                    lane.bars.push(bar(from, at, 0, "command", text.clone(), format!("{text}: {says}")));
                }
            }
            What::Acquire(lock, _) => {
                let row = free_row(&locks);
                lane.rows = lane.rows.max(row + 1);
                locks.push((lock, at, row));
            }
            What::Release(lock, _) => {
                if let Some(found) = locks.iter().rposition(|(other, ..)| *other == lock) {
                    let (lock, from, row) = locks.remove(found);
                    lane.bars.push(bar(from, at, row, "lock", lock.to_string(), format!("holds {lock}")));
                }
            }
            What::Block(lock) => wait = Some((at, lock)),
            _ => {}
        }
        if let Some(class) = class(event.what) {
            lane.marks.push(Mark { at, class, says });
        }
    }
    if let Some((from, text)) = command {
        lane.bars.push(bar(from, steps, 0, "command", text.clone(), format!("{text}: does not end")));
    }
    if let Some((from, lock)) = wait {
        lane.bars.push(bar(from, steps, 0, "wait", String::new(), format!("waits for {lock} to the end")));
    }
    for (lock, from, row) in locks {
        lane.bars.push(bar(from, steps, row, "lock", lock.to_string(), format!("holds {lock} to the end")));
    }
    lane.bars.sort_by_key(|bar| (bar.row, bar.from, bar.class == "wait"));
    lane
}

/// What an event is drawn as in its task's lane; none if it is a bar or not drawn.
const fn class(what: What) -> Option<&'static str> {
    match what {
        What::Notify(..) => Some("notify"),
        What::Link(..) => Some("link"),
        What::Uevent(..) => Some("uevent"),
        What::Call(..) | What::Return(..) => Some("call"),
        What::Queue(..) | What::Cancel(..) => Some("work"),
        What::Set(..) | What::Heard(..) | What::Seen(..) | What::Dumped(..) => Some("set"),
        What::End(_, Some(_)) => Some("errno"),
        What::UseAfterFree(..)
        | What::Underflow(..)
        | What::TextGone(..)
        | What::Deadlock(_)
        | What::LockOrder(_)
        | What::Leak(..)
        | What::Warn(..)
        | What::Console(_)
        | What::OutOfSteps => Some("bug"),
        What::Begin(_)
        | What::End(_, None)
        | What::Preempt(_)
        | What::Enter(..)
        | What::Leave(..)
        | What::Acquire(..)
        | What::Release(..)
        | What::Block(_)
        | What::Alloc(_)
        | What::Ready(_)
        | What::Unready(_)
        | What::Visible(_)
        | What::Hidden(_)
        | What::Free(_)
        | What::Add(_)
        | What::Remove(_)
        | What::In(_)
        | What::Filter(..)
        | What::AtRest(..)
        | What::Get(..)
        | What::Put(..)
        | What::WorkBegin(..)
        | What::WorkEnd(..)
        | What::ModuleGone(_)
        | What::Sleeps(_)
        | What::Foreign(_)
        | What::Ask(..)
        | What::Hold(_)
        | What::Unhold(_)
        | What::Use(_)
        | What::Wake => None,
    }
}

/// The waits of tasks, each to the lane of the task that holds what it waits for.
fn arrows(trace: &Trace, steps: usize, lanes: &[Lane]) -> Vec<Arrow> {
    let lane = |task: TaskName| lanes.iter().position(|lane| lane.name == task.to_string());
    let mut arrows = Vec::new();
    for (at, event) in trace.events[..steps].iter().enumerate() {
        let What::Block(lock) = event.what else { continue };
        let holder = held(trace, at).into_iter().find(|held| held.lock == lock && held.mode.is_some());
        let Some(holder) = holder else { continue };
        if let (Some(from), Some(to)) = (lane(trace.name(event.task)), lane(trace.name(holder.task))) {
            let says = format!(
                "{} waits for {lock}, which {} holds",
                trace.name(event.task),
                trace.name(holder.task)
            );
            arrows.push(Arrow { at, from, to, says });
        }
    }
    arrows
}

/// A lane for each namespace in which something is heard.
fn heard(trace: &Trace, steps: usize) -> Vec<Lane> {
    let mut lanes: BTreeMap<NetNs, Vec<Mark>> = BTreeMap::new();
    for message in messages(trace).into_iter().filter(|message| message.at < steps) {
        let class = class(trace.events[message.at].what).unwrap_or("notify");
        let says = format!("{}: {}", message.tool, message.line());
        lanes.entry(message.netns).or_default().push(Mark { at: message.at, class, says });
    }
    let lane = |(netns, marks): (NetNs, Vec<Mark>)| Lane {
        kind: Kind::Heard,
        name: format!("heard in netns {netns}"),
        bars: Vec::new(),
        marks,
        rows: 1,
    };
    lanes.into_iter().map(lane).collect()
}

/// A lane for each object that is made, becomes visible or operable, or goes.
fn lives(trace: &Trace, steps: usize) -> Vec<Lane> {
    let mut lanes: BTreeMap<Subject, Lane> = BTreeMap::new();
    let mut open: BTreeMap<(Subject, &'static str), usize> = BTreeMap::new();
    let close = |lanes: &mut BTreeMap<Subject, Lane>,
                 of: Subject,
                 class: &'static str,
                 from: Option<usize>,
                 at: usize| {
        let row =
            ["memory", "operable", "visible", "text"].iter().position(|other| *other == class).unwrap_or(0);
        let lane = lanes.entry(of).or_insert_with(|| Lane {
            kind: Kind::Life,
            name: of.to_string(),
            bars: Vec::new(),
            marks: Vec::new(),
            rows: 3,
        });
        let says = format!("{of}: {class}");
        lane.bars.push(Bar {
            from: from.unwrap_or(0),
            to: at,
            row: row.min(2),
            class,
            label: class.to_string(),
            says,
        });
    };
    for (at, event) in trace.events[..steps].iter().enumerate() {
        match event.what {
            What::Alloc(of) => drop(open.insert((of, "memory"), at)),
            What::Ready(of) => drop(open.insert((of, "operable"), at)),
            What::Visible(of) => drop(open.insert((of, "visible"), at)),
            What::Free(of) => close(&mut lanes, of, "memory", open.remove(&(of, "memory")), at),
            What::Unready(of) => close(&mut lanes, of, "operable", open.remove(&(of, "operable")), at),
            What::Hidden(of) => close(&mut lanes, of, "visible", open.remove(&(of, "visible")), at),
            What::ModuleGone(module) => close(&mut lanes, Subject::Module(module), "text", None, at),
            _ => {}
        }
    }
    for ((of, class), from) in open {
        close(&mut lanes, of, class, Some(from), steps);
    }
    lanes.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{LockClass, Mode};

    fn picture(events: Vec<(TaskId, What)>) -> Picture {
        Picture::of(&Program::default(), &Trace::of(events), &[], "a", "settled")
    }

    #[test]
    fn a_lock_is_a_bar_and_a_wait_an_arrow_to_the_holder() {
        let lock = LockName { class: LockClass::Rtnl, of: Subject::Kernel };
        let picture = picture(vec![
            (0, What::Acquire(lock, Mode::Write)),
            (1, What::Block(lock)),
            (0, What::Release(lock, Mode::Write)),
            (1, What::Acquire(lock, Mode::Write)),
        ]);
        let bars = |lane: usize| -> Vec<_> {
            picture.lanes[lane].bars.iter().map(|bar| (bar.class, bar.from, bar.to)).collect()
        };
        assert_eq!(bars(0), [("lock", 0, 2)]);
        assert_eq!(bars(1), [("wait", 1, 3), ("lock", 3, 4)]);
        let arrows: Vec<_> = picture.arrows.iter().map(|arrow| (arrow.at, arrow.from, arrow.to)).collect();
        assert_eq!(arrows, [(1, 1, 0)]);
    }

    #[test]
    fn an_object_has_a_lane_with_its_lives() {
        let of = Subject::Devlink(crate::event::Handle::Mlx50);
        let picture = picture(vec![
            (0, What::Alloc(of)),
            (0, What::Visible(of)),
            (0, What::Notify(crate::event::Notice::New, of, 0)),
            (0, What::Hidden(of)),
        ]);
        let kinds: Vec<Kind> = picture.lanes.iter().map(|lane| lane.kind).collect();
        assert_eq!(kinds, [Kind::Task, Kind::Heard, Kind::Life]);
        let bars: Vec<_> = picture.lanes[2].bars.iter().map(|bar| (bar.class, bar.from, bar.to)).collect();
        assert_eq!(bars, [("visible", 1, 3), ("memory", 0, 4)]);
    }
}
