//! The fates of earlier runs, so that a run judges only the mutants that it does not know.
//!
//! A kill stands as long as the code of the mutant's file is the same: tests are added far more often than taken away. A
//! survivor stands as long as nothing changes at all, because any new test may kill it. The list is a file of lines, and a
//! line is one write: a run that is stopped loses no fate.

use super::judge::Fate;
use super::plant::Mutant;
use anyhow::Context;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What is known of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// It cannot be compiled.
    NoRust,
    Judged(Fate),
}

impl Known {
    const WORDS: &[(Known, &str)] = &[
        (Known::NoRust, "no-rust"),
        (Known::Judged(Fate::Killed), "killed"),
        (Known::Judged(Fate::Hangs), "hangs"),
        (Known::Judged(Fate::Survives), "survives"),
        (Known::Judged(Fate::Unreached), "unreached"),
    ];

    /// Whether it depends on the code of the mutant's file alone, and not on which tests there are.
    fn is_of_the_file(self) -> bool {
        match self {
            Known::NoRust | Known::Judged(Fate::Killed | Fate::Hangs) => true,
            Known::Judged(Fate::Survives | Fate::Unreached) => false,
        }
    }
}

/// The list of one project.
pub(super) struct List {
    path: PathBuf,
    /// The hash of all that the tests depend on.
    project: String,
    lines: BTreeMap<String, Known>,
}

impl List {
    /// Reads the list, if there is one. `project` is the text of all that the tests depend on.
    pub(super) fn read(path: PathBuf, project: &[u8]) -> anyhow::Result<List> {
        let text = if path.exists() {
            fs::read_to_string(&path).with_context(|| path.display().to_string())?
        } else {
            String::new()
        };
        Ok(List { path, project: hash(&[project]), lines: lines(&text) })
    }

    /// The fate of a mutant, if it is known. `code` is the text of its file without tests.
    pub(super) fn get(&self, code: &str, mutant: &Mutant) -> Option<Known> {
        let key = key(code, mutant);
        self.lines.get(&key).or_else(|| self.lines.get(&hash(&[&key, &self.project]))).copied()
    }

    /// Adds a fate.
    pub(super) fn add(&mut self, code: &str, mutant: &Mutant, known: Known) -> anyhow::Result<()> {
        let key = key(code, mutant);
        let key = if known.is_of_the_file() { key } else { hash(&[&key, &self.project]) };
        let (_, word) = Known::WORDS.iter().find(|(it, _)| *it == known).context("each has a word")?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let mut file = OpenOptions::new().append(true).create(true).open(&self.path)?;
        file.write_all(format!("{key} {word}\n").as_bytes())?;
        self.lines.insert(key, known);
        Ok(())
    }
}

/// The lines of a list. One that cannot be read, as the last one of a run that was stopped, says nothing.
fn lines(text: &str) -> BTreeMap<String, Known> {
    let fate = |word: &str| Known::WORDS.iter().find(|(_, it)| *it == word).map(|(known, _)| *known);
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.filter_map(|(key, word)| Some((key.to_owned(), fate(word)?))).collect()
}

/// What names a mutant as long as the code of its file is the same.
fn key(code: &str, mutant: &Mutant) -> String {
    hash(&[code, &mutant.what, &mutant.nth.to_string()])
}

fn hash(parts: &[impl AsRef<[u8]>]) -> String {
    let mut hash = Sha256::new();
    for part in parts.iter().map(AsRef::as_ref) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex::encode(&hash.finalize()[..12])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutants::plant::places;

    /// Two mutants that say the same.
    fn twins() -> Vec<Mutant> {
        let mut mutants = places("fn f(a: u8) { g(a == 1); g(a == 1) }").expect("it is Rust");
        mutants.retain(|mutant| mutant.what.contains("comparison"));
        assert_eq!(mutants[0].what, mutants[1].what);
        mutants
    }

    fn reads(path: &Path, project: &str) -> List {
        List::read(path.into(), project.as_bytes()).expect("it can be read")
    }

    #[test]
    fn a_kill_stands_until_the_code_changes_and_a_survivor_until_anything_does() {
        let folder = tempfile::tempdir().expect("a folder is made");
        let path = folder.path().join("new/known");
        let twins = twins();
        for (mutant, fate) in twins.iter().zip([Fate::Killed, Fate::Survives]) {
            reads(&path, "v1").add("code", mutant, Known::Judged(fate)).expect("it is written");
        }
        let found = |project, code| {
            let list = reads(&path, project);
            twins.iter().map(|mutant| list.get(code, mutant).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(found("v1", "code"), [true, true]);
        assert_eq!(found("v2", "code"), [true, false]);
        assert_eq!(found("v1", "other code"), [false, false]);
    }

    #[test]
    fn a_line_that_was_cut_off_says_nothing() {
        assert_eq!(lines("a killed\nb surv").len(), 1);
        assert_eq!(lines("a killed\nb survives\n")["b"], Known::Judged(Fate::Survives));
    }
}
