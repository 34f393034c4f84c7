//! Scratch folders of guests: each locked by its owner, so that one without an owner can be told and removed.

use anyhow::Context;
use rustix::fs::{FlockOperation, Mode, OFlags, flock, fstat, stat};
use rustix::process::geteuid;
use std::fs::File;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// How a scratch folder's name begins.
const PREFIX: &str = "unreg-guest.";

/// A folder for a guest's memory and sockets. It is removed when this is dropped, or by the next guest's host if this
/// process is killed first.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: TempDir,
    /// Open and so locked as long as the folder is used: a process number means nothing in another container.
    _lock: File,
}

impl Scratch {
    /// Makes a folder for a guest with this memory in MiB: in memory if there is room, else where temporary files go.
    pub(super) fn new(memory: u32) -> anyhow::Result<Scratch> {
        let shared = Path::new("/dev/shm");
        // Memory that the guest gives back is not given back to the host at once.
        let wanted = (u64::from(memory) * 2) << 20;
        let parent = if free(shared) >= wanted { shared.to_path_buf() } else { std::env::temp_dir() };
        remove_stale(&parent);
        Scratch::below(&parent)
            .with_context(|| format!("cannot make a scratch folder in {}", parent.display()))
    }

    fn below(parent: &Path) -> anyhow::Result<Scratch> {
        loop {
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
            // Before it is locked, another process may take it for one without an owner.
            if let Some(lock) = lock(folder.path()) {
                return Ok(Scratch { folder, _lock: lock });
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// The room in a folder, in bytes.
pub(super) fn free(folder: &Path) -> u64 {
    rustix::fs::statvfs(folder).map_or(0, |stat| stat.f_bavail * stat.f_frsize)
}

/// Removes the scratch folders of this user that no process uses: their owners were killed before they could.
fn remove_stale(parent: &Path) {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()));
    let folders: Vec<PathBuf> = named.map(|entry| entry.path()).collect();
    for folder in folders {
        if let Some(_lock) = lock(&folder) {
            let _others_may_remove_it_too = std::fs::remove_dir_all(folder);
        }
    }
}

/// Locks a folder of this user, if no other process has locked it and it is still there.
fn lock(folder: &Path) -> Option<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(folder, flags, Mode::empty()).ok()?);
    let opened = fstat(&file).ok().filter(|found| found.st_uid == geteuid().as_raw())?;
    flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
    let there = stat(folder).ok()?;
    ((there.st_dev, there.st_ino) == (opened.st_dev, opened.st_ino)).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_without_an_owner_are_removed() {
        let root = tempfile::tempdir().unwrap();
        let used = Scratch::below(root.path()).unwrap();
        let stale = root.path().join("unreg-guest.1-gone");
        let other = root.path().join("another-users");
        let target = root.path().join("target");
        for folder in [&stale, &other, &target] {
            std::fs::create_dir(folder).unwrap();
            std::fs::write(folder.join("file"), "x").unwrap();
        }
        std::os::unix::fs::symlink(&target, root.path().join("unreg-guest.link")).unwrap();
        std::os::unix::fs::symlink(&target, stale.join("link")).unwrap();
        remove_stale(root.path());
        assert!(!stale.exists() && used.path().exists() && other.join("file").exists());
        assert!(target.join("file").exists() && root.path().join("unreg-guest.link").is_symlink());
    }

    #[test]
    fn what_a_dropped_owner_leaves_is_nothing() {
        let root = tempfile::tempdir().unwrap();
        drop(Scratch::below(root.path()).unwrap());
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    }
}
