//! What a reload has done.

use super::Value;
use crate::event::ReloadAction;
use crate::operand::Operand;
use std::fmt;

/// The actions that a reload has performed: `DEVLINK_ATTR_RELOAD_ACTIONS_PERFORMED`, a bit an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Performed(u8);

impl Performed {
    /// One action.
    pub fn one(action: ReloadAction) -> Self {
        Performed(1 << action.to_byte())
    }

    /// The actions of the kernel's bits, if all of these are actions that are known here.
    pub fn of_bits(bits: u32) -> Option<Self> {
        u8::try_from(bits).ok().and_then(Self::unpack)
    }
}

impl Value for Performed {
    fn pack(self) -> u8 {
        self.0
    }
    fn unpack(byte: u8) -> Option<Self> {
        (usize::from(byte) < 1 << ReloadAction::COUNT).then_some(Performed(byte))
    }
}

impl fmt::Display for Performed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("performed")?;
        let done = ReloadAction::ALL.iter().filter(|action| self.0 & Self::one(**action).0 != 0);
        done.into_iter().try_for_each(|action| write!(f, " {action}"))
    }
}
