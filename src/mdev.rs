//! mdev: parents that can be split into mediated devices, and the uevents that say so.
//!
//! The references are those of the kernel that the mail argued about (5.3: a counted `struct mdev_parent`); the types,
//! the order of registration and the locking of creation are those of 6.12, where it was settled.

mod bind;
pub mod command;
pub mod decisions;
pub mod device;
pub mod parent;
pub mod release;
pub mod types;
pub mod udev;
pub mod variant;

pub use command::Command;
pub use decisions::Decisions;
pub use types::Spec;

use crate::event::{Errno, LockClass, MdevType, Module, Parent, Subject, Uuid};
use crate::sim::cell::{Cell, RefCell};
use crate::sim::{Kernel, LockId};

/// mdev core in one run.
#[derive(Debug)]
pub struct Mdev {
    /// The decisions of this run.
    pub decisions: Decisions,
    parents: [parent::Slot; Parent::COUNT],
    children: [Cell<Option<device::Child>>; Uuid::COUNT],
    /// The UUIDs that a device had at any time.
    used: [Cell<bool>; Uuid::COUNT],
    /// What waits for a release that the kernel delays and is no longer found elsewhere.
    dying: RefCell<release::Dying>,
    /// The modules whose driver is registered.
    drivers: RefCell<Vec<Module>>,
    /// How many devices were added.
    added: Cell<u32>,
    /// There is no memory for the next device.
    no_memory: Cell<bool>,
}

/// Models `struct mdev_driver`: what mdev core asks of a vendor driver.
#[allow(async_fn_in_trait, reason = "a run has one thread, so its futures need not be Send")]
pub trait Vendor {
    /// What the driver says of a parent when it registers it.
    fn spec(&self, parent: Parent) -> &'static Spec;
    /// How many more devices of a type there can be, if the driver counts them itself.
    fn get_available(&self, parent: Parent, kind: MdevType) -> Option<u8>;
    /// The driver is bound to a new device.
    async fn probe(&self, parent: Parent, uuid: Uuid, kind: MdevType) -> Result<(), Errno>;
    /// Unbinds the driver from a device.
    async fn remove(&self, parent: Parent, uuid: Uuid);
    /// Whether a user has a device open.
    fn is_open(&self, uuid: Uuid) -> bool;
}

impl Mdev {
    /// mdev core with nothing registered.
    pub fn new(decisions: Decisions) -> Self {
        Mdev {
            decisions,
            parents: Default::default(),
            children: Default::default(),
            used: Default::default(),
            dying: RefCell::default(),
            drivers: RefCell::default(),
            added: Cell::new(0),
            no_memory: Cell::new(false),
        }
    }

    /// What is known of a parent.
    pub fn parent(&self, parent: Parent) -> &parent::Slot {
        &self.parents[parent.index()]
    }

    /// The mediated device with this UUID, from its creation until its release.
    fn child(&self, uuid: Uuid) -> &Cell<Option<device::Child>> {
        &self.children[uuid.index()]
    }

    /// Whether a device had this UUID at any time.
    fn used(&self, uuid: Uuid) -> &Cell<bool> {
        &self.used[uuid.index()]
    }
}

/// The driver core's lock of a parent: tasks bind, unbind, register and unregister it one by one.
pub fn device_lock(k: &Kernel, parent: Parent) -> LockId {
    k.lock_of(LockClass::DeviceLock, Subject::Parent(parent))
}

fn mdev_list_lock(k: &Kernel) -> LockId {
    k.lock_of(LockClass::MdevListLock, Subject::Kernel)
}

fn unreg_sem(k: &Kernel, parent: Parent) -> LockId {
    k.lock_of(LockClass::UnregSem, Subject::MdevParent(parent))
}
