//! A corpus folder: programs as records, each in a file of its own that is named after its bytes, so that any number of
//! hunts and engines may read and add at once.

use super::findings::stage_quickly;
use super::{load, writable};
use anyhow::Context;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use unreg::program::{Program, record};

/// The names of the files that were read already.
pub(super) type Seen = HashSet<OsString>;

/// A folder of programs.
#[derive(Debug)]
pub(super) struct Store(PathBuf);

impl Store {
    /// Opens a folder; makes it if it is not there. One that cannot be written to is an error now and not in an hour.
    pub(super) fn open(folder: &Path) -> anyhow::Result<Store> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        writable::probe(folder)?;
        Ok(Store(folder.to_path_buf()))
    }

    /// Stores a program and gives the name of its file. A file appears whole or not at all.
    pub(super) fn save(&self, program: &Program) -> anyhow::Result<OsString> {
        let bytes = record::encode(program);
        let name = name(&bytes);
        let path = self.0.join(&name);
        // A file of that name may be empty, or a link that leads nowhere. Another hunt may write the same meanwhile.
        if !holds(&path, &bytes) {
            let written = stage_quickly(&path, &bytes)?.persist(&path).map_err(|error| error.error);
            written.with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(name)
    }

    /// The programs of the files that have not been seen yet, by name, and remembers them. Each file that cannot be read
    /// is named to `left_out`, with the reason.
    pub(super) fn read(
        &self,
        seen: &mut Seen,
        mut left_out: impl FnMut(anyhow::Error),
    ) -> anyhow::Result<Vec<Program>> {
        let mut new: Vec<PathBuf> = files(&self.0)?;
        new.retain(|path| path.file_name().is_some_and(|name| seen.insert(name.to_owned())));
        let mut programs = Vec::new();
        for path in new {
            match load::bytes(&path).and_then(|bytes| load::input(&bytes, &path)) {
                Ok(program) => programs.push(program),
                // Another process that tidies up may have deleted it meanwhile.
                Err(_) if !path.exists() => {}
                Err(error) => left_out(error),
            }
        }
        Ok(programs)
    }
}

/// Whether a file is there with these bytes.
fn holds(path: &Path, bytes: &[u8]) -> bool {
    let is_as_long = |file: fs::Metadata| file.is_file() && file.len() == bytes.len() as u64;
    fs::metadata(path).is_ok_and(is_as_long) && fs::read(path).is_ok_and(|found| found == bytes)
}

/// What a program's file is called.
pub(super) fn name(bytes: &[u8]) -> OsString {
    OsString::from(hex::encode(&Sha256::digest(bytes)[..20]))
}

/// The files of a corpus folder, sorted by name; not hidden files, which are being written, and
/// not an engine's notes for people.
pub(super) fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with('.') && name != "README.txt" && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
