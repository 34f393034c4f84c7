//! Compat devices: what stands for an RDMA device in a namespace that it is not in itself.
//!
//! One is made when the device is enabled or when the namespace begins, whichever comes later, and goes with whichever
//! ends first. The kernel keeps both tasks apart by `rdma_nets_rwsem`, which keeps the namespaces, and by
//! `compat_devs_mutex`, which keeps those of one device.

use super::Ib;
use super::decisions::Begins;
use crate::event::{Action, Errno, IbDevice, LockClass, NetNs, Subject, What};
use crate::operand::Operand;
use crate::sim::cell::Cell;
use crate::sim::{Kernel, Kref, LockId};

/// `compat_devs` of every device: the memory of each compat device.
#[derive(Debug, Default)]
pub struct Compat([[Cell<Option<Kref>>; NetNs::COUNT]; IbDevice::COUNT]);

impl Compat {
    fn slot(&self, device: IbDevice, netns: NetNs) -> &Cell<Option<Kref>> {
        &self.0[device.index()][netns.index()]
    }
}

/// `compat_devs_mutex`
fn compat_lock(k: &Kernel, device: IbDevice) -> LockId {
    k.lock_of(LockClass::CompatDevsMutex, Subject::Ib(device))
}

impl Ib {
    /// Models the loop of `rdma_dev_init_net()`, with the list of devices locked.
    pub(super) async fn compat_add_all(&self, k: &Kernel, netns: NetNs) -> Result<(), Errno> {
        let devices: Vec<IbDevice> = self.by_index().collect();
        for device in devices {
            let begins = match self.decisions.users.compat_begins {
                Begins::WithTheRegistered => self.device(device).is_some_and(|state| state.registered),
                Begins::WithAll => true,
            };
            if begins {
                let _nets = self.read_nets(k).await;
                self.compat_add_one(k, device, netns).await?;
            }
        }
        Ok(())
    }

    /// Models `add_compat_devs()`: the device is in every namespace.
    pub(super) async fn compat_add(&self, k: &Kernel, device: IbDevice) -> Result<(), Errno> {
        let _nets = self.read_nets(k).await;
        for netns in self.netns.others() {
            self.compat_add_one(k, device, netns).await?;
        }
        Ok(())
    }

    /// Models `add_one_compat_dev()`: the first of two tasks to lock makes it, and the other finds it made. A compat device
    /// has files about its port, for which the port is asked.
    async fn compat_add_one(&self, k: &Kernel, device: IbDevice, netns: NetNs) -> Result<(), Errno> {
        let Some(state) = self.device(device) else { return Ok(()) };
        if self.netns.is_exclusive() || state.netns == netns {
            return Ok(());
        }
        let _one = k.lock_here(compat_lock(k, device)).await;
        let slot = self.compat.slot(device, netns);
        if slot.get().is_some() && self.decisions.users.compat_looks_first {
            return Ok(());
        }
        k.may_fail()?;
        let compat = k.kref_init(Subject::IbCompat(device, netns));
        k.emit(What::Visible(Subject::IbCompat(self.name(device), netns)));
        self.compat_uevent(k, Action::Add, device, netns, compat);
        if let Err(errno) = self.query_port(k, device).await {
            self.compat_unmake(k, device, netns, compat);
            return Err(errno);
        }
        if let Some(lost) = slot.replace(Some(compat)) {
            k.disown(lost);
        }
        Ok(())
    }

    /// Models `remove_compat_devs()`.
    pub(super) async fn compat_remove(&self, k: &Kernel, device: IbDevice) {
        for netns in self.netns.all_others() {
            if self.compat.slot(device, netns).get().is_some() {
                self.compat_remove_one(k, device, netns).await;
            }
        }
    }

    /// Models `remove_one_compat_dev()`.
    pub(super) async fn compat_remove_one(&self, k: &Kernel, device: IbDevice, netns: NetNs) {
        let gone = {
            let _one = k.lock_here(compat_lock(k, device)).await;
            self.compat.slot(device, netns).take()
        };
        if let Some(compat) = gone {
            self.compat_unmake(k, device, netns, compat);
        }
    }

    /// Models `device_del()` and `compatdev_release()`.
    fn compat_unmake(&self, k: &Kernel, device: IbDevice, netns: NetNs, compat: Kref) {
        k.emit(What::Hidden(Subject::IbCompat(self.name(device), netns)));
        self.compat_uevent(k, Action::Remove, device, netns, compat);
        k.disown(compat);
        k.put_and_free(compat);
    }

    /// Models `rename_compat_devs()`.
    pub(super) async fn compat_rename(&self, k: &Kernel, old: IbDevice, device: IbDevice) {
        let _one = k.lock_here(compat_lock(k, device)).await;
        for netns in self.netns.all_others() {
            if let Some(compat) = self.compat.slot(device, netns).get() {
                k.emit(What::Hidden(Subject::IbCompat(old, netns)));
                k.emit(What::Visible(Subject::IbCompat(self.name(device), netns)));
                self.compat_uevent(k, Action::Move(old.to_byte()), device, netns, compat);
            }
        }
    }

    /// Models `WARN_ON(!xa_empty(&device->compat_devs))` in `ib_dealloc_device()`.
    pub(super) fn compat_must_be_gone(&self, k: &Kernel, device: IbDevice) {
        let left: Vec<Kref> = self.compat.0[device.index()].iter().filter_map(Cell::take).collect();
        if !left.is_empty() {
            k.emit(What::Warn(Subject::Ib(device), k.here()));
        }
        left.into_iter().for_each(|compat| k.disown(compat));
    }

    fn compat_uevent(&self, k: &Kernel, action: Action, device: IbDevice, netns: NetNs, compat: Kref) {
        if k.is_heard_in(netns) {
            k.uevent(action, Subject::IbCompat(self.name(device), netns), compat);
        }
    }
}
