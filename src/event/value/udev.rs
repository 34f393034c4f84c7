//! What udev's rules know of a device that is configured.

use super::Value;
use std::fmt;

/// What became of a mediated device that udev's rules are to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Configured {
    /// They know of none.
    Forgotten,
    /// They made it.
    Started,
    /// They could not.
    Failed,
}

impl Value for Configured {
    fn pack(self) -> u8 {
        self as u8
    }
    fn unpack(byte: u8) -> Option<Self> {
        [Configured::Forgotten, Configured::Started, Configured::Failed].get(usize::from(byte)).copied()
    }
}

impl fmt::Display for Configured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Configured::Forgotten => "forgotten",
            Configured::Started => "started",
            Configured::Failed => "failed",
        })
    }
}
