//! What a driver registers with its instance, as data: the arrays that it passes to devlink.

use crate::event::{
    LineCard, Module, Param, ParamValue, Region, Reporter, Resource, Trap, TrapAction, TrapGroup, TrapPolicer,
};

/// Everything but ports, which come and go, in the order in which the driver registers it.
#[derive(Debug)]
pub struct Inventory {
    /// The module that the driver's code is in: `THIS_MODULE`.
    pub module: Module,
    /// Models an array of `struct devlink_param`, each with the value that the driver starts with.
    pub params: &'static [(Param, ParamValue)],
    /// The regions.
    pub regions: &'static [Region],
    /// The health reporters.
    pub reporters: &'static [ReporterSpec],
    /// Models an array of `struct devlink_trap_policer`.
    pub policers: &'static [TrapPolicer],
    /// Models an array of `struct devlink_trap_group`, each with the policer that it begins with.
    pub groups: &'static [(TrapGroup, Option<TrapPolicer>)],
    /// Models an array of `struct devlink_trap`.
    pub traps: &'static [TrapSpec],
    /// The slots for line cards.
    pub linecards: &'static [LineCard],
    /// The resources, each after the one that it is a part of.
    pub resources: &'static [Resource],
}

impl Inventory {
    /// What a driver registers that has nothing but ports.
    pub const NONE: Inventory = Inventory {
        module: Module::Core,
        params: &[],
        regions: &[],
        reporters: &[],
        policers: &[],
        groups: &[],
        traps: &[],
        resources: &[],
        linecards: &[],
    };
}

/// Models `struct devlink_health_reporter_ops`: each can be diagnosed and takes dumps.
#[derive(Debug, Clone, Copy)]
pub struct ReporterSpec {
    /// Its name.
    pub reporter: Reporter,
    /// Whether it has an op to recover.
    pub recovers: bool,
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
