//! The mutator that both engines share. It looks ahead, and says at its end how many programs it ran.

use crate::cargo::{check, target_directory};
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the mutator, which is not instrumented, and returns the library.
pub(crate) fn build() -> anyhow::Result<PathBuf> {
    let manifest = "fuzz/afl/Cargo.toml";
    check(Command::new("cargo").args([
        "build",
        "--release",
        "--quiet",
        "--manifest-path",
        manifest,
        "--package",
        "unreg-afl-mutator",
    ]))?;
    Ok(target_directory(manifest)?.join("release/libunreg_afl_mutator.so"))
}

/// Whether a target runs programs, which are what the mutator makes.
pub(crate) fn is_for(target: &str) -> anyhow::Result<bool> {
    let file = Path::new("fuzz/fuzz_targets").join(target).with_extension("rs");
    let source = std::fs::read_to_string(&file).with_context(|| format!("{target} is no target"))?;
    Ok(source.contains("programs!"))
}

/// The programs that the mutator says in a log that it ran. It hands over what does something new, and an engine's own
/// count knows nothing of the rest.
pub(crate) fn programs_ahead(log: &str) -> u64 {
    let counts = log.lines().filter_map(|line| line.strip_prefix("unreg: the mutator ran "));
    counts.filter_map(|rest| rest.split(' ').next()?.parse().ok()).next_back().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_last_count_of_a_log_is_the_mutators() {
        let log = "INFO\nunreg: the mutator ran 12 programs\nunreg: the mutator ran 345 programs ahead\n";
        assert_eq!(super::programs_ahead(log), 345);
        assert_eq!(super::programs_ahead("no mutator\n"), 0);
    }
}
