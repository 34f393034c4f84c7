//! Measurements of the engines, as tables in Markdown.

mod canaries;
mod kill;
mod minimisers;
mod speed;
mod states;
mod table;

use clap::Subcommand;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Something to measure.
#[derive(Subcommand)]
pub(crate) enum Measure {
    /// How long an engine takes to find a violation of each flawed variant, from one line feed; a line of JSON a row
    Canaries(canaries::Canaries),
    /// One table of what `canaries` printed for both engines
    Table(table::Table),
    /// Runs a second of each target beside an empty target of the same engine
    Speed(speed::Speed),
    /// The states that AFL++'s queue reaches with states as coverage and without
    States(states::States),
    /// The engines' own minimisers beside `unreg minimize`, on the same artifacts
    Minimisers(minimisers::Minimisers),
    /// Kill a hunt and both engines on one corpus folder over and over, and say what is left
    Kill(kill::Kill),
}

impl Measure {
    /// `from` makes a path absolute that was given where this was called.
    pub(crate) fn run(self, from: &dyn Fn(&Path) -> PathBuf) -> anyhow::Result<ExitCode> {
        match self {
            Measure::Canaries(canaries) => canaries.run(),
            Measure::Table(table) => table.run(from),
            Measure::Speed(speed) => speed.run(),
            Measure::States(states) => states.run(),
            Measure::Minimisers(minimisers) => minimisers.run(),
            Measure::Kill(kill) => kill.run(),
        }
    }
}

/// A folder with one input, a line feed.
fn seed(scratch: &Path) -> anyhow::Result<PathBuf> {
    let folder = scratch.join("seed");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("nothing"), "\n")?;
    Ok(folder)
}

/// Empties a folder that may not be there yet.
fn empty(folder: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
