//! Files of what was given once: lines are added and never changed.

#![allow(dead_code, reason = "each test uses a part")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file)
}

/// Returns the lines of a file of `tests/golden`, less its comments.
pub(crate) fn golden(file: &str) -> Vec<String> {
    let text = fs::read_to_string(path(file)).unwrap_or_default();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

/// Demands that every line which is due is in the file, and that the file has no other.
pub(crate) fn agree(file: &str, due: &[String]) {
    let kept = golden(file);
    let changed: Vec<_> = kept.iter().filter(|line| !due.contains(line)).map(String::as_str).collect();
    let say = "what was given once has changed its meaning; for stored corpora it would too";
    assert!(changed.is_empty(), "{say}:\n{}", changed.join("\n"));
    append(file, &missing(&kept, due));
}

/// Returns the due lines that a file does not have.
pub(crate) fn missing<'a>(kept: &[String], due: &'a [String]) -> Vec<&'a str> {
    due.iter().filter(|line| !kept.contains(line)).map(String::as_str).collect()
}

/// Demands that no line is missing, or appends those that are if `UNREG_UPDATE` is set.
pub(crate) fn append(file: &str, missing: &[&str]) {
    if !missing.is_empty() && std::env::var_os("UNREG_UPDATE").is_some() {
        let mut golden =
            fs::OpenOptions::new().append(true).open(path(file)).expect("the file can be written");
        missing.iter().for_each(|line| writeln!(golden, "{line}").expect("the file can be written"));
        return;
    }
    let lines = missing.join("\n");
    assert!(
        missing.is_empty(),
        "UNREG_UPDATE=1 cargo test --test golden --test frozen appends to {file}:\n{lines}"
    );
}
