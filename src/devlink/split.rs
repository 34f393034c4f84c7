//! Ports that users split: one plug becomes several ports, and one again.

use super::{Devlink, InstanceId, Ops};
use crate::event::{Callback, Errno, PortIndex, SetType};
use crate::sim::Kernel;

impl Devlink {
    /// Models `devlink_nl_port_split_doit()` into two.
    pub(super) async fn port_split(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        port: PortIndex,
    ) -> Result<(), Errno> {
        self.may_split(k, ops, id, port)?;
        if !ops.is_splittable(id, port) {
            return Err(Errno::EINVAL);
        }
        let op = ops.port_split(id, port);
        k.call(Callback::PortSplit, self.named(id), self.module(id), op).await
    }

    /// Models `devlink_nl_port_unsplit_doit()`.
    pub(super) async fn port_unsplit(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        port: PortIndex,
    ) -> Result<(), Errno> {
        self.may_split(k, ops, id, port)?;
        let op = ops.port_unsplit(id, port);
        k.call(Callback::PortUnsplit, self.named(id), self.module(id), op).await
    }

    /// Models `devlink_port_type_set()`: no driver of the model changes the type of a port because a user asks.
    pub(super) fn port_set(
        &self,
        k: &Kernel,
        id: InstanceId,
        port: PortIndex,
        _to: SetType,
    ) -> Result<(), Errno> {
        self.find_port(k, id, port)?;
        Err(Errno::EOPNOTSUPP)
    }

    /// The port has to be there, and then its driver has to know of splits.
    fn may_split(&self, k: &Kernel, ops: &impl Ops, id: InstanceId, port: PortIndex) -> Result<(), Errno> {
        self.find_port(k, id, port)?;
        if ops.supports_split(id) { Ok(()) } else { Err(Errno::EOPNOTSUPP) }
    }

    fn find_port(&self, k: &Kernel, id: InstanceId, port: PortIndex) -> Result<(), Errno> {
        if self.has_port(k, id, port) { Ok(()) } else { Err(Errno::ENODEV) }
    }
}
