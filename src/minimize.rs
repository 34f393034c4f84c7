//! Minimising: the smallest program near a failing one that still fails.
//!
//! Large pieces are dropped first, then single ones, then what is left is made simpler, until no single step
//! helps. What comes out is one-minimal: without any one of its tasks, commands, variants or segments, or with
//! any one operand smaller, it no longer fails.

mod canonical;
mod cut;
mod simplify;

use crate::event::Trace;
use crate::invariant::{Site, Violation, judge};
use crate::program::{Program, TASKS_MAX};
use crate::run::Machine;
use rustc_hash::FxHashSet;
use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash, Hasher};

/// One thing that was tried.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// What was changed: `without command 3 of probe`.
    pub change: &'a str,
    /// Whether the program still failed, so that the change was kept.
    pub kept: bool,
    /// What it broke instead, if it broke something else.
    pub instead: Option<&'a Site>,
}

/// Makes a program as small as it can be while `still_fails` says so. The program given must fail.
pub fn minimize(program: &Program, still_fails: impl FnMut(&Program) -> bool) -> Program {
    minimize_watched(program, still_fails, |_| {})
}

/// As [`minimize`], and tells `watch` of every attempt.
pub fn minimize_watched(
    program: &Program,
    mut still_fails: impl FnMut(&Program) -> bool,
    mut watch: impl FnMut(&Attempt<'_>),
) -> Program {
    // What is expected is a claim about the whole program, so it says nothing of a part of it.
    let best = Program { expect: 0, ..program.clone() };
    let tried = FxHashSet::default();
    let machine = Machine::default();
    let mut search = Minimizer { best, machine, tried, still_fails: &mut still_fails, watch: &mut watch };
    search.reach_fixed_point();
    search.order_tasks();
    search.reach_fixed_point();
    search.name_tasks();
    search.best
}

/// Makes a program as small as it can be while it breaks the same invariant at the same site, and sets what it is
/// expected to break to what it does break.
pub fn minimize_violation(program: &Program, site: &Site, mut watch: impl FnMut(&Attempt<'_>)) -> Program {
    let mut machine = Machine::default();
    let instead = RefCell::new(None);
    let still_fails = |candidate: &Program| {
        let trace = machine.run(candidate);
        let violations = judge(trace);
        let breaks = holds(&violations, site, trace);
        *instead.borrow_mut() = violations.first().filter(|_| !breaks).map(|violation| violation.site(trace));
        breaks
    };
    let mut minimal = minimize_watched(program, still_fails, |attempt| {
        watch(&Attempt { instead: instead.borrow().as_ref(), ..*attempt });
    });
    minimal.expect = expected(machine.run(&minimal));
    minimal
}

/// Whether a trace breaks this invariant at this site.
pub fn breaks(trace: &Trace, site: &Site) -> bool {
    holds(&judge(trace), site, trace)
}

/// Whether one of the violations of a trace is of this invariant at this site.
fn holds(violations: &[Violation], site: &Site, trace: &Trace) -> bool {
    // Naming a site costs more than judging.
    let mut same_invariant = violations.iter().filter(|violation| violation.invariant.name == site.invariant);
    same_invariant.any(|violation| violation.site(trace) == *site)
}

/// The invariants that a trace breaks, as [`Program::expect`] keeps them.
pub fn expected(trace: &Trace) -> u64 {
    judge(trace).iter().fold(0, |set, violation| set | 1 << violation.invariant.id)
}

/// A search for a smaller program.
struct Minimizer<'f> {
    best: Program,
    /// Runs what is best so far, to see in which order its commands begin.
    machine: Machine,
    /// What has been tried, so that the last round, in which nothing helps, costs next to nothing.
    tried: FxHashSet<u64>,
    still_fails: &'f mut dyn FnMut(&Program) -> bool,
    watch: &'f mut dyn FnMut(&Attempt<'_>),
}

impl Minimizer<'_> {
    fn reach_fixed_point(&mut self) {
        self.repeat(&[
            Self::cut_commands,
            Self::cut_tasks,
            Self::cut_variants,
            Self::cut_segments,
            Self::join_tasks,
            Self::drop_stops,
            Self::lower_counts,
            Self::lower_operands_together,
            Self::lower_operands,
        ]);
    }

    /// Takes these steps until none of them changes anything.
    ///
    /// Every change that is kept makes the program smaller in one measure and larger in none before it (tasks, commands,
    /// variants, segments, stops, counts, operands), so this ends.
    fn repeat(&mut self, steps: &[fn(&mut Self)]) {
        loop {
            let before = self.best.clone();
            steps.iter().for_each(|step| step(self));
            if self.best == before {
                return;
            }
        }
    }

    /// Tries a change; keeps it if the program still fails.
    fn attempt(&mut self, change: impl FnOnce(&mut Program), describe: impl FnOnce() -> String) -> bool {
        let mut candidate = self.best.clone();
        change(&mut candidate);
        candidate.tasks.retain(|task| !task.commands.is_empty());
        debug_assert!(candidate.tasks.len() <= TASKS_MAX);
        let mut hasher = DefaultHasher::new();
        candidate.hash(&mut hasher);
        if candidate == self.best || !self.tried.insert(hasher.finish()) {
            return false;
        }
        let kept = (self.still_fails)(&candidate);
        (self.watch)(&Attempt { change: &describe(), kept, instead: None });
        if kept {
            self.best = candidate;
        }
        kept
    }
}

#[cfg(test)]
mod tests;
