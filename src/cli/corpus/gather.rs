//! Programs from wherever engines and people keep them.

use crate::cli::load;
use std::path::{Path, PathBuf};
use unreg::program::Program;
use walkdir::{DirEntry, WalkDir};

/// One file.
pub(super) struct Input {
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
    pub(super) program: Program,
}

/// The programs that were found, and why others were left out.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) inputs: Vec<Input>,
    pub(super) left_out: Vec<anyhow::Error>,
}

/// In an AFL++ output folder, where its inputs are. The rest is figures.
const AFL: [&str; 3] = ["queue", "crashes", "hangs"];

/// The programs of these files and of all files below these folders, by path. A link below a folder is not followed,
/// because it may lead anywhere; one that is named itself is.
pub(super) fn gather(paths: &[PathBuf]) -> anyhow::Result<Gathered> {
    let mut gathered = Gathered::default();
    for path in paths {
        if path.is_dir() {
            gathered.below(path);
        } else {
            // What was named and is not there is a mistake in the command, and no reason to go on without it.
            anyhow::ensure!(path.exists(), "cannot read {}: there is no such file", path.display());
            gathered.read(path.clone());
        }
    }
    Ok(gathered)
}

impl Gathered {
    fn below(&mut self, root: &Path) {
        let entries = WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(is_wanted);
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.left_out.push(error.into());
                    continue;
                }
            };
            let (path, kind) = (entry.path(), entry.file_type());
            if kind.is_file() {
                self.read(path.to_path_buf());
            } else if kind.is_symlink() && entry.depth() > 0 && leads_out(root, path) {
                let path = path.display();
                self.left_out
                    .push(anyhow::anyhow!("{path} is a link, and not followed: name what it leads to"));
            }
        }
    }

    fn read(&mut self, path: PathBuf) {
        match load::bytes(&path).and_then(|bytes| Ok((load::input(&bytes, &path)?, bytes))) {
            Ok((program, bytes)) => self.inputs.push(Input { path, bytes, program }),
            Err(error) => self.left_out.push(error),
        }
    }
}

/// Whether a link leads to what is not below the folder; what is below it is read without the link.
fn leads_out(root: &Path, link: &Path) -> bool {
    let inside = || Some(link.canonicalize().ok()?.starts_with(root.canonicalize().ok()?));
    inside() != Some(true)
}

/// Whether an entry is of the corpus: not what begins with a dot, which is a process's work in progress, not an engine's
/// notes to people, and of AFL++'s output only the inputs.
fn is_wanted(entry: &DirEntry) -> bool {
    if entry.depth() == 0 {
        return true;
    }
    let name = entry.file_name().to_string_lossy();
    let is_afl = entry.path().parent().is_some_and(|folder| folder.join("fuzzer_stats").is_file());
    let is_part = !is_afl || entry.file_type().is_dir() && AFL.contains(&&*name);
    is_part && !name.starts_with('.') && name != "README.txt"
}
