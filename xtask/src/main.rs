//! `cargo xtask`: campaigns of both engines, measurements of them, and mutants.
//!
//! What is measured is built first, so that no figure is one of an older binary. The command line of unreg is a release
//! build, or the file that `UNREG` names.

mod afl;
mod campaign;
mod cargo;
mod engine;
mod libfuzzer;
mod measure;
mod mutants;
mod mutator;
mod timed;
mod variants;

use anyhow::Context;
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Campaigns of both engines, and measurements of them
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run libFuzzer on one target, with the options and words that services read from `fuzz/engine/`
    Libfuzzer(campaign::Libfuzzer),
    /// Run AFL++ on one target, a process a processor, from and into the corpus that cargo-fuzz uses
    Afl(campaign::Afl),
    /// Change the code in many places, one at a time, and say which changes no test notices
    Mutants(mutants::Mutants),
    /// Measure the engines beside each other
    #[command(subcommand)]
    Measure(measure::Measure),
}

fn main() -> anyhow::Result<ExitCode> {
    // Paths are those of the project's folder, from wherever this is called.
    let project =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask is in the project's folder")?;
    let from = std::env::current_dir()?;
    std::env::set_current_dir(project)?;
    match Arguments::parse().task {
        Task::Libfuzzer(campaign) => campaign.run(),
        Task::Afl(campaign) => campaign.run(),
        Task::Mutants(mutants) => mutants.run(),
        Task::Measure(measure) => measure.run(&|path: &Path| -> PathBuf { from.join(path) }),
    }
}
