//! Parents: registered with mdev core by a vendor driver, which owns the device it passes.

use super::decisions::{Duplicates, Lookup, ParentObject, Registered, Synchronisation, Unregistered};
use super::types::Types;
use super::{Mdev, Vendor, unreg_sem};
use crate::event::{Action, Errno, LockClass, MdevState, Parent, Point, Span, Subject, What};
use crate::sim::cell::Cell;
use crate::sim::{Kernel, Kref};

/// What is known of one parent.
#[derive(Debug, Default)]
pub struct Slot {
    /// The memory of its `struct device`, until its release has run: mtty keeps it in a static variable.
    pub(super) memory: Cell<Option<Kref>>,
    /// The vendor driver's pointer to that device, from probe to remove.
    device: Cell<Option<Kref>>,
    /// The entry in mdev core's list of parents or, if there is no list, what the vendor driver embeds.
    listed: Cell<Option<Tracking>>,
    /// What registering returned, if it returns a handle.
    handle: Cell<Option<Tracking>>,
    /// The link in the class `mdev_bus`, by which older tools find parents.
    pub(super) has_class_link: Cell<bool>,
    /// The files of the types, with `create` among them.
    pub(super) types: Cell<Option<Types>>,
    /// `available_instances`: how many more devices there can be, if mdev core counts them.
    pub(super) available: Cell<u8>,
}

impl Slot {
    /// The vendor driver's pointer to the device; it may dangle.
    pub fn device(&self) -> Option<Kref> {
        self.device.get()
    }

    /// Models `device_initialize()` by the vendor driver or a bus, whose reference is the first.
    pub fn make_device(&self, k: &Kernel, parent: Parent) -> Result<Kref, Errno> {
        if self.device.get().is_some() || self.memory.get().is_some() {
            return Err(Errno::EEXIST);
        }
        let device = k.kref_init(Subject::Parent(parent));
        self.memory.set(Some(device));
        self.device.set(Some(device));
        Ok(device)
    }

    /// The vendor driver forgets the device.
    pub fn forget_device(&self) {
        self.device.set(None);
    }

    /// Whether the parent is registered.
    pub fn is_registered(&self) -> bool {
        self.listed.get().is_some()
    }
}

/// A registration with mdev core: `struct mdev_parent`, and the device it is about.
#[derive(Debug, Clone, Copy)]
pub struct Tracking {
    pub(super) parent: Parent,
    pub(super) device: Kref,
    /// None if it is a part of the vendor driver's memory.
    pub(super) kref: Option<Kref>,
}

impl Mdev {
    /// Models `mdev_register_device()`, which 6.1 renamed to `mdev_register_parent()`.
    pub async fn register<V: Vendor>(
        &self,
        k: &Kernel,
        vendor: &V,
        parent: Parent,
        device: Kref,
    ) -> Result<(), Errno> {
        k.span(Span::MdevRegister, device.names(Subject::Parent(parent)), async {
            let slot = self.parent(parent);
            let list = self.lock_list(k, Point::MdevRegisterLock).await;
            if slot.listed.get().is_some() {
                match (self.decisions.duplicates, self.decisions.parent_object) {
                    (Duplicates::Unchecked, _) => {}
                    // The directory of the types is there already.
                    (_, ParentObject::Embedded) => return Err(Errno::ENOMEM),
                    (Duplicates::Refused, ParentObject::Counted) => return Err(Errno::EEXIST),
                    (Duplicates::Warned, ParentObject::Counted) => {
                        k.emit(What::Warn(Subject::MdevParent(parent), Point::MdevRegisterLock));
                        return Err(Errno::EEXIST);
                    }
                }
            }
            let kref = (self.decisions.parent_object == ParentObject::Counted).then(|| {
                if self.decisions.core_reference {
                    k.get(device);
                }
                k.kref_init(Subject::MdevParent(parent))
            });
            let tracking = Tracking { parent, device, kref };
            if self.decisions.registered == Registered::BeforeSysfs {
                self.registered(k, parent, device).await;
            }

            k.point(Point::MdevRegisterSysfs).await;
            self.create_types(k, vendor, tracking);
            slot.has_class_link.set(true);
            slot.listed.set(Some(tracking));
            slot.handle.set(Some(tracking));
            drop(list);
            if self.decisions.registered == Registered::AfterSysfs {
                self.registered(k, parent, device).await;
            }
            Ok(())
        })
        .await
    }

    /// Models `mdev_unregister_device()`, which 6.1 renamed to `mdev_unregister_parent()`.
    pub async fn unregister<V: Vendor>(&self, k: &Kernel, vendor: &V, parent: Parent) -> Result<(), Errno> {
        let named = self
            .parent(parent)
            .device()
            .map_or(Subject::Parent(parent).into(), |device| device.names(Subject::Parent(parent)));
        k.span(Span::MdevUnregister, named, async {
            let tracking = self.unlist(k, parent).await?;
            if self.decisions.unregistered == Unregistered::BeforeTeardown {
                self.unregistered(k, tracking).await;
            }
            self.tear_down(k, vendor, tracking).await;
            if self.decisions.release_fence {
                // A child's release still uses the vendor's types and the reference that a child has on us.
                self.wait_released(k, Point::MdevUnregisterWait).await;
            }
            if self.decisions.unregistered == Unregistered::BeforePut {
                self.unregistered(k, tracking).await;
            }

            k.point(Point::MdevUnregisterPut).await;
            if let Some(kref) = tracking.kref {
                k.disown(kref);
            }
            self.put_parent(k, tracking).await;
            if self.decisions.unregistered == Unregistered::AfterPut {
                // Our references are balanced; the caller's own keeps the device for this.
                self.unregistered(k, tracking).await;
            }
            Ok(())
        })
        .await
    }

    /// Takes the parent off the list, by its device or by the handle that the caller has.
    async fn unlist(&self, k: &Kernel, parent: Parent) -> Result<Tracking, Errno> {
        let slot = self.parent(parent);
        let _list = self.lock_list(k, Point::MdevUnregisterLock).await;
        let listed = slot.listed.take();
        if self.decisions.lookup == Lookup::Handle
            && let Some(kref) = slot.handle.get().and_then(|handle| handle.kref)
        {
            // The handle may be stale already.
            k.touch(kref);
        }
        if listed.is_none() && self.decisions.duplicates == Duplicates::Warned {
            k.emit(What::Warn(Subject::MdevParent(parent), Point::MdevUnregisterLock));
        }
        listed.ok_or(Errno::ENODEV)
    }

    /// The list of parents has a lock; where there is no list, callers see to it themselves.
    async fn lock_list<'k>(&self, k: &'k Kernel, at: Point) -> Option<impl Drop + use<'k>> {
        match self.decisions.parent_object {
            ParentObject::Counted => {
                Some(k.lock(k.lock_of(LockClass::ParentListLock, Subject::Kernel), at).await)
            }
            ParentObject::Embedded => None,
        }
    }

    /// The part of `mdev_unregister_device()` under `unreg_sem`: the link, the children, the types.
    async fn tear_down<V: Vendor>(&self, k: &Kernel, vendor: &V, tracking: Tracking) {
        let parent = tracking.parent;
        let _write = match self.decisions.synchronisation {
            Synchronisation::Trylock | Synchronisation::Wait => {
                Some(k.lock(unreg_sem(k, parent), Point::MdevUnregisterSem).await)
            }
            Synchronisation::None => None,
        };
        k.point(Point::MdevUnregisterLink).await;
        self.parent(parent).has_class_link.set(false);
        let mut last = 0;
        while let Some((place, uuid)) = self.child_after(tracking.device, last) {
            last = place;
            k.point(Point::MdevUnregisterChild).await;
            self.remove_from_parent(k, vendor, uuid).await;
        }
        self.remove_types(k, parent).await;
        k.emit_of(tracking.device, What::Hidden(Subject::Parent(parent)));
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
}
