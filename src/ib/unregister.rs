//! Unregistering: by the driver, by its module for all of its devices, and for a user who names one (`user`). A task
//! that comes second waits until the device is unregistered, and finds it done.

use super::decisions::{Adds, Keeps};
use super::{Device, Ib, take};
use crate::event::{Errno, IbDevice, IbDriver, LockClass, Mode, Point, Span, Subject, What};
use crate::sim::{Held, Kernel, Kref, RegistrationId};

impl Ib {
    /// Models `ib_unregister_device()`, whose caller is the driver and so has the device.
    pub async fn unregister_device(&self, k: &Kernel, device: IbDevice) -> Result<(), Errno> {
        let state = self.device(device).ok_or(Errno::ENODEV)?;
        self.get_device(k, state.kref);
        let done = self.unregister(k, device, state.kref).await;
        self.put_device(k, state.kref);
        done
    }

    /// Models `ib_unregister_driver()`: a fence even against those who unregister a device of the driver meanwhile.
    pub async fn unregister_driver(&self, k: &Kernel, driver: IbDriver) {
        let mut last = None;
        loop {
            let found = {
                let _list = take(k, self.decisions.devices, Mode::Read, Point::UnregisterDriver).await;
                let mut devices = self.made_by(driver).map(|device| (self.index(device), device));
                let found = devices.find(|(index, _)| last.is_none_or(|last| *index > last));
                let found =
                    found.and_then(|(index, device)| Some((index, device, self.device(device)?.kref)));
                found.inspect(|(.., kref)| self.get_device(k, *kref))
            };
            let Some((index, device, kref)) = found else { return };
            let _done = self.unregister(k, device, kref).await;
            self.put_device(k, kref);
            last = Some(index);
        }
    }

    /// Models `__ib_unregister_device()`, whose caller has a reference to the memory.
    pub(super) async fn unregister(&self, k: &Kernel, device: IbDevice, kref: Kref) -> Result<(), Errno> {
        let lock = k.lock_of(LockClass::UnregistrationLock, Subject::Ib(device));
        let body = async {
            let _one = if self.decisions.unregister_fenced {
                Some(k.lock(lock, Point::IbUnregisterLock).await)
            } else {
                None
            };
            let _over = self.over_callbacks(k, Mode::Write, Point::IbUnregisterLock).await;
            self.take_apart(k, device, kref).await
        };
        match k.span(Span::IbUnregisterDevice, kref.names(Subject::Ib(device)), body).await {
            // What has the name by now is another device.
            Err(Errno::ENODEV) => Ok(()),
            done => done,
        }
    }

    /// Models what `ib_register_device()` does about an error that comes after the device was enabled.
    pub(super) async fn undo(&self, k: &Kernel, device: IbDevice) {
        let Some(state) = self.device(device) else { return };
        // Others may be here already; with the list's lock held there are none.
        let lock = k.lock_of(LockClass::UnregistrationLock, Subject::Ib(device));
        let _one = match self.decisions.over_callbacks {
            None if self.decisions.unregister_fenced => Some(k.lock(lock, Point::IbUnregisterLock).await),
            None | Some(_) => None,
        };
        // Another task that unregisters it was first.
        let _done = self.take_apart(k, device, state.kref).await;
    }

    /// What one caller at a time does of a device that is there; the others find it done.
    async fn take_apart(&self, k: &Kernel, device: IbDevice, kref: Kref) -> Result<(), Errno> {
        let users = match self.device(device) {
            Some(now) if now.kref != kref => return Err(Errno::ENODEV),
            // The device is still being registered, and no task can have it yet.
            Some(Device { users: None, .. }) => return Err(Errno::EBUSY),
            Some(Device { users: Some(users), .. }) if k.is_open(users) => users,
            Some(_) | None => return Ok(()),
        };
        self.notify_unregister_early(k, device).await;
        self.disable_device(k, device, users).await;
        self.notify_unregister(k, device, kref).await;
        if self.decisions.gid_in_core {
            self.cache_cleanup(k, device).await;
        }
        self.dealloc_device(k, device, kref).await;
        Ok(())
    }

    /// Takes the device off the list, so that no lookup finds it from here on.
    async fn hide(&self, k: &Kernel, device: IbDevice) {
        let _list = self.list(k, self.decisions.devices, Mode::Write, Point::IbUnregisterHide).await;
        if self.device(device).is_some_and(|state| state.registered) {
            self.change(device, |state| state.registered = false);
            self.says(k, device, What::Hidden(Subject::Ib(device)));
        }
    }

    /// Models `disable_device()`: no lookup finds the device, its clients are removed, and no task operates it any more.
    pub(super) async fn disable_device(&self, k: &Kernel, device: IbDevice, users: RegistrationId) {
        if self.decisions.hides_first {
            self.hide(k, device).await;
        }
        self.remove_clients(k, device).await;
        if !self.decisions.hides_first {
            self.hide(k, device).await;
        }
        if self.decisions.users.counted_first {
            // The first reference is put before it is waited for the others.
            k.close(users);
        }
        if self.decisions.keeps == Keeps::Users && self.decisions.unregister_waits {
            k.unregister_wait(users, Point::IbUnregisterWait).await
        } else {
            k.close(users)
        }
        self.compat_remove(k, device).await;
    }

    /// Takes the clients from the device, in the reverse of the order in which they came.
    async fn remove_clients(&self, k: &Kernel, device: IbDevice) {
        let _over = self.over_callbacks(k, Mode::Read, Point::IbUnregisterLock).await;
        let _lists = match self.decisions.devices {
            LockClass::ListsRwsem => {
                Some(take(k, LockClass::ListsRwsem, Mode::Read, Point::IbUnregisterLock).await)
            }
            _ => None,
        };
        let is_held = _lists.is_some();
        // Linux reads the highest id once, and a client that comes later is not added any more.
        let reads_once = self.decisions.adds == Adds::UnderLists && !is_held;
        if reads_once {
            let list = self.list(k, self.decisions.clients, Mode::Read, Point::IbUnregisterClients).await;
            let end = self.end_of_ids();
            drop(list);
            return self.remove_all(k, device, end).await;
        }
        k.point(Point::IbUnregisterClients).await;
        let mut last = None;
        loop {
            let next = if self.decisions.removes_in_order {
                self.next_client(k, last, is_held).await
            } else {
                self.previous_client(k, last, is_held).await
            };
            let Some((id, client)) = next else { return };
            self.remove_client_context(k, device, client, Some(id)).await;
            last = Some(id);
        }
    }

    /// Models `ib_dealloc_device()`: the name is free, and the memory goes with the last reference.
    async fn dealloc_device(&self, k: &Kernel, device: IbDevice, kref: Kref) {
        k.disown(kref);
        self.compat_must_be_gone(k, device);
        match self.decisions.keeps {
            Keeps::Users | Keeps::Lock => {
                k.point(Point::IbUnregisterFree).await;
                let _list = self.list_for_dealloc(k).await;
                self.put_device(k, kref);
            }
            Keeps::Kref => {
                let _last = k.put(kref);
                k.kref_wait(kref, Point::IbUnregisterWait).await;
                k.point(Point::IbUnregisterFree).await;
                k.free(kref);
            }
        }
        if self.device(device).is_some_and(|state| state.kref == kref) {
            self.devices[device.index()].set(None);
            self.give_name(device, None);
        }
    }

    /// The lock of the list, under which `ib_dealloc_device()` takes a device off it.
    pub(super) async fn list_for_dealloc<'k>(&self, k: &'k Kernel) -> Option<Held<'k>> {
        if self.decisions.users.dealloc_locks {
            Some(k.lock_here(k.lock_of(self.decisions.devices, Subject::Kernel)).await)
        } else {
            None
        }
    }

    /// Models what a driver does with a device that it could not register: `ib_dealloc_device()`.
    pub(super) async fn forget_device(&self, k: &Kernel, device: IbDevice) {
        let Some(state) = self.device(device) else { return };
        k.disown(state.kref);
        self.compat_must_be_gone(k, device);
        {
            let _list = self.list_for_dealloc(k).await;
            self.devices[device.index()].set(None);
            self.give_name(device, None);
        }
        self.free_netdevs(k, device);
        self.put_device(k, state.kref);
    }

    /// Models `get_device()`. Where unregistering waits for the last reference, a task that unregisters has none.
    pub(super) fn get_device(&self, k: &Kernel, kref: Kref) {
        if self.decisions.keeps != Keeps::Kref {
            k.get(kref);
        }
    }

    /// Models `put_device()`: the memory goes with the last reference.
    pub(super) fn put_device(&self, k: &Kernel, kref: Kref) {
        if self.decisions.keeps != Keeps::Kref && k.put(kref) {
            k.free(kref);
        }
    }
}
