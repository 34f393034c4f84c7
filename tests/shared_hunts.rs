//! Campaigns on a kernel: a hunt that is killed goes on, and several share a folder. The kernel only pretends.

mod fake;

use fake::Fake;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Answers each request as a kernel does that refuses every command, and logs that it was asked.
const ANSWERS: &str = r#"
asked() {
    text=
    while IFS= read -r line; do
        case $line in +*) text="$text${line#+}"; echo '"Received"' ;; *) text="$text$line"; return 0 ;; esac
    done
    return 1
}
hello
while asked; do
    echo x >>"$(dirname "$0")/../asked"
    printf '%s\n' "$text" | grep -o '"task":[0-9]*,"command":[0-9]*' |
        sed 's/\(.*\)/{"Begin":{\1}}\n{"End":{\1,"errno":22}}/'
    complain
    finish
done"#;

/// A kernel that complains now and then, in one of some functions.
const COMPLAINS: &str = r#"
complain() {
    at=$((${#text} % 23))
    if [ $at -lt 8 ]; then
        printf '{"Complaint":{"text":"WARNING: net/x.c:1 at f%d+0x1/0x2, task/1"}}\n' $at
    fi
}"#;

fn hunt(fake: &Fake, time: &str) -> Command {
    let mut hunt = fake.command(env!("CARGO_BIN_EXE_unreg"));
    let kernel = fake.path("kernel").display().to_string();
    let arguments =
        ["linux", "hunt", "--only", "sequence", "--effort", "200ms", "--findings", "found", "--kernel"];
    hunt.args(arguments).args([&kernel, "--time", time]);
    hunt
}

fn start(fake: &Fake, time: &str) -> Child {
    hunt(fake, time).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("unreg starts")
}

/// Starts a hunt, and kills it as soon as this is so.
fn kill_when(fake: &Fake, is_time: impl Fn() -> bool) {
    let mut child = start(fake, "60s");
    let end = Instant::now() + Duration::from_secs(60);
    while !is_time() {
        assert!(Instant::now() < end && child.try_wait().expect("it can be asked").is_none(), "it never was");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    entries.sort();
    entries
}

fn name(path: &Path) -> String {
    path.file_name().expect("a name").to_string_lossy().into_owned()
}

fn json(path: &Path) -> serde_json::Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The programs of sequences that each hunt has counted.
fn tried(fake: &Fake) -> Vec<u64> {
    let of = |path: &PathBuf| {
        let is_book = name(path).starts_with("hunt-") && name(path).ends_with(".json");
        is_book.then(|| json(path)["tally"]["tried"][0].as_u64().expect("a count"))
    };
    entries(&fake.path("found/campaign")).iter().filter_map(of).collect()
}

/// The keys of the findings, of which each is whole, by the names of their folders.
fn findings(fake: &Fake) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for folder in entries(&fake.path("found")).into_iter().filter(|path| path.is_dir()) {
        if name(&folder).starts_with('.') || name(&folder) == "campaign" {
            continue;
        }
        for file in ["report.md", "program.prog", "log.txt", "repro.sh"] {
            assert!(folder.join(file).exists(), "{} has no {file}", folder.display());
        }
        let key = json(&folder.join("finding.json"))["key"].as_str().expect("a key").to_string();
        found.insert(name(&folder), key);
    }
    found
}

/// The findings that a hunt says are new.
fn said(output: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(output).into_owned();
    let new = text.lines().filter_map(|line| line.strip_prefix("new: "));
    new.map(|line| line.split(" (").next().unwrap_or_default().to_string()).collect()
}

#[test]
fn a_hunt_that_is_killed_loses_no_more_than_the_run_in_flight() {
    let fake = Fake::new(&format!("complain() {{ :; }}\n{ANSWERS}"));
    for round in 0..3_u64 {
        let asked = || fs::read_to_string(fake.path("asked")).unwrap_or_default().lines().count() as u64;
        let enough = asked() + 17 + 8 * round;
        kill_when(&fake, || asked() >= enough);
        // A guest that has read its request answers it before it sees that its line is closed.
        std::thread::sleep(Duration::from_millis(300));
        let (counts, asked, hunts) = (tried(&fake), asked(), round + 1);
        let counted: u64 = counts.iter().sum();
        assert_eq!(counts.len() as u64, hunts, "{counts:?}");
        // Each hunt asks once what a guest has that ran nothing.
        let lost = asked.checked_sub(counted + hunts).expect("what was counted was asked");
        assert!(counted > 0 && lost <= hunts, "{counts:?}, and {asked} were asked");
    }
    let output = hunt(&fake, "1s").output().expect("unreg starts");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let all: u64 = tried(&fake).iter().sum();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains(&format!("{all} programs")), "the sum of all four hunts: {all}\n{text}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("hunt 3 of a campaign that goes on"));
    assert!(entries(&fake.path("found/campaign/corpus")).len() > 10, "what is new in the model is kept");
}

#[test]
fn a_finding_that_was_being_made_small_when_its_hunt_was_killed_is_written_by_the_next() {
    let fake = Fake::new(&format!("{COMPLAINS}\n{ANSWERS}"));
    let mut before = BTreeMap::new();
    let pending = || entries(&fake.path("found/campaign/pending"));
    for _ in 0..3 {
        let old = pending();
        kill_when(&fake, || pending().iter().any(|path| path.extension().is_some() && !old.contains(path)));
        assert!(!pending().is_empty(), "what was being made small is there");
        let now = findings(&fake);
        assert!(before.iter().all(|(folder, key)| now.get(folder) == Some(key)), "{before:?} became {now:?}");
        before = now;
    }
    let output = hunt(&fake, "4s").output().expect("unreg starts");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{stderr}");
    assert!(pending().is_empty(), "{stderr}");
    let left = entries(&fake.path("found")).into_iter().map(|path| name(&path));
    let left: Vec<String> = left.filter(|name| name.starts_with('.')).collect();
    assert!(left.is_empty(), "{left:?}");
    let now = findings(&fake);
    assert!(!now.is_empty() && before.keys().all(|folder| now.contains_key(folder)));
    let page = fs::read_to_string(fake.path("found/index.html")).expect("there is a page");
    for (folder, key) in &now {
        assert!(page.contains(folder) && page.contains(key), "{key} is not on the page");
    }
}

#[test]
fn two_hunts_share_a_folder_and_write_each_finding_once() {
    let fake = Fake::new(&format!("{COMPLAINS}\n{ANSWERS}"));
    let both = [start(&fake, "60s"), start(&fake, "60s")];
    let end = Instant::now() + Duration::from_secs(55);
    let is_enough =
        || findings(&fake).len() > 2 && tried(&fake).iter().filter(|count| **count > 0).count() == 2;
    while !is_enough() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(50));
    }
    for hunt in &both {
        // As Ctrl-C does: it ends what it is at.
        Command::new("kill").args(["-INT", &hunt.id().to_string()]).status().expect("it can be stopped");
    }
    let outputs = both.map(|child| child.wait_with_output().expect("it ends"));
    let mut new = Vec::new();
    for output in &outputs {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{stderr}");
        new.extend(said(&output.stdout));
    }
    let found = findings(&fake);
    let keys: BTreeSet<&String> = found.values().collect();
    assert_eq!(keys.len(), found.len(), "one cause is one folder: {found:?}");
    let distinct: BTreeSet<&String> = new.iter().collect();
    assert_eq!(distinct.len(), new.len(), "none is new to both: {new:?}");
    assert_eq!(distinct, keys);
    assert!(keys.len() > 1, "{keys:?}");
    let counts = tried(&fake);
    assert!(counts.len() == 2 && counts.iter().all(|count| *count > 0), "{counts:?}");
    assert!(entries(&fake.path("found/campaign/pending")).is_empty());
}
