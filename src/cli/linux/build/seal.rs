//! What a kernel's files hold, as hashes that are taken when it is built and checked before it runs.

use anyhow::Context;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The hashes of a kernel, as hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli::linux) struct Seal {
    /// Of the kernel itself.
    linux: String,
    /// Of its modules: their names and contents, in the order of the names.
    modules: String,
}

impl Seal {
    /// Hashes a kernel and the folder of its modules.
    pub(super) fn of(linux: &Path, modules: &Path) -> anyhow::Result<Seal> {
        let (mut kernel, mut tree) = (Sha256::new(), Sha256::new());
        file(linux, &mut kernel)?;
        folder(modules, &mut tree)?;
        Ok(Seal { linux: hex::encode(kernel.finalize()), modules: hex::encode(tree.finalize()) })
    }

    /// What of a kernel is not what it was, if anything.
    pub(super) fn difference(&self, now: &Seal) -> Option<&'static str> {
        match (self.linux == now.linux, self.modules == now.modules) {
            (true, true) => None,
            (false, true) => Some("its binary is"),
            (true, false) => Some("its modules are"),
            (false, false) => Some("its binary and its modules are"),
        }
    }
}

/// Hashes a file's content and then its length, so that no file runs into the next.
fn file(path: &Path, hash: &mut Sha256) -> anyhow::Result<()> {
    let cannot = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(cannot)?;
    let mut bytes = vec![0; 1 << 16];
    let mut length = 0_u64;
    loop {
        match file.read(&mut bytes) {
            Ok(0) => break,
            Ok(read) => {
                hash.update(&bytes[..read]);
                length += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error).with_context(cannot),
        }
    }
    hash.update(length.to_le_bytes());
    Ok(())
}

/// Hashes a folder: how many entries it has, and of each its kind, the length of its name, its name
/// and its content.
fn folder(path: &Path, hash: &mut Sha256) -> anyhow::Result<()> {
    let metadata = path.symlink_metadata().with_context(|| format!("cannot read {}", path.display()))?;
    anyhow::ensure!(metadata.is_dir(), "{} is no folder of a kernel's modules", path.display());
    let entries = std::fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut names: Vec<OsString> =
        entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<_>>()?;
    names.sort();
    hash.update((names.len() as u64).to_le_bytes());
    for name in names {
        let path = path.join(&name);
        let kind = path.symlink_metadata().with_context(|| format!("cannot read {}", path.display()))?;
        hash.update([u8::from(kind.is_dir())]);
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name.as_bytes());
        if kind.is_dir() {
            folder(&path, hash)?;
        } else {
            anyhow::ensure!(
                kind.is_file(),
                "{} is neither a file nor a folder, as a kernel's modules are",
                path.display()
            );
            file(&path, hash)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_of_a_kernel_is_seen() {
        let root = tempfile::tempdir().unwrap();
        let (linux, modules) = (root.path().join("linux"), root.path().join("modules"));
        std::fs::create_dir_all(modules.join("kernel")).unwrap();
        std::fs::write(&linux, "kernel").unwrap();
        std::fs::write(modules.join("kernel/a.ko"), "ab").unwrap();
        std::fs::write(modules.join("kernel/b.ko"), "c").unwrap();
        let seal = || Seal::of(&linux, &modules).unwrap();
        let built = seal();
        assert_eq!(built.difference(&seal()), None);
        std::fs::write(modules.join("kernel/a.ko"), "a").unwrap();
        std::fs::write(modules.join("kernel/b.ko"), "bc").unwrap();
        assert_eq!(built.difference(&seal()), Some("its modules are"));
        std::fs::write(&linux, "Kernel").unwrap();
        assert_eq!(built.difference(&seal()), Some("its binary and its modules are"));
        std::os::unix::fs::symlink("/etc/ssl", modules.join("link")).unwrap();
        assert!(Seal::of(&linux, &modules).is_err(), "a link out of the folder is no module");
    }
}
