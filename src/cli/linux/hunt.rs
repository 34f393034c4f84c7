//! `unreg linux hunt`: programs on a real kernel, to find what the kernel does wrong.
//!
//! A fast kernel sieves sequences, and a debug kernel judges: what the sieve keeps, and every interleaving.

pub(super) mod bench;
pub(super) mod report;
pub(super) mod repro;
mod source;
mod tally;

use super::boot::Which;
use super::build::{self, Flavour};
use super::guest::Setup;
use super::guest::start::NotUp;
use super::known::{self, Known};
use super::steer::Symbols;
use crate::cli::{Outcome, choose, duration, load, out, writable};
use anyhow::Context;
use bench::{Bench, Run, unless_not_up};
use source::{Case, Source, Sources};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tally::Tally;
use unreg::linux::fault::Fault;
use unreg::linux::{compare, perform};
use unreg::program::{Program, Subsystem, Variants};
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
/// How often the progress is shown.
const TICK: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Programs to try first, with their schedules
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    which: Which,
    /// Stop after this time
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration::parse)]
    time: Duration,
    /// So many programs at a time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// Where findings are written, a folder each. A hunt goes on from what is there, and several may share it
    #[arg(long, value_name = "DIR", default_value = "findings/linux")]
    findings: PathBuf,
    /// Where known findings are, which are named in one line
    #[arg(long, value_name = "DIR", default_value = known::FOLDER)]
    known: PathBuf,
    /// Hunt with the commands of one subsystem [default: each in turn]
    #[arg(long, value_name = "SUBSYSTEM", value_parser = choose::subsystem)]
    subsystem: Option<Subsystem>,
    /// Where the hunt's chance comes from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Spend so long on making a finding small, and as long on running it again
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration::parse)]
    effort: Duration,
    /// Take programs from one source only [default: from each for the same time]
    #[arg(long, value_enum)]
    only: Option<Only>,
}

/// A source by its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Only {
    /// Commands one after the other
    Sequence,
    /// What the model breaks under the kernel's variants
    Prediction,
    /// Tasks whose turns chance chooses
    Explored,
}

impl Only {
    const fn source(self) -> Source {
        match self {
            Only::Sequence => Source::Sequence,
            Only::Prediction => Source::Prediction,
            Only::Explored => Source::Explored,
        }
    }
}

/// What the threads share.
struct Shared<'a> {
    arguments: &'a Arguments,
    variants: Variants,
    start: Instant,
    stop: Arc<AtomicBool>,
    known: Vec<Known>,
    /// Programs that are tried first.
    given: Mutex<VecDeque<Program>>,
    tally: Mutex<Tally>,
    error: Mutex<Option<anyhow::Error>>,
}

impl Shared<'_> {
    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.start.elapsed() >= self.arguments.time
    }

    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().expect("no thread panics with it")
    }
}

pub(super) fn hunt(arguments: &Arguments) -> anyhow::Result<Outcome> {
    writable::folder(&arguments.findings)?;
    let (sieve, judge) = kernels(&arguments.which)?;
    let variants = arguments.which.configured(build::usual(&judge.kernel.about.release)?)?;
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed)).context("cannot listen to ctrl-c")?;
    let about = &judge.kernel.about;
    let sieved =
        sieve.as_ref().map_or(String::new(), |setup| format!(", sieved by {}", setup.kernel.about.config));
    anstream::eprintln!(
        "hunting on Linux {} ({}{sieved}), seed {}",
        about.release,
        about.config,
        arguments.seed
    );
    let mut tally = Tally::default();
    for finding in report::keys(&arguments.findings)? {
        tally.is_new(&finding.key);
    }
    let shared = Shared {
        arguments,
        variants,
        start: Instant::now(),
        stop,
        known: known::all(&arguments.known)?,
        given: Mutex::new(given(&arguments.files, variants)?),
        tally: Mutex::new(tally),
        error: Mutex::new(None),
    };
    std::thread::scope(|scope| {
        for number in 0..arguments.jobs {
            let (shared, sieve, judge) = (&shared, sieve.clone(), judge.clone());
            scope.spawn(move || {
                let mut hunter = Hunter::new(shared, sieve, judge, u64::from(number));
                if let Err(error) = hunter.hunt() {
                    shared.error.lock().expect("no thread panics with it").get_or_insert(error);
                    shared.stop.store(true, Ordering::Relaxed);
                }
                shared.tally().boots += hunter.boots();
            });
        }
        let mut next = Instant::now() + TICK;
        while !shared.is_over() {
            std::thread::sleep(Duration::from_millis(100));
            if Instant::now() >= next {
                anstream::eprintln!("{}", shared.tally().line(shared.start.elapsed()));
                next += TICK;
            }
        }
    });
    if let Some(error) = shared.error.into_inner().expect("no thread panics with it") {
        return Err(error);
    }
    let tally = shared.tally.into_inner().expect("no thread panics with it");
    out::print(&tally.table(shared.start.elapsed()))?;
    Ok(match (tally.findings(), tally.unanswered) {
        (0, 0) => Outcome::Clean,
        (0, _) => Outcome::Incomplete,
        _ => Outcome::Violation,
    })
}

/// The programs of files, under a kernel's variants.
fn given(files: &[PathBuf], variants: Variants) -> anyhow::Result<VecDeque<Program>> {
    let under = |program: Program| Program { variants, expect: 0, ..program };
    let programs = files.iter().map(|path| Ok(under(load::program(path)?)));
    let mut programs = programs.collect::<anyhow::Result<VecDeque<Program>>>()?;
    programs.retain(|program| program.tasks.iter().flat_map(|task| &task.commands).all(perform::can_perform));
    Ok(programs)
}

/// The kernel that sieves, if there is one besides, and the one that judges.
fn kernels(which: &Which) -> anyhow::Result<(Option<Setup>, Setup)> {
    let steered = |setup: Setup| -> anyhow::Result<Setup> {
        let symbols = Some(Arc::new(Symbols::of(&setup.kernel)?));
        Ok(Setup { symbols, ..setup })
    };
    if which.is_configured() {
        return Ok((None, steered(which.setup()?)?));
    }
    let judge = which.setup_or(Flavour::Debug);
    let sieve = which.setup_or(Flavour::Fast);
    match (sieve, judge) {
        (sieve, Ok(judge)) => {
            let is_same = |sieve: &Setup| sieve.kernel.about.release == judge.kernel.about.release;
            Ok((sieve.ok().filter(is_same), steered(judge)?))
        }
        (Ok(only), Err(_)) => Ok((None, steered(only)?)),
        (Err(_), Err(why)) => Err(why),
    }
}

/// One thread.
struct Hunter<'a> {
    shared: &'a Shared<'a>,
    sieve: Option<Bench>,
    judge: Bench,
    sources: Sources,
    machine: Machine,
    /// How long each source was at work.
    spent: [Duration; 3],
    /// Programs that the sieving guest has run.
    age: u32,
    random: fastrand::Rng,
}

impl<'a> Hunter<'a> {
    fn new(shared: &'a Shared<'a>, sieve: Option<Setup>, judge: Setup, number: u64) -> Hunter<'a> {
        let arguments = shared.arguments;
        let seed = arguments.seed.wrapping_mul(0x1_0000).wrapping_add(number);
        Hunter {
            shared,
            sieve: sieve.map(|setup| Bench::new(setup, &arguments.which)),
            judge: Bench::new(judge, &arguments.which),
            sources: Sources::new(seed, shared.variants, arguments.subsystem),
            machine: Machine::default(),
            spent: [Duration::ZERO; 3],
            age: 0,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    fn boots(&self) -> u32 {
        self.judge.boots() + self.sieve.as_ref().map_or(0, Bench::boots)
    }

    fn hunt(&mut self) -> anyhow::Result<()> {
        let mut guestless = 0;
        while !self.shared.is_over() {
            let source = match self.shared.arguments.only {
                Some(only) => only.source(),
                None => {
                    let least = (0..Source::ALL.len()).min_by_key(|at| self.spent[*at]);
                    Source::ALL[least.unwrap_or(0)]
                }
            };
            let start = Instant::now();
            let found = match self.step(source) {
                Ok(found) => {
                    guestless = 0;
                    found
                }
                Err(error) if error.is::<NotUp>() && guestless < GUESTLESS => {
                    anstream::eprintln!("a program is left out: {error}");
                    self.shared.tally().unanswered += 1;
                    guestless += 1;
                    false
                }
                Err(error) => return Err(error),
            };
            // What a finding costs is no fault of its source.
            if !found {
                self.spent[source as usize] += start.elapsed();
                self.shared.tally().spent[source as usize] += start.elapsed();
            }
        }
        self.power_off()
    }

    /// Tries the next program of a source; true if it led to a new finding.
    fn step(&mut self, source: Source) -> anyhow::Result<bool> {
        let given = self.shared.given.lock().expect("no thread panics with it").pop_front();
        let given = given.map(|program| Case { program, explore: None });
        let source = if given.is_some() { Source::Prediction } else { source };
        let Some(Case { program, explore }) = given.or_else(|| self.sources.next(source)) else {
            return Ok(false);
        };
        let cause = self.cause(&program);
        if cause.as_ref().is_some_and(|cause| self.is_explained(cause)) {
            self.shared.tally().left_out += 1;
            return Ok(false);
        }
        self.shared.tally().tried[source as usize] += 1;
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
                if self.shared.tally().is_sieved(&key) {
                    self.note(&key, source, cause);
                    return Ok(false);
                }
                let judged = self.judge.run_anew(&program)?;
                // What only the sieve shows counts too.
                let (run, is_judged) = if judged.fault.is_some() { (judged, true) } else { (run, false) };
                let judged = run.fault.as_ref().map_or(String::new(), |fault| fault.key.to_string());
                self.shared.tally().sieve(key, judged);
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
        let shown = [last, again, Some(run)].into_iter().flatten().find(is_again);
        let Some(shown) = shown else { return Ok(true) };
        let fault: Fault = shown.fault.clone().expect("it shows the fault");
        let seconds = self.shared.start.elapsed().as_secs();
        let about = report::about(bench, key.to_string(), source, rate, self.shared.arguments.seed, seconds);
        let folder = &self.shared.arguments.findings;
        let repro = repro::of(bench, &shown.program, &fault.key)?;
        if report::write(folder, &about, &shown, &fault, repro.as_ref(), bench)? {
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
        self.shared.tally().rates.insert(about.key, (rate, shown.program.size()));
        Ok(true)
    }

    /// Counts a fault, and names a known finding once. Returns whether it is new.
    fn note(&mut self, key: &str, source: Source, cause: Option<String>) -> bool {
        let mut tally = self.shared.tally();
        let key = tally.judged(key);
        cause.into_iter().for_each(|cause| *tally.causes.entry(cause).or_default() += 1);
        let is_new = tally.is_new(&key);
        tally.hit(&key, source, self.shared.start.elapsed());
        let known = self.shared.known.iter().find(|known| known.is(&key));
        if let (true, Some(known)) = (is_new, known) {
            tally.known.insert(key.clone(), known.name.clone());
            anstream::eprintln!("known: {} ({key})", known.name);
            return false;
        }
        is_new
    }

    /// What the model breaks in a program after which it does not know what a kernel does.
    fn cause(&mut self, program: &Program) -> Option<String> {
        let trace = self.machine.run(program);
        if compare::is_defined(trace) {
            return None;
        }
        let violation = unreg::invariant::judge(trace).into_iter().next()?;
        Some(violation.site(trace).to_string())
    }

    /// Whether programs with this cause have led to findings often enough, and this one is left out.
    fn is_explained(&mut self, cause: &str) -> bool {
        let hits = self.shared.tally().causes.get(cause).copied().unwrap_or(0);
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
        Ok(())
    }
}
