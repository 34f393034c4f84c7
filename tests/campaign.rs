//! Campaigns: a hunt that keeps its corpus, is killed and goes on, and what looks after corpora.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use unreg::program::Program;
use unreg::search::coverage::{Feature, Reader};

fn unreg(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unreg"));
    command.current_dir(folder).args(arguments);
    command
}

fn output(folder: &Path, arguments: &[&str]) -> Output {
    unreg(folder, arguments).output().expect("unreg starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    files.sort();
    files
}

/// What the programs of a folder cover together.
fn covered(folder: &Path) -> BTreeSet<u64> {
    let mut reader = Reader::default();
    let mut all = BTreeSet::new();
    for path in files(folder) {
        let program = Program::from_bytes(&fs::read(path).expect("it can be read"));
        all.extend(reader.read(&program).iter().map(Feature::number));
    }
    all
}

#[test]
fn a_hunt_that_is_killed_goes_on_with_all_it_had() {
    let folder = tempfile::tempdir().expect("there is room");
    let corpus = folder.path().join("corpus");
    // An invariant whose violations are rare, so that there is a corpus before there is a finding.
    let hunt = ["hunt", "--all", "--variant", "mdev=create-waits", "--corpus", "corpus", "--time", "60s"];
    let mut before = 0;
    for round in 0..4_u64 {
        let mut child = unreg(folder.path(), &hunt)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        std::thread::sleep(Duration::from_millis(700 + 130 * round));
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        let now = files(&corpus);
        assert!(now.len() >= before, "{} files became {}", before, now.len());
        before = now.len();
        for path in now {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let bytes = fs::read(&path).expect("it can be read");
            // Half a file would be another program. Those with a dot are what the kill interrupted, and are not read.
            assert!(
                name.starts_with('.') || bytes.len() % 8 == 0 && !bytes.is_empty(),
                "{name} is not whole"
            );
        }
    }
    assert!(before > 20, "only {before} files");
    // Every finding was stored before it was minimised: going on reports and files each of them.
    let output = output(
        folder.path(),
        &["hunt", "--all", "--variant", "mdev=create-waits", "--corpus", "corpus", "--runs", "500"],
    );
    let names: BTreeSet<&str> = BTreeSet::from(["no-deadlock", "lock-order"]);
    let filed: Vec<String> = files(&folder.path().join("findings"))
        .iter()
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    for invariant in names {
        assert!(
            filed.iter().any(|name| name.starts_with(invariant)),
            "{invariant} is lost: {filed:?}\n{}",
            stdout(&output)
        );
    }
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn two_hunts_share_a_folder() {
    let folder = tempfile::tempdir().expect("there is room");
    let hunt = |seed: &str| {
        let arguments =
            ["hunt", "--variant", "settled", "--corpus", "corpus", "--runs", "3000", "--seed", seed];
        unreg(folder.path(), &arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts")
    };
    let mut both = [hunt("1"), hunt("2")];
    assert!(both.iter_mut().all(|child| child.wait().expect("it ends").success()));
    let corpus = folder.path().join("corpus");
    let shared = files(&corpus);
    assert!(shared.len() > 100, "{} programs", shared.len());
    assert!(shared.iter().all(|path| !path.file_name().expect("a name").to_string_lossy().starts_with('.')));
}

/// The invariants that a hunt of so many jobs breaks, each with so many runs.
fn broken(variant: &str, jobs: u32, runs_each: u32) -> BTreeSet<String> {
    let folder = tempfile::tempdir().expect("there is room");
    let (jobs, runs) = (jobs.to_string(), (jobs * runs_each).to_string());
    let hunt = [
        "hunt",
        "--variant",
        variant,
        "--all",
        "--seed",
        "3",
        "--jobs",
        &jobs,
        "--runs",
        &runs,
        "--json",
        "-q",
    ];
    let output = output(folder.path(), &hunt);
    let found = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        (line["kind"] == "finding").then(|| line["invariant"].as_str().expect("a name").to_string())
    };
    let broken: BTreeSet<String> = stdout(&output).lines().filter_map(found).collect();
    assert_eq!(output.status.code(), Some(i32::from(!broken.is_empty())), "{}", stderr(&output));
    broken
}

#[test]
fn more_jobs_find_no_less_and_the_same_each_time() {
    for (variant, at_least) in [("ib=device-mutex", 3), ("settled", 0)] {
        let one = broken(variant, 1, 2_000);
        assert!(one.len() >= at_least, "{variant}: {one:?}");
        let eight = broken(variant, 8, 2_000);
        assert!(
            eight.is_superset(&one) && eight.is_empty() == one.is_empty(),
            "{variant}: {one:?} and {eight:?}"
        );
        assert_eq!(broken(variant, 8, 2_000), eight, "{variant}");
    }
}

#[test]
fn a_proof_comes_to_the_same_on_any_number_of_threads() {
    let folder = tempfile::tempdir().expect("there is room");
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/mdev").display().to_string();
    let prove = |jobs: &str| {
        let arguments =
            ["prove", &corpus, "--executions", "20", "--jobs", jobs, "--findings", jobs, "--json"];
        let output = output(folder.path(), &arguments);
        let files: Vec<PathBuf> = files(&folder.path().join(jobs));
        let names: Vec<_> =
            files.iter().map(|path| path.file_name().map(std::ffi::OsStr::to_owned)).collect();
        (output.status.code(), stdout(&output), names)
    };
    let (code, said, names) = prove("1");
    assert_eq!(code, Some(1), "some programs break what they say");
    assert!(said.lines().count() > 50 && names.len() > 20, "{said}");
    assert!(prove("8") == (code, said, names), "the verdicts or the findings differ");
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_at_once() {
    let folder = tempfile::tempdir().expect("there is room");
    fs::write(folder.path().join("corpus"), "in the way").expect("it can be written");
    let output = output(folder.path(), &["hunt", "--corpus", "corpus", "--time", "60s"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("cannot make the folder corpus"), "{}", stderr(&output));
}

#[test]
fn a_disk_that_takes_no_more_ends_a_hunt_with_a_clear_error() {
    // A limit on the length of files is a full disk that needs no root: small programs fit, the first large one does not.
    let folder = tempfile::tempdir().expect("there is room");
    let hunt = format!(
        "trap '' XFSZ; exec prlimit --fsize=200 {} hunt --variant settled --seed 1 --jobs 1 --corpus corpus --time 60s",
        env!("CARGO_BIN_EXE_unreg")
    );
    let output =
        Command::new("sh").current_dir(folder.path()).args(["-c", &hunt]).output().expect("sh starts");
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("cannot write corpus/"), "{}", stderr(&output));
    let kept = files(&folder.path().join("corpus"));
    assert!(!kept.is_empty(), "what fitted was kept");
    let whole = |path: &PathBuf| fs::read(path).expect("it can be read").len().is_multiple_of(8);
    assert!(kept.iter().all(whole), "and nothing that did not");
}

#[test]
fn the_smallest_part_of_a_corpus_covers_as_much() {
    let folder = tempfile::tempdir().expect("there is room");
    let hunt = ["hunt", "--variant", "settled", "--corpus", "all", "--runs", "2000", "--seed", "3"];
    assert_eq!(output(folder.path(), &hunt).status.code(), Some(0));
    let minimized = output(folder.path(), &["corpus", "minimize", "all", "-o", "few"]);
    assert_eq!(minimized.status.code(), Some(0), "{}", stderr(&minimized));
    let (all, few) = (folder.path().join("all"), folder.path().join("few"));
    assert!(files(&few).len() < files(&all).len());
    assert_eq!(covered(&few), covered(&all));
    for left_out in files(&few) {
        let bytes = fs::read(&left_out).expect("it can be read");
        fs::remove_file(&left_out).expect("it can be removed");
        assert_ne!(covered(&few), covered(&all), "{} is not needed", left_out.display());
        fs::write(&left_out, bytes).expect("it can be written");
    }
}

#[test]
fn what_either_engine_kept_is_imported_once() {
    let folder = tempfile::tempdir().expect("there is room");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/devlink");
    let record = |name: &str| {
        let text = fs::read_to_string(root.join(name)).expect("the program is there");
        let program = Program::parse(&text, name).unwrap_or_else(|errors| panic!("{errors}"));
        unreg::program::record::encode(&program)
    };
    let crash = record("eswitch-set-during-probe.prog");
    // libFuzzer's folders are flat; AFL++ has its own, with figures beside.
    for (path, bytes) in [
        ("lib/0a4d55a8d778e5022fab701977c5d840bbc486d0", &crash[..]),
        ("afl/main/fuzzer_stats", b"execs_done : 1"),
        ("afl/main/queue/id:000000,orig:a", &crash[..]),
        ("afl/main/queue/.state/dirty", b"\x10\0\0\0\0\0\0\0"),
        ("afl/main/crashes/README.txt", b"Command line used"),
        ("afl/main/crashes/id:000000,sig:06", b"task user\n  devlink.dump\n"),
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
        fs::write(path, bytes).expect("it can be written");
    }
    let import = ["corpus", "import", "lib", "afl", "--into", "corpus"];
    let first = output(folder.path(), &import);
    assert!(stdout(&first).starts_with("2 of 3 inputs"), "{}{}", stdout(&first), stderr(&first));
    assert!(stdout(&output(folder.path(), &import)).starts_with("0 of 3 inputs"));
    assert_eq!(files(&folder.path().join("corpus")).len(), 2);
}

#[test]
fn the_committed_corpus_is_complete_and_the_tables_say_what_a_folder_lacks() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let complete = output(root, &["corpus", "show", "corpus", "--complete"]);
    assert_eq!(complete.status.code(), Some(0), "{}", stdout(&complete));
    assert!(stdout(&complete).contains("lasting states"));
    let partial = output(root, &["corpus", "show", "corpus/mdev", "--complete"]);
    assert_eq!(partial.status.code(), Some(1));
    assert!(stdout(&partial).contains("missing: a program that breaks reload-reinitialises"));
    assert_eq!(output(root, &["corpus", "show", "corpus/mdev"]).status.code(), Some(0));
}

#[test]
fn two_artifacts_of_one_cause_get_one_name() {
    let folder = tempfile::tempdir().expect("there is room");
    let program = |device: u8, rest: &str| {
        format!("variant devlink early-register\n\ntask probe\n  driver.probe netdevsim/{device}\n{rest}")
    };
    fs::create_dir_all(folder.path().join("artifacts/devlink")).expect("it can be made");
    let schedule = "\nschedule\n  probe until devlink_nl_notify_send:notify\n  user\n  user\n";
    for (name, device, rest) in [
        ("one", 0, format!("task user\n  devlink.dump\n  devlink.get netdevsim/0\n{schedule}")),
        ("two", 1, format!("task user\n  devlink.get netdevsim/0\n  devlink.dump\n{schedule}")),
    ] {
        let text = program(device, &rest);
        let program = Program::parse(&text, name).unwrap_or_else(|errors| panic!("{errors}"));
        let path = folder.path().join(format!("artifacts/devlink/crash-{name}"));
        fs::write(path, unreg::program::record::encode(&program)).expect("it can be written");
    }
    let inputs = ["artifacts/devlink/crash-one", "artifacts/devlink/crash-two"];
    let how = ["--findings", "findings", "--variant", "devlink=early-register"];
    let filed = output(folder.path(), &[&["minimize"][..], &inputs, &how].concat());
    assert_eq!(filed.status.code(), Some(0), "{}", stderr(&filed));
    assert!(
        stdout(&filed).contains("crash-one: written to")
            && stdout(&filed).contains("crash-two: already known")
    );
    assert_eq!(files(&folder.path().join("findings")).len(), 1);
    // Its target runs under the settled decisions unless it was told otherwise, and so is its artifact read.
    let settled = output(folder.path(), &["minimize", inputs[0]]);
    assert_eq!(settled.status.code(), Some(2));
    assert!(stderr(&settled).contains("breaks no invariant under settled"), "{}", stderr(&settled));
    // Nor is it promoted twice.
    let promote = |to: &str, more: &[&str]| {
        output(
            folder.path(),
            &[&["promote", inputs[0], to, "--variant", "devlink=early-register"], more].concat(),
        )
    };
    assert_eq!(promote("corpus/first.prog", &[]).status.code(), Some(0));
    let twice = promote("corpus/second.prog", &[]);
    assert_eq!(twice.status.code(), Some(2));
    assert!(stderr(&twice).contains("corpus/first.prog has the same cause"), "{}", stderr(&twice));
    assert_eq!(promote("corpus/second.prog", &["--duplicate"]).status.code(), Some(0));
}
