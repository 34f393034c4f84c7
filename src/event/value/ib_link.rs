//! What is said of an RDMA device and of its port.

use super::{Bits, Value, join, optional, optional_byte};
use crate::event::Netdev;
use std::fmt;

/// What an RDMA device speaks: `RDMA_NLDEV_ATTR_DEV_PROTOCOL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// A notification does not say it.
    Untold,
    /// What rxe says.
    Roce,
    /// What siw says.
    Iwarp,
}

impl Protocol {
    /// The protocol that netlink calls by this name.
    pub fn named(word: &str) -> Option<Self> {
        [Protocol::Roce, Protocol::Iwarp].into_iter().find(|protocol| protocol.to_string() == word)
    }
}

impl Value for Protocol {
    fn pack(self) -> u8 {
        self as u8
    }
    fn unpack(byte: u8) -> Option<Self> {
        [Protocol::Untold, Protocol::Roce, Protocol::Iwarp].get(usize::from(byte)).copied()
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Untold => "",
            Protocol::Roce => "roce",
            Protocol::Iwarp => "iw",
        })
    }
}

/// What the port of an RDMA device is on, and in which state it is, if that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IbLink {
    netdev: Option<Netdev>,
    /// `enum ib_port_state`; 0 if it is not told.
    state: u8,
    /// `enum ib_port_phys_state`; 0 if it is not told.
    physical: u8,
}

const NETDEV: Bits = Bits(0, 2);
const STATE: Bits = Bits(2, 3);
const PHYSICAL: Bits = Bits(5, 3);
const STATES: [&str; 6] = ["", "DOWN", "INIT", "ARMED", "ACTIVE", "ACTIVE_DEFER"];
const PHYSICALS: [&str; 8] = ["", "SLEEP", "POLLING", "DISABLED", "TRAINING", "LINK_UP", "RECOVERY", "TEST"];

impl IbLink {
    /// A port on a netdev, of which more is not told; none for a netdev that no such port is on.
    pub fn on(netdev: Option<Netdev>) -> Option<Self> {
        Self::told(netdev, 0, 0)
    }

    /// A port as the kernel's numbers have it; none for numbers that the kernel does not have.
    pub fn told(netdev: Option<Netdev>, state: u32, physical: u32) -> Option<Self> {
        let (state, physical) = (u8::try_from(state).ok()?, u8::try_from(physical).ok()?);
        let is_known = usize::from(state) < STATES.len()
            && usize::from(physical) < PHYSICALS.len()
            && optional_byte(netdev) <= NETDEV.mask();
        is_known.then_some(IbLink { netdev, state, physical })
    }

    /// A port that is up, or one that is not, as rxe and siw have it.
    pub fn of(netdev: Option<Netdev>, is_up: bool) -> Option<Self> {
        let (state, physical) = if is_up { (4, 5) } else { (1, 3) };
        Self::told(netdev, state, physical)
    }
}

impl Value for IbLink {
    fn pack(self) -> u8 {
        NETDEV.put(optional_byte(self.netdev)) | STATE.put(self.state) | PHYSICAL.put(self.physical)
    }
    fn unpack(byte: u8) -> Option<Self> {
        Self::told(optional(NETDEV.of(byte))?, STATE.of(byte).into(), PHYSICAL.of(byte).into())
    }
}

impl fmt::Display for IbLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let netdev = self.netdev.map_or(String::new(), |netdev| format!("netdev {netdev}"));
        f.write_str(&join(&[STATES[usize::from(self.state)], PHYSICALS[usize::from(self.physical)], &netdev]))
    }
}
