//! `kill -9` in a loop: a hunt and both engines on one corpus folder lose neither programs nor findings.

use super::seed;
use crate::afl::{Afl, crashes};
use crate::cargo;
use crate::libfuzzer::LibFuzzer;
use anyhow::ensure;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

const VARIANT: &str = "ib=split-mutex";

/// Kills all three every few seconds, and demands after each kill that the corpora reach what they reached and that every
/// finding is whole.
#[derive(clap::Args)]
pub(crate) struct Kill {
    /// For how long
    #[arg(long, default_value_t = 300)]
    seconds: u64,
}

/// What is left after a kill.
#[derive(Default, Debug)]
struct Left {
    states: u64,
    afl_states: u64,
    findings: usize,
}

impl Kill {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let libfuzzer = LibFuzzer::build(&["ib"])?;
        let afl = Afl::build(&["--bin", "ib"])?;
        let unreg = cargo::unreg()?;
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("corpus"))?;
        fs::create_dir(at("artifacts"))?;
        let seed = seed(folder.path())?;
        let hunt = |more: [&str; 2]| {
            let mut hunt = Command::new(&unreg);
            hunt.args(["hunt", "--all", "--variant", VARIANT, "--corpus"]).arg(at("corpus"));
            hunt.arg("--findings").arg(at("findings")).args(more);
            hunt
        };
        let (start, mut kills, mut before) = (Instant::now(), 0, Left::default());
        while start.elapsed() < Duration::from_secs(self.seconds) {
            let mut first = hunt(["--time", "60s"]);
            let mut second = libfuzzer.command("ib", true)?;
            second
                .args(["-fork=1", "-ignore_crashes=1"])
                .arg(format!("-artifact_prefix={}/", at("artifacts").display()));
            second.arg(at("corpus"));
            let mut third = afl.fuzz("ib", true)?;
            third.env("AFL_AUTORESUME", "1").arg("-i").arg(&seed).arg("-o").arg(at("afl"));
            third.arg("--").arg(afl.binary("ib"));
            let mut children = Vec::new();
            for command in [&mut first, &mut second, &mut third] {
                // Each in a group of its own, so that what it forks dies with it.
                command.env("UNREG_VARIANT", VARIANT).stdout(Stdio::null()).stderr(Stdio::null());
                children.push(command.current_dir(folder.path()).process_group(0).spawn()?);
            }
            // Always the same kinds of moments, and never the same one.
            std::thread::sleep(Duration::from_millis(2000 + kills * 1037 % 5000));
            for child in children {
                slay(child)?;
            }
            // AFL's target has a session of its own and waits for a fuzzer that is gone.
            slay_orphans(&afl.binary("ib"))?;
            kills += 3;
            let now = Left {
                states: states(&unreg, &at("corpus"))?,
                afl_states: states(&unreg, &at("afl/default/queue"))?,
                findings: findings(&at("findings"))?.len(),
            };
            ensure!(
                now.states >= before.states,
                "the corpus reached {} states and now {}",
                before.states,
                now.states
            );
            ensure!(now.afl_states >= before.afl_states, "AFL's queue has lost states: {before:?}, {now:?}");
            ensure!(now.findings >= before.findings, "findings are lost: {before:?}, {now:?}");
            for finding in findings(&at("findings"))? {
                let run = Command::new(&unreg).arg("run").arg(&finding).output()?;
                ensure!(run.status.success(), "{} is not what it says", finding.display());
            }
            before = now;
        }
        // What was found and not yet filed is in the corpus, and is filed now; the engines' crashes have the same names.
        hunt(["--runs", "1000"]).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        let names = findings(&at("findings"))?.len();
        let mut artifacts = crashes(&at("afl"));
        artifacts.extend(fs::read_dir(at("artifacts"))?.flatten().map(|entry| entry.path()));
        if !artifacts.is_empty() {
            let mut minimize = Command::new(&unreg);
            minimize
                .args(["minimize", "--target", "ib", "--variant", VARIANT, "--findings"])
                .arg(at("findings"));
            let output = minimize.args(&artifacts).output()?;
            ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        println!(
            "{kills} kills: {} lasting states in the corpus, {} in AFL's queue, {names} findings of the hunts; {} crashes of \
             the engines, with which there are {}",
            before.states,
            before.afl_states,
            artifacts.len(),
            findings(&at("findings"))?.len()
        );
        Ok(ExitCode::SUCCESS)
    }
}

fn slay(mut child: Child) -> anyhow::Result<()> {
    let group = Pid::from_raw(i32::try_from(child.id())?);
    match killpg(group, Signal::SIGKILL) {
        Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
        Err(error) => return Err(error.into()),
    }
    child.wait()?;
    Ok(())
}

/// Kills the processes that run this binary.
fn slay_orphans(binary: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir("/proc")?.flatten() {
        let Ok(number) = entry.file_name().to_string_lossy().parse() else { continue };
        if fs::read_link(entry.path().join("exe")).is_ok_and(|exe| exe == binary) {
            // It may be gone by now.
            let _ = nix::sys::signal::kill(Pid::from_raw(number), Signal::SIGKILL);
        }
    }
    Ok(())
}

/// How many lasting states a folder reaches: what a search stands on.
fn states(unreg: &Path, folder: &Path) -> anyhow::Result<u64> {
    if !folder.exists() {
        return Ok(0);
    }
    let output = Command::new(unreg).args(["corpus", "show"]).arg(folder).output()?;
    let shown = String::from_utf8(output.stdout)?;
    Ok(shown.lines().find_map(lasting).unwrap_or(0))
}

/// The number in `… reach N lasting states …`.
fn lasting(line: &str) -> Option<u64> {
    line.split_once(" reach ")?.1.split_once(" lasting states")?.0.parse().ok()
}

fn findings(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let files = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    Ok(files.filter(|path| path.extension().is_some_and(|extension| extension == "prog")).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_states_of_a_corpus_are_read() {
        assert_eq!(super::lasting("12 programs reach 345 lasting states and 6 more"), Some(345));
        assert_eq!(super::lasting("nothing"), None);
    }
}
