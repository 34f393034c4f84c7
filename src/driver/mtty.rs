//! The vendor driver of mediated devices: a virtual parent, made and unmade by its module.

use super::Bus;
use crate::event::{Errno, Parent};

/// What the vendor driver remembers.
#[derive(Debug, Default)]
pub struct Mtty {}

/// The driver makes the parent device and registers it.
pub async fn probe(_bus: &Bus<'_>, _parent: Parent) -> Result<(), Errno> {
    Err(Errno::EOPNOTSUPP)
}

/// The driver unregisters the parent and gives the device back.
pub async fn remove(_bus: &Bus<'_>, _parent: Parent) -> Result<(), Errno> {
    Err(Errno::EOPNOTSUPP)
}
