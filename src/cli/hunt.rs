//! `unreg hunt`: searches on some threads until an invariant breaks, the time is over, or the user stops it.

use super::choose::Invariants;
use super::progress::{Progress, figures};
use super::store::{Seen, Store};
use super::{Outcome, choose, complain_of_left_out, duration, findings, json, load, out, writable};
use anyhow::Context;
use serde_json::json;
use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use unreg::invariant::Site;
use unreg::program::{Program, Subsystem, Variants};
use unreg::search::{Alphabet, Finding, Hunt, Options, SECOND_OPINION, Stats, strategy};

/// How long a hunt takes by default.
const TIME: Duration = Duration::from_secs(60);
/// Runs between two looks at whether to stop: some milliseconds.
const BATCH: u64 = 256;
/// How often what others stored is read.
const READ_EVERY: Duration = Duration::from_secs(5);
/// How often progress is shown.
const TICK: Duration = Duration::from_millis(100);

/// What a seed promises, for the end of the help.
const REPEATS: &str = "\
With --jobs 1, which is the default, one seed is one search: the same runs in the same order, and the same finding. \
With more jobs each searches by itself, and which of them is first may differ. With --corpus what is in the folder \
counts too.";

#[derive(Debug, clap::Args)]
#[command(after_help = REPEATS)]
pub(super) struct Arguments {
    /// Decisions to search under: `settled`, SUBSYSTEM=NAME[+NAME], or NAME for every subsystem that has it, several by
    /// commas; may be given several times
    #[arg(long = "variant", env = "UNREG_VARIANT", value_name = "VARIANT", value_parser = choose::variants)]
    variants: Vec<Variants>,
    /// Search only the schedules of this program, under its own decisions unless others are given
    #[arg(long, value_name = "FILE", conflicts_with_all = ["subsystems", "corpus"])]
    program: Option<PathBuf>,
    /// Draw schedules by this strategy, where none that is kept is changed: walk, pct, pos, urw, surw, preemptions or portfolio
    /// [default: walk, or portfolio with --program]
    #[arg(long, value_name = "NAME", value_parser = choose::strategy)]
    strategy: Option<strategy::StrategySpec>,
    /// Search with the commands of this subsystem [default: those of the variants, or all]
    #[arg(long = "subsystem", value_name = "SUBSYSTEM", value_parser = choose::subsystem)]
    subsystems: Vec<Subsystem>,
    /// Count only violations of this invariant, or of several by commas; may be given several times
    #[arg(long = "invariant", env = "UNREG_ONLY", value_name = "NAME", value_parser = choose::invariants)]
    invariants: Vec<Invariants>,
    /// Stop after this time [default: 60s, or none with --runs]
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    time: Option<Duration>,
    /// Stop after this many runs
    #[arg(long, value_name = "N")]
    runs: Option<u64>,
    /// Where all chance comes from [default: a new one, which is printed]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Search on this many threads; only one repeats exactly
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// Where programs that break an invariant are written
    #[arg(long, value_name = "DIR", default_value = "findings")]
    findings: PathBuf,
    /// Keep what reaches new states in this folder, and start from what is there. Fuzz engines, other hunts and later
    /// ones may use it too
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// Print lines of JSON: the figures every second, each finding, and how it ended
    #[arg(long)]
    json: bool,
    /// Of so many runs that break nothing one is judged a second time, from raw events alone; what breaks something always
    /// is
    #[arg(long, value_name = "N", default_value_t = SECOND_OPINION, value_parser = clap::value_parser!(u64).range(1..))]
    second_opinion: u64,
    /// Say on standard error what breaks as soon as it does
    #[arg(short, long)]
    verbose: bool,
    /// Go on after a violation, and report each place where an invariant breaks once
    #[arg(long)]
    all: bool,
}

/// What the searching threads share.
#[derive(Debug, Default)]
struct Shared {
    stop: Arc<AtomicBool>,
    stats: Vec<Mutex<Stats>>,
    store: Option<Store>,
    /// The files of the corpus that no search could read, and why.
    left_out: Mutex<BTreeSet<String>>,
    /// Why a search gave up.
    error: Mutex<Option<anyhow::Error>>,
}

impl Shared {
    /// Stops every search because this one cannot go on.
    fn give_up(&self, error: anyhow::Error) {
        self.error.lock().expect("no thread panics with it").get_or_insert(error);
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// A program that a thread found, and what it breaks.
type Found = (Program, Site);

pub(super) fn hunt(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let given = arguments.variants.iter().fold(Variants::default(), |all, one| all.union(*one));
    let program = arguments.program.as_deref().map(load::program).transpose()?;
    let variants = match &program {
        Some(program) if arguments.variants.is_empty() => program.variants,
        _ => given.with_companions(),
    };
    let program = program.map(|program| Program { variants, ..program });
    let seed = arguments.seed.unwrap_or_else(new_seed);
    let options = Options {
        variants,
        only: arguments.invariants.iter().flatten().map(|invariant| invariant.name).collect(),
        alphabet: alphabet(arguments, variants)?,
        seed,
        vary_kconfig: variants.of(Subsystem::Kconfig) == 0,
        stores: arguments.corpus.is_some(),
    };
    let jobs = usize::from(arguments.jobs);
    let shared = Shared {
        stats: (0..jobs).map(|_| Mutex::new(Stats::default())).collect(),
        store: arguments.corpus.as_deref().map(Store::open).transpose()?,
        ..Shared::default()
    };
    writable::folder(&arguments.findings)?;
    stop_on_signal(&shared.stop)?;
    let mut log = findings::Log::new(
        &arguments.findings,
        format!(
            "unreg hunt{}{}{}",
            of_program(arguments),
            by_strategy(arguments),
            origin(variants, &options.only, seed)
        ),
    );

    let mut progress = Progress::new();
    std::thread::scope(|scope| {
        let (sender, receiver) = channel();
        for job in 0..jobs {
            let (options, shared, sender) = (options_of(&options, job), &shared, sender.clone());
            let quota = arguments.runs.map(|runs| share(runs, jobs, job));
            let hunt = Hunt::new(options)
                .with_strategy((strategy_of(arguments).new)())
                .with_second_opinion(arguments.second_opinion);
            let hunt = match &program {
                Some(program) => hunt.with_program(program.clone()),
                None => hunt,
            };
            scope.spawn(move || search(hunt, quota, arguments.all, job, shared, &sender));
        }
        drop(sender);
        follow(arguments, &shared, &receiver, &mut progress, &mut log)
    })?;
    let total = total(&shared);
    let elapsed = progress.finish();
    if arguments.json {
        for (program, site, file) in log.found() {
            let (invariant, site) = (site.invariant, site.to_string());
            let object = json!({ "invariant": invariant, "site": site, "file": file, "program": program });
            out::print(&json::line("finding", object))?;
        }
        let mut object = counts(total, elapsed);
        object["seed"] = json!(seed);
        object["variants"] = json!(variants.to_string());
        out::print(&json::line("end", object))?;
    } else {
        for report in log.reports() {
            out::print(report)?;
        }
        out::print(&format!("seed {seed}, under {variants}: {}\n", figures(total, elapsed)))?;
    }
    let left_out = shared.left_out.into_inner().expect("no thread panics with it");
    complain_of_left_out(&left_out.into_iter().map(anyhow::Error::msg).collect::<Vec<_>>());
    if let Some(error) = shared.error.into_inner().expect("no thread panics with it") {
        return Err(error);
    }
    log.finish()
}

/// The commands to search with.
fn alphabet(arguments: &Arguments, variants: Variants) -> anyhow::Result<Alphabet> {
    let mut subsystems = arguments.subsystems.clone();
    if subsystems.is_empty() {
        subsystems.extend(variants.iter().map(|(subsystem, _)| subsystem));
        subsystems.retain(|subsystem| *subsystem != Subsystem::Kconfig);
    }
    let alphabet = Alphabet::new(&subsystems);
    anyhow::ensure!(!alphabet.is_empty(), "there is no command to search with: config has none of its own");
    Ok(alphabet)
}

/// The option that names the program whose schedules are searched.
fn of_program(arguments: &Arguments) -> String {
    arguments.program.as_ref().map_or(String::new(), |path| format!(" --program {}", path.display()))
}

/// The strategy that was asked for, or the one that finds most: where the program is given, the schedule is all there is to
/// find, and which strategy finds it depends on the program.
fn strategy_of(arguments: &Arguments) -> strategy::StrategySpec {
    let by_default = if arguments.program.is_some() { strategy::PORTFOLIO } else { strategy::ALL[0] };
    arguments.strategy.unwrap_or(by_default)
}

/// The option that names the strategy, if it was given.
fn by_strategy(arguments: &Arguments) -> String {
    arguments.strategy.map_or(String::new(), |strategy| format!(" --strategy {}", strategy.name))
}

/// The options that repeat this search.
fn origin(variants: Variants, only: &[&str], seed: u64) -> String {
    let only: String = only.iter().map(|name| format!(" --invariant {name}")).collect();
    let variants: String =
        variants.iter().map(|(of, variant)| format!(" --variant {of}={}", variant.name)).collect();
    format!("{variants}{only} --seed {seed}")
}

/// A seed that is not the last one, short enough to be typed.
fn new_seed() -> u64 {
    RandomState::new().build_hasher().finish() >> 40
}

/// The search of one thread: the first has the seed itself, so that more threads find no less.
fn options_of(options: &Options, job: usize) -> Options {
    let seed = options.seed.wrapping_add((job as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    Options { seed, ..options.clone() }
}

/// A thread's part of the runs.
fn share(runs: u64, jobs: usize, job: usize) -> u64 {
    let (jobs, job) = (jobs as u64, job as u64);
    runs / jobs + u64::from(job < runs % jobs)
}

/// Stops cleanly the first time, and at once the second time.
pub(super) fn stop_on_signal(stop: &Arc<AtomicBool>) -> anyhow::Result<()> {
    let stop = Arc::clone(stop);
    let handler = move || {
        if stop.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    };
    ctrlc::set_handler(handler).context("cannot listen for Ctrl-C")
}

/// One thread's search.
fn search(hunt: Hunt, quota: Option<u64>, all: bool, job: usize, shared: &Shared, found: &Sender<Found>) {
    let mut search = Search { hunt, known: HashSet::new(), seen: Seen::default(), found };
    if let Err(error) = search.run(quota, all, job, shared) {
        shared.give_up(error);
    }
}

/// What one thread has.
struct Search<'s> {
    hunt: Hunt,
    known: HashSet<Site>,
    /// The files of the corpus that it has read.
    seen: Seen,
    found: &'s Sender<Found>,
}

impl Search<'_> {
    fn run(&mut self, quota: Option<u64>, all: bool, job: usize, shared: &Shared) -> anyhow::Result<()> {
        let publish =
            |hunt: &Hunt| *shared.stats[job].lock().expect("no thread panics with it") = hunt.stats();
        let mut read_next = Instant::now();
        while !shared.stop.load(Ordering::Relaxed) {
            if let Some(store) = &shared.store {
                if Instant::now() >= read_next {
                    self.read(store, shared)?;
                    read_next = Instant::now() + READ_EVERY;
                }
                for program in self.hunt.take_fresh() {
                    self.seen.insert(store.save(&program)?);
                }
            }
            let left = quota.map_or(BATCH, |quota| quota.saturating_sub(self.hunt.stats().runs));
            for _ in 0..left.min(BATCH) {
                let Some(finding) = self.hunt.step() else { continue };
                self.report(finding, shared.store.as_ref())?;
                if !all {
                    shared.stop.store(true, Ordering::Relaxed);
                    publish(&self.hunt);
                    return Ok(());
                }
            }
            publish(&self.hunt);
            if left <= BATCH && quota.is_some() {
                break;
            }
        }
        // What the last batch kept is not lost either.
        let fresh = if shared.store.is_some() { self.hunt.take_fresh() } else { Vec::new() };
        fresh
            .iter()
            .try_for_each(|program| shared.store.as_ref().map_or(Ok(()), |to| to.save(program).map(drop)))
    }

    /// Starts from what others stored since the last time. What breaks an invariant is reported and no reason to stop: it was
    /// found before.
    fn read(&mut self, store: &Store, shared: &Shared) -> anyhow::Result<()> {
        let left_out = |error: anyhow::Error| {
            let mut all = shared.left_out.lock().expect("no thread panics with it");
            all.insert(format!("{error:#}"));
        };
        for program in store.read(&mut self.seen, left_out)? {
            if let Some(finding) = self.hunt.resume_from(program) {
                self.report(finding, None)?;
            }
            if shared.stop.load(Ordering::Relaxed) {
                break;
            }
        }
        Ok(())
    }

    /// Hands what is new of a finding on. It is stored first, so that not even a kill loses it before it is minimised.
    fn report(&mut self, finding: Finding, store: Option<&Store>) -> anyhow::Result<()> {
        let new: Vec<Site> =
            finding.sites.into_iter().filter(|site| self.known.insert(site.clone())).collect();
        if let (Some(store), false) = (store, new.is_empty()) {
            self.seen.insert(store.save(&finding.program)?);
        }
        for site in new {
            let _ = self.found.send((finding.program.clone(), site));
        }
        Ok(())
    }
}

/// Shows progress and minimises what is found, until every search has ended.
fn follow(
    arguments: &Arguments,
    shared: &Shared,
    found: &Receiver<Found>,
    progress: &mut Progress,
    log: &mut findings::Log,
) -> anyhow::Result<()> {
    let mut sampled = None;
    let limit = arguments.time.or(arguments.runs.is_none().then_some(TIME));
    let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
    loop {
        let until_deadline = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if until_deadline == Some(Duration::ZERO) {
            shared.stop.store(true, Ordering::Relaxed);
        }
        match found.recv_timeout(until_deadline.unwrap_or(TICK).clamp(Duration::from_millis(1), TICK)) {
            Ok((program, site)) => {
                if arguments.verbose {
                    progress.apart(|| eprintln!("breaks {site}"));
                }
                log.add(&program, &site);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        progress.show(total(shared));
        let second = progress.elapsed().as_secs();
        if arguments.json && sampled != Some(second) {
            sampled = Some(second);
            let line = json::line("progress", counts(total(shared), progress.elapsed()));
            progress.apart(|| out::print(&line))?;
        }
    }
}

/// The figures of a hunt as JSON.
fn counts(stats: Stats, elapsed: Duration) -> serde_json::Value {
    json!({
        "seconds": (elapsed.as_millis() as f64) / 1e3,
        "runs": stats.runs,
        "steps": stats.steps,
        "states": stats.states,
        "corpus": stats.corpus,
        "findings": stats.findings,
    })
}

/// The figures of all threads together. States are those of the thread that reached most, since threads reach
/// much the same ones.
fn total(shared: &Shared) -> Stats {
    let each = shared.stats.iter().map(|stats| *stats.lock().expect("no thread panics with it"));
    each.fold(Stats::default(), |all, one| Stats {
        runs: all.runs + one.runs,
        steps: all.steps + one.steps,
        states: all.states.max(one.states),
        corpus: all.corpus + one.corpus,
        findings: all.findings + one.findings,
        cut_off: all.cut_off + one.cut_off,
    })
}
