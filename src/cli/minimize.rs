//! `unreg minimize` and `unreg promote`: from a failing program to a small one, and on into the corpus.

use super::choose::Invariants;
use super::engine::Ran;
use super::findings::{Written, citations, file_name, folder_of, write, write_new};
use super::{Outcome, choose, engine, load, out, store, writable};
use anyhow::Context;
use std::path::{Path, PathBuf};
use unreg::invariant::{Invariant, Site, judge};
use unreg::minimize::{breaks, minimize_violation};
use unreg::program::{Program, Subsystem, Variants};
use unreg::run::Machine;

/// For which invariant to minimise, and how to read what engines kept.
#[derive(Debug, clap::Args)]
struct How {
    /// The invariant to keep breaking, or several by commas of which one is kept; may be given several times [default: the one
    /// that the file is named after, or the first]
    #[arg(long = "invariant", env = "UNREG_ONLY", value_name = "NAME", value_parser = choose::invariants)]
    invariants: Vec<Invariants>,
    #[command(flatten)]
    target: engine::Target,
    /// The decisions that the target ran under; may be given several times [default: for an engine's file those of
    /// UNREG_VARIANT, or the settled ones; for another file its own]
    #[arg(long = "variant", value_name = "VARIANT", value_parser = choose::variants)]
    variants: Vec<Variants>,
    /// Print a line for every attempt
    #[arg(short, long)]
    verbose: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct MinimizeArguments {
    /// Programs that break an invariant, as text or as records
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    how: How,
    /// Where to write the result; `-` is standard output, which is the default
    #[arg(short, long, value_name = "FILE", conflicts_with = "findings")]
    output: Option<PathBuf>,
    /// File each result in this folder, under a name that is the same for all that break one invariant at one place under the
    /// same decisions: what is known already is not filed again
    #[arg(long, value_name = "DIR")]
    findings: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct PromoteArguments {
    /// A program that breaks an invariant, as text or as records
    #[arg(value_name = "INPUT")]
    input: PathBuf,
    #[command(flatten)]
    how: How,
    /// The new corpus file, named after what happens: corpus/devlink/set-during-probe.prog
    #[arg(value_name = "CORPUS-FILE")]
    to: PathBuf,
    /// Add it even if a program beside it has the same cause: it breaks the same invariant at the same place under the same
    /// variants
    #[arg(long)]
    duplicate: bool,
}

pub(super) fn minimize(arguments: &MinimizeArguments) -> anyhow::Result<Outcome> {
    let several = arguments.inputs.len() > 1 && arguments.findings.is_none();
    anyhow::ensure!(!several, "several inputs need --findings, where each gets a file of its own");
    out::check(arguments.output.as_deref())?;
    arguments.findings.as_deref().map_or(Ok(()), writable::folder)?;
    for input in &arguments.inputs {
        let Minimal { program, invariant, site } = minimal(input, &arguments.how)?;
        match (&arguments.output, &arguments.findings) {
            (None, Some(folder)) => {
                let path = folder.join(file_name(program.variants, &site));
                let origin = format!("unreg minimize {}", input.display());
                let said = write(&path, &program, (invariant, &site), &origin)?;
                out::print(&format!("{}: {said} {}\n", input.display(), path.display()))?;
            }
            (to, _) => out::write(to.as_deref(), &program.to_string())?,
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
    writable::folder(folder_of(to))?;
    let Minimal { program, invariant, site } = minimal(&arguments.input, &arguments.how)?;
    if !arguments.duplicate
        && let Some(known) = of_same_cause(to, program.variants, &site)?
    {
        anyhow::bail!("{} has the same cause: {site}; --duplicate adds it all the same", known.display());
    }
    let text = format!("{}{program}", header(to, invariant));
    let folder = folder_of(to);
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
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

/// A corpus program beside this one that breaks the same invariant at the same place under the same variants.
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

/// A minimal program, the invariant it breaks, and where.
struct Minimal {
    program: Program,
    invariant: &'static Invariant,
    site: Site,
}

fn minimal(input: &Path, how: &How) -> anyhow::Result<Minimal> {
    let ran = how.target.read(input, &how.variants)?;
    let (invariant, site) = broken(&ran, input, how)?;
    let program = ran.program;
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

/// The invariant that the program breaks, or one of those that were asked for, and where.
fn broken(ran: &Ran, input: &Path, how: &How) -> anyhow::Result<(&'static Invariant, Site)> {
    let mut machine = Machine::default();
    let trace = machine.run(&ran.program);
    let violations = judge(trace);
    // A finding is named after the invariant it was kept for, which need not be the first that it breaks.
    let stem = input.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let wanted = || violations.iter().filter(|violation| how.wants(violation.invariant));
    let named = wanted().find(|violation| stem.starts_with(violation.invariant.name));
    let found = named.or_else(|| wanted().next());
    let violation = found.with_context(|| nothing_broken(ran, input, how))?;
    Ok((violation.invariant, violation.site(trace)))
}

impl How {
    /// Whether an invariant is one of those to keep breaking.
    fn wants(&self, invariant: &Invariant) -> bool {
        let mut named = self.invariants.iter().flatten().peekable();
        named.peek().is_none() || named.any(|wanted| wanted.id == invariant.id)
    }

    /// That none of the invariants to keep breaking breaks, in words.
    fn fails(&self) -> String {
        let names: Vec<&str> = self.invariants.iter().flatten().map(|invariant| invariant.name).collect();
        if names.is_empty() {
            "breaks no invariant".to_owned()
        } else {
            format!("does not break {}", names.join(" or "))
        }
    }
}

/// The most variants that are named as what would help.
const HELP_MAX: usize = 4;

/// Why there is nothing to minimise, and what would help.
fn nothing_broken(ran: &Ran, input: &Path, how: &How) -> String {
    let Ran { program, own, scope } = ran;
    let file = input.display();
    let as_target =
        scope.map_or_else(String::new, |scope| format!(", read as the target `{}`", scope.name()));
    let mut out = format!("{file} {} under {}{as_target}", how.fails(), program.variants);
    let broken = |variants: Variants, wanted: bool| -> Vec<&str> {
        let mut machine = Machine::default();
        let program = Program { variants: program.variants.settled().union(variants), ..program.clone() };
        let violations = judge(machine.run(&program));
        let such = violations.iter().filter(|violation| !wanted || how.wants(violation.invariant));
        such.map(|violation| violation.invariant.name).collect()
    };
    let others = broken(program.variants, false);
    if !others.is_empty() {
        out += &format!("; it breaks {}: --invariant names the invariant", others.join(" and "));
    }
    // What the file says of itself is tried before every single variant.
    let each = Subsystem::ALL.iter().flat_map(|of| {
        of.variants().into_iter().map(|variant| Variants::to_break(*of, &variant)).collect::<Vec<_>>()
    });
    let mut help: Vec<String> = Vec::new();
    for variants in std::iter::once(*own).chain(each).filter(|variants| *variants != Variants::default()) {
        let breaks = broken(variants, true);
        let line = format!("\n  {} breaks {}", options(variants), breaks.join(" and "));
        if !breaks.is_empty() && !help.contains(&line) {
            help.push(line);
        }
    }
    if let Some(target) = engine::other_target_of(input) {
        out += &format!(
            "\nthe target `{target}` judges no run: `cargo +nightly fuzz tmin {target} {file}` makes its inputs small"
        );
    } else if help.is_empty() {
        out += ", nor under any one variant: there is nothing to keep";
    } else {
        out += "\nif it ran under flawed decisions, --variant (or UNREG_VARIANT, for a target) names them:";
        out += &help[..help.len().min(HELP_MAX)].concat();
        if help.len() > HELP_MAX {
            out += &format!("\n  and {} more variants", help.len() - HELP_MAX);
        }
    }
    out
}

/// The options that name these variants.
fn options(variants: Variants) -> String {
    let each = variants.iter().map(|(of, variant)| format!("--variant {of}={}", variant.name));
    each.collect::<Vec<_>>().join(" ")
}
