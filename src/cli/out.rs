//! Where results go: a file, or standard output, which may be closed early: `unreg run … | head` is no failure.

use super::findings::write_over;
use super::{load, writable};
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Prints to standard output, with colours only on a terminal.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    put(&mut anstream::stdout().lock(), text.as_bytes())
}

fn put(stdout: &mut impl Write, bytes: &[u8]) -> anyhow::Result<()> {
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        // The reader has closed the pipe and wants no more.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        result => Ok(result?),
    }
}

/// The file that a result goes to; none for standard output, which is the default and `-`.
fn file(to: Option<&Path>) -> Option<&Path> {
    to.filter(|to| !load::is_standard_input(to))
}

/// Fails unless a result can be written there: asked before any work is done for it.
pub(super) fn check(to: Option<&Path>) -> anyhow::Result<()> {
    file(to).map_or(Ok(()), writable::file)
}

/// Writes a text to a file or to standard output.
pub(super) fn write(to: Option<&Path>, text: &str) -> anyhow::Result<()> {
    file(to).map_or_else(|| print(text), |to| write_over(to, text.as_bytes()))
}

/// Writes what is no text to a file or to standard output, which must not be a terminal then.
pub(super) fn write_bytes(to: Option<&Path>, bytes: &[u8]) -> anyhow::Result<()> {
    let Some(to) = file(to) else {
        let mut stdout = std::io::stdout().lock();
        anyhow::ensure!(!stdout.is_terminal(), "records are no text for a terminal: -o names a file");
        return put(&mut stdout, bytes);
    };
    write_over(to, bytes)
}

/// The outputs of several inputs: a file for each in a folder, by the input's name and with this extension.
pub(super) struct Folder<'a> {
    folder: &'a Path,
    extension: &'a str,
}

impl<'a> Folder<'a> {
    /// Fails unless files can be written to the folder.
    pub(super) fn new(to: Option<&'a Path>, extension: &'a str) -> anyhow::Result<Self> {
        let Some(folder) = file(to) else {
            anyhow::bail!("several programs need -o FOLDER, where each gets a file of its own")
        };
        anyhow::ensure!(
            !folder.is_file(),
            "{} is a file, and several programs need a folder",
            folder.display()
        );
        writable::folder(folder)?;
        Ok(Folder { folder, extension })
    }

    /// Writes what became of one input.
    pub(super) fn write(&self, name: &Path, text: &str) -> anyhow::Result<PathBuf> {
        let path = self.folder.join(name).with_extension(self.extension);
        let folder = path.parent().unwrap_or(self.folder);
        std::fs::create_dir_all(folder)
            .map_err(|error| anyhow::anyhow!("cannot make the folder {}: {error}", folder.display()))?;
        write_over(&path, text.as_bytes())?;
        Ok(path)
    }
}
