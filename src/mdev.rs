//! mdev: parents that can be split into mediated devices, and the uevents that say so.
//!
//! The references are those of the kernel that the mail argued about (5.3: a counted `struct mdev_parent`);
//! the order of registration and the locking of creation are those of 6.12, where it was settled.

pub mod command;
pub mod device;
pub mod parent;
pub mod variant;

pub use command::Command;
pub use variant::Rules;

use crate::event::{LockClass, Module, Parent, QueueName, Subject, Uuid, WorkFn};
use crate::sim::{Kernel, Kref, LockId};
use std::cell::Cell;

/// mdev core in one run.
#[derive(Debug)]
pub struct Mdev {
    /// The rules of this run.
    pub rules: Rules,
    parents: [parent::Slot; Parent::COUNT],
    children: [Cell<Option<device::Child>>; Uuid::COUNT],
}

impl Mdev {
    /// mdev core with nothing registered.
    pub fn new(rules: Rules) -> Self {
        Mdev { rules, parents: Default::default(), children: Default::default() }
    }

    /// What is known of a parent.
    pub fn parent(&self, parent: Parent) -> &parent::Slot {
        &self.parents[parent.index()]
    }

    /// The mediated device with this UUID, from its creation until its release.
    fn child(&self, uuid: Uuid) -> &Cell<Option<device::Child>> {
        &self.children[uuid.index()]
    }

    /// Models `put_device()` on a mediated device: the last one releases it, now or (if so configured) later.
    ///
    /// The release reads the device's type, which lies in the vendor module's memory.
    async fn put_child(&self, k: &Kernel, uuid: Uuid, kref: Kref) {
        if !k.put(kref) {
            return;
        }
        if k.config.delayed_release {
            k.queue_work(QueueName::System, WorkFn::ReleaseChild(uuid), Module::Mtty);
        } else {
            let _text = k.text(Module::Mtty);
            self.release_child(k, uuid).await;
        }
    }

    /// Models `put_device()` on a parent's device: its release is the vendor driver's.
    pub async fn put_device(&self, k: &Kernel, parent: Parent, device: Kref) {
        if !k.put(device) {
            return;
        }
        if k.config.delayed_release {
            k.queue_work(QueueName::System, WorkFn::ReleaseParent(parent), Module::Mtty);
        } else {
            let _text = k.text(Module::Mtty);
            self.release_parent(k, parent).await;
        }
    }
}

/// The driver core's lock of a parent: whoever binds, unbinds, registers or unregisters it comes one by one.
pub fn device_lock(k: &Kernel, parent: Parent) -> LockId {
    k.lock_of(LockClass::DeviceLock, Subject::Parent(parent))
}

fn mdev_list_lock(k: &Kernel) -> LockId {
    k.lock_of(LockClass::MdevListLock, Subject::Kernel)
}

fn unreg_sem(k: &Kernel, parent: Parent) -> LockId {
    k.lock_of(LockClass::UnregSem, Subject::MdevParent(parent))
}
