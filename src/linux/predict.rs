//! Predictions: what the model breaks under a kernel's variant, and what that kernel says to it.

pub mod sequel;
mod witness;

use super::compare;
use super::complaint::{self, Kind};
use super::steer::Log;
use crate::event::{Scope, Trace, What};
use crate::invariant::life::core_references_balance::CORE_REFERENCES_BALANCE;
use crate::invariant::life::no_use_after_free::NO_USE_AFTER_FREE;
use crate::invariant::life::no_warning::NO_WARNING;
use crate::invariant::life::references_balance::REFERENCES_BALANCE;
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
    /// Its guest did not boot or did not answer in time: nothing is known of it.
    NoAnswer(String),
}

impl Verdict {
    /// The verdict in a word or two.
    pub const fn word(&self) -> &'static str {
        match self {
            Verdict::Confirmed(_) => "confirmed",
            Verdict::Refuted(_) => "refuted",
            Verdict::NotFollowed(_) => "not followed",
            Verdict::NotAskable(_) => "not askable",
            Verdict::NoAnswer(_) => "no answer",
        }
    }

    /// What shows it.
    pub fn why(&self) -> &str {
        let (Verdict::Confirmed(why)
        | Verdict::Refuted(why)
        | Verdict::NotFollowed(why)
        | Verdict::NotAskable(why)
        | Verdict::NoAnswer(why)) = self;
        why
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// How a real kernel shows that an invariant is broken.
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
    /// A task is seen with the locks that the model says it holds, or waits for one of them.
    Held,
    /// Only its own complaint would show it: references, lives and callbacks are inside.
    Inside,
    /// It shows the same as the model: errnos, messages, uevents, and what is there at rest.
    Same,
}

fn shown(invariant: &Invariant) -> Shown {
    match invariant.id {
        id if [NO_USE_AFTER_FREE.id, TEXT_OUTLIVES_WORK.id, NETNS_EXIT_EMPTIES.id].contains(&id) => {
            Shown::Memory
        }
        id if id == NO_WARNING.id => Shown::Complaint,
        id if id == NO_DEADLOCK.id => Shown::Deadlock,
        id if id == LOCK_ORDER.id => Shown::LockOrder,
        id if [NO_GLOBAL_LOCK.id, INSTANCES_IN_PARALLEL.id].contains(&id) => Shown::Held,
        _ if INSIDE.contains(&invariant.name) => Shown::Inside,
        _ => Shown::Same,
    }
}

/// Invariants about what happens inside a kernel. That its messages are the model's does not show that they are broken.
const INSIDE: &[&str] = &[
    "references-balance",
    "core-references-balance",
    "caller-holds-reference",
    "active-keeps-memory",
    "visible-implies-ready",
    "one-remove-per-add",
    "clients-in-order",
    "no-work-left",
    "remove-is-synchronous",
    "no-recursion",
];

/// What a kernel that ran a program makes of one invariant that the model breaks in it.
pub fn verdict(
    program: &Program,
    invariant: &'static Invariant,
    model: &Trace,
    real: &Trace,
    log: Option<&Log>,
) -> Verdict {
    let complaints = complaints(real);
    let broken = judge_observed(real);
    let at = (invariant.check)(model).unwrap_or(model.events.len());
    let is_counted = complaints.iter().any(|complaint| complaint.kind == Kind::Refcount);
    let cause = compare::first_undefined(model).filter(|cause| *cause < at);
    if let (Some(cause), false) = (cause, is_counted && invariant.id == REFERENCES_BALANCE.id) {
        let cause = model.events[cause].what;
        return Verdict::NotAskable(format!(
            "what a kernel does after `{} {cause}` is not known",
            cause.verb()
        ));
    }
    let seen = log.and_then(|log| witness(invariant, model, at, log));
    // A task that the schedule holds back lets others wait for it, which is no deadlock of the kernel's.
    let is_held_back =
        invariant.id == NO_DEADLOCK.id && log.is_some_and(|log| !log.is_whole(&model.segments));
    let confirmed = || confirms(program, invariant, model, real, &complaints, &broken);
    if let Some(how) = seen.or_else(|| confirmed().filter(|_| !is_held_back)) {
        return Verdict::Confirmed(how);
    }
    if let Some((at, end)) = log.and_then(|log| log.first_unfollowed(&model.segments)) {
        let segment = program.schedule[at];
        return Verdict::NotFollowed(format!("segment {}, `{segment}`: {end}", at + 1));
    }
    if shown(invariant) == Shown::Inside {
        return Verdict::NotAskable("a stock kernel has no way to show it".to_string());
    }
    if shown(invariant) == Shown::Held && !log.is_some_and(witness::has_locks) {
        let why = "a kernel without lockdep does not show which locks a task holds";
        return Verdict::NotAskable(why.to_string());
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

/// What shows an invariant to be broken without a complaint, as the model's event at this index breaks it.
fn witness(invariant: &Invariant, model: &Trace, at: usize, log: &Log) -> Option<String> {
    match invariant.id {
        id if id == NO_GLOBAL_LOCK.id => witness::global_lock(model, at, log),
        id if id == INSTANCES_IN_PARALLEL.id => witness::instances(model, at, log),
        id if id == LOCK_ORDER.id => witness::lock_order(model, at, log),
        id if id == CORE_REFERENCES_BALANCE.id => witness::late_release(model, at, log),
        _ => None,
    }
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
        complaints
            .iter()
            .find(|complaint| kinds.contains(&complaint.kind))
            .map(|complaint| complaint.line.clone())
    };
    let itself = || {
        let is_it = |violation: &&Violation| violation.invariant.id == invariant.id;
        broken.iter().find(is_it).map(|violation| real.events[violation.at].what)
    };
    match shown(invariant) {
        Shown::Memory => {
            // A lock is destroyed with the object that it is in: a task that holds it uses that object.
            let destroyed = || complaints.iter().find(|complaint| complaint.line.contains("mutex_destroy"));
            of(&[Kind::Kasan, Kind::Refcount, Kind::DebugObjects, Kind::Oops, Kind::Panic])
                .or_else(|| destroyed().map(|complaint| complaint.line.clone()))
        }
        Shown::Inside | Shown::Complaint => {
            complaints.iter().min_by_key(|complaint| complaint.kind).map(|complaint| complaint.line.clone())
        }
        Shown::LockOrder | Shown::Deadlock => {
            let waits = real.events.iter().find(|event| matches!(event.what, What::Deadlock(_)));
            let waits = waits.map(|event| {
                let cycle = real.cycle(event.what).iter();
                cycle.map(|link| format!("{} waits", real.name(link.task))).collect::<Vec<_>>().join(", ")
            });
            // An order of locks that can deadlock is shown by lockdep, or by the deadlock itself.
            let kinds: &[Kind] = match shown(invariant) {
                Shown::LockOrder => &[Kind::Lockdep],
                _ => &[Kind::HungTask, Kind::NetdevReferences, Kind::Lockdep],
            };
            waits.or_else(|| of(kinds))
        }
        Shown::Held => waits(invariant, model, real),
        Shown::Same => {
            if let Some(what) = itself() {
                return Some(format!("{} {what}", what.verb()));
            }
            let same =
                compare::difference(&compare::observed(program, model), &compare::observed(program, real));
            same.is_none().then(|| "the same errnos, messages and objects at rest".to_string())
        }
    }
}

/// A wait that both have: a task that the model blocks on a lock of all devices, or of the callback, sleeps.
fn waits(invariant: &Invariant, model: &Trace, real: &Trace) -> Option<String> {
    let at = (invariant.check)(model)?;
    let breaks = model.events[at];
    let mut locks = witness::held_by(model, breaks.task, at);
    if let What::Acquire(lock, _) = breaks.what {
        locks.push(lock);
    }
    locks.retain(|lock| lock.class.scope() == Scope::Global);
    let blocked = model.events.iter().filter_map(|event| match event.what {
        What::Block(lock) if locks.contains(&lock) => Some((model.name(event.task), lock)),
        _ => None,
    });
    blocked.into_iter().find_map(|(task, lock)| {
        let sleeps = real
            .events
            .iter()
            .find(|event| matches!(event.what, What::Sleeps(_)) && real.name(event.task) == task)?;
        Some(format!("{task} waits for {lock}: {}", real.text(sleeps.what).unwrap_or_default()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::SegmentEnd;
    use crate::invariant::ALL;

    #[test]
    fn every_invariant_about_the_inside_is_one() {
        for name in INSIDE {
            assert!(ALL.iter().any(|invariant| invariant.name == *name), "{name}");
        }
    }

    fn kernel(texts: &[&str]) -> Trace {
        let mut trace = Trace::of([(0, What::Begin(0))]);
        for text in texts {
            let text = trace.note((*text).to_string());
            trace.push(0, What::Console(text));
        }
        trace
    }

    fn program() -> Program {
        Program::parse("task user\n  driver.probe netdevsim/0\n", "test")
            .unwrap_or_else(|_| panic!("it is one"))
    }

    #[test]
    fn a_use_after_free_is_confirmed_by_kasan_and_by_nothing_less() {
        let model = Trace::of([(0, What::Begin(0))]);
        let judge = |real: &Trace| verdict(&program(), &NO_USE_AFTER_FREE, &model, real, None);
        let kasan = "BUG: KASAN: slab-use-after-free in mdev_device_remove+0x54/0x163 [mdev]";
        assert_eq!(judge(&kernel(&[kasan])), Verdict::Confirmed(kasan.to_string()));
        assert!(matches!(
            judge(&kernel(&["WARNING: CPU: 0 PID: 1 at net/core.c:1 f+0x1/0x2"])),
            Verdict::Refuted(_)
        ));
        assert!(matches!(judge(&kernel(&[])), Verdict::Refuted(_)));
    }

    #[test]
    fn a_schedule_that_was_not_followed_refutes_nothing() {
        let text = "task user\n  driver.probe netdevsim/0\nschedule\n  user until command:start\n";
        let program = Program::parse(text, "test").unwrap_or_else(|_| panic!("it is one"));
        let log = Log { segments: vec![crate::event::SegmentEnd::NoPlace], ..Log::default() };
        let model = Trace::of([(0, What::Begin(0))]);
        let judged = verdict(&program, &NO_USE_AFTER_FREE, &model, &kernel(&[]), Some(&log));
        assert!(matches!(judged, Verdict::NotFollowed(_)));
    }

    #[test]
    fn a_wait_for_a_task_that_the_schedule_holds_back_is_no_deadlock() {
        let text = "task user\n  driver.probe netdevsim/0\nschedule\n  user until command:start\n  user\n";
        let program = Program::parse(text, "test").unwrap_or_else(|_| panic!("it is one"));
        let mut model = Trace::of([(0, What::Begin(0))]);
        model.segments = vec![SegmentEnd::Reached, SegmentEnd::Blocked];
        let real = kernel(&["INFO: task task-0:38 blocked for more than 122 seconds."]);
        let judged = |segments| {
            let log = Log { segments, ..Log::default() };
            verdict(&program, &NO_DEADLOCK, &model, &real, Some(&log))
        };
        assert!(matches!(judged(vec![SegmentEnd::Reached, SegmentEnd::CutOff]), Verdict::NotFollowed(_)));
        assert!(matches!(judged(model.segments.clone()), Verdict::Confirmed(_)));
    }

    #[test]
    fn what_is_inside_is_not_refuted_by_silence() {
        let inside = ALL.iter().find(|invariant| invariant.name == "references-balance").expect("it is one");
        let model = Trace::of([(0, What::Begin(0))]);
        assert!(matches!(verdict(&program(), inside, &model, &kernel(&[]), None), Verdict::NotAskable(_)));
    }
}
