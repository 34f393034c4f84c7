//! A kernel's source that no package has installed: apt downloads the package, and its archive is kept in the cache.
//!
//! First apt is asked as the machine has it set up. If that has no such package, it is asked with a configuration of
//! our own in a scratch folder: the same mirrors and keys, but also the suites with newer kernels. Nothing of the
//! machine's own configuration changes, and signatures are checked as always.

use super::{mirrors, tools};
use crate::cli::missing::Missing;
use crate::cli::progress::Stage;
use anyhow::Context;
use rustix::fs::{FlockOperation, flock};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// How the name of a folder begins that a download is at work in.
const FETCHING: &str = ".fetching.";
/// So many lines of what apt complained of go into an error.
const LAST: usize = 8;
/// What apt complains of though all is as it should be: a mirror without one of the suites, a folder of this user's own,
/// and more words for a package that is not there.
const USUAL: &[&str] = &["does not have a Release file", "unsandboxed", "Couldn't find any package by"];
/// Signatures are checked, whatever the machine's own configuration allows.
const CHECKED: &[&str] = &[
    "APT::Get::AllowUnauthenticated=false",
    "Acquire::AllowInsecureRepositories=false",
    "Acquire::AllowWeakRepositories=false",
    "Acquire::AllowDowngradeToInsecureRepositories=false",
];

/// The archive of a package's source: out of the folder of archives that were fetched before, or else downloaded.
pub(super) fn archive(package: &str, sources: &Path) -> anyhow::Result<PathBuf> {
    anyhow::ensure!(is_name(package), "no package is called {package:?}");
    if let Some(archive) = super::source::archive(sources, package) {
        return Ok(archive);
    }
    let none = |why: &str| -> anyhow::Error {
        Missing(format!(
            "there is no source of {package} here, and it cannot be fetched: {why}\n\
             install it: apt-get install {package}\n\
             or name a source tree of your own: unreg linux build --source DIR"
        ))
        .into()
    };
    for tool in ["apt-get", "dpkg-deb"] {
        if tools::find(tool).is_none() {
            return Err(none(&format!("this machine has no {tool}")));
        }
    }
    std::fs::create_dir_all(sources).with_context(|| format!("cannot make {}", sources.display()))?;
    let path = sources.join(format!("{package}.lock"));
    let lock = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    flock(&lock, FlockOperation::LockExclusive).with_context(|| format!("cannot lock {}", path.display()))?;
    // Another build may have fetched it meanwhile.
    if let Some(archive) = super::source::archive(sources, package) {
        return Ok(archive);
    }
    let prefix = format!("{FETCHING}{package}.");
    remove_stale(sources, &prefix);
    let scratch = tempfile::Builder::new().prefix(&prefix).tempdir_in(sources)?;
    let stage = Stage::begin("fetch the source");
    let downloaded = Apt::new(scratch.path(), Vec::new()).download(package);
    let package_file = match downloaded {
        Ok(file) => file,
        Err(_) => {
            match Apt::with_newer_suites(scratch.path()).and_then(|apt| apt.refreshed().download(package)) {
                Ok(file) => file,
                Err(why) => return Err(none(&why)),
            }
        }
    };
    drop(stage);
    let unpacked = scratch.path().join("unpacked");
    let status = Command::new("dpkg-deb").arg("-x").arg(&package_file).arg(&unpacked).status();
    let status = status.context("cannot run dpkg-deb")?;
    anyhow::ensure!(status.success(), "cannot unpack {}: {status}", package_file.display());
    let archive = super::source::archive(&unpacked.join("usr/src"), package)
        .with_context(|| format!("package {package} has no archive of a kernel's source"))?;
    let kept = sources.join(archive.file_name().unwrap_or_default());
    File::open(&archive)?.sync_all()?;
    std::fs::rename(&archive, &kept).with_context(|| format!("cannot write {}", kept.display()))?;
    Ok(kept)
}

/// Whether Debian could call a package that: the name becomes an argument and a part of paths.
fn is_name(package: &str) -> bool {
    let is_legal =
        |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || b"+-.".contains(&letter);
    package.len() > 1 && package.bytes().all(is_legal) && package.as_bytes()[0].is_ascii_alphanumeric()
}

/// Removes what a download left that was killed. The lock of the package is held, so none is at work.
fn remove_stale(sources: &Path, prefix: &str) {
    for entry in std::fs::read_dir(sources).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix)) {
            let _gone = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// apt, as it is configured for one download.
#[derive(Debug)]
struct Apt<'s> {
    scratch: &'s Path,
    options: Vec<String>,
    /// What it said when its lists were refreshed.
    said: String,
}

impl<'s> Apt<'s> {
    fn new(scratch: &'s Path, options: Vec<String>) -> Apt<'s> {
        Apt { scratch, options, said: String::new() }
    }

    /// apt with lists of its own, of the mirrors that the machine's sources name. The error says why there is none.
    fn with_newer_suites(scratch: &'s Path) -> Result<Apt<'s>, String> {
        let list =
            mirrors::list(&entries()?).ok_or("the sources of this machine's apt name no mirror of Debian")?;
        let (lists, cache, parts) = (scratch.join("lists"), scratch.join("cache"), scratch.join("sources"));
        let made =
            [lists.join("partial"), cache.join("archives/partial"), parts.clone(), scratch.join("state")]
                .iter()
                .try_for_each(std::fs::create_dir_all);
        made.and_then(|()| std::fs::write(parts.join("unreg.sources"), list))
            .map_err(|error| format!("cannot write to {}: {error}", scratch.display()))?;
        let folder = |name: &str, folder: &Path| format!("{name}={}", folder.display());
        Ok(Apt::new(
            scratch,
            vec![
                folder("Dir::Etc::sourceparts", &parts),
                folder("Dir::State", &scratch.join("state")),
                folder("Dir::State::lists", &lists),
                folder("Dir::Cache", &cache),
                "Dir::Etc::sourcelist=/dev/null".to_string(),
                "Dir::Etc::preferences=/dev/null".to_string(),
                "Dir::Etc::preferencesparts=/dev/null".to_string(),
            ],
        ))
    }

    /// Brings the lists; a suite that a mirror lacks is none to fail at.
    fn refreshed(mut self) -> Apt<'s> {
        self.said = match self.run(&["update"]) {
            Ok(output) => complaints(&output),
            Err(error) => error,
        };
        self
    }

    /// Downloads a package and says where it is, or else why there is none.
    fn download(&self, package: &str) -> Result<PathBuf, String> {
        let output = self.run(&["download", package])?;
        let files = std::fs::read_dir(self.scratch).into_iter().flatten().flatten().map(|entry| entry.path());
        let file = files.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "deb"));
        match file.filter(|_| output.status.success()) {
            Some(file) => Ok(file),
            None => Err(why(package, &self.said, &complaints(&output))),
        }
    }

    fn run(&self, arguments: &[&str]) -> Result<Output, String> {
        let mut apt = Command::new("apt-get");
        let options = self.options.iter().map(String::as_str).chain(CHECKED.iter().copied());
        apt.args(options.flat_map(|option| ["-o", option])).arg("-q").args(arguments);
        apt.current_dir(self.scratch).env("LC_ALL", "C").stdin(Stdio::null());
        apt.output().map_err(|error| format!("cannot run apt-get: {error}"))
    }
}

/// Every entry of the lists of sources that the machine's apt reads.
fn entries() -> Result<Vec<mirrors::Entry>, String> {
    let mut config = Command::new("apt-config");
    config.args(["shell", "LIST", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/d"]);
    let output = config.output().map_err(|error| format!("cannot run apt-config: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = |name: &str| {
        let quoted = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        quoted.map(|path| PathBuf::from(path.trim_matches('\'')))
    };
    let mut files: Vec<PathBuf> = value("LIST").into_iter().collect();
    let parts = value("PARTS").and_then(|folder| std::fs::read_dir(folder).ok());
    let mut parts: Vec<PathBuf> = parts.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    parts.sort();
    files.append(&mut parts);
    let mut entries = Vec::new();
    for file in files {
        // A file that only root reads is one that this user's apt cannot read either.
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        match file.extension().and_then(|ending| ending.to_str()) {
            Some("list") => entries.extend(mirrors::lines(&text)),
            Some("sources") => entries.extend(mirrors::stanzas(&text)),
            _ => {}
        }
    }
    Ok(entries)
}

/// The lines with which apt complains.
fn complaints(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    let is_complaint = |line: &&str| ["E:", "W:"].iter().any(|sign| line.starts_with(sign));
    text.lines().filter(is_complaint).map(|line| format!("{line}\n")).collect()
}

/// Why a package did not come, out of what apt complained of when it brought its lists and when it downloaded.
fn why(package: &str, lists: &str, download: &str) -> String {
    let both = [lists, download].concat();
    let says = |signs: &[&str]| signs.iter().any(|sign| both.contains(sign));
    let reason = if says(&["NO_PUBKEY", "is not signed", "invalid signature", "EXPKEYSIG"]) {
        "apt has no key for a signature; install the present keys: apt-get install debian-archive-keyring"
            .to_string()
    } else if says(&["resolv", "nable to connect", "ould not connect", "unreachable", "timed out"]) {
        "a mirror cannot be reached".to_string()
    } else if download.contains("nable to locate package") || download.contains("o candidate") {
        format!("no suite of this machine's mirrors has a package {package}")
    } else {
        "apt-get failed".to_string()
    };
    let is_usual = |line: &str| USUAL.iter().any(|usual| line.contains(usual));
    let lines: Vec<&str> = both.lines().filter(|line| !is_usual(line)).collect();
    let last = &lines[lines.len().saturating_sub(LAST)..];
    std::iter::once(reason.as_str()).chain(last.iter().copied()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_package_is_no_option_and_no_path() {
        for name in ["linux-source-7.3", "linux-source", "g++", "0ad"] {
            assert!(is_name(name), "{name}");
        }
        for wrong in ["", "a", "-o", "--purge", "../x", "a b", "Linux", ".x", "linux-source-7.3=1", "x/sid"] {
            assert!(!is_name(wrong), "{wrong}");
        }
    }

    #[test]
    fn what_apt_complains_of_becomes_a_reason() {
        let none = "E: Unable to locate package linux-source-9.9\n";
        let missing = "E: The repository 'http://a.example/debian duke-backports Release' does not have a Release file.\n";
        let said = why("linux-source-9.9", missing, none);
        assert_eq!(
            said,
            format!("no suite of this machine's mirrors has a package linux-source-9.9\n{}", none.trim())
        );
        let unreachable = "W: Failed to fetch http://a.example/  Temporary failure resolving 'a.example'\n";
        assert!(why("x", unreachable, none).starts_with("a mirror cannot be reached\nW: Failed"));
        let unsigned = "W: GPG error: http://a.example sid InRelease: NO_PUBKEY 6ED0E7B82643E131\n";
        assert!(why("x", unsigned, none).contains("apt-get install debian-archive-keyring"));
        assert!(
            why("x", "", "E: You don't have enough free space\n").starts_with("apt-get failed\nE: You don't")
        );
    }
}
