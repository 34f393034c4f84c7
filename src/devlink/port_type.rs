//! The type of a port, and the warning that comes of a port whose driver never sets one.

use super::{Devlink, InstanceId};
use crate::event::value::PortType;
use crate::event::{Handle, Module, Notice, PortIndex, QueueName, Subject, What, WorkFn};
use crate::sim::Kernel;
use crate::sim::cell::Cell;
use crate::sim::delayed::Milliseconds;

/// Models `DEVLINK_PORT_TYPE_WARN_TIMEOUT`.
const TIMEOUT: Milliseconds = 3_600_000;

/// What a port is: devlink expects a type of some kinds alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// A plug: its driver has to say of which type it is.
    Physical,
    /// None that is in use.
    Unused,
}

/// The instance of each port whose type is awaited: the work points to its memory.
#[derive(Debug, Default)]
pub struct Awaited([[Cell<Option<InstanceId>>; PortIndex::COUNT]; Handle::COUNT]);

impl Devlink {
    /// Models `__devlink_port_type_set()`: every change is announced.
    pub async fn port_type_set(&self, k: &Kernel, id: InstanceId, port: PortIndex, to: PortType) {
        if to == PortType::NotSet {
            self.type_warn_schedule(k, id, port);
        } else {
            self.type_warn_cancel(k, id, port).await;
        }
        self.with(k, id, |instance| instance.port_types[port.index()] = to);
        self.notify(k, id, Notice::New, Subject::Port(self.handle(id), port)).await;
    }

    fn awaited(&self, handle: Handle, port: PortIndex) -> &Cell<Option<InstanceId>> {
        &self.awaited.0[handle.index()][port.index()]
    }

    /// Whether a type is expected of a port.
    fn should_have_type(&self, id: InstanceId, port: PortIndex) -> bool {
        self.instance(id).state.borrow().flavours[port.index()] == Flavour::Physical
    }

    /// Models `devlink_port_type_warn_schedule()`.
    pub(super) fn type_warn_schedule(&self, k: &Kernel, id: InstanceId, port: PortIndex) {
        if !self.should_have_type(id, port) {
            return;
        }
        let work = WorkFn::TypeWarn(self.handle(id), port);
        if k.queue_delayed_work(QueueName::System, work, Module::Core, TIMEOUT) {
            self.awaited(self.handle(id), port).set(Some(id));
        }
    }

    /// Models `devlink_port_type_warn_cancel()`.
    pub(super) async fn type_warn_cancel(&self, k: &Kernel, id: InstanceId, port: PortIndex) {
        if !self.should_have_type(id, port) {
            return;
        }
        let work = WorkFn::TypeWarn(self.handle(id), port);
        k.cancel_delayed_work_sync(QueueName::System, work).await;
        self.awaited(self.handle(id), port).set(None);
    }

    /// Models `devlink_port_type_warn()`.
    pub fn type_warn_work(&self, k: &Kernel, handle: Handle, port: PortIndex) {
        if let Some(id) = self.awaited(handle, port).take()
            && self.touch(k, id)
        {
            self.says(k, id, What::Warn(Subject::Port(handle, port), k.here()));
        }
    }
}
