//! Predictions: what the model breaks under a kernel's variant, and what that kernel says to it.

use super::compare;
use super::complaint::{self, Kind};
use super::steer::Log;
use crate::event::{Trace, What};
use crate::invariant::life::no_use_after_free::NO_USE_AFTER_FREE;
use crate::invariant::life::no_warning::NO_WARNING;
use crate::invariant::lock::instances_in_parallel::INSTANCES_IN_PARALLEL;
use crate::invariant::lock::lock_order::LOCK_ORDER;
use crate::invariant::lock::no_deadlock::NO_DEADLOCK;
use crate::invariant::lock::no_global_lock_over_driver_callback::NO_GLOBAL_LOCK;
use crate::invariant::reload::netns_exit_empties::NETNS_EXIT_EMPTIES;
use crate::invariant::work::text_outlives_work::TEXT_OUTLIVES_WORK;
use crate::invariant::{Invariant, Violation, judge_observed};
use crate::program::Program;
use std::fmt;

/// What a real kernel made of a prediction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It does what the model says, and this shows it.
    Confirmed(String),
    /// It followed the schedule to its end, and nothing is wrong.
    Refuted(String),
    /// It could not follow the schedule, and this is where and why.
    NotFollowed(String),
    /// It cannot be asked, or has no way to show whether it does.
    NotAskable(String),
}

impl Verdict {
    /// The verdict in a word or two.
    pub const fn word(&self) -> &'static str {
        match self {
            Verdict::Confirmed(_) => "confirmed",
            Verdict::Refuted(_) => "refuted",
            Verdict::NotFollowed(_) => "not followed",
            Verdict::NotAskable(_) => "not askable",
        }
    }

    /// What shows it.
    pub fn why(&self) -> &str {
        let (Verdict::Confirmed(why) | Verdict::Refuted(why) | Verdict::NotFollowed(why) | Verdict::NotAskable(why)) =
            self;
        why
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// How a real kernel shows that a rule is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// It complains: of memory, of text that is gone, or by its end.
    Memory,
    /// It complains of anything.
    Complaint,
    /// Tasks wait for each other, or lockdep says that they can.
    Deadlock,
    /// Lockdep complains.
    LockOrder,
    /// A task waits for a lock that the model says it waits for.
    Waits,
    /// It shows the same as the model: errnos, messages, uevents, and what is there at rest.
    Same,
}

fn shown(invariant: &Invariant) -> Shown {
    match invariant.id {
        id if [NO_USE_AFTER_FREE.id, TEXT_OUTLIVES_WORK.id, NETNS_EXIT_EMPTIES.id].contains(&id) => Shown::Memory,
        id if id == NO_WARNING.id => Shown::Complaint,
        id if id == NO_DEADLOCK.id => Shown::Deadlock,
        id if id == LOCK_ORDER.id => Shown::LockOrder,
        id if [NO_GLOBAL_LOCK.id, INSTANCES_IN_PARALLEL.id].contains(&id) => Shown::Waits,
        _ => Shown::Same,
    }
}

/// What a kernel that ran a program makes of one rule that the model breaks in it.
pub fn verdict(
    program: &Program,
    invariant: &'static Invariant,
    model: &Trace,
    real: &Trace,
    log: Option<&Log>,
) -> Verdict {
    let complaints = complaints(real);
    let broken = judge_observed(real);
    if let Some(how) = confirms(program, invariant, model, real, &complaints, &broken) {
        return Verdict::Confirmed(how);
    }
    if let Some((at, end)) = log.and_then(|log| log.first_unfollowed(&model.segments)) {
        let segment = program.schedule[at];
        return Verdict::NotFollowed(format!("segment {}, `{segment}`: {end}", at + 1));
    }
    let lines = (compare::observed(program, model), compare::observed(program, real));
    let first = complaints.iter().map(|complaint| complaint.line.clone()).next();
    let differs = compare::difference(&lines.0, &lines.1);
    let why = match (first, differs) {
        (Some(complaint), _) => format!("it complains of something else: {complaint}"),
        (None, Some((model, kernel))) => format!(
            "model: {}; kernel: {}",
            model.unwrap_or("nothing more".to_string()),
            kernel.unwrap_or("nothing more".to_string())
        ),
        (None, None) => "the same messages, and no complaint".to_string(),
    };
    Verdict::Refuted(why)
}

fn complaints(trace: &Trace) -> Vec<complaint::Complaint> {
    let texts = trace.events.iter().filter(|event| matches!(event.what, What::Console(_)));
    texts.filter_map(|event| trace.text(event.what)).flat_map(complaint::read).collect()
}

fn confirms(
    program: &Program,
    invariant: &'static Invariant,
    model: &Trace,
    real: &Trace,
    complaints: &[complaint::Complaint],
    broken: &[Violation],
) -> Option<String> {
    let of = |kinds: &[Kind]| {
        complaints.iter().find(|complaint| kinds.contains(&complaint.kind)).map(|complaint| complaint.line.clone())
    };
    let itself = || {
        let is_it = |violation: &&Violation| violation.invariant.id == invariant.id;
        broken.iter().find(is_it).map(|violation| real.events[violation.at].what)
    };
    match shown(invariant) {
        Shown::Memory => of(&[Kind::Kasan, Kind::Refcount, Kind::DebugObjects, Kind::Oops, Kind::Panic]),
        Shown::Complaint => complaints.first().map(|complaint| complaint.line.clone()),
        Shown::Deadlock => {
            let waits = real.events.iter().find(|event| matches!(event.what, What::Deadlock(_)));
            let waits = waits.map(|event| {
                let cycle = real.cycle(event.what).iter();
                cycle.map(|link| format!("{} waits", real.name(link.task))).collect::<Vec<_>>().join(", ")
            });
            waits.or_else(|| of(&[Kind::HungTask, Kind::NetdevReferences, Kind::Lockdep]))
        }
        Shown::LockOrder => of(&[Kind::Lockdep]),
        Shown::Waits => waits(model, real),
        Shown::Same => {
            if let Some(what) = itself() {
                return Some(format!("{} {what}", what.verb()));
            }
            let same = compare::difference(&compare::observed(program, model), &compare::observed(program, real));
            same.is_none().then(|| "the same errnos, messages and objects at rest".to_string())
        }
    }
}

/// A wait that both have: a task that the model blocks sleeps in the kernel.
fn waits(model: &Trace, real: &Trace) -> Option<String> {
    let blocked = model.events.iter().filter_map(|event| match event.what {
        What::Block(lock) => Some((model.name(event.task), lock)),
        _ => None,
    });
    blocked.into_iter().find_map(|(task, lock)| {
        let sleeps = real.events.iter().find(|event| {
            matches!(event.what, What::Sleeps(_)) && real.name(event.task) == task
        })?;
        Some(format!("{task} waits for {lock}: {}", real.text(sleeps.what).unwrap_or_default()))
    })
}
