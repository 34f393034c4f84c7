//! `unreg linux boot`: starts the real kernel and says what works in it.

use super::build::{self, Flavour, Release};
use super::guest::{Guest, Setup};
use super::script;
use crate::cli::missing::Missing;
use crate::cli::{Outcome, choose, duration, out};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use unreg::linux::shown;
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
    config: Option<Flavour>,
    /// Give a guest up that says nothing for this long
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::parse)]
    patience: Duration,
}

/// How long a guest may be silent when no patience is named.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

impl Which {
    /// The kernel that a word names: a release, maybe with a configuration after a `+`, or a folder.
    pub(super) fn parse(text: &str) -> anyhow::Result<Which> {
        let (kernel, config) = match text.split_once('+') {
            Some((kernel, config)) => {
                let config = <Flavour as clap::ValueEnum>::from_str(config, true);
                (kernel, Some(config.map_err(|why| anyhow::anyhow!("linux:{text}: {why}"))?))
            }
            None => (text, None),
        };
        let release: Option<Release> = kernel.parse().ok();
        let folder = release.is_none().then(|| PathBuf::from(kernel));
        Ok(Which { kernel: folder, release, config, patience: PATIENCE })
    }

    /// The kernel in a folder.
    pub(super) fn of(built: &build::Built) -> anyhow::Result<Which> {
        let config = <Flavour as clap::ValueEnum>::from_str(&built.about.config, false);
        let config = Some(config.map_err(anyhow::Error::msg)?);
        Ok(Which { kernel: Some(built.folder.clone()), release: None, config, patience: PATIENCE })
    }

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Whether one kernel is named, or one configuration.
    pub(super) fn is_configured(&self) -> bool {
        self.config.is_some() || self.kernel.is_some()
    }

    /// Whether a kernel of this configuration may be meant.
    pub(super) fn may_be(&self, config: Flavour) -> bool {
        self.config.is_none_or(|named| named == config)
    }

    /// Whether the kernel releases kobjects late.
    pub(super) fn releases_late(&self) -> bool {
        self.config == Some(Flavour::DelayedRelease)
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
        self.setup_or(Flavour::Fast)
    }

    /// How to start the kernel that is meant, of this configuration if none is named.
    pub(super) fn setup_or(&self, config: Flavour) -> anyhow::Result<Setup> {
        let config = self.config.unwrap_or(config);
        let built = build::find(self.kernel.as_deref(), config, self.release.as_ref())?;
        Ok(Setup { patience: self.patience, ..Setup::of(&built) })
    }
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Leave a shell in the guest, with the usual tools of this machine
    #[arg(long)]
    shell: bool,
    /// Run this shell script in the guest, with the usual tools of this machine, print what it prints, and end as it ends
    #[arg(long, value_name = "FILE", conflicts_with = "shell")]
    script: Option<PathBuf>,
    /// Put one more program of this machine into the guest, under its own path
    #[arg(long, value_name = "FILE")]
    with: Vec<PathBuf>,
}

/// What a shell comes with, as far as this machine has it.
const TOOLS: &[&str] = &[
    "sh", "busybox", "cat", "devlink", "dmesg", "echo", "find", "grep", "head", "id", "ip", "kill", "ls",
    "lsmod", "mkdir", "mktemp", "modprobe", "mount", "ps", "rdma", "rm", "rmmod", "sed", "sleep", "tail",
    "udevadm", "uname", "wc",
];

/// Where a machine's programs are.
const FOLDERS: &[&str] = &["/bin", "/sbin", "/usr/bin", "/usr/sbin"];

/// The programs that a shell comes with.
pub(super) fn tools() -> impl Iterator<Item = PathBuf> {
    let found =
        |tool: &&str| FOLDERS.iter().map(|folder| Path::new(folder).join(tool)).find(|file| file.is_file());
    TOOLS.iter().filter_map(found)
}

pub(super) fn boot(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let mut setup = Setup {
        tools: arguments.with.clone(),
        shell: arguments.shell,
        script: arguments.script.clone(),
        ..arguments.which.setup()?
    };
    if setup.shell || setup.script.is_some() {
        setup.tools.extend(tools());
    }
    if let Some(file) = &arguments.script {
        let (said, code) = script::run(&setup, file, arguments.which.patience())?;
        out::print(&shown::lines(&said))?;
        return match code {
            0 => Ok(Outcome::Clean),
            4 => Err(Missing(format!("{}: the guest lacks what the script needs", file.display())).into()),
            _ => Ok(Outcome::Violation),
        };
    }
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
