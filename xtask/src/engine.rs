//! Which engine is measured.

use clap::ValueEnum;

/// A fuzzing engine.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// libFuzzer under cargo-fuzz.
    #[value(name = "libfuzzer")]
    LibFuzzer,
    /// AFL++.
    Afl,
}

/// What a search of an engine came to.
pub(crate) struct Search {
    /// Processors' seconds, the engine's own work included.
    pub(crate) cpu: f64,
    /// Programs that were run, those of the mutator among them.
    pub(crate) runs: u64,
    /// The invariant that the first crash breaks, if there is a crash.
    pub(crate) broken: Option<String>,
    /// Whether it ended with a crash or an error.
    pub(crate) found: bool,
    /// How often runs of one input are equal, as AFL++ says.
    pub(crate) stability: Option<String>,
    /// What was said meanwhile.
    pub(crate) log: String,
}

/// The invariant that a target names when it ends with a violation, for the engines to tell crashes apart.
pub(crate) fn broken(log: &str) -> Option<String> {
    log.lines().find_map(|line| line.strip_prefix("DEDUP_TOKEN: ")).map(str::to_owned)
}
