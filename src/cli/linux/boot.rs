//! `unreg linux boot`: starts the real kernel and says what works in it.

use super::build::{self, Config};
use super::guest::{Guest, Setup};
use crate::cli::{Outcome, duration, out};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Which kernel to ask.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Which {
    /// The folder of a kernel [default: the latest that was built with this configuration]
    #[arg(long, value_name = "DIR")]
    kernel: Option<PathBuf>,
    /// What the kernel was built to show
    #[arg(long, value_enum, default_value_t = Config::Fast)]
    config: Config,
    /// Give a guest up that says nothing for this long
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::parse)]
    patience: Duration,
}

impl Which {
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// How to start the kernel that is meant.
    pub(super) fn setup(&self) -> anyhow::Result<Setup> {
        let built = build::find(self.kernel.as_deref(), self.config)?;
        let (linux, modules) = (built.linux(), built.modules());
        Ok(Setup { linux, modules, memory: self.config.memory(), tools: Vec::new(), shell: false })
    }
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Leave a shell in the guest
    #[arg(long)]
    shell: bool,
    /// Put a program of this machine into the guest, under its own path
    #[arg(long, value_name = "FILE")]
    with: Vec<PathBuf>,
}

pub(super) fn boot(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let setup = Setup { tools: arguments.with.clone(), shell: arguments.shell, ..arguments.which.setup()? };
    if arguments.shell {
        Guest::shell(&setup)?;
        return Ok(Outcome::Clean);
    }
    let start = Instant::now();
    let guest = Guest::boot(&setup)?;
    out::print(&format!("Linux {}, up in {:.1} s\n", guest.release, start.elapsed().as_secs_f64()))?;
    for (what, why) in &guest.works {
        let verdict = why.as_ref().map_or("works".to_string(), |why| format!("does not work: {why}"));
        out::print(&format!("  {what}: {verdict}\n"))?;
    }
    Ok(Outcome::Clean)
}
