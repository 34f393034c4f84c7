//! Reload: the driver goes down and comes up again, and with it everything that it re-initialises.

use super::netns;
use super::{Devlink, InstanceId, Ops};
use crate::event::value::{Performed, Value};
use crate::event::{
    Callback, Errno, LockClass, NetNs, Notice, Point, ReloadAction, ReloadLimit, ReloadTo, Span, Subject,
    SubjectKind, What,
};
use crate::sim::Kernel;

impl Devlink {
    /// Models `devlink_nl_reload_doit()`, under the device's lock and the instance's. A user who names
    /// an action gets a reply that says which were performed.
    pub(super) async fn reload_doit(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        wanted: ReloadAction,
        limit: ReloadLimit,
        to: ReloadTo,
    ) -> Result<(), Errno> {
        if !self.resources_fit(k, id) {
            return Err(Errno::EINVAL);
        }
        let action = if wanted == ReloadAction::Unset { ReloadAction::Reinit } else { wanted };
        if !ops.supports_reload(id, action) {
            return Err(Errno::EOPNOTSUPP);
        }
        match limit {
            ReloadLimit::Unset => {}
            ReloadLimit::None => return Err(Errno::EINVAL),
            ReloadLimit::NoReset if !ops.supports_reload_limit(id) => return Err(Errno::EOPNOTSUPP),
            ReloadLimit::NoReset if action == ReloadAction::Reinit => return Err(Errno::EINVAL),
            ReloadLimit::NoReset => {}
        }
        let to = netns::wanted(to);
        if to.is_some_and(|to| !k.netns_get(to)) {
            return Err(Errno::EINVAL);
        }
        let moves = to.is_some_and(|to| to != self.netns(id));
        let done = if moves && action != ReloadAction::Reinit && !self.decisions.reload.any_action_moves {
            Err(Errno::EOPNOTSUPP)
        } else {
            self.reload(k, ops, id, (action, limit), to).await
        };
        if let Some(to) = to.filter(|_| done.is_ok() || !self.decisions.reload.netns_ref_lost_on_error) {
            k.netns_put(to);
        }
        done?;
        if wanted != ReloadAction::Unset || limit != ReloadLimit::Unset {
            self.says(k, id, What::Dumped(Subject::Actions(self.handle(id)), Performed::one(action).pack()));
        }
        Ok(())
    }

    /// Models `devlink_reload()`.
    pub(super) async fn reload(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        (action, limit): (ReloadAction, ReloadLimit),
        to: Option<NetNs>,
    ) -> Result<(), Errno> {
        if self.decisions.reload.must_be_enabled && !self.with(k, id, |instance| instance.reload_enabled) {
            return Err(Errno::EOPNOTSUPP);
        }
        let _rtnl = if self.decisions.lock.reload_holds_rtnl {
            Some(k.lock_here(k.lock_of(LockClass::Rtnl, Subject::Kernel)).await)
        } else {
            None
        };
        // Firmware that is activated without a reset changes under a driver that stays up.
        let span = match limit {
            ReloadLimit::NoReset => Span::DevlinkActivate,
            ReloadLimit::Unset | ReloadLimit::None => Span::DevlinkReload,
        };
        k.span(span, self.named(id), self.down_and_up(k, ops, id, (action, limit), to)).await
    }

    async fn down_and_up(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        (action, limit): (ReloadAction, ReloadLimit),
        to: Option<NetNs>,
    ) -> Result<(), Errno> {
        let subject = self.subject(id);
        let from = self.netns(id);
        let to = to.unwrap_or(from);
        if self.decisions.reload.netns_told_before_down && to != from {
            self.netns_leave(k, id).await;
        }
        k.point(Point::ReloadDown).await;
        k.call(Callback::ReloadDown, self.named(id), self.module(id), ops.reload_down(id, limit)).await?;
        self.netns_change(k, id, to).await;
        if action == ReloadAction::Reinit {
            self.params_load_new(k, id);
            self.sanity_check(k, id);
        }
        k.point(Point::ReloadUp).await;
        let up = k.call(Callback::ReloadUp, self.named(id), self.module(id), ops.reload_up(id, limit)).await;
        self.reload_failed_set(k, id, up.is_err()).await;
        up?;
        if self.decisions.reload.netns_told_little && to != from {
            self.netns_params(k, id, Notice::New).await;
        }
        // The counters of performed reloads changed, so the instance is announced once more.
        self.notify(k, id, Notice::New, subject).await;
        k.point(Point::ReloadDone).await;
        Ok(())
    }

    /// Models `devlink_reload_reinit_sanity_check()`: a driver that is down has neither ports nor traps.
    fn sanity_check(&self, k: &Kernel, id: InstanceId) {
        if self.decisions.reload.checks_teardown {
            for _ in
                self.kinds_left(id).filter(|kind| !matches!(kind, SubjectKind::Region | SubjectKind::Param))
            {
                self.says(k, id, What::Warn(self.subject(id), Point::ReloadUp));
            }
        }
    }

    /// Models `devlink_reload_failed_set()`: listeners are told only when the flag changes.
    async fn reload_failed_set(&self, k: &Kernel, id: InstanceId, failed: bool) {
        let was = self.with(k, id, |instance| std::mem::replace(&mut instance.reload_failed, failed));
        if was != failed {
            self.says(k, id, What::Set(self.subject(id), was.into(), failed.into()));
            self.notify(k, id, Notice::New, self.subject(id)).await;
        }
    }

    /// Whether the last reload left the driver down.
    pub fn is_reload_failed(&self, k: &Kernel, id: InstanceId) -> bool {
        self.with(k, id, |instance| instance.reload_failed)
    }

    /// Models `devlink_reload_enable()` and `devlink_reload_disable()`, of 5.5 to 5.15.
    pub fn reload_enable(&self, k: &Kernel, id: InstanceId, enabled: bool) {
        self.with(k, id, |instance| instance.reload_enabled = enabled);
    }
}
