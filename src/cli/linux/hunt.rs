//! `unreg linux hunt`: programs on a real kernel, to find what the kernel does wrong.
//!
//! A fast kernel sieves sequences, and a debug kernel judges: what the sieve keeps, and every interleaving.

pub(super) mod bench;
mod campaign;
mod guide;
mod hunter;
mod needs;
mod page;
mod race;
pub(super) mod report;
pub(super) mod repro;
mod source;
mod tally;

use super::boot::Which;
use super::build::{self, Flavour};
use super::guest::Setup;
use super::known::{self, Known};
use super::steer::Symbols;
use crate::cli::{Outcome, choose, duration, load, out, writable};
use anyhow::Context;
use campaign::{Book, Campaign, clock};
use hunter::Hunter;
use source::Source;
use std::collections::{HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tally::Tally;
use unreg::linux::perform;
use unreg::program::{Program, Subsystem, Variants};

/// How often the progress is shown, the page written, and what other hunts counted read.
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
    /// A git tree of the kernel that is hunted: each finding with a schedule gets a `delay.patch` and a `race.sh`. A kernel
    /// built with `--lines` needs no other build for this
    #[arg(long, value_name = "GIT")]
    delay_source: Option<PathBuf>,
    /// The revision in that tree
    #[arg(long, value_name = "REV", default_value = "HEAD", requires = "delay_source")]
    delay_rev: String,
    /// Build that revision and, for each finding, that revision with the patch, and run the script: minutes a finding
    #[arg(long, requires = "delay_source")]
    delay_build: bool,
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

/// What this hunt has counted, and what the other hunts of the campaign have.
struct Books {
    own: Book,
    others: Vec<(u32, Book)>,
    /// The sum of the others.
    before: Tally,
    /// The keys that were seen, or are written in the folder.
    seen: HashSet<String>,
}

impl Books {
    /// What all of the campaign's hunts have counted.
    fn all(&self) -> Tally {
        let mut all = self.before.clone();
        all.add(&self.own.tally);
        all
    }

    fn set_others(&mut self, others: Vec<(u32, Book)>) {
        self.before = Tally::default();
        others.iter().for_each(|(_, book)| self.before.add(&book.tally));
        self.others = others;
    }
}

/// A program that is tried first, and the file that goes when it has been.
type Given = (Program, Option<PathBuf>);

/// What the threads share.
struct Shared<'a> {
    arguments: &'a Arguments,
    variants: Variants,
    start: Instant,
    stop: Arc<AtomicBool>,
    known: Vec<Known>,
    campaign: Campaign,
    given: Mutex<VecDeque<Given>>,
    books: Mutex<Books>,
    error: Mutex<Option<anyhow::Error>>,
}

impl Shared<'_> {
    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.start.elapsed() >= self.arguments.time
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("no thread panics with it")
    }

    /// Counts, and has the count on the disk before the next program runs.
    fn count(&self, count: impl FnOnce(&mut Tally)) -> anyhow::Result<()> {
        let mut books = self.books();
        count(&mut books.own.tally);
        books.own.tally.elapsed = self.start.elapsed();
        self.campaign.write(&books.own)
    }

    /// What the campaign's clock shows.
    fn now(&self, books: &Books) -> Duration {
        books.own.begins + self.start.elapsed()
    }

    /// Reads what other hunts have counted, says how far all are, and writes the page.
    fn refresh(&self) -> anyhow::Result<String> {
        let others = self.campaign.others()?;
        let mut books = self.books();
        books.set_others(others);
        books.own.tally.elapsed = self.start.elapsed();
        self.campaign.write_page(&books.own, &books.others)?;
        Ok(books.all().line())
    }

    fn give_up(&self, error: anyhow::Error) {
        self.error.lock().expect("no thread panics with it").get_or_insert(error);
        self.stop.store(true, Ordering::Relaxed);
    }
}

pub(super) fn hunt(arguments: &Arguments) -> anyhow::Result<Outcome> {
    writable::folder(&arguments.findings)?;
    let (sieve, judge) = kernels(&arguments.which, arguments.only)?;
    let variants = arguments.which.configured(build::usual(&judge.kernel.about.release)?)?;
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed)).context("cannot listen to ctrl-c")?;
    let mut given: VecDeque<Given> =
        given(&arguments.files, variants)?.into_iter().map(|program| (program, None)).collect();
    let campaign = Campaign::open(&arguments.findings)?;
    let others = campaign.others()?;
    let left = campaign.take_over()?;
    let about = &judge.kernel.about;
    let sieved =
        sieve.as_ref().map_or(String::new(), |setup| format!(", sieved by {}", setup.kernel.about.config));
    let goes_on = if others.is_empty() {
        String::new()
    } else {
        format!(", hunt {} of a campaign that goes on", campaign.number)
    };
    anstream::eprintln!(
        "hunting on Linux {} ({}{sieved}), seed {}{goes_on}",
        about.release,
        about.config,
        arguments.seed
    );
    given.extend(left.into_iter().map(|(program, file)| (program, Some(file))));
    let seen = report::keys(&arguments.findings)?.into_iter().map(|finding| finding.key).collect();
    let begins = clock(others.iter().map(|(_, book)| book));
    let (release, config) = (about.release.clone(), about.config.clone());
    let own = Book { seed: arguments.seed, release, config, begins, tally: Tally::default() };
    campaign.write(&own)?;
    let mut books = Books { own, others: Vec::new(), before: Tally::default(), seen };
    books.set_others(others);
    let shared = Shared {
        arguments,
        variants,
        start: Instant::now(),
        stop,
        known: known::all(&arguments.known)?,
        campaign,
        given: Mutex::new(given),
        books: Mutex::new(books),
        error: Mutex::new(None),
    };
    std::thread::scope(|scope| {
        for number in 0..arguments.jobs {
            let (shared, sieve, judge) = (&shared, sieve.clone(), judge.clone());
            scope.spawn(move || {
                let mut hunter = Hunter::new(shared, sieve, judge, u64::from(number));
                if let Err(error) = hunter.hunt() {
                    shared.give_up(error);
                }
            });
        }
        let mut next = Instant::now() + TICK;
        while !shared.is_over() {
            std::thread::sleep(Duration::from_millis(100));
            if Instant::now() >= next {
                match shared.refresh() {
                    Ok(line) => anstream::eprintln!("{line}"),
                    Err(error) => shared.give_up(error),
                }
                next += TICK;
            }
        }
    });
    if let Some(error) = shared.error.lock().expect("no thread panics with it").take() {
        return Err(error);
    }
    shared.refresh()?;
    let books = shared.books();
    let all = books.all();
    out::print(&all.table())?;
    // What an earlier hunt of the campaign has found is no finding of this one.
    let own = &books.own.tally;
    Ok(match (own.has_findings(), own.unanswered) {
        (false, 0) => Outcome::Clean,
        (false, _) => Outcome::Incomplete,
        (true, _) => Outcome::Violation,
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
fn kernels(which: &Which, only: Option<Only>) -> anyhow::Result<(Option<Setup>, Setup)> {
    let steered = |setup: Setup| -> anyhow::Result<Setup> {
        // A guest that is never followed needs no tracer.
        if only == Some(Only::Sequence) {
            return Ok(setup);
        }
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
