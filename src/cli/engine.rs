//! An engine's file as its fuzz target ran it: the file says neither which commands the target takes nor under which decisions.

use super::{choose, load};
use anyhow::Context;
use std::path::Path;
use unreg::program::{Program, Variants};
use unreg::target::Scope;

/// How to read what engines kept.
#[derive(Debug, clap::Args)]
pub(super) struct Target {
    /// Read inputs as this fuzz target does: its commands only, under the decisions that it ran under [default: the target in
    /// whose folder an engine's file is, or none]
    #[arg(long, value_name = "NAME", value_parser = choose::target)]
    target: Option<Scope>,
}

/// A program as it ran.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) program: Program,
    /// The decisions that the file itself names. A target runs under its own.
    pub(super) own: Variants,
    /// The target that ran it, if one did.
    pub(super) scope: Option<Scope>,
}

impl Target {
    /// Reads a file as its target ran it, or as it is if no target did. Variants that were given are those it ran under.
    pub(super) fn read(&self, input: &Path, given: &[Variants]) -> anyhow::Result<Ran> {
        self.read_bytes(&load::bytes(input)?, input, given)
    }

    /// The same for the bytes of a file.
    pub(super) fn read_bytes(&self, bytes: &[u8], input: &Path, given: &[Variants]) -> anyhow::Result<Ran> {
        let scope = self.target.or_else(|| target_of(input));
        let mut program = load::read(bytes, input)?;
        let own = program.variants;
        match scope {
            Some(scope) => scope.narrow(&mut program, variants(given)?),
            None if given.is_empty() => {}
            None => program.variants = program.variants.settled().union(together(given)),
        }
        Ok(Ran { program, own, scope })
    }
}

/// The variable that names a target's decisions.
const VARIANT: &str = "UNREG_VARIANT";

/// The decisions that a target ran under: those given, or those of its variable.
pub(super) fn variants(given: &[Variants]) -> anyhow::Result<Variants> {
    if !given.is_empty() {
        return Ok(together(given));
    }
    let names = std::env::var(VARIANT).unwrap_or_default();
    let variants = choose::variants(&names).map_err(anyhow::Error::msg).context(VARIANT)?;
    Ok(variants.with_companions())
}

fn together(given: &[Variants]) -> Variants {
    given.iter().copied().fold(Variants::default(), Variants::union).with_companions()
}

/// The targets that judge no run: what breaks them is no program's doing.
const OTHER_TARGETS: [&str; 3] = ["text", "linux", "minimize"];

/// The target in whose folder an engine put a file: `artifacts/devlink/crash-…` of cargo-fuzz, or
/// `afl/devlink/main/crashes/id:…`. A file that a person named has none.
fn target_of(input: &Path) -> Option<Scope> {
    folders(input).find_map(Scope::named)
}

/// The target in whose folder an engine put a file, if it is one that judges no run.
pub(super) fn other_target_of(input: &Path) -> Option<&str> {
    folders(input)
        .find(|name| Scope::named(name).is_some() || OTHER_TARGETS.contains(name))
        .filter(|name| OTHER_TARGETS.contains(name))
}

/// The folders of an engine's file, the nearest first; none of a file that a person named.
fn folders(input: &Path) -> impl Iterator<Item = &str> {
    let by_engine = ["crash-", "timeout-", "oom-", "leak-", "slow-unit-", "minimized-from-", "id:"];
    let name = input.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let made = by_engine.iter().any(|prefix| name.starts_with(prefix));
    let folders = input.parent().filter(|_| made).into_iter().flat_map(|parent| parent.iter().rev());
    folders.filter_map(|folder| folder.to_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engines_file_is_of_the_target_in_whose_folder_it_is() {
        let of = |path| target_of(Path::new(path));
        assert_eq!(of("fuzz/artifacts/devlink/crash-1"), Some(Scope::Devlink));
        assert_eq!(of("out/ib/main/crashes/id:000000,sig:06"), Some(Scope::Ib));
        assert_eq!(of("fuzz/artifacts/devlink/mine.prog"), None);
        assert_eq!(of("crash-1"), None);
        assert_eq!(other_target_of(Path::new("fuzz/artifacts/text/crash-1")), Some("text"));
        assert_eq!(other_target_of(Path::new("fuzz/artifacts/mdev/crash-1")), None);
    }
}
