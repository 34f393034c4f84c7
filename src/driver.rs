//! Model drivers: what the cores call back, and what calls the cores.

pub mod command;
pub mod module;
pub mod mtty;

pub use command::Command;

use crate::devlink::{Devlink, Ops};
use crate::ib::Ib;
use crate::mdev::Mdev;
use crate::sim::Kernel;

/// What the drivers remember in one run.
#[derive(Debug, Default)]
pub struct Drivers {
    /// Which modules are going.
    pub modules: module::Modules,
    /// The vendor driver of mediated devices.
    pub mtty: mtty::Mtty,
}

/// Everything a driver can reach.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the fields are the subsystems")]
pub struct Bus<'w> {
    pub kernel: &'w Kernel,
    pub devlink: &'w Devlink,
    pub mdev: &'w Mdev,
    pub ib: &'w Ib,
    pub drivers: &'w Drivers,
}

impl Ops for Bus<'_> {}
