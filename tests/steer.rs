//! Schedules on a real kernel: what it showed of steered programs is stored in `tests/steered`.
//!
//! The model must show the same on every machine. Where a kernel has been built, it is steered too: it must show the
//! same, every time, and leave nothing behind whatever becomes of it. What a kernel does wrong only its checkers see, so
//! some trials want `unreg linux build --config debug`.

mod walk;

use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use unreg::linux::compare;
use unreg::program::Program;
use unreg::run::Machine;

const UNREG: &str = env!("CARGO_BIN_EXE_unreg");
/// The programs that are run again and again.
const REPEATED: usize = 10;
/// How often each is, at night and on a push.
const TIMES: [usize; 2] = [20, 3];
/// The variable by which a trial's processes are told from those of others.
const MARK: &str = "UNREG_TEST_LEAVES_NOTHING";
/// Programs of the corpus whose prediction the debug kernel confirms, and in whose words. Where memory was freed it depends on
/// what it holds by then which of several words these are, divided by `|`.
const CONFIRMED: &[(&str, &str)] = &[
    ("mdev/remove-meets-unregister-embedded", "slab-use-after-free in mdev_device_remove"),
    ("devlink/linux-reload-waits-for-a-report", "waits"),
    ("ib/linux-client-comes-behind-the-end-of-its-device", "kworker/ib-unreg-wq holds a wait"),
    ("devlink/linux-module-goes-while-a-device-comes", "refcount_t: addition on 0; use-after-free"),
    ("devlink/linux-port-file-waits-for-a-lock-that-is-destroyed", "mutex_destroy"),
    (
        "devlink/linux-file-outlives-the-table-that-it-looks-into",
        "Kernel tried to access user memory|slab-use-after-free in __rhashtable_lookup",
    ),
    (
        "mdev/linux-mdev-remove-asks-for-a-lock-of-a-module-that-is-gone",
        "vmalloc-out-of-bounds in __down_read_trylock",
    ),
];
/// Programs of one task whose prediction no kernel complains of: what the debug kernel is seen to do.
const SEEN: &[(&str, &str)] = &[
    (
        "devlink/linux-all-namespaces-are-locked-over-a-reload",
        "kworker/netns holds pernet_ops_rwsem in reload_down, at driver_reload_down:start",
    ),
    (
        "ib/linux-lists-are-locked-over-an-add",
        "user holds link_ops_rwsem in client_add, at ib_mad_init_device:start",
    ),
];
/// A prediction that a kernel without checkers confirms too.
const WAITS: &str = "devlink/linux-reload-waits-for-a-report";
/// What can happen to a guest of `confirm`, and why its prediction then has no answer, if it has none.
const NO_ANSWER: &[(&str, Option<&str>)] = &[
    ("boot", None),
    ("boots", Some("the guest did not boot")),
    ("hang", None),
    ("hangs", Some("the guest does not answer in time")),
];
/// A program whose module goes, with a breakpoint in its text, and comes again.
const UNDER_BREAKPOINTS: &str = "module-goes-under-its-breakpoints";
/// Asks for predictions in a form that breaks no line.
const CONFIRM: [&str; 6] = ["linux", "confirm", "--release", "6.12", "--as", "markdown"];
/// Flaws in the model's locking, where only an interleaving can show them: a fence between two tasks is dropped, a lock is
/// not taken, one is taken later, and a check is not made again once its lock comes. With each the seed of the programs
/// that show it.
const PLANTS: &[(&str, &str, &str)] = &[
    ("mdev", "mdev=linux-6.12+create-unsynchronised", "1"),
    ("devlink", "devlink=linux-6.12+dump-get-unlocked", "1"),
    ("devlink", "devlink=linux-6.12+bus-list-locked-late", "1"),
    ("ib", "ib=linux-6.12+compat-made-twice", "2"),
    ("ib", "ib=linux-6.12+unfenced-unregister", "1"),
];
/// Programs of each subsystem that are made up: model and kernel agree on all, unless a plant is in the model.
const MADE_UP: &str = "60";

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("tests/steered");
    let programs: Vec<PathBuf> = walk::names(&folder, "prog")
        .into_iter()
        .map(|name| folder.join(name).with_extension("prog"))
        .collect();
    assert!(programs.len() >= 30, "{} steered programs are stored", programs.len());
    let recorded_trial = |path: &PathBuf| {
        let path = path.clone();
        Trial::test(format!("recorded/{}", stem(&path)), move || recorded(&path))
    };
    let mut trials: Vec<Trial> = programs.iter().map(recorded_trial).collect();
    let is_required = std::env::var_os("UNREG_KERNEL_REQUIRED").is_some();
    match kernel("fast") {
        Ok(()) => {
            let all = programs.clone();
            trials.push(Trial::test("kernel/stored-programs", move || asked(&all)));
            let some: Vec<PathBuf> = programs.iter().take(REPEATED).cloned().collect();
            trials.push(Trial::test("kernel/repeats-byte-for-byte", move || repeats(&some, "fast")));
            for (subsystem, variant, seed) in PLANTS {
                let name = format!("kernel/made-up-schedules/{subsystem}-of-seed-{seed}");
                trials.push(Trial::test(name, move || agrees(subsystem, seed)));
                let name = format!("kernel/plant/{variant}");
                trials.push(Trial::test(name, move || planted(subsystem, variant, seed)));
            }
            for how in ["kill", "hang", "panic"] {
                let some: Vec<PathBuf> = programs.iter().take(6).cloned().collect();
                trials.push(Trial::test(format!("kernel/survives-{how}"), move || survives(&some, how)));
            }
            let program = programs[0].clone();
            trials.push(Trial::test("kernel/survives-boots", move || hangs_at_boot(&program)));
            let program = programs[0].clone();
            trials.push(Trial::test("kernel/survives-boot", move || boots_again(&program)));
            for (how, words) in NO_ANSWER {
                let prediction = root.join("corpus").join(WAITS).with_extension("prog");
                let name = format!("kernel/confirm-survives-{how}");
                trials.push(Trial::test(name, move || confirms_in_spite_of(&prediction, how, *words)));
            }
            let program = programs[0].clone();
            trials.push(Trial::test("kernel/leaves-nothing-behind", move || leaves_nothing(&program)));
            let program = folder.join(UNDER_BREAKPOINTS).with_extension("prog");
            trials.push(Trial::test("kernel/takes-breakpoints-back", move || takes_back(&program)));
            trials.push(Trial::test("kernel/every-place-is-found", || places("fast")));
        }
        Err(why) => missing("THE REAL KERNEL WAS NOT STEERED", &why, is_required, &mut trials),
    }
    match kernel("debug") {
        Ok(()) => {
            let corpus = |name: &str| root.join("corpus").join(name).with_extension("prog");
            for (name, words) in CONFIRMED {
                let path = corpus(name);
                trials.push(Trial::test(format!("debug/{name}"), move || complains(&path, words)));
            }
            for (name, words) in SEEN {
                let path = corpus(name);
                trials.push(Trial::test(format!("debug/seen/{name}"), move || seen(&path, words)));
            }
            if is_thorough() || std::env::var_os("UNREG_UPDATE").is_some() {
                trials.push(Trial::test("debug/table", table));
            } else {
                eprintln!("docs/confirmed.md is not compared with the kernel: UNREG_THOROUGH=1 does that");
            }
            let path = corpus(CONFIRMED[0].0);
            trials.push(Trial::test("debug/repeats-byte-for-byte", move || repeats(&[path], "debug")));
            trials.push(Trial::test("debug/every-place-is-found", || places("debug")));
        }
        Err(why) => missing("THE DEBUG KERNEL WAS NOT STEERED", &why, false, &mut trials),
    }
    trials.push(Trial::test("every-prediction-is-in-the-table", in_table));
    let mut arguments = Arguments::from_args();
    // A trial waits for its guest part of the time.
    let threads = || std::thread::available_parallelism().map_or(1, usize::from) + 1;
    arguments.test_threads = arguments.test_threads.or_else(|| Some(threads()));
    libtest_mimic::run(&arguments, trials).exit();
}

/// Whether this is the thorough mode, which the night runs.
fn is_thorough() -> bool {
    std::env::var_os("UNREG_THOROUGH").is_some_and(|value| !value.is_empty())
}

/// Says loudly what was not asked, and fails if it must be.
fn missing(what: &str, why: &str, is_required: bool, trials: &mut Vec<Trial>) {
    let line = "=".repeat(100);
    eprintln!("{line}\n{what}; the model was compared with what it showed once.\n{why}\n{line}");
    if is_required {
        let why = why.to_string();
        trials.push(Trial::test("kernel", move || Err(why.into())));
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a file has a name").to_string_lossy().into_owned()
}

fn unreg(arguments: &[&str]) -> Output {
    Command::new(UNREG).args(arguments).output().expect("unreg runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Whether a kernel of 6.12 with this configuration can be asked, or why not.
fn kernel(config: &str) -> Result<(), String> {
    let output = unreg(&["linux", "boot", "--release", "6.12", "--config", config]);
    match output.status.code() {
        Some(0) => Ok(()),
        Some(4) => Err(said(&output)),
        other => panic!("boot ended with {other:?}: {}", said(&output)),
    }
}

fn stored(path: &Path) -> Result<Vec<String>, Failed> {
    let text = std::fs::read_to_string(path.with_extension("txt"))?;
    Ok(text.lines().map(ToString::to_string).collect())
}

fn same(left: &[String], right: &[String]) -> Result<(), Failed> {
    match compare::difference(left, right) {
        None => Ok(()),
        Some(_) => Err(compare::columns(left, right).into()),
    }
}

/// The model shows what a real kernel showed, and its segments end alike.
fn recorded(path: &Path) -> Result<(), Failed> {
    let text = std::fs::read_to_string(path)?;
    let program = Program::parse(&text, &path.to_string_lossy()).map_err(|errors| errors.to_string())?;
    let mut machine = Machine::default();
    let trace = machine.run(&program);
    let lines = [compare::observed(&program, trace), compare::segments(&program, &trace.segments)].concat();
    same(&lines, &stored(path)?)
}

/// The kernel that is here shows it too: one guest runs all, and each is as the model has it, which is as it is stored.
fn asked(programs: &[PathBuf]) -> Result<(), Failed> {
    if std::env::var_os("UNREG_RECORD").is_some() {
        for path in programs {
            let file = path.to_string_lossy();
            let shown = unreg(&["linux", "run", "--release", "6.12", "--compared", &file]);
            std::fs::write(path.with_extension("txt"), &shown.stdout)?;
        }
    }
    let files: Vec<_> = programs.iter().map(|path| path.to_string_lossy()).collect();
    let files: Vec<&str> = files.iter().map(AsRef::as_ref).collect();
    let (code, said) = conform(&files);
    let all = format!("{} equal, 0 different", programs.len());
    if code == Some(0) && said.contains(&all) { Ok(()) } else { Err(said.into()) }
}

/// Programs that are steered again show the same, their timelines and the kernel's words too: a guest a round runs all.
fn repeats(programs: &[PathBuf], config: &str) -> Result<(), Failed> {
    let times = TIMES[usize::from(!is_thorough())];
    let files: Vec<_> = programs.iter().map(|path| path.to_string_lossy()).collect();
    let files: Vec<&str> = files.iter().map(AsRef::as_ref).collect();
    let arguments = [&["linux", "run", "--release", "6.12", "--config", config], &files[..]].concat();
    let different: BTreeSet<String> = (0..times).map(|_| said(&unreg(&arguments))).collect();
    match different.len() {
        1 => Ok(()),
        several => Err(format!("{files:?} show {several} things in {times} runs:\n{different:#?}").into()),
    }
}

fn conform(arguments: &[&str]) -> (Option<i32>, String) {
    let output = unreg(&[&["linux", "conform", "--release", "6.12"], arguments].concat());
    (output.status.code(), said(&output))
}

/// What the model leaves out is seen with schedules, and by no program of one task after the other. Without the plant
/// the same programs are equal, as `made-up-schedules` demands.
fn planted(subsystem: &str, variant: &str, seed: &str) -> Result<(), Failed> {
    let plant = ["--subsystem", subsystem, "--count", MADE_UP, "--seed", seed, "--variant", variant];
    let (code, sequential) = conform(&plant);
    if code != Some(0) {
        return Err(format!("it is seen without a schedule:\n{sequential}").into());
    }
    let (code, steered) = conform(&[&plant[..], &["--schedules", "--first"]].concat());
    let is_seen = code == Some(1) && steered.contains("differs; the first program");
    if is_seen { Ok(()) } else { Err(format!("it is not seen:\n{steered}").into()) }
}

/// The model and the kernel agree on programs that are made up.
fn agrees(subsystem: &str, seed: &str) -> Result<(), Failed> {
    let (code, said) =
        conform(&["--schedules", "--subsystem", subsystem, "--count", MADE_UP, "--seed", seed]);
    if code == Some(0) { Ok(()) } else { Err(said.into()) }
}

/// One guest comes to harm while it is steered: its program is reported, all others are compared.
fn survives(programs: &[PathBuf], how: &str) -> Result<(), Failed> {
    let files: Vec<_> = programs.iter().map(|path| path.to_string_lossy()).collect();
    let files: Vec<&str> = files.iter().map(AsRef::as_ref).collect();
    let (code, said) =
        conform(&[&files[..], &["--jobs", "1", "--sabotage", how, "--patience", "2s"]].concat());
    let is_reported = said.contains("seen once") && said.contains("1 guests died");
    if code == Some(1) && said.contains("5 equal, 1 different") && is_reported {
        Ok(())
    } else {
        Err(said.into())
    }
}

/// A guest that says nothing from its start on is replaced by one that has more time.
fn boots_again(program: &Path) -> Result<(), Failed> {
    let file = program.to_string_lossy();
    let (code, said) = conform(&["--sabotage", "boot", "--patience", "1s", &file]);
    let is_equal = said.contains("1 equal, 0 different") && said.contains("2 boots, 0 guests died");
    let is_told = said.contains("a guest does not come up (the guest hangs); another one has 24s");
    if code == Some(0) && is_equal && is_told { Ok(()) } else { Err(said.into()) }
}

/// The first prediction's guest comes to harm. Where its replacement comes to the same harm the prediction has no answer,
/// which is no verdict on the kernel; when it is asked again it has its verdict.
fn confirms_in_spite_of(prediction: &Path, how: &str, words: Option<&str>) -> Result<(), Failed> {
    let file = prediction.to_string_lossy();
    let arguments = ["--config", "fast", "--patience", "1s", "--sabotage", how, &file, &file];
    let output = unreg(&[&CONFIRM[..], &arguments].concat());
    let said = said(&output);
    let rows: Vec<&str> = said.lines().filter(|line| line.contains("| no-deadlock |")).collect();
    let is_as_due = |row: &str, words: Option<&str>| match words {
        None => row.contains("| confirmed |"),
        Some(words) => row.contains("| no answer |") && row.contains(words),
    };
    let are_due = matches!(rows[..], [first, second] if is_as_due(first, words) && is_as_due(second, None));
    let (code, lost) = if words.is_some() { (2, "1 without an answer") } else { (0, "0 without an answer") };
    if output.status.code() == Some(code) && are_due && said.contains(lost) {
        Ok(())
    } else {
        Err(format!("{:?}: {said}", output.status).into())
    }
}

/// Guests that say nothing from their start on end the run in time, and with a reason.
fn hangs_at_boot(program: &Path) -> Result<(), Failed> {
    let (mark, value) = mark("boot");
    let file = program.to_string_lossy();
    let mut command = Command::new(UNREG);
    command.args([
        "linux",
        "conform",
        "--release",
        "6.12",
        "--sabotage",
        "boots",
        "--patience",
        "500ms",
        &file,
    ]);
    let start = Instant::now();
    let output = command.env(MARK, value).output()?;
    let said = said(&output);
    let is_told =
        output.status.code() == Some(2) && said.contains("the guest does not come up: the guest hangs");
    if !is_told || start.elapsed() > Duration::from_secs(60) {
        return Err(format!("{:?} after {:?}: {said}", output.status, start.elapsed()).into());
    }
    ends_soon(&mark)
}

/// A breakpoint goes with the text of its module, and stops tasks again where that text is next: a guest that runs the
/// program again and again is equal to the model each time.
fn takes_back(program: &Path) -> Result<(), Failed> {
    let file = program.to_string_lossy();
    let (code, said) = conform(&["--jobs", "1", &file, &file, &file]);
    let is_equal = said.contains("3 equal, 0 different") && said.contains("1 boots, 0 guests died");
    if code == Some(0) && is_equal { Ok(()) } else { Err(said.into()) }
}

/// What the environment of one trial's processes has, as a whole and without its name: guests inherit it.
fn mark(trial: &str) -> (String, String) {
    let value = format!("{}-{trial}", std::process::id());
    (format!("{MARK}={value}"), value)
}

/// Of a tracer that is killed no guest is left, and no process of a guest's.
fn leaves_nothing(program: &Path) -> Result<(), Failed> {
    let (mark, value) = mark("kill");
    for delay in [1, 5, 10, 20, 40, 80, 300, 700, 1200] {
        let mut command = Command::new(UNREG);
        command.args(["linux", "run", "--release", "6.12"]).arg(program).args([program, program, program]);
        command.env(MARK, &value);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        std::thread::sleep(Duration::from_millis(delay));
        child.kill()?;
        child.wait()?;
    }
    ends_soon(&mark)
}

/// No process that has this in its environment runs on.
fn ends_soon(mark: &str) -> Result<(), Failed> {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let left = guests(mark);
        if left.is_empty() {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(format!("left running: {left:?}").into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The processes that have this in their environment.
fn guests(mark: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = entries.filter_map(|entry| {
        let environment = std::fs::read(entry.path().join("environ")).ok()?;
        let is_marked = environment.split(|byte| *byte == 0).any(|value| value == mark.as_bytes());
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        is_marked.then(|| format!("{} {line}", entry.file_name().to_string_lossy()))
    });
    lines.collect()
}

/// The kernel does wrong, in these words, what the model says it does, with the program's schedule.
fn complains(path: &Path, words: &str) -> Result<(), Failed> {
    let file = path.to_string_lossy();
    let output = unreg(&["linux", "run", "--release", "6.12", "--config", "debug", &file]);
    let shown = said(&output);
    let text = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    if output.status.code() == Some(1) && words.split('|').any(|words| text.contains(words)) {
        Ok(())
    } else {
        Err(shown.into())
    }
}

/// The kernel is seen to do what the model says it does.
fn seen(path: &Path, words: &str) -> Result<(), Failed> {
    let output = unreg(&[&CONFIRM[..], &[&path.to_string_lossy()]].concat());
    let shown = said(&output);
    if output.status.code() == Some(0) && shown.contains(words) { Ok(()) } else { Err(shown.into()) }
}

/// The programs of the corpus that have a schedule and a variant of Linux 6.12.
fn predictions() -> Vec<PathBuf> {
    let is_steered = |text: &str| {
        let is_variant = |line: &str| line.starts_with("variant ") && line.ends_with(" linux-6.12");
        let expects = |line: &str| line.starts_with("expect ");
        text.lines().any(|line| line == "schedule")
            && text.lines().any(is_variant)
            && text.lines().any(expects)
    };
    walk::corpus().into_iter().filter(|(_, text)| is_steered(text)).map(|(path, _)| path).collect()
}

/// `docs/confirmed.md` has a row of every program that predicts something; the thorough mode compares what it says.
fn in_table() -> Result<(), Failed> {
    let table = std::fs::read_to_string(walk::folder("docs").join("confirmed.md"))?;
    let missing: Vec<String> = predictions().iter().map(|path| stem(path)).collect();
    let missing: Vec<&String> =
        missing.iter().filter(|name| !table.contains(&format!("| `{name}` |"))).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("no row of {missing:?}").into()) }
}

/// `docs/confirmed.md` says of every program with a schedule what the kernel makes of it.
fn table() -> Result<(), Failed> {
    let files: Vec<String> = predictions().iter().map(|path| path.to_string_lossy().into_owned()).collect();
    let files: Vec<&str> = files.iter().map(AsRef::as_ref).collect();
    let output = unreg(&[&CONFIRM[..], &files].concat());
    if output.status.code() == Some(2) {
        return Err(format!("not all was asked, which says nothing of the table:\n{}", said(&output)).into());
    }
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let path = walk::folder("docs").join("confirmed.md");
    let text = std::fs::read_to_string(&path)?;
    let marker = "<!-- unreg linux confirm --as markdown -->\n";
    let old = text.split(marker).nth(1).and_then(|rest| rest.split("<!-- end -->").next());
    let old = old.ok_or("docs/confirmed.md marks its table")?;
    // The last line names the point release.
    let new = shown
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.to_string() + "\n")
        .collect::<String>();
    if old != new && std::env::var_os("UNREG_UPDATE").is_some() {
        std::fs::write(&path, text.replacen(&format!("{marker}{old}"), &format!("{marker}{new}"), 1))?;
        return Ok(());
    }
    if old == new {
        Ok(())
    } else {
        Err(format!("docs/confirmed.md is out of date:\n{new}{}", said(&output)).into())
    }
}

/// Of the points that this kernel has nearly every one is found.
fn places(config: &str) -> Result<(), Failed> {
    let said = said(&unreg(&["linux", "places", "--release", "6.12", "--config", config]));
    let share =
        said.lines().last().and_then(|line| line.split_once('(')?.1.split_once(" %")?.0.parse::<u32>().ok());
    if share.is_some_and(|share| share >= 95) { Ok(()) } else { Err(said.into()) }
}
