//! Ports: in the list or not, and of what type. All of this runs under the instance's lock.

use super::port_type::Flavour;
use super::{Devlink, InstanceId};
use crate::event::value::PortType;
use crate::event::{Errno, NetNs, Notice, PortIndex, Subject, What};
use crate::sim::Kernel;

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

/// What the notifier chain says of a netdev.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the kernel's names")]
pub enum NetdevEvent {
    PostInit,
    Register,
    Unregister,
    PreUninit,
}

impl Devlink {
    /// Models `devl_port_register()`: the port is announced after it is in the list.
    pub async fn port_register(
        &self,
        k: &Kernel,
        id: InstanceId,
        port: PortIndex,
        flavour: Flavour,
    ) -> Result<(), Errno> {
        let part = Subject::Port(self.handle(id), port);
        if !self.add(k, id, part) {
            return Err(if self.decisions.part.taken_port_exists { Errno::EEXIST } else { Errno::EBUSY });
        }
        self.with(k, id, |instance| {
            instance.port_types[port.index()] = PortType::NotSet;
            instance.flavours[port.index()] = flavour;
            instance.port_order.add(port);
        });
        self.type_warn_schedule(k, id, port);
        self.notify(k, id, Notice::New, part).await;
        Ok(())
    }

    /// Models `devl_port_unregister()`: the end is announced before the port leaves the list.
    pub async fn port_unregister(&self, k: &Kernel, id: InstanceId, port: PortIndex) -> Result<(), Errno> {
        let part = Subject::Port(self.handle(id), port);
        if !self.has(k, id, part) {
            // Models `ASSERT_DEVLINK_PORT_REGISTERED()`.
            self.says(k, id, What::Warn(self.subject(id), k.here()));
            return Err(Errno::ENOENT);
        }
        let has_type = self.with(k, id, |instance| instance.port_types[port.index()] != PortType::NotSet);
        if has_type && !self.decisions.netdev.port_may_end_with_type {
            k.emit(What::Warn(part, k.here()));
        }
        if !self.decisions.netdev.type_warn_left {
            self.type_warn_cancel(k, id, port).await;
        }
        self.notify(k, id, Notice::Del, part).await;
        self.remove(k, id, part);
        self.with(k, id, |instance| {
            instance.port_order.remove(port);
            instance.functions[port.index()] = None;
        });
        Ok(())
    }

    /// Models `devlink_port_netdevice_event()`: a port follows its netdev, but does not see it come and go in another
    /// namespace than its instance's.
    pub async fn port_netdevice_event(
        &self,
        k: &Kernel,
        id: InstanceId,
        port: PortIndex,
        event: NetdevEvent,
        netns: NetNs,
    ) {
        self.left_behind_are_told(k, netns);
        if !self.is_told(id, netns) || !self.touch(k, id) {
            return;
        }
        let is_near = self.netns(id) == netns;
        match event {
            NetdevEvent::PostInit => self.port_type_set(k, id, port, PortType::Eth).await,
            NetdevEvent::Register if is_near => self.port_type_set(k, id, port, PortType::EthNetdev).await,
            NetdevEvent::Unregister if is_near => self.port_type_set(k, id, port, PortType::Eth).await,
            NetdevEvent::Register | NetdevEvent::Unregister => {}
            NetdevEvent::PreUninit => self.port_type_set(k, id, port, PortType::NotSet).await,
        }
    }

    /// Models `dev_net_set()`: the port's netdev is in this namespace.
    pub fn port_netdev_is_in(&self, id: InstanceId, port: PortIndex, netns: NetNs) {
        self.instance(id).state.borrow_mut().netdevs_in[port.index()] = netns;
    }

    /// Whether the instance has this port.
    pub fn has_port(&self, k: &Kernel, id: InstanceId, port: PortIndex) -> bool {
        self.has(k, id, Subject::Port(self.handle(id), port))
    }
}
