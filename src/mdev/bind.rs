//! The driver of a mediated device: mdev core attaches it, and a user may take it away.

use super::device::Child;
use super::rules::RemoveFile;
use super::{Mdev, Vendor};
use crate::event::{Action, Callback, Errno, LockClass, Module, Parent, Point, Subject, Uuid};
use crate::sim::{Kernel, Kref, LockId};

/// The driver core's lock of a mediated device.
fn child_lock(k: &Kernel, child: Subject) -> LockId {
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
        k.point(Point::MdevCreateProbe).await;
        k.call(Callback::MdevProbe, subject, parent.module(), async {
            k.point(Point::MttyChildProbe).await;
            k.touch(child.tracking.device);
            vendor.probe(parent, uuid, child.kind).await
        })
        .await?;
        self.update(k, uuid, kref, |child| child.is_bound = true);
        k.uevent(Action::Bind, subject, kref);
        Ok(())
    }

    /// Models `device_driver_detach()`: the driver lets go, if it has the device. False if it has not.
    pub(super) async fn detach<V: Vendor>(
        &self,
        k: &Kernel,
        vendor: &V,
        uuid: Uuid,
        child: Child,
        at: Point,
    ) -> bool {
        let (parent, subject) = (child.tracking.parent, Mdev::subject(&child, uuid));
        let _held = k.lock(child_lock(k, subject), at).await;
        // Without a note of who removes a device, it is removed by all who began to.
        let bound = self.child(uuid).get().filter(|now| now.kref == child.kref && now.is_bound);
        if bound.is_none() && self.rules.removal_is_noted {
            return false;
        }
        self.update(k, uuid, child.kref, |child| child.is_bound = false);
        let removed = k.call(Callback::MdevRemove, subject, parent.module(), async {
            k.point(Point::MttyChildRemove).await;
            k.touch(child.tracking.device);
            vendor.remove(parent, uuid).await;
            Ok(())
        });
        removed.await.expect("a driver's remove cannot fail");
        k.uevent(Action::Unbind, subject, child.kref);
        true
    }

    /// Models `unbind_store()`: a write to the driver's `unbind`. The device stays, without a driver.
    pub async fn unbind<V: Vendor>(
        &self,
        k: &Kernel,
        vendor: &V,
        parent: Parent,
        uuid: Uuid,
    ) -> Result<(), Errno> {
        // A file that is not there cannot be opened; one that goes after the open is found gone.
        self.parent(parent).device().ok_or(Errno::ENOENT)?;
        let _file = k.read(driver_files(k, parent.module()), Point::MdevBindFile).await;
        self.parent(parent).device().ok_or(Errno::ENOENT)?;
        let found = self.child(uuid).get().filter(|child| child.is_added && child.is_bound);
        let ours = found.filter(|child| child.tracking.parent.module() == parent.module());
        let child = ours.ok_or(Errno::ENODEV)?;
        let keeps = match self.rules.remove_file {
            RemoveFile::KeepsDevice => Some(k.try_use(child.writers).ok_or(Errno::ENODEV)?),
            RemoveFile::LetsGo => None,
        };
        k.get(child.kref);
        let detached = self.detach(k, vendor, uuid, child, Point::MdevUnbind).await;
        self.put_child(k, uuid, child.kref, child.tracking.parent).await;
        drop(keeps);
        if detached { Ok(()) } else { Err(Errno::ENODEV) }
    }

    /// Models `mdev_unregister_driver()`: the driver's files go, and so is everybody who wrote to them.
    pub async fn unregister_driver(&self, k: &Kernel, module: Module) {
        let _writers = k.lock(driver_files(k, module), Point::MdevDriverFiles).await;
    }

    /// Models `bind_store()`: no device matches a driver, since only mdev core attaches one.
    pub fn bind(&self, parent: Parent) -> Result<(), Errno> {
        self.parent(parent).device().ok_or(Errno::ENOENT)?;
        Err(Errno::ENODEV)
    }
}
