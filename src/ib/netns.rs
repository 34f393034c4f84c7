//! Namespaces of RDMA devices: shared by all, or one each; a device that moves is disabled and enabled again.

use super::Ib;
use crate::event::{
    Errno, IbDevice, IbDriver, LockClass, Mode, NetNs, NetnsMode, Point, Span, Subject, What,
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
    pub fn init_net(&self, netns: NetNs) {
        let mut nets = self.netns.nets.borrow_mut();
        match nets.iter_mut().find(|net| net.is_none()) {
            Some(free) => *free = Some(netns),
            None => nets.push(Some(netns)),
        }
    }

    /// Models `rdma_compatdev_set()`: from here on each device is in one namespace, or in all of them. False if there is
    /// a namespace besides the initial one.
    pub fn set_mode(&self, mode: NetnsMode) -> bool {
        let exclusive = mode == NetnsMode::Exclusive;
        let may =
            self.netns.exclusive.get() == exclusive || self.netns.nets.borrow().iter().all(Option::is_none);
        if may {
            self.netns.exclusive.set(exclusive);
        }
        may
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
        for device in IbDevice::ALL.iter().copied() {
            let found = match self.device(device).filter(|state| state.netns == netns) {
                None => continue,
                Some(_) => {
                    let _list = super::take(k, self.rules.devices, Mode::Read, Point::IbExitNetns).await;
                    let found = self.device(device).filter(|state| state.netns == netns);
                    found.inspect(|state| self.get_device(k, state.kref))
                }
            };
            if let Some(state) = found {
                // Whoever unregisters it was first.
                let _gone = self.change_netns(k, device, state.kref, netns, NetNs::Init).await;
                self.put_device(k, state.kref);
            }
        }
    }
}
