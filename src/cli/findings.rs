//! Findings: minimal programs under names that say what they break, each written once and whole.

use super::{Outcome, load};
use anyhow::Context;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use unreg::invariant::{Invariant, Site, judge};
use unreg::minimize::{breaks, minimize_violation};
use unreg::program::{Program, Variants};
use unreg::report::Report;
use unreg::run::Machine;

/// What a hunt found.
#[derive(Debug)]
pub(super) struct Log {
    folder: PathBuf,
    /// The command that finds it again.
    origin: String,
    sites: HashSet<Site>,
    names: HashSet<String>,
    reports: Vec<String>,
    /// What was found: the minimal program, what it breaks, and its file.
    found: Vec<(String, Site, String)>,
    errors: Vec<anyhow::Error>,
}

impl Log {
    pub(super) fn new(folder: &Path, origin: String) -> Self {
        Log {
            folder: folder.to_path_buf(),
            origin,
            sites: HashSet::new(),
            names: HashSet::new(),
            reports: Vec::new(),
            found: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Minimises a finding, writes it to its file and reports it, unless the same was found before.
    pub(super) fn add(&mut self, program: &Program, site: &Site) {
        if !self.sites.insert(site.clone()) {
            return;
        }
        let minimal = minimize_violation(program, site, |_| {});
        let mut machine = Machine::default();
        let trace = machine.run(&minimal);
        let violations = judge(trace);
        let Some(violation) = violations.iter().find(|violation| violation.invariant.name == site.invariant)
        else {
            self.errors.push(anyhow::anyhow!("a finding broke {site} once, and never again: {minimal}"));
            return;
        };
        let name = file_name(minimal.variants, site);
        if !self.names.insert(name.clone()) {
            return;
        }
        let path = self.folder.join(name);
        let known = match write(&path, &minimal, (violation.invariant, site), &self.origin) {
            Ok(written) => format!("{written} {}\n", path.display()),
            Err(error) => {
                self.errors.push(error);
                String::new()
            }
        };
        let file = path.display().to_string();
        let report = Report { program: &minimal, trace, violation, file: Some(&file) };
        self.reports.push(format!("{report}\n{known}\n"));
        self.found.push((minimal.to_string(), site.clone(), file));
    }

    /// What there is to tell, a text a finding.
    pub(super) fn reports(&self) -> &[String] {
        &self.reports
    }

    /// What there is to tell a script: the minimal program, what it breaks, and its file.
    pub(super) fn found(&self) -> &[(String, Site, String)] {
        &self.found
    }

    /// How the hunt ended; an error if a finding could not be written.
    pub(super) fn finish(self) -> anyhow::Result<Outcome> {
        match self.errors.into_iter().next() {
            Some(error) => Err(error),
            None if self.reports.is_empty() => Ok(Outcome::Clean),
            None => Ok(Outcome::Violation),
        }
    }
}

/// Writes a finding with its comments, unless the file of that name has one of the same cause. What is no program is
/// written over; a program of another cause is not.
pub(super) fn write(
    path: &Path,
    program: &Program,
    (invariant, site): (&Invariant, &Site),
    origin: &str,
) -> anyhow::Result<Written> {
    let mut text = format!("# Breaks {}. {}\n", invariant.name, invariant.says);
    text += &citations(invariant);
    text += &format!("# Found by `{origin}`.\n# To see it again: unreg run {}\n", path.display());
    text += &program.to_string();
    let folder = folder_of(path);
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    if write_new(path, text.as_bytes())? == Written::New {
        return Ok(Written::New);
    }
    match held(path)? {
        None => write_over(path, text.as_bytes()).map(|()| Written::Over),
        Some(held) => {
            let is_same = held.variants == program.variants && breaks(Machine::default().run(&held), site);
            let file = path.display();
            anyhow::ensure!(is_same, "{file} holds a program that does not break {site}: move it elsewhere");
            Ok(Written::Known)
        }
    }
}

/// The program in a finding's file; none if it is empty or no program, or if it is a link that leads to no file.
fn held(path: &Path) -> anyhow::Result<Option<Program>> {
    if !fs::metadata(path).is_ok_and(|file| file.is_file()) {
        return Ok(None);
    }
    let bytes = load::bytes(path)?;
    let text = std::str::from_utf8(&bytes).ok();
    let program = text.and_then(|text| load::parse(text, path).ok());
    Ok(program.filter(|program| program.commands() > 0))
}

/// The mails that argue for an invariant, as corpus files cite them.
pub(super) fn citations(invariant: &Invariant) -> String {
    invariant.cites.iter().map(|cite| format!("#= {}: {}\n", cite.mail.key, cite.who)).collect()
}

/// Whether a file was made.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    New,
    /// There was one of that name already, and it was left alone.
    Known,
    /// There was something of that name that is no program.
    Over,
}

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Written::New => "written to",
            Written::Known => "already known:",
            Written::Over => "written over what was no program:",
        })
    }
}

/// Writes a file that did not exist: all of it is on the disk under its name, or nothing is.
pub(super) fn write_new(path: &Path, contents: &[u8]) -> anyhow::Result<Written> {
    let written = stage(path, contents)?.persist_noclobber(path);
    match written {
        Ok(_) => {
            sync_folder(path);
            Ok(Written::New)
        }
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(Written::Known),
        Err(error) => Err(error.error).with_context(|| format!("cannot write {}", path.display())),
    }
}

/// Writes a file, over an old one if there is one: at any moment one of the two is there, whole.
///
/// A link stays one: the file that it names is written. A pipe or a device is written into, and not replaced.
pub(super) fn write_over(path: &Path, contents: &[u8]) -> anyhow::Result<()> {
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return fs::write(path, contents).with_context(|| format!("cannot write {}", path.display()));
    }
    let staged = stage(path, contents)?;
    staged
        .persist(path)
        .map_err(|error| error.error)
        .with_context(|| format!("cannot write {}", path.display()))?;
    sync_folder(path);
    Ok(())
}

fn stage(path: &Path, contents: &[u8]) -> anyhow::Result<tempfile::NamedTempFile> {
    let file = stage_quickly(path, contents)?;
    file.as_file().sync_all().with_context(|| format!("cannot write {}", path.display()))?;
    Ok(file)
}

/// A file beside the one that it is to become. It is whole whatever becomes of this process, if not of the machine.
pub(super) fn stage_quickly(path: &Path, contents: &[u8]) -> anyhow::Result<tempfile::NamedTempFile> {
    let stage = || {
        // Findings are to be read by others too, as far as the umask lets them.
        let readable = fs::Permissions::from_mode(0o666);
        let mut file =
            tempfile::Builder::new().prefix(".unreg-").permissions(readable).tempfile_in(folder_of(path))?;
        file.write_all(contents)?;
        Ok::<_, std::io::Error>(file)
    };
    stage().with_context(|| format!("cannot write {}", path.display()))
}

/// A name is only on the disk when its folder is.
fn sync_folder(path: &Path) {
    // Some file systems cannot sync a folder; the file itself is safe by then.
    if let Ok(folder) = File::open(folder_of(path)) {
        let _ = folder.sync_all();
    }
}

/// The folder that a file is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Returns the name of a finding's file. It depends on the variants and the site alone, so each program with the same cause
/// has the same name.
pub(super) fn file_name(variants: Variants, site: &Site) -> String {
    format!("{}-{:08x}.prog", site.invariant, fingerprint(&format!("{variants}: {site}")))
}

/// 32 bits of FNV-1a: the name of a finding must be the same in every later version.
fn fingerprint(text: &str) -> u32 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    (hash ^ (hash >> 32)) as u32
}
