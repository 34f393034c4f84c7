//! Looking at streams: the forms of the tools, logs of real machines, exported scripts in a real kernel.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn unreg(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unreg"));
    command.current_dir(folder).args(arguments).env_remove("UNREG_VARIANT").env_remove("UNREG_ONLY");
    command.output().expect("unreg starts")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("unreg ends by itself")
}

const PROGRAM: &str =
    "task user\n  driver.probe netdevsim/0\n  devlink.reload netdevsim/0\n  driver.remove netdevsim/0\n";
const EARLY: &str = "variant devlink early-register\ntask probe\n  driver.probe netdevsim/0\n";

/// Whether there is a kernel to ask, with iproute2 beside it. Where one is required its absence is a failure.
fn has_kernel(folder: &Path) -> bool {
    let is_there = code(&unreg(folder, &["linux", "boot", "--release", "6.12"])) == 0
        && Command::new("devlink").arg("-V").output().is_ok();
    let is_required = std::env::var_os("UNREG_KERNEL_REQUIRED").is_some_and(|value| value != "0");
    assert!(is_there || !is_required, "there is no kernel to ask, or no devlink to ask it with");
    if !is_there {
        eprintln!("NOT ASKED: there is no kernel here, or no devlink");
    }
    is_there
}

#[test]
fn two_streams_stand_side_by_side_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.prog"), EARLY).unwrap();
    let diff = |form: &str| unreg(folder.path(), &["diff", "a.prog", "--after", "settled", "--as", form]);
    let output = diff("text");
    assert_eq!(code(&output), 1, "they differ");
    let said = text(&output);
    assert!(said.contains("3 same, 3 moved") && said.contains("after, settled: 6 messages"), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 110), "{said}");
    assert!(text(&diff("markdown")).starts_with("| devlink=early-register | settled | |\n"));
    assert!(text(&diff("monitor")).contains("\n[dev,new] netdevsim/netdevsim0\n"));
    let same = unreg(folder.path(), &["diff", "a.prog", "--before", "settled", "--after", "settled"]);
    assert_eq!(code(&same), 0);
}

#[test]
fn a_log_is_judged_and_a_file_that_is_none_refused() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("late.log", "[port,new] pci/0000:17:00.1/131072: type eth netdev p1\n[dev,new] pci/0000:17:00.1\n");
    let output = unreg(folder.path(), &["check-stream", "late.log"]);
    assert_eq!(code(&output), 1);
    let said = text(&output);
    assert!(said.contains("line 1: breaks no-child-before-parent-notification"), "{said}");
    assert!(said.contains("it comes at line 2"), "{said}");
    write("fine.log", "[dev,new] pci/0000:17:00.1\n[port,new] pci/0000:17:00.1/131072: type eth\n");
    assert_eq!(code(&unreg(folder.path(), &["check-stream", "fine.log"])), 0);
    let json = text(&unreg(folder.path(), &["check-stream", "--as", "json", "late.log"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["version"], &json["breaks"][0]["line"]), (&1.into(), &1.into()));
    write("none.log", "nothing of the sort\n");
    assert_eq!(code(&unreg(folder.path(), &["check-stream", "none.log"])), 2);
}

/// What unreg prints in a tool's form, it reads back and finds clean, or broken as the trace is.
#[test]
fn what_is_printed_as_the_tools_do_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.prog"), PROGRAM).unwrap();
    for form in ["monitor", "monitor-json"] {
        let printed = text(&unreg(folder.path(), &["run", "a.prog", "--as", form]));
        fs::write(folder.path().join("log"), printed).unwrap();
        let output = unreg(folder.path(), &["check-stream", "log"]);
        assert_eq!(code(&output), 0, "{form}: {}", text(&output));
    }
}

#[test]
fn a_run_is_drawn_in_every_form_and_repeats() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.prog"), PROGRAM).unwrap();
    for (form, begin) in
        [("html", "<!doctype html>"), ("svg", "<svg "), ("perfetto", "{"), ("mermaid", "sequenceDiagram\n")]
    {
        let output = unreg(folder.path(), &["report", "a.prog", "--as", form]);
        assert!(code(&output) == 0 && text(&output).starts_with(begin), "{form}");
    }
    assert_eq!(code(&unreg(folder.path(), &["run", "a.prog", "--repeat", "20"])), 0);
    assert!(text(&unreg(folder.path(), &["completions", "bash"])).contains("check-stream"));
    assert!(text(&unreg(folder.path(), &["man"])).contains(".TH unreg"));
}

/// The first lines of what a real `devlink monitor` prints are those of the model of that kernel, all of them.
#[test]
fn devlink_monitor_in_a_real_kernel_prints_the_same_lines() {
    let folder = tempfile::tempdir().unwrap();
    if !has_kernel(folder.path()) {
        return;
    }
    let script = "devlink monitor >/tmp/log &\nsleep 1\necho '0 2' >/sys/bus/netdevsim/new_device\n\
                  devlink dev reload netdevsim/netdevsim0 >/dev/null\necho 0 >/sys/bus/netdevsim/del_device\nsleep 1\ncat /tmp/log\n";
    fs::write(folder.path().join("a.sh"), script).unwrap();
    fs::write(folder.path().join("a.prog"), PROGRAM).unwrap();
    let real = text(&unreg(folder.path(), &["linux", "boot", "--release", "6.12", "--script", "a.sh"]));
    let model = text(&unreg(folder.path(), &["run", "a.prog", "--as", "monitor", "--variant", "linux-6.12"]));
    // Of an instance the tool prints statistics below, which the model does not have.
    let heads = |text: &str| -> Vec<String> {
        let heads = text
            .lines()
            .filter(|line| line.starts_with('[') && line.contains(",") && !line.starts_with("[link"));
        heads.map(|line| line.trim_end_matches(':').to_string()).collect()
    };
    assert!(heads(&real).len() > 100, "{real}");
    assert_eq!(heads(&model), heads(&real));
}

#[test]
fn exported_scripts_run_in_a_real_kernel() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.prog"), PROGRAM).unwrap();
    for form in ["sh", "kselftest"] {
        let output = unreg(folder.path(), &["export", "--to", form, "a.prog", "-o", form]);
        assert_eq!(code(&output), 0);
        let checked = Command::new("sh").args(["-n", form]).current_dir(folder.path()).status().unwrap();
        assert!(checked.success(), "{form} is a script");
    }
    if !has_kernel(folder.path()) {
        return;
    }
    let run = |form: &str| unreg(folder.path(), &["linux", "boot", "--release", "6.12", "--script", form]);
    let (sh, kselftest) = (run("sh"), run("kselftest"));
    assert!(text(&sh).contains("ok: devlink.reload netdevsim/0\n"), "{}", text(&sh));
    assert!(!text(&sh).contains("failed:"), "{}", text(&sh));
    assert_eq!(code(&kselftest), 0, "{}", text(&kselftest));
    assert!(
        text(&kselftest).contains("KTAP version 1\n1..4\nok 1 driver.probe netdevsim/0\n"),
        "{}",
        text(&kselftest)
    );
}

/// The subsystems whose uevents the model has; the kernel sends others beside them, of queues, classes and modules.
const SUBSYSTEMS: [&str; 8] =
    ["netdevsim", "net", "infiniband", "infiniband_verbs", "mtty", "mdev", "vfio", "vfio-dev"];

/// A line without the index of a netdev, which depends on those that came before.
fn without_index(line: &str) -> String {
    let mut words: Vec<&str> = line.split(' ').collect();
    for at in 1..words.len() {
        if words[at - 1] == "netdev" && words[at].bytes().all(|byte| byte.is_ascii_digit()) {
            words[at] = "N";
        }
    }
    words.join(" ")
}

/// What a tool prints, line by line, without what only counts: times, sequences, indices of netdevs, addresses, and the
/// numbers of character devices that the kernel gives as they come.
fn lines_of(tool: &str, text: &str) -> Vec<String> {
    let Some((_, section)) = text.split_once(&format!("# {tool}\n")) else { return Vec::new() };
    let section = section.split("\n# ").next().unwrap_or_default();
    match tool {
        "rdma monitor" => section.lines().filter(|line| line.starts_with('[')).map(without_index).collect(),
        "ip monitor link" => {
            let heads = section.lines().filter(|line| line.contains(": <"));
            heads
                .map(|line| {
                    let (deleted, line) =
                        line.strip_prefix("Deleted ").map_or(("", line), |line| ("Deleted ", line));
                    format!("{deleted}N: {}", line.split_once(": ").expect("it has an index").1)
                })
                .collect()
        }
        _ => {
            let is_modelled = |block: &&str| {
                let subsystem = block.lines().find_map(|line| line.strip_prefix("SUBSYSTEM="));
                subsystem.is_some_and(|subsystem| SUBSYSTEMS.contains(&subsystem))
            };
            let line = |block: &str| -> Vec<String> {
                let is_counted = block.contains("DEVNAME=/dev/vfio/");
                let lines = block.lines().filter(|line| {
                    !line.starts_with("SEQNUM=")
                        && !(is_counted && (line.starts_with("MAJOR=") || line.starts_with("MINOR=")))
                });
                lines
                    .map(|line| match line.split_once("] ") {
                        Some((_, rest)) if line.starts_with("KERNEL[") => rest.to_string(),
                        _ if line.starts_with("IFINDEX=") => "IFINDEX=N".to_string(),
                        _ => line.to_string(),
                    })
                    .collect()
            };
            section
                .split("\n\n")
                .map(|block| block.trim_start_matches('\n'))
                .filter(is_modelled)
                .flat_map(line)
                .collect()
        }
    }
}

/// What the tools printed in a real kernel is recorded beside the script that made it; the model prints the same lines.
/// Where there is a kernel, the record is what the kernel says now.
#[test]
fn the_other_tools_print_what_was_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/look");
    let can_ask = has_kernel(&folder) && Command::new("udevadm").arg("--version").output().is_ok();
    let cases = [
        ("netdevsim", vec!["ip monitor link", "udevadm monitor"], 40),
        ("rdma", vec!["rdma monitor", "udevadm monitor"], 60),
        ("mdev", vec!["udevadm monitor"], 40),
    ];
    for (name, tools, least) in cases {
        let recorded = fs::read_to_string(folder.join(format!("{name}.log"))).unwrap();
        let program = format!("{name}.prog");
        let model = text(&unreg(&folder, &["run", &program, "--as", "monitor", "--variant", "linux-6.12"]));
        let script = format!("{name}.sh");
        let asked = can_ask
            .then(|| text(&unreg(&folder, &["linux", "boot", "--release", "6.12", "--script", &script])));
        let mut lines = 0;
        for tool in tools {
            let expected = lines_of(tool, &recorded);
            lines += expected.len();
            assert_eq!(lines_of(tool, &model), expected, "{name}: {tool}: the model, and the record");
            match asked.as_deref().map(|asked| lines_of(tool, asked)) {
                Some(now) if !now.is_empty() || tool != "rdma monitor" => {
                    assert_eq!(now, expected, "{name}: {tool}: the kernel now, and the record");
                }
                _ => eprintln!("NOT ASKED: {tool}: compared with the record of it"),
            }
        }
        assert!(lines >= least, "{name}: {lines} lines");
    }
}

/// Linux 7.3 notifies of a new name, and `rdma monitor` prints it; the settled decisions do the same.
#[test]
fn rdma_monitor_prints_a_new_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/look");
    let recorded = fs::read_to_string(folder.join("rdma-7.3.log")).unwrap();
    let model = text(&unreg(&folder, &["run", "rdma.prog", "--as", "monitor", "--settled"]));
    assert_eq!(lines_of("rdma monitor", &model), lines_of("rdma monitor", &recorded));
}

#[test]
fn a_campaign_has_an_index_and_a_hunt_speaks_json() {
    let folder = tempfile::tempdir().unwrap();
    let hunt = [
        "hunt",
        "--json",
        "-q",
        "--all",
        "--variant",
        "devlink=early-register",
        "--runs",
        "600",
        "--seed",
        "1",
    ];
    let output = unreg(folder.path(), &hunt);
    assert_eq!(code(&output), 1, "it finds something");
    assert!(output.stderr.is_empty(), "quiet: {}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<serde_json::Value> =
        text(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().all(|line| line["version"] == 1 && line["kind"].is_string()));
    assert!(lines.iter().any(|line| line["kind"] == "finding" && line["program"].is_string()));
    assert_eq!(lines.last().unwrap()["kind"], "end");
    fs::write(folder.path().join("log"), text(&output)).unwrap();
    let index = unreg(folder.path(), &["report", "--findings", "findings", "--log", "log"]);
    assert_eq!(code(&index), 1, "there are findings");
    let page = text(&index);
    assert!(page.starts_with("<!doctype html>") && page.contains("visible-implies-ready"), "{page}");
    assert!(page.contains("<polyline points=") && page.contains("<td>driver.probe</td>"), "{page}");
}
