//! mdev: parents that can be split into mediated devices, and the uevents that say so.

pub mod command;
pub mod variant;

pub use command::Command;
pub use variant::Rules;

use crate::event::{Parent, Uuid};
use crate::sim::Kernel;

/// mdev core in one run.
#[derive(Debug)]
pub struct Mdev {
    /// The rules of this run.
    pub rules: Rules,
}

impl Mdev {
    /// mdev core with nothing registered.
    pub fn new(rules: Rules) -> Self {
        Mdev { rules }
    }

    /// The release of a mediated device, once its last reference is put.
    pub async fn release_child(&self, _k: &Kernel, _uuid: Uuid) {}

    /// The release of a parent device, once its last reference is put.
    pub async fn release_parent(&self, _k: &Kernel, _parent: Parent) {}
}
