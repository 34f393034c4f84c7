//! Known findings: each is a program that says what it is known by, and a kernel that has it still shows it.
//!
//! Where a debug kernel has been built, it is asked. Without one the files are only read.

use std::path::Path;
use std::process::{Command, Output};

const UNREG: &str = env!("CARGO_BIN_EXE_unreg");

fn unreg(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    Command::new(UNREG).args(arguments).current_dir(root).output().expect("unreg runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn every_known_finding_is_in_the_table_of_kernels() {
    let output = unreg(&["linux", "regress", "--table", "--as", "markdown"]);
    assert!(output.status.success(), "{}", said(&output));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    let files = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("findings/known")).unwrap();
    let files = files.flatten().filter(|file| file.path().extension().is_some_and(|ending| ending == "prog"));
    assert_eq!(table.lines().count(), files.count() + 2, "a row a finding:\n{table}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/kernels.md");
    let page = std::fs::read_to_string(&path).expect("a page can be read");
    let marks = ["<!-- unreg linux regress --table --as markdown -->\n", "<!-- end -->"];
    let (before, rest) = page.split_once(marks[0]).expect("the page has a table");
    let (_, after) = rest.split_once(marks[1]).expect("the table has an end");
    let due = [before, marks[0], &table, marks[1], after].concat();
    if page != due && std::env::var_os("UNREG_UPDATE").is_some() {
        std::fs::write(&path, due).expect("a page can be written");
    } else {
        assert_eq!(page, due, "docs/kernels.md is out of date: UNREG_UPDATE=1 cargo test --test regress");
    }
}

#[test]
fn kernels_have_the_findings_that_they_are_known_to_have() {
    // The fast kernels, so that all of it takes two minutes; of 7.3 CI has the one that judges.
    for (release, config) in [("6.1", "fast"), ("6.12", "fast"), ("7.3", "debug")] {
        let output = unreg(&["linux", "regress", "--release", release, "--config", config]);
        if output.status.code() == Some(4) {
            eprintln!("LINUX {release} WAS NOT ASKED FOR KNOWN FINDINGS: {}", said(&output));
            continue;
        }
        assert!(output.status.success(), "{}", said(&output));
    }
}

/// A machine that is busy is no reason to take a finding for gone.
#[test]
fn a_finding_whose_guest_is_too_slow_is_not_gone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = "writer-of-break-health-meets-reload.prog";
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(root.join("findings/known").join(file), folder.path().join(file)).expect("it is there");
    let known = folder.path().display().to_string();
    let asks = |how: &str| {
        let kernel = ["linux", "regress", "--release", "6.12", "--config", "fast", "--patience", "1s"];
        unreg(&[&kernel[..], &["--known", &known, "--sabotage", how]].concat())
    };
    let cases = [
        ("boot", 0, "  there"),
        ("boots", 2, "no answer: the guest did not boot"),
        ("hang", 0, "  there"),
        ("hangs", 2, "no answer: the guest does not answer in time"),
    ];
    for (how, code, words) in cases {
        let output = asks(how);
        if output.status.code() == Some(4) {
            eprintln!("NO KERNEL WAS ASKED FOR A KNOWN FINDING: {}", said(&output));
            return;
        }
        assert_eq!(output.status.code(), Some(code), "{how}: {}", said(&output));
        assert!(said(&output).contains(words), "{how}: {}", said(&output));
    }
}

#[test]
fn what_is_no_known_finding_is_refused_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "# A device.\n#: key x\n#: confg debug\ntask user\n  devlink.get netdevsim/0\n";
    std::fs::write(folder.path().join("a.prog"), text).expect("it can be written");
    let output = unreg(&["linux", "regress", "--table", "--known", &folder.path().display().to_string()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("a.prog:3:4: `confg` is no field"), "{}", said(&output));
    let none = unreg(&["linux", "regress", "--table", "--known", "/nowhere"]);
    assert_eq!(none.status.code(), Some(2), "{}", said(&none));
}
