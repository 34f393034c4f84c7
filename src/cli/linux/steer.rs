//! Steering's side that touches a process: symbols of a kernel, and the tracer that stops it at places.

mod breakpoint;
mod image;
mod layout;
mod lockdep;
pub(super) mod places;
mod run;
mod symbols;
mod tracer;

pub(super) use symbols::{Symbols, files as modules};
pub(super) use tracer::{Order, Traced};
