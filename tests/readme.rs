//! The README says what the program says: its tables and its example are compared with the real thing.

use std::fs;
use std::path::Path;
use std::process::Command;

fn unreg(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_unreg")).args(arguments).output().expect("unreg runs");
    String::from_utf8(output.stdout).expect("unreg prints UTF-8")
}

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("there is a README")
}

#[test]
fn tables_are_what_unreg_lists() {
    for what in ["variants", "invariants"] {
        let marker = format!("<!-- unreg list {what} --as markdown -->\n");
        let readme = readme();
        let table = readme.split(&marker).nth(1).and_then(|rest| rest.split("<!-- end -->").next());
        let listed = unreg(&["list", what, "--as", "markdown"]);
        assert!(listed.lines().count() > 10, "the list is empty");
        assert_eq!(table, Some(&listed[..]), "replace the table of {what} by what `unreg list` prints");
    }
}

#[test]
fn the_example_is_what_unreg_finds() {
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
    // The last line tells the speed of the machine at hand.
    let body = |text: &str| text.trim_end().rsplit_once('\n').map(|(body, _)| body.to_owned());
    assert_eq!(body(output), body(&found));
}

#[test]
fn the_program_shown_is_in_the_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/devlink/eswitch-set-during-probe.prog");
    assert!(readme().contains(&fs::read_to_string(corpus).expect("the program is there")));
}
