//! The race of a finding with a schedule without a tracer: `delay.patch` and `race.sh`, made for the report, and shown in a
//! guest of its own if the user wants a build for each.

use super::Arguments;
use super::bench::Bench;
use super::report::PROGRAM;
use crate::cli::linux::build::{Built, Flavour};
use crate::cli::linux::delay;
use crate::cli::linux::worktree;
use clap::ValueEnum;
use std::path::Path;
use unreg::linux::fault::Key;
use unreg::program::Program;

/// What is written into a finding's folder, and what the report says of it.
#[derive(Debug, Default)]
pub(super) struct Race {
    pub(super) files: Vec<(&'static str, Vec<u8>)>,
    pub(super) verdict: String,
}

/// The race of a program; none if it has no schedule. What keeps a patch from being made is said in the report.
pub(super) fn of(arguments: &Arguments, bench: &Bench, program: &Program, key: &Key) -> Option<Race> {
    if program.schedule.is_empty() {
        return None;
    }
    let Some(source) = &arguments.delay_source else {
        let verdict = format!(
            "Not made. `unreg linux delay --source GIT --rev REV --out . {PROGRAM}` writes `{}`, has tasks sleep where the \
             schedule holds them, and runs `{}` on a kernel with it.",
            delay::PATCH,
            delay::SCRIPT
        );
        return Some(Race { verdict, ..Race::default() });
    };
    let made = if arguments.delay_build {
        built(arguments, source, bench, program)
    } else {
        unbuilt(arguments, source, bench, program, key)
    };
    Some(made.unwrap_or_else(|why| Race { verdict: format!("Not made: {why:#}."), ..Race::default() }))
}

/// Made for the kernel that is hunted, from its lines and the text of its source.
fn unbuilt(
    arguments: &Arguments,
    source: &Path,
    bench: &Bench,
    program: &Program,
    key: &Key,
) -> anyhow::Result<Race> {
    let kernel: &Built = &bench.setup().kernel;
    let symbols = bench.setup().symbols.as_ref();
    let symbols = symbols.ok_or_else(|| anyhow::anyhow!("no symbols of the kernel are read"))?;
    let commit = worktree::commit(source, &arguments.delay_rev)?;
    let read = |file: &str| {
        let output = worktree::git(source, &["show", &format!("{commit}:{file}")])?;
        anyhow::ensure!(output.status.success(), "{} has no {file} at {commit}", source.display());
        Ok(String::from_utf8(output.stdout)?)
    };
    let patch = delay::patch_of(kernel, symbols, program, read)?;
    let script = delay::script(program, PROGRAM, &key.to_string())?;
    let verdict = format!(
        "Apply `{}` to {} ({}), build, start the kernel, and run `{}` as root. The patch was made and not tried.",
        delay::PATCH,
        arguments.delay_rev,
        worktree::short(&commit),
        delay::SCRIPT
    );
    Ok(Race { files: vec![(delay::PATCH, patch), (delay::SCRIPT, script.into_bytes())], verdict })
}

/// Made by a build of the source, then built with the patch, and run.
fn built(arguments: &Arguments, source: &Path, bench: &Bench, program: &Program) -> anyhow::Result<Race> {
    let config = Flavour::from_str(&bench.config, false).map_err(anyhow::Error::msg)?;
    let shown = delay::show(program, PROGRAM, source, &arguments.delay_rev, config, None)?;
    let verdict = format!(
        "`{}` is for {} of the source. On a kernel that was built with it: {}",
        delay::PATCH,
        arguments.delay_rev,
        shown.tried.verdict
    );
    let files = vec![(delay::PATCH, shown.patch), (delay::SCRIPT, shown.script.into_bytes())];
    Ok(Race { files, verdict })
}
