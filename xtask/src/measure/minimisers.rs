//! The engines' own minimisers beside `unreg minimize`.

use super::empty;
use crate::afl::Afl;
use crate::engine::broken;
use crate::libfuzzer::LibFuzzer;
use crate::variants::{Flaw, flaws};
use crate::{cargo, timed};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// What is left (commands + segments), and milliseconds. The artifacts are first crashes of libFuzzer under one flawed
/// variant each, with another program behind, so that there is something to take away.
#[derive(clap::Args)]
pub(crate) struct Minimisers {
    /// How many artifacts
    #[arg(long, default_value_t = 10)]
    artifacts: usize,
    /// The most seconds of a minimiser
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

/// What the minimisers are run with.
struct Lab {
    unreg: PathBuf,
    libfuzzer: LibFuzzer,
    afl: Afl,
    scratch: tempfile::TempDir,
    seconds: u64,
}

impl Minimisers {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let lab = Lab {
            unreg: cargo::unreg()?,
            libfuzzer: LibFuzzer::build(&[])?,
            afl: Afl::build(&[])?,
            scratch: tempfile::tempdir()?,
            seconds: self.seconds,
        };
        let flaws = flaws(&lab.unreg)?;
        println!("commands+segments that are left, and milliseconds");
        println!("| variant | invariant | artifact | cargo fuzz tmin | afl-tmin | unreg minimize |");
        println!("| --- | --- | --- | --- | --- | --- |");
        let stride = (flaws.len() / self.artifacts.max(1)).max(1);
        for (at, flaw) in flaws.iter().enumerate().step_by(stride).take(self.artifacts) {
            match lab.row(at, flaw)? {
                Some(row) => println!("{row}"),
                None => eprintln!("{}: no crash in {} seconds", flaw.variant, lab.seconds),
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Lab {
    fn row(&self, at: usize, flaw: &Flaw) -> anyhow::Result<Option<String>> {
        let (target, scratch) = (flaw.target(), self.scratch.path());
        let log = scratch.join("log");
        let crashes = scratch.join("crashes");
        empty(&crashes)?;
        fs::create_dir(&crashes)?;
        let mut search = self.libfuzzer.command(target, true)?;
        search.env("UNREG_VARIANT", &flaw.variant).current_dir(scratch);
        search.arg(format!("-seed={at}")).arg(format!("-max_total_time={}", self.seconds));
        search.arg(format!("-artifact_prefix={}/", crashes.display()));
        let found = timed::run(&mut search, &log)?;
        let crash = fs::read_dir(&crashes)?.flatten().map(|entry| entry.path()).find(|path| is_crash(path));
        let (Some(crash), Some(invariant)) = (crash, broken(&found.log)) else { return Ok(None) };
        let environment = [("UNREG_VARIANT", flaw.variant.as_str()), ("UNREG_ONLY", &invariant)];

        // The program with another one behind it that does not matter.
        let mut seeds: Vec<_> = fs::read_dir(Path::new("fuzz/corpus").join(target))?
            .flatten()
            .map(|entry| entry.path())
            .collect();
        seeds.sort();
        let artifact = scratch.join("crash-large");
        fs::write(&artifact, [fs::read(&crash)?, fs::read(&seeds[at % 20])?].concat())?;
        let mut again = self.libfuzzer.command(target, false)?;
        again.envs(environment).arg(&artifact);
        if timed::run(&mut again, &log)?.status.success() {
            fs::copy(&crash, &artifact)?;
        }

        let [lib, afl, ours] = ["lib", "afl", "ours"].map(|name| scratch.join(name));
        // `cargo fuzz tmin` is this, with these flags, and without a mutator that hunts.
        let mut tmin = self.libfuzzer.command(target, false)?;
        tmin.envs(environment).current_dir(scratch).args(["-minimize_crash=1", "-runs=255"]);
        tmin.arg(format!("-max_total_time={}", self.seconds));
        tmin.arg(format!("-exact_artifact_path={}", lib.display())).arg(&artifact);
        let mut afl_tmin = Command::new("timeout");
        afl_tmin.arg(self.seconds.to_string()).args(["cargo", "afl", "tmin"]).envs(environment);
        afl_tmin.arg("-i").arg(&artifact).arg("-o").arg(&afl).arg("--").arg(self.afl.binary(target));
        let mut minimize = Command::new(&self.unreg);
        minimize.arg("minimize").arg(&artifact).args(["--target", target, "--variant", &flaw.variant]);
        minimize.args(["--invariant", &invariant]).arg("-o").arg(&ours);

        let mut cells = vec![format!("`{}`", flaw.variant), invariant.clone(), self.size(target, &artifact)?];
        for (mut command, left) in [(tmin, lib), (afl_tmin, afl), (minimize, ours)] {
            let took = timed::run(&mut command, &log)?;
            cells.push(format!("{} {}", self.size(target, &left)?, took.wall.as_millis()));
            fs::remove_file(&left).or_else(|error| match error.kind() {
                std::io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })?;
        }
        Ok(Some(format!("| {} |", cells.join(" | "))))
    }

    /// The commands and segments of an artifact as its target reads it: a minimiser may leave records that look like a
    /// broken text.
    fn size(&self, target: &str, artifact: &Path) -> anyhow::Result<String> {
        if fs::metadata(artifact).map_or(true, |file| file.len() == 0) {
            return Ok("-".to_owned());
        }
        let text = self.scratch.path().join("text");
        let mut read = self.libfuzzer.command(target, false)?;
        read.env("RUST_LIBFUZZER_DEBUG_PATH", &text).arg(artifact);
        timed::run(&mut read, &self.scratch.path().join("log"))?;
        Ok(size(&fs::read_to_string(text)?))
    }
}

fn is_crash(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("crash-"))
}

fn size(text: &str) -> String {
    let (mut commands, mut segments, mut in_schedule) = (0, 0, false);
    for line in text.lines() {
        in_schedule |= line.starts_with("schedule");
        if line.starts_with("  ") {
            if in_schedule { segments += 1 } else { commands += 1 }
        }
    }
    format!("{commands}+{segments}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn commands_and_segments_are_counted_apart() {
        let text = "variant ib split-mutex\ntask a\n  ib.register siw/0\ntask b\n  ib.unregister siw/0\n\nschedule\n  a until x\n";
        assert_eq!(super::size(text), "2+1");
    }
}
