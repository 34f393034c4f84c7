//! devlink: instances, their parts, and what users are told of them.

pub mod command;
pub mod variant;

pub use command::Command;
pub use variant::Rules;

use crate::sim::Kernel;

/// devlink core in one run.
#[derive(Debug)]
pub struct Devlink {
    /// The rules of this run.
    pub rules: Rules,
}

impl Devlink {
    /// devlink core with no instance.
    pub fn new(rules: Rules) -> Self {
        Devlink { rules }
    }

    /// At rest: what a dump would show now.
    pub fn at_rest(&self, _k: &Kernel) {}
}

/// What devlink core asks of a driver.
pub trait Ops {}
