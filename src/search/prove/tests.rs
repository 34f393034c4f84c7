//! The reduction loses nothing: what it finds is what there is, and steps that are said to commute do.

use super::explore::Known;
use super::order::touch;
use super::{Explores, Prover};
use crate::event::{NetNs, Point, Subject, TaskId, TaskName, Trace, What};
use crate::invariant::judge;
use crate::program::{Program, Subsystem, Variants};
use crate::run::Machine;
use crate::search::generate::{Alphabet, generate};
use crate::sim::footprint::{self, Edge, Footprint};
use crate::sim::{Chooser, Runnable};
use fastrand::Rng;
use std::collections::BTreeSet;

/// What a run comes to: what it breaks and where, and what is there at the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Outcome {
    broken: Vec<String>,
    rest: BTreeSet<String>,
}

fn outcome(trace: &Trace) -> Outcome {
    let broken = judge(trace).iter().map(|violation| violation.site(trace).to_string()).collect();
    let mut netns = NetNs::Init;
    let mut rest = BTreeSet::new();
    for event in &trace.events {
        match event.what {
            What::In(other) => netns = other,
            What::AtRest(of, value) if of != Subject::Kernel => {
                rest.insert(format!("{of} {value} in {netns}"));
            }
            _ => {}
        }
    }
    Outcome { broken, rest }
}

/// The outcomes of all interleavings; none if there are more than so many.
fn outcomes(program: &Program, explores: Explores, most: u64) -> Option<(BTreeSet<Outcome>, u64)> {
    let mut prover = Prover::new(program.clone(), explores);
    let mut all = BTreeSet::new();
    while let Some(execution) = prover.step() {
        all.insert(outcome(execution.trace));
        if prover.progress().stats().executions > most {
            return None;
        }
    }
    Some((all, prover.progress().stats().executions))
}

/// A program of two or three tasks and few commands, under a variant or none.
fn small(random: &mut Rng, alphabets: &[Alphabet]) -> Program {
    let mut program = any_program(random, alphabets);
    program.tasks.truncate(if random.u8(0..4) == 0 { 3 } else { 2 });
    while program.tasks.len() < 2 {
        let name = TaskName::ALL[program.tasks.len()];
        let mut more = any_program(random, alphabets);
        more.tasks[0].name = name;
        program.tasks.push(more.tasks.swap_remove(0));
    }
    let most = random.usize(program.tasks.len()..=4);
    while program.commands() > most {
        let longest = program.tasks.iter_mut().max_by_key(|task| task.commands.len());
        longest.expect("there are tasks").commands.pop();
    }
    program.variants = any_variants(random);
    program
}

fn any_program(random: &mut Rng, alphabets: &[Alphabet]) -> Program {
    let alphabet = &alphabets[random.usize(0..alphabets.len())];
    generate(random, alphabet)
}

fn any_variants(random: &mut Rng) -> Variants {
    let mut variants = Variants::default();
    if random.bool() {
        let subsystem = Subsystem::ALL[random.usize(0..Subsystem::ALL.len())];
        let all = subsystem.variants();
        if let Some(variant) = all.get(random.usize(0..all.len().max(1))) {
            variants = Variants::to_break(subsystem, variant);
        }
    }
    variants
}

fn alphabets() -> Vec<Alphabet> {
    let of = |subsystem: &Subsystem| Alphabet::new(&[*subsystem]);
    Subsystem::ALL.iter().map(of).filter(|alphabet| !alphabet.is_empty()).collect()
}

#[test]
fn the_reduction_comes_to_every_outcome() {
    let mut random = Rng::with_seed(12);
    let alphabets = alphabets();
    let (mut programs, mut all, mut reduced, mut with_several) = (0, 0, 0, 0);
    // A thousand, and as many more as it takes until enough of them tell interleavings apart.
    while programs < 1_000 || with_several < 20 {
        let program = small(&mut random, &alphabets);
        let mut prover = Prover::new(program.clone(), Explores::All);
        if prover.interleavings(4) > 1_200.0 {
            continue;
        }
        let Some((whole, count)) = outcomes(&program, Explores::All, 2_400) else { continue };
        let (found, fewer) = outcomes(&program, Explores::Reduced, u64::MAX).expect("there is no limit");
        assert_eq!(found, whole, "{fewer} executions stand for {count} of\n{program}");
        assert!(fewer <= count, "{fewer} of {count}:\n{program}");
        programs += 1;
        all += count;
        reduced += fewer;
        with_several += u64::from(whole.len() > 1);
    }
    assert!(programs < 2_000, "only {with_several} of {programs} programs have more than one outcome");
    assert!(reduced * 4 < all, "{reduced} of {all}");
    println!(
        "{reduced} executions stand for {all} of {programs} programs, {with_several} with several outcomes"
    );
}

/// Takes the tasks of the steps from a list, or draws them, and notes what each step touches.
#[derive(Debug)]
struct Steps {
    given: Vec<TaskId>,
    random: Rng,
    taken: Vec<TaskId>,
    footprints: Vec<Footprint>,
    edges: Vec<Vec<Edge>>,
    /// The tasks that could run before each step.
    runnable: Vec<u32>,
    events: usize,
    known: Known,
    is_followed: bool,
}

impl Steps {
    fn new(given: Vec<TaskId>, seed: u64, known: Known) -> Self {
        Steps {
            given,
            random: Rng::with_seed(seed),
            taken: Vec::new(),
            footprints: Vec::new(),
            edges: Vec::new(),
            runnable: Vec::new(),
            events: 0,
            known,
            is_followed: true,
        }
    }
}

/// Whether one of two steps waits for what the other leads to: then what is one step in one order is two in the other.
fn is_waited_for(one: &[Edge], two: &[Edge]) -> bool {
    let meets = |(one, two): (&Edge, &Edge)| match (*one, *two) {
        (Edge::Leads(led), Edge::Follows(wanted)) | (Edge::Follows(wanted), Edge::Leads(led)) => {
            led == wanted
        }
        (Edge::Leads(_), Edge::Leads(_)) | (Edge::Follows(_), Edge::Follows(_)) => false,
    };
    one.iter().any(|one| two.iter().any(|two| meets((one, two))))
}

impl Chooser for Steps {
    fn stops(&mut self, _: Point) -> bool {
        true
    }

    fn choose(&mut self, runnable: Runnable, trace: &Trace) -> Option<TaskId> {
        let mut footprint = Footprint::default();
        let edges = footprint::edges();
        footprint::take(None, &mut footprint);
        if !self.taken.is_empty() {
            for event in &trace.events[self.events..] {
                touch(event.what, self.known.renames, &mut footprint);
            }
            footprint.normalise();
            self.footprints.push(footprint);
            self.edges.push(edges);
        }
        self.events = trace.events.len();
        if runnable.tasks == 0 {
            return None;
        }
        let at = self.taken.len();
        let task = match self.given.get(at) {
            Some(task) => *task,
            None => {
                let mut left = runnable.tasks;
                for _ in 0..self.random.u32(0..left.count_ones()) {
                    left &= left - 1;
                }
                // Long stretches of one task come to more than a change at every step.
                let last = self.taken.last().filter(|last| runnable.tasks & 1 << **last != 0);
                match last.filter(|_| self.random.u8(0..4) > 0) {
                    Some(last) => *last,
                    None => left.trailing_zeros() as TaskId,
                }
            }
        };
        if runnable.tasks & 1 << task == 0 {
            self.is_followed = false;
            return None;
        }
        self.taken.push(task);
        self.runnable.push(runnable.tasks);
        footprint::take(Some(task), &mut Footprint::default());
        Some(task)
    }
}

/// Two neighbouring steps of two tasks that touch nothing in common may change places, in programs of any size.
#[test]
fn steps_that_commute_do() {
    let mut random = Rng::with_seed(2);
    let alphabets = alphabets();
    let mut machine = Machine::default();
    let (mut swapped, mut programs) = (0, 0);
    while swapped < 20_000 {
        let mut program = any_program(&mut random, &alphabets);
        program.variants = any_variants(&mut random);
        programs += 1;
        let seed = random.u64(..);
        let mut known = Known::default();
        let (steps, before) = loop {
            let (trace, _, steps, seen) =
                machine.explore(&program, Steps::new(Vec::new(), seed, known), known.seen);
            let more = known.with(seen, trace);
            if more == known {
                break (steps, outcome(trace));
            }
            known = more;
        };
        let last = steps.taken.len().min(steps.footprints.len()).saturating_sub(1);
        let commute = |at: &usize| {
            let (one, two) = (steps.taken[*at], steps.taken[at + 1]);
            let could = steps.runnable[*at] & 1 << two != 0;
            let does = !steps.footprints[*at].is_empty() && !steps.footprints[at + 1].is_empty();
            let is_waited_for = is_waited_for(&steps.edges[*at], &steps.edges[at + 1]);
            one != two
                && could
                && does
                && !is_waited_for
                && !steps.footprints[*at].conflicts(&steps.footprints[at + 1])
        };
        let places: Vec<usize> = (0..last).filter(commute).collect();
        for _ in 0..places.len().min(20) {
            let at = places[random.usize(0..places.len())];
            let mut order = steps.taken.clone();
            order.swap(at, at + 1);
            let (trace, _, again, _) = machine.explore(&program, Steps::new(order, 0, known), known.seen);
            let (after, stream) =
                (outcome(trace), trace.print(crate::event::print::Detail::Trace, |_, _| String::new()));
            assert!(again.is_followed, "step {at} changes who can run:\n{program}");
            assert_eq!(before, after, "steps {at} and the next do not commute:\n{program}{stream}");
            let (one, two) = (&again.footprints[at + 1], &again.footprints[at]);
            assert_eq!(
                (one, two),
                (&steps.footprints[at], &steps.footprints[at + 1]),
                "{at}:\n{program}{stream}"
            );
            swapped += 1;
        }
    }
    assert!(programs > 500, "{programs} programs");
}

#[test]
fn a_proof_that_was_stopped_goes_on() {
    let text = "task t1\n  driver.probe netdevsim/0\ntask t2\n  devlink.dump\n";
    let program = Program::parse(text, "test").unwrap();
    let (whole, count) = outcomes(&program, Explores::Reduced, u64::MAX).unwrap();
    assert!(count > 3, "{count} executions");
    let mut found = BTreeSet::new();
    let mut prover = Prover::new(program.clone(), Explores::Reduced);
    while let Some(execution) = prover.step() {
        found.insert(outcome(execution.trace));
        let saved = serde_json::to_string(prover.progress()).unwrap();
        prover = Prover::resume(program.clone(), serde_json::from_str(&saved).unwrap());
    }
    assert_eq!(found, whole);
    assert!(prover.progress().is_proved());
    assert_eq!(prover.progress().stats().executions, count);
}

#[test]
fn a_bound_on_preemptions_is_kept() {
    let text = "task t1\n  netns.add a\n  netns.del a\ntask t2\n  netns.add a\n";
    let program = Program::parse(text, "test").unwrap();
    let count = |explores| outcomes(&program, explores, u64::MAX).unwrap();
    let (none, one, all) =
        (count(Explores::Preemptions(0)), count(Explores::Preemptions(1)), count(Explores::All));
    assert!(none.1 < one.1 && one.1 < all.1, "{} {} {}", none.1, one.1, all.1);
    assert_eq!(one.0, all.0);
}
