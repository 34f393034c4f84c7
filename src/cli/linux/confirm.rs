//! `unreg linux confirm`: what the model breaks under a kernel's variant, asked of that kernel with its schedule.

pub(super) mod hunted;

use super::boot::Which;
use super::build::{self, Flavour};
use super::guest::Sabotage;
use super::guest::start::NotUp;
use super::kernel::{Answer, RealKernel, Unperformable};
use crate::cli::progress::Stage;
use crate::cli::table::{self, Form};
use crate::cli::{Outcome, choose, duration, findings, load, out};
use anyhow::Context;
use comfy_table::{ContentArrangement, Table, presets};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use unreg::event::Point;
use unreg::invariant::life::no_use_after_free::NO_USE_AFTER_FREE;
use unreg::invariant::life::references_balance::REFERENCES_BALANCE;
use unreg::invariant::{self, Invariant};
use unreg::linux::predict::{self, Verdict, sequel};
use unreg::linux::{complaint, perform};
use unreg::program::{Program, Subsystem, Variants};
use unreg::run::Machine;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Programs whose variants are a kernel's [default: what a hunt under the kernel's variants finds]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Every program of a folder, as hunts fill it
    #[arg(long, value_name = "DIR", conflicts_with = "files")]
    findings: Option<PathBuf>,
    /// The variants to hunt under [default: those of the kernel's release]
    #[arg(long, value_name = "VARIANT", value_parser = choose::variants, conflicts_with_all = ["files", "findings"])]
    variant: Option<Variants>,
    /// Hunt with the commands of one subsystem [default: each in turn]
    #[arg(long, value_name = "SUBSYSTEM", value_parser = choose::subsystem, conflicts_with_all = ["files", "findings"])]
    subsystem: Option<Subsystem>,
    /// Hunt for this long in each subsystem
    #[arg(long, value_name = "TIME", default_value = "40s", value_parser = duration::parse, conflicts_with_all = ["files", "findings"])]
    time: Duration,
    /// Where the hunt's chance comes from
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with_all = ["files", "findings"])]
    seed: u64,
    /// Print the program of each prediction that is not confirmed
    #[arg(long, short)]
    verbose: bool,
    /// Store the program of each prediction in this folder
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// A table for a terminal, or for a Markdown file
    #[arg(long = "as", value_name = "FORM", default_value = "text")]
    form: Form,
    /// Have something bad happen to the first prediction's guest, to see that the run survives it
    #[arg(long, value_enum, hide = true)]
    sabotage: Option<Sabotage>,
    #[command(flatten)]
    which: Which,
}

/// After so many predictions one after the other without an answer, the others are not asked.
const GUESTLESS: usize = 3;

/// A program and an invariant that the model breaks in it.
#[derive(Debug)]
pub(super) struct Prediction {
    /// Where it comes from.
    pub(super) name: String,
    pub(super) program: Program,
    pub(super) invariant: &'static Invariant,
}

pub(super) fn confirm(arguments: &Arguments) -> anyhow::Result<Outcome> {
    // Most of what a kernel does wrong only its checkers see.
    let setup = arguments.which.setup_or(Flavour::Debug)?;
    let release = setup.kernel.about.release.clone();
    let config = setup.kernel.about.config.clone();
    let predictions = predictions(arguments, &release)?;
    let mut kernel = RealKernel::new(setup, &arguments.which).patient();
    kernel.sabotage(arguments.sabotage);
    let decisions = arguments.which.configured(build::usual(&release)?)?;
    let progress = Stage::of("predictions", predictions.len() as u64);
    let mut judged = Vec::new();
    let mut guestless = 0;
    for prediction in predictions {
        if let Some(folder) = &arguments.keep {
            keep(folder, &prediction)?;
        }
        let verdict = match guestless {
            GUESTLESS => Verdict::NoAnswer("not asked, because no guest booted".to_string()),
            _ => or_no_answer(ask(&mut kernel, &prediction, decisions))?,
        };
        guestless = match &verdict {
            Verdict::NoAnswer(_) => guestless.saturating_add(1).min(GUESTLESS),
            Verdict::NotAskable(_) => guestless,
            Verdict::Confirmed(_) | Verdict::Refuted(_) | Verdict::NotFollowed(_) => 0,
        };
        progress.one_more();
        judged.push((prediction, verdict));
    }
    drop(progress);
    out::print(&table(&judged, arguments.form))?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    judged.iter().for_each(|(_, verdict)| *counts.entry(verdict.word()).or_default() += 1);
    if arguments.verbose {
        for (prediction, verdict) in
            judged.iter().filter(|(_, verdict)| !matches!(verdict, Verdict::Confirmed(_)))
        {
            out::print(&format!(
                "{verdict}: {}\n{}\n\n{}\n",
                prediction.name,
                verdict.why(),
                prediction.program
            ))?;
        }
    }
    let count = |word: &str| counts.get(word).copied().unwrap_or(0);
    out::print(&format!(
        "Linux {release} ({config}): {} confirmed, {} refuted, {} not followed, {} not askable, {} without an answer\n",
        count("confirmed"),
        count("refuted"),
        count("not followed"),
        count("not askable"),
        count("no answer"),
    ))?;
    Ok(match (count("refuted"), count("no answer")) {
        (0, 0) => Outcome::Clean,
        (0, _) => Outcome::Incomplete,
        _ => Outcome::Violation,
    })
}

/// The verdict, or that there is none because no guest booted.
fn or_no_answer(verdict: anyhow::Result<Verdict>) -> anyhow::Result<Verdict> {
    match verdict {
        Err(error) if error.is::<NotUp>() => {
            anstream::eprintln!("{error}");
            Ok(Verdict::NoAnswer("the guest did not boot".to_string()))
        }
        verdict => verdict,
    }
}

/// What is to be asked.
fn predictions(arguments: &Arguments, release: &str) -> anyhow::Result<Vec<Prediction>> {
    let mut files = arguments.files.clone();
    if let Some(folder) = &arguments.findings {
        files.extend(programs(folder)?);
        anyhow::ensure!(!files.is_empty(), "there is no program in {}", folder.display());
    }
    if !files.is_empty() {
        let broken = files.iter().map(|path| broken(path)).collect::<anyhow::Result<Vec<_>>>()?;
        let predictions: Vec<Prediction> = broken.into_iter().flatten().collect();
        anyhow::ensure!(
            !predictions.is_empty(),
            "the model breaks no invariant in these programs, so there is nothing to confirm"
        );
        return Ok(predictions);
    }
    let variants = arguments.variant.map_or_else(|| build::usual(release), Ok)?;
    let subsystems = [Subsystem::Devlink, Subsystem::Mdev, Subsystem::Ib];
    let asked = |of: &Subsystem| arguments.subsystem.map_or(variants.of(*of) != 0, |asked| asked == *of);
    let hunts = subsystems.into_iter().filter(asked);
    Ok(hunts.flat_map(|of| hunted::predictions(variants, of, arguments.seed, arguments.time)).collect())
}

/// Stores the program of a prediction.
fn keep(folder: &Path, prediction: &Prediction) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let file = folder.join(&prediction.name).with_extension("prog");
    findings::write_over(&file, prediction.program.to_string().as_bytes())
}

/// The programs of a folder, in the order of their names.
fn programs(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_file() && entry.path().extension().is_some_and(|ending| ending == "prog") {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

/// A prediction for each invariant that the model breaks in a file's program.
fn broken(path: &Path) -> anyhow::Result<Vec<Prediction>> {
    let program = load::program(path)?;
    let violations = invariant::judge(Machine::default().run(&program));
    let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let prediction = |violation: invariant::Violation| Prediction {
        name: name.clone(),
        program: program.clone(),
        invariant: violation.invariant,
    };
    Ok(violations.into_iter().map(prediction).collect())
}

/// Asks a kernel that has these variants.
fn ask(kernel: &mut RealKernel, prediction: &Prediction, decisions: Variants) -> anyhow::Result<Verdict> {
    let Prediction { program, invariant, .. } = prediction;
    let foreign = program.variants.without(decisions);
    if foreign != Variants::default() {
        return Ok(Verdict::NotAskable(format!("{foreign} is no decision of this kernel")));
    }
    let mut commands = program.tasks.iter().flat_map(|task| &task.commands);
    if let Some(command) = commands.find(|command| !perform::can_perform(command)) {
        return Ok(Verdict::NotAskable(Unperformable(*command).to_string()));
    }
    let mut machine = Machine::default();
    let mut judge = |program: &Program, answer: &Answer| {
        let real = answer.trace(program);
        match predict::verdict(program, invariant, machine.run(program), &real, answer.log.as_ref()) {
            Verdict::Confirmed(how) => Verdict::Confirmed(how),
            _ if answer.is_slow() => Verdict::NoAnswer("the guest does not answer in time".to_string()),
            verdict => verdict,
        }
    };
    // Between two commands of a task that is not followed time passes, in which memory is freed.
    let plain = if program.schedule.is_empty() { Some(judge(program, &kernel.ask(program)?)) } else { None };
    let verdict = match plain {
        Some(verdict @ Verdict::Confirmed(_)) => verdict,
        _ => judge(program, &kernel.look(program, Point::ALL)?),
    };
    let is_quiet = matches!(verdict, Verdict::Refuted(_)) && invariant.id == NO_USE_AFTER_FREE.id;
    if let (true, Some(longer)) = (is_quiet, sequel::later(program, Machine::default().run(program))) {
        return Ok(judge(&longer, &kernel.ask(&longer)?));
    }
    if !matches!(verdict, Verdict::NotAskable(_)) || invariant.id != REFERENCES_BALANCE.id {
        return Ok(verdict);
    }
    let mut machine = Machine::default();
    let Some(longer) = sequel::sequel(program, machine.run(program)) else { return Ok(verdict) };
    let real = kernel.ask(&longer)?.trace(&longer);
    Ok(sequel::refused(&longer, machine.run(&longer), &real).map_or(verdict, Verdict::Confirmed))
}

/// The verdicts as a table. That of a Markdown file leaves out what differs from compiler to compiler.
fn table(judged: &[(Prediction, Verdict)], form: Form) -> String {
    let headings = vec!["prediction", "invariant", "verdict", "how"];
    let row = |(prediction, verdict): &(Prediction, Verdict)| {
        let cells = [&prediction.name, prediction.invariant.name, verdict.word(), verdict.why()];
        cells.map(ToString::to_string).to_vec()
    };
    let mut rows: Vec<Vec<String>> = judged.iter().map(row).collect();
    if matches!(form, Form::Markdown) {
        rows.iter_mut().flatten().for_each(|cell| *cell = complaint::without_addresses(cell));
        return table::markdown(&table::Table { headings, rows }) + "\n";
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(120);
    table.set_header(headings);
    table.add_rows(rows);
    format!("{table}\n\n")
}
