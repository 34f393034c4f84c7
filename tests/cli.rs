//! The command line as people and scripts meet it: exit codes, messages, files.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use unreg::event::Point;
use unreg::invariant;

/// Runs `unreg` in a folder.
fn unreg(folder: &Path, arguments: &[&str]) -> Output {
    unreg_with(folder, arguments, &[])
}

/// Runs `unreg` in a folder with these variables, and no others that it reads.
fn unreg_with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unreg"));
    command.current_dir(folder).args(arguments);
    for variable in ["CLICOLOR_FORCE", "UNREG_ONLY", "UNREG_VARIANT"] {
        command.env_remove(variable);
    }
    command.envs(variables.iter().copied()).output().expect("unreg starts")
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
fn everything_can_be_listed_in_every_form() {
    let folder = folder();
    let listed = |arguments: &[&str]| {
        let output = unreg(folder.path(), &[&["list"], arguments].concat());
        assert_eq!(code(&output), 0, "{arguments:?}");
        stdout(&output)
    };
    for what in ["variants", "invariants", "commands", "points", "tasks", "mails"] {
        let json: serde_json::Value = serde_json::from_str(&listed(&[what, "--as", "json"])).unwrap();
        let names: Vec<&str> =
            json.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect();
        let (text, markdown) = (listed(&[what]), listed(&[what, "--as", "markdown"]));
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{what}: a terminal is 80 columns wide");
        for name in names {
            let is_name = |line: &str| line.split_whitespace().next() == Some(name);
            assert!(text.lines().any(is_name), "{what}: no {name} in\n{text}");
            assert!(markdown.contains(&format!("| `{name}` |")), "{what}: no {name} in\n{markdown}");
        }
    }
}

#[test]
fn a_list_can_be_asked_for_a_word_and_a_subsystem() {
    let folder = folder();
    let listed = |arguments: &[&str]| stdout(&unreg(folder.path(), &[&["list"], arguments].concat()));
    assert!(listed(&["commands", "eswitch"]).starts_with("devlink.eswitch-set  0x13\n"));
    assert!(
        listed(&["variants", "--subsystem", "mdev"]).lines().any(|line| line.starts_with("mdev=linux-6.12"))
    );
    assert!(!listed(&["variants", "--subsystem", "mdev"]).contains("devlink="));
    assert!(listed(&["commands", "--subsystem", "ib"]).contains("netdev.add"));
    assert!(!listed(&["commands", "--subsystem", "ib"]).contains("mdev.create"));
    let nothing = unreg(folder.path(), &["list", "tasks", "zzzz"]);
    assert_eq!(code(&nothing), 2);
    assert!(stderr(&nothing).contains("nothing of these"), "{}", stderr(&nothing));
    assert_eq!(code(&unreg(folder.path(), &["list", "variants", "--subsystem", "mdv"])), 2);
}

/// The number that is free is the one after the last that is taken.
#[test]
fn the_next_numbers_are_printed() {
    let folder = folder();
    let text = stdout(&unreg(folder.path(), &["list", "numbers"]));
    let next = |what: &str| {
        let line =
            text.lines().find(|line| line.starts_with(what)).unwrap_or_else(|| panic!("no {what} in {text}"));
        u16::from_str_radix(line.rsplit_once("0x").unwrap().1, 16).unwrap()
    };
    let taken: Vec<u16> = invariant::ALL.iter().map(|invariant| u16::from(invariant.id)).collect();
    assert_eq!(Some(next("invariant") - 1), taken.into_iter().max());
    let taken = unreg::program::Command::TABLES[0].1.iter().map(|spec| u16::from(spec.opcode));
    assert_eq!(Some(next("command like devlink.get") - 1), taken.max());
    assert!(Point::ALL.iter().all(|point| *point as u16 != next("point from 0x100")));
}

#[test]
fn a_hunt_finds_names_and_replays_what_an_early_registration_breaks() {
    let folder = folder();
    // What else the first program found breaks is told by other files, and depends on the seed.
    let flaw = ["--variant", "devlink=early-register", "--invariant", "visible-implies-ready"];
    let arguments = [&["hunt", "--runs", "20000", "--seed", "1"][..], &flaw].concat();
    let output = unreg(folder.path(), &arguments);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let report = stdout(&output);
    for part in
        ["broken: visible-implies-ready", "timeline", "held at", "program", "unreg run findings/", "seed 1,"]
    {
        assert!(report.contains(part), "no {part} in:\n{report}");
    }
    assert!(!report.contains('\x1b'), "no colors where the output is no terminal");
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

    // A finding is known by what its file holds.
    let text = std::fs::read_to_string(&found).unwrap();
    let (target, over) = (folder.path().join("target"), format!("written over what was no program: {file}"));
    for broken in ["", "half a prog", "link"] {
        std::fs::remove_file(&found).unwrap();
        match broken {
            "link" => std::os::unix::fs::symlink(&target, &found).unwrap(),
            _ => std::fs::write(&found, broken).unwrap(),
        }
        let again = unreg(folder.path(), &arguments);
        assert!(stdout(&again).contains(&over), "{broken}: {}", stdout(&again));
        assert_eq!((std::fs::read_to_string(&found).unwrap(), target.exists()), (text.clone(), false));
    }
    let other = "task user\n  devlink.dump\n";
    std::fs::write(&found, other).unwrap();
    let again = unreg(folder.path(), &arguments);
    assert_eq!(code(&again), 2, "a program of another cause stays where it is");
    assert!(stderr(&again).contains("move it elsewhere"), "{}", stderr(&again));
    assert_eq!(std::fs::read_to_string(&found).unwrap(), other);
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
    // A limit on the length of files is a full disk that needs no root: the probe before the search fits, a finding does not.
    let folder = folder();
    let hunt = format!(
        "trap '' XFSZ; exec prlimit --fsize=100 {} hunt --variant devlink=early-register --runs 20000 --seed 1",
        env!("CARGO_BIN_EXE_unreg")
    );
    let output =
        Command::new("sh").current_dir(folder.path()).args(["-c", &hunt]).output().expect("sh starts");
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("cannot write findings/"), "{}", stderr(&output));
    assert!(stdout(&output).contains("variant devlink early-register"), "{}", stdout(&output));
}

#[test]
fn a_place_for_results_that_cannot_be_written_is_an_error_before_any_work() {
    let folder = folder();
    std::fs::write(folder.path().join("file"), "in the way").unwrap();
    std::fs::write(folder.path().join("any.prog"), LARGE).unwrap();
    // /proc is a folder in which even root makes no file.
    for place in ["file", "file/below", "/proc/unreg"] {
        let to = format!("{place}/x.prog");
        for arguments in [
            &["hunt", "--time", "60s", "--findings", place][..],
            &["hunt", "--time", "60s", "--corpus", place],
            &["minimize", "any.prog", "-v", "-o", &to],
            &["minimize", "any.prog", "-v", "--findings", place],
            &["promote", "any.prog", "-v", &to],
            &["encode", "any.prog", "-o", &to],
            &["corpus", "minimize", "any.prog", "-o", place],
            &["corpus", "import", "any.prog", "--into", place],
        ] {
            let output = unreg(folder.path(), arguments);
            assert_eq!(code(&output), 2, "{arguments:?}: {}", stdout(&output));
            let message = stderr(&output);
            assert!(message.starts_with("unreg: cannot "), "{arguments:?}: {message}");
            assert!(message.contains(place) && message.lines().count() == 1, "{arguments:?}: {message}");
            assert_eq!(stdout(&output), "", "{arguments:?}");
        }
    }
    let left: Vec<_> = folder.path().read_dir().unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "nothing else was left behind: {left:?}");
}

#[test]
fn a_result_goes_into_a_device_or_through_a_link_and_replaces_neither() {
    let folder = folder();
    std::fs::write(folder.path().join("any.prog"), "task user\n devlink.dump\n").unwrap();
    std::os::unix::fs::symlink("any.prog", folder.path().join("link.prog")).unwrap();
    assert_eq!(code(&unreg(folder.path(), &["fmt", "link.prog"])), 0);
    assert!(folder.path().join("link.prog").is_symlink());
    let formatted = std::fs::read_to_string(folder.path().join("any.prog")).unwrap();
    assert_eq!(formatted, "task user\n  devlink.dump\n");
    assert_eq!(code(&unreg(folder.path(), &["encode", "any.prog", "-o", "/dev/null"])), 0);
    use std::os::unix::fs::FileTypeExt;
    assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}

/// A program that breaks two invariants.
const SEVERAL: &str = "variant ib rescan-queue\n\ntask client\n  ib.register-client gid-cache\n  \
    ib.register-device rxe/0\n  netdev.address-add eth0\n  ib.unregister-client gid-cache\n";

/// A program that breaks an invariant under its variant, in more words than it needs.
const LARGE: &str = "variant devlink early-register\n\n\
    task user\n  devlink.get mlx5/0\n  devlink.dump\n  devlink.trap-set netdevsim/1 tail_drop mirror\n\n\
    task probe\n  driver.probe netdevsim/1\n  driver.remove netdevsim/1\n\n\
    schedule\n  probe until devlink_nl_notify_send:notify\n  user\n  user\n";

#[test]
fn a_finding_is_minimized_encoded_decoded_and_promoted() {
    let folder = folder();
    std::fs::write(folder.path().join("large.prog"), LARGE).unwrap();
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
fn a_finding_is_minimized_for_the_invariant_it_is_named_after() {
    let folder = tempfile::tempdir().unwrap();
    let hunt = ["hunt", "--variant", "ib=device-mutex", "--invariant", "no-deadlock", "--seed", "1"];
    assert_eq!(code(&unreg(folder.path(), &hunt)), 1);
    let finding = std::fs::read_dir(folder.path().join("findings")).unwrap().next().unwrap().unwrap().path();
    let minimized = stdout(&unreg(folder.path(), &["minimize", finding.to_str().unwrap()]));
    assert!(minimized.contains("no-deadlock"), "{minimized}");
}

/// A program as an engine keeps it: below its target's folder, and with the decisions of a seed, which the target leaves
/// aside.
fn artifact(folder: &Path, program: &str) -> &'static str {
    let path = "artifacts/devlink/crash-1";
    std::fs::create_dir_all(folder.join("artifacts/devlink")).unwrap();
    std::fs::write(folder.join("seed.prog"), program).unwrap();
    assert_eq!(code(&unreg(folder, &["encode", "seed.prog", "-o", path])), 0);
    path
}

#[test]
fn an_engines_file_is_read_as_its_target_ran_it_everywhere() {
    let folder = folder();
    let artifact = artifact(folder.path(), &LARGE.replace("early-register", "children-first"));
    let ran = [("UNREG_VARIANT", "devlink=early-register")];
    let decoded = stdout(&unreg(folder.path(), &["decode", artifact]));
    assert!(!decoded.contains("variant"), "the target ran under the settled decisions:\n{decoded}");
    let decoded = stdout(&unreg_with(folder.path(), &["decode", artifact], &ran));
    assert!(decoded.starts_with("variant devlink early-register\n"), "{decoded}");

    let output = unreg_with(folder.path(), &["run", artifact], &ran);
    assert!(stdout(&output).contains("under devlink=early-register"), "{}", stdout(&output));
    let output = unreg_with(folder.path(), &["minimize", artifact], &ran);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).starts_with("variant devlink early-register\n"), "{}", stdout(&output));

    // What a person named says itself what it runs under.
    let output = unreg_with(folder.path(), &["run", "seed.prog"], &ran);
    assert!(stdout(&output).contains("under devlink=children-first"), "{}", stdout(&output));
    let output =
        unreg_with(folder.path(), &["run", artifact], &[("UNREG_VARIANT", "devlink=early-registre")]);
    assert_eq!(code(&output), 2);
    let message = stderr(&output);
    assert!(message.contains("UNREG_VARIANT") && message.contains("did you mean"), "{message}");
}

#[test]
fn what_breaks_nothing_is_told_which_variant_would_help() {
    let folder = folder();
    let artifact = artifact(folder.path(), LARGE);
    let output = unreg(folder.path(), &["minimize", artifact]);
    assert_eq!(code(&output), 2);
    let message = stderr(&output);
    for part in [
        "breaks no invariant under settled, read as the target `devlink`",
        "--variant (or UNREG_VARIANT",
        "--variant devlink=early-register breaks",
        "visible-implies-ready",
    ] {
        assert!(message.contains(part), "no `{part}` in {message}");
    }
    std::fs::write(folder.path().join("calm.prog"), "task user\n  devlink.dump\n").unwrap();
    let output = unreg(folder.path(), &["minimize", "calm.prog"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("nor under any one variant"), "{}", stderr(&output));
}

#[test]
fn the_invariant_that_was_asked_for_is_kept_whether_by_option_or_by_variable() {
    let folder = folder();
    std::fs::write(folder.path().join("several.prog"), SEVERAL).unwrap();
    let json = stdout(&unreg(folder.path(), &["run", "--as", "json", "several.prog"]));
    let last: serde_json::Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
    let broken: Vec<&str> =
        last["broken"].as_array().unwrap().iter().map(|it| it["invariant"].as_str().unwrap()).collect();
    assert!(broken.len() > 1, "the program breaks two invariants: {broken:?}");
    for invariant in broken {
        let by_option = unreg(folder.path(), &["minimize", "several.prog", "--invariant", invariant]);
        let by_variable =
            unreg_with(folder.path(), &["minimize", "several.prog"], &[("UNREG_ONLY", invariant)]);
        for output in [&by_option, &by_variable] {
            assert_eq!(code(output), 0, "{}", stderr(output));
            assert!(stderr(output).contains(&format!("breaks {invariant} ")), "{}", stderr(output));
        }
        assert_eq!(by_option.stdout, by_variable.stdout);
        let to = format!("corpus/{invariant}.prog");
        let output =
            unreg_with(folder.path(), &["promote", "several.prog", &to], &[("UNREG_ONLY", invariant)]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let promoted = std::fs::read_to_string(folder.path().join(&to)).unwrap();
        assert!(promoted.contains(&format!("It breaks {invariant}.")), "{promoted}");
    }
    for arguments in [&["minimize", "several.prog"][..], &["promote", "several.prog", "x.prog"], &["hunt"]] {
        let output = unreg_with(folder.path(), arguments, &[("UNREG_ONLY", "no-deadlok")]);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(stderr(&output).contains("did you mean `no-deadlock`?"), "{}", stderr(&output));
    }
    let output = unreg_with(folder.path(), &["minimize", "several.prog"], &[("UNREG_ONLY", "no-recursion")]);
    assert_eq!(code(&output), 2);
    let message = stderr(&output);
    assert!(message.contains("does not break no-recursion") && message.contains("it breaks "), "{message}");
    let environment = [("UNREG_VARIANT", "devlink=early-register"), ("UNREG_ONLY", "visible-implies-ready")];
    let output = unreg_with(folder.path(), &["hunt", "--runs", "20000", "--seed", "1"], &environment);
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).contains("broken: visible-implies-ready"), "{}", stdout(&output));
}

#[test]
fn segments_that_did_nothing_are_named_with_the_reason() {
    let folder = folder();
    let text = "task user\n  devlink.dump\n\nschedule\n  kworker/events\n  probe\n  \
        user until devlink_register:visible\n  user\n";
    std::fs::write(folder.path().join("dead.prog"), text).unwrap();
    let output = unreg(folder.path(), &["run", "dead.prog"]);
    assert_eq!(code(&output), 0, "it is a note, and no violation");
    for part in [
        "segment 1 is dead, `kworker/events`: the worker could not run, because it had no work",
        "segment 2 is dead, `probe`: the program has no such task",
        "segment 3 is dead, `user until devlink_register:visible`: the task ended before it came to the point",
        "segment 4 is dead, `user`: the task could not run, because it had ended",
    ] {
        assert!(stdout(&output).contains(part), "no `{part}` in {}", stdout(&output));
    }
    let json = stdout(&unreg(folder.path(), &["run", "--as", "json", "dead.prog"]));
    let last: serde_json::Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
    let ends: Vec<&str> =
        last["segments"].as_array().unwrap().iter().map(|it| it["end"].as_str().unwrap()).collect();
    assert_eq!(ends, ["idle", "no-task", "ended-before", "over"]);
}
