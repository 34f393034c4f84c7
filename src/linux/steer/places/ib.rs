//! Places of RDMA: ib_core with its GID tables, the clients of users, and the two software drivers.
//!
//! What reads or writes the lists of devices and of clients is a function each in every release since 5.3, but for those
//! that the compiler builds into their callers: both shapes are rows here, and a kernel has one of them.

use super::super::place::{Place, Site, at};
use crate::event::Point;

/// A place in the text of ib_core.
const fn core(point: Point, site: Site) -> Place {
    at(point, site).of("ib_core")
}

/// A place in the text of the character devices through which users have RDMA.
const fn uverbs(point: Point, site: Site) -> Place {
    at(point, site).of("ib_uverbs")
}

/// A place in the text of the connection manager.
const fn cm(point: Point, site: Site) -> Place {
    at(point, site).of("ib_cm")
}

/// Where a dump is asked for: what fills its messages runs once more, to find that there is nothing more.
const DUMP: Site = Site::Call("rdma_nl_rcv_msg", "__netlink_dump_start", 1);

pub(super) const PLACES: &[Place] = &[
    // A device comes.
    core(Point::IbRegisterLock, Site::Call("ib_register_device", "down_write", 1)),
    core(Point::IbRegisterLock, Site::Call("assign_name", "down_write", 1)),
    core(Point::IbRegisterVisible, Site::Call("enable_device_and_get", "down_write", 1)),
    core(Point::IbRegisterClientsLock, Site::Call("enable_device_and_get", "down_read", 1)),
    core(Point::IbRegisterClients, Site::After("enable_device_and_get", "down_read", 1)),
    core(Point::IbClientAdd, Site::Call("add_client_context", "down_write", 1)),
    core(Point::IbNotifyAdd, Site::Call("ib_device_notify_register", "down_read", 1)),
    core(Point::IbNotifyAdd, Site::Call("ib_register_device", "down_read", 1)),
    core(Point::IbNotifyName, Site::Call("ib_device_notify_register", "kobject_uevent", 1)),
    core(Point::IbNotifyName, Site::Call("ib_register_device", "kobject_uevent", 1)),
    core(Point::IbNotifyRegister, Site::Call("ib_device_notify_register", "rdma_nl_notify_event", 1))
        .since(6, 12),
    core(Point::IbNotifyRegister, Site::Call("ib_register_device", "rdma_nl_notify_event", 1)).since(6, 12),
    core(Point::IbNotifyRegister, Site::After("ib_register_device", "kobject_uevent", 1))
        .before(6, 12)
        .near("after the uevent: nothing else is told of a device"),
    core(Point::IbNotifyAttach, Site::Call("ib_device_notify_register", "ib_device_get_netdev", 1))
        .since(6, 12),
    core(Point::IbNotifyAttach, Site::Call("ib_register_device", "ib_device_get_netdev", 1)).since(6, 12),
    // It goes. From 6.11 on those that are made of it go first, under a lock of their own.
    core(Point::IbUnregisterLock, Site::Call("__ib_unregister_device", "mutex_lock", 1)).before(6, 11),
    core(Point::IbUnregisterLock, Site::Call("__ib_unregister_device", "mutex_lock", 2)).since(6, 11),
    core(Point::IbUnregisterHide, Site::Call("disable_device", "down_write", 1)),
    core(Point::IbUnregisterClients, Site::Call("disable_device", "down_read", 1)),
    core(Point::IbClientDataLock, Site::Call("remove_client_context", "down_write", 1)),
    // The first `up_write` is for a client that does not have the device.
    core(Point::IbClientRemove, Site::After("remove_client_context", "up_write", 2)),
    core(Point::IbUnregisterWait, Site::Call("disable_device", "wait_for_completion", 1)),
    core(Point::IbNotifyUnregister, Site::Call("__ib_unregister_device", "rdma_nl_notify_event", 1))
        .since(6, 12),
    core(Point::IbNotifyUnregister, Site::Call("__ib_unregister_device", "free_netdevs", 1))
        .before(6, 12)
        .near("before the references to the netdevs are dropped, which no event shows"),
    core(Point::IbNotifyRemove, Site::Call("__ib_unregister_device", "device_del", 1)),
    core(Point::IbUnregisterFree, Site::Call("__ib_unregister_device", "ib_dealloc_device", 1)),
    core(Point::IbUnregisterWork, Site::Entry("ib_unregister_work")),
    core(Point::UnregisterDriver, Site::Call("ib_unregister_driver", "down_read", 1)),
    core(Point::UnregisterDriver, Site::Call("ib_unregister_driver", "down_read", 2)),
    // A client comes and goes.
    core(Point::IbRegisterClientLock, Site::Call("ib_register_client", "down_write", 1)),
    core(Point::IbRegisterClientsLock, Site::Call("ib_register_client", "down_write", 2)),
    core(Point::IbRegisterClientDevice, Site::Call("ib_register_client", "add_client_context", 1)),
    core(Point::IbUnregisterClientLock, Site::Call("ib_unregister_client", "down_write", 1)),
    core(Point::IbUnregisterClientDevice, Site::Call("ib_unregister_client", "remove_client_context", 1)),
    core(Point::IbUnregisterClientWait, Site::Call("ib_unregister_client", "wait_for_completion", 1)),
    core(Point::IbUnregisterClientForget, Site::After("ib_unregister_client", "wait_for_completion", 1)),
    // GID tables follow netdevs: an address changes, and a worker tells every device.
    core(Point::IbEnumLock, Site::Call("ib_enum_all_roce_netdevs", "down_read", 1)),
    core(Point::IbEnumDevice, Site::Call("ib_enum_all_roce_netdevs", "ib_enum_roce_netdev", 1)),
    core(Point::IbEnumTouch, Site::Call("ib_enum_all_roce_netdevs", "ib_enum_roce_netdev", 1)),
    core(Point::GidMark, Site::Call("ib_device_enable_gid_updates", "down_write", 1)),
    core(Point::GidRescanDevice, Site::Entry("rdma_roce_rescan_device")),
    core(Point::GidUnmark, Site::Call("ib_device_disable_gid_updates", "down_write", 1)),
    core(Point::GidCleanup, Site::Call("ib_cache_cleanup_one", "gid_table_cleanup_one", 1)),
    // Routes, addresses and links are changed under one lock, which each of them takes for itself from 6.13 on.
    at(Point::NetdevEvent, Site::Call("rtnetlink_rcv_msg", "rtnl_lock", 1)).before(6, 14),
    at(Point::NetdevEvent, Site::Call("inet_rtm_newaddr", "rtnl_lock", 1)).since(6, 14),
    at(Point::NetdevEvent, Site::Call("inet6_rtm_newaddr", "rtnl_lock", 1)).since(6, 14),
    at(Point::NetdevChange, Site::Call("rtnetlink_rcv_msg", "rtnl_lock", 1)).before(6, 14),
    at(Point::NetdevChange, Site::Call("inet_rtm_deladdr", "rtnl_lock", 1)).since(6, 14),
    at(Point::NetdevChange, Site::Call("inet6_rtm_deladdr", "rtnl_lock", 1)).since(6, 14),
    // Users. A user who names a device looks through a dump for its index first.
    core(Point::IbShow, DUMP).by(&["rdma.dev-show", "rdma.link-show", "rdma.set-netns"]),
    core(Point::IbShowPort, Site::Call("nldev_port_get_dumpit", "fill_port_info", 1)),
    core(Point::IbRenameFind, DUMP).by(&["rdma.rename"]),
    core(Point::IbRenameLock, Site::Call("ib_device_rename", "down_write", 1)),
    core(Point::IbRenameClient, Site::Call("ib_device_rename", "down_read", 1)),
    core(Point::IbDelFind, DUMP).by(&["rdma.link-del"]),
    core(Point::IbDelFound, Site::Call("ib_unregister_device_and_put", "__ib_unregister_device", 1)),
    core(Point::NewLink, Site::Call("nldev_newlink", "dev_get_by_name", 1)),
    core(Point::NewLink, Site::Call("nldev_newlink", "down_read", 1)),
    core(Point::LinkUnregister, Site::Call("rdma_link_unregister", "down_write", 1)),
    core(Point::IbChangeNetns, Site::Call("rdma_dev_change_netns", "mutex_lock", 1)),
    core(Point::IbExitNetns, Site::Call("rdma_dev_exit_net", "down_read", 1)),
    core(Point::IbExitNetns, Site::Call("rdma_dev_exit_net", "down_read", 2)),
    core(Point::IbInitNetns, Site::Call("rdma_dev_init_net", "down_read", 1)),
    // Clients of ib_core. That of messages is a part of it; the connection manager is a module that nothing here needs.
    core(Point::MadAdd, Site::Entry("ib_mad_init_device")),
    core(Point::MadRemove, Site::Entry("ib_mad_remove_device")),
    cm(Point::CmAdd, Site::Entry("cm_add_one")),
    cm(Point::CmRemove, Site::Entry("cm_remove_one")),
    cm(Point::CmFlush, Site::Call("cm_remove_one", "__flush_workqueue", 1)),
    cm(Point::CmRequest, Site::Entry("cm_recv_handler"))
        .near("where the message has arrived: it is queued under a spinlock, where no task may sleep"),
    cm(Point::CmWork, Site::Entry("cm_work_handler")),
    core(Point::NetDevLookup, Site::Call("ib_get_net_dev_by_params", "down_read", 1)),
    uverbs(Point::UverbsAdd, Site::Entry("ib_uverbs_add_one")),
    uverbs(Point::UverbsRemove, Site::Entry("ib_uverbs_remove_one")),
    uverbs(Point::UverbsDisassociate, Site::Entry("uverbs_disassociate_api_pre")),
    uverbs(Point::UverbsWait, Site::Call("ib_uverbs_remove_one", "wait_for_completion", 1)),
    at(Point::UverbsOpen, Site::Entry("chrdev_open"))
        .near("the file has been found by its name: what goes now is missed as a device and not as a file"),
    uverbs(Point::UverbsCommand, Site::Entry("ib_uverbs_cmd_verbs")),
    uverbs(Point::UverbsEvents, Site::Entry("ib_uverbs_async_event_read")),
    uverbs(Point::UverbsClose, Site::Entry("ib_uverbs_close")),
    at(Point::UmadRead, Site::Entry("kernfs_seq_start")).by(&["rdma.umad-read"]),
    at(Point::UmadShow, Site::Entry("ibdev_show")).of("ib_umad").by(&["rdma.umad-read"]),
    at(Point::UmadFileRemove, Site::Call("ib_umad_kill_port", "cdev_device_del", 2)).of("ib_umad"),
    at(Point::UmadFileRemove, Site::Call("ib_umad_remove_one", "cdev_device_del", 2)).of("ib_umad"),
    at(Point::UmadAdd, Site::Entry("ib_umad_add_one")).of("ib_umad"),
    at(Point::UmadRemove, Site::Entry("ib_umad_remove_one")).of("ib_umad"),
];
