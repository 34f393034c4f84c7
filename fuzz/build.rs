//! Places the seeds: `corpus/**/*.prog`, encoded, where cargo-fuzz looks for them.
//!
//! `fuzz/corpus/<target>/` belongs to the engine and is not in the repository. Each program goes to the target of
//! its folder and to `mixed`, as records; `text` gets the texts themselves.

use std::fs;
use std::io::{Result, Write};
use std::path::{Path, PathBuf};
use unreg::program::{Program, record};

fn main() -> Result<()> {
    let fuzz =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the manifest is"));
    let programs = fuzz.join("../corpus");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={}", programs.display());
    for folder in ["devlink", "mdev", "ib", "."] {
        for entry in fs::read_dir(programs.join(folder))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "prog") {
                println!("cargo:rerun-if-changed={}", path.display());
                seed(&fuzz.join("corpus"), folder, &path)?;
            }
        }
    }
    Ok(())
}

fn seed(corpus: &Path, folder: &str, path: &Path) -> Result<()> {
    let text = fs::read_to_string(path)?;
    let program = Program::parse(&text, &path.to_string_lossy()).unwrap_or_else(|errors| panic!("{errors}"));
    let records = record::encode(&program);
    let name = path.file_stem().expect("a file has a name").to_string_lossy();
    let name = if folder == "." { name.into_owned() } else { format!("{folder}-{name}") };
    if folder != "." {
        place(&corpus.join(folder), &name, &records)?;
    }
    place(&corpus.join("mixed"), &name, &records)?;
    place(&corpus.join("text"), &name, text.as_bytes())
}

/// Writes a seed if it is not there already; an engine that reads meanwhile never sees half of one.
fn place(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(name);
    if fs::read(&path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}
