//! The README says what the program says: its example is compared with the real thing, and it is short.
//!
//! `UNREG_UPDATE=1 cargo test --test readme` writes what is due into the README.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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

/// The example's last line tells the speed of the machine at hand and is left alone.
#[test]
fn the_example_is_what_unreg_prints() {
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

#[test]
fn it_is_read_to_its_end() {
    let size = readme().len();
    assert!(size <= 12 << 10, "{size} bytes");
}
