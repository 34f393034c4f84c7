//! What a driver registers with its instance, as data: the arrays that it passes to devlink.

use crate::event::{Param, ParamValue, Region, Trap, TrapAction, TrapGroup, TrapPolicer};

/// Everything but ports, which come and go, in the order in which the driver registers it.
#[derive(Debug)]
pub struct Inventory {
    /// Models an array of `struct devlink_param`, each with the value that the driver starts with.
    pub params: &'static [(Param, ParamValue)],
    /// The regions.
    pub regions: &'static [Region],
    /// Models an array of `struct devlink_trap_policer`.
    pub policers: &'static [TrapPolicer],
    /// Models an array of `struct devlink_trap_group`.
    pub groups: &'static [TrapGroup],
    /// Models an array of `struct devlink_trap`.
    pub traps: &'static [TrapSpec],
}

/// Models `struct devlink_trap`.
#[derive(Debug, Clone, Copy)]
pub struct TrapSpec {
    /// Its name.
    pub trap: Trap,
    /// Whether it is about dropped packets: of other traps the action cannot be changed.
    pub drops: bool,
    /// What the driver starts with.
    pub action: TrapAction,
}

impl TrapSpec {
    /// A trap of packets that the device drops unless told otherwise.
    pub const fn drop(trap: Trap) -> Self {
        TrapSpec { trap, drops: true, action: TrapAction::Drop }
    }

    /// A trap of exceptional or control packets, with what happens to them.
    pub const fn other(trap: Trap, action: TrapAction) -> Self {
        TrapSpec { trap, drops: false, action }
    }
}

/// What kind of value a param has.
pub(super) fn is_flag(value: ParamValue) -> bool {
    matches!(value, ParamValue::True | ParamValue::False)
}
