//! Ports that users add, and the functions behind them.

use super::{Devlink, InstanceId, Ops};
use crate::event::value::PortFunction;
use crate::event::{Callback, Errno, FunctionState, Notice, PortIndex, Subject, What};
use crate::sim::Kernel;

impl Devlink {
    /// Models `devlink_nl_port_new_doit()`.
    pub(super) async fn port_new(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        port: PortIndex,
    ) -> Result<(), Errno> {
        if !ops.supports_port_new(id) {
            return Err(Errno::EOPNOTSUPP);
        }
        let op = ops.port_new(id, port);
        k.call(Callback::PortNew, self.named(id), self.module(id), op).await
    }

    /// Models `devlink_nl_port_del_doit()`: a port that no user has added is the driver's to delete.
    pub(super) async fn port_del(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        port: PortIndex,
    ) -> Result<(), Errno> {
        if self.decisions.part.port_del_asks_first && !ops.supports_port_new(id) {
            return Err(Errno::EOPNOTSUPP);
        }
        self.port_function(k, id, port)?.ok_or(Errno::EOPNOTSUPP)?;
        let op = ops.port_del(id, port);
        k.call(Callback::PortDel, self.named(id), self.module(id), op).await
    }

    /// Models `devlink_port_function_set()`: that a user has asked for another state is announced.
    pub(super) async fn port_function_set(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        port: PortIndex,
        state: FunctionState,
    ) -> Result<(), Errno> {
        self.port_function(k, id, port)?.ok_or(Errno::EOPNOTSUPP)?;
        let op = ops.port_fn_state_set(id, port, state);
        k.call(Callback::PortFnStateSet, self.named(id), self.module(id), op).await?;
        self.notify(k, id, Notice::New, Subject::Port(self.handle(id), port)).await;
        Ok(())
    }

    /// The function of a port that is there, if it has one.
    pub fn port_function(
        &self,
        k: &Kernel,
        id: InstanceId,
        port: PortIndex,
    ) -> Result<Option<PortFunction>, Errno> {
        if !self.has_port(k, id, port) {
            return Err(Errno::ENODEV);
        }
        Ok(self.with(k, id, |instance| instance.functions[port.index()]))
    }

    /// The driver is about to register a port with this function, or to make it another.
    pub fn port_function_is(&self, k: &Kernel, id: InstanceId, port: PortIndex, function: PortFunction) {
        let part = Subject::Port(self.handle(id), port);
        let old = self.value(id, part);
        self.with(k, id, |instance| instance.functions[port.index()] = Some(function));
        if self.has_port(k, id, port) {
            self.says(k, id, What::Set(part, old, self.value(id, part)));
        }
    }

    /// A driver came to the function of a port, or left it.
    pub async fn port_function_attached(
        &self,
        k: &Kernel,
        id: InstanceId,
        port: PortIndex,
        is_attached: bool,
    ) {
        let Ok(Some(function)) = self.port_function(k, id, port) else { return };
        self.port_function_is(k, id, port, PortFunction { is_attached, ..function });
        if !self.decisions.part.function_state_untold {
            self.notify(k, id, Notice::New, Subject::Port(self.handle(id), port)).await;
        }
    }
}
