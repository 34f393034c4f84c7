//! Mediated devices: made by a user who writes a UUID to a parent's `create`, gone by their own `remove`.

use super::bind::child_lock;
use super::decisions::{RemoveFile, Synchronisation, UuidTaken};
use super::parent::Tracking;
use super::release::DyingChild;
use super::types::Types;
use super::{Mdev, Vendor, mdev_list_lock, unreg_sem};
use crate::event::{Action, Errno, MdevType, Parent, Point, RemoveText, Span, Subject, Uuid, UuidText, What};
use crate::operand::Operand;
use crate::sim::{Kernel, Kref, RegistrationId};

/// `struct mdev_device`: in mdev core's list, its UUID taken, until its release.
#[derive(Debug, Clone, Copy)]
pub struct Child {
    pub(super) kref: Kref,
    pub(super) tracking: Tracking,
    pub(super) kind: MdevType,
    pub(super) type_kref: Kref,
    /// Whether it is one of the instances that mdev core counts.
    pub(super) is_counted: bool,
    /// The files of the device; each writer counts as a user.
    pub(super) writers: RegistrationId,
    pub(super) has_remove_file: bool,
    /// Between `device_add()` and `device_del()`.
    pub(super) is_added: bool,
    /// It has its driver.
    pub(super) is_bound: bool,
    /// It has its driver, or the driver's probe runs.
    pub(super) has_driver: bool,
    /// The device's place among all that were added, which is the order of its parent's children.
    pub(super) place: u32,
    /// Creation is complete, and no removal has begun.
    pub(super) is_active: bool,
}

impl Mdev {
    /// Changes a device, whose memory must be there; after its release this is a use of what was freed.
    pub(super) fn update(&self, k: &Kernel, uuid: Uuid, kref: Kref, change: impl FnOnce(&mut Child)) {
        k.touch(kref);
        if let Some(mut child) = self.child(uuid).get().filter(|child| child.kref == kref) {
            change(&mut child);
            self.child(uuid).set(Some(child));
        }
    }

    /// The child to which `device_for_each_child()` of a parent's device comes after one, with its place.
    pub(super) fn child_after(&self, device: Kref, place: u32) -> Option<(u32, Uuid)> {
        let children = Uuid::ALL.iter().filter_map(|uuid| Some((*uuid, self.child(*uuid).get()?)));
        let ours = children.filter(|(_, child)| child.is_added && child.tracking.device == device);
        ours.map(|(uuid, child)| (child.place, uuid)).filter(|(next, _)| *next > place).min()
    }

    /// The devices that users find, each with its type, and with its driver if it has one.
    pub(super) fn children_at_rest(&self, k: &Kernel) {
        for uuid in Uuid::ALL {
            let Some(child) = self.child(*uuid).get().filter(|child| child.is_added) else { continue };
            k.emit(What::AtRest(Mdev::subject(&child, *uuid), child.kind.to_byte()));
            if child.is_bound {
                k.emit(What::AtRest(Subject::VfioDevice(child.tracking.parent, *uuid), 0));
            }
        }
    }

    /// There is no memory for the next device that a user creates.
    pub fn fail_allocation(&self) {
        self.no_memory.set(true);
    }

    /// Models `create_store()`: a write to the `create` file of one of the parent's types.
    pub async fn create<V: Vendor>(
        &self,
        k: &Kernel,
        vendor: &V,
        (parent, kind): (Parent, MdevType),
        uuid: Uuid,
        text: UuidText,
    ) -> Result<(), Errno> {
        let types = self.parent(parent).types.get().ok_or(Errno::ENOENT)?;
        // A file that goes is not found; one that goes since the open is no file of a device any more.
        let (kind, files) =
            types.find(kind).filter(|(_, files)| k.is_open(files.writers)).ok_or(Errno::ENOENT)?;
        k.point(Point::MdevCreateStore).await;
        let _writing = k.try_use(files.writers).ok_or(Errno::ENODEV)?;
        match text {
            UuidText::Plain | UuidText::Upper | UuidText::OneMore => {}
            UuidText::TooShort | UuidText::TooLong | UuidText::Junk => return Err(Errno::EINVAL),
        }
        let created = self.device_create(k, vendor, uuid, types, (kind, files.kref));
        k.span(Span::MdevCreate, Subject::Child(parent, uuid), created).await
    }

    /// Models `mdev_device_create()`.
    async fn device_create<V: Vendor>(
        &self,
        k: &Kernel,
        vendor: &V,
        uuid: Uuid,
        types: Types,
        (kind, type_kref): (MdevType, Kref),
    ) -> Result<(), Errno> {
        let tracking = types.tracking;
        let subject = Subject::Child(tracking.parent, uuid);
        let list = k.lock(mdev_list_lock(k), Point::MdevCreateLock).await;
        let was_used = self.decisions.uuid_taken == UuidTaken::ForEver && self.used(uuid).replace(true);
        if was_used || self.child(uuid).get().is_some() {
            return Err(Errno::EEXIST);
        }
        let is_counted = types.spec.instances > 0;
        self.count_instance(types, k.may_fail().is_err())?;
        if let Some(kref) = tracking.kref {
            k.get(kref);
        }
        k.get(type_kref);
        let kref = k.kref_init(subject);
        self.child(uuid).set(Some(Child {
            kref,
            tracking,
            kind,
            type_kref,
            is_counted,
            writers: k.registration(subject),
            has_remove_file: false,
            is_added: false,
            is_bound: false,
            has_driver: false,
            place: 0,
            is_active: false,
        }));
        drop(list);

        let sem = unreg_sem(k, tracking.parent);
        let _read = match self.decisions.synchronisation {
            Synchronisation::Trylock => {
                k.point(Point::MdevCreateSem).await;
                let read = k.try_read(sem);
                if read.is_none() {
                    k.disown(kref);
                    self.put_child(k, uuid, kref, tracking.parent).await;
                    return Err(Errno::ENODEV);
                }
                read
            }
            Synchronisation::Wait => Some(k.read(sem, Point::MdevCreateSem).await),
            Synchronisation::None => None,
        };

        k.point(Point::MdevCreateAdd).await;
        k.get(tracking.device);
        let place = self.added.get() + 1;
        self.added.set(place);
        self.update(k, uuid, kref, |child| {
            child.is_added = true;
            child.place = place;
            child.has_remove_file = true;
        });
        k.emit_of(kref, What::Add(subject));
        k.uevent(Action::Add, subject, kref);

        if let Err(errno) = self.attach(k, vendor, uuid, kref).await {
            if let Some(child) = self.child(uuid).get().filter(|child| child.kref == kref) {
                self.device_del(k, vendor, uuid, child).await;
            }
            return Err(errno);
        }
        k.point(Point::MdevCreateActive).await;
        self.update(k, uuid, kref, |child| child.is_active = true);
        Ok(())
    }

    /// Takes one of the instances that mdev core counts. Holds `mdev_list_lock`.
    fn count_instance(&self, types: Types, is_out_of_memory: bool) -> Result<(), Errno> {
        let available = &self.parent(types.tracking.parent).available;
        let is_counted = types.spec.instances > 0;
        if is_counted {
            available.set(available.get().checked_sub(1).ok_or(Errno::EUSERS)?);
        }
        if self.no_memory.take() || is_out_of_memory {
            if is_counted && !self.decisions.instance_lost_without_memory {
                available.set(available.get() + 1);
            }
            return Err(Errno::ENOMEM);
        }
        Ok(())
    }

    /// Models `remove_store()`: a write to the device's `remove` file, which one writer wins.
    ///
    /// A task that loses, or fails after the file is gone, cannot try again: the parent takes such a device along.
    pub async fn remove<V: Vendor>(
        &self,
        k: &Kernel,
        vendor: &V,
        uuid: Uuid,
        text: RemoveText,
    ) -> Result<(), Errno> {
        let opened = self.child(uuid).get().filter(|child| child.has_remove_file);
        let child = opened.ok_or(Errno::ENOENT)?;
        k.point(Point::MdevRemoveStore).await;
        let writing = k.try_use(child.writers).ok_or(Errno::ENODEV)?;
        // Models `kernfs_get_active()`: the writer that wins takes the file away, and what is open leads nowhere then.
        let is_there = |state: Child| state.kref == child.kref && state.has_remove_file;
        if !self.child(uuid).get().is_some_and(is_there) {
            return Err(Errno::ENODEV);
        }
        match text {
            RemoveText::One | RemoveText::Two => {}
            RemoveText::Zero => return Ok(()),
            RemoveText::Junk | RemoveText::Negative => return Err(Errno::EINVAL),
        }
        self.update(k, uuid, child.kref, |child| child.has_remove_file = false);
        let writing = match self.decisions.remove_file {
            RemoveFile::KeepsDevice => Some(writing),
            RemoveFile::LetsGo => {
                drop(writing);
                None
            }
        };
        let removed = self.device_remove(k, vendor, uuid, child.kref, writing);
        k.span(Span::MdevRemove, child.kref.names(Mdev::subject(&child, uuid)), removed).await
    }

    /// Models `mdev_device_remove()`. The writer counts as one, and so keeps the device from being deleted,
    /// until it holds what the parent waits for.
    async fn device_remove<V: Vendor, User>(
        &self,
        k: &Kernel,
        vendor: &V,
        uuid: Uuid,
        kref: Kref,
        writing: Option<User>,
    ) -> Result<(), Errno> {
        k.point(Point::MdevRemoveParent).await;
        k.touch(kref);
        let list = k.lock(mdev_list_lock(k), Point::MdevRemoveLock).await;
        let child = self.child(uuid).get().filter(|child| child.kref == kref).ok_or(Errno::ENODEV)?;
        if self.decisions.removal_is_noted {
            if !child.is_active {
                return Err(Errno::EAGAIN);
            }
            self.update(k, uuid, kref, |child| child.is_active = false);
        }
        drop(list);

        let _read = match self.decisions.synchronisation {
            Synchronisation::Trylock | Synchronisation::Wait => {
                k.point(Point::MdevRemoveSem).await;
                Some(k.try_read(unreg_sem(k, child.tracking.parent)).ok_or(Errno::ENODEV)?)
            }
            Synchronisation::None => None,
        };
        if self.decisions.open_is_refused && vendor.is_open(uuid) {
            self.update(k, uuid, kref, |child| (child.is_active, child.has_remove_file) = (true, true));
            return Err(Errno::EBUSY);
        }
        drop(writing);
        self.device_del(k, vendor, uuid, child).await;
        Ok(())
    }

    /// Models `mdev_device_remove_cb()`: the parent is unregistered and takes its children along.
    pub(super) async fn remove_from_parent<V: Vendor>(&self, k: &Kernel, vendor: &V, uuid: Uuid) {
        if self.decisions.synchronisation == Synchronisation::None && self.decisions.removal_is_noted {
            // Up to 5.1 another task may be creating or removing it; the flag says so, and this one does not wait.
            let _list = k.lock(mdev_list_lock(k), Point::MdevRemoveLock).await;
            let Some(child) = self.child(uuid).get().filter(|child| child.is_active) else { return };
            self.update(k, uuid, child.kref, |child| child.is_active = false);
        }
        if let Some(child) = self.child(uuid).get() {
            self.device_del(k, vendor, uuid, child).await;
        }
    }

    /// Models `mdev_device_remove_common()`, and the end of a creation that failed: `device_del()` and the put.
    async fn device_del<V: Vendor>(&self, k: &Kernel, vendor: &V, uuid: Uuid, child: Child) {
        let (subject, parent) = (Mdev::subject(&child, uuid), child.tracking.parent);
        let device = child.tracking.device;
        k.point(Point::MdevRemoveDel).await;
        // Models `kill_device()`, which waits until no task binds or unbinds.
        drop(k.lock_here(child_lock(k, subject)).await);
        // Removal of a file waits for those who write to it.
        k.unregister_wait_here(child.writers).await;
        self.update(k, uuid, child.kref, |child| {
            child.is_added = false;
            child.has_remove_file = false;
        });
        self.detach(k, vendor, uuid, child, Point::MdevDetach).await;
        k.emit_of(child.kref, What::Remove(subject));
        k.uevent(Action::Remove, subject, child.kref);
        self.put_device(k, parent, device).await;
        if self.decisions.uuid_taken == UuidTaken::UntilRemoval {
            self.child(uuid).set(None);
            self.dying.borrow_mut().children.push(DyingChild { uuid, child, is_put: false });
        }

        k.point(Point::MdevRemovePut).await;
        k.disown(child.kref);
        self.put_child(k, uuid, child.kref, parent).await;
    }
}
