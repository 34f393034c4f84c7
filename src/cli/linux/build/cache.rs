//! Where kernels are kept: a folder each, named after all that went into it, so that none is built twice.

use super::Flavour;
use super::release::{Release, is_asked_unnamed, is_name};
use super::seal::Seal;
use super::source::is_archive;
use crate::cli::findings::write_over;
use crate::cli::missing::Missing;
use anyhow::Context;
use directories::ProjectDirs;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Says where kernels are kept, if not in the user's cache.
const FOLDER: &str = "UNREG_CACHE";
/// Names one kernel's folder.
const KERNEL: &str = "UNREG_KERNEL";
/// How the name of a folder ends that a build is at work in.
const BUILDING: &str = ".building";
/// What a kernel's folder says of itself.
const ABOUT: &str = "about.json";

/// What a kernel is and what it was built from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli::linux) struct About {
    /// As `uname -r` prints it.
    pub(in crate::cli::linux) release: String,
    /// [`Flavour::name`]
    pub(in crate::cli::linux) config: String,
    /// The tree or the archive.
    pub(in crate::cli::linux) source: String,
    /// The hash of all that went into it.
    pub(in crate::cli::linux) key: String,
    /// How long it took to build.
    pub(in crate::cli::linux) seconds: u64,
    /// What its files hold. Kernels that were built before this was recorded have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::cli::linux) seal: Option<Seal>,
}

impl About {
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        write_over(&folder.join(ABOUT), text.as_bytes())
    }
}

/// A kernel that is there.
#[derive(Debug, Clone)]
pub(in crate::cli::linux) struct Built {
    pub(in crate::cli::linux) folder: PathBuf,
    pub(in crate::cli::linux) about: About,
}

impl Built {
    /// The kernel in a folder, if there is one.
    pub(super) fn in_folder(folder: &Path) -> anyhow::Result<Option<Built>> {
        let text = match std::fs::read_to_string(folder.join(ABOUT)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", folder.display())),
        };
        let about: About =
            serde_json::from_str(&text).with_context(|| format!("{} is spoilt", folder.display()))?;
        // The release is a part of paths.
        anyhow::ensure!(
            is_name(&about.release),
            "{} is spoilt: no kernel is of release {:?}",
            folder.display(),
            about.release
        );
        Ok(Some(Built { folder: folder.to_path_buf(), about }))
    }

    /// The kernel itself.
    pub(in crate::cli::linux) fn linux(&self) -> PathBuf {
        self.folder.join("linux")
    }

    /// Whether its files are what they were when it was built.
    pub(super) fn state(&self) -> anyhow::Result<State> {
        let Some(seal) = &self.about.seal else { return Ok(State::Unsealed) };
        let now = Seal::of(&self.linux(), &self.modules())?;
        Ok(seal.difference(&now).map_or(State::AsBuilt, State::Changed))
    }

    /// Refuses a kernel that may not be what was built.
    pub(in crate::cli::linux) fn verify(&self) -> anyhow::Result<()> {
        let folder = self.folder.display();
        match self.state()? {
            State::AsBuilt => Ok(()),
            State::Unsealed => Err(Missing(format!(
                "{folder} was built before hashes of kernels were recorded: nothing says that it is what was built\n\
                 run the same `unreg linux build` again, which starts it and records them"
            ))
            .into()),
            State::Changed(what) => anyhow::bail!(
                "{folder} is not what was built: {what} other than recorded\n\
                 run the same `unreg linux build` again, which replaces it"
            ),
        }
    }

    /// Its modules.
    pub(in crate::cli::linux) fn modules(&self) -> PathBuf {
        self.folder.join("lib/modules").join(&self.about.release)
    }
}

/// What is known of a kernel's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// They are what was built.
    AsBuilt,
    /// They are something else, and this says which.
    Changed(&'static str),
    /// Nothing was recorded.
    Unsealed,
}

/// The kernel to ask: the one that is named, or the latest of this configuration and release in the cache.
pub(in crate::cli::linux) fn find(
    named: Option<&Path>,
    config: Flavour,
    release: Option<&Release>,
) -> anyhow::Result<Built> {
    let variable = || std::env::var_os(KERNEL).filter(|_| release.is_none()).map(PathBuf::from);
    let named = named.map(Path::to_path_buf).or_else(variable);
    if let Some(folder) = named {
        let none = || Missing(format!("{} has no kernel that `unreg linux build` made", folder.display()));
        return Built::in_folder(&folder)?.ok_or_else(|| none().into());
    }
    let cache = Cache::open()?;
    let entries =
        std::fs::read_dir(&cache.0).with_context(|| format!("cannot read {}", cache.0.display()))?;
    let built = entries.flatten().filter_map(|entry| Built::in_folder(&entry.path()).ok().flatten());
    let is_wanted = |about: &About| match release {
        Some(release) => release.has(&about.release),
        None => is_asked_unnamed(&about.release, is_archive(Path::new(&about.source))),
    };
    let fitting = built.filter(|built| built.about.config == config.name() && is_wanted(&built.about));
    let age =
        |built: &Built| std::fs::metadata(built.folder.join(ABOUT)).and_then(|file| file.modified()).ok();
    fitting.max_by_key(age).ok_or_else(|| {
        let mut options = release.map_or(String::new(), |release| format!(" --release {release}"));
        if config != Flavour::Fast {
            options += &format!(" --config {}", config.name());
        }
        Missing(format!("there is no kernel to ask yet; build one, once: unreg linux build{options}")).into()
    })
}

/// The folder that kernels and their sources are kept below.
fn root() -> anyhow::Result<PathBuf> {
    let own = || Some(ProjectDirs::from("", "", "unreg")?.cache_dir().to_path_buf());
    let root = std::env::var_os(FOLDER).map(PathBuf::from).or_else(own);
    root.context("there is no home folder to keep kernels in; name one in UNREG_CACHE")
}

/// Where archives are kept that were fetched.
pub(super) fn sources() -> anyhow::Result<PathBuf> {
    Ok(root()?.join("sources"))
}

/// Where builds of a git tree keep what the next one uses again.
pub(in crate::cli::linux) fn work(tree: &str) -> anyhow::Result<PathBuf> {
    Ok(root()?.join("work").join(tree))
}

/// The folder of all kernels.
#[derive(Debug)]
pub(super) struct Cache(PathBuf);

impl Cache {
    pub(super) fn open() -> anyhow::Result<Cache> {
        let root = root()?;
        let folder = root.join("linux");
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Cache(folder))
    }

    pub(super) fn folder(&self, key: &str) -> PathBuf {
        self.0.join(key)
    }

    /// Keeps others from building the same, as long as the file is open. The second process waits.
    pub(super) fn lock(&self, key: &str) -> anyhow::Result<File> {
        let path = self.lock_file(key);
        let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        flock(&file, FlockOperation::LockExclusive)
            .with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(file)
    }

    /// An empty folder to build in, for who holds the key's lock. What builds left that failed or were killed is
    /// removed: each is worth gigabytes.
    pub(super) fn scratch(&self, key: &str) -> anyhow::Result<PathBuf> {
        for entry in std::fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(other) = name.to_str().and_then(|name| name.strip_suffix(BUILDING)) else { continue };
            if other == key || self.is_unlocked(other) {
                let folder = entry.path();
                std::fs::remove_dir_all(&folder)
                    .with_context(|| format!("cannot remove {}", folder.display()))?;
            }
        }
        let folder = self.0.join(format!("{key}{BUILDING}"));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    }

    fn is_unlocked(&self, key: &str) -> bool {
        let file = File::open(self.lock_file(key));
        file.is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok())
    }

    fn lock_file(&self, key: &str) -> PathBuf {
        self.0.join(format!("{key}.lock"))
    }
}

/// Refuses to put a kernel where something else is.
pub(super) fn refuse_foreign(folder: &Path) -> anyhow::Result<()> {
    let Ok(mut entries) = std::fs::read_dir(folder) else { return Ok(()) };
    let is_ours = Built::in_folder(folder)?.is_some();
    anyhow::ensure!(
        is_ours || entries.next().is_none(),
        "{} holds something else than a kernel",
        folder.display()
    );
    Ok(())
}

/// Puts a folder where another is, or nothing; on another file system by copying.
pub(super) fn move_into_place(from: &Path, to: &Path) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", to.display());
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent).with_context(cannot)?;
    }
    match std::fs::remove_dir_all(to) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).with_context(cannot),
        _gone => {}
    }
    match std::fs::rename(from, to) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => copy(from, to).with_context(cannot),
        renamed => renamed.with_context(cannot),
    }
}

/// Copies a folder; what says that it is whole comes last.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    let mut entries = std::fs::read_dir(from)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(|entry| entry.file_name() == ABOUT);
    for entry in entries {
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?
        } else {
            std::fs::copy(entry.path(), target).map(|_| ())?
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about() -> About {
        About {
            release: "6.12".into(),
            config: "fast".into(),
            source: "x".into(),
            key: "k".into(),
            seconds: 1,
            seal: None,
        }
    }

    #[test]
    fn a_kernel_is_found_where_it_was_put_and_nothing_else_is_one() {
        let root = tempfile::tempdir().unwrap();
        let (from, to) = (root.path().join("from"), root.path().join("some/where"));
        std::fs::create_dir(&from).unwrap();
        std::fs::write(from.join("linux"), "x").unwrap();
        about().write(&from).unwrap();
        move_into_place(&from, &to).unwrap();
        assert_eq!(Built::in_folder(&to).unwrap().unwrap().about, about());
        assert!(Built::in_folder(&from).unwrap().is_none());
        assert!(refuse_foreign(&to).is_ok() && refuse_foreign(&from).is_ok());
        assert!(refuse_foreign(root.path()).is_err());
        std::fs::write(to.join(ABOUT), "half").unwrap();
        assert!(Built::in_folder(&to).is_err());
    }

    #[test]
    fn a_release_that_is_a_path_is_none() {
        let folder = tempfile::tempdir().unwrap();
        for release in ["/etc/ssl", "..", "6.12/../..", "", "\u{1b}[2J", "a b"] {
            About { release: release.into(), ..about() }.write(folder.path()).unwrap();
            assert!(Built::in_folder(folder.path()).is_err(), "{release}");
        }
    }
}
