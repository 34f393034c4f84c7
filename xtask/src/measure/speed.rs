//! Runs a second of each target beside an empty target of the same engine.

use super::empty;
use crate::afl::Afl;
use crate::engine::{Engine, Search};
use crate::libfuzzer::LibFuzzer;
use crate::timed;
use std::path::Path;
use std::process::{Command, ExitCode};

/// All in one go, from the seeds. Seconds are the processors', the engine's own work included, so that a busy machine
/// counts for both alike. What a target finds goes to standard error, and the exit code is then 1.
#[derive(clap::Args)]
pub(crate) struct Speed {
    engine: Engine,
    /// Seconds a target
    #[arg(long, default_value_t = 300)]
    seconds: u64,
    /// The sanitizer of libFuzzer's targets; `none` shows what ASan takes
    #[arg(long, default_value = "address")]
    sanitizer: String,
    /// Whether libFuzzer's entropic schedule is on (0 or 1) [default: as services have it]
    #[arg(long)]
    entropic: Option<u8>,
    /// [default: every target]
    targets: Vec<String>,
}

enum Built {
    LibFuzzer(LibFuzzer),
    Afl(Afl),
}

impl Speed {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let built = match self.engine {
            Engine::LibFuzzer => Built::LibFuzzer(LibFuzzer::build(&["--sanitizer", &self.sanitizer])?),
            Engine::Afl => Built::Afl(Afl::build(&[])?),
        };
        let targets = if self.targets.is_empty() { all_targets()? } else { self.targets.clone() };
        let scratch = tempfile::tempdir()?;
        println!("| target | runs per CPU second | of the empty target | stability |");
        println!("| --- | --- | --- | --- |");
        let nothing = self.rate(&built, "mixed", true, scratch.path())?;
        let row = |name: &str, search: &Search| {
            let rate = per_second(search);
            let share = 100.0 * rate / per_second(&nothing);
            println!(
                "| {name} | {rate:.0} | {share:.0} % | {} |",
                search.stability.as_deref().unwrap_or("-")
            );
        };
        row("empty", &nothing);
        let mut is_clean = true;
        for target in &targets {
            let search = self.rate(&built, target, false, scratch.path())?;
            if search.found {
                eprintln!("{}", timed::tail(&search.log));
                is_clean = false;
            }
            row(&format!("`{target}`"), &search);
        }
        Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// A search of a target, which does nothing with its input if it is empty.
    fn rate(&self, built: &Built, target: &str, is_empty: bool, scratch: &Path) -> anyhow::Result<Search> {
        let seeds = Path::new("fuzz/corpus").join(target);
        let environment: &[(&str, &str)] = if is_empty { &[("UNREG_EMPTY", "1")] } else { &[] };
        match built {
            Built::LibFuzzer(engine) => {
                let own = scratch.join(target);
                std::fs::create_dir_all(&own)?;
                let mut command = engine.command(target, true)?;
                command.envs(environment.iter().copied()).arg(format!("-max_total_time={}", self.seconds));
                command.arg("-print_final_stats=1").arg(format!("-artifact_prefix={}/", scratch.display()));
                command.args(self.entropic.map(|entropic| format!("-entropic={entropic}")));
                LibFuzzer::search(command.arg(own).arg(seeds), scratch)
            }
            Built::Afl(engine) => {
                let out = scratch.join("out");
                empty(&out)?;
                let mut command = engine.fuzz(target, !is_empty)?;
                command.args(["-V", &self.seconds.to_string()]);
                engine.search(&mut command, target, [&seeds, &out], environment, scratch)
            }
        }
    }
}

fn per_second(search: &Search) -> f64 {
    search.runs as f64 / search.cpu
}

fn all_targets() -> anyhow::Result<Vec<String>> {
    let output = Command::new("cargo").args(["+nightly", "fuzz", "list"]).output()?;
    anyhow::ensure!(output.status.success(), "cargo fuzz list: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.split_whitespace().map(str::to_owned).collect())
}
