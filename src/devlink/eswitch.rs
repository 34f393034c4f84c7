//! The embedded switch: a mode, and attributes that not every driver can set.

use super::{Devlink, InstanceId, Ops};
use crate::event::{Callback, Encap, Errno, EswitchMode, Inline, Point, Subject, What};
use crate::operand::Operand;
use crate::sim::Kernel;

impl Devlink {
    /// Models `devlink_nl_eswitch_set_doit()`. What was settled asks the driver about every attribute before
    /// it changes one; the variant applies them one after the other, as 6.12 does.
    pub(super) async fn eswitch_set(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        mode: EswitchMode,
        inline: Inline,
        encap: Encap,
    ) -> Result<(), Errno> {
        let inline_fits = inline == Inline::Unset || ops.supports_inline_mode(id, inline);
        let encap_fits = encap == Encap::Unset || ops.supports_encap_mode(id, encap);
        let supported = inline_fits && encap_fits;
        if !supported && !self.decisions.part.eswitch_in_steps {
            return Err(Errno::EOPNOTSUPP);
        }
        self.eswitch_mode_set(k, ops, id, mode).await?;
        k.point(Point::EswitchInlineSet).await;
        if supported { Ok(()) } else { Err(Errno::EOPNOTSUPP) }
    }

    async fn eswitch_mode_set(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        mode: EswitchMode,
    ) -> Result<(), Errno> {
        k.point(Point::EswitchModeSet).await;
        if self.has_rate_nodes(id) {
            return Err(Errno::EBUSY);
        }
        let op = ops.eswitch_mode_set(id, mode);
        k.call(Callback::EswitchModeSet, self.named(id), self.module(id), op).await?;
        self.eswitch_mode_is(k, id, mode);
        Ok(())
    }

    /// The driver's eswitch is in this mode from here on: it may change it by itself.
    pub fn eswitch_mode_is(&self, k: &Kernel, id: InstanceId, mode: EswitchMode) {
        let old = self.with(k, id, |instance| std::mem::replace(&mut instance.eswitch, mode));
        if old != mode {
            self.says(k, id, What::Set(Subject::Eswitch(self.handle(id)), old.to_byte(), mode.to_byte()));
        }
    }

    /// Models `devlink_nl_eswitch_get_doit()`.
    pub(super) fn eswitch_get(&self, k: &Kernel, id: InstanceId) {
        let mode = self.eswitch_mode(k, id);
        self.says(k, id, What::Dumped(Subject::Eswitch(self.handle(id)), mode.to_byte()));
    }

    /// The mode of an instance's eswitch.
    pub fn eswitch_mode(&self, k: &Kernel, id: InstanceId) -> EswitchMode {
        self.with(k, id, |instance| instance.eswitch)
    }
}
