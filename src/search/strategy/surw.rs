//! SURW: the order in which tasks pass one point is drawn as URW does; all else is left to chance (Zhao, Wolff, Mathur,
//! Roychoudhury: Selectively uniform concurrency testing, ASPLOS 2025). The point is drawn for each run, of those that
//! several tasks passed in the last one.

use super::counts::{Counts, Points};
use super::{Strategy, any, tasks, weighed};
use crate::event::{Point, RUN_TASKS_MAX, TaskId, Trace};
use crate::program::{Program, Segment};
use crate::run::Machine;
use crate::sim::{Chooser, Runnable};
use fastrand::Rng;
use std::collections::BTreeMap;

/// How often each task passed each point in the last run.
#[derive(Debug, Default)]
pub(super) struct Surw {
    /// Tells whether the last run was of the same tasks.
    counts: Counts,
    passed: BTreeMap<u16, Points>,
}

impl Strategy for Surw {
    fn run(&mut self, machine: &mut Machine, program: &Program, seed: u64) -> Vec<Segment> {
        let mut random = Rng::with_seed(seed);
        if !self.counts.is_of(program) {
            self.passed.clear();
        }
        let is_shared = |points: &&Points| points.iter().filter(|count| **count > 0).count() > 1;
        let shared: Vec<u16> =
            self.passed.iter().filter(|(_, points)| is_shared(points)).map(|(at, _)| *at).collect();
        let selected = (!shared.is_empty()).then(|| shared[random.usize(0..shared.len())]);
        let left = selected.map_or([0; RUN_TASKS_MAX], |at| self.passed[&at]);
        self.passed.clear();
        let by = Selected {
            random,
            selected,
            left,
            due: None,
            at: [None; RUN_TASKS_MAX],
            running: 0,
            passed: std::mem::take(&mut self.passed),
        };
        let (_, schedule, by) = machine.drive(program, by);
        self.passed = by.passed;
        self.counts.learn(program, [0; RUN_TASKS_MAX]);
        schedule
    }
}

/// One run: which task passes the selected point next.
#[derive(Debug)]
struct Selected {
    random: Rng,
    selected: Option<u16>,
    /// How often each task still comes to the point.
    left: Points,
    /// The task that is to pass it next.
    due: Option<TaskId>,
    /// Where each task stands.
    at: [Option<u16>; RUN_TASKS_MAX],
    running: usize,
    passed: BTreeMap<u16, Points>,
}

impl Chooser for Selected {
    fn stops(&mut self, at: Point) -> bool {
        self.at[self.running] = Some(at as u16);
        self.passed.entry(at as u16).or_insert([0; RUN_TASKS_MAX])[self.running] += 1;
        true
    }

    fn choose(&mut self, runnable: Runnable, _: &Trace) -> Option<TaskId> {
        let stands = |task: &usize| self.selected.is_some() && self.at[*task] == self.selected;
        let at_point = tasks(runnable.tasks).filter(stands).fold(0, |mask, task| mask | 1 << task);
        if self.due.is_none() {
            let all = tasks(u32::MAX >> (u32::BITS - RUN_TASKS_MAX as u32));
            let coming = all.filter(|task| self.left[*task] > 0).fold(0, |mask, task| mask | 1 << task);
            self.due = weighed(&mut self.random, coming, |task| self.left[task]);
        }
        let due = self.due.map_or(0, |task| 1 << task);
        // Tasks at the point wait for the one that is due, unless no other task can run.
        let free = runnable.tasks & !(at_point & !due);
        let task = any(&mut self.random, if free == 0 { runnable.tasks } else { free })?;
        if at_point & 1 << task != 0 {
            self.left[usize::from(task)] = self.left[usize::from(task)].saturating_sub(1);
            self.at[usize::from(task)] = None;
            self.due = None;
        }
        self.running = usize::from(task);
        Some(task)
    }
}
