//! Hunting: run after run, from what was kept to what is new, until an invariant breaks.

use super::corpus::Corpus;
use super::generate::{Alphabet, generate};
use super::mutate::{mutate, reschedule};
use super::novelty::{FAMILIES, New, Novelty};
use super::strategy::{self, Strategy};
use crate::event::Trace;
use crate::invariant::opinion::differs;
use crate::invariant::{Site, judge};
use crate::program::{Command, Program, SEGMENTS_MAX, Subsystem, Variants};
use crate::run::Machine;
use crate::sim::kernel::STEPS_MAX;
use fastrand::Rng;

/// Of so many runs that break nothing one has a second opinion; every run that breaks something has.
pub const SECOND_OPINION: u64 = 128;

/// The most programs that are kept in each corpus.
const CORPUS_MAX: usize = 1024;

/// The most commands of a program that is tried. What needs more is rare, and a long program takes the time of
/// many short ones.
const COMMANDS_KEPT: usize = 16;

/// How many of the first programs that reach new lasting states of a family are all stored.
const STORED_FIRST: u64 = 256;

/// Whether the n-th program of a family is stored: all of the first [`STORED_FIRST`], then a share that halves each time
/// the count doubles. New states have no end, and a hunt of a week must not fill a disk.
fn is_stored(nth: u64) -> bool {
    nth.is_multiple_of((nth / STORED_FIRST).next_power_of_two())
}

/// What to hunt for.
#[derive(Debug, Clone)]
pub struct Options {
    /// The variants to run under.
    pub variants: Variants,
    /// The commands to draw from.
    pub alphabet: Alphabet,
    /// The invariants to break; all if this names none.
    pub only: Vec<&'static str>,
    /// Where all chance comes from.
    pub seed: u64,
    /// Whether options of the kernel, under which no invariant may break, are turned on in some programs.
    pub vary_kconfig: bool,
    /// Whether programs that reach new lasting states are handed over by [`Hunt::take_fresh`].
    pub stores: bool,
}

/// How far a hunt is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Programs run.
    pub runs: u64,
    /// Points passed in all runs.
    pub steps: u64,
    /// Different states of the kernel reached.
    pub states: u64,
    /// Programs kept because they reached something new.
    pub corpus: u64,
    /// Runs that broke an invariant.
    pub findings: u64,
    /// Runs that were cut off, because they ran out of steps: what they broke later is not known.
    pub cut_off: u64,
}

/// A program that breaks invariants, as it was found: not minimal, with the schedule under which it does.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The program.
    pub program: Program,
    /// What it breaks and where, in the order in which a report names several.
    pub sites: Vec<Site>,
}

/// A search in progress.
#[derive(Debug)]
pub struct Hunt {
    options: Options,
    /// Which commands may be used, if not every one of the alphabet's.
    may: Option<fn(&Command) -> bool>,
    /// The program whose schedules are searched, if it is one.
    program: Option<Program>,
    kconfig: Variants,
    strategy: Box<dyn Strategy>,
    /// Whether what reaches new states is kept and changed.
    is_guided: bool,
    /// Of so many runs one has a second opinion.
    second_opinion: u64,
    random: Rng,
    machine: Machine,
    novelty: Novelty,
    corpus: Corpus,
    /// The programs kept for a lasting state since [`Hunt::take_fresh`] was called last, if the options ask for them.
    fresh: Option<Vec<Program>>,
    /// How many programs were kept for a lasting state of each family.
    lasting: [u64; FAMILIES],
    stats: Stats,
}

impl Hunt {
    /// A hunt with an empty corpus.
    pub fn new(options: Options) -> Self {
        assert!(!options.alphabet.is_empty(), "a hunt needs a command");
        let mut kconfig = Variants::default();
        if options.vary_kconfig {
            for option in Subsystem::Kconfig.variants() {
                kconfig.insert(Subsystem::Kconfig, option.id);
            }
        }
        let random = Rng::with_seed(options.seed);
        let fresh = options.stores.then(Vec::new);
        Hunt {
            options,
            may: None,
            program: None,
            kconfig,
            strategy: (strategy::ALL[0].new)(),
            is_guided: true,
            second_opinion: SECOND_OPINION,
            random,
            machine: Machine::default(),
            novelty: Novelty::default(),
            corpus: Corpus::new(CORPUS_MAX),
            fresh,
            lasting: [0; FAMILIES],
            stats: Stats::default(),
        }
    }

    /// The same with only those of the commands that may be used: of a kind some operands may be allowed and others not.
    pub fn with_only(mut self, may: fn(&Command) -> bool) -> Self {
        self.may = Some(may);
        self
    }

    /// The same with this program alone: only schedules are searched for. It keeps its variants.
    pub fn with_program(mut self, program: Program) -> Self {
        self.program = Some(Program { schedule: Vec::new(), expect: 0, ..program });
        self
    }

    /// The same with another strategy where a schedule is drawn and not changed.
    pub fn with_strategy(mut self, strategy: Box<dyn Strategy>) -> Self {
        self.strategy = strategy;
        self
    }

    /// The same without guidance: every program is generated anew and none is kept, to measure what guidance is worth.
    pub fn without_guidance(mut self) -> Self {
        self.is_guided = false;
        self
    }

    /// The same with a second opinion on one of so many runs, where it is one of [`SECOND_OPINION`].
    pub fn with_second_opinion(mut self, one_of: u64) -> Self {
        self.second_opinion = one_of;
        self
    }

    /// Returns the programs that were kept for a new lasting state since the last call, if [`Options::stores`]: of each
    /// family of states the first hundreds, then a share that halves each time their count doubles. They are few enough
    /// to be stored, and a hunt finds the others again from them.
    pub fn take_fresh(&mut self) -> Vec<Program> {
        self.fresh.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Starts from a program that was stored: runs it, under these decisions, as it is, and returns it if it broke one.
    pub fn resume_from(&mut self, mut program: Program) -> Option<Finding> {
        program.variants = program.variants.settled().union(self.options.variants);
        program.expect = 0;
        let fresh = self.fresh.take();
        let trace = self.machine.run(&program);
        let read = read(trace, &mut self.novelty, &mut self.stats, &self.options.only);
        let found = self.take(program, read);
        self.fresh = fresh;
        found
    }

    /// How far the hunt is.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Makes one program, runs it, keeps it if it reached something new, and returns it if it broke an invariant.
    ///
    /// Nothing but the number of earlier calls and the options decide what happens.
    pub fn step(&mut self) -> Option<Finding> {
        let mut program = self.next_program();
        if let Some(may) = self.may {
            program.tasks.iter_mut().for_each(|task| task.commands.retain(may));
        }
        // A walk finds new schedules; a kept schedule, changed a little, goes deeper.
        let walks = program.schedule.is_empty() || self.random.u8(0..5) < 2;
        let trace = if walks {
            let seed = self.random.u64(..);
            program.schedule = self.strategy.run(&mut self.machine, &program, seed);
            self.machine.trace()
        } else {
            self.machine.run(&program)
        };
        let read = read(trace, &mut self.novelty, &mut self.stats, &self.options.only);
        if walks {
            self.strategy.learn(read.1.lasting.is_some() || !read.0.is_empty());
        }
        if !read.0.is_empty() || self.stats.runs.is_multiple_of(self.second_opinion) {
            self.ask_again(&program);
        }
        self.take(program, read)
    }

    /// Has a second judge look at a program, who reads nothing of what the simulated kernel says of itself.
    ///
    /// # Panics
    ///
    /// If the two differ: a bug of unreg, and no finding.
    fn ask_again(&mut self, program: &Program) {
        if let Some(how) = differs(self.machine.run_raw(program)) {
            panic!("the second opinion differs: {how}\n{program}");
        }
    }

    /// Keeps a program that reached something new, and returns it if it broke an invariant.
    fn take(&mut self, program: Program, (sites, new): (Vec<Site>, New)) -> Option<Finding> {
        if sites.is_empty() {
            self.keep(program, new);
            return None;
        }
        // What breaks one invariant may be on the way to what breaks another.
        self.stats.findings += 1;
        if new.any() {
            self.keep(program.clone(), new);
        }
        Some(Finding { program, sites })
    }

    fn next_program(&mut self) -> Program {
        if let Some(program) = &self.program {
            return self.next_schedule(program.clone());
        }
        let fresh = self.stats.corpus == 0 || self.random.u8(0..8) == 0;
        if fresh {
            let mut program = generate(&mut self.random, &self.options.alphabet);
            program.variants = self.options.variants;
            if self.random.u8(0..4) == 0 {
                program.variants = program.variants.union(self.kconfig);
            }
            return program;
        }
        let partner = self.any_kept().clone();
        let mut program = self.any_kept().clone();
        mutate(&mut program, &mut self.random, &self.options.alphabet, &partner);
        while program.commands() > COMMANDS_KEPT {
            let task = self.random.usize(0..program.tasks.len());
            let commands = &mut program.tasks[task].commands;
            if !commands.is_empty() {
                commands.remove(self.random.usize(0..commands.len()));
            }
        }
        program
    }

    /// The program with a schedule that is kept, changed a little; without one, now and then, for a walk.
    fn next_schedule(&mut self, program: Program) -> Program {
        let kept = self.corpus.any(&mut self.random).cloned();
        let partner = self.corpus.any(&mut self.random).cloned();
        let (Some(mut program), Some(partner)) = (kept, partner) else { return program };
        if self.random.u8(0..8) == 0 {
            program.schedule.clear();
        } else {
            reschedule(&mut program, &mut self.random, &self.options.alphabet, &partner);
        }
        program
    }

    fn any_kept(&mut self) -> &Program {
        self.corpus.any(&mut self.random).expect("a hunt makes programs up until one is kept")
    }

    fn keep(&mut self, mut program: Program, new: New) {
        if !self.is_guided {
            return;
        }
        program.schedule.truncate(SEGMENTS_MAX);
        if let Some(family) = new.lasting {
            if let (Some(fresh), true) = (&mut self.fresh, is_stored(self.lasting[family])) {
                fresh.push(program.clone());
            }
            self.lasting[family] += 1;
        }
        self.stats.corpus += u64::from(self.corpus.keep(program, new, &mut self.random));
    }
}

/// Counts a run, and says what it broke and what in it was new.
fn read(trace: &Trace, novelty: &mut Novelty, stats: &mut Stats, only: &[&str]) -> (Vec<Site>, New) {
    stats.runs += 1;
    stats.steps += u64::from(trace.steps);
    stats.cut_off += u64::from(trace.steps >= STEPS_MAX);
    let sites = sites(trace, only);
    // A run that was cut off is slow, and so would be its children.
    let new = if trace.steps < STEPS_MAX { novelty.observe(trace) } else { New::default() };
    stats.states = novelty.states();
    (sites, new)
}

/// What a trace breaks of the invariants that are asked about.
fn sites(trace: &Trace, only: &[&str]) -> Vec<Site> {
    let violations = judge(trace);
    let asked = violations.iter().filter(|violation| violation.is_of(only));
    asked.map(|violation| violation.site(trace)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hunt(seed: u64) -> Hunt {
        let alphabet = Alphabet::new(&[]);
        Hunt::new(Options {
            variants: Variants::default(),
            only: Vec::new(),
            alphabet,
            seed,
            vary_kconfig: true,
            stores: true,
        })
    }

    #[test]
    fn one_seed_is_one_hunt() {
        let mut one = hunt(7);
        let mut other = hunt(7);
        for _ in 0..2_000 {
            let (left, right) = (one.step(), other.step());
            assert_eq!(left.map(|finding| finding.sites), right.map(|finding| finding.sites));
            assert_eq!(one.stats(), other.stats());
        }
        assert_eq!(one.corpus, other.corpus);
    }

    #[test]
    fn without_guidance_nothing_is_kept() {
        let mut hunt = hunt(7).without_guidance();
        assert!((0..500).all(|_| hunt.step().is_none()));
        assert_eq!(hunt.stats().corpus, 0);
        assert!(hunt.stats().states > 100 && hunt.take_fresh().is_empty());
    }

    #[test]
    fn the_schedules_of_a_program_are_searched_and_nothing_else_is() {
        let text = "variant devlink early-register\ntask probe\n  driver.probe netdevsim/0\ntask user\n  devlink.eswitch-set netdevsim/0 switchdev\n";
        let program = Program::parse(text, "test").unwrap_or_else(|errors| panic!("{errors}"));
        let mut hunt = hunt(3).with_program(program.clone());
        let found = (0..2_000).find_map(|_| hunt.step()).expect("the variant is flawed");
        assert_eq!((found.program.tasks, found.program.variants), (program.tasks, program.variants));
    }

    #[test]
    fn what_was_stored_leads_to_the_same_states() {
        let mut first = hunt(9);
        (0..2_000).for_each(|_| drop(first.step()));
        let stored = first.take_fresh();
        assert!(stored.len() > 50, "{} programs", stored.len());
        assert!(first.take_fresh().is_empty());
        let mut second = hunt(10);
        for program in &stored {
            assert!(second.resume_from(program.clone()).is_none());
        }
        for program in &stored {
            let trace = second.machine.run(program).clone();
            assert_eq!(second.novelty.observe(&trace).lasting, None, "known already:\n{program}");
        }
        assert!(second.stats().corpus as usize * 10 >= stored.len() * 9, "nearly all are kept again");
    }

    #[test]
    fn of_ever_more_ever_fewer_are_stored() {
        let stored = |count: u64| (0..count).filter(|nth| is_stored(*nth)).count() as u64;
        assert_eq!(stored(STORED_FIRST), STORED_FIRST);
        for count in [10, 100, 1_000, 10_000].map(|times| times * STORED_FIRST) {
            let (all, twice) = (stored(count), stored(2 * count));
            assert!(
                (STORED_FIRST / 4..=STORED_FIRST).contains(&(twice - all)),
                "{all} of {count}, then {twice}"
            );
        }
    }

    #[test]
    fn what_a_walk_chose_replays_to_the_same_trace() {
        let mut hunt = hunt(8);
        let mut again = Machine::default();
        for seed in 0..2_000 {
            let mut program = hunt.next_program();
            let (walked, schedule) = hunt.machine.walk(&program, seed);
            let walked = walked.clone();
            program.schedule = schedule;
            assert_eq!(*again.run(&program), walked);
            let new = hunt.novelty.observe(&walked);
            hunt.keep(program, new);
        }
    }
}
