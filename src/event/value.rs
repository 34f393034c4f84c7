//! What an event says of an object, in one byte: each kind of value is a type, and that type alone knows its layout.

mod flash;
mod health;
mod ib_link;
mod linecard;
mod policing;
mod port;
mod rate;
mod reload;
mod resource;
mod udev;

pub use flash::FlashStatus;
pub use health::Health;
pub use ib_link::{IbLink, Protocol};
pub use linecard::{Card, CardState};
pub use policing::{Limits, Policer};
pub use port::{FollowedNetdev, Port, PortFunction, PortType, ReloadFailed};
pub use rate::Rates;
pub use reload::Performed;
pub use resource::Sizes;
pub use udev::Configured;

use crate::operand::Operand;
use std::fmt::Display;

/// A value that an event can carry. It displays as the words that tools print of it, or as nothing.
pub trait Value: Copy + Eq + Display {
    /// The byte that an event carries.
    fn pack(self) -> u8;
    /// What a byte says; none for a byte that no value packs to.
    fn unpack(byte: u8) -> Option<Self>;
}

/// An operand's number is its byte.
impl<T: Operand + Display> Value for T {
    fn pack(self) -> u8 {
        self.to_byte()
    }
    fn unpack(byte: u8) -> Option<Self> {
        operand(byte)
    }
}

/// How a byte reads as a value of this type.
pub fn text<V: Value>(byte: u8) -> String {
    V::unpack(byte).map_or_else(|| format!("?{byte}"), |value| value.to_string())
}

/// The operand with a number, all bits of which count.
fn operand<T: Operand>(number: u8) -> Option<T> {
    T::from_byte(number).filter(|operand| operand.to_byte() == number)
}

/// Some bits of a byte: where the lowest is, and how many.
#[derive(Debug, Clone, Copy)]
struct Bits(u32, u32);

impl Bits {
    const fn mask(self) -> u8 {
        ((1_u16 << self.1) - 1) as u8
    }
    fn of(self, byte: u8) -> u8 {
        byte >> self.0 & self.mask()
    }
    /// The number in its place. It must fit.
    fn put(self, number: u8) -> u8 {
        debug_assert!(number <= self.mask(), "{number} has no room in {self:?}");
        (number & self.mask()) << self.0
    }
    fn flag(self, is_set: bool) -> u8 {
        self.put(u8::from(is_set))
    }
    fn is_set(self, byte: u8) -> bool {
        self.of(byte) != 0
    }
}

/// The number of an operand that may be missing: 0 if it is.
fn optional_byte<T: Operand>(operand: Option<T>) -> u8 {
    operand.map_or(0, |operand| operand.to_byte() + 1)
}

/// The operand with such a number, which may be missing; none if no operand has the number.
fn optional<T: Operand>(number: u8) -> Option<Option<T>> {
    match number.checked_sub(1) {
        None => Some(None),
        Some(number) => operand(number).map(Some),
    }
}

/// The words in one line.
fn join(words: &[&str]) -> String {
    let words: Vec<&str> = words.iter().copied().filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{NetNs, Netdev, TrapAction};

    /// Checks every byte: a value packs to the byte that it was made from, and no two bytes read alike.
    fn round_trips<V: Value>(values: usize) {
        let all: Vec<(u8, V)> =
            (0..=u8::MAX).filter_map(|byte| V::unpack(byte).map(|value| (byte, value))).collect();
        assert_eq!(all.len(), values, "{}", std::any::type_name::<V>());
        for (byte, value) in &all {
            assert_eq!(value.pack(), *byte, "{value}");
        }
        let words: std::collections::BTreeSet<String> =
            all.iter().map(|(_, value)| value.to_string()).collect();
        assert_eq!(words.len(), values, "two bytes read alike: {words:?}");
    }

    #[test]
    fn every_value_packs_to_its_byte() {
        round_trips::<TrapAction>(TrapAction::COUNT);
        round_trips::<NetNs>(NetNs::COUNT);
        round_trips::<ReloadFailed>(2);
        round_trips::<PortType>(3);
        round_trips::<Port>(15);
        round_trips::<FollowedNetdev>(Netdev::COUNT + 1);
        round_trips::<FlashStatus>(6);
        round_trips::<Health>(32);
        round_trips::<Performed>(8);
        round_trips::<Protocol>(3);
        round_trips::<IbLink>(4 * 6 * 8);
        round_trips::<Card>(5 * 4 * 2);
        round_trips::<Policer>(5);
        round_trips::<Limits>(9);
        round_trips::<Rates>(3 * 3 * 3);
        round_trips::<Sizes>(7 * 7 * 2);
        round_trips::<Configured>(3);
    }
}
