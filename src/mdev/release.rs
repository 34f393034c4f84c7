//! Releases: what happens when the last reference to a device, a type or a parent is put, now or (if so configured)
//! later, from a workqueue.

use super::decisions::{ParentObject, UuidTaken};
use super::device::Child;
use super::parent::Tracking;
use super::{Mdev, mdev_list_lock};
use crate::event::{MdevType, Parent, Point, QueueName, Subject, Uuid, WorkFn};
use crate::sim::{Kernel, Kref};

/// How many releases hang on each other: a device has its type, and that has the parent's device.
const CHAIN: usize = 3;

/// A device that was removed and whose UUID another may have by now.
#[derive(Debug)]
pub(super) struct DyingChild {
    pub(super) uuid: Uuid,
    pub(super) child: Child,
    /// Whether its last reference is put, so that it is to be released.
    pub(super) is_put: bool,
}

/// What was put for the last time and is not released yet.
#[derive(Debug, Default)]
pub struct Dying {
    types: Vec<(MdevType, Kref, Tracking)>,
    pub(super) children: Vec<DyingChild>,
}

impl Mdev {
    /// Whether each type has a reference to the parent's device; mdev core's counted parent has one for all.
    pub(super) fn types_hold_device(&self) -> bool {
        self.decisions.core_reference && self.decisions.parent_object == ParentObject::Embedded
    }

    /// Models `put_device()` on a mediated device.
    ///
    /// The release reads the device's type, which lies in the vendor module's memory.
    pub(super) async fn put_child(&self, k: &Kernel, uuid: Uuid, kref: Kref, parent: Parent) {
        if !k.put(kref) {
            return;
        }
        if self.decisions.uuid_taken == UuidTaken::UntilRemoval {
            self.note_last_put(uuid, kref);
        }
        if k.kconfig.delayed_release {
            k.queue_work(QueueName::System, WorkFn::ReleaseChild(uuid), parent.module());
        } else {
            let _text = k.text_of(parent.module(), kref);
            self.release_child(k, uuid).await;
        }
    }

    /// Says that a child's last reference is put, where another may have its UUID. One that was never added has none to
    /// remove it.
    fn note_last_put(&self, uuid: Uuid, kref: Kref) {
        let children = &mut self.dying.borrow_mut().children;
        if let Some(dying) = children.iter_mut().find(|dying| dying.child.kref == kref) {
            dying.is_put = true;
        } else if let Some(child) = self.child(uuid).get().filter(|child| child.kref == kref) {
            self.child(uuid).set(None);
            children.push(DyingChild { uuid, child, is_put: true });
        }
    }

    /// Models `mdev_device_release()`: from here on the UUID can be used again.
    pub async fn release_child(&self, k: &Kernel, uuid: Uuid) {
        let list = k.lock(mdev_list_lock(k), Point::MdevRelease).await;
        let child = match self.decisions.uuid_taken {
            UuidTaken::UntilRelease | UuidTaken::ForEver => self.child(uuid).take(),
            UuidTaken::UntilRemoval => {
                let children = &mut self.dying.borrow_mut().children;
                let at = children.iter().position(|dying| dying.uuid == uuid && dying.is_put);
                at.map(|at| children.remove(at).child)
            }
        };
        let Some(child) = child else { return };
        k.free(child.kref);
        let parent = child.tracking.parent;
        if child.is_counted {
            let available = &self.parent(parent).available;
            available.set(available.get() + 1);
        }
        drop(list);
        self.put_type(k, child.tracking, child.kind, child.type_kref).await;
        self.put_parent(k, child.tracking).await;
    }

    /// Models `kobject_put()` on a type.
    pub(super) async fn put_type(&self, k: &Kernel, tracking: Tracking, kind: MdevType, kref: Kref) {
        if !k.put(kref) {
            return;
        }
        if k.kconfig.delayed_release {
            self.dying.borrow_mut().types.push((kind, kref, tracking));
            let module = tracking.parent.module();
            k.queue_work(QueueName::System, WorkFn::ReleaseType(tracking.parent, kind), module);
        } else {
            self.release_one_type(k, tracking, kref).await;
        }
    }

    /// Models `kobject_delayed_cleanup()` of a type's kobject.
    pub async fn release_type(&self, k: &Kernel, parent: Parent, kind: MdevType) {
        loop {
            let next = {
                let types = &mut self.dying.borrow_mut().types;
                let due =
                    |(of, _, tracking): &(MdevType, Kref, Tracking)| *of == kind && tracking.parent == parent;
                let at = types.iter().position(due);
                at.map(|at| types.remove(at))
            };
            let Some((_, kref, tracking)) = next else { return };
            self.release_one_type(k, tracking, kref).await;
        }
    }

    /// Models `mdev_type_release()`.
    async fn release_one_type(&self, k: &Kernel, tracking: Tracking, kref: Kref) {
        k.free(kref);
        if self.types_hold_device() {
            self.put_device(k, tracking.parent, tracking.device).await;
        }
    }

    /// Models `mdev_put_parent()`; the last put is `mdev_release_parent()`. An embedded parent is not counted.
    pub(super) async fn put_parent(&self, k: &Kernel, tracking: Tracking) {
        let Some(kref) = tracking.kref else { return };
        if !k.put(kref) {
            return;
        }
        k.free(kref);
        if self.decisions.core_reference {
            self.put_device(k, tracking.parent, tracking.device).await;
        }
    }

    /// Models `put_device()` on a parent's device: its release is the vendor driver's.
    pub async fn put_device(&self, k: &Kernel, parent: Parent, device: Kref) {
        if !k.put(device) {
            return;
        }
        if k.kconfig.delayed_release {
            k.queue_work(QueueName::System, WorkFn::ReleaseParent(parent), parent.module());
        } else {
            let _text = k.text_of(parent.module(), device);
            self.release_parent(k, parent).await;
        }
    }

    /// Models `mtty_device_release()`: the last reference to a parent's device was put.
    pub async fn release_parent(&self, k: &Kernel, parent: Parent) {
        if let Some(memory) = self.parent(parent).memory.take() {
            k.free(memory);
        }
    }

    /// Waits until everything that is put by now has been released: each release may put what is released next.
    pub async fn wait_released(&self, k: &Kernel, at: Point) {
        for _ in 0..CHAIN {
            k.flush_workqueue(QueueName::System, at).await;
        }
    }

    /// A mediated device as events name it.
    pub(super) fn subject(child: &Child, uuid: Uuid) -> Subject {
        Subject::Child(child.tracking.parent, uuid)
    }
}
