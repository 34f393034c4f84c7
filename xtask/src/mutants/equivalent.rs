//! The mutants that no test can notice, each with its reason: what they change behaves as before.

use super::plant::Mutant;
use anyhow::{Context, ensure};
use std::fs;
use std::path::{Path, PathBuf};

/// Where they are listed.
const LIST: &str = "xtask/equivalent.txt";

/// A mutant that is known to change nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Equivalent {
    /// The line of the list.
    line: usize,
    path: PathBuf,
    what: String,
}

impl Equivalent {
    /// Whether it is in this file.
    pub(super) fn is_in(&self, path: &Path) -> bool {
        self.path == path
    }

    /// Whether it is this mutant of this file.
    pub(super) fn is(&self, path: &Path, what: &str) -> bool {
        self.path == path && self.what == what
    }
}

/// Reads the list.
pub(super) fn equivalents() -> anyhow::Result<Vec<Equivalent>> {
    read(&fs::read_to_string(LIST).context(LIST)?)
}

/// Says which entry about a file is none of its mutants: the code has changed since.
pub(super) fn are_there<'a>(
    list: impl Iterator<Item = &'a Equivalent>,
    mutants: &[Mutant],
) -> anyhow::Result<()> {
    for entry in list {
        let is_there = mutants.iter().any(|mutant| mutant.what == entry.what);
        ensure!(is_there, "{LIST}:{}: {} has no such mutant", entry.line, entry.path.display());
    }
    Ok(())
}

/// Entries of three lines: the file, the mutant as it is printed, and why no test can notice it. Between entries are empty
/// lines, and lines that begin with `#` are for readers.
fn read(text: &str) -> anyhow::Result<Vec<Equivalent>> {
    let mut list = Vec::new();
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#'));
    while let Some((at, path)) = lines.next() {
        if path.trim().is_empty() {
            continue;
        }
        let mut next = |what: &str| {
            let line = lines.next().map(|(_, line)| line.trim()).filter(|line| !line.is_empty());
            line.with_context(|| format!("{LIST}:{}: {what} is missing", at + 1))
        };
        let what = next("the mutant")?.to_owned();
        let reason = next("the reason")?;
        ensure!(reason.starts_with("because "), "{LIST}:{}: the reason begins with `because`", at + 1);
        list.push(Equivalent { line: at + 1, path: Path::new("src").join(path.trim()), what });
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_three_lines() {
        let list = read("# why\n\nsim/a.rs\n  f: returns at once: 1\n  because it is\n").expect("it is fine");
        let [entry] = &list[..] else { panic!("{list:?}") };
        assert!(entry.is(Path::new("src/sim/a.rs"), "f: returns at once: 1"));
        assert!(!entry.is(Path::new("src/sim/a.rs"), "f: returns at once: 0"));
        assert!(are_there(list.iter(), &[]).is_err_and(|error| error.to_string().contains(":3:")));
    }

    #[test]
    fn an_entry_without_a_reason_is_said() {
        for text in ["a.rs\n", "a.rs\nf: x\n", "a.rs\nf: x\nit is\n"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_list_can_be_read() {
        read(include_str!("../../equivalent.txt")).expect("it is fine");
    }
}
