//! Module unload: the exit function takes back what the module registered, then the text goes.

use super::Bus;
use crate::event::{Errno, Module};

/// Models `delete_module(2)` of one of the modelled modules.
pub async fn remove(_bus: &Bus<'_>, _module: Module) -> Result<(), Errno> {
    Err(Errno::EOPNOTSUPP)
}
