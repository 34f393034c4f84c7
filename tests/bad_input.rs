//! Bad input: a typo says where it is and what would be right, and too much of anything has an end.

use std::path::Path;
use std::process::{Command, Output};
use unreg::program::{COMMANDS_MAX, Program, TASKS_MAX};

/// The report on a text of these lines.
fn report(lines: &[&str]) -> String {
    match Program::parse(&lines.join("\n"), "x.prog") {
        Ok(program) => panic!("this is a program:\n{program}"),
        Err(errors) => without_counts(&errors.to_string()),
    }
}

/// How many commands and points there are is no matter of these tests.
fn without_counts(report: &str) -> String {
    let mut parts = report.split("prints all ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + "prints all" + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

#[test]
fn a_misspelled_command_gets_a_guess() {
    insta::assert_snapshot!(report(&["task probe", "  driver.prob netdevsim/0"]), @r"
    error: `driver.prob` is no command
     --> x.prog:2:3
      |
    2 |   driver.prob netdevsim/0
      |   ^^^^^^^^^^^ expected a command. Did you mean `driver.probe`? Nearest: driver.probe, driver.knob, driver.bind, driver.remove; `unreg list commands` prints all
    ");
}

#[test]
fn a_misspelled_operand_gets_the_accepted_words() {
    insta::assert_snapshot!(report(&["task user", "  devlink.eswitch-set mlx5/0 switchdv"]), @r"
    error: `switchdv` is not an eswitch mode
     --> x.prog:2:30
      |
    2 |   devlink.eswitch-set mlx5/0 switchdv
      |                              ^^^^^^^^ expected an eswitch mode. Did you mean `switchdev`? Accepted: legacy, switchdev
    ");
}

#[test]
fn a_missing_operand_is_asked_for_after_the_last_word() {
    insta::assert_snapshot!(report(&["task user", "  devlink.eswitch-set mlx5/0"]), @r"
    error: `devlink.eswitch-set` lacks an operand
     --> x.prog:2:23
      |
    2 |   devlink.eswitch-set mlx5/0
      |                       ^^^^^^ after this, expected an eswitch mode. Accepted: legacy, switchdev
    ");
}

#[test]
fn a_word_too_many_is_pointed_at() {
    insta::assert_snapshot!(report(&["task user", "  devlink.get mlx5/0 now"]), @r"
    error: `now` is one word too many
     --> x.prog:2:22
      |
    2 |   devlink.get mlx5/0 now
      |                      ^^^ `devlink.get` takes one operand
    ");
}

#[test]
fn an_unknown_variant_gets_the_variants_of_its_subsystem() {
    insta::assert_snapshot!(report(&["variant config delayed-relase"]), @r"
    error: `delayed-relase` is no variant of config
     --> x.prog:1:16
      |
    1 | variant config delayed-relase
      |                ^^^^^^^^^^^^^^ expected a variant of config. Did you mean `delayed-release`? Accepted: delayed-release
    ");
}

#[test]
fn an_unknown_point_gets_the_nearest() {
    insta::assert_snapshot!(report(&["task user", "schedule", "  user until devlink_register:visble"]), @r"
    error: `devlink_register:visble` is no point
     --> x.prog:3:14
      |
    3 |   user until devlink_register:visble
      |              ^^^^^^^^^^^^^^^^^^^^^^^ expected a point. Did you mean `devlink_register:visible`? Nearest: devlink_register:visible, devlink_register:lock, devlink_unregister:hidden, devlink_unregister:lock; `unreg list points` prints all
    ");
}

#[test]
fn a_second_task_of_one_name_is_told_where_the_first_is() {
    insta::assert_snapshot!(report(&["# why", "task user", "task probe", "task user"]), @r"
    error: task `user` is there already
     --> x.prog:4:6
      |
    4 | task user
      |      ^^^^ a task stands in one place, and this one began on line 2
    ");
}

#[test]
fn a_worker_is_no_task_of_a_program() {
    let report = report(&["task kworker/events"]);
    assert!(report.contains("`kworker/events` is a task of the kernel's own"), "{report}");
    assert!(report.contains("x.prog:1:6"), "{report}");
}

#[test]
fn a_command_outside_a_task_is_refused() {
    let report = report(&["devlink.dump"]);
    assert!(report.contains("`devlink.dump` stands outside a task"), "{report}");
}

#[test]
fn several_mistakes_are_all_reported_and_very_many_are_not() {
    let report = report(&["a", "b", "c"]);
    assert_eq!(report.matches("error: ").count(), 3, "{report}");
    let many = vec!["a"; 1000];
    assert_eq!(self::report(&many).matches("error: ").count(), 20);
}

#[test]
fn too_much_is_refused_and_salvaged_within_the_limits() {
    let tasks = "task user\n  devlink.dump\n".repeat(10_000);
    let million = "#".repeat(1 << 20);
    let commands = format!("task user\n{}", "  devlink.dump\n".repeat(COMMANDS_MAX + 1));
    let random: Vec<u8> = (0..1u32 << 20).map(|at| (at.wrapping_mul(0x9e37_79b1) >> 24) as u8).collect();
    let random_text = String::from_utf8_lossy(&random);
    for text in [tasks.as_str(), &million, &commands, &random_text] {
        assert!(Program::parse(text, "x.prog").is_err());
        let (program, dropped) = Program::salvage(text.as_bytes());
        assert!(!dropped.is_empty());
        assert!(program.tasks.len() <= TASKS_MAX && program.commands() <= COMMANDS_MAX);
    }
    let records = Program::from_bytes(&random);
    assert!(records.tasks.len() <= TASKS_MAX && records.commands() <= COMMANDS_MAX);
}

#[test]
fn a_text_within_the_size_but_with_too_many_tasks_is_told_the_limit() {
    let names = unreg::event::TaskName::ALL.iter().take(TASKS_MAX + 1);
    let lines: Vec<_> = names.map(|name| format!("task {name}")).collect();
    let report = report(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(report.contains(&format!("a program has at most {TASKS_MAX} tasks")), "{report}");
}

const TEXT: &str = "# What happens.\ntask user\n  devlink.dump\n";

/// Every verb that reads a program, on a file of these bytes.
fn read_by_every_verb(name: &str, bytes: &[u8]) -> Vec<Output> {
    let folder = tempfile::tempdir().expect("there is room");
    std::fs::write(folder.path().join(name), bytes).expect("it can be written");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_unreg"));
        command.current_dir(folder.path()).args(arguments).output().expect("unreg starts")
    };
    let verbs =
        [&["run", name][..], &["fmt", "--check", name], &["decode", name], &["encode", name, "-o", "out"]];
    let outputs = verbs.map(run).into();
    assert_eq!(std::fs::read(folder.path().join(name)).expect("it is there"), bytes, "it was not changed");
    outputs
}

/// Every verb ends with 2 and says this in its message.
fn refused(name: &str, bytes: &[u8], parts: &[&str]) {
    for output in read_by_every_verb(name, bytes) {
        assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        for part in parts {
            assert!(message.contains(part), "no `{part}` in {message}");
        }
    }
}

#[test]
fn an_empty_file_is_no_program() {
    for bytes in [&b""[..], b"\n", b" \r\n\t"] {
        refused("x.prog", bytes, &["x.prog is empty", "expected a program"]);
    }
}

#[test]
fn utf16_is_named_in_every_form() {
    let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let marked = format!("\u{feff}{TEXT}");
    for bytes in [little(TEXT), big(TEXT), little(&marked), big(&marked)] {
        for name in ["x.prog", "x"] {
            refused(name, &bytes, &["the file is UTF-16; programs are UTF-8", "iconv -f UTF-16"]);
        }
    }
}

#[test]
fn a_byte_that_is_no_utf8_is_pointed_at() {
    let parts = ["x.prog:3:4: the byte 0xfc is no UTF-8; programs are UTF-8"];
    refused("x.prog", b"# Why.\ntask user\n  #\xfcber\n", &parts);
    // A zero in a text file does not make it an engine's.
    refused("x.prog", b"task user\n  devlink.dump\0\n", &["x.prog:2:3", r"`devlink.dump\0` is no command"]);
    refused("x.prog", b"\0task user\n", &["x.prog:1:1", r"`\0task` stands outside a task"]);
}

#[test]
fn a_byte_order_mark_means_nothing() {
    let marked = format!("\u{feff}{TEXT}");
    let program = Program::parse(TEXT, "x").expect("it is a program");
    assert_eq!(Program::parse(&marked, "x").expect("it is one too"), program);
    assert_eq!(Program::from_bytes(marked.as_bytes()), program);
    assert_eq!(unreg::program::text::format::format(&marked), TEXT);
    let codes = read_by_every_verb("x.prog", marked.as_bytes());
    let codes: Vec<_> = codes.iter().map(|output| output.status.code()).collect();
    assert_eq!(codes, [Some(0), Some(1), Some(0), Some(0)], "fmt would take it away");
    // Columns are counted behind it.
    let report = report(&["\u{feff}taks user"]);
    assert!(report.contains("x.prog:1:1") && report.contains("`taks` stands outside a task"), "{report}");
    let report = self::report(&["task user", "\u{feff}task probe"]);
    assert!(report.contains(r"`\u{feff}task` is no command"), "what is not seen is shown: {report}");
}

#[test]
fn a_message_obeys_no_control_character_of_its_text() {
    let report = report(&["task user", "  \u{1b}[31mdevlink.dump\u{7}"]);
    assert!(!report.contains(['\u{1b}', '\u{7}']), "{report:?}");
    assert!(report.contains(r"\u{1b}[31mdevlink.dump\u{7}"), "{report}");
}

/// What `unreg corpus` says of a folder, by verb.
fn looked_after(folder: &Path) -> Vec<Output> {
    let verbs = [
        &["corpus", "show", "in"][..],
        &["corpus", "minimize", "in", "-o", "few"],
        &["corpus", "import", "in", "--into", "all"],
    ];
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_unreg"));
        command.current_dir(folder).args(arguments).output().expect("unreg starts")
    };
    verbs.map(run).into()
}

/// A file that a corpus cannot hold: its name, what makes it, and what is said of it.
type Unfit = (&'static str, fn(&Path), &'static str);

#[test]
fn what_a_corpus_cannot_hold_is_named_and_the_rest_is_read() {
    let cases: [Unfit; 5] = [
        ("large", |path| std::fs::write(path, vec![b'#'; 2 << 20]).unwrap(), "larger than 1048576 bytes"),
        ("up", |path| std::os::unix::fs::symlink("/", path).unwrap(), "is a link, and not followed"),
        (
            "file",
            |path| std::os::unix::fs::symlink("/etc/passwd", path).unwrap(),
            "is a link, and not followed",
        ),
        ("gone", |path| std::os::unix::fs::symlink("nowhere", path).unwrap(), "is a link, and not followed"),
        ("typo.prog", |path| std::fs::write(path, "task user\n  devlink.dmup\n").unwrap(), "typo.prog:2:3"),
    ];
    for (name, make, why) in cases {
        let folder = tempfile::tempdir().expect("there is room");
        let below = folder.path().join("in/below");
        std::fs::create_dir_all(&below).unwrap();
        std::fs::write(below.join("a.prog"), TEXT).unwrap();
        make(&below.join(name));
        for (output, says) in
            looked_after(folder.path()).iter().zip(["1 programs reach", "1 of 1 files", "1 of 1 inputs"])
        {
            let (stdout, stderr) =
                (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert_eq!(output.status.code(), Some(2), "{name}: {stdout}{stderr}");
            assert!(stderr.contains(why) && stderr.contains(name), "{name}: {stderr}");
            assert!(stdout.contains(says), "{name}: {stdout}");
        }
    }
}

#[test]
fn a_link_within_a_corpus_leaves_nothing_out() {
    let folder = tempfile::tempdir().expect("there is room");
    std::fs::create_dir_all(folder.path().join("real/below")).unwrap();
    std::fs::write(folder.path().join("real/below/a.prog"), TEXT).unwrap();
    std::os::unix::fs::symlink("..", folder.path().join("real/below/round")).unwrap();
    // The folder that is named may itself be a link.
    std::os::unix::fs::symlink("real", folder.path().join("in")).unwrap();
    for output in looked_after(folder.path()) {
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
