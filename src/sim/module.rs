//! Modules: the life of text. Code may run, or be queued to run, only while its module is loaded.
//!
//! So an unload is right only when no code of the module runs and no work of it is left that could run later
//! (`mail::KREF`, Jason Gunthorpe).

use super::kernel::Kernel;
use crate::event::{Callback, Errno, Module, Subject, What};

impl Kernel {
    /// The running task enters code of a module.
    pub fn text(&self, module: Module) -> Text<'_> {
        let before = self.task().text.get();
        self.task().text.set(before | 1 << module.index());
        if !self.is_loaded(module) {
            self.emit(What::TextGone(module, self.here()));
        }
        Text { kernel: self, before }
    }

    /// Calls a driver or client back: an event at either end, and the module's code in between.
    pub async fn call<T>(
        &self,
        callback: Callback,
        of: Subject,
        module: Module,
        body: impl Future<Output = Result<T, Errno>>,
    ) -> Result<T, Errno> {
        self.emit(What::Call(callback, of));
        let text = self.text(module);
        let result = body.await;
        drop(text);
        self.emit(What::Return(callback, of, result.as_ref().err().copied()));
        result
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
        if !self.kernel.over.get() {
            self.kernel.task().text.set(self.before);
        }
    }
}
