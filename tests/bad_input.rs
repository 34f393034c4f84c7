//! Bad input: a typo says where it is and what would be right, and too much of anything has an end.

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
