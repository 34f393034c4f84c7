//! The README says what the program says: its tables and its example are compared with the real thing.
//!
//! `UNREG_UPDATE=1 cargo test --test readme` writes what is due into the README.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use unreg::invariant;
use unreg::program::Subsystem;

fn unreg(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_unreg")).args(arguments).output().expect("unreg runs");
    String::from_utf8(output.stdout).expect("unreg prints UTF-8")
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

fn readme() -> String {
    fs::read_to_string(path()).expect("there is a README")
}

/// Demands that a part of the README is what is due, or makes it so if asked to.
fn agree(readme: &str, part: &str, due: &str, what: &str) {
    if part != due && std::env::var_os("UNREG_UPDATE").is_some() {
        fs::write(path(), readme.replacen(part, due, 1)).expect("the README can be written");
        return;
    }
    assert_eq!(part, due, "the README's {what} is out of date: UNREG_UPDATE=1 cargo test --test readme");
}

#[test]
fn tables_and_example_are_what_unreg_prints() {
    let variants = Subsystem::ALL.iter().map(|subsystem| subsystem.variants().len()).sum();
    for (what, rows) in [("variants", variants), ("invariants", invariant::ALL.len())] {
        let marker = format!("<!-- unreg list {what} --as markdown -->\n");
        let readme = readme();
        let table = readme.split(&marker).nth(1).and_then(|rest| rest.split("<!-- end -->").next());
        let listed = unreg(&["list", what, "--as", "markdown"]);
        assert_eq!(listed.lines().count(), 2 + rows, "the list has a row each");
        agree(&readme, table.expect("the README marks its tables"), &listed, what);
    }
    example();
}

/// The example, whose last line tells the speed of the machine at hand and is left alone.
fn example() {
    let readme = readme();
    let start = "$ cargo run --release -- ";
    let (_, example) = readme.split_once(start).expect("there is an example");
    let (command, output) = example.split_once('\n').expect("with its output");
    let output = output.split("```").next().unwrap_or_default();
    let folder = tempfile::tempdir().expect("a folder for the finding");
    let mut arguments: Vec<_> = command.split_whitespace().collect();
    let findings = folder.path().to_str().expect("an ordinary path");
    arguments.extend(["--findings", findings]);
    let found = unreg(&arguments).replace(findings, "findings");
    let body = |text: &str| text.trim_end().rsplit_once('\n').map(|(body, _)| body.to_owned());
    let (shown, due) = (body(output).expect("some lines"), body(&found).expect("some lines"));
    agree(&readme, &shown, &due, "example");
}

#[test]
fn the_program_shown_is_in_the_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/devlink/eswitch-set-during-probe.prog");
    assert!(readme().contains(&fs::read_to_string(corpus).expect("the program is there")));
}
