//! The path of one execution: its steps, what each touches, and which of them happen before which.

use crate::event::{Event, Mode, RUN_TASKS_MAX, TaskId, What};
use crate::sim::footprint::{Edge, Footprint, Shared};
use crate::sim::lock::asks;
use rustc_hash::FxHashMap;

/// The steps of each task that happen before a step, itself among them.
pub(super) type Clock = [u16; RUN_TASKS_MAX];

/// How a step meets a lock first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meets {
    /// It takes the lock, or begins to wait for it.
    Asks,
    /// It has the lock from before: it can only be in the way of others.
    Has,
}

/// One step of a task: from a point to the next.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) task: TaskId,
    pub(super) footprint: Footprint,
    /// What orders it without being a choice.
    pub(super) edges: Vec<Edge>,
    /// The locks that it meets, and how it does first.
    pub(super) locks: Vec<(Shared, Meets)>,
    /// The lock that it begins with asking for.
    pub(super) begins_with: Option<Shared>,
    /// The exclusive locks from before that it unlocks.
    pub(super) frees: Vec<Shared>,
    /// The lock that it ends to wait for.
    pub(super) blocks: Option<Shared>,
    /// The step that let the task run on, if it could not before.
    pub(super) woken_by: Option<usize>,
    /// How many of the task's steps came before.
    pub(super) turn: u16,
    pub(super) clock: Clock,
}

impl Step {
    /// A step of which nothing is known yet.
    pub(super) fn new(task: TaskId, woken_by: Option<usize>) -> Self {
        Step {
            task,
            footprint: Footprint::default(),
            edges: Vec::new(),
            locks: Vec::new(),
            begins_with: None,
            frees: Vec::new(),
            blocks: None,
            woken_by,
            turn: 0,
            clock: [0; RUN_TASKS_MAX],
        }
    }

    /// Reads off the events of the step how it meets locks. `waited` is the lock that the task waited for before.
    pub(super) fn read_locks(&mut self, events: &[Event], waited: Option<Shared>) {
        for event in events.iter().filter(|event| event.task == self.task) {
            let (lock, meets) = match event.what {
                What::Acquire(lock, _) if waited == Some(Shared::of(lock)) => (lock, Meets::Has),
                What::Acquire(lock, _) => (lock, Meets::Asks),
                What::Release(lock, _) => (lock, Meets::Has),
                What::Block(lock) => {
                    self.blocks = Some(Shared::of(lock));
                    (lock, Meets::Asks)
                }
                _ => continue,
            };
            let begins = meets == Meets::Asks && self.footprint.touches(asks(lock));
            let lock = Shared::of(lock);
            self.begins_with = self.begins_with.or(Some(lock).filter(|_| begins));
            let known = self.locks.iter().any(|(known, _)| *known == lock);
            if !known {
                self.locks.push((lock, meets));
            }
            if let What::Release(_, Mode::Write) = event.what
                && self.locks.contains(&(lock, Meets::Has))
            {
                self.frees.push(lock);
            }
        }
    }

    /// Whether the step has happened before one with this clock.
    pub(super) fn is_before(&self, clock: &Clock) -> bool {
        clock[usize::from(self.task)] > self.turn
    }
}

fn join(clock: &mut Clock, other: &Clock) {
    clock.iter_mut().zip(other).for_each(|(own, other)| *own = (*own).max(*other));
}

/// Two steps whose order matters and was chosen: the other order is to be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Race {
    pub(super) early: usize,
    pub(super) late: usize,
    /// The clock of the late step without what holds only because the early one came first.
    pub(super) clock: Clock,
}

/// The step that touched something last.
#[derive(Debug, Default)]
struct Touched {
    writer: Option<usize>,
    readers: Vec<usize>,
}

/// Finds which step happens before which, step by step.
#[derive(Debug, Default)]
pub(super) struct Order {
    touched: FxHashMap<Shared, Touched>,
    /// The steps that asked for each lock, in order.
    asked: FxHashMap<Shared, Vec<usize>>,
    last: [Option<usize>; RUN_TASKS_MAX],
    /// The steps that led to something which others wait for.
    led: FxHashMap<Shared, Vec<usize>>,
}

impl Order {
    /// Takes in the next step of a path: gives it its clock, and adds the races that it ends.
    pub(super) fn push(&mut self, steps: &mut [Step], at: usize, mut races: Option<&mut Vec<Race>>) {
        let (before, rest) = steps.split_at_mut(at);
        let step = &mut rest[0];
        let task = usize::from(step.task);
        let mut clock = self.last[task].map_or([0; RUN_TASKS_MAX], |last| before[last].clock);
        step.turn = clock[task];
        let mut rivals: Vec<(usize, Shared)> = Vec::new();
        for (shared, writes) in step.footprint.entries() {
            let Some(touched) = self.touched.get(&shared) else { continue };
            rivals.extend(touched.writer.map(|writer| (writer, shared)));
            if writes {
                rivals.extend(touched.readers.iter().map(|reader| (*reader, shared)));
            }
        }
        rivals.retain(|(rival, _)| before[*rival].task != step.task);
        rivals.sort_unstable_by_key(|(rival, _)| std::cmp::Reverse(*rival));
        // The step that woke the task comes before it in any case.
        if let Some(waker) = step.woken_by {
            join(&mut clock, &before[waker].clock);
        }
        for edge in &step.edges {
            if let Edge::Follows(shared) = edge {
                let led = self.led.get(shared).into_iter().flatten();
                led.for_each(|leader| join(&mut clock, &before[*leader].clock));
            }
        }
        if let Some(races) = races.as_deref_mut() {
            races.extend(self.lock_race(before, step, at, &rivals));
        }
        let mut index = 0;
        while index < rivals.len() {
            let rival = rivals[index].0;
            let group = rivals[index..].iter().take_while(|(other, _)| *other == rival).count();
            if !before[rival].is_before(&clock) {
                let mut shared = rivals[index..index + group].iter().map(|(_, shared)| *shared);
                // A task that asks for a lock cannot come before the one that frees it, only before the one that took it.
                let reverses = shared.any(|shared| {
                    !(before[rival].frees.contains(&shared) && step.begins_with == Some(shared))
                });
                if let Some(races) = races.as_deref_mut().filter(|_| reverses) {
                    races.push(Race { early: rival, late: at, clock });
                }
                join(&mut clock, &before[rival].clock);
            }
            index += group;
        }
        clock[task] = step.turn + 1;
        step.clock = clock;
        for (shared, writes) in step.footprint.entries() {
            let touched = self.touched.entry(shared).or_default();
            if writes {
                *touched = Touched { writer: Some(at), readers: Vec::new() }
            } else {
                touched.readers.push(at)
            }
        }
        for (lock, meets) in &step.locks {
            if *meets == Meets::Asks {
                self.asked.entry(*lock).or_default().push(at);
            }
        }
        for edge in &step.edges {
            if let Edge::Leads(shared) = edge {
                self.led.entry(*shared).or_default().push(at);
            }
        }
        self.last[task] = Some(at);
    }

    /// The race for the lock that a step takes as soon as a task frees it: with the step in which that task asked for it. The
    /// task could have come before that unless it has come this far for a reason that came later still.
    fn lock_race(&self, before: &[Step], step: &Step, at: usize, rivals: &[(usize, Shared)]) -> Option<Race> {
        let lock = step.begins_with?;
        let frees =
            |&&(rival, shared): &&(usize, Shared)| shared == lock && before[rival].frees.contains(&lock);
        let (freed, _) = *rivals.iter().find(frees)?;
        let asked = self.asked.get(&lock)?.iter().rev().copied();
        let early =
            asked.into_iter().find(|early| *early < freed && before[*early].task == before[freed].task)?;
        let mut clock =
            self.last[usize::from(step.task)].map_or([0; RUN_TASKS_MAX], |last| before[last].clock);
        if let Some(waker) = step.woken_by.filter(|waker| !before[*waker].frees.contains(&lock)) {
            join(&mut clock, &before[waker].clock);
        }
        if before[early].is_before(&clock) {
            return None;
        }
        for (rival, _) in rivals.iter().filter(|(rival, _)| !before[early].is_before(&before[*rival].clock)) {
            join(&mut clock, &before[*rival].clock);
        }
        Some(Race { early, late: at, clock })
    }
}
