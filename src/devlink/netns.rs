//! Network namespaces: which users see an instance, how a reload moves it, and where it goes when its namespace ends.

use super::{Devlink, InstanceId, Ops};
use crate::event::{NetNs, Notice, Point, ReloadAction, ReloadLimit, ReloadTo, Subject, SubjectKind, What};
use crate::operand::Operand;
use crate::sim::Kernel;

/// The namespace that a reload is to move to, if it says any.
pub fn wanted(to: ReloadTo) -> Option<NetNs> {
    match to {
        ReloadTo::Unset => None,
        ReloadTo::A => Some(NetNs::A),
        ReloadTo::Init => Some(NetNs::Init),
        ReloadTo::B => Some(NetNs::B),
    }
}

impl Devlink {
    /// Models `devlink_reload_netns_change()`: for the one namespace everything ends, for the other it begins.
    pub(super) async fn netns_change(&self, k: &Kernel, id: InstanceId, to: NetNs) {
        let from = self.netns(id);
        if from == to {
            return;
        }
        if !self.decisions.reload.netns_told_before_down {
            self.netns_leave(k, id).await;
        }
        k.point(Point::ReloadNetns).await;
        self.used(k, id).netns.set(to);
        self.says(k, id, What::Set(Subject::NetnsOf(self.handle(id)), from.to_byte(), to.to_byte()));
        self.follow_to(k, id, to);
        if !self.decisions.reload.netns_told_little {
            self.notify_register(k, id).await;
        }
    }

    /// Tells the old namespace of the end.
    pub(super) async fn netns_leave(&self, k: &Kernel, id: InstanceId) {
        if self.decisions.reload.netns_told_little {
            self.netns_params(k, id, Notice::Del).await
        } else {
            self.notify_unregister(k, id).await
        }
    }

    /// Models `devlink_ns_change_notify()`, of up to 6.2: all other parts are thought to go with the driver.
    pub(super) async fn netns_params(&self, k: &Kernel, id: InstanceId, notice: Notice) {
        let params = self.parts_of(id, SubjectKind::Param);
        let itself = std::iter::once(self.subject(id));
        let told: Vec<Subject> = match notice {
            Notice::New => itself.chain(params).collect(),
            Notice::Del => params.chain(itself).collect(),
        };
        for part in told {
            self.notify(k, id, notice, part).await;
        }
    }

    /// Models `devlink_pernet_pre_exit()`: every instance that is still in a namespace that ends is reloaded into the
    /// initial one.
    pub async fn pernet_pre_exit(&self, k: &Kernel, ops: &impl Ops, netns: NetNs) {
        let mut from = 0;
        while let Some(id) = self.next_registered(from) {
            from = id.index() + 1;
            if self.netns(id) != netns {
                continue;
            }
            let Some(user) = self.try_get(k, id) else { continue };
            k.point(Point::CleanupNetInstance).await;
            let device = self.lock_device(k, self.handle(id)).await;
            let held = self.lock(k, id, Point::DevlinkLock).await;
            if self.is_still_in(id, netns) {
                self.evict(k, ops, id).await;
            }
            drop(held);
            self.put(k, id);
            drop((device, user));
        }
    }

    /// Has an instance leave the namespace that ends. 6.12 takes the driver's no for an answer, and the instance stays
    /// in memory that is freed; what was settled moves it all the same. The driver is up then, as in no move of Linux, and
    /// its snapshots wait until the move is announced.
    async fn evict(&self, k: &Kernel, ops: &impl Ops, id: InstanceId) {
        let from = self.netns(id);
        let reinit = (ReloadAction::Reinit, ReloadLimit::Unset);
        let moved = self.reload(k, ops, id, reinit, Some(NetNs::Init)).await;
        if moved.is_err() && self.netns(id) == from && !self.decisions.reload.driver_may_keep_netns {
            let _held = self.snapshots_wait(k, id).await;
            self.netns_change(k, id, NetNs::Init).await;
        }
    }
}
