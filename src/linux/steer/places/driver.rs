//! Places of drivers: netdevsim and its bus, modules, netdevs and what holds them.
//!
//! Of the drivers in the model a kernel as built has netdevsim. Its bus is the driver core's, so a place there is for
//! every device, and the command that is under way says which one is meant.

use super::super::place::{Place, Site, at};
use crate::event::Point;

/// A place in the text of netdevsim.
const fn nsim(point: Point, site: Site) -> Place {
    at(point, site).of("netdevsim")
}

/// The lock of all netdevs in a handler that takes it for itself.
const fn rtnl(point: Point, handler: &'static str) -> Place {
    at(point, Site::Call(handler, "rtnl_lock", 1))
}

/// The same, taken along with those of the namespaces: by a function, or built into the handler.
const fn rtnl_nets(point: Point, handler: &'static str) -> [Place; 2] {
    [at(point, Site::Call(handler, "rtnl_nets_lock", 1)).since(6, 13), rtnl(point, handler).since(6, 13)]
}

/// Where netdevsim has a device go: its files go first, and then its driver is unbound.
const fn files(caller: &'static str) -> Place {
    nsim(Point::PortFilesRemove, Site::Call(caller, "device_unregister", 1))
        .near("the driver core takes the lock of the device once before")
}

const MOVE: [Place; 2] = rtnl_nets(Point::NetdevMove, "rtnl_newlink");
const NEW: [Place; 2] = rtnl_nets(Point::DummyNew, "rtnl_newlink");
const SET: [Place; 2] = rtnl_nets(Point::DummySet, "rtnl_newlink");

/// The commands that change a netdev which is there: each request comes through the text of one that makes one.
const SETS: &[&str] = &["netdev.up", "netdev.down", "netdev.rename", "netdev.set-netns"];

pub(super) const PLACES: &[Place] = &[
    // The driver is bound to a device, when this is made or when a user says so.
    at(Point::ProbeDeviceLock, Site::Entry("__device_attach")),
    at(Point::ProbeDeviceLock, Site::Entry("device_driver_attach")),
    nsim(Point::ProbeAlloc, Site::Entry("nsim_drv_probe")),
    nsim(Point::ProbeInit, Site::After("nsim_drv_probe", "devl_register", 1))
        .since(6, 3)
        .near("the instance is registered, and its lock is held"),
    nsim(Point::ProbeInit, Site::Entry("nsim_dev_traps_init"))
        .before(6, 3)
        .near("half of the parts are made, the lock of the instance is held, and no lookup finds it"),
    nsim(Point::ProbeReady, Site::After("nsim_drv_probe", "nsim_dev_port_add_all", 1)),
    // It is unbound when the device goes, by a user, or with the driver.
    at(Point::RemoveDeviceLock, Site::Entry("device_release_driver_internal")),
    nsim(Point::RemoveTeardown, Site::Call("nsim_drv_remove", "nsim_dev_reload_destroy", 1)),
    nsim(Point::RemoveFree, Site::Call("nsim_drv_remove", "devlink_free", 1)),
    // What devlink asks of it.
    nsim(Point::DriverReloadDown, Site::Entry("nsim_dev_reload_down")),
    nsim(Point::DriverReloadUp, Site::Entry("nsim_dev_reload_up")),
    nsim(Point::DriverEswitchMode, Site::Entry("nsim_devlink_eswitch_mode_set")),
    nsim(Point::DriverVfPort, Site::Call("nsim_esw_switchdev_enable", "__nsim_dev_port_add", 1)),
    // Files of the bus and of a device. A write stops before kernfs has the file.
    at(Point::BusFileOpen, Site::Entry("kernfs_fop_write_iter")).by(&[
        "driver.probe",
        "driver.remove",
        "driver.bind",
        "driver.unbind",
    ]),
    nsim(Point::NewDevice, Site::Call("new_device_store", "mutex_lock", 1)),
    nsim(Point::DelDevice, Site::Call("del_device_store", "mutex_lock", 1)),
    at(Point::DriverPort, Site::Entry("kernfs_fop_write_iter")).by(&["driver.port-add", "driver.port-del"]),
    files("del_device_store"),
    files("nsim_bus_exit"),
    files("nsim_bus_dev_del"),
    nsim(Point::NumVfsStore, Site::Call("nsim_bus_dev_numvfs_store", "mutex_lock", 1)),
    nsim(Point::NumVfsStore, Site::Call("nsim_bus_dev_numvfs_store", "device_lock", 1)),
    nsim(Point::DriverConfigureVfs, Site::Call("nsim_drv_configure_vfs", "devl_lock", 1)),
    // Files of debugfs: an open fails where the file is gone, and who removes one waits for those who write.
    at(Point::TakeSnapshot, Site::Entry("full_proxy_open")).before(6, 14).by(&["driver.take-snapshot"]),
    at(Point::TakeSnapshot, Site::Entry("full_proxy_open_regular"))
        .since(6, 14)
        .by(&["driver.take-snapshot"]),
    at(Point::TakeSnapshotLock, Site::Call("devlink_region_snapshot_create", "mutex_lock", 1)),
    nsim(Point::TakeSnapshotRemove, Site::Call("nsim_dev_reload_destroy", "debugfs_remove", 1)),
    at(Point::BreakHealth, Site::Entry("full_proxy_open")).before(6, 14).by(&["driver.break-health"]),
    at(Point::BreakHealth, Site::Entry("full_proxy_open_regular")).since(6, 14).by(&["driver.break-health"]),
    nsim(Point::HealthRemove, Site::Call("nsim_dev_health_exit", "debugfs_remove", 1)),
    at(Point::FibFileOpen, Site::Entry("full_proxy_open")).before(6, 14).by(&["driver.fib-activity"]),
    at(Point::FibFileOpen, Site::Entry("full_proxy_open_regular")).since(6, 14).by(&["driver.fib-activity"]),
    nsim(Point::FibFileLookup, Site::Call("nsim_nexthop_bucket_activity_write", "rtnl_lock", 1)),
    nsim(Point::FibFileRemove, Site::Call("nsim_fib_destroy", "debugfs_remove", 1)),
    // Modules end.
    at(Point::ModuleExit, Site::Entry("cleanup_module")).of("netdevsim"),
    at(Point::ModuleExit, Site::Entry("cleanup_module")).of("mtty"),
    at(Point::ModuleExit, Site::Entry("cleanup_module")).of("mdpy"),
    at(Point::ModuleExit, Site::Entry("cleanup_module")).of("siw"),
    at(Point::ModuleExit, Site::Entry("cleanup_module")).of("rdma_rxe"),
    at(Point::ModuleExit, Site::Entry("cleanup_module")).of("ib_uverbs"),
    at(Point::ModuleExit, Site::Entry("cleanup_module")).of("ib_umad"),
    at(Point::ModuleGone, Site::Entry("free_module")),
    at(Point::LinkOpsPernet, Site::Call("rtnl_link_unregister", "down_write", 1)).by(&["module.remove"]),
    at(Point::LinkOpsRtnl, Site::Call("rtnl_link_unregister", "rtnl_lock", 1)).by(&["module.remove"]),
    nsim(Point::NsimBusExit, Site::Call("nsim_bus_exit", "mutex_lock", 1)),
    nsim(Point::NsimBusExitWait, Site::Call("nsim_bus_exit", "wait_for_completion", 1)).since(6, 2),
    nsim(Point::BusUnregister, Site::Call("nsim_bus_exit", "driver_unregister", 1)),
    // Netdevs of ports. A port of a virtual function takes the lock elsewhere, so the function is stopped at.
    nsim(Point::NetdevRegister, Site::Entry("nsim_create")),
    nsim(Point::NetdevUnregister, Site::Call("nsim_destroy", "rtnl_lock", 1)),
    rtnl(Point::NetdevMove, "rtnetlink_rcv_msg").before(6, 13).by(&["netdev.move"]),
    MOVE[0],
    MOVE[1],
    at(Point::NetdevMoved, Site::After("__dev_change_net_namespace", "kobject_uevent", 1))
        .by(&["netdev.move"]),
    rtnl(Point::NetdevExit, "default_device_exit_batch"),
    at(Point::NetdeviceNotifier, Site::Call("register_netdevice_notifier", "down_write", 1)),
    rtnl(Point::RouteChange, "rtnetlink_rcv_msg").before(6, 15).by(&["route.add", "route.del"]),
    rtnl(Point::RouteChange, "inet_rtm_newroute").since(6, 15),
    rtnl(Point::RouteChange, "inet_rtm_delroute").since(6, 15),
    // Netdevs of users.
    rtnl(Point::DummyNew, "rtnetlink_rcv_msg").before(6, 13).by(&["netdev.add"]),
    NEW[0].by(&["netdev.add"]),
    NEW[1].by(&["netdev.add"]),
    rtnl(Point::DummyDel, "rtnetlink_rcv_msg").before(6, 13).by(&["netdev.del"]),
    rtnl(Point::DummyDel, "rtnl_dellink").since(6, 13),
    rtnl(Point::DummySet, "rtnetlink_rcv_msg").before(6, 13).by(SETS),
    SET[0].by(SETS),
    SET[1].by(SETS),
    at(Point::DummyMoved, Site::After("__dev_change_net_namespace", "kobject_uevent", 1))
        .by(&["netdev.set-netns"]),
    at(Point::NetdevWait, Site::Call("netdev_wait_allrefs_any", "msleep", 1))
        .near("once it has been seen that there are references; again each time that there still are"),
];
