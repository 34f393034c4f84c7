//! Programs from wherever engines and people keep them.

use crate::cli::{load, store};
use anyhow::Context;
use std::fs;
use std::path::{Path, PathBuf};
use unreg::program::Program;

/// One file.
pub(super) struct Input {
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
    pub(super) program: Program,
}

/// In an AFL++ output folder, where its inputs are. The rest is figures.
const AFL: [&str; 3] = ["queue", "crashes", "hangs"];

/// The programs of these files and of all files below these folders, by path.
pub(super) fn gather(paths: &[PathBuf]) -> anyhow::Result<Vec<Input>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() { below(path, &mut files)? } else { files.push(path.clone()) }
    }
    let read = |path: PathBuf| {
        let bytes = load::bytes(&path)?;
        Ok(Input { program: Program::from_bytes(&bytes), path, bytes })
    };
    files.into_iter().map(read).collect()
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let is_afl = folder.join("fuzzer_stats").is_file();
    if !is_afl {
        files.append(&mut store::files(folder)?);
    }
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.is_dir() && !name.starts_with('.') && (!is_afl || AFL.contains(&&*name))
    });
    folders.sort();
    folders.iter().try_for_each(|path| below(path, files))
}
