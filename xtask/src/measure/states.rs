//! What states as coverage are worth to AFL++.

use super::{empty, seed};
use crate::afl::Afl;
use crate::{cargo, timed};
use std::process::{Command, ExitCode};

/// What AFL++'s queue reaches after so many runs, from no seed.
#[derive(clap::Args)]
pub(crate) struct States {
    /// Executions of a search
    #[arg(long, default_value_t = 60_000)]
    runs: u64,
    /// The seeds from 1 on
    #[arg(long, default_value_t = 5)]
    seeds: u32,
}

impl States {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let unreg = cargo::unreg()?;
        let engine = Afl::build(&["--bin", "mixed"])?;
        let scratch = tempfile::tempdir()?;
        let (from, out) = (seed(scratch.path())?, scratch.path().join("out"));
        for number in 1..=self.seeds {
            for states in ["yes", "no"] {
                empty(&out)?;
                let mut search = engine.fuzz("mixed", true)?;
                search.env("UNREG_STATES", states);
                search.args(["-s", &number.to_string(), "-E", &self.runs.to_string()]);
                search.arg("-i").arg(&from).arg("-o").arg(&out).arg("--").arg(engine.binary("mixed"));
                let took = timed::run(&mut search, &scratch.path().join("log"))?;
                anyhow::ensure!(
                    took.status.success(),
                    "AFL++ ended with {}:\n{}",
                    took.status,
                    timed::tail(&took.log)
                );
                let shown = Command::new(&unreg).args(["corpus", "show"]).arg(&out).output()?;
                let shown = String::from_utf8(shown.stdout)?;
                let reached = shown.lines().find(|line| line.contains("programs reach"));
                println!("states {states}, seed {number}: {}", reached.unwrap_or("nothing was kept"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
