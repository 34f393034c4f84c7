//! Packet traps, their groups and policers.

use super::{Devlink, InstanceId, Ops};
use crate::event::{Callback, Errno, Notice, Subject, SubjectKind, Trap, TrapAction, What};
use crate::sim::Kernel;

impl Devlink {
    /// Models `devl_trap_policers_register()`, `devl_trap_groups_register()` and `devl_traps_register()`: every
    /// trap starts with the driver's default.
    pub async fn traps_register(&self, k: &Kernel, id: InstanceId) {
        self.assert_unregistered(k, id);
        let handle = self.handle(id);
        let inventory = self.inventory(id);
        for policer in inventory.policers {
            self.with(k, id, |instance| instance.policing.policer_is_new(*policer));
            self.add_and_notify(k, id, Subject::TrapPolicer(handle, *policer)).await;
        }
        for (group, policer) in inventory.groups {
            self.with(k, id, |instance| instance.policing.group_is_new(*group, *policer));
            self.add_and_notify(k, id, Subject::TrapGroup(handle, *group)).await;
        }
        for spec in inventory.traps {
            self.with(k, id, |instance| instance.traps[spec.trap.index()] = spec.action);
            self.add_and_notify(k, id, Subject::Trap(handle, spec.trap)).await;
        }
    }

    /// Models `devl_traps_unregister()`, `devl_trap_groups_unregister()` and `devl_trap_policers_unregister()`:
    /// each in reverse. Under 6.12's decisions the driver is told to drop before the first trap goes.
    pub async fn traps_unregister(&self, k: &Kernel, id: InstanceId) {
        self.assert_unregistered(k, id);
        let handle = self.handle(id);
        let inventory = self.inventory(id);
        if self.decisions.part.traps_drop_first {
            self.with(k, id, |instance| instance.traps = [TrapAction::Drop; Trap::COUNT]);
        }
        if self.decisions.part.groups_end_first {
            self.trap_groups_unregister(k, id).await;
        }
        for spec in inventory.traps.iter().rev() {
            self.remove_and_notify(k, id, Subject::Trap(handle, spec.trap)).await;
        }
        self.trap_groups_unregister(k, id).await;
        for policer in inventory.policers.iter().rev() {
            self.remove_and_notify(k, id, Subject::TrapPolicer(handle, *policer)).await;
        }
    }

    /// Models `ASSERT_DEVLINK_NOT_REGISTERED()`, which stood in the functions that register groups of traps.
    fn assert_unregistered(&self, k: &Kernel, id: InstanceId) {
        let has_traps = !self.inventory(id).traps.is_empty();
        if self.decisions.registration.traps_asserted_early && has_traps && self.is_registered(id) {
            self.says(k, id, What::Warn(self.subject(id), k.here()));
        }
    }

    /// Models `devl_trap_groups_unregister()`.
    async fn trap_groups_unregister(&self, k: &Kernel, id: InstanceId) {
        for (group, _) in self.inventory(id).groups.iter().rev() {
            self.remove_and_notify(k, id, Subject::TrapGroup(self.handle(id), *group)).await;
        }
    }

    pub(super) async fn add_and_notify(&self, k: &Kernel, id: InstanceId, part: Subject) {
        if self.add(k, id, part) {
            self.notify(k, id, Notice::New, part).await;
        }
    }

    /// Whether the end is announced before or after the part leaves its list, no dump comes in between.
    pub(super) async fn remove_and_notify(&self, k: &Kernel, id: InstanceId, part: Subject) {
        if self.remove(k, id, part) {
            self.notify(k, id, Notice::Del, part).await;
        }
    }

    /// Models `devlink_nl_trap_set_doit()`: no notification goes out for a changed action, and that of a trap
    /// which is not about dropped packets stays without an error.
    pub(super) async fn trap_set(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        trap: Trap,
        action: TrapAction,
    ) -> Result<(), Errno> {
        let part = Subject::Trap(self.handle(id), trap);
        if self.parts_of(id, SubjectKind::Trap).next().is_none() {
            return Err(Errno::EOPNOTSUPP);
        }
        if !self.has(k, id, part) {
            return Err(Errno::ENOENT);
        }
        let old = self.with(k, id, |instance| instance.traps[trap.index()]);
        let drops = self.inventory(id).traps.iter().any(|spec| spec.trap == trap && spec.drops);
        if old == action || !drops {
            return Ok(());
        }
        let op = ops.trap_action_set(id, trap, action);
        k.call(Callback::TrapActionSet, self.named(id), self.module(id), op).await?;
        self.trap_is(k, id, trap, action);
        Ok(())
    }
}
