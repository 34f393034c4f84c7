//! What is said of a health reporter.

use super::{Bits, Value, join};
use std::fmt;

/// The state of a reporter and what is set of it: `devlink_nl_health_reporter_fill()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    /// Whether something is wrong.
    pub is_in_error: bool,
    /// Whether it recovers by itself.
    pub auto_recover: bool,
    /// Whether it takes a dump by itself.
    pub auto_dump: bool,
    /// Whether there is a dump.
    pub has_dump: bool,
    /// Whether it waits after a recovery.
    pub is_graceful: bool,
}

const ERROR: Bits = Bits(0, 1);
const AUTO_RECOVER: Bits = Bits(1, 1);
const AUTO_DUMP: Bits = Bits(2, 1);
const DUMP: Bits = Bits(3, 1);
const GRACE: Bits = Bits(4, 1);

impl Value for Health {
    fn pack(self) -> u8 {
        ERROR.flag(self.is_in_error)
            | AUTO_RECOVER.flag(self.auto_recover)
            | AUTO_DUMP.flag(self.auto_dump)
            | DUMP.flag(self.has_dump)
            | GRACE.flag(self.is_graceful)
    }
    fn unpack(byte: u8) -> Option<Self> {
        let health = Health {
            is_in_error: ERROR.is_set(byte),
            auto_recover: AUTO_RECOVER.is_set(byte),
            auto_dump: AUTO_DUMP.is_set(byte),
            has_dump: DUMP.is_set(byte),
            is_graceful: GRACE.is_set(byte),
        };
        (health.pack() == byte).then_some(health)
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |is_set, word| if is_set { word } else { "" };
        f.write_str(&join(&[
            if self.is_in_error { "error" } else { "healthy" },
            word(self.auto_recover, "auto_recover"),
            word(self.auto_dump, "auto_dump"),
            word(self.has_dump, "dump"),
            word(self.is_graceful, "grace"),
        ]))
    }
}
