//! How long an engine takes to find a violation of each flawed variant.

use super::{empty, seed};
use crate::afl::Afl;
use crate::engine::{Engine, Search};
use crate::libfuzzer::LibFuzzer;
use crate::variants::{Flaw, flaws};
use crate::{cargo, timed};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::ExitCode;

/// A variant is searched with the target of its subsystem, and what counts is what it breaks itself. The exit code is 1
/// if a variant was not found.
#[derive(clap::Args)]
pub(crate) struct Canaries {
    engine: Engine,
    /// The most seconds of a search
    #[arg(long, default_value_t = 300)]
    seconds: u64,
    /// The seeds from 1 on
    #[arg(long, default_value_t = 5)]
    seeds: u32,
    /// Without the mutator that looks ahead
    #[arg(long)]
    no_mutator: bool,
    /// Without states as coverage
    #[arg(long)]
    no_states: bool,
    /// SUBSYSTEM=NAME [default: every variant that breaks something]
    variants: Vec<String>,
}

/// A row: one search.
#[derive(Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) engine: String,
    pub(super) variant: String,
    pub(super) seed: u32,
    /// Processors' seconds.
    pub(super) seconds: f64,
    pub(super) runs: u64,
    /// The invariant that was found broken.
    pub(super) broken: Option<String>,
}

enum Built {
    LibFuzzer(LibFuzzer),
    Afl(Afl),
}

impl Canaries {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let mut flaws = flaws(&cargo::unreg()?)?;
        for named in &self.variants {
            anyhow::ensure!(
                flaws.iter().any(|flaw| flaw.variant == *named),
                "{named} is no variant that breaks something"
            );
        }
        flaws.retain(|flaw| self.variants.is_empty() || self.variants.contains(&flaw.variant));
        let (name, built) = match self.engine {
            Engine::LibFuzzer => ("libFuzzer", Built::LibFuzzer(LibFuzzer::build(&[])?)),
            Engine::Afl => ("AFL++", Built::Afl(Afl::build(&[])?)),
        };
        let scratch = tempfile::tempdir()?;
        let mut all_found = true;
        for flaw in &flaws {
            for seed in 1..=self.seeds {
                let search = self.search(&built, flaw, seed, scratch.path())?;
                all_found &= search.broken.is_some();
                let row = Row {
                    engine: name.to_owned(),
                    variant: flaw.variant.clone(),
                    seed,
                    seconds: search.cpu,
                    runs: search.runs,
                    broken: search.broken,
                };
                println!("{}", serde_json::to_string(&row)?);
            }
        }
        Ok(if all_found { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn search(&self, built: &Built, flaw: &Flaw, number: u32, scratch: &Path) -> anyhow::Result<Search> {
        let target = flaw.target();
        let mut command = match built {
            Built::LibFuzzer(engine) => engine.command(target, !self.no_mutator)?,
            Built::Afl(engine) => engine.fuzz(target, !self.no_mutator)?,
        };
        let only = flaw.breaks.join(",");
        let environment = [("UNREG_VARIANT", flaw.variant.as_str()), ("UNREG_ONLY", only.as_str())];
        if self.no_states {
            command.env("UNREG_STATES", "no");
        }
        match built {
            Built::LibFuzzer(_) => {
                command.arg(format!("-seed={number}")).arg(format!("-max_total_time={}", self.seconds));
                command.arg("-print_final_stats=1").arg(format!("-artifact_prefix={}/", scratch.display()));
                let search = LibFuzzer::search(command.envs(environment).current_dir(scratch), scratch)?;
                anyhow::ensure!(search.runs > 0, "libFuzzer has not run:\n{}", timed::tail(&search.log));
                Ok(search)
            }
            Built::Afl(engine) => {
                let out = scratch.join("out");
                empty(&out)?;
                command.env("AFL_BENCH_UNTIL_CRASH", "1");
                command.args(["-s", &number.to_string(), "-V", &self.seconds.to_string()]);
                engine.search(&mut command, target, [&seed(scratch)?, &out], &environment, scratch)
            }
        }
    }
}
