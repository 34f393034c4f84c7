//! Mediated devices: made by a user who writes a UUID to a parent's `create`, gone by their own `remove`.

use super::parent::{Tracking, Types};
use super::variant::{RemoveFile, Synchronisation};
use super::{Mdev, mdev_list_lock, unreg_sem};
use crate::event::{Action, Callback, Errno, Module, Parent, Point, Span, Subject, Uuid, What};
use crate::sim::{Kernel, Kref, RegistrationId};

/// `struct mdev_device`: in mdev core's list, its UUID taken, until its release.
#[derive(Debug, Clone, Copy)]
pub struct Child {
    kref: Kref,
    tracking: Tracking,
    /// The files of the device; whoever writes to one is a user.
    writers: RegistrationId,
    has_remove_file: bool,
    /// Between `device_add()` and `device_del()`.
    is_added: bool,
    /// Creation is complete, and nobody has begun to remove the device.
    is_active: bool,
}

impl Mdev {
    /// Changes a device, whose memory must be there; after its release this is a use of what was freed.
    fn update(&self, k: &Kernel, uuid: Uuid, kref: Kref, change: impl FnOnce(&mut Child)) {
        k.touch(kref);
        if let Some(mut child) = self.child(uuid).get().filter(|child| child.kref == kref) {
            change(&mut child);
            self.child(uuid).set(Some(child));
        }
    }

    /// Whether `device_for_each_child()` of a parent's device comes to this one.
    pub(super) fn is_child_of(&self, uuid: Uuid, device: Kref) -> bool {
        self.child(uuid).get().is_some_and(|child| child.is_added && child.tracking.device == device)
    }

    /// Models `create_store()`: a write to the `create` file of one of the parent's types.
    pub async fn create(&self, k: &Kernel, parent: Parent, uuid: Uuid) -> Result<(), Errno> {
        let types = self.parent(parent).types().ok_or(Errno::ENOENT)?;
        k.point(Point::MdevCreateStore).await;
        let _writing = k.try_use(types.writers).ok_or(Errno::ENODEV)?;
        k.span(Span::MdevCreate, Subject::Parent(parent), self.device_create(k, uuid, types)).await
    }

    /// Models `mdev_device_create()`.
    async fn device_create(&self, k: &Kernel, uuid: Uuid, types: Types) -> Result<(), Errno> {
        let tracking = types.tracking;
        let list = k.lock(mdev_list_lock(k), Point::MdevCreateLock).await;
        if self.child(uuid).get().is_some() {
            return Err(Errno::EEXIST);
        }
        k.get(tracking.kref);
        let kref = k.kref_init(Subject::Child(uuid));
        self.child(uuid).set(Some(Child {
            kref,
            tracking,
            writers: k.registration(Subject::Child(uuid)),
            has_remove_file: false,
            is_added: false,
            is_active: false,
        }));
        drop(list);

        let sem = unreg_sem(k, tracking.parent);
        let _read = match self.rules.synchronisation {
            Synchronisation::Trylock => {
                k.point(Point::MdevCreateSem).await;
                let read = k.try_read(sem);
                if read.is_none() {
                    k.disown(kref);
                    self.put_child(k, uuid, kref).await;
                    return Err(Errno::ENODEV);
                }
                read
            }
            Synchronisation::Wait => Some(k.read(sem, Point::MdevCreateSem).await),
            Synchronisation::None => None,
        };

        k.point(Point::MdevCreateAdd).await;
        k.get(tracking.device);
        self.update(k, uuid, kref, |child| {
            child.is_added = true;
            child.has_remove_file = true;
        });
        k.emit(What::Add(Subject::Child(uuid)));
        k.uevent(Action::Add, Subject::Child(uuid), kref);

        k.point(Point::MdevCreateProbe).await;
        k.call(Callback::MdevProbe, Subject::Child(uuid), Module::Mtty, async {
            k.point(Point::MttyChildProbe).await;
            k.touch(tracking.device);
            Ok(())
        })
        .await?;
        k.uevent(Action::Bind, Subject::Child(uuid), kref);

        k.point(Point::MdevCreateActive).await;
        self.update(k, uuid, kref, |child| child.is_active = true);
        Ok(())
    }

    /// Models `remove_store()`: a write to the device's `remove` file, which one writer wins.
    ///
    /// Whoever loses, or fails after the file is gone, cannot try again: the parent takes such a device along.
    pub async fn remove(&self, k: &Kernel, uuid: Uuid) -> Result<(), Errno> {
        let opened = self.child(uuid).get().filter(|child| child.has_remove_file);
        let child = opened.ok_or(Errno::ENOENT)?;
        k.point(Point::MdevRemoveStore).await;
        let writing = k.try_use(child.writers).ok_or(Errno::ENODEV)?;
        let wins = self.child(uuid).get().is_some_and(|child| child.has_remove_file);
        if !wins {
            return Ok(());
        }
        self.update(k, uuid, child.kref, |child| child.has_remove_file = false);
        let writing = match self.rules.remove_file {
            RemoveFile::KeepsDevice => Some(writing),
            RemoveFile::LetsGo => {
                drop(writing);
                None
            }
        };
        k.span(Span::MdevRemove, Subject::Child(uuid), self.device_remove(k, uuid, child.kref, writing)).await
    }

    /// Models `mdev_device_remove()`. The writer counts as one, and so keeps the device from being deleted,
    /// until it holds what the parent waits for.
    async fn device_remove<User>(
        &self,
        k: &Kernel,
        uuid: Uuid,
        kref: Kref,
        writing: Option<User>,
    ) -> Result<(), Errno> {
        k.point(Point::MdevRemoveParent).await;
        k.touch(kref);
        let list = k.lock(mdev_list_lock(k), Point::MdevRemoveLock).await;
        let child = self.child(uuid).get().filter(|child| child.kref == kref).ok_or(Errno::ENODEV)?;
        if !child.is_active {
            return Err(Errno::EAGAIN);
        }
        self.update(k, uuid, kref, |child| child.is_active = false);
        drop(list);

        let _read = match self.rules.synchronisation {
            Synchronisation::Trylock | Synchronisation::Wait => {
                k.point(Point::MdevRemoveSem).await;
                Some(k.try_read(unreg_sem(k, child.tracking.parent)).ok_or(Errno::ENODEV)?)
            }
            Synchronisation::None => None,
        };
        drop(writing);
        self.remove_common(k, uuid, child).await;
        Ok(())
    }

    /// Models `mdev_device_remove_cb()`: the parent is unregistered and takes its children along.
    pub(super) async fn remove_from_parent(&self, k: &Kernel, uuid: Uuid) {
        if self.rules.synchronisation == Synchronisation::None {
            // Up to 5.1 somebody may just be creating or removing it; the flag says so, and nobody waits.
            let _list = k.lock(mdev_list_lock(k), Point::MdevRemoveLock).await;
            let Some(child) = self.child(uuid).get().filter(|child| child.is_active) else { return };
            self.update(k, uuid, child.kref, |child| child.is_active = false);
        }
        if let Some(child) = self.child(uuid).get() {
            self.remove_common(k, uuid, child).await;
        }
    }

    /// Models `mdev_device_remove_common()`.
    async fn remove_common(&self, k: &Kernel, uuid: Uuid, child: Child) {
        let subject = Subject::Child(uuid);
        let device = child.tracking.device;
        // Removal of a file waits for those who write to it.
        k.unregister_wait(child.writers, Point::MdevRemoveDel).await;
        self.update(k, uuid, child.kref, |child| child.is_added = false);
        let removed = k.call(Callback::MdevRemove, subject, Module::Mtty, async {
            k.point(Point::MttyChildRemove).await;
            k.touch(device);
            Ok(())
        });
        removed.await.expect("a driver's remove cannot fail");
        k.uevent(Action::Unbind, subject, child.kref);
        k.emit(What::Remove(subject));
        k.uevent(Action::Remove, subject, child.kref);
        self.put_device(k, child.tracking.parent, device).await;

        k.point(Point::MdevRemovePut).await;
        k.disown(child.kref);
        self.put_child(k, uuid, child.kref).await;
    }

    /// Models `mdev_device_release()`: from here on the UUID can be used again.
    pub async fn release_child(&self, k: &Kernel, uuid: Uuid) {
        let list = k.lock(mdev_list_lock(k), Point::MdevRelease).await;
        let Some(child) = self.child(uuid).take() else { return };
        k.free(child.kref);
        drop(list);
        self.put_parent(k, child.tracking).await;
    }
}
