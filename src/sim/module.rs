//! Modules: the life of text. Code may run, or be queued to run, only while its module is loaded.
//!
//! So an unload is right only when no code of the module runs and no work of it is left that could run later
//! (`mail::KREF`, Jason Gunthorpe).

use super::around::Around;
use super::footprint::{self, Shared};
use super::kernel::Kernel;
use super::refcount::{Kref, Named};
use crate::event::{Callback, Errno, Module, What};

/// When a module was loaded: code of an earlier load is gone, be the module there again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Load {
    /// How often it had been unloaded before.
    pub(super) number: u8,
    /// How many objects there had been.
    objects: u16,
}

/// How many objects there were when modules were loaded.
pub(super) fn loads() -> Shared {
    Shared::of("loads")
}

/// Whether the text of a module is there.
pub(super) fn text(module: Module) -> Shared {
    Shared::of(("text", module))
}

impl Kernel {
    /// The running task enters code of a module.
    pub fn text(&self, module: Module) -> Text<'_> {
        Text { kernel: self, before: self.enter_text(module, true) }
    }

    /// The running task enters code that an object points to. It is gone if its module was unloaded since the object was
    /// made, whether the module is loaded again or not.
    pub fn text_of(&self, module: Module, object: Kref) -> Text<'_> {
        let is_of_load = object.number() >= self.loads[module.index()].get().objects;
        Text { kernel: self, before: self.enter_text(module, is_of_load) }
    }

    /// Which load of a module there is now, or was last.
    pub(super) fn load_of(&self, module: Module) -> Load {
        self.loads[module.index()].get()
    }

    /// The running task enters code of one load of a module.
    pub(super) fn text_since(&self, module: Module, load: Load) -> Text<'_> {
        Text { kernel: self, before: self.enter_text(module, load == self.loads[module.index()].get()) }
    }

    /// Adds a module to those whose code the task is in; says which they were before.
    fn enter_text(&self, module: Module, is_of_load: bool) -> u16 {
        let (task, bit) = (self.task(), 1 << module.index());
        let before = task.text.get();
        task.text.set(before | bit);
        if !self.is_loaded(module) || !is_of_load {
            task.stale.set(task.stale.get() | bit);
            self.emit(What::TextGone(module, self.here()));
        }
        before
    }

    fn leave_text(&self, before: u16) {
        if !self.over.get() {
            let task = self.task();
            task.text.set(before);
            task.stale.set((task.stale.get() | self.gone.get()) & before);
        }
    }

    /// Calls a driver or client back: an event at either end, and the module's code in between.
    pub fn call<T, F>(
        &self,
        callback: Callback,
        of: impl Into<Named>,
        module: Module,
        body: F,
    ) -> impl Future<Output = Result<T, Errno>>
    where
        F: Future<Output = Result<T, Errno>>,
    {
        let Named { of, life } = of.into();
        let enter = move |k: &Self| {
            k.record(k.current(), What::Call(callback, of), life);
            k.enter_text(module, true)
        };
        let leave = move |k: &Self, before, errno| {
            k.leave_text(before);
            k.record(k.current(), What::Return(callback, of, errno), life);
        };
        Around::new(self, enter, body, leave)
    }

    /// Marks a module as loaded, also after an unload. Code of an earlier load stays gone.
    pub fn module_loaded(&self, module: Module) {
        footprint::writes(|| text(module));
        footprint::writes(loads);
        if self.is_loaded(module) {
            return;
        }
        self.gone.set(self.gone.get() & !(1 << module.index()));
        let load = &self.loads[module.index()];
        let objects = self.krefs.borrow().len() as u16;
        load.set(Load { number: load.get().number.wrapping_add(1), objects });
    }

    /// Models the end of module unload, which frees the text also while a task is in it.
    pub fn module_gone(&self, module: Module) {
        footprint::writes(|| text(module));
        let bit = 1 << module.index();
        self.gone.set(self.gone.get() | bit);
        for task in &self.tasks {
            task.stale.set(task.stale.get() | task.text.get() & bit);
        }
        self.emit(What::ModuleGone(module));
    }
}

/// The running task is in code of a module until this is dropped.
#[must_use = "text that is not kept is left at once"]
#[derive(Debug)]
pub struct Text<'k> {
    kernel: &'k Kernel,
    before: u16,
}

impl Drop for Text<'_> {
    fn drop(&mut self) {
        self.kernel.leave_text(self.before);
    }
}
