//! Modules: loaded with what they need, in the order that `modules.dep` gives.

use super::init::release;
use rustix::io::Errno;
use rustix::system::{delete_module, finit_module};
use std::ffi::CString;
use std::fs::File;
use std::path::{Path, PathBuf};

/// `O_NONBLOCK`: a module in use is refused, not waited for, as rmmod does.
const NONBLOCK: i32 = 0o4000;

/// Whether the initramfs has this module.
pub(super) fn exists(name: &str) -> bool {
    lines().iter().any(|line| is_named(line, name))
}

/// Loads a module and, before it, what it needs and is not there yet. A module that is there is refused.
pub(super) fn load(name: &str) -> Result<(), Errno> {
    let lines = lines();
    let Some(line) = lines.iter().find(|line| is_named(line, name)) else { return Err(Errno::NOENT) };
    // A line is a module and all it needs, the last to be loaded first.
    let (module, needs) = line.split_once(':').unwrap_or((line, ""));
    let insert = |path: &str| {
        let file = File::open(folder().join(path)).map_err(|_missing| Errno::NOENT)?;
        finit_module(&file, c"", 0)
    };
    for path in needs.split_whitespace().rev() {
        match insert(path) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
    }
    insert(module)
}

/// Unloads a module.
pub(super) fn unload(name: &str) -> Result<(), Errno> {
    let name = CString::new(name).map_err(|_nul| Errno::INVAL)?;
    delete_module(&name, NONBLOCK)
}

fn folder() -> PathBuf {
    Path::new("/lib/modules").join(release())
}

fn lines() -> Vec<String> {
    let text = std::fs::read_to_string(folder().join("modules.dep")).unwrap_or_default();
    text.lines().map(ToString::to_string).collect()
}

/// Whether a line of `modules.dep` is about this module; file names may have `-` for `_`.
fn is_named(line: &str, name: &str) -> bool {
    let path = line.split(':').next().unwrap_or_default();
    let stem = Path::new(path).file_name().and_then(|file| file.to_str()).unwrap_or_default();
    let stem = stem.split('.').next().unwrap_or_default();
    stem.replace('-', "_") == name.replace('-', "_")
}
