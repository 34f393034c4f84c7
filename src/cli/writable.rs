//! Whether results can be written where they are to go: asked before any work is done for them.

use super::findings::{folder_of, stage_quickly};
use anyhow::Context;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// How often a folder is made again that another process deleted.
const TRIES: usize = 16;

/// Fails unless a file can be written to this folder, which is made if it has to be. The folder is left as it was.
pub(super) fn folder(folder: &Path) -> anyhow::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|path| is_missing(path)).collect();
    let make_and_probe = || {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        probe(folder)
    };
    // Another hunt that asks the same at the same time deletes the folder when it has its answer.
    let is_gone = |result: &anyhow::Result<()>| {
        let error = result.as_ref().err().and_then(|error| error.downcast_ref::<std::io::Error>());
        error.is_some_and(|error| error.kind() == ErrorKind::NotFound)
    };
    let mut tries = std::iter::repeat_with(make_and_probe).take(TRIES).skip_while(is_gone);
    let probed = tries.next().unwrap_or_else(make_and_probe);
    for path in missing {
        // Another process may have put a file there meanwhile; then the folder stays.
        let _ = fs::remove_dir(path);
    }
    probed
}

/// Fails unless this file can be written. A folder that is not there is not made.
pub(super) fn file(path: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(!path.is_dir(), "cannot write {}: it is a folder", path.display());
    if path.exists() && !path.is_file() {
        return Ok(());
    }
    let folder = folder_of(path);
    anyhow::ensure!(
        folder.is_dir(),
        "cannot write {}: there is no folder {}",
        path.display(),
        folder.display()
    );
    probe(folder).with_context(|| format!("cannot write {}", path.display()))
}

fn is_missing(path: &Path) -> bool {
    !path.as_os_str().is_empty() && !path.exists()
}

/// Fails unless a file can be written to this folder, which is there.
pub(super) fn probe(folder: &Path) -> anyhow::Result<()> {
    let probe = stage_quickly(&folder.join("probe"), b"unreg")?;
    probe.close().with_context(|| format!("cannot delete in {}", folder.display()))
}
