//! Where a kernel's source is: a tree that is only read, or a package's archive.

use anyhow::Context;
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian's packages put a kernel's source.
const PACKAGES: &str = "/usr/src";
/// How the names of their archives end.
const ENDINGS: &[&str] = &["tar.xz", "tar.gz", "tar.bz2", "tar.zst"];

/// A kernel's source.
#[derive(Debug)]
pub(super) enum Source {
    /// A tree of the user's.
    Tree(PathBuf),
    /// A package's archive.
    Archive(PathBuf),
}

impl Source {
    /// A tree, which must be a kernel's and clean enough to be built outside of it.
    pub(super) fn tree(folder: &Path) -> anyhow::Result<Source> {
        let shown = folder.display();
        let folder = folder.canonicalize().with_context(|| format!("cannot read {shown}"))?;
        for file in ["Makefile", "Kconfig", "arch/um", "scripts/kconfig/merge_config.sh"] {
            anyhow::ensure!(folder.join(file).exists(), "{shown} is no kernel source: it has no {file}");
        }
        anyhow::ensure!(
            !folder.join(".config").exists() && !folder.join("include/config").exists(),
            "{shown} was built in place, and make cannot build it elsewhere then: keep its .config aside and run \
             `make mrproper` there, or make a clean copy (git worktree add)"
        );
        Ok(Source::Tree(folder))
    }

    /// The archive of a Debian package: of the one that is installed, or else of one that is fetched into a folder.
    pub(super) fn package(name: &str, fetched: &Path) -> anyhow::Result<Source> {
        match archive(Path::new(PACKAGES), name) {
            Some(archive) => Ok(Source::Archive(archive)),
            None => Ok(Source::Archive(super::fetch::archive(name, fetched)?)),
        }
    }

    /// How people call it.
    pub(super) fn name(&self) -> String {
        let (Source::Tree(path) | Source::Archive(path)) = self;
        path.display().to_string()
    }

    /// What the kernel that is built from this will be: one key, one kernel.
    pub(super) fn key(&self, fragment: &str, compiler: &str) -> anyhow::Result<String> {
        let mut hash = Sha256::new();
        match self {
            Source::Archive(path) => {
                let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
                io::copy(&mut file, &mut HashWriter(&mut hash))?;
            }
            Source::Tree(folder) => identify(folder, &mut hash)?,
        }
        for part in [fragment, compiler, std::env::consts::ARCH, &super::xstate::BYTES.to_string()] {
            hash.update(part);
            hash.update([0]);
        }
        Ok(hex::encode(&hash.finalize()[..8]))
    }

    /// The tree to build from; an archive's is made below the scratch folder.
    pub(super) fn unpack(&self, scratch: &Path) -> anyhow::Result<PathBuf> {
        let archive = match self {
            Source::Tree(folder) => return Ok(folder.clone()),
            Source::Archive(archive) => archive,
        };
        let folder = scratch.join("source");
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let stage = crate::cli::progress::Stage::begin("unpack");
        let mut tar = Command::new("tar");
        tar.arg("--strip-components=1").arg("-xf").arg(archive).arg("-C").arg(&folder);
        let status = tar.status().context("cannot run tar")?;
        drop(stage);
        anyhow::ensure!(
            status.success(),
            "cannot unpack {} to {}: {status}",
            archive.display(),
            folder.display()
        );
        Ok(folder)
    }
}

/// The archive with this package's source in a folder, if it is there.
pub(super) fn archive(folder: &Path, package: &str) -> Option<PathBuf> {
    let archives = ENDINGS.iter().map(|ending| folder.join(format!("{package}.{ending}")));
    archives.into_iter().find(|archive| archive.is_file())
}

/// Whether a source is an archive, by its name.
pub(super) fn is_archive(source: &Path) -> bool {
    let name = source.to_string_lossy();
    ENDINGS.iter().any(|ending| name.strip_suffix(ending).is_some_and(|rest| rest.ends_with('.')))
}

/// What tells two states of a tree apart: git's commit and changes, or else names, sizes and times of all files.
fn identify(folder: &Path, hash: &mut Sha256) -> anyhow::Result<()> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
        output.status.success().then_some(output.stdout)
    };
    // A tree inside another repository is not what that repository's commit says.
    let top =
        git(&["rev-parse", "--show-toplevel"]).map(|top| String::from_utf8_lossy(&top).trim().to_string());
    let is_top = top.is_some_and(|top| Path::new(&top) == folder);
    let known = [&["rev-parse", "HEAD"][..], &["diff", "HEAD"], &["status", "--porcelain"]].map(git);
    if let (true, [Some(commit), Some(changes), Some(status)]) = (is_top, known) {
        for part in [commit, changes, status] {
            hash.update(&part);
        }
        let new = git(&["ls-files", "--others", "--exclude-standard", "-z"]).unwrap_or_default();
        for name in new.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
            file(&folder.join(OsStr::from_bytes(name)), hash)?;
        }
        return Ok(());
    }
    walk(folder, hash)
}

/// A file's name, size and time.
fn file(path: &Path, hash: &mut Sha256) -> anyhow::Result<()> {
    let metadata = path.symlink_metadata().with_context(|| format!("cannot read {}", path.display()))?;
    hash.update(path.as_os_str().as_encoded_bytes());
    for number in [metadata.len() as i64, metadata.mtime(), metadata.mtime_nsec()] {
        hash.update(number.to_le_bytes());
    }
    Ok(())
}

fn walk(folder: &Path, hash: &mut Sha256) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_type()?.is_dir() { walk(&entry.path(), hash)? } else { file(&entry.path(), hash)? }
    }
    Ok(())
}

struct HashWriter<'h>(&'h mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
