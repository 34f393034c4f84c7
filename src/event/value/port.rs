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

/// What is said of a port: its type, and the function behind it, if it has one that users may set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Port {
    /// Its type.
    pub kind: PortType,
    /// Its function.
    pub function: Option<PortFunction>,
}

/// A function that is reached through a port: `enum devlink_port_fn_state` and `devlink_port_fn_opstate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PortFunction {
    /// Whether it is to be active.
    pub is_active: bool,
    /// Whether a driver is attached to it.
    pub is_attached: bool,
}

impl From<PortType> for Port {
    fn from(kind: PortType) -> Self {
        Port { kind, function: None }
    }
}

impl Value for Port {
    fn pack(self) -> u8 {
        let function = |PortFunction { is_active, is_attached }| {
            1 << 2 | u8::from(is_active) << 3 | u8::from(is_attached) << 4
        };
        self.kind.pack() | self.function.map_or(0, function)
    }
    fn unpack(byte: u8) -> Option<Self> {
        let is = |bit: u8| byte >> bit & 1 != 0;
        let function = is(2).then_some(PortFunction { is_active: is(3), is_attached: is(4) });
        (byte < 1 << 5 && (is(2) || byte < 1 << 2))
            .then(|| Some(Port { kind: PortType::unpack(byte & 3)?, function }))
            .flatten()
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(PortFunction { is_active, is_attached }) = self.function else {
            return self.kind.fmt(f);
        };
        if self.kind != PortType::NotSet {
            write!(f, "{} ", self.kind)?;
        }
        let state = if is_active { "active" } else { "inactive" };
        write!(f, "function {state} {}", if is_attached { "attached" } else { "detached" })
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
