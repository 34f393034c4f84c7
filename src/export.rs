//! A program as a reproducer for others: a shell script, a kernel selftest, a test in Rust.
//!
//! Scripts touch devices of their own only: netdevsim devices, dummy netdevs and namespaces with names that a script gives
//! and takes back. A shell cannot stop a task at a point, so of a program with a schedule the tasks run beside each other,
//! and the script says so.

pub mod shell;
pub mod syz;

use crate::event::{Trace, What};
use crate::program::Program;
use crate::run::Machine;
use std::fmt::Write;

/// What is not said of a program by itself.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The file's name.
    pub file: &'a str,
    /// What its first line says, if it has a comment.
    pub says: Option<&'a str>,
}

/// Runs before the commands: what must be there, and what leaves nothing behind.
const BEGIN: &str = r#"id=${UNREG_ID:-1970}
sim=/sys/bus/netdevsim
debug=/sys/kernel/debug/netdevsim
skip() { echo "1..0 # SKIP $*"; exit 4; }
[ "$(id -u 2>/dev/null || echo 0)" = 0 ] || skip "not root"
[ -d "$sim" ] || modprobe netdevsim 2>/dev/null || skip "no netdevsim"
for n in 0 1; do
    [ ! -e "$sim/devices/netdevsim$((id + n))" ] || skip "netdevsim$((id + n)) is there; set UNREG_ID to another number"
done
mkdir -p /run/netns 2>/dev/null
clean_up() {
    for n in 0 1; do
        [ ! -e "$sim/devices/netdevsim$((id + n))" ] || echo $((id + n)) >"$sim/del_device"
    done
    for dev in unreg_rxe0 unreg_rxe1 unreg_siw0; do rdma link delete "$dev" 2>/dev/null; done
    for dev in unreg_eth0 unreg_eth1; do ip link delete "$dev" 2>/dev/null; done
    for ns in unreg-a unreg-b; do ip netns delete "$ns" 2>/dev/null; done
    :
}
trap clean_up EXIT
"#;

/// The lines of a task, each a call of `step` with the command as it is in the program; and what has no such form.
fn steps(program: &Program, expected: Option<&Trace>) -> Vec<(String, Vec<String>)> {
    let task = |(number, task): (usize, &crate::program::Task)| {
        let mut netns = String::new();
        let lines = task.commands.iter().enumerate().map(|(index, command)| {
            let words: Vec<&str> = command.words().collect();
            let ends = expected.and_then(|trace| end(trace, number, index));
            let says = match ends {
                Some(true) => "0",
                Some(false) => "1",
                None => "-",
            };
            match shell::line(&words, &mut netns) {
                Some(line) => format!("step '{command}' {says} '{}'", line.replace('\'', "'\\''")),
                None => format!("left_out '{command}'"),
            }
        });
        (task.name.to_string(), lines.collect())
    };
    program.tasks.iter().enumerate().map(task).collect()
}

/// Whether a command succeeded in a run; none if it did not end.
fn end(trace: &Trace, task: usize, index: usize) -> Option<bool> {
    trace.events.iter().find_map(|event| match event.what {
        What::End(ended, errno) if usize::from(event.task) == task && usize::from(ended) == index => {
            Some(errno.is_none())
        }
        _ => None,
    })
}

fn head(origin: Origin<'_>, what: &str) -> String {
    let says = origin.says.map_or(String::new(), |says| format!("# {says}\n"));
    format!("#!/bin/sh\n{says}# {what}, made of {} by `unreg export`.\n", origin.file)
}

/// The tasks: one after the other, or beside each other if the program has a schedule.
fn body(program: &Program, tasks: &[(String, Vec<String>)]) -> String {
    let mut out = String::new();
    if !program.schedule.is_empty() {
        out += "# A shell cannot follow the schedule: the tasks run beside each other.\n";
        for segment in &program.schedule {
            let _ = writeln!(out, "#   {segment}");
        }
    }
    let is_parallel = !program.schedule.is_empty() && tasks.len() > 1;
    for (name, lines) in tasks {
        let _ = writeln!(out, "\n# task {name}");
        out += if is_parallel { "(\n" } else { "" };
        for line in lines {
            let _ = writeln!(out, "{line}");
        }
        out += if is_parallel { ") &\n" } else { "" };
    }
    out += if is_parallel { "wait\n" } else { "" };
    out
}

/// A shell script that runs the program with iproute2 and sysfs, and prints how each command ends.
pub fn sh(program: &Program, origin: Origin<'_>) -> String {
    let tasks = steps(program, None);
    let step = "step() {\n    if out=$(sh -c \"$3\" 2>&1); then echo \"ok: $1\"; else echo \"failed: $1: $out\"; fi\n}\nleft_out() { echo \"left out: $1\"; }\n";
    format!("{}{BEGIN}{step}{}", head(origin, "A reproducer"), body(program, &tasks))
}

/// A shell script whose tasks bear their names and begin after so many seconds each, for a kernel in which tasks of those
/// names sleep at places. It ends when all tasks have ended, or after five minutes if some never do.
pub fn race(program: &Program, origin: Origin<'_>, starts: &[u32]) -> String {
    let step = r#"# A builtin writes under the name of its task; of another program the parent has it.
step() {
    if out=$(eval "$3" 2>&1); then echo "ok: $1"; else echo "failed: $1: $out"; fi
}
left_out() { echo "left out: $1"; }
ended=$(mktemp -d)
"#;
    let mut out = head(origin, "A race, for a kernel with delay.patch");
    out += BEGIN;
    out += step;
    let tasks = steps(program, None);
    for ((name, lines), start) in tasks.iter().zip(starts) {
        let _ = writeln!(out, "\n# task {name}\n(\nsleep {start}\nprintf %s {name} >/proc/self/comm");
        for line in lines {
            let _ = writeln!(out, "{line}");
        }
        let _ = writeln!(out, ": >\"$ended/{name}\"\n) &");
    }
    let _ = write!(
        out,
        r#"
n=0
while [ "$(ls "$ended" | wc -l)" -lt {} ]; do
    n=$((n + 1))
    # What never ends cannot be cleaned up.
    [ "$n" -lt 300 ] || {{ echo "some tasks never end"; trap - EXIT; exit 1; }}
    sleep 1
done
"#,
        tasks.len()
    );
    out
}

/// A kernel selftest (KTAP): each command ends as it does in the model of the kernel, and the kernel does not complain.
pub fn kselftest(program: &Program, origin: Origin<'_>) -> String {
    let is_parallel = !program.schedule.is_empty();
    let trace = Machine::default().run(program).clone();
    // Beside each other, which of two commands succeeds is chance.
    let tasks = steps(program, (!is_parallel).then_some(&trace));
    let count = tasks.iter().map(|(_, lines)| lines.len()).sum::<usize>() + 1;
    let step = r#"n=0
bad=0
ok() { n=$((n + 1)); echo "ok $n $*"; }
not_ok() { n=$((n + 1)); bad=1; echo "not ok $n $*"; }
step() {
    if out=$(sh -c "$3" 2>&1); then got=0; else got=1; fi
    if [ "$2" = - ] || [ "$2" = "$got" ]; then ok "$1"; else not_ok "$1 # got $got, expected $2: $out"; fi
}
left_out() { ok "$1 # SKIP no shell has this"; }
before=$(dmesg 2>/dev/null | wc -l)
complaints() {
    dmesg 2>/dev/null | tail -n +$((before + 1)) | grep -E 'BUG:|WARNING:|INFO: task|INFO: possible|refcount_t:'
}
echo "KTAP version 1"
"#;
    let mut step = step.to_string();
    let mut last = "if complaints >/dev/null; then not_ok \"the kernel complains # $(complaints | head -n 1)\"; else ok \"the kernel does not complain\"; fi\nexit $bad\n".to_string();
    if is_parallel {
        // Tasks in subshells count for themselves, so only the kernel's verdict is a test.
        step += "ok() { :; }\nnot_ok() { :; }\n";
        last = "if complaints >/dev/null; then echo \"not ok 1 the kernel complains # $(complaints | head -n 1)\"; exit 1; fi\necho \"ok 1 the kernel does not complain\"\n".to_string();
    }
    let plan = if is_parallel { 1 } else { count };
    format!(
        "{}{BEGIN}{step}echo 1..{plan}\n{}{last}",
        head(origin, "A selftest (exit code 4: skipped)"),
        body(program, &tasks)
    )
}

/// A test in Rust that fails as long as the program breaks something.
pub fn rust(program: &Program, origin: Origin<'_>) -> String {
    let stem = origin.file.rsplit('/').next().unwrap_or_default();
    let stem = stem.strip_suffix(".prog").unwrap_or(stem);
    let name: String =
        stem.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    let says = origin.says.map_or(String::new(), |says| format!("/// {says}\n"));
    format!(
        "{says}#[test]\nfn reproduces_{name}() {{\n    let text = r##\"{program}\"##;\n    \
         let program = unreg::program::Program::parse(text, \"{stem}.prog\").expect(\"it is a program\");\n    \
         let mut machine = unreg::run::Machine::default();\n    let trace = machine.run(&program);\n    \
         let broken: Vec<&str> =\n        unreg::invariant::judge(trace).iter().map(|it| it.invariant.name).collect();\n    \
         assert!(broken.is_empty(), \"{{broken:?}}\");\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Origin<'_> = Origin { file: "a/it-breaks.prog", says: Some("It breaks.") };

    fn program(text: &str) -> Program {
        Program::parse(text, "a.prog").unwrap()
    }

    #[test]
    fn a_script_cleans_up_and_names_each_command() {
        let program = program("task user\n  driver.probe netdevsim/0\n  devlink.reload netdevsim/0\n");
        let sh = sh(&program, ORIGIN);
        assert!(sh.starts_with("#!/bin/sh\n# It breaks.\n"), "{sh}");
        assert!(sh.contains("trap clean_up EXIT"));
        assert!(
            sh.contains(
                "step 'devlink.reload netdevsim/0' - 'devlink dev reload netdevsim/netdevsim$((id + 0))'"
            ),
            "{sh}"
        );
    }

    #[test]
    fn a_selftest_expects_what_the_model_does() {
        let program = program("task user\n  devlink.get netdevsim/0\n  driver.probe netdevsim/0\n");
        let test = kselftest(&program, ORIGIN);
        assert!(test.contains("echo \"KTAP version 1\"") && test.contains("echo 1..3"), "{test}");
        assert!(
            test.contains("step 'devlink.get netdevsim/0' 1 ")
                && test.contains("step 'driver.probe netdevsim/0' 0 ")
        );
    }

    #[test]
    fn tasks_with_a_schedule_run_beside_each_other() {
        let text = "task user\n  driver.probe netdevsim/0\ntask admin\n  devlink.dump\n\nschedule\n  user until driver_probe:init\n  admin\n";
        let sh = sh(&program(text), ORIGIN);
        assert_eq!(sh.matches(") &\n").count(), 2);
        assert!(sh.contains("#   user until driver_probe:init"));
    }

    #[test]
    fn the_tasks_of_a_race_have_names_and_moments_to_begin() {
        let race = race(&program("task user\n  devlink.dump\ntask admin\n  devlink.dump\n"), ORIGIN, &[0, 2]);
        assert!(race.contains("(\nsleep 2\nprintf %s admin >/proc/self/comm\nstep 'devlink.dump'"), "{race}");
        assert!(race.contains("-lt 2 ]; do") && race.contains(": >\"$ended/user\"\n) &"));
    }

    #[test]
    fn a_rust_test_has_the_whole_program() {
        let rust = rust(&program("task user\n  devlink.dump\n"), ORIGIN);
        assert!(rust.contains("fn reproduces_it_breaks()") && rust.contains("devlink.dump"), "{rust}");
    }
}
