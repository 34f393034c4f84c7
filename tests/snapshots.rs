//! Snapshots are there to be read: a long one has a reason, and two that are equal are of two programs.

mod walk;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use unreg::program::Program;

/// The most lines of a snapshot that needs no reason.
const LINES_MAX: usize = 200;

/// The reason of most: such a program has one reload and little else.
const RELOAD: &str = "a reload announces each part as it goes and as it comes, under a kernel's decisions and under the settled";

/// The snapshots that have more, and why their programs are not split. A row goes when it is no longer so.
const LONG: &[(&str, &str)] = &[
    (
        "devlink/instance-ends-before-its-nodes",
        "an instance with its rate nodes is made and ends, under both decisions",
    ),
    ("devlink/linux-driver-is-bound-in-another-namespace", RELOAD),
    (
        "devlink/linux-filtered-socket-stays-where-it-was-opened",
        "three sockets hear the same messages, each in its own way: together they show the order",
    ),
    ("devlink/linux-module-goes-with-its-devices", "several devices that go together are what it is about"),
    ("devlink/linux-module-waits-for-a-namespace-that-ends", RELOAD),
    (
        "devlink/linux-namespace-ends-after-a-move-into-it",
        "a move and the move home: two reloads that belong together",
    ),
    ("devlink/linux-params-and-their-errors", RELOAD),
    ("devlink/linux-port-blocks-every-later-reload", "the later reloads are what it is about"),
    ("devlink/linux-ports-come-and-go", "ports of each kind come and go beside each other"),
    ("devlink/linux-rate-nodes-live-through-a-reload", RELOAD),
    ("devlink/linux-reload-makes-health-reporters-anew", RELOAD),
    ("devlink/linux-reload-renews-everything", RELOAD),
    ("devlink/linux-reload-takes-the-vfs-away", RELOAD),
    ("devlink/linux-resources-are-divided-by-a-reload", RELOAD),
    ("devlink/linux-selftest-resource-follows-a-move", RELOAD),
    (
        "devlink/linux-snapshot-id-is-never-free-again",
        "an id that is taken for ever needs the attempts after each way to free it",
    ),
    ("devlink/notifier-is-in-two-lists", RELOAD),
    ("devlink/notifier-stays-in-a-namespace", "a move, and then the device that meets what the move left"),
    ("ib/linux-compat-device-comes-once", "a device and its likeness in each namespace are made and go"),
    (
        "mdev/child-ends-a-devlink-instance",
        "two subsystems: a child's end and the whole end of the instance below it",
    ),
    ("mdev/linux-mdev-first-reason-counts", "each way to be refused, in the order in which the kernel asks"),
    ("mdev/linux-mdev-parents-come-and-go", "parents of both drivers come and go beside each other"),
    ("mdev/linux-mdev-ports-run-out", "the ports run out with the thirteenth device, so twelve are made"),
];

#[test]
fn a_long_snapshot_has_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    for path in walk::files(&root.join("snapshots")) {
        if path.extension().is_none_or(|extension| extension != "snap") {
            continue;
        }
        let name = path.strip_prefix(root.join("snapshots")).expect("below it").with_extension("");
        let name = name.to_str().expect("names are ASCII");
        let lines = fs::read_to_string(&path).expect("it can be read").lines().count();
        let has_reason = LONG.iter().any(|(long, _)| *long == name);
        if (lines > LINES_MAX) != has_reason {
            wrong.push(format!("{name} has {lines} lines"));
        }
    }
    assert!(
        wrong.is_empty(),
        "split the program, or say why not in LONG of tests/snapshots.rs:\n{}",
        wrong.join("\n")
    );
    assert!(LONG.iter().all(|(_, why)| why.len() > 20), "a reason says something");
    let missing =
        LONG.iter().filter(|(name, _)| !root.join("snapshots").join(format!("{name}.snap")).exists());
    assert_eq!(missing.count(), 0, "LONG names snapshots that are not there");
}

/// Equal streams say that two kernels, or two decisions, come to the same. Of one program they would say nothing.
#[test]
fn no_two_programs_of_the_corpus_are_the_same() {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (path, text) in walk::corpus() {
        let name = path.display().to_string();
        let program = Program::parse(&text, &name).unwrap_or_else(|errors| panic!("{errors}"));
        if let Some(other) = seen.insert(program.to_string(), name.clone()) {
            panic!("{name} and {other} are the same program");
        }
    }
    assert!(seen.len() > 300);
}
