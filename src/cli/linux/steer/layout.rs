//! Where the loader has put a module: read out of `struct module` while the kernel is stopped.
//!
//! The offset of a field is not known without the kernel's headers, but a module file says where the address of its
//! exit goes, and where in its text that exit is.

use super::breakpoint::Memory;
use super::symbols::Symbols;
use std::io;

/// Where in `struct module` its name is: after a state and the links of a list, in every release so far.
const NAME: u64 = 24;
/// The longest name of a module.
const NAME_MAX: usize = 56;

/// A module that is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loaded {
    /// Its name.
    pub(super) name: String,
    /// Where its text begins.
    pub(super) base: u64,
}

/// The name in a `struct module`.
pub(super) fn name(memory: &Memory, module: u64) -> io::Result<String> {
    let mut bytes = [0; NAME_MAX];
    memory.read(module + NAME, &mut bytes)?;
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(String::from_utf8_lossy(bytes).replace('-', "_"))
}

/// Reads where a module's text is; none for a module whose file is not known or that can never be unloaded.
pub(super) fn loaded(memory: &Memory, module: u64, symbols: &Symbols) -> io::Result<Option<Loaded>> {
    let name = name(memory, module)?;
    let Some((field, exit)) = symbols.image(&name).and_then(|image| image.exit()) else { return Ok(None) };
    let base = memory.word(module + field)?.wrapping_sub(exit);
    Ok(Some(Loaded { name, base }))
}
