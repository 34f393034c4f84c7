//! Points: the named places where another task may run.
//!
//! Schedules and stored corpora address a handler's places by these names, and records by these numbers, so
//! both are frozen: a number is given once and never to another place. A task stops *at* a point, which is
//! before the step that follows it: a lock not yet taken, a notification not yet sent.

/// Declares the points: number, name, and the spelling that programs use.
macro_rules! points {
    ($($number:literal $name:ident $spelling:literal,)+) => {
        /// A named place in a handler where another task may run, spelled `function:place`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Point { $(#[doc = concat!("`", $spelling, "`")] $name = $number,)+ }

        impl Point {
            /// Every point, in the order of their numbers.
            pub const ALL: &'static [Point] = &[$(Point::$name,)+];

            /// The point with this number, if the number has been given.
            pub const fn from_number(number: u16) -> Option<Point> {
                match number { $($number => Some(Point::$name),)+ _ => None }
            }
            /// How programs spell this point.
            pub const fn name(self) -> &'static str {
                match self { $(Point::$name => $spelling,)+ }
            }
        }
    };
}

points! {
    // The kernel itself.
    0x002 CommandStart "command:start",
    0x004 WorkStart "worker:start",
    0x005 WorkEnd "worker:end",
    0x006 UeventWait "uevent.wait:wait",

    // devlink core.
    0x100 DevlinkLookup "devlink_nl_pre_doit:found",
    0x101 DevlinkDeviceLock "devlink_nl_pre_doit:device-lock",
    0x102 DevlinkLock "devlink_nl_pre_doit:lock",
    0x103 DevlinkMutex "devlink_nl_pre_doit:devlink-mutex",
    0x104 DevlinkDumpit "devlink_nl_dumpit:instance",
    0x105 DevlinkDumpObject "devlink_nl_dumpit:object",
    0x106 RegisterLock "devlink_register:lock",
    0x107 RegisterVisible "devlink_register:visible",
    0x108 RegisterReplay "devlink_notify_register:object",
    0x109 UnregisterLock "devlink_unregister:lock",
    0x10a UnregisterReplay "devlink_notify_unregister:object",
    0x10b UnregisterHidden "devlink_unregister:hidden",
    0x10c DevlinkNotify "devlink_nl_notify_send:notify",
    0x10d PortRegister "devlink_port_register:lock",
    0x10e PortUnregister "devlink_port_unregister:lock",
    0x10f TrapsRegister "devlink_traps_register:lock",
    0x110 TrapsUnregister "devlink_traps_unregister:lock",
    0x111 ParamsRegister "devlink_params_register:lock",
    0x112 ParamsUnregister "devlink_params_unregister:lock",
    0x113 ReloadDown "devlink_reload:down",
    0x114 ReloadUp "devlink_reload:up",
    0x115 ReloadDone "devlink_reload:done",
    0x116 EswitchModeSet "devlink_nl_eswitch_set_doit:mode",
    0x117 EswitchInlineSet "devlink_nl_eswitch_set_doit:inline",
    0x118 RegionNew "devlink_nl_region_new_doit:snapshot-lock",
    0x119 RegionDel "devlink_nl_region_del_doit:snapshot-lock",
    0x11a RegionDestroy "devl_region_destroy:snapshot-lock",
    0x11b RegionSnapshotId "devlink_region_snapshot_id_get:id",
    0x11c HealthReport "devlink_health_report:state",
    0x11d HealthDump "devlink_health_report:dump-lock",
    0x11e HealthRecover "devlink_health_report:recover-lock",
    0x11f HealthReportLock "devlink_health_report:state-lock",
    0x130 TrapGroupSet "devlink_nl_trap_group_set_doit:policer",
    0x131 FlashUpdate "devlink_nl_flash_update_doit:flash",
    0x132 NetnsDelWait "netns_del:wait",
    0x133 CleanupNetLock "cleanup_net:pernet-ops",
    0x134 CleanupNetInstance "devlink_pernet_pre_exit:instance",
    0x135 ReloadNetns "devlink_reload_netns_change:netns",
    0x136 UnregisterWait "devlink_unregister:wait-users",
    0x137 HealthDumpChunk "devlink_nl_health_reporter_dump_get_dumpit:chunk",
    0x138 LineCardSet "devlink_nl_linecard_set_doit:state-lock",
    0x139 NestedNotify "devlink_rel_nested_in_notify:lock",
    0x13a RegionReadChunk "devlink_nl_region_read_dumpit:chunk",
    0x140 RateSet "devlink_nl_rate_set:attribute",
    0x141 RateNodeNew "devlink_nl_rate_new_doit:node",
    0x142 RateNodeDel "devlink_nl_rate_del_doit:node",
    0x143 RateNodesDestroy "devl_rate_nodes_destroy:node",

    // mdev core.
    0x200 MdevRegisterLock "mdev_register_device:parent-list-lock",
    0x201 MdevRegisterSysfs "mdev_register_device:sysfs",
    0x202 MdevRegisterUevent "mdev_register_device:uevent",
    0x203 MdevUnregisterLock "mdev_unregister_device:parent-list-lock",
    0x204 MdevUnregisterSem "mdev_unregister_device:unreg-sem",
    0x205 MdevUnregisterChild "mdev_unregister_device:child",
    0x206 MdevUnregisterSysfs "mdev_unregister_device:sysfs",
    0x207 MdevUnregisterPut "mdev_unregister_device:put",
    0x208 MdevUnregisterUevent "mdev_unregister_device:uevent",
    0x209 MdevUnregisterWait "mdev_unregister_device:wait-released",
    0x20a MdevCreateLock "mdev_device_create:mdev-list-lock",
    0x20b MdevCreateSem "mdev_device_create:unreg-sem",
    0x20c MdevCreateAdd "mdev_device_create:device-add",
    0x20d MdevCreateProbe "mdev_device_create:probe",
    0x20e MdevRemoveLock "mdev_device_remove:mdev-list-lock",
    0x20f MdevRemoveSem "mdev_device_remove:unreg-sem",
    0x210 MdevRemoveDel "mdev_device_remove:device-del",
    0x211 MdevRemovePut "mdev_device_remove:put",
    0x212 MdevRelease "mdev_device_release:lock",
    0x213 MttyProbe "mtty:probe",
    0x214 MttyRemove "mtty:remove",
    0x215 MttyRegister "mtty:register",
    0x216 MttyUnregister "mtty:unregister",
    0x217 MttyWait "mtty:wait-released",
    0x218 MttyChildProbe "mtty_probe:start",
    0x219 MttyChildRemove "mtty_remove:start",
    0x21a MdevCreateStore "create_store:open",
    0x21b MdevCreateActive "mdev_device_create:active",
    0x21c MdevRemoveStore "remove_store:open",
    0x21d MdevRemoveParent "mdev_device_remove:parent",
    0x21e MdevAttach "device_driver_attach:device-lock",
    0x21f MdevUnbind "unbind_store:device-lock",
    0x220 MdevDetach "device_release_driver:device-lock",
    0x221 VfioUse "vfio_device_fops_ioctl:in-use",
    0x222 VfioWait "vfio_unregister_group_dev:wait-users",
    0x223 MdevShow "available_instances_show:open",
    0x224 UdevRule "udev:rule",
    0x225 TimePass "time.pass:releases",
    0x226 MttyDeferred "mtty:unregister-work",
    0x227 MdevUnregisterLink "mdev_unregister_device:class-link",
    0x228 SfChildRemove "mlx5_sf_dev_remove:start",
    0x229 SfEswitch "mlx5_devlink_eswitch_mode_set:mdev",
    0x22a MdevBindFile "unbind_store:open",
    0x22b MdevDriverFiles "mdev_unregister_driver:files",

    // ib_core.
    0x300 IbRegisterLock "ib_register_device:lock",
    0x301 IbRegisterVisible "ib_register_device:visible",
    0x302 IbRegisterClients "ib_register_device:clients",
    0x303 IbClientAdd "add_client_context:add",
    0x304 IbUnregisterLock "ib_unregister_device:lock",
    0x305 IbUnregisterClients "ib_unregister_device:clients",
    0x306 IbClientRemove "remove_client_context:remove",
    0x307 IbUnregisterWait "ib_unregister_device:wait-users",
    0x308 IbUnregisterFree "ib_unregister_device:free",
    0x309 IbRegisterClientLock "ib_register_client:lock",
    0x30a IbRegisterClientDevice "ib_register_client:device",
    0x30b IbUnregisterClientLock "ib_unregister_client:lock",
    0x30c IbUnregisterClientDevice "ib_unregister_client:device",
    0x30d IbUnregisterClientWait "ib_unregister_client:wait-uses",
    0x30e IbEnumLock "ib_enum_roce_ports_of_netdev:lock",
    0x30f IbEnumDevice "ib_enum_roce_ports_of_netdev:device",
    0x310 IbEnumTouch "ib_enum_roce_ports_of_netdev:callback",
    0x311 GidFlush "roce_gid_cache_remove:flush",
    0x312 NetdevEvent "roce_gid_netdev_event:queue",
    0x313 GidRescan "roce_rescan_device:start",
    0x314 ModuleExit "module_exit:start",
    0x315 ModuleExitFlush "module_exit:flush",
    0x316 ModuleGone "module_exit:gone",
    0x317 GidAdd "roce_gid_cache_add:queue",
    0x318 MadAdd "ib_mad_init_device:start",
    0x319 MadRemove "ib_mad_remove_device:start",
    0x31a IbClientDataLock "remove_client_context:client-data",
    0x31b IbUnregisterHide "ib_unregister_device:hide",
    0x31c IbUnregisterClientForget "ib_unregister_client:remove-id",

    // Model drivers.
    0x400 ProbeDeviceLock "driver_probe:device-lock",
    0x401 ProbeAlloc "driver_probe:alloc",
    0x402 ProbeInit "driver_probe:init",
    0x403 ProbeReady "driver_probe:ready",
    0x404 RemoveDeviceLock "driver_remove:device-lock",
    0x405 RemoveTeardown "driver_remove:teardown",
    0x406 RemoveFree "driver_remove:free",
    0x407 DriverReloadDown "driver_reload_down:start",
    0x408 DriverReloadUp "driver_reload_up:start",
    0x409 DriverEswitchMode "driver_eswitch_mode_set:start",
    0x40a DriverPort "driver_port:lock",
    0x40b NewDevice "new_device_store:list-lock",
    0x40c DelDevice "del_device_store:list-lock",
    0x40d TakeSnapshot "nsim_dev_take_snapshot_write:open",
    0x40e TakeSnapshotLock "devlink_region_snapshot_create:snapshot-lock",
    0x40f TakeSnapshotRemove "debugfs_remove:take_snapshot",
    0x410 BreakHealth "nsim_dev_health_break_write:open",
    0x411 HealthRemove "debugfs_remove:health",
    0x412 NetdeviceNotifier "register_netdevice_notifier:pernet-ops",
    0x413 PortFileFound "nsim_dev_port_del:found",
    0x414 PortFileList "nsim_dev_port_del:port-list-lock",
    0x415 PortFilesRemove "device_remove_attrs:new_port",
    0x416 NumVfsStore "sriov_numvfs_store:device-lock",
    0x417 DriverConfigureVfs "nsim_drv_configure_vfs:lock",
    0x418 DriverVfPort "nsim_esw_switchdev_enable:port",
    0x419 LineCardStatus "mlxsw_linecard_status_process:lock",
    0x41a LineCardCancel "mlxsw_linecards_fini:cancel",
    0x41b AuxiliaryAttach "mlx5_attach_device:device-lock",
    0x41c AuxiliaryDetach "mlx5_detach_device:device-lock",
    0x41d RouteChange "inet_rtm_newroute:rtnl",
    0x450 BusFileOpen "new_device_store:open",
    0x451 NsimBusExit "nsim_bus_exit:list-lock",
    0x452 NsimBusExitWait "nsim_bus_exit:wait-released",
    0x453 BusUnregister "bus_unregister:files",
    0x454 NetdevRegister "register_netdevice:rtnl",
    0x455 NetdevUnregister "unregister_netdevice:rtnl",
    0x456 NetdevMove "rtnl_setlink:rtnl",
    0x457 NetdevMoved "dev_change_net_namespace:netns",
    0x458 NetdevExit "default_device_exit_batch:rtnl",
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}
