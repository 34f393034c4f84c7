//! What is said of a rate object.

use super::{Bits, Value, join};
use crate::event::{RateName, RateParent, TxMax, TxShare};
use std::fmt;

/// Bytes a second, as the kernel counts rates, in a megabit a second.
const MEGABIT: u64 = 125_000;

/// What is set of a rate object. Rates are whole megabits a second, 0 for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rates {
    share: u8,
    max: u8,
    parent: Option<RateName>,
}

const SHARE: Bits = Bits(0, 2);
const MAX: Bits = Bits(2, 2);
const PARENT: Bits = Bits(4, 2);
/// The largest rate that is ever set here, in megabits a second.
const MOST: u8 = 2;

/// The whole megabits of a rate that a message can carry here.
fn megabits(bytes: u64) -> Option<u8> {
    u8::try_from(bytes / MEGABIT).ok().filter(|megabits| bytes.is_multiple_of(MEGABIT) && *megabits <= MOST)
}

impl Rates {
    /// Rates in bytes a second, and the node above; none for what nothing sets here.
    pub fn new(share: u64, max: u64, parent: Option<RateName>) -> Option<Self> {
        let is_known = parent.is_none_or(|parent| parent.as_parent().is_some());
        Some(Rates { share: megabits(share)?, max: megabits(max)?, parent }).filter(|_| is_known)
    }

    /// With this tx_share, if it can be.
    pub fn with_share(self, share: TxShare) -> Self {
        Rates { share: share.bytes().and_then(megabits).unwrap_or(self.share), ..self }
    }

    /// With this tx_max, if it can be.
    pub fn with_max(self, max: TxMax) -> Self {
        Rates { max: max.bytes().and_then(megabits).unwrap_or(self.max), ..self }
    }

    /// Under this node, or under none.
    pub fn under(self, parent: Option<RateName>) -> Self {
        Rates { parent, ..self }
    }

    /// The node above.
    pub fn parent(self) -> Option<RateName> {
        self.parent
    }
}

impl Value for Rates {
    fn pack(self) -> u8 {
        let parent = match self.parent.and_then(RateName::as_parent) {
            Some(parent) => parent.pack(),
            None => 0,
        };
        SHARE.put(self.share) | MAX.put(self.max) | PARENT.put(parent)
    }
    fn unpack(byte: u8) -> Option<Self> {
        let parent = RateParent::unpack(PARENT.of(byte))?;
        let rates = Rates { share: SHARE.of(byte), max: MAX.of(byte), parent: parent.node() };
        let is_known = rates.share.max(rates.max) <= MOST;
        (is_known && rates.pack() == byte).then_some(rates)
    }
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate =
            |word: &str, rate: u8| if rate == 0 { String::new() } else { format!("{word} {rate}mbit") };
        let parent = self.parent.map_or(String::new(), |parent| format!("under-{parent}"));
        f.write_str(&join(&[&rate("tx_share", self.share), &rate("tx_max", self.max), &parent]))
    }
}

impl RateParent {
    /// The node that is named as a parent.
    pub const fn node(self) -> Option<RateName> {
        match self {
            RateParent::N1 => Some(RateName::N1),
            RateParent::N2 => Some(RateName::N2),
            RateParent::Unset | RateParent::None => None,
        }
    }
}

impl RateName {
    /// The word by which this node is named as a parent, if it can be.
    const fn as_parent(self) -> Option<RateParent> {
        match self {
            RateName::N1 => Some(RateParent::N1),
            RateName::N2 => Some(RateParent::N2),
            RateName::N3 | RateName::Vf0 | RateName::Vf1 | RateName::Digits | RateName::P0 => None,
        }
    }
}

impl TxShare {
    /// The rate in bytes a second, if one is given.
    pub const fn bytes(self) -> Option<u64> {
        match self {
            TxShare::Unset => None,
            TxShare::M1 => Some(MEGABIT),
            TxShare::M2 => Some(2 * MEGABIT),
            TxShare::Byte => Some(1),
        }
    }
}

impl TxMax {
    /// The rate in bytes a second, if one is given.
    pub const fn bytes(self) -> Option<u64> {
        match self {
            TxMax::Unset => None,
            TxMax::M1 => Some(MEGABIT),
            TxMax::M2 => Some(2 * MEGABIT),
            TxMax::TooMuch => Some(6_000 * MEGABIT),
        }
    }
}
