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

/// The ports of an instance in the order in which they were registered. Models `devlink->port_list` of up to 6.1.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Order([Option<PortIndex>; PortIndex::COUNT]);

impl Order {
    /// The port at this place, or the one with this index where ports are in no list.
    pub(super) fn at(self, place: usize, in_list: bool) -> Option<PortIndex> {
        if in_list { self.0[place] } else { Some(PortIndex::ALL[place]) }
    }

    fn add(&mut self, port: PortIndex) {
        let end = self.0.iter().position(Option::is_none).expect("a list has room for every port");
        self.0[end] = Some(port);
    }

    fn remove(&mut self, port: PortIndex) {
        if let Some(at) = self.0.iter().position(|known| *known == Some(port)) {
            self.0[at..].rotate_left(1);
            self.0[PortIndex::COUNT - 1] = None;
        }
    }
}

impl Devlink {
    /// Models `devl_port_register()`: the port is announced after it is in the list.
    pub async fn port_register(&self, k: &Kernel, id: InstanceId, port: PortIndex) -> Result<(), Errno> {
        let part = Subject::Port(self.handle(id), port);
        if !self.add(k, id, part) {
            return Err(self.rules.port_is_taken);
        }
        self.with(k, id, |instance| {
            instance.port_types[port.index()] = PortType::NotSet;
            instance.port_order.add(port);
        });
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
        self.with(k, id, |instance| instance.port_order.remove(port));
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
