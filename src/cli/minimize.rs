//! `unreg minimize` and `unreg promote`: from a failing program to a small one, and on into the corpus.

use super::findings::{Written, citations, file_name, write, write_new, write_over};
use super::{Outcome, choose, load, out, store};
use anyhow::Context;
use std::path::{Path, PathBuf};
use unreg::invariant::{Invariant, Site, judge};
use unreg::minimize::{breaks, minimize_violation};
use unreg::program::{Program, Variants};
use unreg::run::Machine;
use unreg::target::Scope;

/// For which rule to minimise, and how to read what engines kept.
#[derive(Debug, clap::Args)]
struct How {
    /// The rule to keep breaking [default: the one that the file is named after, or the first]
    #[arg(long, value_name = "NAME", value_parser = choose::invariant)]
    invariant: Option<&'static Invariant>,
    /// Read inputs as this fuzz target does: its commands only, under the settled rules [default: the target in whose
    /// folder an engine's file is, or none]
    #[arg(long, value_name = "NAME", value_parser = choose::target)]
    target: Option<Scope>,
    /// The rules that the target ran under (its UNREG_VARIANT)
    #[arg(long, value_name = "VARIANT", value_parser = choose::variants)]
    variant: Option<Variants>,
    /// Print a line for every attempt
    #[arg(short, long)]
    verbose: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct MinimizeArguments {
    /// Programs that break a rule, as text or as records
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    how: How,
    /// Where to write the result [default: standard output]
    #[arg(short, long, value_name = "FILE", conflicts_with = "findings")]
    output: Option<PathBuf>,
    /// File each result in this folder, under a name that is the same for all that break one rule at one place under the
    /// same rules: what is known already is not filed again
    #[arg(long, value_name = "DIR")]
    findings: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct PromoteArguments {
    /// A program that breaks a rule, as text or as records
    #[arg(value_name = "INPUT")]
    input: PathBuf,
    #[command(flatten)]
    how: How,
    /// The new corpus file, named after what happens: corpus/devlink/set-during-probe.prog
    #[arg(value_name = "CORPUS-FILE")]
    to: PathBuf,
    /// Add it even if a program beside it has the same cause: it breaks the same rule at the same place under the same
    /// variants
    #[arg(long)]
    duplicate: bool,
}

pub(super) fn minimize(arguments: &MinimizeArguments) -> anyhow::Result<Outcome> {
    let several = arguments.inputs.len() > 1 && arguments.findings.is_none();
    anyhow::ensure!(!several, "several inputs need --findings, where each gets a file of its own");
    for input in &arguments.inputs {
        let Minimal { program, invariant, site } = minimal(input, &arguments.how)?;
        match (&arguments.output, &arguments.findings) {
            (Some(path), _) => write_over(path, program.to_string().as_bytes())?,
            (None, Some(folder)) => {
                let path = folder.join(file_name(program.variants, &site));
                let origin = format!("unreg minimize {}", input.display());
                let said = match write(&path, &program, invariant, &origin)? {
                    Written::New => "written to",
                    Written::Known => "already known:",
                };
                out::print(&format!("{}: {said} {}\n", input.display(), path.display()))?;
            }
            (None, None) => out::print(&program.to_string())?,
        }
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
    let Minimal { program, invariant, site } = minimal(&arguments.input, &arguments.how)?;
    if !arguments.duplicate
        && let Some(known) = of_same_cause(to, program.variants, &site)?
    {
        anyhow::bail!("{} has the same cause: {site}; --duplicate adds it all the same", known.display());
    }
    let text = format!("{}{program}", header(to, invariant));
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

/// A corpus program beside this one that breaks the same rule at the same place under the same variants.
fn of_same_cause(to: &Path, variants: Variants, site: &Site) -> anyhow::Result<Option<PathBuf>> {
    let folder = to.parent().filter(|folder| folder.is_dir());
    let mut machine = Machine::default();
    let files = folder.map_or_else(|| Ok(Vec::new()), store::files)?;
    let programs =
        files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "prog"));
    let same = |path: &PathBuf| {
        let Ok(program) = load::program(path) else { return false };
        program.variants == variants && breaks(machine.run(&program), site)
    };
    let mut programs = programs.filter(|path| path != to);
    Ok(programs.by_ref().find(same))
}

/// A minimal program, the rule it breaks, and where.
struct Minimal {
    program: Program,
    invariant: &'static Invariant,
    site: Site,
}

fn minimal(input: &Path, how: &How) -> anyhow::Result<Minimal> {
    let program = read(input, how)?;
    let (invariant, site) = broken(&program, input, how)?;
    let mut attempts = 0;
    let minimal = minimize_violation(&program, &site, |attempt| {
        attempts += 1;
        if how.verbose {
            let verdict = match (attempt.kept, attempt.instead) {
                (true, _) => "still breaks it there, kept".to_owned(),
                (false, None) => "breaks nothing".to_owned(),
                (false, Some(other)) => format!("breaks {other} instead"),
            };
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
    Ok(Minimal { program: minimal, invariant, site })
}

/// The program as it ran: an engine's file says neither which commands its target takes nor under which rules.
fn read(input: &Path, how: &How) -> anyhow::Result<Program> {
    let mut program = load::program(input)?;
    let scope = how.target.or_else(|| target_of(input));
    if let Some(scope) = scope {
        scope.narrow(&mut program, how.variant.map_or_else(Variants::default, choose::with_companions));
    } else if let Some(variants) = how.variant {
        program.variants = program.variants.settled().union(choose::with_companions(variants));
    }
    Ok(program)
}

/// The target in whose folder an engine put a file: `artifacts/devlink/crash-…` of cargo-fuzz, or
/// `afl/devlink/main/crashes/id:…`. A file that a person named has none.
fn target_of(input: &Path) -> Option<Scope> {
    let name = input.file_name()?.to_str()?;
    let by_engine = ["crash-", "timeout-", "oom-", "leak-", "slow-unit-", "minimized-from-", "id:"];
    let made = by_engine.iter().any(|prefix| name.starts_with(prefix));
    let mut folders = input.parent()?.iter().rev().filter_map(|folder| folder.to_str());
    made.then(|| folders.find_map(Scope::named)).flatten()
}

/// The rule that the program breaks, or the one that was asked for, and where.
fn broken(program: &Program, input: &Path, how: &How) -> anyhow::Result<(&'static Invariant, Site)> {
    let mut machine = Machine::default();
    let trace = machine.run(program);
    let violations = judge(trace);
    let wanted = |invariant: &Invariant| how.invariant.is_none_or(|wanted| wanted.id == invariant.id);
    // A finding is named after the rule it was kept for, which need not be the first that it breaks.
    let stem = input.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let named = violations.iter().find(|violation| stem.starts_with(violation.invariant.name));
    let named = named.filter(|violation| wanted(violation.invariant));
    let found = named.or_else(|| violations.iter().find(|violation| wanted(violation.invariant)));
    let file = input.display();
    let violation = found.with_context(|| match how.invariant {
        Some(invariant) => format!("{file} does not break {} under {}", invariant.name, program.variants),
        None => format!("{file} breaks no rule under {}: there is nothing to keep", program.variants),
    })?;
    Ok((violation.invariant, violation.site(trace)))
}
