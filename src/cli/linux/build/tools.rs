//! The tools that a kernel is built with, and the Debian packages that have them.

use crate::cli::missing::Missing;
use anyhow::Context;
use std::path::PathBuf;
use std::process::Command;

/// A tool and its package.
const TOOLS: &[(&str, &str)] = &[
    ("make", "make"),
    ("gcc", "gcc"),
    ("ld", "binutils"),
    ("bc", "bc"),
    ("flex", "flex"),
    ("bison", "bison"),
    ("depmod", "kmod"),
];

/// What a packed source needs besides.
const TOOLS_TO_UNPACK: &[(&str, &str)] = &[("tar", "tar"), ("xz", "xz-utils")];

/// Names every tool that is missing, in one error; a source that is packed needs some more.
pub(super) fn check(is_packed: bool) -> anyhow::Result<()> {
    let unpack = if is_packed { TOOLS_TO_UNPACK } else { &[] };
    let missing: Vec<_> = TOOLS.iter().chain(unpack).filter(|(tool, _)| find(tool).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let tools: Vec<_> = missing.iter().map(|(tool, package)| format!("{tool} (package {package})")).collect();
    let packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    Err(Missing(format!(
        "a kernel cannot be built here without {}\ninstall them: apt-get install {}",
        tools.join(", "),
        packages.join(" ")
    ))
    .into())
}

/// Where a tool is: on the path, or among the administrator's tools, which not every user has on the path.
pub(super) fn find(tool: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/sbin".into(), "/usr/sbin".into()]);
    folders.map(|folder| folder.join(tool)).find(|file| file.is_file())
}

/// The compiler, as it names itself: another one builds another kernel.
pub(super) fn compiler() -> anyhow::Result<String> {
    let version = Command::new("gcc").arg("--version").output().context("cannot run gcc")?;
    Ok(String::from_utf8_lossy(&version.stdout).lines().next().unwrap_or_default().to_string())
}
