//! Campaigns: one engine on one target for as long as it is wanted.

use crate::afl::{Afl as Targets, Stats, crashes};
use crate::cargo::{self, check};
use crate::libfuzzer::{BUILD, LibFuzzer, Options};
use crate::mutator;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode};

/// libFuzzer on one target.
#[derive(clap::Args)]
pub(crate) struct Libfuzzer {
    /// The target, as `cargo fuzz list` has it
    target: String,
    /// libFuzzer's own options (-fork=2, -max_total_time=3600, …) and folders of inputs, the first of which it adds to
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

impl Libfuzzer {
    /// Becomes `cargo fuzz run`.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let target = &self.target;
        let engine = LibFuzzer::build(&[target])?;
        let (options, folders): (Vec<_>, Vec<_>) =
            self.rest.iter().partition(|argument| argument.starts_with('-'));
        let mut command = Command::new("cargo");
        engine.prepare(&mut command, target, true)?;
        command.args(["+nightly", "fuzz", "run"]).args(BUILD).arg(target).args(folders).arg("--");
        command
            .arg(format!("-dict=fuzz/engine/{target}.dict"))
            .args(Options::of(target)?.options)
            .args(options);
        Err(command.exec().into())
    }
}

/// AFL++ on one target. It goes on where it was, however it was stopped. Crashes are in
/// `fuzz/afl/out/TARGET/*/crashes`, and the exit code is 1 if there are any.
#[derive(clap::Args)]
pub(crate) struct Afl {
    /// The target
    target: String,
    /// How long to search
    seconds: u64,
    /// Processes [default: one a processor]
    #[arg(long, env = "JOBS")]
    jobs: Option<usize>,
}

/// Processes that end with us.
struct Children(Vec<Child>);

impl Drop for Children {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Afl {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let target = &self.target;
        let jobs =
            self.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1);
        let (seeds, out) = (Path::new("fuzz/corpus").join(target), Path::new("fuzz/afl/out").join(target));
        let engine = Targets::build(&["--bin", target])?;
        fs::create_dir_all(&out)?;
        let mut children = Children(Vec::new());
        for job in 0..jobs {
            let mut command = engine.fuzz(target, true)?;
            command.env("AFL_AUTORESUME", "1").env_remove("AFL_NO_SYNC");
            // The first has AFL's own stages beside our mutator, and reads libFuzzer's folder while it runs; the others
            // have the mutator alone.
            if job == 0 {
                command.env_remove("AFL_CUSTOM_MUTATOR_ONLY").args(["-M", "main", "-F"]).arg(&seeds);
            } else {
                command.arg("-S").arg(format!("second{job}"));
            }
            command.arg("-i").arg(&seeds).arg("-o").arg(&out).arg("-V").arg(self.seconds.to_string());
            command.arg("-x").arg(format!("fuzz/engine/{target}.dict")).arg("--").arg(engine.binary(target));
            let log = File::create(out.join(format!("log-{job}")))?;
            children.0.push(command.stdout(log.try_clone()?).stderr(log).spawn()?);
        }
        for child in &mut children.0 {
            let status = child.wait()?;
            anyhow::ensure!(status.success(), "AFL++ ended with {status}: {}/log-*", out.display());
        }
        // One corpus: what AFL++ kept goes where libFuzzer finds it.
        if mutator::is_for(target)? {
            let mut import = Command::new(cargo::unreg()?);
            import.args(["corpus", "import", "--into"]).arg(&seeds).args(["--target", target]).arg(&out);
            check(&mut import)?;
        }
        let mut processes: Vec<_> = fs::read_dir(&out)?.flatten().map(|entry| entry.path()).collect();
        processes.sort();
        for stats in
            processes.iter().map(|process| process.join("fuzzer_stats")).filter(|stats| stats.exists())
        {
            let stats = Stats::read(&stats)?;
            let names = ["execs_per_sec", "corpus_count", "stability", "saved_crashes"];
            let figures: Vec<_> = names
                .into_iter()
                .map(|name| Ok(format!("{name} {}", stats.get(name)?)))
                .collect::<anyhow::Result<_>>()?;
            println!("{}", figures.join(" "));
        }
        let count = crashes(&out).len();
        if count > 0 {
            eprintln!("{count} crashes of {target} are in {}", out.display());
        }
        Ok(if count > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}
