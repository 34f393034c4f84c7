//! Module unload: the exit function takes back what the module registered, then the text goes.

use super::{Cores, mtty, nsim_bus};
use crate::event::{Client, Errno, LockClass, Module, Point, Span, Subject};
use crate::ib;
use crate::sim::cell::{Cell, RefCell};
use crate::sim::{Kernel, LockId};
use std::rc::Rc;

/// Which modules are on their way out, or gone: a bit each.
#[derive(Debug, Default)]
pub struct Modules {
    going: Cell<u16>,
    /// Those that are being loaded.
    loads: RefCell<Vec<(Module, Rc<Load>)>>,
}

/// A module that is being loaded: the task that loads it holds the lock until the result is there.
#[derive(Debug)]
struct Load {
    lock: LockId,
    result: Cell<Result<(), Errno>>,
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

    /// Whether a task loads the module.
    pub(super) fn is_coming(&self, module: Module) -> bool {
        self.load(module).is_some()
    }

    fn load(&self, module: Module) -> Option<Rc<Load>> {
        let loads = self.loads.borrow();
        loads.iter().find(|(of, _)| *of == module).map(|(_, load)| Rc::clone(load))
    }

    /// Models `idempotent_init_module()`: a task that loads a module while another does waits and has the other's
    /// result, since 6.5.
    pub(super) async fn load_once(
        &self,
        k: &Kernel,
        module: Module,
        init: impl Future<Output = Result<(), Errno>>,
    ) -> Result<(), Errno> {
        if let Some(load) = self.load(module) {
            k.wait_for_writer(load.lock).await;
            return load.result.get();
        }
        let lock = k.new_lock(LockClass::Users, Subject::Module(module).into());
        let load = Rc::new(Load { lock, result: Cell::new(Ok(())) });
        let _loading = k.try_write(lock).expect("a new lock is free");
        self.loads.borrow_mut().push((module, Rc::clone(&load)));
        load.result.set(init.await);
        self.loads.borrow_mut().retain(|(of, _)| *of != module);
        load.result.get()
    }

    /// The module is on its way out.
    pub fn goes(&self, module: Module) {
        self.going.set(self.going.get() | 1 << module.index());
    }
}

/// Models `delete_module(2)` of one of the modelled modules.
pub async fn remove(cores: &Cores<'_>, module: Module) -> Result<(), Errno> {
    match module {
        // What is built in is no module that could be found.
        Module::Core => Err(Errno::ENOENT),
        Module::Mtty | Module::Mdpy | Module::Vgpu | Module::Sf => {
            unload(cores, module, mtty::exit(cores, module)).await
        }
        Module::Netdevsim => unload(cores, module, nsim_bus::exit(cores)).await,
        Module::GidCache => ib::module::exit(cores.kernel, cores.ib, Client::GidCache).await,
        Module::Mad => ib::module::exit(cores.kernel, cores.ib, Client::Mad).await,
        Module::Cm => ib::module::exit(cores.kernel, cores.ib, Client::Cm).await,
        Module::Ipoib => ib::module::exit(cores.kernel, cores.ib, Client::Ipoib).await,
        Module::RdmaCm => ib::module::exit(cores.kernel, cores.ib, Client::Cma).await,
        // Where users have these, they can come back, and have a command of their own.
        Module::IbUverbs => ib::module::exit(cores.kernel, cores.ib, Client::Uverbs).await,
        Module::IbUmad => ib::module::exit(cores.kernel, cores.ib, Client::Umad).await,
        Module::Siw | Module::RdmaRxe => Err(Errno::ENOENT),
    }
}

/// Marks the module as going, runs its exit function, and frees its text.
async fn unload(cores: &Cores<'_>, module: Module, exit: impl Future<Output = ()>) -> Result<(), Errno> {
    let k = cores.kernel;
    let modules = &cores.drivers.modules;
    if !modules.is_live(module) {
        return Err(if k.is_loaded(module) { Errno::EBUSY } else { Errno::ENOENT });
    }
    if modules.is_coming(module) {
        return Err(Errno::EBUSY);
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
