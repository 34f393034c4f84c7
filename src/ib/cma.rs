//! The client `cma` and the ids of rdma_cm: a user listens with one on every device, and each device has an id of its own for it.
//!
//! A device's id has two references: to the user's id, and to what `cma` keeps for the device. So a listen that fails has to
//! destroy the ids that it has made, and `remove()` waits until every id of the device is gone. An id that listens on any
//! address has no reference to a netdev.

use super::Ib;
use crate::event::{Client, CmId, Errno, IbDevice, LockClass, Module, Point, Subject};
use crate::sim::cell::{Cell, RefCell};
use crate::sim::{Held, Kernel, Kref, LockId};

/// What `cma` knows.
#[derive(Debug, Default)]
pub struct Cma {
    /// What it keeps for each device.
    devices: [Cell<Option<CmaDevice>>; IbDevice::COUNT],
    /// Those devices, in the order in which they came.
    list: RefCell<Vec<IbDevice>>,
    /// The ids that users have.
    ids: [Cell<Option<Id>>; CmId::COUNT],
    /// The ids of devices, by the users' ids that they listen for.
    listeners: [[Cell<Option<Listener>>; IbDevice::COUNT]; CmId::COUNT],
}

/// Models `struct cma_device`.
#[derive(Debug, Clone, Copy)]
struct CmaDevice {
    /// The life of its memory.
    data: Kref,
    /// How many there are who use it: `cma` while it has the device, and each id of the device.
    uses: Kref,
    /// The RDMA device.
    ib: Kref,
}

/// A `struct rdma_id_private` that a user has.
#[derive(Debug, Clone, Copy)]
struct Id {
    kref: Kref,
    /// RDMA_CM_LISTEN: the task that destroys it destroys the ids of devices first.
    listens: bool,
    /// Whether a device that comes gets an id for it.
    is_for_any: bool,
}

/// A `struct rdma_id_private` of one device.
#[derive(Debug, Clone, Copy)]
struct Listener {
    kref: Kref,
    of: CmaDevice,
    /// Whether the user's id and the device still have it: the task that takes it from both destroys it.
    is_listed: bool,
}

impl Cma {
    fn listener(&self, id: CmId, device: IbDevice) -> &Cell<Option<Listener>> {
        &self.listeners[id.index()][device.index()]
    }

    /// The first id of a device, or of a user's id, that is not destroyed yet.
    fn first_listed(&self, is_it: impl Fn(CmId, IbDevice, Listener) -> bool) -> Option<(CmId, IbDevice)> {
        let pairs = CmId::ALL.iter().flat_map(|id| IbDevice::ALL.iter().map(move |device| (*id, *device)));
        pairs.into_iter().find(|(id, device)| {
            let listener = self.listener(*id, *device).get();
            listener.is_some_and(|listener| listener.is_listed && is_it(*id, *device, listener))
        })
    }

    /// Takes the id of a device from both lists that it is in.
    fn take_off(&self, id: CmId, device: IbDevice) {
        let slot = self.listener(id, device);
        slot.set(slot.get().map(|listener| Listener { is_listed: false, ..listener }));
    }

    fn change(&self, id: CmId, change: impl FnOnce(&mut Id)) {
        let slot = &self.ids[id.index()];
        slot.set(slot.get().map(|mut state| {
            change(&mut state);
            state
        }));
    }

    /// Whether users have ids, which keep the module.
    pub fn is_used(&self) -> bool {
        self.ids.iter().any(|id| id.get().is_some())
    }
}

impl Ib {
    /// Models `cma_add_one()`: the device gets an id for each that listens on every device.
    pub(super) async fn cma_add(&self, k: &Kernel, device: IbDevice, kref: Kref) -> Result<(), Errno> {
        k.touch(kref);
        let subject = Subject::ClientData(Client::Cma, device);
        let of = CmaDevice { data: k.kref_init(subject), uses: k.refcount_set(subject), ib: kref };
        let mut made = Ok(());
        {
            let _list = k.lock(cma_lock(k), Point::CmaAdd).await;
            self.cma.devices[device.index()].set(Some(of));
            self.cma.list.borrow_mut().push(device);
            for id in CmId::ALL.iter().copied() {
                if made.is_ok() && self.cma.ids[id.index()].get().is_some_and(|state| state.is_for_any) {
                    made = self.listen_on_dev(k, id, device);
                }
            }
            if made.is_err() {
                self.cma.list.borrow_mut().retain(|other| *other != device);
            }
        }
        if made.is_err() {
            self.process_remove(k, device, of).await;
        }
        made
    }

    /// Models `cma_remove_one()`: when it returns, no id of the device is left.
    pub(super) async fn cma_remove(&self, k: &Kernel, device: IbDevice, kref: Kref) {
        k.touch(kref);
        let Some(of) = self.cma.devices[device.index()].get() else { return };
        {
            let _list = k.lock(cma_lock(k), Point::CmaRemove).await;
            self.cma.list.borrow_mut().retain(|other| *other != device);
        }
        self.process_remove(k, device, of).await;
    }

    /// Models `cma_process_remove()`: destroys the ids that no other task has begun to destroy, and waits for the others.
    async fn process_remove(&self, k: &Kernel, device: IbDevice, of: CmaDevice) {
        loop {
            let next = {
                let _list = k.lock(cma_lock(k), Point::CmaRemoveId).await;
                let next =
                    self.cma.first_listed(|_, on, listener| on == device && listener.of.data == of.data);
                next.inspect(|(id, device)| self.cma.take_off(*id, *device))
            };
            let Some((id, device)) = next else { break };
            self.destroy_listener(k, id, device).await;
        }
        if !k.put(of.uses) && !self.decisions.users.cma_forgets_ids {
            k.kref_wait(of.uses, Point::CmaRemoveWait).await;
        }
        k.put_and_free(of.data);
    }

    /// Models `rdma_create_id()`, `rdma_bind_addr()` to any address and `rdma_listen()`, as users call them: one that cannot
    /// listen destroys the id.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the module is on its way out, `EEXIST` if the user has the id, and what a device says.
    pub async fn cm_listen(&self, k: &Kernel, id: CmId) -> Result<(), Errno> {
        let _user = k.lock(user_lock(k, id), Point::CmUser).await;
        if self.is_module_going(Client::Cma) {
            return Err(Errno::ENODEV);
        }
        if self.cma.ids[id.index()].get().is_some() {
            return Err(Errno::EEXIST);
        }
        k.may_fail()?;
        let kref = k.kref_init(Subject::CmId(id));
        self.cma.ids[id.index()].set(Some(Id { kref, listens: true, is_for_any: false }));
        let _text = k.text(Module::RdmaCm);
        let listens = self.listen_on_all(k, id).await;
        if listens.is_err() {
            self.cma.change(id, |state| state.listens = false);
            self.destroy_id(k, id, kref).await;
        }
        listens
    }

    /// Models `cma_listen_on_all()`.
    async fn listen_on_all(&self, k: &Kernel, id: CmId) -> Result<(), Errno> {
        let list = k.lock(cma_lock(k), Point::CmaListen).await;
        self.cma.change(id, |state| state.is_for_any = true);
        let devices = self.cma.list.borrow().clone();
        let listen = |device| self.listen_on_dev(k, id, device).err().map(|errno| (device, errno));
        let Some((failed, errno)) = devices.into_iter().find_map(listen) else { return Ok(()) };
        let is_half_made = self.cma.listener(id, failed).get().is_some();
        self.cma.take_off(id, failed);
        if self.decisions.users.listen_not_undone {
            self.cma.change(id, |state| state.is_for_any = false);
            drop(list);
        } else {
            self.cancel_listens(k, id, list).await;
        }
        if is_half_made {
            self.destroy_listener(k, id, failed).await;
        }
        Err(errno)
    }

    /// Models `rdma_destroy_id()` by the user who has it.
    ///
    /// # Errors
    ///
    /// `EBADF` if the user has no such id.
    pub async fn cm_destroy(&self, k: &Kernel, id: CmId) -> Result<(), Errno> {
        let _user = k.lock(user_lock(k, id), Point::CmUser).await;
        let state = self.cma.ids[id.index()].get().ok_or(Errno::EBADF)?;
        let _text = k.text(Module::RdmaCm);
        if state.listens {
            let list = k.lock(cma_lock(k), Point::CmaCancel).await;
            self.cancel_listens(k, id, list).await;
        }
        self.destroy_id(k, id, state.kref).await;
        Ok(())
    }

    /// Models `_destroy_id()` of a user's id: waits until no other id points to it.
    async fn destroy_id(&self, k: &Kernel, id: CmId, kref: Kref) {
        k.disown(kref);
        if !k.put(kref) {
            k.kref_wait(kref, Point::CmDestroyWait).await;
        }
        k.free(kref);
        self.cma.ids[id.index()].set(None);
    }

    /// Models `cma_listen_on_dev()`. One that fails late leaves an id that its caller is to destroy.
    fn listen_on_dev(&self, k: &Kernel, id: CmId, device: IbDevice) -> Result<(), Errno> {
        let (Some(state), Some(of)) =
            (self.cma.ids[id.index()].get(), self.cma.devices[device.index()].get())
        else {
            return Ok(());
        };
        k.may_fail()?;
        k.touch(of.ib);
        let kref = k.kref_init(Subject::CmListener(id, device));
        k.get(of.uses);
        k.get(state.kref);
        self.cma.listener(id, device).set(Some(Listener { kref, of, is_listed: true }));
        k.may_fail()
    }

    /// Models `_cma_cancel_listens()`, which has the lock and gives it up for each id that it destroys.
    async fn cancel_listens<'k>(&self, k: &'k Kernel, id: CmId, mut list: Held<'k>) {
        self.cma.change(id, |state| state.is_for_any = false);
        while let Some((_, device)) = self.cma.first_listed(|of, _, _| of == id) {
            self.cma.take_off(id, device);
            drop(list);
            self.destroy_listener(k, id, device).await;
            list = k.lock(cma_lock(k), Point::CmaCancel).await;
        }
    }

    /// Models `_destroy_id()` of a device's id, which is in no list any more.
    async fn destroy_listener(&self, k: &Kernel, id: CmId, device: IbDevice) {
        let Some(listener) = self.cma.listener(id, device).get() else { return };
        {
            let _list = k.lock(cma_lock(k), Point::CmaReleaseDev).await;
            if k.touch(listener.of.data) {
                k.touch(listener.of.ib);
                // The last put wakes the task that waits for it.
                let _last = k.put(listener.of.uses);
            }
            self.cma.listener(id, device).set(None);
        }
        k.put_and_free(listener.kref);
        if let Some(state) = self.cma.ids[id.index()].get() {
            let _last = k.put(state.kref);
        }
    }
}

/// The one lock of `cma`: over its devices, and over which id is in which list.
fn cma_lock(k: &Kernel) -> LockId {
    k.lock_of(LockClass::CmaLock, Subject::Kernel)
}

/// Models `ctx->mutex` of `ucma`: one command of a user's id at a time.
fn user_lock(k: &Kernel, id: CmId) -> LockId {
    k.lock_of(LockClass::CmUserMutex, Subject::CmId(id))
}
