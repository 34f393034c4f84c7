//! `unreg minimize` and `unreg promote`: from a failing program to a small one, and on into the corpus.

use super::findings::{Written, citations, write_new, write_over};
use super::{Outcome, choose, load, out};
use anyhow::Context;
use std::path::{Path, PathBuf};
use unreg::invariant::{Invariant, Site, judge};
use unreg::minimize::minimize_violation;
use unreg::program::Program;
use unreg::run::Machine;

/// What to minimise, and for which rule.
#[derive(Debug, clap::Args)]
struct Input {
    /// A program that breaks a rule, as text or as records
    #[arg(value_name = "INPUT")]
    input: PathBuf,
    /// The rule to keep breaking [default: the one that the file is named after, or the first]
    #[arg(long, value_name = "NAME", value_parser = choose::invariant)]
    invariant: Option<&'static Invariant>,
    /// Print a line for every attempt
    #[arg(short, long)]
    verbose: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct MinimizeArguments {
    #[command(flatten)]
    input: Input,
    /// Where to write the result [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct PromoteArguments {
    #[command(flatten)]
    input: Input,
    /// The new corpus file, named after what happens: corpus/devlink/set-during-probe.prog
    #[arg(value_name = "CORPUS-FILE")]
    to: PathBuf,
}

pub(super) fn minimize(arguments: &MinimizeArguments) -> anyhow::Result<Outcome> {
    let (minimal, _) = minimal(&arguments.input)?;
    match &arguments.output {
        Some(path) => write_over(path, minimal.to_string().as_bytes())?,
        None => out::print(&minimal.to_string())?,
    }
    Ok(Outcome::Clean)
}

pub(super) fn promote(arguments: &PromoteArguments) -> anyhow::Result<Outcome> {
    let to = &arguments.to;
    anyhow::ensure!(
        to.extension().is_some_and(|extension| extension == "prog"),
        "{} should end in .prog, as every program of the corpus does",
        to.display()
    );
    let refuse = || anyhow::anyhow!("{} is there already, and is not written over", to.display());
    anyhow::ensure!(!to.exists(), refuse());
    let (minimal, invariant) = minimal(&arguments.input)?;
    let text = format!("{}{minimal}", header(to, invariant));
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    anyhow::ensure!(write_new(to, text.as_bytes())? == Written::New, refuse());
    out::print(&format!("{}: describe in its first line what happens, then run the tests\n", to.display()))?;
    Ok(Outcome::Clean)
}

/// The lines that a corpus file begins with. The first is for its author to write.
fn header(to: &Path, invariant: &Invariant) -> String {
    let title = to.file_stem().unwrap_or_default().to_string_lossy().replace('-', " ");
    let claims: String = invariant.cites.iter().map(|cite| format!("## {}\n", cite.claim)).collect();
    let cites = citations(invariant);
    format!(
        "# FIXME: say in a sentence what happens: {title}. It breaks {}.\n{cites}{claims}",
        invariant.name
    )
}

/// The minimal program and the rule it breaks.
fn minimal(input: &Input) -> anyhow::Result<(Program, &'static Invariant)> {
    let program = load::program(&input.input)?;
    let (invariant, site) = broken(&program, input)?;
    let mut attempts = 0;
    let minimal = minimize_violation(&program, &site, |attempt| {
        attempts += 1;
        if input.verbose {
            let verdict = if attempt.kept { "still breaks, kept" } else { "no longer breaks it there" };
            anstream::eprintln!("{attempts:4}  {}: {verdict}", attempt.change);
        }
    });
    anstream::eprintln!(
        "breaks {site}: {} commands in {} tasks and {} segments, were {}, {} and {}, after {attempts} attempts",
        minimal.commands(),
        minimal.tasks.len(),
        minimal.schedule.len(),
        program.commands(),
        program.tasks.len(),
        program.schedule.len(),
    );
    Ok((minimal, invariant))
}

/// The rule that the program breaks, or the one that was asked for, and where.
fn broken(program: &Program, input: &Input) -> anyhow::Result<(&'static Invariant, Site)> {
    let mut machine = Machine::default();
    let trace = machine.run(program);
    let violations = judge(trace);
    let wanted = |invariant: &Invariant| input.invariant.is_none_or(|wanted| wanted.id == invariant.id);
    // A finding is named after the rule it was kept for, which need not be the first that it breaks.
    let stem = input.input.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let named = violations.iter().find(|violation| stem.starts_with(violation.invariant.name));
    let named = named.filter(|violation| wanted(violation.invariant));
    let found = named.or_else(|| violations.iter().find(|violation| wanted(violation.invariant)));
    let file = input.input.display();
    let violation = found.with_context(|| match input.invariant {
        Some(invariant) => format!("{file} does not break {} under {}", invariant.name, program.variants),
        None => format!("{file} breaks no rule under {}: there is nothing to keep", program.variants),
    })?;
    Ok((violation.invariant, violation.site(trace)))
}
