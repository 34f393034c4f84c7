//! A command with its log, and the processors' seconds that it took with all that it started.

use anyhow::Context;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::fs::File;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

/// What a command took and said.
pub(crate) struct Took {
    pub(crate) status: ExitStatus,
    /// Processors' seconds, of the command and of what it waited for.
    pub(crate) cpu: f64,
    pub(crate) wall: Duration,
    pub(crate) log: String,
}

/// Runs a command with both outputs in a log. That it fails is often what it is for.
pub(crate) fn run(command: &mut Command, log: &Path) -> anyhow::Result<Took> {
    let file = File::create(log)?;
    command.stdout(file.try_clone()?).stderr(file);
    let (before, start) = (children()?, Instant::now());
    let status = command.status().with_context(|| format!("{command:?}"))?;
    let (cpu, wall) = (children()? - before, start.elapsed());
    let log = String::from_utf8_lossy(&std::fs::read(log)?).into_owned();
    Ok(Took { status, cpu, wall, log })
}

fn children() -> anyhow::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    Ok((usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1e6)
}

/// The last lines of a log, for an error.
pub(crate) fn tail(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}
