//! ib_core: RDMA devices, the clients that attach to them, and the work that netdev events queue.

pub mod command;
pub mod variant;

pub use command::Command;
pub use variant::Rules;

use crate::event::{IbDevice, Netdev};
use crate::sim::Kernel;

/// ib_core in one run.
#[derive(Debug)]
pub struct Ib {
    /// The rules of this run.
    pub rules: Rules,
}

impl Ib {
    /// ib_core with nothing registered.
    pub fn new(rules: Rules) -> Self {
        Ib { rules }
    }

    /// Models `netdevice_event_work_handler()`.
    pub async fn netdevice_event_work(&self, _k: &Kernel, _netdev: Netdev) {}

    /// Models `roce_rescan_device_work()`.
    pub async fn rescan_work(&self, _k: &Kernel, _device: IbDevice) {}
}
