//! What is said of a line card.

use super::{Bits, Value, join, optional, optional_byte};
use crate::event::LineCardType;
use std::fmt;

/// Models `enum devlink_linecard_state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the kernel's names")]
pub enum CardState {
    #[default]
    Unprovisioned,
    Unprovisioning,
    Provisioning,
    ProvisioningFailed,
    Provisioned,
}

const STATES: [(CardState, &str); 5] = [
    (CardState::Unprovisioned, "unprovisioned"),
    (CardState::Unprovisioning, "unprovisioning"),
    (CardState::Provisioning, "provisioning"),
    (CardState::ProvisioningFailed, "provisioning_failed"),
    (CardState::Provisioned, "provisioned"),
];

/// How far a line card is, as what it is provisioned, and whether there is a devlink instance on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the attributes of DEVLINK_CMD_LINECARD_GET")]
pub struct Card {
    pub state: CardState,
    pub kind: Option<LineCardType>,
    pub has_nested: bool,
}

const STATE: Bits = Bits(0, 3);
const KIND: Bits = Bits(3, 2);
const NESTED: Bits = Bits(5, 1);

impl Value for Card {
    fn pack(self) -> u8 {
        STATE.put(self.state as u8) | KIND.put(optional_byte(self.kind)) | NESTED.flag(self.has_nested)
    }
    fn unpack(byte: u8) -> Option<Self> {
        let (state, _) = *STATES.get(usize::from(STATE.of(byte)))?;
        let card = Card { state, kind: optional(KIND.of(byte))?, has_nested: NESTED.is_set(byte) };
        (card.pack() == byte).then_some(card)
    }
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.map_or(String::new(), |kind| kind.to_string());
        f.write_str(&join(&[
            STATES[self.state as usize].1,
            &kind,
            if self.has_nested { "nested" } else { "" },
        ]))
    }
}
