//! libFuzzer's targets: how they are built, and what they are run with.

use crate::cargo::{check, target_directory};
use crate::engine::{Search, broken};
use crate::{mutator, timed};
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Without callbacks for comparisons, which cost half of the speed: the mutator knows the words that they would find.
pub(crate) const BUILD: [&str; 3] = ["-O", "--debug-assertions", "--no-trace-compares"];

/// Targets that were built.
pub(crate) struct LibFuzzer {
    folder: PathBuf,
    mutator: PathBuf,
}

/// What services run a target with.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Options {
    /// `-max_len=…` and the like.
    pub(crate) options: Vec<String>,
    /// ASan's, as `ASAN_OPTIONS` has them.
    pub(crate) asan: String,
}

impl LibFuzzer {
    /// Builds targets, all if none is named, and the mutator.
    pub(crate) fn build(more: &[&str]) -> anyhow::Result<Self> {
        check(Command::new("cargo").args(["+nightly", "fuzz", "build"]).args(BUILD).args(more))?;
        let folder = target_directory("fuzz/Cargo.toml")?.join("x86_64-unknown-linux-gnu/release");
        Ok(LibFuzzer { folder, mutator: mutator::build()? })
    }

    /// The binary of a target.
    pub(crate) fn binary(&self, target: &str) -> PathBuf {
        self.folder.join(target)
    }

    /// A target with what services run it with; with the mutator if it takes programs and it is wanted.
    pub(crate) fn command(&self, target: &str, with_mutator: bool) -> anyhow::Result<Command> {
        let mut command = Command::new(self.binary(target));
        self.prepare(&mut command, target, with_mutator)?;
        command.args(Options::of(target)?.options);
        Ok(command)
    }

    /// Gives a command the environment that a target is run with.
    pub(crate) fn prepare(
        &self,
        command: &mut Command,
        target: &str,
        with_mutator: bool,
    ) -> anyhow::Result<()> {
        command.env("ASAN_OPTIONS", Options::of(target)?.asan);
        if mutator::is_for(target)? {
            let library = if with_mutator { self.mutator.as_os_str() } else { "".as_ref() };
            command.env("UNREG_TARGET", target).env("UNREG_MUTATOR", library);
        }
        Ok(())
    }

    /// Runs a target with its log in this folder.
    pub(crate) fn search(command: &mut Command, scratch: &Path) -> anyhow::Result<Search> {
        let took = timed::run(command, &scratch.join("log"))?;
        let own = took.log.lines().filter_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
        let own: u64 = own.filter_map(|count| count.trim().parse().ok()).next_back().unwrap_or(0);
        Ok(Search {
            cpu: took.cpu,
            runs: own + mutator::programs_ahead(&took.log),
            broken: broken(&took.log),
            found: !took.status.success(),
            stability: None,
            log: took.log,
        })
    }
}

impl Options {
    /// Those of a target, from `fuzz/engine/`, which a build fills.
    pub(crate) fn of(target: &str) -> anyhow::Result<Self> {
        let file = Path::new("fuzz/engine").join(target).with_extension("options");
        let text =
            std::fs::read_to_string(&file).with_context(|| format!("{} is not built", file.display()))?;
        Ok(Self::parse(&text))
    }

    fn parse(text: &str) -> Self {
        let (mut options, mut asan, mut is_asan) = (Vec::new(), Vec::new(), false);
        for line in text.lines() {
            match line.split_once(" = ") {
                Some((name, value)) if is_asan => asan.push(format!("{name}={value}")),
                Some((name, value)) => options.push(format!("-{name}={value}")),
                None if line.starts_with('[') => is_asan = line == "[asan]",
                None => {}
            }
        }
        Options { options, asan: asan.join(":") }
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    #[test]
    fn options_are_of_the_engine_or_of_asan() {
        let text = "[libfuzzer]\nmax_len = 2048\nreload = 1\n\n[asan]\ndetect_leaks = 0\nsymbolize = 1\n";
        let options = Options::parse(text);
        assert_eq!(options.options, ["-max_len=2048", "-reload=1"]);
        assert_eq!(options.asan, "detect_leaks=0:symbolize=1");
    }
}
