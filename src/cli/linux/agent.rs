//! The guest's init: performs what the host asks for, and reports everything it hears.
//!
//! The same binary as on the host, started by the kernel as `/init`. It never returns: when the line closes the
//! guest powers off.

mod brake;
mod filter;
mod init;
mod kmsg;
mod listen;
mod module;
mod netlink;
mod netns;
mod perform;
mod report;

use anyhow::Context;
use report::Line;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use unreg::linux::wire::{self, Report, Request};

/// The line to the host: the first of user-mode Linux's serial lines.
const LINE: &str = "/dev/ttyS0";

/// Whether this process is a guest's init.
pub(crate) fn is_init() -> bool {
    std::process::id() == 1 && std::env::args_os().next().is_some_and(|name| Path::new(&name) == init::PATH)
}

/// Serves the host until the line closes, and powers off.
pub(crate) fn main() -> ! {
    if let Err(error) = serve() {
        // The console is all there is to complain to.
        eprintln!("unreg: the guest cannot go on: {error:#}");
    }
    init::power_off()
}

fn serve() -> anyhow::Result<()> {
    init::mount_all()?;
    if let Ok(what) = std::env::var(init::SHELL) {
        init::load_modules();
        return if what.starts_with('/') { init::script(&what) } else { init::shell() };
    }
    let tty =
        File::options().read(true).write(true).open(LINE).with_context(|| format!("cannot open {LINE}"))?;
    init::make_raw(&tty)?;
    let line = Line::new(tty.try_clone()?);
    init::stop_fair_server().context("cannot stop the scheduler's fair server")?;
    let mut works = init::load_modules();
    let (listener, listens) = listen::start(&line)?;
    works.extend(listens);
    let mut agent = perform::Agent::new(line.clone(), listener)?;
    line.report(&Report::Hello { release: init::release(), works });
    line.flush();
    let mut request = Vec::new();
    for piece in BufReader::new(tty).split(b'\n') {
        let piece = piece.context("cannot read from the host")?;
        if let Some(piece) = piece.strip_prefix(wire::MORE) {
            request.extend_from_slice(piece);
            line.report(&Report::Received);
            line.flush();
            continue;
        }
        request.extend(piece);
        match serde_json::from_slice::<Request>(&request) {
            Ok(request) => agent.perform(&request),
            Err(error) => line.report(&Report::Trouble { text: format!("no request: {error}") }),
        }
        request.clear();
        line.report(&Report::Done);
        line.flush();
    }
    Ok(())
}
