//! `unreg linux check`: two revisions of a kernel, and what changes from one to the other, as Markdown for a mail or a pull
//! request.
//!
//! Both are built in one work tree, so the second build compiles what differs. Then the same programs run on both.

mod streams;

use super::boot::Which;
use super::build::{self, Built, Flavour};
use super::hunt::bench::Bench;
use super::hunt::report;
use super::known::{self, Known};
use super::regress;
use super::steer::Symbols;
use super::worktree::{self, commit, short};
use crate::cli::{Outcome, duration, load, out};
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use unreg::program::Program;

const EXAMPLES: &str = "\
Example:
  unreg linux check --source ~/linux --base v6.12 --head my-branch >answer.md";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    /// A git tree of the kernel, of which nothing is changed: a work tree of it is made elsewhere
    #[arg(long, value_name = "GIT")]
    source: PathBuf,
    /// The revision before
    #[arg(long, value_name = "REV")]
    base: String,
    /// The revision after
    #[arg(long, value_name = "REV")]
    head: String,
    /// What both are built to show
    #[arg(long, value_enum, default_value_t = Flavour::Debug)]
    config: Flavour,
    /// So many made-up programs run on both
    #[arg(long, value_name = "N", default_value_t = 150)]
    count: usize,
    /// Where the programs and the hunts come from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Hunt for so long on each
    #[arg(long, value_name = "TIME", default_value = "3m", value_parser = duration::parse)]
    time: Duration,
    /// Where known findings are
    #[arg(long, value_name = "DIR", default_value = known::FOLDER)]
    known: PathBuf,
    /// Where the work tree, the objects and both kernels are kept [default: a folder of the user's cache for each tree]
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
}

/// One of the two.
struct Side {
    /// As the user calls it.
    revision: String,
    commit: String,
    built: Built,
    which: Which,
}

pub(super) fn check(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let (source, work, _lock) =
        worktree::folders(&arguments.source, arguments.config, arguments.work.as_deref())?;
    // Both must be there before minutes are spent on one.
    let commits = [&arguments.base, &arguments.head].map(|revision| commit(&source, revision));
    let [base, head] = commits;
    let base = side(arguments, &source, &work, &arguments.base, base?, "base")?;
    let head = side(arguments, &source, &work, &arguments.head, head?, "head")?;
    out::print(&heading(&base, &head))?;
    let streams = streams::compare(&base.which, &head.which, arguments.seed, arguments.count)?;
    out::print(&streams.text)?;
    let known = known::all(&arguments.known)?;
    let regressions = regressions(&base, &head, &known)?;
    out::print(&regressions.text)?;
    let hunted = hunted(arguments, &work, &base, &head)?;
    out::print(&hunted.text)?;
    let is_worse = regressions.is_worse || hunted.is_worse;
    Ok(if is_worse { Outcome::Violation } else { Outcome::Clean })
}

/// A part of the answer.
struct Part {
    text: String,
    /// Whether the head does something wrong that the base does not.
    is_worse: bool,
}

/// Checks a commit out into the work tree, and builds it.
fn side(
    arguments: &Arguments,
    source: &Path,
    work: &Path,
    revision: &str,
    commit: String,
    name: &str,
) -> anyhow::Result<Side> {
    let tree = worktree::checkout(source, work, revision, &commit)?;
    let key = format!("{commit}-{}", arguments.config.name());
    anstream::eprintln!("{name}: {revision}, {}", short(&commit));
    let built = build::again(&tree, arguments.config, work, &key, &work.join(name))?;
    anstream::eprintln!("{name}: Linux {}, built in {} s", built.about.release, built.about.seconds);
    let which = Which::of(&built)?;
    Ok(Side { revision: revision.to_string(), commit, built, which })
}

fn heading(base: &Side, head: &Side) -> String {
    let side = |side: &Side| {
        let about = &side.built.about;
        let Side { revision, commit, .. } = side;
        format!("`{revision}` ({}, Linux {}, built in {} s)", short(commit), about.release, about.seconds)
    };
    format!(
        "# From {} to {}\n\n- base: {}\n- head: {}\n- user-mode Linux, configuration `{}` of `unreg linux build`\n\n",
        base.revision,
        head.revision,
        side(base),
        side(head),
        base.built.about.config
    )
}

/// The known findings that only one of the two has.
fn regressions(base: &Side, head: &Side, known: &[Known]) -> anyhow::Result<Part> {
    use regress::Verdict;
    let (_, before) = regress::ask(&base.which, known, None)?;
    let (_, after) = regress::ask(&head.which, known, None)?;
    let asked = before.iter().filter(|verdict| verdict.is_known()).count();
    let count = |all: &[Verdict]| all.iter().filter(|verdict| **verdict == Verdict::There).count();
    let mut text = format!(
        "## Known findings\n\n{asked} were asked for: the base has {}, the head {}.\n\n",
        count(&before),
        count(&after)
    );
    let is_change = |(before, after): &(&Verdict, &Verdict)| before != after;
    let changed: Vec<_> =
        known.iter().zip(before.iter().zip(&after)).filter(|(_, both)| is_change(both)).collect();
    for (one, (before, after)) in &changed {
        text += &format!("- `{}`: {before} in the base, **{after}** in the head. {}\n", one.name, one.title);
    }
    text += if changed.is_empty() { "" } else { "\n" };
    let is_worse = changed.iter().any(|(_, (before, after))| {
        **before == Verdict::Gone && matches!(after, Verdict::There | Verdict::Other(_))
    });
    Ok(Part { text, is_worse })
}

/// What a hunt finds in one of them, shown to both.
fn hunted(arguments: &Arguments, work: &Path, base: &Side, head: &Side) -> anyhow::Result<Part> {
    let mut found: Vec<(String, Program)> = Vec::new();
    for side in [base, head] {
        let findings = work.join("findings").join(short(&side.commit));
        hunt(arguments, side, &findings)?;
        for about in report::keys(&findings)? {
            let program = findings.join(report::name(&about.key)).join(report::PROGRAM);
            if found.iter().all(|(key, _)| *key != about.key) {
                found.push((about.key, load::program(&program)?));
            }
        }
    }
    let mut text = format!(
        "## Hunts\n\n{} s on each, seed {}: {} findings that are not known ones. Each was shown to both again.\n\n",
        arguments.time.as_secs(),
        arguments.seed,
        found.len()
    );
    let (mut before, mut after) = (bench(base)?, bench(head)?);
    let mut is_worse = false;
    for (key, program) in &found {
        let shows = |bench: &mut Bench| -> anyhow::Result<bool> {
            let fault = bench.run_anew(program)?.fault;
            Ok(fault.is_some_and(|fault| fault.key.to_string() == *key))
        };
        let both = (shows(&mut before)?, shows(&mut after)?);
        let which = match both {
            (true, true) => "both have it",
            (true, false) => "**the base has it, the head does not**",
            (false, true) => "**the head has it, the base does not**",
            (false, false) => "neither shows it again",
        };
        is_worse |= both == (false, true);
        text += &format!("- {key}: {which}\n");
        if both.0 != both.1 {
            text += &format!("\n```\n{program}```\n\n");
        }
    }
    Ok(Part { text, is_worse })
}

fn bench(side: &Side) -> anyhow::Result<Bench> {
    let setup = side.which.setup()?;
    let symbols = Some(Arc::new(Symbols::of(&setup.kernel)?));
    Ok(Bench::new(super::guest::Setup { symbols, ..setup }, &side.which).patient())
}

/// A hunt is a process of its own: it may be killed, and the next one goes on from its folder.
fn hunt(arguments: &Arguments, side: &Side, findings: &Path) -> anyhow::Result<()> {
    let mut hunt = Command::new(std::env::current_exe().context("cannot find this binary")?);
    hunt.args(["linux", "hunt"]).arg("--kernel").arg(&side.built.folder);
    hunt.arg("--time").arg(format!("{}s", arguments.time.as_secs()));
    hunt.arg("--seed").arg(arguments.seed.to_string()).args(["--effort", "20s"]);
    hunt.arg("--findings").arg(findings).arg("--known").arg(&arguments.known);
    let status = hunt.stdin(Stdio::null()).stdout(Stdio::null()).status().context("cannot start a hunt")?;
    // 1: it has found something.
    anyhow::ensure!(matches!(status.code(), Some(0 | 1)), "the hunt ended with {status}");
    Ok(())
}
