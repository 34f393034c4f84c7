//! A work tree of a git tree of the kernel, in a folder that keeps the objects of one build for the next.

use super::build::{self, Flavour};
use anyhow::Context;
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The git tree by its full path, and the folder for its work tree: the one that is named, or one of the user's cache.
/// No other process builds there as long as the file is open; the second waits.
pub(super) fn folders(
    source: &Path,
    config: Flavour,
    work: Option<&Path>,
) -> anyhow::Result<(PathBuf, PathBuf, File)> {
    let source = source.canonicalize().with_context(|| format!("cannot read {}", source.display()))?;
    let name = hex::encode(&Sha256::digest(source.as_os_str().as_encoded_bytes())[..8]);
    let name = format!("{name}-{}", config.name());
    let work = work.map_or_else(|| build::work(&name), |work| Ok(work.to_path_buf()))?;
    std::fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
    let work = work.canonicalize().with_context(|| format!("cannot read {}", work.display()))?;
    let lock =
        File::create(work.join("lock")).with_context(|| format!("cannot write to {}", work.display()))?;
    flock(&lock, FlockOperation::LockExclusive).with_context(|| format!("cannot lock {}", work.display()))?;
    Ok((source, work, lock))
}

/// Has the work tree hold a commit, and makes it if there is none. Returns its folder.
pub(super) fn checkout(source: &Path, work: &Path, revision: &str, commit: &str) -> anyhow::Result<PathBuf> {
    let tree = work.join("source");
    let shown = tree.display().to_string();
    let output = if tree.join(".git").exists() {
        git(&tree, &["checkout", "--quiet", "--force", "--detach", commit])?
    } else {
        git(source, &["worktree", "add", "--quiet", "--detach", &shown, commit])?
    };
    let why = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "cannot check {revision} out into {shown}: {}", why.trim());
    anyhow::ensure!(tree.join("arch/um").is_dir(), "{} at {revision} is no kernel source", source.display());
    Ok(tree)
}

/// The commit that a revision is.
pub(super) fn commit(source: &Path, revision: &str) -> anyhow::Result<String> {
    let named = format!("{revision}^{{commit}}");
    let output = git(source, &["rev-parse", "--verify", "--quiet", "--end-of-options", &named])?;
    anyhow::ensure!(output.status.success(), "{} has no revision `{revision}`", source.display());
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_string())
}

/// Runs git in a folder.
pub(super) fn git(folder: &Path, arguments: &[&str]) -> anyhow::Result<Output> {
    let mut git = Command::new("git");
    git.arg("-C").arg(folder).args(arguments).stdin(Stdio::null());
    git.output().context("cannot run git")
}

/// The first letters of a commit.
pub(super) fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}
