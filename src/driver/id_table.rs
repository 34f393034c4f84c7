//! Which driver a device has, as the id tables of drivers say, and the drivers that are a row of data.

use super::model::{BARE, Guard, Model, REPORTERS, RESOURCES, TRAPS};
use super::netdevsim;
use crate::devlink::Inventory;
use crate::devlink::decisions::Netdevsim;
use crate::event::{
    Auxiliary, Handle, LineCard, Module, Param, ParamValue, PortIndex, Region, ReloadAction, TrapGroup,
    TrapPolicer,
};

/// Returns the driver of a device, under the decision that says which netdevsim there is.
pub(super) const fn of(handle: Handle, netdevsim: Netdevsim) -> &'static Model {
    match (handle, netdevsim) {
        (Handle::Netdevsim0 | Handle::Netdevsim1, Netdevsim::Small) => &netdevsim::SMALL,
        (Handle::Netdevsim0 | Handle::Netdevsim1, Netdevsim::Linked) => &netdevsim::LINKED,
        (Handle::Netdevsim0 | Handle::Netdevsim1, Netdevsim::Linux612) => &netdevsim::LINUX_6_12,
        (Handle::Netdevsim0 | Handle::Netdevsim1, Netdevsim::Linux61) => &netdevsim::LINUX_6_1,
        (Handle::Mlx50, _) => &MLX5,
        (Handle::Mlx51 | Handle::Mlx52, _) => &MLX5_FUNCTION,
        (Handle::Mlxsw0, _) => &MLXSW,
        (Handle::Lc1, _) => &LINE_CARD,
    }
}

/// Whether a device is one of netdevsim's.
pub(super) const fn is_nsim(handle: Handle) -> bool {
    matches!(handle, Handle::Netdevsim0 | Handle::Netdevsim1)
}

/// Models mlx5: one uplink, and a representor that comes and goes with the eswitch mode.
const MLX5: Model = Model {
    inventory: &Inventory { params: &[(Param::MaxMacs, ParamValue::V32)], ..Inventory::NONE },
    ports: &[PortIndex::P0],
    representor: Some(PortIndex::Vf0),
    has_rates: true,
    auxiliaries: Auxiliary::ALL,
    functions: &[Handle::Mlx51, Handle::Mlx52],
    guard: Guard::Own,
    reload_actions: &[ReloadAction::Reinit, ReloadAction::FwActivate],
    limits_reload: true,
    ..BARE
};

/// Models the driver of a virtual function of mlx5, which is the same and has none of its own.
const MLX5_FUNCTION: Model = Model { functions: &[], ..MLX5 };

/// Models mlxsw: a switch, whose reload makes everything anew, ports and traps with their groups and policers.
const MLXSW: Model = Model {
    inventory: &Inventory {
        module: Module::Core,
        params: &[(Param::MaxMacs, ParamValue::V32)],
        regions: &[Region::Dummy],
        reporters: REPORTERS,
        policers: &[TrapPolicer::P1],
        groups: &[
            (TrapGroup::L3Drops, Some(TrapPolicer::P1)),
            (TrapGroup::BufferDrops, Some(TrapPolicer::P1)),
        ],
        traps: TRAPS,
        resources: RESOURCES,
        linecards: LineCard::ALL,
    },
    ports: &[PortIndex::P0, PortIndex::P1],
    reload_actions: &[ReloadAction::Reinit, ReloadAction::FwActivate],
    keeps_routes: true,
    splits_ports: true,
    has_flash: true,
    ..BARE
};

/// Models the driver of a device on a line card of mlxsw: an instance that can be flashed and has nothing else.
const LINE_CARD: Model = Model { has_flash: true, ..BARE };
