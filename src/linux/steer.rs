//! Steering: a schedule that a real kernel follows, as data and decisions without a kernel.
//!
//! A tracer stops the kernel at [`Place`]s and asks [`Turns`] whether the task there may go on. Reports of the guest
//! and what the tracer saw are joined in one [`Log`], so that both have their true order.

pub mod call;
pub mod explore;
pub mod log;
pub mod place;
pub mod places;
pub mod sleep;
pub mod turns;
pub mod waits;

pub use call::Call;
pub use explore::Explore;
pub use log::{Entry, Log, Sight};
pub use place::{Place, Site};
pub use sleep::Sleep;
pub use turns::{Turns, Verdict};
