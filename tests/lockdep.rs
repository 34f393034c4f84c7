//! The order of locks in the model, and lockdep in a debug kernel, over the corpus under the decisions of Linux 6.12.
//!
//! Where lockdep looks at every lock of an order, it reports the order, so the model must not report one: no run of these
//! programs makes the debug kernel's lockdep complain. What the model reports all the same leads through something that
//! lockdep does not look at. `UNREG_THOROUGH=1` asks the kernel again.

mod walk;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use unreg::event::{LockClass, What};
use unreg::program::{Program, Variants};
use unreg::run::Machine;

/// What waits like a lock and is none to the lockdep of 6.12: a file of debugfs has a count and a completion
/// (`debugfs_file_get()`), and so have the users of an RDMA device (`ib_device_put()`).
const UNSEEN: &[LockClass] =
    &[LockClass::TakeSnapshotFile, LockClass::BreakHealthFile, LockClass::FibFile, LockClass::Users];

/// The programs of which the model reports an order. The debug kernel ran those that it can be asked, and its lockdep
/// reported none.
const ORDERS: &[&str] = &[
    "devlink/error-is-reported-after-unregister",
    "devlink/linux-reload-makes-health-reporters-anew",
    "devlink/linux-reload-waits-for-a-report",
    "devlink/linux-selftest-dummy-reporter",
    "devlink/reload-waits-for-a-report-that-waits-for-it",
    "ib/linux-new-namespace-waits-for-a-device-that-stays",
];

/// How lockdep begins.
const COMPLAINTS: &[&str] = &["INFO: possible ", "WARNING: inconsistent lock state"];

fn name(path: &Path) -> String {
    let path = path.strip_prefix(walk::folder("corpus")).expect("it is in the corpus").with_extension("");
    path.to_string_lossy().into_owned()
}

#[test]
fn every_order_that_the_model_reports_leads_through_what_lockdep_does_not_see() {
    let linux = Variants::parse("linux-6.12").expect("it is a variant of each subsystem");
    let (mut machine, mut orders) = (Machine::default(), BTreeSet::new());
    for (path, text) in walk::corpus() {
        let parsed = Program::parse(&text, &path.to_string_lossy());
        let program = Program { variants: linux, ..parsed.unwrap_or_else(|errors| panic!("{errors}")) };
        let trace = machine.run(&program);
        for event in trace.events.iter().filter(|event| matches!(event.what, What::LockOrder(_))) {
            orders.insert(name(&path));
            let is_unseen = trace.cycle(event.what).iter().any(|link| UNSEEN.contains(&link.waits.class));
            assert!(is_unseen, "lockdep would report {}: {:?}", name(&path), trace.cycle(event.what));
        }
    }
    assert_eq!(orders.iter().map(String::as_str).collect::<Vec<_>>(), ORDERS);
}

#[test]
fn lockdep_reports_none_of_them() {
    if std::env::var_os("UNREG_THOROUGH").is_none_or(|value| value.is_empty()) {
        eprintln!("the debug kernel is not asked: UNREG_THOROUGH=1 does that");
        return;
    }
    let is_linux = |name: &String| name.split('/').nth(1).is_some_and(|name| name.starts_with("linux-"));
    let (mut asked, corpus) = (0, walk::folder("corpus"));
    for (path, _) in walk::corpus().into_iter().filter(|(path, _)| is_linux(&name(path))) {
        let mut unreg = Command::new(env!("CARGO_BIN_EXE_unreg"));
        let output =
            unreg.args(["linux", "run", "--release", "6.12", "--config", "debug"]).arg(&path).output();
        let output = output.expect("unreg runs");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert_ne!(output.status.code(), Some(4), "there is no debug kernel of 6.12: {said}");
        for complaint in COMPLAINTS {
            assert!(!said.contains(complaint), "{}: {said}", path.display());
        }
        asked += 1;
    }
    assert!(asked >= 40, "{asked} programs of {} were asked", corpus.display());
}
