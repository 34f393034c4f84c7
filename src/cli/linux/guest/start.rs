//! Starts a guest; one that does not answer in time is started once more, with more patience.

use super::{Guest, Setup, command, in_time, never_block};
use crate::cli::linux::console::Console;
use crate::cli::linux::initramfs;
use crate::cli::linux::lines;
use crate::cli::linux::process::Process;
use crate::cli::linux::scratch::Scratch;
use anyhow::Context;
use rustix::process::Signal;
use std::fs::File;
use std::io::BufWriter;
use std::time::Duration;
use unreg::linux::shown;
use unreg::linux::wire::Report;

/// A guest that boots may be silent for so many times the patience.
const BOOT: u32 = 6;
/// The second time a guest has so many times the patience of the first: a machine that is busy is no fault of the kernel.
pub(in crate::cli::linux) const LONGER: u32 = 4;

/// A guest that was started twice and did not answer, or that dies of nothing.
#[derive(Debug)]
pub(in crate::cli::linux) struct NotUp(String);

impl NotUp {
    /// For this reason.
    pub(in crate::cli::linux) fn because(why: &str) -> NotUp {
        NotUp(why.to_string())
    }
}

impl std::fmt::Display for NotUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the guest does not come up: {}", self.0)
    }
}

impl std::error::Error for NotUp {}

/// What came of one start.
enum Started {
    Up(Box<Guest>),
    /// It does not answer, and this is what it said last.
    NotUp(String),
}

impl Guest {
    /// Starts a guest and waits until its agent answers. The error is [`NotUp`] if two did not.
    pub(in crate::cli::linux) fn boot(setup: &Setup) -> anyhow::Result<Guest> {
        let first = setup.patience.saturating_mul(BOOT);
        let longer = first.saturating_mul(LONGER);
        match Guest::start(setup, first, setup.hangs_at_boot > 0)? {
            Started::Up(guest) => return Ok(*guest),
            Started::NotUp(why) => {
                let why = why.lines().next().unwrap_or_default();
                anstream::eprintln!("a guest does not come up ({why}); another one has {longer:?}");
            }
        }
        match Guest::start(setup, longer, setup.hangs_at_boot > 1)? {
            Started::Up(mut guest) => {
                guest.starts = 2;
                Ok(*guest)
            }
            Started::NotUp(why) => Err(NotUp::because(&why).into()),
        }
    }

    /// Starts a guest that may be silent for so long, or that is stopped as soon as it starts.
    fn start(setup: &Setup, patience: Duration, hangs: bool) -> anyhow::Result<Started> {
        setup.kernel.verify()?;
        let scratch = Scratch::new(setup.memory)?;
        let initramfs = scratch.path().join("initramfs");
        let file = File::create(&initramfs).context("cannot write to the scratch folder")?;
        initramfs::write(BufWriter::new(file), &setup.kernel.modules(), &setup.tools, None)?;
        let spawned = Process::spawn(command(setup, scratch.path())?, setup.symbols.clone());
        let (process, (line, said, console)) = spawned.context("cannot start a process")?;
        // A guest that does not read must not stop the host.
        line.iter().try_for_each(never_block)?;
        let console = Console::follow(console);
        let reports = lines::reports(said);
        let (release, works, memory) = (String::new(), Vec::new(), setup.memory);
        let mut guest = Guest { process, line, reports, console, release, works, starts: 1, scratch, memory };
        if hangs {
            guest.process.signal(Signal::STOP);
        }
        Ok(match guest.next(in_time(patience)) {
            Ok((Report::Hello { release, works }, _)) => {
                let shown = |(what, why): &(String, Option<String>)| {
                    (shown::line(what), why.as_deref().map(shown::line))
                };
                (guest.release, guest.works) = (shown::line(&release), works.iter().map(shown).collect());
                // The initramfs has been read; its memory is worth more than the name.
                let _gone = std::fs::remove_file(&initramfs);
                Started::Up(Box::new(guest))
            }
            Ok((other, _)) => {
                let other = lines::beginning(format!("{other:?}").as_bytes());
                Started::NotUp(format!("it should say hello, and says {other}"))
            }
            Err(why) => Started::NotUp(why),
        })
    }
}
