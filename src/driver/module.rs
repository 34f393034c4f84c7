//! Module unload: the exit function takes back what the module registered, then the text goes.

use super::Bus;
use crate::event::{Client, Errno, Module};
use crate::ib;

/// Models `delete_module(2)` of one of the modelled modules.
pub async fn remove(bus: &Bus<'_>, module: Module) -> Result<(), Errno> {
    match module {
        Module::Core | Module::Mtty => Err(Errno::EOPNOTSUPP),
        Module::GidCache => ib::module::exit(bus.kernel, bus.ib, Client::GidCache).await,
        Module::Mad => ib::module::exit(bus.kernel, bus.ib, Client::Mad).await,
    }
}
