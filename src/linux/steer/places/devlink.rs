//! Places of devlink: commands, notifications, registering, reload, and what an instance has.
//!
//! All of it was one file up to 6.1, and commands were called `devlink_nl_cmd_…` up to 6.6. What takes an instance's lock
//! in the file of `devl_lock()` has it compiled in or not, so those places have a row for each; the first that a kernel
//! has is the one. A task comes to points that share a place in the order of the rows.

use super::super::place::{Place, Site, at};
use crate::event::Point;

/// A place in the text of netdevsim.
const fn nsim(point: Point, site: Site) -> Place {
    at(point, site).of("netdevsim")
}

/// Up to the release before the one in which devlink became several files.
const fn old(point: Point, site: Site) -> Place {
    at(point, site).before(6, 3)
}

/// From the release on in which commands have the names that they have today.
const fn new(point: Point, site: Site) -> Place {
    at(point, site).since(6, 7)
}

/// In `devlink_register()`, which announces what there is, by itself or in a function of its own.
const fn register(callee: &'static str) -> Place {
    old(Point::RegisterReplay, Site::Call("devlink_register", callee, 1))
}

/// In `devlink_notify_register()` of that time.
const fn notify_register(callee: &'static str) -> Place {
    old(Point::RegisterReplay, Site::Call("devlink_notify_register", callee, 1))
}

/// In `devlink_unregister()`, likewise.
const fn unregister(callee: &'static str) -> Place {
    old(Point::UnregisterReplay, Site::Call("devlink_unregister", callee, 1))
}

/// In `devlink_notify_unregister()` of that time.
const fn notify_unregister(callee: &'static str) -> Place {
    old(Point::UnregisterReplay, Site::Call("devlink_notify_unregister", callee, 1))
}

/// Where objects of a kind are announced one after the other, as they begin.
const fn begins(caller: &'static str, callee: &'static str) -> Place {
    at(Point::RegisterReplay, Site::Call(caller, callee, 1)).since(6, 3)
}

/// The same as they end.
const fn ends(caller: &'static str, callee: &'static str) -> Place {
    at(Point::UnregisterReplay, Site::Call(caller, callee, 1)).since(6, 3)
}

/// Where a dump of a kind takes the lock of the next instance.
const fn dump(caller: &'static str, lock: &'static str) -> Place {
    old(Point::DevlinkDumpit, Site::Call(caller, lock, 1))
}

/// Where a dump shows one object.
const fn shows(caller: &'static str, callee: &'static str) -> Place {
    at(Point::DevlinkDumpObject, Site::Call(caller, callee, 1))
}

/// Where a param is sent: a param without a value is not sent.
const fn param_sent(callee: &'static str) -> Place {
    at(Point::DevlinkNotify, Site::Call("devlink_param_notify", callee, 1))
}

/// Where netdevsim is about to tell of a step of a flash update. The second step is told in a loop, so it is stopped at
/// after the first.
const fn flash(point: Point) -> [Place; 4] {
    const UPDATE: &str = "nsim_dev_flash_update";
    const STATUS: &str = "devlink_flash_update_status_notify";
    const TIMEOUT: &str = "devlink_flash_update_timeout_notify";
    [
        nsim(point, Site::Call(UPDATE, STATUS, 1)),
        nsim(point, Site::After(UPDATE, STATUS, 1)),
        nsim(point, Site::Call(UPDATE, TIMEOUT, 1)),
        nsim(point, Site::After(UPDATE, TIMEOUT, 1)),
    ]
}

/// Where the command that flashes tells of the begin and of the end, in functions of their own or compiled into it.
const fn flashes(command: &'static str, nth: u8) -> Place {
    at(Point::DevlinkNotify, Site::Call(command, "__devlink_flash_update_notify", nth))
}

const FLASH_STEP: [Place; 4] = flash(Point::FlashUpdate);
const FLASH_TOLD: [Place; 4] = flash(Point::DevlinkNotify);

/// The entry of a function that sends a notification of an object, if there is a listener.
const fn told(function: &'static str) -> Place {
    at(Point::DevlinkNotify, Site::Entry(function))
}

pub(super) const PLACES: &[Place] = &[
    // A command finds its instance and locks it. Nothing happens between the two, but that a reload takes the device's
    // lock; it is stopped at for that.
    at(Point::DevlinkLookup, Site::Call("devlink_get_from_attrs_lock", "mutex_lock", 1)).since(6, 8),
    at(Point::DevlinkLookup, Site::Call("devlink_get_from_attrs_lock", "devl_lock", 1))
        .since(6, 3)
        .not_by(&["devlink.reload"]),
    old(Point::DevlinkLookup, Site::Call("devlink_nl_pre_doit", "devl_lock", 1)),
    old(Point::DevlinkLookup, Site::Call("devlink_nl_pre_doit", "mutex_lock", 1)),
    // Namespaces end, and each instance in them moves.
    at(Point::CleanupNetLock, Site::Call("cleanup_net", "down_read", 1)),
    at(Point::CleanupNetInstance, Site::Call("devlink_pernet_pre_exit", "mutex_lock", 1)),
    at(Point::CleanupNetInstance, Site::Call("devlink_pernet_pre_exit", "devl_lock", 1)).before(6, 8),
    at(Point::DevlinkDeviceLock, Site::Call("devlink_get_from_attrs_lock", "mutex_lock", 1)).since(6, 8),
    at(Point::DevlinkDeviceLock, Site::Call("devlink_pernet_pre_exit", "mutex_lock", 1)).since(6, 8),
    at(Point::DevlinkLock, Site::Call("devlink_get_from_attrs_lock", "devl_lock", 1)).since(6, 3),
    at(Point::DevlinkLock, Site::Call("devlink_pernet_pre_exit", "devl_lock", 1)),
    at(Point::DevlinkLock, Site::Call("devlink_pernet_pre_exit", "mutex_lock", 2)).since(6, 8),
    at(Point::DevlinkLock, Site::Call("devlink_pernet_pre_exit", "mutex_lock", 1)).before(6, 8),
    old(Point::DevlinkLock, Site::Call("devlink_nl_pre_doit", "devl_lock", 1)),
    old(Point::DevlinkLock, Site::Call("devlink_nl_pre_doit", "mutex_lock", 1)),
    old(Point::DevlinkLock, Site::Call("devlink_nl_cmd_region_read_dumpit", "devl_lock", 1)),
    old(Point::DevlinkLock, Site::Call("devlink_nl_cmd_region_read_dumpit", "mutex_lock", 1)),
    // A dump walks the instances and shows what each has.
    at(Point::DevlinkDumpit, Site::Call("devlink_nl_dumpit", "devl_lock", 1)).since(6, 7),
    at(Point::DevlinkDumpit, Site::Call("devlink_nl_inst_iter_dumpit", "devl_lock", 1)).since(6, 7),
    dump("devlink_nl_cmd_get_dumpit", "devl_lock"),
    dump("devlink_nl_cmd_get_dumpit", "mutex_lock"),
    dump("devlink_nl_cmd_port_get_dumpit", "devl_lock"),
    dump("devlink_nl_cmd_port_get_dumpit", "mutex_lock"),
    dump("devlink_nl_cmd_param_get_dumpit", "devl_lock"),
    dump("devlink_nl_cmd_param_get_dumpit", "mutex_lock"),
    dump("devlink_nl_cmd_region_get_dumpit", "devl_lock"),
    dump("devlink_nl_cmd_region_get_dumpit", "mutex_lock"),
    dump("devlink_nl_cmd_trap_get_dumpit", "devl_lock"),
    dump("devlink_nl_cmd_trap_get_dumpit", "mutex_lock"),
    dump("devlink_nl_cmd_trap_group_get_dumpit", "devl_lock"),
    dump("devlink_nl_cmd_trap_group_get_dumpit", "mutex_lock"),
    dump("devlink_nl_cmd_trap_policer_get_dumpit", "devl_lock"),
    dump("devlink_nl_cmd_trap_policer_get_dumpit", "mutex_lock"),
    dump("devlink_nl_cmd_rate_get_dumpit", "devl_lock"),
    dump("devlink_nl_cmd_rate_get_dumpit", "mutex_lock"),
    shows("devlink_nl_port_get_dump_one", "devlink_nl_port_fill").since(6, 7),
    shows("devlink_nl_param_get_dump_one", "devlink_nl_param_fill").since(6, 7),
    shows("devlink_nl_region_get_dump_one", "devlink_nl_region_fill").since(6, 7),
    shows("devlink_nl_region_get_devlink_dump", "devlink_nl_region_fill").since(6, 7),
    shows("devlink_nl_trap_get_dump_one", "devlink_nl_trap_fill").since(6, 7),
    shows("devlink_nl_trap_group_get_dump_one", "devlink_nl_trap_group_fill").since(6, 7),
    shows("devlink_nl_trap_policer_get_dump_one", "devlink_nl_trap_policer_fill").since(6, 7),
    shows("devlink_nl_rate_get_dump_one", "devlink_nl_rate_fill").since(6, 7),
    shows("devlink_nl_health_reporter_get_dump_one", "devlink_nl_health_reporter_fill").since(6, 7),
    shows("devlink_nl_linecard_get_dump_one", "devlink_nl_linecard_fill").since(6, 7),
    shows("devlink_nl_cmd_port_get_dumpit", "devlink_nl_port_fill").before(6, 3),
    shows("devlink_nl_cmd_param_get_dumpit", "devlink_nl_param_fill").before(6, 3),
    shows("devlink_nl_cmd_region_get_dumpit", "devlink_nl_region_fill").before(6, 3),
    shows("devlink_nl_cmd_region_get_devlink_dumpit", "devlink_nl_region_fill").before(6, 3),
    shows("devlink_nl_cmd_trap_get_dumpit", "devlink_nl_trap_fill").before(6, 3),
    shows("devlink_nl_cmd_trap_group_get_dumpit", "devlink_nl_trap_group_fill").before(6, 3),
    shows("devlink_nl_cmd_trap_policer_get_dumpit", "devlink_nl_trap_policer_fill").before(6, 3),
    shows("devlink_nl_cmd_rate_get_dumpit", "devlink_nl_rate_fill").before(6, 3),
    shows("devlink_nl_cmd_health_reporter_get_dumpit", "devlink_nl_health_reporter_fill").before(6, 3),
    // What is written into a device.
    FLASH_STEP[0],
    FLASH_STEP[1],
    FLASH_STEP[2],
    FLASH_STEP[3],
    FLASH_TOLD[0],
    FLASH_TOLD[1],
    FLASH_TOLD[2],
    FLASH_TOLD[3],
    told("devlink_flash_update_begin_notify"),
    told("devlink_flash_update_end_notify"),
    flashes("devlink_nl_flash_update_doit", 1).since(6, 7),
    flashes("devlink_nl_flash_update_doit", 2).since(6, 7),
    flashes("devlink_nl_cmd_flash_update", 1).before(6, 7),
    flashes("devlink_nl_cmd_flash_update", 2).before(6, 7),
    // Notifications, before the kernel checks whether the instance is registered.
    told("devlink_notify"),
    told("devlink_port_notify").since(6, 3),
    told("__devlink_port_notify").before(6, 3),
    param_sent("devlink_nl_notify_send"),
    param_sent("nlmsg_multicast_filtered"),
    param_sent("netlink_broadcast_filtered"),
    param_sent("nlmsg_multicast").before(6, 9),
    param_sent("netlink_broadcast").before(6, 9),
    told("devlink_trap_notify"),
    told("devlink_trap_group_notify"),
    told("devlink_trap_policer_notify"),
    told("devlink_rate_notify"),
    told("devlink_nl_region_notify"),
    told("devlink_recover_notify"),
    told("devlink_linecard_notify"),
    // Registering: netdevsim takes the lock and makes its parts, before or after users can see it. A kind of object
    // whose function does both is stopped at by both points.
    nsim(Point::RegisterLock, Site::Call("nsim_drv_probe", "devl_lock", 1)),
    at(Point::RegisterVisible, Site::Call("devl_register", "devlink_notify_register", 1)).since(6, 3),
    old(Point::RegisterVisible, Site::Call("devlink_register", "devlink_notify_register", 1)),
    old(Point::RegisterVisible, Site::Call("devlink_register", "devlink_notify", 1)),
    begins("devlink_linecards_notify_register", "devlink_linecard_notify"),
    begins("devlink_ports_notify", "devlink_port_notify"),
    begins("devlink_trap_policers_notify_register", "devlink_trap_policer_notify"),
    begins("devlink_trap_groups_notify_register", "devlink_trap_group_notify"),
    begins("devlink_traps_notify_register", "devlink_trap_notify"),
    begins("devlink_rates_notify_register", "devlink_rate_notify"),
    begins("devlink_regions_notify_register", "devlink_nl_region_notify"),
    begins("devlink_params_notify", "devlink_param_notify"),
    register("devlink_linecard_notify"),
    register("__devlink_port_notify"),
    register("devlink_trap_policer_notify"),
    register("devlink_trap_group_notify"),
    register("devlink_trap_notify"),
    register("devlink_rate_notify"),
    register("devlink_nl_region_notify"),
    register("devlink_param_notify"),
    notify_register("devlink_linecard_notify"),
    notify_register("__devlink_port_notify"),
    notify_register("devlink_port_notify"),
    notify_register("devlink_trap_policer_notify"),
    notify_register("devlink_trap_group_notify"),
    notify_register("devlink_trap_notify"),
    notify_register("devlink_rate_notify"),
    notify_register("devlink_nl_region_notify"),
    notify_register("devlink_param_notify"),
    // Unregistering.
    nsim(Point::UnregisterLock, Site::Call("nsim_drv_remove", "devl_lock", 1)),
    old(Point::UnregisterWait, Site::Call("devlink_unregister", "wait_for_completion", 1)),
    ends("devlink_params_notify", "devlink_param_notify"),
    ends("devlink_regions_notify_unregister", "devlink_nl_region_notify"),
    ends("devlink_rates_notify_unregister", "devlink_rate_notify"),
    ends("devlink_traps_notify_unregister", "devlink_trap_notify"),
    ends("devlink_trap_groups_notify_unregister", "devlink_trap_group_notify"),
    ends("devlink_trap_policers_notify_unregister", "devlink_trap_policer_notify"),
    ends("devlink_ports_notify", "devlink_port_notify"),
    ends("devlink_linecards_notify_unregister", "devlink_linecard_notify"),
    unregister("devlink_param_notify"),
    unregister("devlink_nl_region_notify"),
    unregister("devlink_rate_notify"),
    unregister("devlink_trap_notify"),
    unregister("devlink_trap_group_notify"),
    unregister("devlink_trap_policer_notify"),
    unregister("__devlink_port_notify"),
    unregister("devlink_linecard_notify"),
    notify_unregister("devlink_param_notify"),
    notify_unregister("devlink_nl_region_notify"),
    notify_unregister("devlink_rate_notify"),
    notify_unregister("devlink_trap_notify"),
    notify_unregister("devlink_trap_group_notify"),
    notify_unregister("devlink_trap_policer_notify"),
    notify_unregister("__devlink_port_notify"),
    notify_unregister("devlink_port_notify"),
    notify_unregister("devlink_linecard_notify"),
    at(Point::UnregisterHidden, Site::Return("devl_unregister")).since(6, 3),
    old(Point::UnregisterHidden, Site::Return("devlink_unregister")),
    // Parts. netdevsim makes and unmakes them under the lock that it has; only who writes to its files takes it for a port.
    nsim(Point::PortRegister, Site::Call("nsim_drv_port_add", "devl_lock", 1)),
    nsim(Point::PortRegister, Site::Call("nsim_drv_port_del", "devl_lock", 1)),
    at(Point::PortUnregister, Site::Entry("devl_port_unregister")).near("the instance's lock is held"),
    at(Point::TrapsRegister, Site::Entry("devl_traps_register")).near("the instance's lock is held"),
    at(Point::TrapsUnregister, Site::Entry("devl_traps_unregister")).near("the instance's lock is held"),
    at(Point::ParamsRegister, Site::Entry("devl_params_register"))
        .since(6, 3)
        .near("the instance's lock is held"),
    old(Point::ParamsRegister, Site::Entry("devlink_params_register")).near("the instance's lock is held"),
    at(Point::ParamsUnregister, Site::Entry("devl_params_unregister"))
        .since(6, 3)
        .near("the instance's lock is held"),
    old(Point::ParamsUnregister, Site::Entry("devlink_params_unregister"))
        .near("the instance's lock is held"),
    // Reload. Up to 6.2 the namespace that is left is told before the driver goes down.
    at(Point::ReloadDown, Site::Entry("devlink_reload")).since(6, 3),
    nsim(Point::ReloadDown, Site::Entry("nsim_dev_reload_down")).before(6, 3),
    at(Point::ReloadNetns, Site::After("devlink_reload", "devlink_notify_unregister", 1)).since(6, 3),
    at(Point::ReloadNetns, Site::After("devlink_reload_netns_change", "devlink_notify_unregister", 1))
        .since(6, 3),
    nsim(Point::ReloadNetns, Site::Return("nsim_dev_reload_down"))
        .before(6, 3)
        .near("the driver has gone down, to move or not"),
    nsim(Point::ReloadUp, Site::Entry("nsim_dev_reload_up")),
    at(Point::ReloadDone, Site::After("devlink_reload", "__devlink_reload_stats_update", 1)),
    at(Point::ReloadDone, Site::After("devlink_reload", "devlink_reload_stats_update", 1)),
    // The eswitch: netdevsim has a mode and no inline mode.
    new(Point::EswitchModeSet, Site::Entry("devlink_nl_eswitch_set_doit")),
    at(Point::EswitchModeSet, Site::Entry("devlink_nl_cmd_eswitch_set_doit")).before(6, 7),
    nsim(Point::EswitchInlineSet, Site::Return("nsim_devlink_eswitch_mode_set"))
        .near("the driver has changed the mode, or has refused"),
    // Regions and their snapshots.
    new(Point::RegionNew, Site::Call("devlink_nl_region_new_doit", "mutex_lock", 1)),
    at(Point::RegionNew, Site::Call("devlink_nl_cmd_region_new", "mutex_lock", 1)).before(6, 7),
    new(Point::RegionDel, Site::Call("devlink_nl_region_del_doit", "mutex_lock", 1)),
    at(Point::RegionDel, Site::Call("devlink_nl_cmd_region_del", "mutex_lock", 1)).before(6, 7),
    at(Point::RegionDestroy, Site::Call("devl_region_destroy", "mutex_lock", 1)),
    at(Point::RegionSnapshotId, Site::Entry("devlink_region_snapshot_id_get")),
    new(Point::RegionReadChunk, Site::Return("devlink_nl_region_read_dumpit")),
    at(Point::RegionReadChunk, Site::Return("devlink_nl_cmd_region_read_dumpit")).before(6, 7),
    // Health reporters. A report takes the lock for a dump and again to recover; up to 6.6 a dump has a lock of its own.
    at(Point::HealthReport, Site::Entry("devlink_health_report")),
    new(Point::HealthDump, Site::Call("devlink_health_report", "devl_lock", 1)),
    at(Point::HealthDump, Site::Call("devlink_health_report", "mutex_lock", 1)).before(6, 7),
    new(Point::HealthRecover, Site::Call("devlink_health_report", "devl_lock", 2)),
    at(Point::HealthRecover, Site::Call("devlink_health_report", "devl_lock", 1)).before(6, 7),
    at(Point::HealthRecover, Site::Call("devlink_health_report", "mutex_lock", 2)).before(6, 7),
    new(
        Point::HealthDumpChunk,
        Site::Call("devlink_nl_health_reporter_dump_get_dumpit", "devlink_health_do_dump", 1),
    ),
    at(Point::HealthDumpChunk, Site::Call("devlink_nl_cmd_health_reporter_dump_get_dumpit", "mutex_lock", 1))
        .before(6, 7),
    // Traps.
    new(
        Point::TrapGroupSet,
        Site::Call("devlink_nl_trap_group_set_doit", "devlink_trap_policer_item_lookup", 1),
    ),
    at(
        Point::TrapGroupSet,
        Site::Call("devlink_nl_cmd_trap_group_set_doit", "devlink_trap_policer_item_lookup", 1),
    )
    .before(6, 7),
    at(Point::TrapGroupSet, Site::Call("devlink_trap_group_set", "devlink_trap_policer_item_lookup", 1)),
    // Rates. What of an object is set is asked of the driver through pointers.
    new(Point::RateSet, Site::Call("devlink_nl_rate_set_doit", "devlink_nl_rate_set", 1))
        .near("before the first attribute"),
    at(Point::RateSet, Site::Call("devlink_nl_cmd_rate_set_doit", "devlink_nl_rate_set", 1))
        .before(6, 7)
        .near("before the first attribute"),
    nsim(Point::RateNodeNew, Site::Entry("nsim_rate_node_new")),
    new(Point::RateNodeDel, Site::Call("devlink_nl_rate_del_doit", "devlink_rate_notify", 1)),
    at(Point::RateNodeDel, Site::Call("devlink_nl_cmd_rate_del_doit", "devlink_rate_notify", 1)).before(6, 7),
    at(Point::RateNodesDestroy, Site::Call("devl_rate_nodes_destroy", "list_del", 1))
        .near("the driver has freed the node"),
    at(Point::RateNodesDestroy, Site::Entry("devl_rate_nodes_destroy")).near("before the first node"),
    // Line cards: no driver of a kernel as built has any, so no task comes here.
    new(Point::LineCardSet, Site::Call("devlink_linecard_type_set", "mutex_lock", 1)),
    new(Point::LineCardSet, Site::Call("devlink_linecard_type_unset", "mutex_lock", 1)),
    new(Point::LineCardSet, Site::Call("devlink_nl_linecard_set_doit", "mutex_lock", 1)),
    at(Point::LineCardSet, Site::Call("devlink_nl_cmd_linecard_set_doit", "mutex_lock", 1)).before(6, 7),
    at(Point::NestedNotify, Site::Call("devlink_rel_nested_in_notify_work", "devl_trylock", 1)).since(6, 7),
    at(Point::NestedNotify, Site::Call("devlink_rel_nested_in_notify_work", "mutex_trylock", 1)).since(6, 7),
];
