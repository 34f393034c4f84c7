//! A build that uses the objects of the one before it: a small change costs seconds.

use super::cache::{self, About, Built};
use super::seal::Seal;
use super::{Flavour, compile, processors};
use anyhow::Context;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Instant;

/// Builds a tree with its lines, and puts the kernel into a folder. Objects stay in the work folder, for the next
/// build of the same tree. A kernel that was built under the same name is not built again.
pub(in crate::cli::linux) fn again(
    tree: &Path,
    config: Flavour,
    work: &Path,
    name: &str,
    folder: &Path,
) -> anyhow::Result<Built> {
    if let Some(built) = Built::in_folder(folder)?.filter(|built| built.about.key == name) {
        built.verify()?;
        return Ok(built);
    }
    cache::refuse_foreign(folder)?;
    let (start, result) = (Instant::now(), work.join("result"));
    match std::fs::remove_dir_all(&result) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot remove {}", result.display()));
        }
        _gone => {}
    }
    let release = compile(tree, config, true, work, processors())?;
    let seal = Some(Seal::of(&result.join("linux"), &result.join("lib/modules").join(&release))?);
    let about = About {
        release,
        config: config.name().to_string(),
        source: tree.display().to_string(),
        key: name.to_string(),
        seconds: start.elapsed().as_secs(),
        seal,
    };
    about.write(&result)?;
    cache::move_into_place(&result, folder)?;
    Built::in_folder(folder)?.context("what was built is gone")
}
