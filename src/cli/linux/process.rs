//! The process that a guest is: left to itself, or traced.

use super::steer::{Symbols, Traced};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a process is asked whether it has ended.
const TICK: Duration = Duration::from_millis(2);

/// A process. Dropping it leaves it running.
#[derive(Debug)]
pub(super) enum Process {
    Plain(Child),
    Traced(Traced),
}

/// A process's three streams, as far as they are pipes.
pub(super) type Streams = (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>);

impl Process {
    /// Starts a process; with the symbols of its kernel it is traced, and must ask for it.
    pub(super) fn spawn(
        mut command: Command,
        symbols: Option<Arc<Symbols>>,
    ) -> anyhow::Result<(Process, Streams)> {
        let streams = |child: &mut Child| (child.stdin.take(), child.stdout.take(), child.stderr.take());
        Ok(match symbols {
            None => {
                let mut child = command.spawn()?;
                let streams = streams(&mut child);
                (Process::Plain(child), streams)
            }
            Some(symbols) => {
                // Only its tracer may wait for it.
                let (traced, mut child) = Traced::spawn(command, symbols)?;
                let streams = streams(&mut child);
                (Process::Traced(traced), streams)
            }
        })
    }

    /// The tracer, if there is one.
    pub(super) fn traced(&self) -> Option<&Traced> {
        match self {
            Process::Plain(_) => None,
            Process::Traced(traced) => Some(traced),
        }
    }

    /// Waits for the process to end, and says how it did; none if it goes on for longer than that.
    pub(super) fn wait(&mut self, patience: Duration) -> Option<String> {
        match self {
            Process::Traced(traced) => traced.wait(patience),
            Process::Plain(child) => {
                let until = Instant::now() + patience;
                loop {
                    match child.try_wait() {
                        Ok(Some(status)) => return Some(status.to_string()),
                        Ok(None) if Instant::now() < until => std::thread::sleep(TICK),
                        Ok(None) => return None,
                        Err(error) => return Some(error.to_string()),
                    }
                }
            }
        }
    }

    /// Sends it a signal.
    pub(super) fn signal(&self, signal: Signal) {
        if let Some(process) = self.pid() {
            let _gone = kill_process(process, signal);
        }
    }

    /// Kills it with every process of its group.
    pub(super) fn kill_group(&self) {
        if let Some(group) = self.pid() {
            let _gone = kill_process_group(group, Signal::KILL);
        }
    }

    fn pid(&self) -> Option<Pid> {
        let number = match self {
            Process::Plain(child) => child.id(),
            Process::Traced(traced) => traced.process(),
        };
        i32::try_from(number).ok().and_then(Pid::from_raw)
    }
}
