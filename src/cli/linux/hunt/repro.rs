//! A reproducer that needs no unreg: a script with iproute2 and sysfs, which runs in a guest of its own before a report
//! says what it does.

use super::bench::{Bench, Rate};
use crate::cli::linux::boot;
use crate::cli::linux::guest::Setup;
use crate::cli::linux::script;
use std::io::Write;
use unreg::export::{self, Origin};
use unreg::linux::fault::{self, Key, Sort};
use unreg::program::Program;

/// The script's name in a finding's folder.
pub(super) const FILE: &str = "repro.sh";

/// A script runs so often.
const TIMES: u32 = 3;

/// A script, and what it does.
#[derive(Debug)]
pub(super) struct Repro {
    pub(super) script: String,
    pub(super) verdict: String,
}

/// The script of a program without a schedule, and what it did in a guest; none for a program with one.
pub(super) fn of(bench: &Bench, program: &Program, key: &Key) -> anyhow::Result<Option<Repro>> {
    if !program.schedule.is_empty() {
        return Ok(None);
    }
    let says = key.to_string();
    let script = export::sh(program, Origin { file: "program.prog", says: Some(&says) });
    let verdict = match (key.sort, left_out(&script)) {
        (_, Some(command)) => format!("`{FILE}` was not run: `{command}` has no form in a shell."),
        (Sort::Left | Sort::Broken, None) => format!(
            "`{FILE}` was not run: no log says that it shows the fault. `devlink monitor` and `ls` beside it do."
        ),
        (Sort::Complaint(_) | Sort::Deadlock | Sort::Hang, None) => run(bench, FILE, &script, key)?.verdict,
    };
    Ok(Some(Repro { script, verdict }))
}

/// The first command of a script that no shell has.
fn left_out(script: &str) -> Option<&str> {
    script.lines().find_map(|line| line.strip_prefix("left_out '")?.strip_suffix('\''))
}

/// How often a script shows a fault.
#[derive(Debug)]
pub(in crate::cli::linux) struct Tried {
    pub(in crate::cli::linux) rate: Rate,
    pub(in crate::cli::linux) verdict: String,
}

/// Runs a script, each time in a new guest.
pub(in crate::cli::linux) fn run(
    bench: &Bench,
    name: &str,
    script: &str,
    key: &Key,
) -> anyhow::Result<Tried> {
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(script.as_bytes())?;
    let mut setup = Setup { log: true, symbols: None, ..bench.setup().clone() };
    setup.tools.extend(boot::tools());
    setup.script = Some(file.path().to_path_buf());
    let (mut rate, mut last) = (Rate { hits: 0, of: 0 }, (None, String::new()));
    while rate.of < TIMES {
        let said = match script::run(&setup, file.path(), bench.patience()) {
            Ok((said, _)) => said,
            // A guest that died has said of what.
            Err(died) => format!("{died:#}"),
        };
        let shown = fault::of_log(&without_times(&said));
        rate.of += 1;
        if shown.as_ref() == Some(key) { rate.hits += 1 } else { last = (shown, said) }
    }
    let (shown, said) = last;
    Ok(Tried { rate, verdict: verdict(name, rate, shown.as_ref(), &said) })
}

/// A console's lines without the time that the kernel puts before each of its own.
fn without_times(said: &str) -> String {
    let line = |line: &str| {
        let rest = line.strip_prefix('[').and_then(|line| line.split_once("] "));
        let is_time = |time: &str| time.trim().parse::<f64>().is_ok();
        rest.filter(|(time, _)| is_time(time)).map_or(line, |(_, rest)| rest).to_string() + "\n"
    };
    said.lines().map(line).collect()
}

/// How often a script showed the fault, and what it did when it did not.
fn verdict(name: &str, rate: Rate, shown: Option<&Key>, said: &str) -> String {
    let reproduces = format!("`{name}` reproduces it in {rate} runs as root, each in a new guest.");
    if rate.hits == rate.of {
        return reproduces;
    }
    match shown {
        Some(shown) => format!("{reproduces} Another run shows something else: {shown}."),
        None => {
            let failed = said.lines().find(|line| line.starts_with("failed: ") || line.contains("SKIP"));
            let why = failed.map_or(String::new(), |line| format!(" First of what failed: `{line}`."));
            format!("{reproduces} In another the kernel does not complain.{why}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_shows_another_fault_or_none_is_not_said_to_reproduce_each_time() {
        let key = Key { sort: Sort::Deadlock, what: String::new(), place: "b".to_string() };
        let of = |hits| Rate { hits, of: TIMES };
        assert!(!verdict(FILE, of(TIMES), None, "").contains("nother"));
        assert!(
            verdict(FILE, of(1), Some(&key), "").contains("1 of 3 runs")
                && verdict(FILE, of(1), Some(&key), "").contains("deadlock in b")
        );
        let none = verdict(FILE, of(0), None, "ok: x\nfailed: y: no such file\n");
        assert!(none.contains("0 of 3 runs") && none.contains("failed: y"), "{none}");
    }

    #[test]
    fn the_kernels_times_are_taken_off_and_addresses_stay() {
        let said = "ok: x\n[    0.15]  [<60>] a+0x1/0x2\n[<60>] b\n";
        assert_eq!(without_times(said), "ok: x\n [<60>] a+0x1/0x2\n[<60>] b\n");
    }

    #[test]
    fn a_command_without_a_form_in_a_shell_is_named() {
        assert_eq!(left_out("step 'a' - 'b'\nleft_out 'mdev.create mtty/0'\n"), Some("mdev.create mtty/0"));
        assert_eq!(left_out("left_out() { echo; }\n"), None);
    }
}
