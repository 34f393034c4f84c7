//! `unreg prove`: every interleaving of programs, up to the order of steps that commute.

mod all;
mod saved;

use super::hunt::stop_on_signal;
use super::progress::Progress;
use super::{Outcome, choose, duration, findings, json, load, out, writable};
use anyhow::Context;
use saved::Saved;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use unreg::invariant::{Site, judge};
use unreg::program::{Program, SEGMENTS_MAX, Subsystem, Variants};
use unreg::search::prove::{self, Explores, Prover};

/// How often a proof that can be resumed is saved.
const SAVE_EVERY: Duration = Duration::from_secs(5);

/// Random runs to estimate how many interleavings a program has.
const PROBES: u64 = 64;

/// What a proof says, for the end of the help.
const MEANS: &str = "\
`proved` means that no interleaving of the program breaks an invariant, under these decisions, in the model. Steps are \
taken to commute unless one writes what the other touches, so one interleaving stands for all that differ in the order \
of such steps only. The schedule of a program is left aside.";

#[derive(Debug, clap::Args)]
#[command(after_help = MEANS)]
pub(super) struct Arguments {
    /// Programs, as text or as records, or folders of `.prog` files; `-` reads standard input
    #[arg(required_unless_present = "all", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Prove all programs of at most this many commands, one of each set that differ in names of tasks, devices of one
    /// driver and UUIDs only
    #[arg(long, value_name = "N", conflicts_with_all = ["files", "state", "json"], value_parser = clap::value_parser!(u8).range(1..=8))]
    all: Option<u8>,
    /// With --all: the commands of this subsystem; may be given several times [default: of all]
    #[arg(long = "subsystem", value_name = "SUBSYSTEM", requires = "all", value_parser = choose::subsystem)]
    subsystems: Vec<Subsystem>,
    /// Decisions to run under instead of the program's own
    #[arg(long = "variant", value_name = "VARIANT", value_parser = choose::variants, conflicts_with = "settled")]
    variants: Vec<Variants>,
    /// Run under the settled decisions, with the program's options of the kernel
    #[arg(long)]
    settled: bool,
    /// Count only violations of this invariant, or of several by commas; may be given several times
    #[arg(long = "invariant", value_name = "NAME", value_parser = choose::invariants)]
    invariants: Vec<choose::Invariants>,
    /// Run every interleaving that leaves a task that could go on at most this often, and no other
    #[arg(long, value_name = "N")]
    preemptions: Option<u32>,
    /// Leave a program after this many executions
    #[arg(long, value_name = "N")]
    executions: Option<u64>,
    /// Stop after this time, all programs together
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    time: Option<Duration>,
    /// Prove so many programs at once; the verdicts and their order are the same
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "all", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// Keep how far each proof is in this folder, and go on from there
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Where programs that break an invariant are written, with their schedules
    #[arg(long, value_name = "DIR", default_value = "findings")]
    findings: PathBuf,
    /// Print a line of JSON for each program
    #[arg(long)]
    json: bool,
}

/// Why a proof ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Complete,
    Violation,
    Executions,
    Time,
}

/// What became of one program.
#[derive(Debug)]
struct Verdict {
    file: String,
    variants: Variants,
    end: End,
    progress: prove::Progress,
    interleavings: f64,
    broken: Vec<Site>,
}

pub(super) fn prove(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let stop = Arc::new(AtomicBool::new(false));
    writable::folder(&arguments.findings)?;
    if let Some(folder) = &arguments.state {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        writable::probe(folder)?;
    }
    stop_on_signal(&stop)?;
    let deadline = arguments.time.and_then(|time| Instant::now().checked_add(time));
    let mut progress = Progress::new();
    if let Some(most) = arguments.all {
        let outcome = all::all(arguments, usize::from(most), deadline, &stop, &mut progress);
        progress.finish();
        return outcome;
    }
    let paths = load::programs(&arguments.files)?;
    let shared = Shared { arguments, deadline, stop: &stop, progress: Mutex::new(progress) };
    let outcome = each(&shared, &paths);
    shared.progress.into_inner().expect("no thread panics with it").finish();
    outcome
}

/// Proves each program on as many threads as were asked for, and prints the verdicts in the order of the programs.
fn each(shared: &Shared<'_>, paths: &[PathBuf]) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::Clean;
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (sender, receiver) = channel();
        for _ in 0..usize::from(shared.arguments.jobs).min(paths.len()) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                while let Some((at, path)) =
                    paths.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed))
                {
                    if sender.send((at, shared.one(path))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut done = BTreeMap::new();
        let mut due = 0;
        for (at, proved) in receiver {
            done.insert(at, proved);
            while let Some(proved) = done.remove(&due) {
                due += 1;
                let printed = proved.and_then(|proved| shared.print(proved));
                // The others need not go on for an error.
                let is_violation = printed.inspect_err(|_| shared.stop.store(true, Ordering::Relaxed))?;
                if is_violation {
                    outcome = Outcome::Violation;
                }
            }
        }
        Ok(outcome)
    })
}

/// The program under the decisions that were asked for.
fn under(program: Program, arguments: &Arguments) -> Program {
    let variants = match given(arguments) {
        Some(given) => given,
        None if arguments.settled => program.variants.settled(),
        None => program.variants,
    };
    Program { variants, expect: 0, ..program }
}

/// The decisions that were asked for, with those that they need.
fn given(arguments: &Arguments) -> Option<Variants> {
    let given = arguments.variants.iter().copied().reduce(Variants::union);
    given.map(Variants::with_companions)
}

/// The command that finds a violation again.
fn origin(path: &Path, arguments: &Arguments, variants: Variants) -> String {
    let variants: String =
        variants.iter().map(|(of, variant)| format!(" --variant {of}={}", variant.name)).collect();
    let settled = if variants.is_empty() { " --settled" } else { "" };
    let bound = arguments.preemptions.map_or(String::new(), |most| format!(" --preemptions {most}"));
    format!("unreg prove {}{settled}{variants}{bound}", path.display())
}

/// What all proofs share.
struct Shared<'a> {
    arguments: &'a Arguments,
    deadline: Option<Instant>,
    stop: &'a AtomicBool,
    progress: Mutex<Progress>,
}

impl Shared<'_> {
    /// Proves a program from a file.
    fn one(&self, path: &Path) -> anyhow::Result<(Verdict, findings::Log)> {
        let program = under(load::program(path)?, self.arguments);
        let mut log =
            findings::Log::new(&self.arguments.findings, origin(path, self.arguments, program.variants));
        let verdict = self.run(path.display().to_string(), program, &mut log)?;
        Ok((verdict, log))
    }

    /// Prints a verdict, and says whether something is broken.
    fn print(&self, (verdict, log): (Verdict, findings::Log)) -> anyhow::Result<bool> {
        let text = if self.arguments.json {
            json::line("proof", verdict.json())
        } else {
            log.reports().concat() + &verdict.words()
        };
        self.progress.lock().expect("no thread panics with it").apart(|| out::print(&text))?;
        log.finish()?;
        Ok(verdict.end == End::Violation)
    }

    fn run(&self, file: String, program: Program, log: &mut findings::Log) -> anyhow::Result<Verdict> {
        let explores = self.arguments.preemptions.map_or(Explores::Reduced, Explores::Preemptions);
        let only: Vec<&str> =
            self.arguments.invariants.iter().flatten().map(|invariant| invariant.name).collect();
        let saved = self.arguments.state.as_deref().map(|folder| Saved::of(folder, &program, explores));
        let before = match &saved {
            Some(saved) => saved.read()?,
            None => None,
        };
        let mut prover = match before {
            Some(progress) => Prover::resume(program.clone(), progress),
            None => Prover::new(program.clone(), explores),
        };
        let mut save_next = Instant::now() + SAVE_EVERY;
        let mut broken = Vec::new();
        let end = loop {
            if let Some(end) = self.end(prover.progress().stats().executions) {
                break end;
            }
            let Some(execution) = prover.step() else { break End::Complete };
            let violations = judge(execution.trace);
            let asked = violations.iter().filter(|violation| violation.is_of(&only));
            broken.extend(asked.map(|violation| violation.site(execution.trace)));
            if !broken.is_empty() {
                let mut found = Program { schedule: execution.schedule, ..program.clone() };
                found.schedule.truncate(SEGMENTS_MAX);
                broken.iter().for_each(|site| log.add(&found, site));
                break End::Violation;
            }
            if Instant::now() >= save_next {
                if let Some(saved) = &saved {
                    saved.write(prover.progress())?;
                }
                save_next = Instant::now() + SAVE_EVERY;
            }
            // One line is enough: that of any thread which finds it free.
            if let Ok(mut progress) = self.progress.try_lock() {
                progress.show_line(|_| {
                    let stats = prover.progress().stats();
                    let (done, part) = (stats.executions, prover.progress().part());
                    format!("{file}: {done} executions, about {:.2} % of the work", 100.0 * part)
                });
            }
        };
        if let Some(saved) = &saved {
            saved.write(prover.progress())?;
        }
        let interleavings = prover.interleavings(PROBES);
        let progress = prover.progress().clone();
        Ok(Verdict { file, variants: program.variants, end, progress, interleavings, broken })
    }

    /// Whether the proof is to stop before it is complete.
    fn end(&self, executions: u64) -> Option<End> {
        let is_late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if is_late || self.stop.load(Ordering::Relaxed) {
            return Some(End::Time);
        }
        self.arguments.executions.filter(|most| executions >= *most).map(|_| End::Executions)
    }
}

impl Verdict {
    fn is_proved(&self) -> bool {
        self.end == End::Complete
            && self.progress.is_proved()
            && self.progress.explores() == Explores::Reduced
    }

    /// The verdict in a line.
    fn words(&self) -> String {
        let Verdict { file, variants, .. } = self;
        let stats = self.progress.stats();
        let done = stats.executions;
        let stand_for = match self.interleavings {
            few if few < 1e6 => format!("about {few:.0}"),
            many => format!("about {many:.0e}"),
        };
        let said = match (self.end, self.progress.explores()) {
            (End::Violation, _) => format!("breaks an invariant in interleaving {done}"),
            (End::Complete, _) if stats.cut_off > 0 => {
                format!("not proved: {} of {done} interleavings take too many steps", stats.cut_off)
            }
            (End::Complete, Explores::Preemptions(most)) => {
                format!("keeps every invariant in all {done} interleavings of at most {most} preemptions")
            }
            (End::Complete, _) => {
                let noun = if done == 1 { "interleaving stands" } else { "interleavings stand" };
                format!("proved: {done} {noun} for {stand_for}")
            }
            (End::Executions | End::Time, _) => {
                let bound = if self.end == End::Time { "time" } else { "bound" };
                let part = 100.0 * self.progress.part();
                format!("not proved: {done} interleavings up to the {bound}, about {part:.2} % of the work")
            }
        };
        format!("{file}: {said}, under {variants}\n")
    }

    fn json(&self) -> serde_json::Value {
        let stats = self.progress.stats();
        let bound = match self.end {
            End::Complete | End::Violation => None,
            End::Executions => Some("executions"),
            End::Time => Some("time"),
        };
        let preemptions = match self.progress.explores() {
            Explores::Preemptions(most) => Some(most),
            Explores::Reduced | Explores::All => None,
        };
        json!({
            "file": self.file,
            "variants": self.variants.to_string(),
            "proved": self.is_proved(),
            "executions": stats.executions,
            "redundant": stats.redundant,
            "cut_off": stats.cut_off,
            "interleavings": self.interleavings,
            "part": self.progress.part(),
            "preemptions": preemptions,
            "bound": bound,
            "broken": self.broken.iter().map(Site::to_string).collect::<Vec<_>>(),
        })
    }
}
