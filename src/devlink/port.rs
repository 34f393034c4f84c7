//! Ports: in the list or not, and of what type. All of this runs under the instance's lock.

use super::{Devlink, InstanceId};
use crate::event::{Errno, Notice, PortIndex, Subject, What};
use crate::sim::Kernel;

/// What a port is a port of: the value that its notifications carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PortType {
    /// Nothing yet.
    #[default]
    NotSet,
    /// Ethernet, whose netdev is not there yet or no longer.
    Eth,
    /// Ethernet, with a netdev.
    EthNetdev,
}

impl Devlink {
    /// Models `devl_port_register()`: the port is announced after it is in the list.
    pub async fn port_register(&self, k: &Kernel, id: InstanceId, port: PortIndex) -> Result<(), Errno> {
        let part = Subject::Port(self.handle(id), port);
        if !self.add(k, id, part) {
            return Err(Errno::EBUSY);
        }
        self.with(k, id, |instance| instance.port_types[port.index()] = PortType::NotSet);
        self.notify(k, id, Notice::New, part).await;
        Ok(())
    }

    /// Models `devl_port_unregister()`: the end is announced before the port leaves the list.
    pub async fn port_unregister(&self, k: &Kernel, id: InstanceId, port: PortIndex) -> Result<(), Errno> {
        let part = Subject::Port(self.handle(id), port);
        if !self.has(k, id, part) {
            // Models `ASSERT_DEVLINK_PORT_REGISTERED()`.
            k.emit(What::Warn(self.subject(id), k.here()));
            return Err(Errno::ENOENT);
        }
        self.notify(k, id, Notice::Del, part).await;
        self.remove(k, id, part);
        Ok(())
    }

    /// Models `__devlink_port_type_set()`, which follows the port's netdev: every change is announced.
    pub async fn port_type_set(&self, k: &Kernel, id: InstanceId, port: PortIndex, to: PortType) {
        self.with(k, id, |instance| instance.port_types[port.index()] = to);
        self.notify(k, id, Notice::New, Subject::Port(self.handle(id), port)).await;
    }

    /// Whether the instance has this port.
    pub fn has_port(&self, k: &Kernel, id: InstanceId, port: PortIndex) -> bool {
        self.has(k, id, Subject::Port(self.handle(id), port))
    }
}
