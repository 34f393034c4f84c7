//! What is said of a resource.

use super::{Bits, Value, operand};
use crate::event::ResourceSize;
use std::fmt;

/// How large a resource is, how large a reload is to make it, and whether its parts fit into that: `struct
/// devlink_resource`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "size, size_new and size_valid of the kernel")]
pub struct Sizes {
    pub now: ResourceSize,
    pub new: ResourceSize,
    pub is_valid: bool,
}

const NOW: Bits = Bits(0, 3);
const NEW: Bits = Bits(3, 3);
const INVALID: Bits = Bits(6, 1);

/// A new resource is as large as can be.
impl Default for Sizes {
    fn default() -> Self {
        Sizes { now: ResourceSize::Max, new: ResourceSize::Max, is_valid: true }
    }
}

impl Value for Sizes {
    fn pack(self) -> u8 {
        NOW.put(self.now.pack()) | NEW.put(self.new.pack()) | INVALID.flag(!self.is_valid)
    }
    fn unpack(byte: u8) -> Option<Self> {
        let (now, new) = (operand(NOW.of(byte))?, operand(NEW.of(byte))?);
        let sizes = Sizes { now, new, is_valid: !INVALID.is_set(byte) };
        (sizes.pack() == byte).then_some(sizes)
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "size {}", self.now)?;
        if self.new != self.now {
            write!(f, " size_new {}", self.new)?;
        }
        f.write_str(if self.is_valid { "" } else { " size_valid false" })
    }
}
