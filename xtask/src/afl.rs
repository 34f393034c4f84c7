//! AFL++'s targets: how they are built, and what they are run with.

use crate::cargo::{check, target_directory};
use crate::engine::{Search, broken};
use crate::{mutator, timed};
use anyhow::{Context, ensure};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What every run of AFL++ is given.
const ENVIRONMENT: [(&str, &str); 7] = [
    // On a busy machine a target takes long to start.
    ("AFL_FORKSRV_INIT_TMOUT", "60000"),
    // What needs root or a person's eyes is left to the owner of the machine.
    ("AFL_SKIP_CPUFREQ", "1"),
    ("AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES", "1"),
    ("AFL_NO_UI", "1"),
    ("AFL_NO_AFFINITY", "1"),
    // Frame shift looks for length fields, which records have none of, and in 4.40 writes behind the end of inputs.
    ("AFL_FRAMESHIFT_DISABLE", "1"),
    // 4.40 ends a search that is alone by making a file of any name (check_sync_fuzzers opens a path that is not set).
    ("AFL_NO_SYNC", "1"),
];

/// Targets that were built.
pub(crate) struct Afl {
    folder: PathBuf,
    mutator: PathBuf,
}

impl Afl {
    /// Builds targets (`--bin TARGET`), all if none is named, and the mutator.
    pub(crate) fn build(more: &[&str]) -> anyhow::Result<Self> {
        let mut build = Command::new("cargo");
        build.current_dir("fuzz/afl").args(["afl", "build", "--release"]).args(more).stdout(Stdio::null());
        check(&mut build)?;
        Ok(Afl {
            folder: target_directory("fuzz/afl/Cargo.toml")?.join("release"),
            mutator: mutator::build()?,
        })
    }

    /// The binary of a target.
    pub(crate) fn binary(&self, target: &str) -> PathBuf {
        self.folder.join(target)
    }

    /// `cargo afl fuzz`, with our mutator if the target takes programs and it is wanted. The mutator looks ahead; what
    /// AFL's own stages make is mostly no program that does anything. The target comes after `--`.
    pub(crate) fn fuzz(&self, target: &str, with_mutator: bool) -> anyhow::Result<Command> {
        let mut command = Command::new("cargo");
        command.args(["afl", "fuzz", "-G", "2048"]).envs(ENVIRONMENT);
        if with_mutator && mutator::is_for(target)? {
            command.env("UNREG_TARGET", target).env("AFL_CUSTOM_MUTATOR_ONLY", "1");
            command.env("AFL_CUSTOM_MUTATOR_LIBRARY", &self.mutator);
        }
        Ok(command)
    }

    /// Runs a search from one folder into another in an environment in which its first crash is run once more, and reads
    /// its figures. Its exit code says nothing, but without figures it has not run.
    pub(crate) fn search(
        &self,
        command: &mut Command,
        target: &str,
        [from, into]: [&Path; 2],
        environment: &[(&str, &str)],
        scratch: &Path,
    ) -> anyhow::Result<Search> {
        command.envs(environment.iter().copied());
        command.arg("-i").arg(from).arg("-o").arg(into).arg("--").arg(self.binary(target));
        let took = timed::run(command, &scratch.join("log"))?;
        let stats = into.join("default/fuzzer_stats");
        ensure!(stats.exists(), "AFL++ has not run:\n{}", timed::tail(&took.log));
        let stats = Stats::read(&stats)?;
        let broken = match crashes(into).into_iter().next() {
            None => None,
            Some(crash) => {
                let input = std::fs::File::open(crash)?;
                let again = Command::new(self.binary(target))
                    .envs(environment.iter().copied())
                    .stdin(input)
                    .output()?;
                broken(&String::from_utf8_lossy(&[again.stdout, again.stderr].concat()))
            }
        };
        Ok(Search {
            cpu: took.cpu,
            runs: stats.number("execs_done")? + mutator::programs_ahead(&took.log),
            broken,
            found: stats.number("saved_crashes")? > 0,
            stability: Some(stats.get("stability")?.to_owned()),
            log: took.log,
        })
    }
}

/// The crashes below AFL++'s output, in the order of their names.
pub(crate) fn crashes(output: &Path) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(output).sort_by_file_name().into_iter().flatten();
    let is_crash = |path: &Path| {
        let folder = path
            .parent()
            .and_then(Path::file_name)
            .is_some_and(|name| name.to_string_lossy().starts_with("crashes"));
        folder && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("id:"))
    };
    files.map(walkdir::DirEntry::into_path).filter(|path| is_crash(path)).collect()
}

/// What AFL++ says of a search: `name : value`, a line each.
pub(crate) struct Stats(BTreeMap<String, String>);

impl Stats {
    /// Reads a `fuzzer_stats`.
    pub(crate) fn read(file: &Path) -> anyhow::Result<Self> {
        Ok(Self::parse(&std::fs::read_to_string(file).with_context(|| file.display().to_string())?))
    }

    fn parse(text: &str) -> Self {
        let pairs = text.lines().filter_map(|line| line.split_once(':'));
        Stats(pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect())
    }

    /// A value as it is written.
    pub(crate) fn get(&self, name: &str) -> anyhow::Result<&str> {
        self.0.get(name).map(String::as_str).with_context(|| format!("AFL++ does not say {name}"))
    }

    /// A value that is a number.
    pub(crate) fn number(&self, name: &str) -> anyhow::Result<u64> {
        self.get(name)?.parse().with_context(|| format!("AFL++ says {name}: {}", self.0[name]))
    }
}

#[cfg(test)]
mod tests {
    use super::Stats;

    #[test]
    fn figures_are_read_by_name() {
        let stats =
            Stats::parse("execs_done        : 1234\nstability         : 99.50%\ncommand_line : a -- b:c\n");
        assert_eq!(stats.number("execs_done").unwrap(), 1234);
        assert_eq!(stats.get("stability").unwrap(), "99.50%");
        assert!(stats.number("stability").is_err() && stats.get("saved_crashes").is_err());
    }
}
