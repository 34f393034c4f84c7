//! A guest: a kernel that runs as a process, and the line to the agent in it.
//!
//! Its standard input and output are the line, its standard error is its console. It owns one scratch folder,
//! has no network and no way to the host's files, and ends when this process ends.

use super::{console::Console, initramfs};
use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process, kill_process_group, set_parent_process_death_signal};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use unreg::linux::wire::{self, Report, Request};

/// A guest that says nothing for this long when it should has not come up.
const BOOT: Duration = Duration::from_secs(60);
/// After its standard input is closed a guest has this long to power off before it is killed.
const POWER_OFF: Duration = Duration::from_secs(2);
/// The first argument of a process that becomes a guest: it dies with its parent.
pub(crate) const EXEC: &str = "unreg-guest";

/// How a scratch folder's name begins; the process that made it follows.
const SCRATCH: &str = "unreg-guest-";

/// How to start a guest.
#[derive(Debug, Clone)]
pub(super) struct Setup {
    /// The kernel: a user-mode Linux binary.
    pub(super) linux: PathBuf,
    /// Its modules: `…/lib/modules/RELEASE`.
    pub(super) modules: PathBuf,
    /// Its release, as it was built.
    pub(super) release: String,
    /// Memory in MiB.
    pub(super) memory: u32,
    /// Programs of the host to put into the guest under their own paths.
    pub(super) tools: Vec<PathBuf>,
    /// Whether the console is this terminal's and a shell runs on it.
    pub(super) shell: bool,
}

/// A running guest. Dropping it kills it and removes its scratch folder.
#[derive(Debug)]
pub(super) struct Guest {
    child: Child,
    line: Option<ChildStdin>,
    reports: Receiver<String>,
    console: Console,
    /// What the agent said when it came up.
    pub(super) release: String,
    /// What works: a subsystem and, if it does not, why.
    pub(super) works: Vec<(String, Option<String>)>,
    scratch: TempDir,
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
    /// Starts a guest and waits until its agent answers.
    pub(super) fn boot(setup: &Setup) -> anyhow::Result<Guest> {
        let scratch = scratch(setup.memory)?;
        let initramfs = scratch.path().join("initramfs");
        let file = File::create(&initramfs).context("cannot write to the scratch folder")?;
        initramfs::write(BufWriter::new(file), &setup.modules, &setup.tools)?;
        let mut child = command(setup, scratch.path())?.spawn().context("cannot start a process")?;
        let line = child.stdin.take();
        let console = Console::follow(child.stderr.take());
        let reports = lines(child.stdout.take());
        let (release, works) = (String::new(), Vec::new());
        let mut guest =
            Guest { child, line, reports, console, release, works, scratch, memory: setup.memory };
        match guest.next(Instant::now() + BOOT) {
            Ok(Report::Hello { release, works }) => {
                (guest.release, guest.works) = (release, works);
                // The initramfs has been read; its memory is worth more than the name.
                let _gone = std::fs::remove_file(&initramfs);
                Ok(guest)
            }
            Ok(other) => anyhow::bail!("the guest should say hello, and says {other:?}"),
            Err(why) => anyhow::bail!("the guest does not come up: {why}"),
        }
    }

    /// Starts a guest with a shell on this terminal, and waits until it ends.
    pub(super) fn shell(setup: &Setup) -> anyhow::Result<()> {
        let scratch = scratch(setup.memory)?;
        let file =
            File::create(scratch.path().join("initramfs")).context("cannot write to the scratch folder")?;
        initramfs::write(BufWriter::new(file), &setup.modules, &setup.tools)?;
        let status = command(setup, scratch.path())?.status().context("cannot start a process")?;
        anyhow::ensure!(status.success(), "the guest ended with {status}");
        Ok(())
    }

    /// Has the guest perform a request; every report goes to `hear`. A guest that says nothing for `patience`
    /// hangs, and is as good as dead.
    pub(super) fn perform(
        &mut self,
        request: &Request,
        patience: Duration,
        mut hear: impl FnMut(Report),
    ) -> anyhow::Result<Ended> {
        if let Err(why) = self.send(request, patience)? {
            return Ok(Ended::Died(why));
        }
        loop {
            match self.next(Instant::now() + patience) {
                Ok(Report::Done) => return Ok(Ended::Done),
                Ok(report) => hear(report),
                Err(why) => return Ok(Ended::Died(why)),
            }
        }
    }

    /// Sends a request piece by piece; the last piece ends the line.
    fn send(&mut self, request: &Request, patience: Duration) -> anyhow::Result<Result<(), String>> {
        let text = serde_json::to_vec(request)?;
        let mut pieces = text.chunks(wire::PIECE).peekable();
        while let Some(piece) = pieces.next() {
            let is_last = pieces.peek().is_none();
            let line: &[&[u8]] = if is_last { &[piece, b"\n"] } else { &[wire::MORE, piece, b"\n"] };
            let sent = self.line.as_mut().map(|to| to.write_all(&line.concat()));
            if !matches!(sent, Some(Ok(()))) {
                return Ok(Err(self.last_words("the guest is gone")));
            }
            if !is_last {
                match self.next(Instant::now() + patience) {
                    Ok(Report::Received) => {}
                    Ok(other) => {
                        anyhow::bail!("the guest should take a piece of a request, and says {other:?}")
                    }
                    Err(why) => return Ok(Err(why)),
                }
            }
        }
        Ok(Ok(()))
    }

    /// The next report, or why there is none.
    fn next(&mut self, until: Instant) -> Result<Report, String> {
        let received = self.reports.recv_timeout(until.saturating_duration_since(Instant::now()));
        match received {
            Ok(line) => serde_json::from_str(&line).map_err(|_| self.last_words("the guest talks nonsense")),
            Err(RecvTimeoutError::Timeout) => Err(self.last_words("the guest hangs")),
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.child.wait().map(|status: ExitStatus| format!("the guest died: {status}"));
                Err(self.last_words(&status.unwrap_or_else(|error| error.to_string())))
            }
        }
    }

    fn last_words(&self, what: &str) -> String {
        let mut words = vec![what.to_string()];
        let (folder, room) = (self.scratch.path(), free(self.scratch.path()) >> 20);
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
        let until = Instant::now() + POWER_OFF;
        while Instant::now() < until {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(2)),
                _ended => return,
            }
        }
        kill_group(&self.child);
        let _reaped = self.child.wait();
    }
}

/// What can happen to a guest, done on purpose: to see that a run survives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Sabotage {
    /// Somebody kills its process
    Kill,
    /// It says nothing any more
    Hang,
    /// Its kernel panics
    Panic,
}

impl Guest {
    /// Does something bad to the guest from outside; a panic is asked of it from inside.
    pub(super) fn sabotage(&self, how: Sabotage) {
        let signal = match how {
            Sabotage::Kill => Signal::KILL,
            Sabotage::Hang => Signal::STOP,
            Sabotage::Panic => return,
        };
        if let Some(process) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _gone = kill_process(process, signal);
        }
    }
}

/// Kills a guest with every process of it: user-mode Linux has one for each of the guest's.
fn kill_group(child: &Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _gone = kill_process_group(group, Signal::KILL);
    }
}

/// A folder for the guest's memory and sockets: in memory if there is room, else where temporary files go.
fn scratch(memory: u32) -> anyhow::Result<TempDir> {
    let shared = Path::new("/dev/shm");
    // Memory that the guest gives back is not given back to the host at once.
    let wanted = (u64::from(memory) * 2) << 20;
    let parent = if free(shared) >= wanted { shared.to_path_buf() } else { std::env::temp_dir() };
    remove_stale(&parent);
    let prefix = format!("{SCRATCH}{}-", std::process::id());
    let made = tempfile::Builder::new().prefix(&prefix).tempdir_in(&parent);
    made.with_context(|| format!("cannot make a scratch folder in {}", parent.display()))
}

/// The room in a folder, in bytes.
fn free(folder: &Path) -> u64 {
    rustix::fs::statvfs(folder).map_or(0, |stat| stat.f_bavail * stat.f_frsize)
}

/// Removes the scratch folders of processes that were killed before they could.
fn remove_stale(parent: &Path) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(SCRATCH)?.split('-').next());
        if owner.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let _not_ours = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn command(setup: &Setup, scratch: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("cannot find this binary")?);
    command.arg0(EXEC).arg(&setup.linux);
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
    command.args(["console=tty0", "con0=null,fd:2", "ssl0=fd:0,fd:1"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    command.env("TMPDIR", scratch);
    Ok(command)
}

/// Becomes the program in the arguments; the kernel kills it when its parent dies, however that dies.
pub(crate) fn exec() -> ! {
    let mut arguments = std::env::args_os().skip(1);
    let bound = set_parent_process_death_signal(Some(Signal::KILL));
    let program = arguments.next().unwrap_or_default();
    let error = match bound {
        Ok(()) => Command::new(&program).args(arguments).exec(),
        Err(errno) => errno.into(),
    };
    eprintln!("unreg: cannot start {}: {error}", Path::new(&program).display());
    std::process::exit(127)
}

/// The lines that the agent sends, as they come.
fn lines(from: Option<impl std::io::Read + Send + 'static>) -> Receiver<String> {
    let (send, receive) = channel();
    if let Some(from) = from {
        std::thread::spawn(move || {
            // The line begins with what user-mode Linux says of the host; reports are objects or names.
            let lines = BufReader::new(from).lines().map_while(Result::ok);
            let reports = lines.filter(|line| line.starts_with(['{', '"']));
            for line in reports {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
    }
    receive
}
