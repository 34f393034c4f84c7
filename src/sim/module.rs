//! Modules: the life of text. Code may run, or be queued to run, only while its module is loaded.
//!
//! So an unload is right only when no code of the module runs and no work of it is left that could run later
//! (`mail::KREF`, Jason Gunthorpe).

use super::around::Around;
use super::kernel::Kernel;
use crate::event::{Callback, Errno, Module, Subject, What};

impl Kernel {
    /// The running task enters code of a module.
    pub fn text(&self, module: Module) -> Text<'_> {
        Text { kernel: self, before: self.enter_text(module) }
    }

    /// Adds a module to those whose code the task is in; says which they were before.
    fn enter_text(&self, module: Module) -> u16 {
        let before = self.task().text.get();
        self.task().text.set(before | 1 << module.index());
        if !self.is_loaded(module) {
            self.emit(What::TextGone(module, self.here()));
        }
        before
    }

    fn leave_text(&self, before: u16) {
        if !self.over.get() {
            self.task().text.set(before);
        }
    }

    /// Calls a driver or client back: an event at either end, and the module's code in between.
    pub fn call<T, F>(
        &self,
        callback: Callback,
        of: Subject,
        module: Module,
        body: F,
    ) -> impl Future<Output = Result<T, Errno>>
    where
        F: Future<Output = Result<T, Errno>>,
    {
        let enter = move |k: &Self| {
            k.emit(What::Call(callback, of));
            k.enter_text(module)
        };
        let leave = move |k: &Self, before, errno| {
            k.leave_text(before);
            k.emit(What::Return(callback, of, errno));
        };
        Around::new(self, enter, body, leave)
    }

    /// The text of a module is there, be it again.
    pub fn module_loaded(&self, module: Module) {
        self.gone.set(self.gone.get() & !(1 << module.index()));
    }

    /// The end of module unload: the text is freed, whoever may be in it.
    pub fn module_gone(&self, module: Module) {
        self.gone.set(self.gone.get() | 1 << module.index());
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
