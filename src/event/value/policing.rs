//! What is said of a trap group and of a policer.

use super::{Bits, Value, join, optional, optional_byte};
use crate::event::{GroupPolicer, PolicerBurst, PolicerRate, TrapPolicer};
use std::fmt;

/// The policer that a group is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policer(pub Option<TrapPolicer>);

impl Value for Policer {
    fn pack(self) -> u8 {
        optional_byte(self.0)
    }
    fn unpack(byte: u8) -> Option<Self> {
        optional(byte).map(Policer)
    }
}

impl fmt::Display for Policer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |policer| write!(f, "policer {policer}"))
    }
}

/// What a policer lets through, as far as it is not what its driver began with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    rate: u8,
    burst: u8,
}

const RATE: Bits = Bits(0, 2);
const BURST: Bits = Bits(2, 2);
/// Packets a second that users can set here; 0 stands for the driver's own number.
const RATES: [u64; 3] = [0, 100, 8000];
/// Packets at once.
const BURSTS: [u64; 3] = [0, 16, 4096];

fn place(numbers: [u64; 3], number: u64) -> Option<u8> {
    (0..).zip(numbers).find(|(_, known)| *known == number).map(|(place, _)| place)
}

impl Limits {
    /// The limits of so many packets a second and at once; none for numbers that nothing sets here.
    pub fn new(rate: Option<u64>, burst: Option<u64>) -> Option<Self> {
        let place = |numbers, number: Option<u64>| number.map_or(Some(0), |number| place(numbers, number));
        Some(Limits { rate: place(RATES, rate)?, burst: place(BURSTS, burst)? })
    }

    /// With what a user sets, and the rest as it was.
    pub fn set(self, rate: PolicerRate, burst: PolicerBurst) -> Self {
        let set = |numbers, number: Option<u64>, old| {
            number.and_then(|number| place(numbers, number)).unwrap_or(old)
        };
        Limits {
            rate: set(RATES, rate.packets(), self.rate),
            burst: set(BURSTS, burst.packets(), self.burst),
        }
    }
}

impl Value for Limits {
    fn pack(self) -> u8 {
        RATE.put(self.rate) | BURST.put(self.burst)
    }
    fn unpack(byte: u8) -> Option<Self> {
        let limits = Limits { rate: RATE.of(byte), burst: BURST.of(byte) };
        let is_known = usize::from(limits.rate.max(limits.burst)) < RATES.len();
        (is_known && limits.pack() == byte).then_some(limits)
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words =
            |word: &str, number: u64| if number == 0 { String::new() } else { format!("{word} {number}") };
        let rate = words("rate", RATES[usize::from(self.rate)]);
        f.write_str(&join(&[&rate, &words("burst", BURSTS[usize::from(self.burst)])]))
    }
}

impl TrapPolicer {
    /// The number that netlink knows the policer by.
    pub const fn id(self) -> u32 {
        match self {
            TrapPolicer::P1 => 1,
            TrapPolicer::P2 => 2,
            TrapPolicer::P3 => 3,
            TrapPolicer::P9 => 9,
        }
    }
}

impl GroupPolicer {
    /// The policer that a group is to be bound to, or that it is to be bound to none, if either is asked for.
    pub const fn policer(self) -> Option<Option<TrapPolicer>> {
        match self {
            GroupPolicer::Unset => None,
            GroupPolicer::None => Some(None),
            GroupPolicer::P1 => Some(Some(TrapPolicer::P1)),
            GroupPolicer::P3 => Some(Some(TrapPolicer::P3)),
            GroupPolicer::P9 => Some(Some(TrapPolicer::P9)),
        }
    }
}

impl PolicerRate {
    /// Packets a second, if that is given.
    pub const fn packets(self) -> Option<u64> {
        match self {
            PolicerRate::Unset => None,
            PolicerRate::R100 => Some(100),
            PolicerRate::R8000 => Some(8000),
            PolicerRate::TooLow => Some(0),
            PolicerRate::TooHigh => Some(8001),
        }
    }
}

impl PolicerBurst {
    /// Packets at once, if that is given.
    pub const fn packets(self) -> Option<u64> {
        match self {
            PolicerBurst::Unset => None,
            PolicerBurst::B16 => Some(16),
            PolicerBurst::B4096 => Some(4096),
            PolicerBurst::TooLow => Some(7),
        }
    }
}
