//! The models of Linux 6.12 and 6.1 against the kernels: what a real one was seen to do is stored in `snapshots/linux`.
//!
//! The models must match what is stored on every machine. Where a kernel has been built (`unreg linux build`), it
//! is asked too: it must match as well, and survive what a long run brings. `UNREG_KERNEL_REQUIRED=1` makes a
//! missing kernel of 6.12 a failure, `UNREG_RECORD=1` stores what the kernels say.

mod walk;

use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use unreg::linux::wire::Report;
use unreg::linux::{compare, observe, perform};
use unreg::program::{Program, Subsystem, Variants};
use unreg::run::Machine;

const UNREG: &str = env!("CARGO_BIN_EXE_unreg");
/// How the older kernel is asked for.
const OLD: &[&str] = &["--release", "6.1"];

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut new = programs(&root.join("corpus/devlink"), Subsystem::Devlink, "linux-6.12");
    let mdev = programs(&root.join("corpus/mdev"), Subsystem::Mdev, "linux-6.12");
    new.extend(mdev);
    let ib = programs(&root.join("corpus/ib"), Subsystem::Ib, "linux-6.12");
    new.extend(ib);
    let old = programs(&root.join("corpus/devlink"), Subsystem::Devlink, "linux-6.1");
    let asked = new.iter().chain(&old).map(|(path, _)| name(path)).collect();
    let lost = walk::only("stored", &walk::names(&root.join("snapshots/linux"), "txt"), &asked);
    assert!(lost.is_empty(), "programs are missing whose truth is stored:\n{lost}");
    let mut trials = Vec::new();
    for (path, program) in new.iter().chain(&old) {
        let (name, program, truth) = (name(path), program.clone(), truth(root, path));
        if truth.with_extension("jsonl").exists() {
            let (program, truth) = (program.clone(), truth.clone());
            trials.push(Trial::test(format!("read/{name}"), move || read(&program, &truth)));
        }
        trials.push(Trial::test(format!("recorded/{name}"), move || recorded(&program, &truth)));
    }
    assert!(trials.iter().any(|trial| trial.name().starts_with("read/")), "no messages are stored");
    match kernel(OLD) {
        Ok(release) => {
            eprintln!("the older kernel is asked: {release}");
            trials.extend(old.iter().map(|(path, _)| ask(root, path, OLD)));
            trials.push(Trial::test("kernel/6.1-made-up-programs", older));
        }
        Err(why) => eprintln!("Linux 6.1 was not asked: {why}"),
    }
    match kernel(&[]) {
        Ok(release) => {
            eprintln!("the real kernel is asked: {release}");
            trials.extend(new.iter().map(|(path, _)| ask(root, path, &[])));
            trials.push(Trial::test("kernel/made-up-programs-in-two-orders", two_orders));
            trials.push(Trial::test("kernel/a-planted-difference-is-minimal", planted));
            for how in ["kill", "hang", "panic"] {
                trials.push(Trial::test(format!("kernel/survives-{how}"), move || survives(how)));
            }
            trials.push(Trial::test("kernel/made-up-programs-of-mdev", mdev_in_two_orders));
            trials.push(Trial::test("kernel/mdev-wrong-order-is-seen", mdev_planted));
            trials
                .push(Trial::test("kernel/rdma-in-two-orders", || two_orders_of(60, &["--subsystem", "ib"])));
        }
        Err(why) => {
            let line = "=".repeat(100);
            eprintln!(
                "{line}\nTHE REAL KERNEL WAS NOT ASKED; only what it said once was compared with the model."
            );
            eprintln!(
                "To ask it, build it once (some minutes): cargo run --release -- linux build\n{why}\n{line}"
            );
            if std::env::var_os("UNREG_KERNEL_REQUIRED").is_some() {
                trials.push(Trial::test("kernel", move || Err(why.into())));
            }
        }
    }
    let mut arguments = Arguments::from_args();
    // A trial waits for its guest part of the time.
    let threads = || std::thread::available_parallelism().map_or(1, usize::from) + 1;
    arguments.test_threads = arguments.test_threads.or_else(|| Some(threads()));
    libtest_mimic::run(&arguments, trials).exit();
}

/// A program to ask a kernel about.
fn ask(root: &Path, path: &Path, which: &'static [&'static str]) -> Trial {
    let (path, truth) = (path.to_path_buf(), truth(root, path));
    Trial::test(format!("kernel/{}", name(&path)), move || asked(&path, &truth, which))
}

/// The programs under the decisions of one release that a real kernel can run, in the order of their names: not those
/// with a schedule, which `tests/steer.rs` has the kernel follow, nor those of which it is not known what it does.
fn programs(folder: &Path, subsystem: Subsystem, release: &str) -> Vec<(PathBuf, Program)> {
    let linux = subsystem.variant(release).expect("it is a variant");
    let entries = std::fs::read_dir(folder).expect("the corpus can be read");
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.expect("the corpus can be read").path()).collect();
    paths.sort();
    let parsed = paths.into_iter().map(|path| {
        let text = std::fs::read_to_string(&path).expect("the corpus can be read");
        let program = Program::parse(&text, &path.to_string_lossy());
        (path, program.unwrap_or_else(|errors| panic!("{errors}")))
    });
    let is_linux = |program: &Program| {
        let is_defined = compare::is_defined(Machine::default().run(program));
        let mut only = Variants::default();
        only.insert(subsystem, linux.id);
        program.variants == only && program.schedule.is_empty() && is_defined
    };
    parsed.filter(|(_, program)| is_linux(program) && perform::request(program).is_ok()).collect()
}

fn name(path: &Path) -> String {
    path.file_stem().expect("a file has a name").to_string_lossy().into_owned()
}

/// Where it is stored what a real kernel said to a program.
fn truth(root: &Path, path: &Path) -> PathBuf {
    root.join("snapshots/linux").join(name(path)).with_extension("txt")
}

/// The release of the kernel that can be asked, or why there is none.
fn kernel(which: &[&str]) -> Result<String, String> {
    let output = unreg(&[&["linux", "boot"], which].concat());
    match output.status.code() {
        Some(0) => Ok(text(&output.stdout).lines().next().unwrap_or_default().to_string()),
        Some(4) => Err(text(&output.stderr)),
        other => panic!("boot ended with {other:?}: {}", text(&output.stderr)),
    }
}

fn unreg(arguments: &[&str]) -> Output {
    Command::new(UNREG).args(arguments).output().expect("unreg runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn stored(truth: &Path) -> Result<Vec<String>, Failed> {
    let stored = std::fs::read_to_string(truth).map_err(|error| {
        format!(
            "{}: {error}\nlet a real kernel say it: UNREG_RECORD=1 cargo test --test linux",
            truth.display()
        )
    })?;
    Ok(stored.lines().map(ToString::to_string).collect())
}

fn same(left: &[String], right: &[String]) -> Result<(), Failed> {
    match compare::difference(left, right) {
        None => Ok(()),
        Some(_) => Err(compare::columns(left, right).into()),
    }
}

/// The model does what a real kernel was seen to do.
fn recorded(program: &Program, truth: &Path) -> Result<(), Failed> {
    let model = compare::observed(program, Machine::default().run(program));
    same(&model, &stored(truth)?)
}

/// The messages that a real kernel sent, as they came, are read as what is stored.
fn read(program: &Program, truth: &Path) -> Result<(), Failed> {
    let raw = std::fs::read_to_string(truth.with_extension("jsonl"))?;
    let reports: Vec<Report> = raw.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let names: Vec<_> = program.tasks.iter().map(|task| task.name).collect();
    let said = compare::observed(program, &observe::trace(&names, &reports, None));
    same(&stored(truth)?, &said)
}

/// The kernel that is here does it too.
fn asked(path: &Path, truth: &Path, which: &[&str]) -> Result<(), Failed> {
    let file = path.to_string_lossy();
    let output = unreg(&[&["linux", "run", "--compared", &file], which].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let said: Vec<String> = text(&output.stdout).lines().map(ToString::to_string).collect();
    if std::env::var_os("UNREG_RECORD").is_some() {
        std::fs::create_dir_all(truth.parent().expect("a file is in a folder"))?;
        std::fs::write(truth, text(&output.stdout))?;
        let raw = truth.with_extension("jsonl");
        if raw.exists() {
            let said = unreg(&[&["linux", "run", "--raw", &file], which].concat());
            std::fs::write(raw, said.stdout)?;
        }
    }
    same(&stored(truth)?, &said)
}

/// Runs `conform` and returns its exit code and what it says.
fn conform(arguments: &[&str]) -> (Option<i32>, String) {
    let output = unreg(&[&["linux", "conform"], arguments].concat());
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

/// One guest runs many programs, forward and backward: were anything left behind, one of the two would differ.
fn two_orders() -> Result<(), Failed> {
    two_orders_of(60, &[])
}

fn two_orders_of(count: u32, which: &[&str]) -> Result<(), Failed> {
    let number = count.to_string();
    for order in [&[][..], &["--reverse"]] {
        let arguments = [&["--count", &number, "--seed", "7", "--jobs", "1"], order, which].concat();
        let (code, said) = conform(&arguments);
        if code != Some(0) || !said.contains(&format!("{count} equal, 0 different")) {
            return Err(said.into());
        }
    }
    Ok(())
}

/// A kernel that is not preemptible, and an older model: equal too, in the order of all that is heard.
fn older() -> Result<(), Failed> {
    let (code, said) = conform(&[&["--count", "60", "--seed", "7"], OLD].concat());
    let equal = said.contains("60 equal, 0 different under devlink=linux-6.1 mdev=linux-6.1 ib=linux-6.1;");
    if code == Some(0) && equal { Ok(()) } else { Err(said.into()) }
}

/// A model that keeps its traps over a reload is told apart, with a device and its reload and nothing else.
fn planted() -> Result<(), Failed> {
    let (code, said) = conform(&[
        "--subsystem",
        "devlink",
        "--count",
        "60",
        "--seed",
        "5",
        "--variant",
        "devlink=linux-6.12+traps-at-probe",
    ]);
    // What differs first may be something else that a reload does; but of some programs the traps are all.
    let programs = said.split("\ntask ").skip(1).map(|rest| rest.split("\n\n").next().unwrap_or_default());
    let is_minimal = |program: &str| {
        let commands: Vec<&str> = program.lines().skip(1).map(str::trim).collect();
        matches!(commands[..], [probe, reload] if probe.starts_with("driver.probe") && reload.starts_with("devlink.reload"))
    };
    if code == Some(1) && programs.into_iter().any(is_minimal) { Ok(()) } else { Err(said.into()) }
}

/// One guest comes to harm: its program is reported, all others are compared as if nothing had been.
fn survives(how: &str) -> Result<(), Failed> {
    let arguments = ["--count", "8", "--seed", "5", "--jobs", "1"];
    // A program may itself cost a guest: one that makes the kernel warn.
    let (_, unharmed) = conform(&arguments);
    let boots = (1..8).find(|boots| unharmed.contains(&format!(", {boots} boots"))).ok_or(unharmed)?;
    let (code, said) = conform(&[&arguments[..], &["--sabotage", how, "--patience", "2s"]].concat());
    let (boots, deaths) = (format!(", {} boots", boots + 1), "1 guests died");
    let counted = said.contains("7 equal, 1 different") && said.contains(&boots) && said.contains(deaths);
    let reported = said.contains("the kernel printed") && said.contains("seen once");
    if code == Some(1) && counted && reported { Ok(()) } else { Err(said.into()) }
}

/// Vendor drivers that come and go in one guest: equal too, in both orders.
fn mdev_in_two_orders() -> Result<(), Failed> {
    two_orders_of(100, &["--subsystem", "mdev"])
}

/// A model that says `unregistered` before the children go is told apart from a real kernel.
fn mdev_planted() -> Result<(), Failed> {
    let variant = "mdev=linux-6.12+uevent-before-teardown";
    let (code, said) =
        conform(&["--subsystem", "mdev", "--count", "20", "--seed", "3", "--variant", variant]);
    let told =
        said.contains("change mtty/0 MDEV_STATE=unregistered") || said.contains("change mdpy/0 MDEV_STATE");
    if code == Some(1) && told { Ok(()) } else { Err(said.into()) }
}
