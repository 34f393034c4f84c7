//! What is said of an instance, of a port, and of the netdev that a GID table follows.

use super::{Value, optional, optional_byte};
use crate::event::Netdev;
use std::fmt;

/// Whether the last reload of an instance failed: `DEVLINK_ATTR_RELOAD_FAILED`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReloadFailed(pub bool);

impl Value for ReloadFailed {
    fn pack(self) -> u8 {
        self.0.into()
    }
    fn unpack(byte: u8) -> Option<Self> {
        (byte <= 1).then_some(ReloadFailed(byte == 1))
    }
}

impl fmt::Display for ReloadFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 { "reload_failed" } else { "" })
    }
}

/// What a port is a port of: `enum devlink_port_type`, and whether a netdev is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PortType {
    /// Nothing yet.
    #[default]
    NotSet,
    /// Ethernet.
    Eth,
    /// Ethernet, with a netdev.
    EthNetdev,
}

impl Value for PortType {
    fn pack(self) -> u8 {
        self as u8
    }
    fn unpack(byte: u8) -> Option<Self> {
        [PortType::NotSet, PortType::Eth, PortType::EthNetdev].get(usize::from(byte)).copied()
    }
}

impl fmt::Display for PortType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PortType::NotSet => "",
            PortType::Eth => "type eth",
            PortType::EthNetdev => "type eth netdev",
        })
    }
}

/// The netdev that a GID table follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FollowedNetdev(pub Option<Netdev>);

impl Value for FollowedNetdev {
    fn pack(self) -> u8 {
        optional_byte(self.0)
    }
    fn unpack(byte: u8) -> Option<Self> {
        optional(byte).map(FollowedNetdev)
    }
}

impl fmt::Display for FollowedNetdev {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |netdev| write!(f, "{netdev}"))
    }
}
