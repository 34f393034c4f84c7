//! Room for all registers of a process.
//!
//! User-mode Linux takes a guest process's registers from the host and gives them back, and the host demands all that
//! its processor has (`xstateregs_set`). Up to 6.12 the room for them is a constant that ends at AVX-512: on a processor
//! with AMX the first process of a guest cannot be started. From 6.13 on it asks the host.

use super::make::Make;
use anyhow::Context;

/// Bytes for registers. A processor with AMX has 11,008; of more than the host has nothing is used.
pub(super) const BYTES: u64 = 12_288;

/// What the compiler makes of the constants, before they become a header.
const CONSTANTS: &str = "arch/x86/um/user-offsets.s";

/// The number of eight-byte words follows.
const SIZE: &str = "->HOST_FP_SIZE $";

/// Has the constants compiled, and the room in them made large enough; the source stays as it is.
pub(super) fn make_room(make: &Make) -> anyhow::Result<()> {
    make.stage("configure", &["archprepare"])?;
    let path = make.object(CONSTANTS);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    match widened(&text).with_context(|| format!("{} is not as expected", path.display()))? {
        Some(text) => std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display())),
        None => Ok(()),
    }
}

/// The constants with enough room; nothing if there is no such constant, or if it is large enough.
fn widened(text: &str) -> anyhow::Result<Option<String>> {
    let Some((before, rest)) = text.split_once(SIZE) else { return Ok(None) };
    let digits = rest.find(|next: char| !next.is_ascii_digit()).unwrap_or(rest.len());
    let (words, after) = rest.split_at(digits);
    let words: u64 = words.parse().with_context(|| format!("no number behind {SIZE}"))?;
    let wanted = BYTES / 8;
    Ok((words < wanted).then(|| format!("{before}{SIZE}{wanted}{after}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_that_is_too_small_grows_and_nothing_else_changes() {
        let text = ".ascii \"->HOST_FP_SIZE $337 2696 / 8\"\n.ascii \"->HOST_BX $5 RBX\"\n";
        let wide = widened(text).unwrap().unwrap();
        assert_eq!(wide, text.replace("$337", "$1536"));
        assert!(widened(&wide).unwrap().is_none(), "it is large enough now");
        assert!(widened(".ascii \"->HOST_BX $5 RBX\"\n").unwrap().is_none(), "6.13 has none");
        assert!(widened("->HOST_FP_SIZE $x").is_err());
    }
}
