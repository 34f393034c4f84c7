//! One thread of a hunt: it takes programs from their sources, runs them, and makes a finding of what is new.

use super::bench::{Bench, Run, unless_not_up};
use super::guide::Guide;
use super::report::Tries;
use super::source::{Case, Source, Sources};
use super::{Shared, race, report, repro};
use crate::cli::linux::guest::Setup;
use crate::cli::linux::guest::start::NotUp;
use crate::cli::out;
use std::time::{Duration, Instant};
use unreg::linux::compare;
use unreg::linux::fault::Fault;
use unreg::program::Program;
use unreg::run::Machine;

/// A smallest program is tried so often.
const REPLAYS: u32 = 20;
/// After so many findings of one cause, programs in which the model sees that cause are left out; one in so many is not.
const EXPLAINED: u32 = 3;
const EXPLAINED_SHARE: u32 = 8;
/// Programs that a sieving guest runs before it powers off.
const GUEST: u32 = 200;
/// After so many programs one after the other for which no guest booted, a hunt ends.
const GUESTLESS: u32 = 3;
/// What other hunts have kept is read after so many steps.
const READ_EVERY: u32 = 1000;

pub(super) struct Hunter<'a> {
    shared: &'a Shared<'a>,
    sieve: Option<Bench>,
    judge: Bench,
    sources: Sources,
    guide: Guide,
    machine: Machine,
    /// How long each source was at work.
    spent: [Duration; 3],
    steps: u32,
    /// Programs that the sieving guest has run.
    age: u32,
    /// Guests that were started and counted.
    booted: u32,
    random: fastrand::Rng,
}

impl<'a> Hunter<'a> {
    pub(super) fn new(shared: &'a Shared<'a>, sieve: Option<Setup>, judge: Setup, number: u64) -> Hunter<'a> {
        let arguments = shared.arguments;
        // A hunt that goes on makes other programs than the one before it.
        let seed = arguments.seed.wrapping_mul(0x1_0000).wrapping_add(number);
        let seed = seed.wrapping_add(u64::from(shared.campaign.number) << 40);
        let predicted = shared.books().all().predicted;
        Hunter {
            shared,
            sieve: sieve.map(|setup| Bench::new(setup, &arguments.which)),
            judge: Bench::new(judge, &arguments.which),
            sources: Sources::new(seed, shared.variants, arguments.subsystem, predicted),
            guide: Guide::default(),
            machine: Machine::default(),
            spent: [Duration::ZERO; 3],
            steps: 0,
            age: 0,
            booted: 0,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    pub(super) fn hunt(&mut self) -> anyhow::Result<()> {
        let mut guestless = 0;
        while !self.shared.is_over() {
            if self.steps.is_multiple_of(READ_EVERY) {
                self.guide.read(&self.shared.campaign.corpus, self.shared.variants)?;
            }
            self.steps += 1;
            let source = match self.shared.arguments.only {
                Some(only) => only.source(),
                None => {
                    let least = (0..Source::ALL.len()).min_by_key(|at| self.spent[*at]);
                    Source::ALL[least.unwrap_or(0)]
                }
            };
            let start = Instant::now();
            let is_finding = match self.next(source) {
                Ok(is_finding) => {
                    guestless = 0;
                    is_finding
                }
                Err(error) if error.is::<NotUp>() && guestless < GUESTLESS => {
                    anstream::eprintln!("a program is left out: {error}");
                    self.shared.books().own.tally.unanswered += 1;
                    guestless += 1;
                    false
                }
                Err(error) => return Err(error),
            };
            // What a finding costs is no fault of its source.
            let spent = if is_finding { Duration::ZERO } else { start.elapsed() };
            self.spent[source as usize] += spent;
            let boots = self.judge.boots() + self.sieve.as_ref().map_or(0, Bench::boots);
            let booted = boots - std::mem::replace(&mut self.booted, boots);
            self.shared.count(|tally| {
                tally.spent[source as usize] += spent;
                tally.boots += booted;
            })?;
        }
        self.power_off()
    }

    /// Tries the next program; true if it led to a new finding.
    fn next(&mut self, source: Source) -> anyhow::Result<bool> {
        let given = self.shared.given.lock().expect("no thread panics with it").pop_front();
        if let Some((program, file)) = given {
            let is_finding = self.step(Source::Prediction, Case::of(program))?;
            // Its finding is written, or it shows none.
            let _gone = file.map(std::fs::remove_file);
            return Ok(is_finding);
        }
        let Some(case) = self.sources.next(source, &self.guide) else { return Ok(false) };
        let predicts = case.predicts.clone();
        let is_finding = self.step(source, case)?;
        self.shared.books().own.tally.predicted.extend(predicts);
        Ok(is_finding)
    }

    fn step(&mut self, source: Source, case: Case) -> anyhow::Result<bool> {
        let Case { program, explore, .. } = case;
        let cause = self.cause(&program)?;
        if cause.as_ref().is_some_and(|cause| self.is_explained(cause)) {
            self.shared.books().own.tally.left_out += 1;
            return Ok(false);
        }
        self.shared.books().own.tally.tried[source as usize] += 1;
        let run = match &mut self.sieve {
            Some(sieve) if source == Source::Sequence => {
                self.age += 1;
                let run = sieve.run(&program, None)?;
                let Some(fault) = &run.fault else {
                    if self.age >= GUEST {
                        self.power_off()?;
                    }
                    return Ok(false);
                };
                let key = fault.key.to_string();
                if self.shared.books().all().is_sieved(&key) {
                    self.note(&key, source, cause);
                    return Ok(false);
                }
                let judged = self.judge.run_anew(&program)?;
                // What only the sieve shows counts too.
                let (run, is_judged) = if judged.fault.is_some() { (judged, true) } else { (run, false) };
                let judged = run.fault.as_ref().map_or(String::new(), |fault| fault.key.to_string());
                self.shared.books().own.tally.sieve(key, judged);
                return self.found(source, run, is_judged, cause);
            }
            _ => self.judge.run(&program, explore)?,
        };
        if run.fault.is_some() { self.found(source, run, true, cause) } else { Ok(false) }
    }

    /// A fault of a run on the kernel that judges, or on the one that sieves. Returns whether it is new.
    fn found(
        &mut self,
        source: Source,
        run: Run,
        is_judged: bool,
        cause: Option<String>,
    ) -> anyhow::Result<bool> {
        let Some(fault) = &run.fault else { return Ok(false) };
        let key = fault.key.clone();
        if !self.note(&key.to_string(), source, cause) {
            return Ok(false);
        }
        // A hunt that is killed while it makes the program small leaves it to the next one.
        let file = self.shared.campaign.put_off(&report::name(&key.to_string()), &run.program)?;
        self.shared.count(|_| {})?;
        let effort = self.shared.arguments.effort;
        let bench = match &mut self.sieve {
            Some(sieve) if !is_judged => sieve,
            _ => &mut self.judge,
        };
        // A program that does it again by itself, without what ran before it in its guest.
        let again = unless_not_up(bench.run_anew(&run.program))?;
        let is_again = |run: &Run| run.fault.as_ref().is_some_and(|fault| fault.key == key);
        let smallest = match again.as_ref().filter(|again| is_again(again)) {
            Some(again) => bench.shrink(&again.program, &key, Instant::now() + effort)?,
            None => run.program.clone(),
        };
        let rate = bench.rate(&smallest, &key, REPLAYS, Instant::now() + effort)?;
        let last = unless_not_up(bench.run_anew(&smallest))?;
        // The first of these showed it.
        let shown = [last, again].into_iter().flatten().find(is_again).unwrap_or(run);
        let fault: Fault = shown.fault.clone().expect("it shows the fault");
        let seconds = self.shared.start.elapsed().as_secs();
        let about = report::about(bench, key.to_string(), source, rate, self.shared.arguments.seed, seconds);
        let folder = &self.shared.arguments.findings;
        let repro = repro::of(bench, &shown.program, &fault.key)?;
        let tried = Tries { repro, race: race::of(self.shared.arguments, bench, &shown.program, &fault.key) };
        let writing = self.shared.campaign.writing();
        if report::write(folder, &writing, &about, &shown, &fault, &tried, bench)? {
            let path = folder.join(report::name(&about.key));
            out::print(&format!(
                "new: {} ({}, {} commands, {} tasks, {rate})\n  {}\n",
                about.key,
                source.name(),
                shown.program.commands(),
                shown.program.tasks.len(),
                path.display()
            ))?;
        }
        let _gone = std::fs::remove_file(file);
        self.shared.books().own.tally.rates.insert(about.key, (rate, shown.program.size()));
        Ok(true)
    }

    /// Counts a fault, and names a known finding once. Returns whether it is new.
    fn note(&mut self, key: &str, source: Source, cause: Option<String>) -> bool {
        let mut books = self.shared.books();
        let key = books.all().judged(key);
        let now = self.shared.now(&books);
        let tally = &mut books.own.tally;
        cause.into_iter().for_each(|cause| *tally.causes.entry(cause).or_default() += 1);
        tally.hit(&key, source, now);
        let known = self.shared.known.iter().find(|known| known.is(&key));
        if let Some(known) = known {
            tally.known.insert(key.clone(), known.name.clone());
        }
        if !books.seen.insert(key.clone()) {
            return false;
        }
        match known {
            Some(known) => anstream::eprintln!("known: {} ({key})", known.name),
            // Another hunt that shares the folder was first.
            None => return !self.shared.arguments.findings.join(report::name(&key)).exists(),
        }
        false
    }

    /// What the model breaks in a program after which it does not know what a kernel does. A sequence that reaches something
    /// new is kept.
    fn cause(&mut self, program: &Program) -> anyhow::Result<Option<String>> {
        let trace = self.machine.run(program);
        self.guide.take(program, trace, &self.shared.campaign.corpus)?;
        if compare::is_defined(trace) {
            return Ok(None);
        }
        let violation = unreg::invariant::judge(trace).into_iter().next();
        Ok(violation.map(|violation| violation.site(trace).to_string()))
    }

    /// Whether programs with this cause have led to findings often enough, and this one is left out.
    fn is_explained(&mut self, cause: &str) -> bool {
        let hits = self.shared.books().all().causes.get(cause).copied().unwrap_or(0);
        hits >= EXPLAINED && self.random.u32(0..EXPLAINED_SHARE) > 0
    }

    /// Has the sieving guest power off, which is judged too.
    fn power_off(&mut self) -> anyhow::Result<()> {
        self.age = 0;
        let Some(fault) = self.sieve.as_mut().and_then(Bench::power_off) else { return Ok(()) };
        let key = format!("at power-off: {}", fault.key);
        if self.note(&key, Source::Sequence, None) {
            out::print(&format!("new: {key}, of a guest that ran {GUEST} programs\n{}\n", fault.text))?;
        }
        self.shared.count(|_| {})
    }
}
