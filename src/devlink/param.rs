//! Params: a value that the driver runs with, and one that waits for the next reload.

use super::inventory::is_flag;
use super::{Devlink, InstanceId};
use crate::event::{self, Cmode, Errno, Notice, ParamValue, Subject, What};
use crate::operand::Operand;
use crate::sim::Kernel;

/// A driverinit param: what the driver runs with, and what it will take up at the next reload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Param {
    current: ParamValue,
    pending: Option<ParamValue>,
}

impl Param {
    /// A param whose driver starts with this value.
    pub(super) const fn new(current: ParamValue) -> Self {
        Param { current, pending: None }
    }

    /// What users are shown: the pending value, if there is one.
    pub(super) fn shown(self) -> ParamValue {
        self.pending.unwrap_or(self.current)
    }
}

impl Devlink {
    /// Models `devl_params_register()`, which announces nothing as long as there is no value, and then the first
    /// `devl_param_driverinit_value_set()` of each.
    pub async fn params_register(&self, k: &Kernel, id: InstanceId) {
        let handle = self.handle(id);
        let params = self.inventory(id).params;
        let mut added = [false; event::Param::COUNT];
        for (param, value) in params {
            self.with(k, id, |instance| instance.params[param.index()] = Param::new(*value));
            added[param.index()] = self.add(k, id, Subject::Param(handle, *param));
        }
        for (param, _) in params.iter().filter(|(param, _)| added[param.index()]) {
            self.notify(k, id, Notice::New, Subject::Param(handle, *param)).await;
        }
    }

    /// Models `devl_params_unregister()`: each end is announced before the param leaves the list.
    pub async fn params_unregister(&self, k: &Kernel, id: InstanceId) {
        for (param, _) in self.inventory(id).params {
            let part = Subject::Param(self.handle(id), *param);
            if self.has(k, id, part) {
                self.notify(k, id, Notice::Del, part).await;
                self.remove(k, id, part);
            }
        }
    }

    /// Models `devlink_nl_param_set_doit()`: all params here are taken up at the next reload, and listeners are
    /// told at once.
    pub(super) async fn param_set(
        &self,
        k: &Kernel,
        id: InstanceId,
        param: event::Param,
        value: ParamValue,
        cmode: Cmode,
    ) -> Result<(), Errno> {
        let part = Subject::Param(self.handle(id), param);
        if !self.has(k, id, part) {
            return Err(Errno::EINVAL);
        }
        let old = self.with(k, id, |instance| instance.params[param.index()].shown());
        if is_flag(old) != is_flag(value) {
            return Err(Errno::EINVAL);
        }
        if cmode != Cmode::Driverinit {
            return Err(Errno::EOPNOTSUPP);
        }
        self.with(k, id, |instance| instance.params[param.index()].pending = Some(value));
        if old != value {
            self.says(k, id, What::Set(part, old.to_byte(), value.to_byte()));
        }
        self.notify(k, id, Notice::New, part).await;
        Ok(())
    }

    /// Models `devlink_nl_param_get_doit()`: the value that waits, if there is one.
    pub(super) fn param_get(&self, k: &Kernel, id: InstanceId, param: event::Param) -> Result<(), Errno> {
        let part = Subject::Param(self.handle(id), param);
        if !self.has(k, id, part) {
            return Err(Errno::EINVAL);
        }
        self.says(k, id, What::Dumped(part, self.value(id, part)));
        Ok(())
    }

    /// Models `devlink_params_driverinit_load_new()`: the driver runs with the pending values from here on.
    pub(super) fn params_load_new(&self, k: &Kernel, id: InstanceId) {
        self.with(k, id, |instance| {
            for param in &mut instance.params {
                *param = Param::new(param.shown());
            }
        });
    }
}
