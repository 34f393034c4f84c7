//! The driver of a mediated device: mdev core attaches it, and a user may take it away.

use super::decisions::RemoveFile;
use super::device::Child;
use super::{Mdev, Vendor};
use crate::event::{Action, Callback, Errno, LockClass, Module, Parent, Point, Subject, Uuid};
use crate::sim::{Kernel, Kref, LockId};

/// The driver core's lock of a mediated device.
pub(super) fn child_lock(k: &Kernel, child: Subject) -> LockId {
    k.lock_of(LockClass::DeviceLock, child)
}

/// The writers of a driver's `bind` and `unbind`.
fn driver_files(k: &Kernel, module: Module) -> LockId {
    k.lock_of(LockClass::BusFiles, Subject::Module(module))
}

impl Mdev {
    /// Models `device_driver_attach()` with the driver of the parent's vendor.
    pub(super) async fn attach<V: Vendor>(
        &self,
        k: &Kernel,
        vendor: &V,
        uuid: Uuid,
        kref: Kref,
    ) -> Result<(), Errno> {
        let Some(child) = self.child(uuid).get().filter(|child| child.kref == kref) else {
            return Err(Errno::ENODEV);
        };
        let (parent, subject) = (child.tracking.parent, Mdev::subject(&child, uuid));
        let _held = k.lock(child_lock(k, subject), Point::MdevAttach).await;
        self.update(k, uuid, kref, |child| child.has_driver = true);
        k.point(Point::MdevCreateProbe).await;
        let probed = k.call(Callback::MdevProbe, kref.names(subject), parent.module(), async {
            k.point(Point::MttyChildProbe).await;
            k.touch(child.tracking.device);
            vendor.probe(parent, uuid, child.kind).await
        });
        let probed = probed.await;
        let is_bound = probed.is_ok();
        self.update(k, uuid, kref, |child| (child.is_bound, child.has_driver) = (is_bound, is_bound));
        probed?;
        k.uevent(Action::Bind, subject, kref);
        Ok(())
    }

    /// Models `device_driver_detach()`: unbinds the driver, if it is bound to the device.
    pub(super) async fn detach<V: Vendor>(
        &self,
        k: &Kernel,
        vendor: &V,
        uuid: Uuid,
        child: Child,
        at: Point,
    ) {
        let (parent, subject) = (child.tracking.parent, Mdev::subject(&child, uuid));
        let _held = k.lock(child_lock(k, subject), at).await;
        // Without a note of who removes a device, it is removed by all who began to.
        let bound = self.child(uuid).get().filter(|now| now.kref == child.kref && now.is_bound);
        if bound.is_none() && self.decisions.removal_is_noted {
            return;
        }
        self.update(k, uuid, child.kref, |child| child.is_bound = false);
        let removed = k.call(Callback::MdevRemove, child.kref.names(subject), parent.module(), async {
            k.point(Point::MttyChildRemove).await;
            k.touch(child.tracking.device);
            vendor.remove(parent, uuid).await;
            Ok(())
        });
        removed.await.expect("a driver's remove cannot fail");
        self.update(k, uuid, child.kref, |child| child.has_driver = false);
        k.uevent(Action::Unbind, subject, child.kref);
    }

    /// Models `unbind_store()`: a write to the driver's `unbind`. The device stays, without a driver; that it has lost it
    /// meanwhile is no error.
    pub async fn unbind<V: Vendor>(
        &self,
        k: &Kernel,
        vendor: &V,
        parent: Parent,
        uuid: Uuid,
    ) -> Result<(), Errno> {
        // A file that goes is not found; one that goes since the open is no file of a driver any more.
        if !self.has_driver_files(parent) {
            return Err(Errno::ENOENT);
        }
        k.point(Point::MdevBindFile).await;
        if !self.has_driver_files(parent) {
            return Err(Errno::ENODEV);
        }
        let _file = k.read_here(driver_files(k, parent.module())).await;
        let found = self.child(uuid).get().filter(|child| child.is_added && child.has_driver);
        let ours = found.filter(|child| child.tracking.parent.module() == parent.module());
        let child = ours.ok_or(Errno::ENODEV)?;
        let keeps = match self.decisions.remove_file {
            RemoveFile::KeepsDevice => Some(k.try_use(child.writers).ok_or(Errno::ENODEV)?),
            RemoveFile::LetsGo => None,
        };
        k.get(child.kref);
        self.detach(k, vendor, uuid, child, Point::MdevUnbind).await;
        self.put_child(k, uuid, child.kref, child.tracking.parent).await;
        drop(keeps);
        Ok(())
    }

    /// Models `mdev_register_driver()`: the driver has files from here on.
    pub fn register_driver(&self, module: Module) {
        self.drivers.borrow_mut().push(module);
    }

    /// Models `mdev_unregister_driver()`: the driver's files go, and wait for those who write to them.
    pub async fn unregister_driver(&self, k: &Kernel, module: Module) {
        k.point(Point::MdevDriverFiles).await;
        self.drivers.borrow_mut().retain(|driver| *driver != module);
        drop(k.lock_here(driver_files(k, module)).await);
    }

    /// Whether there are the files of a parent's driver: as long as its module has it registered, or where that comes
    /// without its parent, as long as the parent is there.
    fn has_driver_files(&self, parent: Parent) -> bool {
        self.drivers.borrow().contains(&parent.module()) || self.parent(parent).device().is_some()
    }

    /// Models `bind_store()`: no device matches a driver, since only mdev core attaches one.
    pub fn bind(&self, parent: Parent) -> Result<(), Errno> {
        Err(if self.has_driver_files(parent) { Errno::ENODEV } else { Errno::ENOENT })
    }
}
