//! A shell script in a guest: what it prints, and how it ends.

use super::guest::{Setup, command};
use super::initramfs;
use super::process::Process;
use super::scratch::Scratch;
use anyhow::Context;
use std::fs::File;
use std::io::{BufWriter, Read};
use std::path::Path;
use std::time::Duration;

/// Stands alone in a line before what the script prints.
pub(super) const BEGIN: &str = "unreg: the script begins";
/// Stands before the exit code of the script, in the line after what it prints.
pub(super) const END: &str = "unreg: the script ends with ";
/// A script may take so many times the patience.
const SCRIPT: u32 = 12;
/// After its console is closed a guest has this long to power off.
const POWER_OFF: Duration = Duration::from_secs(2);

/// Runs a script in a guest of its own. Returns what it printed and its exit code.
pub(super) fn run(setup: &Setup, script: &Path, patience: Duration) -> anyhow::Result<(String, i32)> {
    setup.kernel.verify()?;
    let scratch = Scratch::new(setup.memory)?;
    let initramfs =
        File::create(scratch.path().join("initramfs")).context("cannot write to the scratch folder")?;
    initramfs::write(BufWriter::new(initramfs), &setup.kernel.modules(), &setup.tools, Some(script))?;
    let spawned = Process::spawn(command(setup, scratch.path())?, None);
    let (mut process, (_, console, _)) = spawned.context("cannot start a process")?;
    let mut console = console.context("the guest has no console")?;
    let said = std::thread::spawn(move || {
        let mut said = Vec::new();
        // What was read before an error is all that there is.
        let _read = console.read_to_end(&mut said);
        String::from_utf8_lossy(&said).replace('\r', "")
    });
    let ended = process.wait(patience.saturating_mul(SCRIPT));
    process.kill_group();
    if ended.is_none() {
        let _reaped = process.wait(POWER_OFF);
    }
    let said = said.join().map_err(|_| anyhow::anyhow!("the console cannot be read"))?;
    anyhow::ensure!(ended.is_some(), "the guest hangs in the script\n{said}");
    between(&said).with_context(|| format!("the guest died in the script\n{said}"))
}

/// What stands between the two marks, and the exit code after the second.
fn between(said: &str) -> Option<(String, i32)> {
    let (_, said) = said.split_once(&format!("{BEGIN}\n"))?;
    let (said, code) = said.rsplit_once(END)?;
    Some((said.to_string(), code.lines().next()?.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_script_prints_stands_between_two_marks() {
        let said = format!("Core dump limits\n{BEGIN}\nok 1\n{END}4\nreboot: Power down\n");
        assert_eq!(between(&said), Some(("ok 1\n".to_string(), 4)));
        assert_eq!(between(&format!("{BEGIN}\nPanic")), None, "it has no end");
    }
}
