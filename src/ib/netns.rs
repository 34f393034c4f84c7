//! Namespaces of RDMA devices: shared by all, or one each; a device that moves is disabled and enabled again.

use super::Ib;
use crate::event::{
    Action, Errno, IbDevice, IbDriver, LockClass, Mode, NetNs, NetnsMode, Point, Span, Subject, What,
};
use crate::operand::Operand;
use crate::sim::{Kernel, Kref};
use std::cell::{Cell, RefCell};

/// The namespaces that RDMA knows.
#[derive(Debug, Default)]
pub struct Namespaces {
    /// `ib_devices_shared_netns`, the other way round.
    exclusive: Cell<bool>,
    /// `rdma_nets`: the namespaces besides the initial one, by their ids.
    nets: RefCell<Vec<Option<NetNs>>>,
    /// `compat_devs`: in which namespaces something stands for a device.
    compat: [Cell<[bool; NetNs::COUNT]>; IbDevice::COUNT],
}

impl Namespaces {
    /// Whether each device is in one namespace, and not in all of them.
    pub(super) fn is_exclusive(&self) -> bool {
        self.exclusive.get()
    }

    /// The namespaces besides the initial one, in the order of their ids.
    pub(super) fn for_others(&self, each: impl FnMut(NetNs)) {
        self.nets.borrow().iter().copied().flatten().for_each(each);
    }
}

impl Ib {
    /// Models `rdma_dev_init_net()`: what then appears there nobody hears yet.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the netdev under a device is gone: then there is no namespace either.
    pub async fn init_net(&self, k: &Kernel, netns: NetNs) -> Result<(), Errno> {
        {
            let mut nets = self.netns.nets.borrow_mut();
            match nets.iter_mut().find(|net| net.is_none()) {
                Some(free) => *free = Some(netns),
                None => nets.push(Some(netns)),
            }
        }
        let added = {
            let _list = match self.users_load.get() {
                true => Some(k.read_here(k.lock_of(self.decisions.devices, Subject::Kernel)).await),
                false => None,
            };
            self.stand_in_for_all(k, netns).await
        };
        if added.is_err() {
            self.exit_netns(k, netns).await;
        }
        added
    }

    async fn stand_in_for_all(&self, k: &Kernel, netns: NetNs) -> Result<(), Errno> {
        let devices: Vec<IbDevice> = self.by_index().collect();
        for device in devices {
            let is_registered = self.device(device).is_some_and(|state| state.registered);
            if is_registered && self.stand_in(device, netns) {
                let asked = self.query_port(k, device).await;
                asked.inspect_err(|_| self.leave(device, netns))?;
            }
        }
        Ok(())
    }

    /// Waits until no task writes to the list of devices, where users have RDMA.
    async fn wait_for_list(&self, k: &Kernel) {
        if self.users_load.get() {
            k.wait_for_writer(k.lock_of(self.decisions.devices, Subject::Kernel)).await;
        }
    }

    /// Has something stand for a device in a namespace; false if that is there already or is not to be.
    fn stand_in(&self, device: IbDevice, netns: NetNs) -> bool {
        let stands = &self.netns.compat[device.index()];
        let mut there = stands.get();
        let is_new = !self.netns.is_exclusive() && !std::mem::replace(&mut there[netns.index()], true);
        if is_new {
            stands.set(there);
        }
        is_new
    }

    /// Models `add_compat_devs()`: in every other namespace something stands for a device.
    pub(super) async fn compat_add(&self, k: &Kernel, device: IbDevice) -> Result<(), Errno> {
        let Some(state) = self.device(device) else { return Ok(()) };
        let others: Vec<NetNs> = self.netns.nets.borrow().iter().copied().flatten().collect();
        for netns in others {
            if self.stand_in(device, netns) {
                self.compat_uevent(k, Action::Add, device, netns, state.kref);
                if let Err(errno) = self.query_port(k, device).await {
                    self.leave(device, netns);
                    self.compat_uevent(k, Action::Remove, device, netns, state.kref);
                    return Err(errno);
                }
            }
        }
        Ok(())
    }

    /// Models `remove_compat_devs()`.
    pub(super) fn compat_remove(&self, k: &Kernel, device: IbDevice, kref: Kref) {
        let there = self.netns.compat[device.index()].take();
        self.netns.for_others(|netns| {
            if there[netns.index()] {
                self.compat_uevent(k, Action::Remove, device, netns, kref);
            }
        });
    }

    /// Models `rename_compat_devs()`.
    pub(super) fn compat_rename(&self, k: &Kernel, old: IbDevice, device: IbDevice, kref: Kref) {
        let there = self.netns.compat[device.index()].get();
        self.netns.for_others(|netns| {
            if there[netns.index()] {
                self.compat_uevent(k, Action::Move(old.to_byte()), device, netns, kref);
            }
        });
    }

    fn compat_uevent(&self, k: &Kernel, action: Action, device: IbDevice, netns: NetNs, kref: Kref) {
        if k.is_heard_in(netns) {
            k.uevent(action, Subject::IbCompat(self.name(device), netns), kref);
        }
    }

    /// Models `rdma_compatdev_set()`: from here on each device is in one namespace, or in all of them. False if there is
    /// a namespace besides the initial one.
    pub async fn set_mode(&self, k: &Kernel, mode: NetnsMode) -> bool {
        let exclusive = mode == NetnsMode::Exclusive;
        if self.netns.exclusive.get() == exclusive {
            return true;
        }
        if !self.netns.nets.borrow().iter().all(Option::is_none) {
            return false;
        }
        self.netns.exclusive.set(exclusive);
        self.wait_for_list(k).await;
        true
    }

    /// Models `rdma_dev_access_netns()`: whether a device is within reach from a namespace.
    pub fn is_seen_from(&self, device: IbDevice, netns: NetNs) -> bool {
        !self.netns.is_exclusive() || self.device(device).is_some_and(|state| state.netns == netns)
    }

    /// Models `ib_device_set_netns_put()`. Users cannot be waited for, so the driver must be able to take the device from
    /// them.
    pub async fn set_netns(&self, k: &Kernel, name: IbDevice, to: NetNs) -> Result<(), Errno> {
        let (device, kept) = self.get_by_name(k, name, Point::IbShow).await?;
        let kref = self.device(device).ok_or(Errno::ENODEV)?.kref;
        if !k.netns_get(to) {
            return Err(Errno::EBADF);
        }
        let may = self.netns.is_exclusive() && self.driver_of(device) == IbDriver::Mlx5;
        let done = match may {
            false => Err(Errno::EOPNOTSUPP),
            true => {
                self.get_device(k, kref);
                drop(kept);
                let done = self.change_netns(k, device, kref, k.netns(), to).await;
                self.put_device(k, kref);
                done
            }
        };
        k.netns_put(to);
        done
    }

    /// Models `rdma_dev_change_netns()`.
    async fn change_netns(
        &self,
        k: &Kernel,
        device: IbDevice,
        kref: Kref,
        from: NetNs,
        to: NetNs,
    ) -> Result<(), Errno> {
        let lock = k.lock_of(LockClass::UnregistrationLock, Subject::Ib(device));
        let body = async {
            let _one = k.lock(lock, Point::IbChangeNetns).await;
            let here = self.device(device).filter(|state| state.kref == kref && state.netns == from);
            let users = here.and_then(|state| state.users).filter(|users| k.is_open(*users));
            let users = users.ok_or(Errno::ENODEV)?;
            self.disable_device(k, device, users).await;
            self.change(device, |state| state.netns = to);
            k.emit(What::Set(Subject::IbNetns(device), from.to_byte(), to.to_byte()));
            self.enable_device(k, device, false).await.map(drop)
        };
        k.span(Span::IbChangeNetns, Subject::Ib(device), body).await
    }

    /// Models `rdma_dev_exit_net()`: the devices in a namespace that ends go to the initial one, what stood there for
    /// others goes, and nobody hears it any more.
    pub async fn exit_netns(&self, k: &Kernel, netns: NetNs) {
        self.netns
            .nets
            .borrow_mut()
            .iter_mut()
            .filter(|net| **net == Some(netns))
            .for_each(|net| *net = None);
        let mut last = None;
        loop {
            let found = {
                let _list = super::take(k, self.decisions.devices, Mode::Read, Point::IbExitNetns).await;
                let mut devices = self.by_index().map(|device| (self.index(device), device));
                let found = devices.find(|(index, _)| last.is_none_or(|last| *index > last));
                let found =
                    found.and_then(|(index, device)| Some((index, device, self.device(device)?.kref)));
                found.inspect(|(.., kref)| self.get_device(k, *kref))
            };
            let Some((index, device, kref)) = found else { return };
            self.leave(device, netns);
            // Whoever unregisters it was first, or it is elsewhere.
            let _gone = self.change_netns(k, device, kref, netns, NetNs::Init).await;
            self.put_device(k, kref);
            last = Some(index);
        }
    }

    /// Nothing stands for the device in a namespace any more.
    fn leave(&self, device: IbDevice, netns: NetNs) {
        let mut there = self.netns.compat[device.index()].get();
        there[netns.index()] = false;
        self.netns.compat[device.index()].set(there);
    }
}
