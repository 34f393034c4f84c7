//! `unreg linux build`: a real kernel from any source tree, as a process that `boot`, `run` and `conform` start.

mod again;
mod cache;
mod fetch;
mod fragment;
mod lines;
mod make;
mod mirrors;
mod release;
mod seal;
mod source;
mod tools;
mod xstate;

pub(super) use again::again;
pub(super) use cache::{Built, find, work};
pub(super) use lines::Lines;
pub(super) use release::{Release, modelled, usual};

use super::guest::{Guest, Setup};
use crate::cli::{Outcome, out};
use anyhow::Context;
use cache::{About, Cache, State};
use make::Make;
use seal::Seal;
use source::Source;
use std::path::{Path, PathBuf};
use std::time::Instant;
use unreg::linux::shown;

/// What a kernel is built to show, as distributions name the flavours of their kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Flavour {
    /// No checker in the kernel: streams and errnos
    Fast,
    /// lockdep, KASAN and debugobjects judge too
    Debug,
    /// As debug, and kobjects are released seconds after their last reference is gone
    DelayedRelease,
}

impl Flavour {
    pub(super) fn name(self) -> &'static str {
        match self {
            Flavour::Fast => "fast",
            Flavour::Debug => "debug",
            Flavour::DelayedRelease => "delayed-release",
        }
    }
}

/// Memory for a guest in MiB: the checkers keep their own books.
pub(super) fn memory(kernel: &Built) -> u32 {
    if kernel.about.config == Flavour::Fast.name() { 128 } else { 384 }
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A kernel source tree, which is only read [default: the package's]
    #[arg(long, value_name = "DIR", conflicts_with = "package")]
    source: Option<PathBuf>,
    /// A Debian package with a kernel's source, fetched if it is not installed
    #[arg(long, value_name = "NAME", default_value = "linux-source-6.12")]
    package: String,
    /// A release that Debian has a package of, as 6.1, instead of the package's name; apt fetches one that is not installed
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["source", "package"])]
    release: Option<Release>,
    /// What the kernel is built to show
    #[arg(long, value_enum, default_value_t = Flavour::Fast)]
    config: Flavour,
    /// Where to put the kernel [default: a folder of the user's cache, named after what it is built from]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Keep what names the file and the line of an address in the kernel's text; a build that has none is made again
    #[arg(long)]
    lines: bool,
    /// So many compilers at a time [default: one a processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
}

pub(super) fn build(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let config = arguments.config;
    tools::check(arguments.source.is_none())?;
    let source = match (&arguments.source, &arguments.release) {
        (Some(folder), _) => Source::tree(folder)?,
        (None, Some(release)) => Source::package(&release.package(), &cache::sources()?)?,
        (None, None) => Source::package(&arguments.package, &cache::sources()?)?,
    };
    let key = source.key(&fragment::text(config), &tools::compiler()?)?;
    let cache = Cache::open()?;
    let lock = cache.lock(&key)?;
    let folder = arguments.out.clone().unwrap_or_else(|| cache.folder(&key));
    let is_wanted = |built: &Built| built.about.key == key && (!arguments.lines || lines::are_kept(built));
    if let Some(built) = Built::in_folder(&folder)?.filter(is_wanted) {
        match built.state()? {
            State::AsBuilt => return report(&built, "is built already"),
            State::Unsealed => match adopt(&built) {
                Ok(built) => return report(&built, "was built before hashes were recorded, and starts"),
                Err(why) => anstream::eprintln!("{} is built again: {why:#}", folder.display()),
            },
            State::Changed(what) => {
                anstream::eprintln!("{} is built again: {what} not what was built", folder.display());
            }
        }
    }
    if arguments.out.is_some() {
        cache::refuse_foreign(&folder)?;
    }
    let start = Instant::now();
    let scratch = cache.scratch(&key)?;
    let jobs = arguments.jobs.map_or_else(processors, usize::from);
    let tree = source.unpack(&scratch)?;
    let release = compile(&tree, config, arguments.lines, &scratch, jobs)?;
    let seconds = start.elapsed().as_secs();
    let result = scratch.join("result");
    let seal = Some(Seal::of(&result.join("linux"), &result.join("lib/modules").join(&release))?);
    let about =
        About { release, config: config.name().to_string(), source: source.name(), key, seconds, seal };
    about.write(&result)?;
    cache::move_into_place(&result, &folder)?;
    // The objects are worth gigabytes and nothing any more.
    std::fs::remove_dir_all(&scratch).with_context(|| format!("cannot remove {}", scratch.display()))?;
    drop(lock);
    let built = Built::in_folder(&folder)?.context("what was built is gone")?;
    report(&built, &format!("is built, in {seconds} s"))
}

/// Records the hashes of a kernel that was built when none were. Its key says what it was built from, and a start that
/// it is whole and of its release; what its files held when it was built, nothing says any more.
fn adopt(built: &Built) -> anyhow::Result<Built> {
    let seal = Some(Seal::of(&built.linux(), &built.modules())?);
    let sealed = Built { about: About { seal, ..built.about.clone() }, ..built.clone() };
    let guest = Guest::boot(&Setup::of(&sealed))?;
    let (said, release) = (&guest.release, &built.about.release);
    anyhow::ensure!(said == release, "it should be Linux {release}, and says that it is {said}");
    sealed.about.write(&built.folder)?;
    Ok(sealed)
}

/// Builds a tree, everything below the scratch folder; the result is its folder `result`. Objects that are there already
/// are used again. Returns the kernel's release.
fn compile(
    tree: &Path,
    config: Flavour,
    with_lines: bool,
    scratch: &Path,
    jobs: usize,
) -> anyhow::Result<String> {
    let make = Make::new(tree, &scratch.join("objects"), &scratch.join("log"), jobs)?;
    make.stage("configure", &["tinyconfig"])?;
    fragment::merge(&make, config, with_lines, &scratch.join("fragment"))?;
    make.stage("configure", &["olddefconfig"])?;
    for gone in fragment::verify(&fragment::text(config), &make.object(".config"), tree)? {
        anstream::eprintln!("this source no longer knows {gone}, and can do without it");
    }
    xstate::make_room(&make)?;
    make.stage("build, some minutes", &["linux", "modules"])?;
    let result = scratch.join("result");
    std::fs::create_dir_all(result.join("lib/modules")).context("cannot make the folder for modules")?;
    make.stage("install", &[&format!("INSTALL_MOD_PATH={}", result.display()), "modules_install"])?;
    std::fs::copy(make.object("linux"), result.join("linux")).context("the build made no kernel")?;
    std::fs::copy(make.object(".config"), result.join("config"))?;
    let release = std::fs::read_to_string(make.object("include/config/kernel.release"))?.trim().to_string();
    anyhow::ensure!(release::is_name(&release), "no kernel is of release {release:?}");
    for link in ["build", "source"] {
        // They point into folders that are about to go.
        let _absent = std::fs::remove_file(result.join("lib/modules").join(&release).join(link));
    }
    if with_lines {
        lines::keep(tree, &result)?;
    }
    Ok(release)
}

fn report(built: &Built, how: &str) -> anyhow::Result<Outcome> {
    let About { release, config, source, .. } = &built.about;
    let said = format!("Linux {release} ({config}, from {source}) {how}: {}", built.folder.display());
    out::print(&format!("{}\n", shown::line(&said)))?;
    Ok(Outcome::Clean)
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
