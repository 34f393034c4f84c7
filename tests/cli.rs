//! The command line as people and scripts meet it: exit codes, messages, files.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs `unreg` in a folder.
fn unreg(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unreg"));
    command.current_dir(folder).args(arguments).env_remove("CLICOLOR_FORCE");
    command.output().expect("unreg starts")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("unreg ends by itself")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("unreg prints text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("unreg prints text")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("there is room for a folder")
}

/// The only file in a folder.
fn only_file(folder: &Path) -> PathBuf {
    let files: Vec<PathBuf> =
        folder.read_dir().expect("the folder is there").map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

#[test]
fn a_typo_is_shown_with_file_line_and_column_and_ends_with_2() {
    let folder = folder();
    std::fs::write(folder.path().join("typo.prog"), "# A typo.\ntask user\n  devlink.relaod mlx5/0\n")
        .unwrap();
    for arguments in
        [["run", "typo.prog"], ["fmt", "typo.prog"], ["minimize", "typo.prog"], ["decode", "typo.prog"]]
    {
        let output = unreg(folder.path(), &arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        let message = stderr(&output);
        assert!(message.contains("typo.prog:3:3") && message.contains("devlink.reload"), "{message}");
    }
}

#[test]
fn what_cannot_be_read_ends_with_2_and_says_why() {
    let folder = folder();
    let output = unreg(folder.path(), &["run", "missing.prog"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("missing.prog"));
    std::fs::write(folder.path().join("large.prog"), vec![b'#'; 2 << 20]).unwrap();
    let output = unreg(folder.path(), &["run", "large.prog"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("larger"));
}

#[test]
fn an_unknown_variant_ends_with_2_and_names_the_one_that_was_meant() {
    let folder = folder();
    for verb in [&["hunt"][..], &["run", "any.prog"]] {
        let output = unreg(folder.path(), &[verb, &["--variant", "devlink=early-registre"]].concat());
        assert_eq!(code(&output), 2);
        let message = stderr(&output);
        assert!(message.contains("did you mean `devlink=early-register`?"), "{message}");
        assert!(message.contains("devlink=notify-at-once"), "{message}");
    }
    assert_eq!(code(&unreg(folder.path(), &["hunt", "--time", "20"])), 2, "a time needs a unit");
}

#[test]
fn everything_can_be_listed_in_both_forms() {
    let folder = folder();
    for what in ["variants", "invariants", "commands", "points", "tasks"] {
        let text = unreg(folder.path(), &["list", what]);
        let markdown = unreg(folder.path(), &["list", what, "--as", "markdown"]);
        assert_eq!((code(&text), code(&markdown)), (0, 0));
        let (text, markdown) = (stdout(&text), stdout(&markdown));
        assert_eq!(text.lines().count() + 1, markdown.lines().count(), "{what}: a rule below the headings");
        assert!(markdown.lines().all(|line| line.starts_with("| ") && line.ends_with(" |")), "{markdown}");
    }
    assert!(stdout(&unreg(folder.path(), &["list", "variants"])).contains("devlink=early-register"));
}

#[test]
fn a_hunt_finds_names_and_replays_what_an_early_registration_breaks() {
    let folder = folder();
    // What else the first program found breaks is told by other files, and depends on the seed.
    let rules = ["--variant", "devlink=early-register", "--invariant", "visible-implies-ready"];
    let arguments = [&["hunt", "--runs", "20000", "--seed", "1"][..], &rules].concat();
    let output = unreg(folder.path(), &arguments);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let report = stdout(&output);
    for part in
        ["broken: visible-implies-ready", "timeline", "held at", "program", "unreg run findings/", "seed 1,"]
    {
        assert!(report.contains(part), "no {part} in:\n{report}");
    }
    assert!(!report.contains('\x1b'), "no colors where nobody sees them");
    assert!(report.lines().all(|line| !line.ends_with(' ')), "no space at the end of a line:\n{report}");

    let found = only_file(&folder.path().join("findings"));
    let name = found.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("visible-implies-ready-"), "{name}");
    let file = format!("findings/{name}");
    let output = unreg(folder.path(), &["run", &file]);
    assert_eq!(code(&output), 0, "it breaks what it is expected to");
    assert!(stdout(&output).contains("breaks visible-implies-ready, as expected"), "{}", stdout(&output));
    assert_eq!(code(&unreg(folder.path(), &["run", &file, "--settled"])), 0);
    assert_eq!(code(&unreg(folder.path(), &["run", &file, "--variant", "devlink=early-register"])), 0);
    assert_eq!(code(&unreg(folder.path(), &["fmt", "--check", &file])), 0, "it has the usual form");

    let again = unreg(folder.path(), &arguments);
    assert_eq!(code(&again), 1);
    assert!(stdout(&again).contains(&format!("already known: {file}")), "{}", stdout(&again));
    only_file(&folder.path().join("findings"));
}

#[test]
fn an_expectation_that_is_not_met_ends_with_1() {
    let folder = folder();
    std::fs::write(folder.path().join("calm.prog"), "expect no-deadlock\n\ntask user\n  devlink.dump\n")
        .unwrap();
    let output = unreg(folder.path(), &["run", "calm.prog"]);
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).contains("should break no-deadlock, and does not"));
    let output = unreg(folder.path(), &["run", "--as", "json", "calm.prog"]);
    assert_eq!(code(&output), 1);
    for line in stdout(&output).lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("a line is an object");
    }
}

#[test]
fn a_hunt_of_some_runs_repeats_exactly_and_survives_the_settled_rules() {
    let folder = folder();
    let hunt = |seed: &str| {
        let output =
            unreg(folder.path(), &["hunt", "--variant", "settled", "--runs", "2000", "--seed", seed]);
        assert_eq!(code(&output), 0, "{}", stdout(&output));
        // Rates and times are the clock's, and differ.
        let line = stdout(&output);
        let counts = line.split(['(', ')']).step_by(2).collect::<String>();
        counts.rsplit_once(", ").map(|(counts, _)| counts.to_string()).expect("there are figures")
    };
    assert_eq!(hunt("5"), hunt("5"));
    assert_ne!(hunt("5"), hunt("6"));
    assert!(!folder.path().join("findings").exists(), "a clean hunt leaves nothing behind");
}

#[test]
fn a_finding_that_cannot_be_written_is_printed_and_ends_with_2() {
    let folder = folder();
    std::fs::write(folder.path().join("findings"), "in the way").unwrap();
    let arguments = ["hunt", "--variant", "devlink=early-register", "--runs", "20000", "--seed", "1"];
    let output = unreg(folder.path(), &arguments);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("findings"), "{}", stderr(&output));
    assert!(stdout(&output).contains("variant devlink early-register"), "{}", stdout(&output));
}

#[test]
fn a_finding_is_minimized_encoded_decoded_and_promoted() {
    let folder = folder();
    let large = "variant devlink early-register\n\n\
        task user\n  devlink.get mlx5/0\n  devlink.dump\n  devlink.trap-set netdevsim/1 tail_drop mirror\n\n\
        task probe\n  driver.probe netdevsim/1\n  driver.remove netdevsim/1\n\n\
        schedule\n  probe until devlink_nl_notify_send:notify\n  user\n  user\n";
    std::fs::write(folder.path().join("large.prog"), large).unwrap();
    let output = unreg(folder.path(), &["minimize", "large.prog", "-o", "small.prog", "-v"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("without"), "{}", stderr(&output));
    let small = std::fs::read_to_string(folder.path().join("small.prog")).unwrap();
    assert!(small.contains("expect visible-implies-ready") && small.contains("netdevsim/0"), "{small}");
    assert_eq!(
        small.lines().filter(|line| line.contains('.') && !line.contains("until")).count(),
        2,
        "{small}"
    );

    assert_eq!(code(&unreg(folder.path(), &["encode", "small.prog", "-o", "small.bin"])), 0);
    assert_eq!(stdout(&unreg(folder.path(), &["decode", "small.bin"])), small);

    let to = "corpus/devlink/dump-during-probe.prog";
    assert_eq!(code(&unreg(folder.path(), &["promote", "large.prog", to])), 0);
    let promoted = std::fs::read_to_string(folder.path().join(to)).unwrap();
    assert!(promoted.starts_with("# FIXME") && promoted.contains("\n#= register: "), "{promoted}");
    assert!(promoted.ends_with(&small));
    let output = unreg(folder.path(), &["promote", "large.prog", to]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("not written over"));
}

#[test]
fn a_finding_is_minimized_for_the_rule_it_is_named_after() {
    let folder = tempfile::tempdir().unwrap();
    let hunt = ["hunt", "--variant", "ib=device-mutex", "--invariant", "no-deadlock", "--seed", "1"];
    assert_eq!(code(&unreg(folder.path(), &hunt)), 1);
    let finding = std::fs::read_dir(folder.path().join("findings")).unwrap().next().unwrap().unwrap().path();
    let minimized = stdout(&unreg(folder.path(), &["minimize", finding.to_str().unwrap()]));
    assert!(minimized.contains("no-deadlock"), "{minimized}");
}
