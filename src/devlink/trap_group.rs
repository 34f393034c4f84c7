//! Trap groups and their policers, and the counters that a driver may fail to read.

use super::{Devlink, InstanceId, Ops};
use crate::event::value::{Limits, Policer, Value};
use crate::event::{
    Callback, Errno, GroupAction, GroupPolicer, Point, PolicerBurst, PolicerRate, Subject, Trap, TrapAction,
    TrapGroup, TrapPolicer, What,
};
use crate::operand::Operand;
use crate::sim::Kernel;

/// Which group has which policer, how the policers are set, and which counters cannot be read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Policing {
    groups: [Option<TrapPolicer>; TrapGroup::COUNT],
    policers: [Limits; TrapPolicer::COUNT],
    broken: [bool; 2],
}

impl Policing {
    /// What messages say of a group.
    pub(super) fn group(&self, group: TrapGroup) -> u8 {
        Policer(self.groups[group.index()]).pack()
    }

    /// What messages say of a policer.
    pub(super) fn policer(&self, policer: TrapPolicer) -> u8 {
        self.policers[policer.index()].pack()
    }

    pub(super) fn group_is_new(&mut self, group: TrapGroup, policer: Option<TrapPolicer>) {
        self.groups[group.index()] = policer;
    }

    pub(super) fn policer_is_new(&mut self, policer: TrapPolicer) {
        self.policers[policer.index()] = Limits::default();
    }
}

/// A counter of the driver's that goes with each trap, or with each policer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the kinds of objects that have one")]
pub enum Counter {
    Trap,
    Policer,
}

impl Devlink {
    /// The driver can, or can no longer, read the counters of this kind.
    pub fn counter_breaks(&self, k: &Kernel, id: InstanceId, counter: Counter, breaks: bool) {
        self.with(k, id, |instance| instance.policing.broken[counter as usize] = breaks);
    }

    /// Whether no message about an object can be built, because its counter cannot be read. What was settled says
    /// what it can.
    pub(super) fn fill_fails(&self, id: InstanceId, part: Subject) -> bool {
        let broken = self.instance(id).state.borrow().policing.broken;
        let fails = match part {
            Subject::Trap(..) => broken[Counter::Trap as usize],
            Subject::TrapPolicer(..) => broken[Counter::Policer as usize],
            _ => false,
        };
        fails && self.decisions.part.broken_counter_hides
    }

    /// Models `devlink_nl_trap_get_doit()` and those of groups and policers.
    pub(super) fn trap_get(&self, k: &Kernel, id: InstanceId, part: Subject) -> Result<(), Errno> {
        self.trap_part(k, id, part)?;
        if self.fill_fails(id, part) {
            return Err(Errno::EMSGSIZE);
        }
        self.says(k, id, What::Dumped(part, self.value(id, part)));
        Ok(())
    }

    /// Whether the instance has this part, or else any of its kind.
    fn trap_part(&self, k: &Kernel, id: InstanceId, part: Subject) -> Result<(), Errno> {
        if self.parts_of(id, part.kind()).next().is_none() {
            return Err(Errno::EOPNOTSUPP);
        }
        if self.has(k, id, part) { Ok(()) } else { Err(Errno::ENOENT) }
    }

    /// Models `devlink_nl_trap_group_set_doit()`: no notification goes out. 6.12 changes the traps of the group and
    /// then finds that there is no such policer; what was settled looks first.
    pub(super) async fn trap_group_set(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        group: TrapGroup,
        action: GroupAction,
        policer: GroupPolicer,
    ) -> Result<(), Errno> {
        let part = Subject::TrapGroup(self.handle(id), group);
        self.trap_part(k, id, part)?;
        if self.decisions.part.trap_group_set_in_steps {
            self.group_action_set(k, id, group, action);
            return self.group_policer_set(k, ops, id, group, policer).await;
        }
        self.group_policer_set(k, ops, id, group, policer).await?;
        self.group_action_set(k, id, group, action);
        Ok(())
    }

    /// Models `__devlink_trap_group_action_set()`.
    fn group_action_set(&self, k: &Kernel, id: InstanceId, group: TrapGroup, action: GroupAction) {
        let action = match action {
            GroupAction::Unset => return,
            GroupAction::Trap => TrapAction::Trap,
            GroupAction::Mirror => TrapAction::Mirror,
            GroupAction::Drop => TrapAction::Drop,
        };
        for spec in self.inventory(id).traps.iter().filter(|spec| spec.trap.group() == group && spec.drops) {
            self.trap_is(k, id, spec.trap, action);
        }
    }

    /// A trap has this action from here on.
    pub(super) fn trap_is(&self, k: &Kernel, id: InstanceId, trap: Trap, action: TrapAction) {
        let old = self.with(k, id, |instance| std::mem::replace(&mut instance.traps[trap.index()], action));
        if old != action {
            self.says(
                k,
                id,
                What::Set(Subject::Trap(self.handle(id), trap), old.to_byte(), action.to_byte()),
            );
        }
    }

    async fn group_policer_set(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        group: TrapGroup,
        policer: GroupPolicer,
    ) -> Result<(), Errno> {
        let Some(wanted) = policer.policer() else { return Ok(()) };
        k.point(Point::TrapGroupSet).await;
        let handle = self.handle(id);
        if wanted.is_some_and(|policer| !self.has(k, id, Subject::TrapPolicer(handle, policer))) {
            return Err(Errno::ENOENT);
        }
        let op = ops.trap_group_set(id);
        k.call(Callback::TrapGroupSet, self.named(id), self.module(id), op).await?;
        self.changes(k, id, Subject::TrapGroup(handle, group), |policing| {
            policing.groups[group.index()] = wanted;
        });
        Ok(())
    }

    /// Models `devlink_nl_trap_policer_set_doit()`.
    pub(super) async fn trap_policer_set(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        policer: TrapPolicer,
        rate: PolicerRate,
        burst: PolicerBurst,
    ) -> Result<(), Errno> {
        let part = Subject::TrapPolicer(self.handle(id), policer);
        self.trap_part(k, id, part)?;
        if matches!(rate, PolicerRate::TooLow | PolicerRate::TooHigh) || burst == PolicerBurst::TooLow {
            return Err(Errno::EINVAL);
        }
        let op = ops.trap_policer_set(id);
        k.call(Callback::TrapPolicerSet, self.named(id), self.module(id), op).await?;
        self.changes(k, id, part, |policing| {
            let limits = &mut policing.policers[policer.index()];
            *limits = limits.set(rate, burst);
        });
        Ok(())
    }

    fn changes(&self, k: &Kernel, id: InstanceId, part: Subject, change: impl FnOnce(&mut Policing)) {
        let old = self.value(id, part);
        self.with(k, id, |instance| change(&mut instance.policing));
        let new = self.value(id, part);
        if old != new {
            self.says(k, id, What::Set(part, old, new));
        }
    }
}
