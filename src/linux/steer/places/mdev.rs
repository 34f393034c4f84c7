//! Places of mediated devices: mdev core, the two sample drivers, and vfio under them.
//!
//! A parent is a part of its driver's memory from 6.1 on. A user's write to a file of sysfs stops before kernfs has the
//! file, whichever file it is; so those points are told apart by the command that is under way.

use super::super::place::{Place, Site, at};
use crate::event::Point;

/// A place in the text of mdev core.
const fn mdev(point: Point, site: Site) -> Place {
    at(point, site).of("mdev")
}

pub(super) const PLACES: &[Place] = &[
    // A parent comes.
    mdev(Point::MdevRegisterSysfs, Site::Call("mdev_register_parent", "parent_create_sysfs_files", 1)),
    mdev(Point::MdevRegisterUevent, Site::Call("mdev_register_parent", "kobject_uevent_env", 1)),
    // It goes, and takes its children along.
    mdev(Point::MdevUnregisterSem, Site::Call("mdev_unregister_parent", "down_write", 1)),
    mdev(Point::MdevUnregisterLink, Site::Call("mdev_unregister_parent", "class_compat_remove_link", 1)),
    mdev(Point::MdevUnregisterChild, Site::Entry("mdev_device_remove_cb")),
    mdev(Point::MdevUnregisterSysfs, Site::Call("mdev_unregister_parent", "parent_remove_sysfs_files", 1)),
    mdev(Point::MdevUnregisterPut, Site::After("mdev_unregister_parent", "up_write", 1)),
    mdev(Point::MdevUnregisterUevent, Site::Call("mdev_unregister_parent", "kobject_uevent_env", 1)),
    // A user makes a device.
    at(Point::MdevCreateStore, Site::Entry("kernfs_fop_write_iter")).by(&["mdev.create"]),
    mdev(Point::MdevCreateLock, Site::Call("mdev_device_create", "mutex_lock", 1)),
    mdev(Point::MdevCreateSem, Site::Call("mdev_device_create", "down_read_trylock", 1)),
    mdev(Point::MdevCreateAdd, Site::Call("mdev_device_create", "device_add", 1)),
    mdev(Point::MdevAttach, Site::Call("mdev_device_create", "device_driver_attach", 1)),
    mdev(Point::MdevCreateProbe, Site::Entry("mdev_probe")),
    at(Point::MttyChildProbe, Site::Entry("mtty_probe")).of("mtty"),
    at(Point::MttyChildProbe, Site::Entry("mdpy_probe")).of("mdpy"),
    mdev(Point::MdevCreateActive, Site::After("mdev_device_create", "mdev_create_sysfs_files", 1)),
    // A user removes it. The writer drops its reference to its own file before mdev core is asked.
    at(Point::MdevRemoveStore, Site::Entry("kernfs_fop_write_iter")).by(&["mdev.remove"]),
    mdev(Point::MdevRemoveParent, Site::Call("remove_store", "mdev_device_remove", 1)),
    mdev(Point::MdevRemoveLock, Site::Call("mdev_device_remove", "mutex_lock", 1)),
    mdev(Point::MdevRemoveSem, Site::Call("mdev_device_remove", "down_read_trylock", 1)),
    // However it ends: removed by a user or with its parent (in a function of its own, or compiled into both callers),
    // or because it could not be made.
    mdev(Point::MdevRemoveDel, Site::Entry("mdev_device_remove_common")),
    mdev(Point::MdevRemoveDel, Site::Call("mdev_device_remove", "mdev_remove_sysfs_files", 1)),
    mdev(Point::MdevRemoveDel, Site::Call("mdev_device_remove_cb", "mdev_remove_sysfs_files", 1)),
    mdev(Point::MdevRemoveDel, Site::Call("mdev_device_create", "device_del", 1)),
    at(Point::MdevDetach, Site::Entry("device_release_driver")),
    at(Point::MttyChildRemove, Site::Entry("mtty_remove")).of("mtty"),
    at(Point::MttyChildRemove, Site::Entry("mdpy_remove")).of("mdpy"),
    mdev(Point::MdevRemovePut, Site::Call("mdev_device_remove_common", "put_device", 1)),
    mdev(Point::MdevRemovePut, Site::Call("mdev_device_remove", "put_device", 1)),
    mdev(Point::MdevRemovePut, Site::Call("mdev_device_remove_cb", "put_device", 1)),
    mdev(Point::MdevRemovePut, Site::Call("mdev_device_create", "put_device", 1)),
    mdev(Point::MdevRelease, Site::Call("mdev_device_release", "mutex_lock", 1)),
    // Its driver and its files.
    at(Point::MdevBindFile, Site::Entry("kernfs_fop_write_iter")).by(&["mdev.unbind"]),
    at(Point::MdevUnbind, Site::Call("unbind_store", "device_driver_detach", 1)),
    mdev(Point::MdevDriverFiles, Site::Entry("mdev_unregister_driver")),
    // A vendor driver makes its parent when its module is loaded, and unmakes it when that goes.
    mdev(Point::MttyProbe, Site::Entry("mdev_register_driver")),
    at(Point::MttyRemove, Site::Entry("cleanup_module")).of("mtty"),
    at(Point::MttyRemove, Site::Entry("cleanup_module")).of("mdpy"),
    // Users of a device.
    at(Point::VfioUse, Site::Entry("vfio_device_fops_unl_ioctl")).of("vfio"),
    at(Point::VfioWait, Site::Entry("vfio_unregister_group_dev")).of("vfio"),
];
