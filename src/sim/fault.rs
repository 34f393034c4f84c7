//! Faults: of the steps of a task that may fail, the n-th does, as `/proc/self/fail-nth` has it.

use super::kernel::Kernel;
use crate::event::Errno;

impl Kernel {
    /// Has the n-th step fail that the running task comes to from here on and that may fail.
    pub fn fail_nth(&self, nth: u8) {
        self.task().fail_nth.set(nth);
    }

    /// A step that may fail: an allocation or a registration.
    ///
    /// # Errors
    ///
    /// `ENOMEM` if this is the step that the task was told to fail at; the steps after it succeed.
    pub fn may_fail(&self) -> Result<(), Errno> {
        let nth = &self.task().fail_nth;
        let left = nth.get();
        nth.set(left.saturating_sub(1));
        if left == 1 { Err(Errno::ENOMEM) } else { Ok(()) }
    }
}
