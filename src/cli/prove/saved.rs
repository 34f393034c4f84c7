//! How far a proof is, in a file: a proof that was killed goes on from there.

use crate::cli::findings::write_over;
use anyhow::Context;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use unreg::program::Program;
use unreg::search::prove::{Explores, Progress};

/// The file of one proof. Its name says of which program, how, and with which build: another build of unreg may take
/// other steps, and what one has explored says nothing about the other.
#[derive(Debug)]
pub(super) struct Saved(PathBuf);

impl Saved {
    /// The file of this proof in a folder.
    pub(super) fn of(folder: &Path, program: &Program, explores: Explores) -> Saved {
        let scene = Program { schedule: Vec::new(), expect: 0, ..program.clone() };
        let mut digest = Sha256::new();
        digest.update(format!("{scene}{explores:?}"));
        digest.update(std::env::current_exe().and_then(std::fs::read).unwrap_or_default());
        Saved(folder.join(format!("{}.json", hex::encode(&digest.finalize()[..16]))))
    }

    /// How far the proof was; none if it has not begun.
    pub(super) fn read(&self) -> anyhow::Result<Option<Progress>> {
        if !self.0.exists() {
            return Ok(None);
        }
        let file = self.0.display();
        let bytes = std::fs::read(&self.0).with_context(|| format!("cannot read {file}"))?;
        let progress = serde_json::from_slice(&bytes);
        progress.map(Some).with_context(|| format!("{file} is no state of a proof: delete it to begin again"))
    }

    /// Writes how far the proof is. At any moment the old file or the new one is there, whole.
    pub(super) fn write(&self, progress: &Progress) -> anyhow::Result<()> {
        let text = serde_json::to_vec(progress).context("a proof's state can be written as JSON")?;
        write_over(&self.0, &text)
    }
}
