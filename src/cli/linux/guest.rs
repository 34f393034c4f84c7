//! A guest: a kernel that runs as a process, and the line to the agent in it.
//!
//! Its standard input and output are the line, its standard error is its console. It owns one scratch folder,
//! has no network and no way to the host's files, and ends when this process ends.

pub(super) mod start;

use super::boot::PATIENCE;
use super::build::{self, Built};
use super::console::Console;
use super::initramfs;
use super::lines::{self, Line};
use super::process::Process;
use super::scratch::{self, Scratch};
use super::steer::{Order, Symbols};
use anyhow::Context;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::process::{Signal, getppid, set_parent_process_death_signal};
use std::ffi::OsStr;
use std::fs::File;
use std::io::BufWriter;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use unreg::linux::complaint;
use unreg::linux::fault;
use unreg::linux::sense::Sense;
use unreg::linux::shown;
use unreg::linux::steer::Log;
use unreg::linux::wire::{self, Report, Request};

/// After its standard input is closed a guest has this long to power off before it is killed.
const POWER_OFF: Duration = Duration::from_secs(2);
/// A program may take so many times the patience: a guest that never falls silent ends too.
const PROGRAM: u32 = 12;
/// A program has at most so many reports, of so many bytes in all. The largest programs have some hundreds of each a
/// command.
const REPORTS: usize = 1 << 14;
const BYTES: usize = 1 << 24;
/// The first argument of a process that becomes a guest: it dies with its parent.
pub(crate) const EXEC: &str = "unreg-guest";
/// The same of one that its parent traces.
pub(crate) const EXEC_TRACED: &str = "unreg-traced-guest";

/// How to start a guest.
#[derive(Debug, Clone)]
pub(super) struct Setup {
    /// The kernel: a user-mode Linux binary and its modules.
    pub(super) kernel: Built,
    /// Memory in MiB.
    pub(super) memory: u32,
    /// Programs of the host to put into the guest under their own paths.
    pub(super) tools: Vec<PathBuf>,
    /// Whether the console is this terminal's and a shell runs on it.
    pub(super) shell: bool,
    /// A script of the host that runs in the guest instead of the agent.
    pub(super) script: Option<PathBuf>,
    /// Whether the kernel's log is between the lines that the script prints.
    pub(super) log: bool,
    /// The symbols of the kernel, if it is to be steered.
    pub(super) symbols: Option<Arc<Symbols>>,
    /// How long the guest may be silent.
    pub(super) patience: Duration,
    /// So many starts of a guest are stopped at once, to see that the run survives a boot that hangs.
    pub(super) hangs_at_boot: u32,
}

impl Setup {
    /// A kernel with the memory that it needs, and nothing besides the agent.
    pub(super) fn of(kernel: &Built) -> Setup {
        Setup {
            kernel: kernel.clone(),
            memory: build::memory(kernel),
            tools: Vec::new(),
            shell: false,
            script: None,
            log: false,
            symbols: None,
            patience: PATIENCE,
            hangs_at_boot: 0,
        }
    }
}

/// A running guest. Dropping it kills it and removes its scratch folder.
#[derive(Debug)]
pub(super) struct Guest {
    process: Process,
    line: Option<ChildStdin>,
    reports: Receiver<Line>,
    console: Console,
    /// What the agent said when it came up.
    pub(super) release: String,
    /// What works: a subsystem and, if it does not, why.
    pub(super) works: Vec<(String, Option<String>)>,
    /// How many times it was started until it answered.
    pub(super) starts: u32,
    scratch: Scratch,
    memory: u32,
}

/// How a program on a guest ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The guest did all of it.
    Done,
    /// The guest died or hangs, and what its kernel said last.
    Died(String),
}

impl Guest {
    /// Starts a guest with a shell on this terminal, and waits until it ends.
    pub(super) fn shell(setup: &Setup) -> anyhow::Result<()> {
        setup.kernel.verify()?;
        let scratch = Scratch::new(setup.memory)?;
        let file =
            File::create(scratch.path().join("initramfs")).context("cannot write to the scratch folder")?;
        initramfs::write(BufWriter::new(file), &setup.kernel.modules(), &setup.tools, None)?;
        let status = command(setup, scratch.path())?.status().context("cannot start a process")?;
        anyhow::ensure!(status.success(), "the guest ended with {status}");
        Ok(())
    }

    /// Has the guest perform a request; every report goes to `hear`, once it is known to make sense. A guest that says
    /// nothing for `patience` hangs, and is as good as dead; so is one that says too much or that makes no sense.
    pub(super) fn perform(
        &mut self,
        request: &Request,
        patience: Duration,
        mut hear: impl FnMut(Report),
    ) -> anyhow::Result<Ended> {
        let most = patience.saturating_mul(PROGRAM);
        let end = in_time(most);
        let mut sense = Sense::of(request);
        let mut performed = || -> Result<(), String> {
            self.send(&serde_json::to_vec(request).map_err(|error| error.to_string())?, patience, end)?;
            let (mut reports, mut bytes) = (0, 0);
            loop {
                let (report, length) = self.next(in_time(patience))?;
                (reports, bytes) = (reports + 1, bytes + length);
                if reports > REPORTS || bytes > BYTES {
                    return Err(self.last_words("the guest says too much of one program"));
                }
                sense.next(&report).map_err(|why| self.last_words(&nonsense(&why)))?;
                match report {
                    Report::Done => return Ok(()),
                    report => hear(report),
                }
                if Instant::now() >= end {
                    return Err(self.last_words(&format!("the guest takes more than {most:?}")));
                }
            }
        };
        Ok(match performed() {
            Ok(()) => Ended::Done,
            Err(why) => Ended::Died(why),
        })
    }

    /// Sends a request piece by piece; the last piece ends the line.
    fn send(&mut self, text: &[u8], patience: Duration, end: Instant) -> Result<(), String> {
        let mut pieces = text.chunks(wire::PIECE).peekable();
        while let Some(piece) = pieces.next() {
            let is_last = pieces.peek().is_none();
            let line: &[&[u8]] = if is_last { &[piece, b"\n"] } else { &[wire::MORE, piece, b"\n"] };
            self.write(&line.concat(), in_time(patience).min(end))?;
            if !is_last {
                match self.next(in_time(patience).min(end))?.0 {
                    Report::Received => {}
                    other => {
                        let other = lines::beginning(format!("{other:?}").as_bytes());
                        let why = format!("it should take a piece of a request, and says {other}");
                        return Err(self.last_words(&nonsense(&why)));
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes to the guest, which must read that until then.
    fn write(&self, bytes: &[u8], until: Instant) -> Result<(), String> {
        let written =
            self.line.as_ref().ok_or("the guest is gone").and_then(|line| write(line, bytes, until));
        written.map_err(|why| self.last_words(why))
    }

    /// The next report and its length, or why there is none.
    fn next(&mut self, until: Instant) -> Result<(Report, usize), String> {
        let received = self.reports.recv_timeout(until.saturating_duration_since(Instant::now()));
        let bad = |why: &str| self.last_words(&nonsense(why));
        match received {
            Ok(Ok(line)) => match serde_json::from_str(&line) {
                Ok(report) => Ok((report, line.len())),
                Err(error) => Err(bad(&format!("{error}: {}", lines::beginning(line.as_bytes())))),
            },
            Ok(Err(why)) => Err(bad(&why)),
            Err(RecvTimeoutError::Timeout) => Err(self.last_words(fault::HANGS)),
            Err(RecvTimeoutError::Disconnected) => {
                let how = self.end();
                Err(self.last_words(&how))
            }
        }
    }

    /// How the guest ended whose line is closed.
    fn end(&mut self) -> String {
        match self.process.wait(POWER_OFF) {
            Some(how) => format!("the guest died: {how}"),
            None => "the guest has closed its line and lives on".to_string(),
        }
    }

    /// Has the guest power off. Returns what its kernel complains of meanwhile, or that it does not end.
    pub(super) fn power_off(mut self) -> Option<String> {
        drop(self.line.take());
        let ended = self.process.wait(POWER_OFF * 5);
        let words = self.console.last_words();
        match ended {
            None => Some(format!("the guest does not power off\n{words}")),
            Some(_) => (!complaint::read(&words).is_empty()).then_some(words),
        }
    }

    fn last_words(&self, what: &str) -> String {
        let mut words = vec![what.to_string()];
        let (folder, room) = (self.scratch.path(), scratch::free(self.scratch.path()) >> 20);
        if room < u64::from(self.memory) {
            let (needed, folder) = (self.memory, folder.parent().unwrap_or(folder).display());
            words.push(format!(
                "its memory is a file of up to {needed} MiB, and {folder} has room for {room}"
            ));
        }
        words.extend(Some(self.console.last_words()).filter(|said| !said.is_empty()));
        words.join("\n")
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // Without a line the agent powers off; a guest that hangs does not.
        drop(self.line.take());
        if self.process.wait(POWER_OFF).is_none() {
            self.process.kill_group();
            let _reaped = self.process.wait(POWER_OFF);
        }
    }
}

/// What can happen to a guest, done on purpose: to see that a run survives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Sabotage {
    /// Its process is killed
    Kill,
    /// It says nothing any more
    Hang,
    /// It says nothing any more, and neither does the one that replaces it
    Hangs,
    /// Its kernel panics
    Panic,
    /// It says nothing from its start on
    Boot,
    /// It says nothing from its start on, and neither does the one that replaces it
    Boots,
}

impl Guest {
    /// Does something bad to the guest from outside; a panic is asked of it from inside, and a boot is over by now.
    pub(super) fn sabotage(&self, how: Sabotage) {
        let signal = match how {
            Sabotage::Kill => Signal::KILL,
            Sabotage::Hang | Sabotage::Hangs => Signal::STOP,
            Sabotage::Panic | Sabotage::Boot | Sabotage::Boots => return,
        };
        self.process.signal(signal);
    }

    /// Has the guest follow this with its next program.
    pub(super) fn order(&self, order: Order) {
        if let Some(traced) = self.process.traced() {
            traced.order(order);
        }
    }

    /// What was seen of the program that was followed last.
    pub(super) fn take_log(&self) -> Option<Log> {
        self.process.traced()?.take_log()
    }
}

pub(super) fn command(setup: &Setup, scratch: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("cannot find this binary")?);
    command.arg0(if setup.symbols.is_some() { EXEC_TRACED } else { EXEC });
    command.arg(std::process::id().to_string()).arg(setup.kernel.linux());
    let folder = scratch.display();
    command.arg(format!("mem={}M", setup.memory));
    command.arg(format!("initrd={folder}/initramfs"));
    command.args(["root=/dev/ram0", "rdinit=/init", "panic=-1", "time-travel=inf-cpu", "loglevel=5"]);
    command.arg(format!("uml_dir={folder}/")).arg("umid=guest");
    if setup.shell {
        command.args(["console=tty0", "con0=fd:0,fd:1", "ssl0=null", "UNREG_SHELL=1"]);
        command.env("TMPDIR", scratch);
        return Ok(command);
    }
    if setup.script.is_some() {
        command.args(["console=tty0", "con0=null,fd:1", "ssl0=null"]);
        if !setup.log {
            // The script's output is the console: the kernel's own messages would be between its lines.
            command.args(["quiet", "loglevel=1"]);
        }
        command.arg(format!("UNREG_SHELL={}", initramfs::SCRIPT)).env("TMPDIR", scratch);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        return Ok(command);
    }
    command.args(["console=tty0", "con0=null,fd:2", "ssl0=fd:0,fd:1"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    command.env("TMPDIR", scratch);
    Ok(command)
}

fn never_block(line: impl AsFd) -> rustix::io::Result<()> {
    fcntl_setfl(&line, fcntl_getfl(&line)? | OFlags::NONBLOCK)
}

/// Writes to a line that does not block, as long as the guest reads.
fn write(line: impl AsFd, mut bytes: &[u8], until: Instant) -> Result<(), &'static str> {
    while !bytes.is_empty() {
        match rustix::io::write(&line, bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::AGAIN) => {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err("the guest hangs: it does not read");
                }
                let left = Timespec::try_from(left).ok();
                let _again = poll(&mut [PollFd::new(&line, PollFlags::OUT)], left.as_ref());
            }
            Err(Errno::INTR) => {}
            Err(_closed) => return Err("the guest is gone"),
        }
    }
    Ok(())
}

/// The moment after so much time, or after a time that outlasts every run.
fn in_time(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time).unwrap_or(now + Duration::from_secs(u32::MAX.into()))
}

/// What is said of a guest that makes no sense.
fn nonsense(why: &str) -> String {
    format!("the guest talks nonsense: {}", shown::line(why))
}

/// Becomes the program in the arguments after its parent's number; the kernel kills it when its parent dies, however and
/// whenever that dies.
pub(crate) fn exec(is_traced: bool) -> ! {
    let mut arguments = std::env::args_os().skip(1);
    let parent = arguments.next().unwrap_or_default();
    let bound = bind(&parent)
        .and_then(|()| if is_traced { nix::sys::ptrace::traceme().map_err(Into::into) } else { Ok(()) });
    let program = arguments.next().unwrap_or_default();
    let error = match bound {
        Ok(()) => Command::new(&program).args(arguments).exec(),
        Err(error) => error,
    };
    eprintln!("unreg: cannot start {}: {error}", Path::new(&program).display());
    std::process::exit(127)
}

/// Lets this process die with its parent. One that died before is not waited for: the tracer of its child would be
/// init, which lets no process go on.
fn bind(parent: &OsStr) -> std::io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let is_alive = getppid().is_some_and(|pid| *pid.as_raw_nonzero().to_string() == *parent);
    if is_alive { Ok(()) } else { Err(std::io::Error::other("its parent has died")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_that_does_not_read_does_not_stop_the_host() {
        let (reader, writer) = std::io::pipe().unwrap();
        never_block(&writer).unwrap();
        let soon = || in_time(Duration::from_millis(50));
        let much = vec![b'x'; 1 << 24];
        assert_eq!(write(&writer, b"little", soon()), Ok(()));
        assert_eq!(write(&writer, &much, soon()), Err("the guest hangs: it does not read"));
        drop(reader);
        assert_eq!(write(&writer, b"little", soon()), Err("the guest is gone"));
    }
}
