//! Module unload: the exit function takes back what the module registered, then the text goes.

use super::{Bus, bus, mtty};
use crate::event::{Client, Errno, Module, Point, Span, Subject};
use crate::ib;
use std::cell::Cell;

/// Which modules are on their way out, or gone: a bit each.
#[derive(Debug, Default)]
pub struct Modules {
    going: Cell<u16>,
}

impl Modules {
    /// Models `try_module_get()`: whether new users may come to the module.
    pub fn is_live(&self, module: Module) -> bool {
        self.going.get() & 1 << module.index() == 0
    }

    /// The module is loaded.
    pub fn comes(&self, module: Module) {
        self.going.set(self.going.get() & !(1 << module.index()));
    }

    /// The module is on its way out.
    pub fn goes(&self, module: Module) {
        self.going.set(self.going.get() | 1 << module.index());
    }
}

/// Models `delete_module(2)` of one of the modelled modules.
pub async fn remove(bus: &Bus<'_>, module: Module) -> Result<(), Errno> {
    match module {
        // What is built in is no module that could be found.
        Module::Core => Err(Errno::ENOENT),
        Module::Mtty | Module::Mdpy | Module::Vgpu | Module::Sf => {
            unload(bus, module, mtty::exit(bus, module)).await
        }
        Module::Netdevsim => unload(bus, module, bus::exit(bus)).await,
        Module::GidCache => ib::module::exit(bus.kernel, bus.ib, Client::GidCache).await,
        Module::Mad => ib::module::exit(bus.kernel, bus.ib, Client::Mad).await,
        Module::Cm => ib::module::exit(bus.kernel, bus.ib, Client::Cm).await,
        Module::Ipoib => ib::module::exit(bus.kernel, bus.ib, Client::Ipoib).await,
        // Where users have these, they can come back, and have a command of their own.
        Module::IbUverbs => ib::module::exit(bus.kernel, bus.ib, Client::Uverbs).await,
        Module::IbUmad => ib::module::exit(bus.kernel, bus.ib, Client::Umad).await,
        Module::Siw | Module::RdmaRxe => Err(Errno::ENOENT),
    }
}

/// Marks the module as going, runs its exit function, and frees its text.
async fn unload(bus: &Bus<'_>, module: Module, exit: impl Future<Output = ()>) -> Result<(), Errno> {
    let k = bus.kernel;
    let modules = &bus.drivers.modules;
    if !modules.is_live(module) {
        return Err(if k.is_loaded(module) { Errno::EBUSY } else { Errno::ENOENT });
    }
    modules.goes(module);
    k.point(Point::ModuleExit).await;
    k.span(Span::ModuleExit, Subject::Module(module), async {
        let text = k.text(module);
        exit.await;
        drop(text);
        Ok(())
    })
    .await?;
    k.point(Point::ModuleGone).await;
    k.module_gone(module);
    Ok(())
}
