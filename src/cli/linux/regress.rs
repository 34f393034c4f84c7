//! `unreg linux regress`: which of the known findings a kernel has.

use super::boot::Which;
use super::build::Flavour;
use super::guest::Sabotage;
use super::guest::start::NotUp;
use super::hunt::bench::{Bench, Run};
use super::known::{self, Known};
use crate::cli::missing::Missing;
use crate::cli::progress::Stage;
use crate::cli::table::{self, Form, Table};
use crate::cli::{Outcome, out};
use clap::ValueEnum;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The releases of the table, oldest first.
const RELEASES: [&str; 3] = ["6.1", "6.12", "7.3"];

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Where known findings are
    #[arg(long, value_name = "DIR", default_value = known::FOLDER)]
    known: PathBuf,
    /// Ask no kernel: print what is known of each release
    #[arg(long)]
    table: bool,
    /// A table for a terminal, or for a Markdown file
    #[arg(long = "as", value_name = "FORM", default_value = "text")]
    form: Form,
    /// Have something bad happen to the first guest, to see that the run survives it
    #[arg(long, value_enum, hide = true)]
    sabotage: Option<Sabotage>,
}

/// What a kernel makes of a known finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has it.
    There,
    /// Its program does no harm.
    Gone,
    /// Its program does another harm, and this is the key.
    Other(String),
    /// It cannot follow the program's schedule, and this is why.
    NotFollowed(String),
    /// No kernel of its configuration is there.
    NotAsked(String),
    /// Its guest did not boot or did not answer in time, and nothing is known of it.
    NoAnswer(String),
}

impl Verdict {
    /// Whether a kernel was asked and answered.
    pub(super) fn is_known(&self) -> bool {
        match self {
            Verdict::There | Verdict::Gone | Verdict::Other(_) | Verdict::NotFollowed(_) => true,
            Verdict::NotAsked(_) | Verdict::NoAnswer(_) => false,
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Verdict::There => f.write_str("there"),
            Verdict::Gone => f.write_str("gone"),
            Verdict::Other(key) => write!(f, "another: {key}"),
            Verdict::NotFollowed(why) => write!(f, "not followed: {why}"),
            Verdict::NotAsked(why) => write!(f, "not asked: {why}"),
            Verdict::NoAnswer(why) => write!(f, "no answer: {why}"),
        }
    }
}

pub(super) fn regress(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let known = known::all(&arguments.known)?;
    anyhow::ensure!(!known.is_empty(), "there is no known finding in {}", arguments.known.display());
    if arguments.table {
        out::print(&table(arguments.form, &releases(&known)))?;
        return Ok(Outcome::Clean);
    }
    let (release, verdicts) = ask(&arguments.which, &known, arguments.sabotage)?;
    let (mut rows, mut is_as_known, mut there, mut asked, mut unanswered) = (Vec::new(), true, 0, 0, 0);
    for (one, verdict) in known.iter().zip(verdicts) {
        let config = one.one("config");
        asked += usize::from(verdict.is_known());
        there += usize::from(verdict == Verdict::There);
        unanswered += usize::from(matches!(verdict, Verdict::NoAnswer(_)));
        let known = expected(one, &release).filter(|known| *known != verdict && verdict.is_known());
        is_as_known &= known.is_none();
        let note = match known {
            Some(known) => format!("{verdict}; it is known to be {known}"),
            None => verdict.to_string(),
        };
        rows.push(vec![one.name.clone(), config.to_string(), note, one.title.clone()]);
    }
    out::print(&table(
        arguments.form,
        &Table { headings: vec!["finding", "config", "verdict", "what"], rows },
    ))?;
    out::print(&format!("\nLinux {release}: {there} of {asked} known findings are there\n"))?;
    if unanswered > 0 {
        out::print(&format!("{unanswered} are not known of, because no guest answered\n"))?;
    }
    Ok(match (is_as_known, unanswered) {
        (true, 0) => Outcome::Clean,
        (true, _) => Outcome::Incomplete,
        (false, _) => Outcome::Violation,
    })
}

/// Asks a kernel for each known finding, in a new guest. Returns its release, and a verdict for each. Something bad may
/// happen to the first guest.
pub(super) fn ask(
    which: &Which,
    known: &[Known],
    mut sabotage: Option<Sabotage>,
) -> anyhow::Result<(String, Vec<Verdict>)> {
    let mut benches: BTreeMap<String, Result<Bench, String>> = BTreeMap::new();
    let progress = Stage::of("known findings", known.len() as u64);
    let (mut release, mut verdicts) = (String::new(), Vec::new());
    for one in known {
        let mut verdict = Verdict::NotAsked("it names no configuration".to_string());
        // The first of its configurations of which there is a kernel.
        for config in one.one("config").split_whitespace() {
            if !benches.contains_key(config) {
                benches.insert(config.to_string(), bench(which, config)?);
            }
            match benches.get_mut(config).expect("it was put there") {
                Ok(bench) => {
                    release.clone_from(&bench.release);
                    sabotage.take().into_iter().try_for_each(|how| bench.sabotage(how))?;
                    verdict = match bench.run_anew(&one.program) {
                        Ok(run) => judge(one, &run),
                        Err(error) if error.is::<NotUp>() => {
                            anstream::eprintln!("{}: {error}", one.name);
                            Verdict::NoAnswer("the guest did not boot".to_string())
                        }
                        Err(error) => return Err(error),
                    };
                    break;
                }
                Err(why) => verdict = Verdict::NotAsked(why.clone()),
            }
        }
        verdicts.push(verdict);
        progress.one_more();
    }
    Ok((release, verdicts))
}

/// A kernel of the configuration that shows a finding, or why there is none.
fn bench(which: &Which, config: &str) -> anyhow::Result<Result<Bench, String>> {
    let Ok(config) = Flavour::from_str(config, false) else {
        anyhow::bail!("`{config}` is no configuration of a kernel");
    };
    if !which.may_be(config) {
        return Ok(Err("another configuration was asked for".to_string()));
    }
    match which.setup_or(config) {
        Ok(setup) => Ok(Ok(Bench::new(setup, which).patient())),
        Err(error) if error.is::<Missing>() => Ok(Err(format!("{error:#}"))),
        Err(error) => Err(error),
    }
}

fn judge(known: &Known, run: &Run) -> Verdict {
    let key = run.fault.as_ref().map(|fault| fault.key.to_string());
    let impossible = run.answer.log.as_ref().and_then(|log| log.impossible());
    match (key, impossible) {
        (Some(key), _) if known.is(&key) => Verdict::There,
        (Some(key), _) => Verdict::Other(key),
        (None, _) if run.answer.is_slow() => {
            Verdict::NoAnswer("the guest does not answer in time".to_string())
        }
        (None, Some((at, end))) => Verdict::NotFollowed(format!("`{}`: {end}", known.program.schedule[at])),
        (None, None) => Verdict::Gone,
    }
}

/// What is known of a finding and a release.
fn expected(known: &Known, release: &str) -> Option<Verdict> {
    match (known.names("seen", release), known.names("gone", release)) {
        (true, _) => Some(Verdict::There),
        (false, true) => Some(Verdict::Gone),
        (false, false) => None,
    }
}

/// What is known of each finding and each release.
fn releases(known: &[Known]) -> Table {
    let row = |one: &Known| {
        let cell = |release: &&str| match expected(one, release) {
            Some(verdict) => verdict.to_string(),
            None => "not known".to_string(),
        };
        let by = if one.program.schedule.is_empty() { "one task" } else { "an interleaving" };
        let cells = [one.name.as_str(), by, one.one("key")].map(ToString::to_string).into_iter();
        let rest = ["rate", "verdict", "fixed", "reported"].map(|field| one.one(field).to_string());
        cells.chain(RELEASES.iter().map(cell)).chain(rest).collect()
    };
    let headings = ["finding", "needs", "key"].into_iter().chain(RELEASES);
    let headings = headings.chain(["rate", "verdict", "fixed", "reported"]).collect();
    Table { headings, rows: known.iter().map(row).collect() }
}

fn table(form: Form, table: &Table) -> String {
    match form {
        Form::Text => table::text(table),
        Form::Markdown => table::markdown(table),
    }
}
