//! The files of a folder, found by a walk, so that no list of folders can leave some out.

#![allow(dead_code, reason = "each test uses a part")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Returns a folder of the repository, for tests of unreg and of the crates in its folders.
pub(crate) fn folder(name: &str) -> PathBuf {
    let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above.find(|folder| folder.join("snapshots").is_dir()).expect("a crate is in the repository").join(name)
}

/// Returns every file below a folder, sorted.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("it can be read").path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// Returns the files with this extension below a folder, by their paths in it without the extension.
pub(crate) fn names(folder: &Path, extension: &str) -> BTreeSet<String> {
    let files =
        files(folder).into_iter().filter(|path| path.extension().is_some_and(|found| found == extension));
    let inside = files.map(|path| path.strip_prefix(folder).expect("it is below").with_extension(""));
    inside.map(|path| path.to_str().expect("names are ASCII").to_owned()).collect()
}

/// Returns the names that are in one set only, a line each; none that both have.
pub(crate) fn only(what: &str, one: &BTreeSet<String>, other: &BTreeSet<String>) -> String {
    one.difference(other).map(|name| format!("only {what}: {name}\n")).collect()
}

/// Demands that two sets have the same names, or says which they do not share.
pub(crate) fn agree(one: &BTreeSet<String>, other: &BTreeSet<String>, what: [&str; 2]) {
    let differences = only(what[0], one, other) + &only(what[1], other, one);
    assert!(differences.is_empty(), "\n{differences}");
}

/// Returns every program of the corpus with its text. Every file there is one, and no snapshot has lost its program.
pub(crate) fn corpus() -> Vec<(PathBuf, String)> {
    let (corpus, snapshots) = (folder("corpus"), folder("snapshots"));
    let programs = names(&corpus, "prog");
    let lost = only("a snapshot", &names(&snapshots, "snap"), &programs);
    assert!(lost.is_empty(), "\n{lost}");
    let files = files(&corpus);
    assert_eq!(files.len(), programs.len(), "a file of the corpus is no program");
    files
        .into_iter()
        .map(|path| (path.clone(), fs::read_to_string(path).expect("programs are text")))
        .collect()
}
