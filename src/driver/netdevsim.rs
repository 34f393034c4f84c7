//! netdevsim's inventories, as data: the small one that arguments are about, and those of Linux 6.12 and 6.1.

use super::model::{BARE, Guard, Model, Netdevs, REPORTERS, RESOURCES, TRAPS};
use crate::devlink::{Inventory, TrapSpec};
use crate::event::{
    Module, Param, ParamValue, PortIndex, Region, ReloadAction, Trap, TrapAction, TrapGroup, TrapPolicer,
};

/// Models what matters of netdevsim: a reload that re-initialises everything, ports and traps.
pub(super) const SMALL: Model = Model {
    inventory: &Inventory {
        module: Module::Netdevsim,
        params: &[(Param::MaxMacs, ParamValue::V32)],
        traps: TRAPS,
        resources: RESOURCES,
        ..Inventory::NONE
    },
    ports: PORTS,
    counts_ports: true,
    guard: Guard::Copied,
    reload_actions: &[ReloadAction::Reinit],
    keeps_routes: true,
    reports_traps: true,
    ..BARE
};

/// The same with a netdev for each port, so that arguments about both monitors can be seen.
pub(super) const LINKED: Model = Model { netdevs: Netdevs::Followed, ..SMALL };

/// Models netdevsim as it is in Linux 6.12.
pub(super) const LINUX_6_12: Model = Model {
    inventory: &Inventory {
        module: Module::Netdevsim,
        params: &[(Param::MaxMacs, ParamValue::V32), (Param::Test1, ParamValue::True)],
        regions: &[Region::Dummy],
        reporters: REPORTERS,
        policers: &[TrapPolicer::P1, TrapPolicer::P2, TrapPolicer::P3],
        groups: &[
            (TrapGroup::L2Drops, None),
            (TrapGroup::L3Drops, Some(TrapPolicer::P1)),
            (TrapGroup::L3Exceptions, Some(TrapPolicer::P1)),
            (TrapGroup::BufferDrops, Some(TrapPolicer::P2)),
            (TrapGroup::AclDrops, Some(TrapPolicer::P3)),
            (TrapGroup::McSnooping, Some(TrapPolicer::P3)),
        ],
        traps: &[
            TrapSpec::drop(Trap::SourceMacIsMulticast),
            TrapSpec::drop(Trap::VlanTagMismatch),
            TrapSpec::drop(Trap::IngressVlanFilter),
            TrapSpec::drop(Trap::IngressSpanningTreeFilter),
            TrapSpec::drop(Trap::PortListIsEmpty),
            TrapSpec::drop(Trap::PortLoopbackFilter),
            TrapSpec::other(Trap::FidMiss, TrapAction::Trap),
            TrapSpec::drop(Trap::BlackholeRoute),
            TrapSpec::other(Trap::TtlValueIsTooSmall, TrapAction::Trap),
            TrapSpec::drop(Trap::TailDrop),
            TrapSpec::drop(Trap::IngressFlowActionDrop),
            TrapSpec::drop(Trap::EgressFlowActionDrop),
            TrapSpec::other(Trap::IgmpQuery, TrapAction::Mirror),
            TrapSpec::other(Trap::IgmpV1Report, TrapAction::Trap),
        ],
        resources: RESOURCES,
        ..Inventory::NONE
    },
    max_vfs: 4,
    has_rates: true,
    has_flash: true,
    netdevs: Netdevs::Followed,
    has_bus_files: true,
    forgets_ports: true,
    ..SMALL
};

/// Models netdevsim as it is in Linux 6.1, which registers the same.
pub(super) const LINUX_6_1: Model = Model { netdevs: Netdevs::Told, ..LINUX_6_12 };

/// The ports of a device that was created without a number of ports.
const PORTS: &[PortIndex] = &[PortIndex::P0, PortIndex::P1];
