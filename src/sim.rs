//! The simulated kernel: tasks, locks, lifetimes, work and uevents, and not a word about any subsystem.
//!
//! Handlers are `async fn`s over a [`Kernel`]; an `.await` may let another task run. Everything that happens
//! goes into one [`Trace`](crate::event::Trace). A run reads no clock and draws no number: which task runs is
//! the [`scheduler`]'s choice alone.

mod around;
pub mod cell;
pub mod delayed;
pub mod device;
mod fault;
pub mod footprint;
pub mod kernel;
pub mod lock;
pub mod module;
pub mod netns;
pub mod order;
pub mod refcount;
pub mod registration;
pub mod scheduler;
pub mod stuck;
pub mod task;
#[cfg(test)]
mod tests;
pub mod uevent;
pub mod workqueue;

pub use kernel::{Kconfig, Kernel};
pub use lock::{Held, LockId};
pub use refcount::{Kref, Named};
pub use registration::{RegistrationId, User};
pub use scheduler::{Chooser, Runnable, Segment};
