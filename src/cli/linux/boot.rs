//! `unreg linux boot`: starts the real kernel and says what works in it.

use super::build::{self, Config, Release};
use super::guest::{Guest, Setup};
use crate::cli::{Outcome, choose, duration, out};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use unreg::program::Variants;

/// Which kernel to ask.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Which {
    /// The folder of a kernel [default: the latest that was built with this configuration, unless it is of 6.1]
    #[arg(long, value_name = "DIR")]
    kernel: Option<PathBuf>,
    /// The latest kernel of this release, as 6.1
    #[arg(long, value_name = "VERSION", conflicts_with = "kernel")]
    release: Option<Release>,
    /// What the kernel was built to show [default: fast]
    #[arg(long, value_enum)]
    config: Option<Config>,
    /// Give a guest up that says nothing for this long
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::parse)]
    patience: Duration,
}

impl Which {
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Whether one kernel is named, or one configuration.
    pub(super) fn is_configured(&self) -> bool {
        self.config.is_some() || self.kernel.is_some()
    }

    /// Whether the kernel releases kobjects late.
    pub(super) fn releases_late(&self) -> bool {
        self.config == Some(Config::DelayedRelease)
    }

    /// These variants, and those of the kernel's configuration.
    pub(super) fn configured(&self, variants: Variants) -> anyhow::Result<Variants> {
        if !self.releases_late() {
            return Ok(variants);
        }
        choose::variants("config=delayed-release")
            .map(|late| variants.union(late))
            .map_err(anyhow::Error::msg)
    }

    /// How to start the kernel that is meant.
    pub(super) fn setup(&self) -> anyhow::Result<Setup> {
        self.setup_or(Config::Fast)
    }

    /// How to start the kernel that is meant, of this configuration if none is named.
    pub(super) fn setup_or(&self, config: Config) -> anyhow::Result<Setup> {
        let config = self.config.unwrap_or(config);
        let built = build::find(self.kernel.as_deref(), config, self.release.as_ref())?;
        Ok(Setup::of(&built))
    }
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Leave a shell in the guest, with the usual tools of this machine
    #[arg(long)]
    shell: bool,
    /// Put one more program of this machine into the guest, under its own path
    #[arg(long, value_name = "FILE")]
    with: Vec<PathBuf>,
}

/// What a shell comes with, as far as this machine has it.
const TOOLS: &[&str] = &[
    "sh", "busybox", "cat", "devlink", "dmesg", "echo", "find", "grep", "ip", "kill", "ls", "lsmod", "mkdir",
    "modprobe", "mount", "ps", "rdma", "rm", "rmmod", "sleep", "tail", "uname",
];

/// Where a machine's programs are.
const FOLDERS: &[&str] = &["/bin", "/sbin", "/usr/bin", "/usr/sbin"];

pub(super) fn boot(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let mut setup =
        Setup { tools: arguments.with.clone(), shell: arguments.shell, ..arguments.which.setup()? };
    if arguments.shell {
        setup.tools.extend(TOOLS.iter().filter_map(|tool| {
            FOLDERS.iter().map(|folder| Path::new(folder).join(tool)).find(|file| file.is_file())
        }));
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
