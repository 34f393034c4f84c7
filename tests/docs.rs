//! The guide is true: its commands are run, its tables are what `unreg list` prints, and its links lead somewhere.
//!
//! A block that is marked `console` holds commands for a shell, each behind `$ `, and below each what it prints. They run
//! one after the other in one folder a page, which holds the corpus. `...` stands for any lines and `[..]` for any text.
//! `UNREG_UPDATE=1 cargo test --test docs` writes what is due where a command prints something else.

mod walk;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use unreg::invariant::{ALL, named};
use unreg::program::{COMMANDS_MAX, SEGMENTS_MAX, TASKS_MAX};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let mut pages = walk::files(&root().join("docs"));
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    assert!(pages.len() >= 8, "{} pages", pages.len());
    pages
}

/// Runs a command as the page's reader would, and returns what both streams say and how it ended.
fn run(command: &str, folder: &Path) -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_unreg")).parent().expect("a binary is in a folder");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{{ {command}\n}} 2>&1")]).current_dir(folder).env("PATH", path);
    let output = shell.env_remove("UNREG_VARIANT").output().expect("there is a shell");
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.code() {
        Some(0) => {}
        code => said += &format!("[exit code {}]\n", code.map_or("none".into(), |code| code.to_string())),
    }
    said
}

/// What became of a page's commands.
#[derive(Default)]
struct Performed {
    /// The page with what its commands print, where that is not what the page says.
    due: String,
    commands: usize,
    /// The commands that print something else, with what that is.
    stale: Vec<String>,
}

fn performed(page: &str, folder: &Path) -> Performed {
    let Performed { mut due, mut commands, mut stale } = Performed::default();
    let mut parts = page.split("```console\n");
    due += parts.next().unwrap_or_default();
    for part in parts {
        let (block, rest) = part.split_once("```").expect("a block has an end");
        due += "```console\n";
        for step in block.split("$ ").filter(|step| !step.is_empty()) {
            // A command goes on while a line ends in a backslash, or up to the end of a here-document.
            let lines = if step.contains("<<'END'") {
                step.lines().position(|line| line == "END").expect("a here-document ends in END") + 1
            } else {
                1 + step.lines().take_while(|line| line.ends_with('\\')).count()
            };
            let command: String = step.split_inclusive('\n').take(lines).collect();
            let shown: String = step.split_inclusive('\n').skip(lines).collect();
            let said = run(command.trim_end(), folder);
            commands += 1;
            let is_alike = is_alike(&shown, &said);
            due += &format!("$ {command}{}", if is_alike { shown.clone() } else { without_times(&said) });
            if !is_alike {
                stale.push(format!("$ {command}the page says:\n{shown}and it prints:\n{said}"));
            }
        }
        due += "```";
        due += rest;
    }
    Performed { due, commands, stale }
}

/// What a command printed, with `[..]` for the rates and the seconds at the end of a search's last line, which no two runs
/// have alike.
fn without_times(said: &str) -> String {
    let is_last = |line: &str| line.starts_with("seed ") && line.ends_with(" s");
    let mask = |line: &str| {
        let words =
            line.strip_suffix(" s").unwrap_or(line).rsplit_once(' ').map_or(line, |(before, _)| before);
        let is_rate = |word: &str| word.starts_with('(') && word.contains("/s)");
        let masked = words.split(' ').map(|word| match word {
            rate if is_rate(rate) => format!("([..]/s){}", if rate.ends_with(',') { "," } else { "" }),
            word => word.to_string(),
        });
        format!("{} [..] s", masked.collect::<Vec<_>>().join(" "))
    };
    let lines = said.split_inclusive('\n').map(|line| match line.strip_suffix('\n') {
        Some(text) if is_last(text) => mask(text) + "\n",
        _ => line.to_string(),
    });
    lines.collect()
}

#[test]
fn a_search_is_shown_without_its_times() {
    let said = "seed 1, under settled: 4 runs (1.3k/s), 72 steps (6856/s), 49 states, findings 1, 0.0 s\n[exit code 1]\n";
    let due = "seed 1, under settled: 4 runs ([..]/s), 72 steps ([..]/s), 49 states, findings 1, [..] s\n[exit code 1]\n";
    assert_eq!(without_times(said), due);
}

/// Whether a command printed what a page shows, whose `...` and `[..]` stand for anything.
fn is_alike(shown: &str, said: &str) -> bool {
    let said = snapbox::Data::text(said.to_string());
    snapbox::Assert::new()
        .action_env("UNREG_NO_ACTION")
        .try_eq(None, said, snapbox::Data::text(shown.to_string()))
        .is_ok()
}

#[test]
fn every_command_of_the_guide_prints_what_the_guide_says() {
    let mut all = 0;
    for path in pages() {
        let page = fs::read_to_string(&path).expect("a page can be read");
        let folder = tempfile::tempdir().expect("a folder for the page");
        std::os::unix::fs::symlink(root().join("corpus"), folder.path().join("corpus")).expect("a link");
        let Performed { due, commands, stale } = performed(&page, folder.path());
        all += commands;
        agree(&path, &page, &due, &stale.join("\n"));
    }
    assert!(all >= 20, "{all} commands");
}

/// Demands that a page is what is due, or makes it so if asked to.
fn agree(path: &Path, page: &str, due: &str, stale: &str) {
    if page != due && std::env::var_os("UNREG_UPDATE").is_some() {
        fs::write(path, due).expect("a page can be written");
        return;
    }
    let name = path.strip_prefix(root()).unwrap_or(path).display();
    assert!(page == due, "{name} is out of date: UNREG_UPDATE=1 cargo test --test docs\n{stale}");
}

/// A page that is generated: an introduction up to the first heading of a section, and then what `unreg list` prints.
#[test]
fn tables_are_what_unreg_lists() {
    for (what, at_least) in
        [("variants", 12), ("invariants", 9), ("commands", 5), ("reach", 5), ("claims", 5)]
    {
        let path = root().join("docs").join(what).with_extension("md");
        let page = fs::read_to_string(&path).expect("a page can be read");
        let introduction = page.split("\n## ").next().expect("a page begins");
        let listed = run(&format!("unreg list {what} --as markdown"), root());
        assert!(listed.matches("\n## ").count() + 1 >= at_least, "{listed}");
        agree(
            &path,
            &page,
            &format!("{introduction}\n{listed}"),
            "its tables are not what `unreg list` prints",
        );
    }
}

#[test]
fn limits_are_what_the_program_refuses() {
    let page = fs::read_to_string(root().join("docs/words.md")).expect("a page can be read");
    let said = format!(
        "at most {TASKS_MAX} tasks, {COMMANDS_MAX} commands in all, {SEGMENTS_MAX} segments of schedule, and 1,048,576 bytes"
    );
    assert!(page.contains(&said), "the page does not say: {said}");
    let folder = tempfile::tempdir().expect("a folder");
    let run = |text: String| {
        fs::write(folder.path().join("a.prog"), text).expect("a program can be written");
        run("unreg run a.prog", folder.path())
    };
    assert!(!run("#".repeat(1_048_576)).contains("is larger"), "a text of the largest size is read");
    assert!(run("#".repeat(1_048_577)).contains("1048576 bytes"), "a larger one is refused");
}

/// The anchor of a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect()
}

/// The anchors of a page's headings: lines in blocks of code are none.
fn anchors(page: &str) -> Vec<String> {
    let prose = page.split("\n```").step_by(2).flat_map(str::lines);
    prose
        .filter(|line| line.starts_with('#'))
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect()
}

#[test]
fn a_newcomer_finds_twenty_answers_in_two_clicks() {
    let readme = fs::read_to_string(root().join("README.md")).expect("there is a README");
    assert!(readme.contains("](docs/questions.md)"), "the first click");
    let page = fs::read_to_string(root().join("docs/questions.md")).expect("there is a table");
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.contains("? | ["));
    let answers = rows.filter(|row| row.matches("](").count() == 1).count();
    assert!(answers >= 20, "{answers} questions have one answer each, the second click");
}

/// Every page is in the table of contents, and every link to a file of the repository leads to one, and to a heading
/// of it if it names one.
#[test]
fn what_never_succeeds_on_a_real_kernel_has_a_reason_and_nothing_else_has() {
    let page = fs::read_to_string(root().join("docs/reach.md")).expect("a page can be read");
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let succeeds = row.trim_end_matches(" |").rsplit("| ").next().expect("a row has cells");
        assert_eq!(succeeds.starts_with("never"), succeeds.contains(": "), "{row}");
        let is_alone = row.contains("| the model alone");
        assert_eq!(is_alone, row.contains("| the model alone: "), "{row}");
    }
}

#[test]
fn every_rule_is_judged_by_an_invariant_that_there_is_or_has_a_reason() {
    let page = fs::read_to_string(root().join("docs/rules.md")).expect("a page can be read");
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.contains(". | "));
    let judges: Vec<&str> = rows.map(|row| row.rsplit(" | ").next().expect("a row has cells")).collect();
    assert!(judges.len() > 60, "{} rules", judges.len());
    let names = || judges.iter().flat_map(|judge| judge.split('`').skip(1).step_by(2));
    for name in names() {
        assert!(named(name).is_some(), "there is no invariant {name}");
    }
    for judge in &judges {
        let is_reasoned =
            ["Kernel |", "Second opinion", "Impossible: "].iter().any(|it| judge.starts_with(it));
        assert!(judge.starts_with('`') || is_reasoned, "{judge}");
    }
    for invariant in ALL {
        assert!(names().any(|name| name == invariant.name), "{} judges no rule", invariant.name);
    }
}

#[test]
fn every_page_is_reached_and_every_link_leads_somewhere() {
    let summary = fs::read_to_string(root().join("docs/SUMMARY.md")).expect("there is a table of contents");
    for path in pages() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name == "SUMMARY.md" || summary.contains(&format!("({name})")), "no way leads to {name}");
    }
    let mut files = pages();
    files.extend(
        ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "fuzz/README.md"].map(|file| root().join(file)),
    );
    for path in files {
        let page = fs::read_to_string(&path).expect("a page can be read");
        for link in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.starts_with("http") {
                let target = path.parent().unwrap().join(target);
                assert!(target.exists(), "{}: no {}", path.display(), target.display());
                if let Some((_, heading)) = link.split_once('#').filter(|_| !link.starts_with("http")) {
                    let page = fs::read_to_string(&target).expect("a page can be read");
                    let has = anchors(&page).iter().any(|anchor| anchor == heading);
                    assert!(has, "{}: {} has no heading #{heading}", path.display(), target.display());
                }
            }
        }
    }
}
