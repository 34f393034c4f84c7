//! Parts of an instance: ports, traps, params. All of this runs under the instance's lock.

use super::{Devlink, InstanceId, Ops, Param};
use crate::event::{
    self, Callback, Cmode, Errno, Module, Notice, ParamValue, PortIndex, Subject, Trap, TrapAction, What,
};
use crate::operand::Operand;
use crate::sim::Kernel;

/// The traps that drivers register.
const TRAPS: &[Trap] = &[Trap::BlackholeRoute, Trap::TailDrop];

impl Devlink {
    /// Models `devl_port_register()`: the port is announced after it is in the list.
    pub async fn port_register(&self, k: &Kernel, id: InstanceId, port: PortIndex) -> Result<(), Errno> {
        let part = Subject::Port(self.handle(id), port);
        if self.with(k, id, |instance| std::mem::replace(&mut instance.ports[port.index()], true)) {
            return Err(Errno::EEXIST);
        }
        k.emit(What::Add(part));
        self.notify(k, id, Notice::New, part).await;
        Ok(())
    }

    /// Models `devl_port_unregister()`: the end is announced before the port leaves the list.
    pub async fn port_unregister(&self, k: &Kernel, id: InstanceId, port: PortIndex) -> Result<(), Errno> {
        let part = Subject::Port(self.handle(id), port);
        if !self.has_port(k, id, port) {
            return Err(Errno::ENOENT);
        }
        self.notify(k, id, Notice::Del, part).await;
        self.with(k, id, |instance| instance.ports[port.index()] = false);
        k.emit(What::Remove(part));
        Ok(())
    }

    /// Whether the instance has this port.
    pub fn has_port(&self, k: &Kernel, id: InstanceId, port: PortIndex) -> bool {
        self.with(k, id, |instance| instance.ports[port.index()])
    }

    /// The ports that the instance has, highest first: the order in which drivers delete them.
    pub fn ports(&self, k: &Kernel, id: InstanceId) -> impl Iterator<Item = PortIndex> {
        let ports = self.with(k, id, |instance| instance.ports);
        PortIndex::ALL.iter().rev().copied().filter(move |port| ports[port.index()])
    }

    /// Models `devl_traps_register()`: every trap starts with the driver's default, drop.
    pub async fn traps_register(&self, k: &Kernel, id: InstanceId) {
        for trap in TRAPS {
            let part = Subject::Trap(self.handle(id), *trap);
            let had = self.with(k, id, |instance| instance.traps[trap.index()].replace(TrapAction::Drop));
            if had.is_none() {
                k.emit(What::Add(part));
                self.notify(k, id, Notice::New, part).await;
            }
        }
    }

    /// Models `devl_traps_unregister()`: in reverse, each announced after it left the list.
    pub async fn traps_unregister(&self, k: &Kernel, id: InstanceId) {
        for trap in TRAPS.iter().rev() {
            let part = Subject::Trap(self.handle(id), *trap);
            if let Some(action) = self.with(k, id, |instance| instance.traps[trap.index()].take()) {
                k.emit(What::Remove(part));
                self.notify_value(k, id, Notice::Del, part, action.to_byte()).await;
            }
        }
    }

    /// Models `devl_params_register()` and the first `devl_param_driverinit_value_set()`.
    pub async fn params_register(&self, k: &Kernel, id: InstanceId) {
        let part = Subject::Param(self.handle(id), event::Param::MaxMacs);
        let first = Param { current: ParamValue::V32, pending: None };
        if self.with(k, id, |instance| instance.param.replace(first)).is_none() {
            k.emit(What::Add(part));
            self.notify(k, id, Notice::New, part).await;
        }
    }

    /// Models `devl_params_unregister()`: the end is announced before the param leaves the list.
    pub async fn params_unregister(&self, k: &Kernel, id: InstanceId) {
        let part = Subject::Param(self.handle(id), event::Param::MaxMacs);
        if self.with(k, id, |instance| instance.param.is_some()) {
            self.notify(k, id, Notice::Del, part).await;
            self.with(k, id, |instance| instance.param = None);
            k.emit(What::Remove(part));
        }
    }

    /// Models `devlink_nl_trap_set_doit()`: no notification goes out for a changed action.
    pub(super) async fn trap_set(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        trap: Trap,
        action: TrapAction,
    ) -> Result<(), Errno> {
        let traps = self.with(k, id, |instance| instance.traps);
        if traps.iter().all(Option::is_none) {
            return Err(Errno::EOPNOTSUPP);
        }
        let old = traps[trap.index()].ok_or(Errno::ENOENT)?;
        if old == action {
            return Ok(());
        }
        let op = ops.trap_action_set(id, trap, action);
        k.call(Callback::TrapActionSet, self.subject(id), Module::Core, op).await?;
        self.with(k, id, |instance| instance.traps[trap.index()] = Some(action));
        k.emit(What::Set(Subject::Trap(self.handle(id), trap), old.to_byte(), action.to_byte()));
        Ok(())
    }

    /// Models `devlink_nl_param_set_doit()` for a driverinit param: the value waits for the next reload, and
    /// listeners are told at once.
    pub(super) async fn param_set(
        &self,
        k: &Kernel,
        id: InstanceId,
        param: event::Param,
        value: ParamValue,
        cmode: Cmode,
    ) -> Result<(), Errno> {
        if param != event::Param::MaxMacs || matches!(value, ParamValue::True | ParamValue::False) {
            return Err(Errno::EINVAL);
        }
        let part = Subject::Param(self.handle(id), event::Param::MaxMacs);
        if self.with(k, id, |instance| instance.param.is_some()) && cmode != Cmode::Driverinit {
            return Err(Errno::EOPNOTSUPP);
        }
        let old = self.with(k, id, |instance| {
            let param = instance.param.as_mut()?;
            let old = param.shown();
            param.pending = Some(value);
            Some(old)
        });
        let old = old.ok_or(Errno::EINVAL)?;
        if old != value {
            k.emit(What::Set(part, old.to_byte(), value.to_byte()));
        }
        self.notify(k, id, Notice::New, part).await;
        Ok(())
    }

    /// Models `devlink_params_driverinit_load_new()`: the driver runs with the pending value from here on.
    pub(super) fn params_load_new(&self, k: &Kernel, id: InstanceId) {
        self.with(k, id, |instance| {
            if let Some(param) = &mut instance.param {
                param.current = param.pending.take().unwrap_or(param.current);
            }
        });
    }
}
