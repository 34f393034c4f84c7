//! Programs from files, in either form.

use super::encoding;
use anyhow::Context;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use unreg::program::Program;
use unreg::program::text::is_text;
use walkdir::{DirEntry, WalkDir};

/// The largest file that is read. A full program takes some kilobytes, and comments are not worth more.
const BYTES_MAX: u64 = 1 << 20;

/// Reads a program: text, or the records that fuzz engines keep.
pub(super) fn program(path: &Path) -> anyhow::Result<Program> {
    read(&bytes(path)?, path)
}

/// Reads the bytes of a file as a program.
pub(super) fn read(bytes: &[u8], path: &Path) -> anyhow::Result<Program> {
    demand_some(bytes, path)?;
    if is_named_as_text(path) || looks_like_text(bytes) {
        parse(encoding::utf8(bytes, path)?, path)
    } else {
        Ok(Program::from_bytes(bytes))
    }
}

/// Reads one of an engine's files, which always means something: a text as far as it goes, or records. A `.prog` file is
/// a person's, and read as strictly as a person needs it.
pub(super) fn input(bytes: &[u8], path: &Path) -> anyhow::Result<Program> {
    if is_named_as_text(path) { read(bytes, path) } else { Ok(Program::from_bytes(bytes)) }
}

/// Reads a file that must be text.
pub(super) fn text(path: &Path) -> anyhow::Result<String> {
    let bytes = bytes(path)?;
    demand_some(&bytes, path)?;
    encoding::utf8(&bytes, path).map(str::to_owned)
}

/// Reads a program's text as strictly as a person needs it.
pub(super) fn parse(text: &str, path: &Path) -> anyhow::Result<Program> {
    Ok(Program::parse(text, &path.display().to_string())?)
}

/// Whether a path stands for standard input.
pub(super) fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// The files that are named, and for a folder all files in it and below, by name. What begins with a dot is left out.
pub(super) fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let is_hidden =
        |entry: &DirEntry| entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with('.');
    let mut files = Vec::new();
    for path in paths {
        if is_standard_input(path) || !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        for entry in
            WalkDir::new(path).sort_by_file_name().into_iter().filter_entry(|entry| !is_hidden(entry))
        {
            let entry = entry.with_context(|| format!("cannot read {}", path.display()))?;
            if entry.path().is_file() {
                files.push(entry.into_path());
            }
        }
    }
    Ok(files)
}

/// The programs that are named, and for a folder the `.prog` files in it and below.
pub(super) fn programs(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut programs = Vec::new();
    for path in paths {
        let of_folder = path.is_dir() && !is_standard_input(path);
        let found = files(std::slice::from_ref(path))?;
        let before = programs.len();
        programs.extend(found.into_iter().filter(|file| !of_folder || is_named_as_text(file)));
        anyhow::ensure!(programs.len() > before, "there is no .prog file in {}", path.display());
    }
    Ok(programs)
}

/// The programs that are named, as [`programs`] finds them, each with its name: its path below the folder that was given.
pub(super) fn named_programs(paths: &[PathBuf]) -> anyhow::Result<Vec<(PathBuf, PathBuf)>> {
    let mut named = Vec::new();
    for given in paths {
        for path in programs(std::slice::from_ref(given))? {
            let name = match path.strip_prefix(given) {
                Ok(below) if !below.as_os_str().is_empty() => below.to_path_buf(),
                _ => path.file_name().map_or_else(|| path.clone(), PathBuf::from),
            };
            named.push((path, name));
        }
    }
    Ok(named)
}

/// Whether these are one program alone, and no folder.
pub(super) fn is_one(paths: &[PathBuf]) -> bool {
    matches!(paths, [path] if is_standard_input(path) || !path.is_dir())
}

/// What a program is called in what is made of it.
pub(super) fn title(path: &Path) -> String {
    if is_standard_input(path) { "standard input".to_string() } else { path.display().to_string() }
}

/// Reads a whole file, or standard input for `-`, unless it is too large to be a program.
pub(super) fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // A length that was asked for before would be wrong for a pipe, and could be wrong for a file.
    let read = if is_standard_input(path) {
        std::io::stdin().take(BYTES_MAX + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes))
    };
    read.with_context(|| format!("cannot read {}", path.display()))?;
    anyhow::ensure!(
        bytes.len() as u64 <= BYTES_MAX,
        "{} is larger than {BYTES_MAX} bytes, and no program is",
        path.display()
    );
    Ok(bytes)
}

/// Fails if there is nothing to read.
fn demand_some(bytes: &[u8], path: &Path) -> anyhow::Result<()> {
    let file = path.display();
    anyhow::ensure!(
        !bytes.iter().all(u8::is_ascii_whitespace),
        "{file} is empty: expected a program, `task NAME` and commands below it"
    );
    Ok(())
}

/// Whether the file's name says that it is text: `.prog` files are.
fn is_named_as_text(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "prog")
}

/// Whether a person wrote this as text, if only with a typo in its first word. Records have control characters
/// from the start, since operands are small numbers.
fn looks_like_text(bytes: &[u8]) -> bool {
    let control = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\n' | b'\r' | b'\t');
    is_text(bytes) || encoding::is_utf16(bytes) || !bytes.iter().any(control)
}
