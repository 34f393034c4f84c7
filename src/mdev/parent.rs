//! Parents: registered with mdev core by a vendor driver, which owns the device it passes.

use super::variant::{Duplicates, Registered, Synchronisation, Unregistered};
use super::{Mdev, unreg_sem};
use crate::event::{
    Action, Errno, LockClass, MdevState, Parent, Point, QueueName, Span, Subject, Uuid, What,
};
use crate::sim::{Kernel, Kref, RegistrationId};
use std::cell::Cell;

/// What is known of one parent.
#[derive(Debug, Default)]
pub struct Slot {
    /// The memory of its `struct device`, until its release has run: mtty keeps it in a static variable.
    memory: Cell<Option<Kref>>,
    /// The vendor driver's pointer to that device, from probe to remove.
    device: Cell<Option<Kref>>,
    /// The entry in mdev core's list of parents.
    listed: Cell<Option<Tracking>>,
    /// The files of the types, with `create` among them.
    types: Cell<Option<Types>>,
}

impl Slot {
    /// The vendor driver's pointer to the device; it may dangle.
    pub fn device(&self) -> Option<Kref> {
        self.device.get()
    }

    /// Models `device_initialize()` by the vendor driver, whose reference is the first.
    pub fn make_device(&self, k: &Kernel, parent: Parent) -> Result<Kref, Errno> {
        match (self.device.get(), self.memory.get()) {
            (Some(_), _) => Err(Errno::EBUSY),
            (None, Some(_)) => Err(Errno::EEXIST),
            (None, None) => {
                let device = k.kref_init(Subject::Parent(parent));
                self.memory.set(Some(device));
                self.device.set(Some(device));
                Ok(device)
            }
        }
    }

    /// The vendor driver forgets the device.
    pub fn forget_device(&self) {
        self.device.set(None);
    }

    /// Opens the `create` file, if it is there.
    pub(super) fn types(&self) -> Option<Types> {
        self.types.get()
    }
}

/// A registration with mdev core: `struct mdev_parent`, and the device it is about.
#[derive(Debug, Clone, Copy)]
pub struct Tracking {
    pub(super) parent: Parent,
    pub(super) device: Kref,
    pub(super) kref: Kref,
}

/// The directory `mdev_supported_types`; whoever writes to a file in it is a user of the registration.
#[derive(Debug, Clone, Copy)]
pub struct Types {
    pub(super) tracking: Tracking,
    pub(super) writers: RegistrationId,
}

impl Mdev {
    /// Models `mdev_register_device()`, which 6.1 renamed to `mdev_register_parent()`.
    pub async fn register(&self, k: &Kernel, parent: Parent, device: Kref) -> Result<(), Errno> {
        k.span(Span::MdevRegister, Subject::Parent(parent), async {
            let slot = self.parent(parent);
            let list = k.lock_of(LockClass::ParentListLock, Subject::Kernel);
            let list = k.lock(list, Point::MdevRegisterLock).await;
            if slot.listed.get().is_some() && self.rules.duplicates == Duplicates::Refused {
                return Err(Errno::EEXIST);
            }
            if self.rules.core_reference {
                k.get(device);
            }
            let tracking = Tracking { parent, device, kref: k.kref_init(Subject::MdevParent(parent)) };
            if self.rules.registered == Registered::BeforeSysfs {
                self.registered(k, parent, device).await;
            }

            k.point(Point::MdevRegisterSysfs).await;
            slot.types.set(Some(Types { tracking, writers: k.registration(Subject::Parent(parent)) }));
            slot.listed.set(Some(tracking));
            k.emit(What::Visible(Subject::Parent(parent)));
            drop(list);
            if self.rules.registered == Registered::AfterSysfs {
                self.registered(k, parent, device).await;
            }
            Ok(())
        })
        .await
    }

    /// Models `mdev_unregister_device()`, which 6.1 renamed to `mdev_unregister_parent()`.
    pub async fn unregister(&self, k: &Kernel, parent: Parent) -> Result<(), Errno> {
        k.span(Span::MdevUnregister, Subject::Parent(parent), async {
            let list = k.lock_of(LockClass::ParentListLock, Subject::Kernel);
            let list = k.lock(list, Point::MdevUnregisterLock).await;
            let tracking = self.parent(parent).listed.take().ok_or(Errno::ENODEV)?;
            drop(list);
            if self.rules.unregistered == Unregistered::BeforeTeardown {
                self.unregistered(k, tracking).await;
            }
            self.tear_down(k, tracking).await;
            if self.rules.release_fence {
                // A child's release still uses the vendor's types and the reference that a child has on us.
                k.flush_workqueue(QueueName::System, Point::MdevUnregisterWait).await;
            }
            if self.rules.unregistered == Unregistered::BeforePut {
                self.unregistered(k, tracking).await;
            }

            k.point(Point::MdevUnregisterPut).await;
            k.disown(tracking.kref);
            self.put_parent(k, tracking).await;
            if self.rules.unregistered == Unregistered::AfterPut {
                // Our references are balanced; the caller's own keeps the device for this.
                self.unregistered(k, tracking).await;
            }
            Ok(())
        })
        .await
    }

    /// The part of `mdev_unregister_device()` under `unreg_sem`: the children go, then the types.
    async fn tear_down(&self, k: &Kernel, tracking: Tracking) {
        let parent = tracking.parent;
        let _write = match self.rules.synchronisation {
            Synchronisation::Trylock | Synchronisation::Wait => {
                Some(k.lock(unreg_sem(k, parent), Point::MdevUnregisterSem).await)
            }
            Synchronisation::None => None,
        };
        for uuid in Uuid::ALL.iter().filter(|uuid| self.is_child_of(**uuid, tracking.device)) {
            k.point(Point::MdevUnregisterChild).await;
            self.remove_from_parent(k, *uuid).await;
        }
        if let Some(types) = self.parent(parent).types.get() {
            // Removal of a file waits for those who write to it.
            k.unregister_wait(types.writers, Point::MdevUnregisterSysfs).await;
            self.parent(parent).types.set(None);
        }
        k.emit(What::Hidden(Subject::Parent(parent)));
    }

    /// Models `mdev_put_parent()`; the last put is `mdev_release_parent()`.
    pub(super) async fn put_parent(&self, k: &Kernel, tracking: Tracking) {
        if !k.put(tracking.kref) {
            return;
        }
        k.free(tracking.kref);
        if self.rules.core_reference {
            self.put_device(k, tracking.parent, tracking.device).await;
        }
    }

    async fn registered(&self, k: &Kernel, parent: Parent, device: Kref) {
        k.point(Point::MdevRegisterUevent).await;
        k.uevent(Action::Change(MdevState::Registered), Subject::Parent(parent), device);
    }

    async fn unregistered(&self, k: &Kernel, tracking: Tracking) {
        k.point(Point::MdevUnregisterUevent).await;
        let parent = Subject::Parent(tracking.parent);
        k.uevent(Action::Change(MdevState::Unregistered), parent, tracking.device);
    }

    /// Models `mtty_device_release()`: the last reference to a parent's device was put.
    pub async fn release_parent(&self, k: &Kernel, parent: Parent) {
        if let Some(memory) = self.parent(parent).memory.take() {
            k.free(memory);
        }
    }
}
