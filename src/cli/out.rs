//! Standard output that may be closed early: `unreg run … | head` is no failure.

use std::io::{ErrorKind, Write};

/// Prints to standard output, with colours only if somebody would see them.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        // Whoever read has seen enough, and nobody would see another word.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        result => Ok(result?),
    }
}
