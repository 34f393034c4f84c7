//! What cargo builds for us, and where it puts it.

use anyhow::{Context, ensure};
use serde::Deserialize;
use std::path::PathBuf;
use std::process::Command;

/// The fields of `cargo metadata` that are read.
#[derive(Deserialize)]
struct Metadata {
    target_directory: PathBuf,
}

/// Where cargo puts what it builds for this manifest.
pub(crate) fn target_directory(manifest: &str) -> anyhow::Result<PathBuf> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps", "--manifest-path", manifest])
        .output()?;
    ensure!(
        output.status.success(),
        "cargo metadata of {manifest}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Metadata = serde_json::from_slice(&output.stdout).context("what cargo metadata says")?;
    Ok(metadata.target_directory)
}

/// Runs a command whose failure is an error, with its output where ours goes.
pub(crate) fn check(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}

/// The command line: that which `UNREG` names, or a release build.
pub(crate) fn unreg() -> anyhow::Result<PathBuf> {
    if let Some(named) = std::env::var_os("UNREG") {
        eprintln!("unreg is {}, as UNREG says", PathBuf::from(&named).display());
        return Ok(named.into());
    }
    check(Command::new("cargo").args(["build", "--release", "--quiet", "--bin", "unreg"]))?;
    Ok(target_directory("Cargo.toml")?.join("release/unreg"))
}
