//! Namespaces of RDMA devices: shared by all, or one each; a device that moves is disabled and enabled again.

use super::Ib;
use crate::event::{
    Errno, IbDevice, IbDriver, LockClass, Mode, NetNs, NetnsMode, Point, Span, Subject, What,
};
use crate::operand::Operand;
use crate::sim::cell::{Cell, RefCell};
use crate::sim::{Held, Kernel, Kref};

/// The namespaces that RDMA knows.
#[derive(Debug, Default)]
pub struct Namespaces {
    /// `ib_devices_shared_netns`, the other way round.
    exclusive: Cell<bool>,
    /// `rdma_nets`: the namespaces besides the initial one, by their ids.
    nets: RefCell<Vec<Option<Net>>>,
}

/// What has an id.
#[derive(Debug, Clone, Copy)]
struct Net {
    netns: NetNs,
    /// Whether it ends: nothing more is made there, and its id is not free yet.
    is_hidden: bool,
}

impl Namespaces {
    /// Whether each device is in one namespace, and not in all of them.
    pub(super) fn is_exclusive(&self) -> bool {
        self.exclusive.get()
    }

    /// The namespaces besides the initial one that do not end, in the order of their ids.
    pub(super) fn others(&self) -> Vec<NetNs> {
        let nets = self.nets.borrow();
        nets.iter().flatten().filter(|net| !net.is_hidden).map(|net| net.netns).collect()
    }

    /// The same with those that end.
    pub(super) fn all_others(&self) -> Vec<NetNs> {
        self.nets.borrow().iter().flatten().map(|net| net.netns).collect()
    }

    fn begin(&self, netns: NetNs) {
        let mut nets = self.nets.borrow_mut();
        let net = Some(Net { netns, is_hidden: false });
        match nets.iter_mut().find(|place| place.is_none()) {
            Some(free) => *free = net,
            None => nets.push(net),
        }
    }

    fn hide(&self, netns: NetNs) {
        let mut nets = self.nets.borrow_mut();
        nets.iter_mut().flatten().filter(|net| net.netns == netns).for_each(|net| net.is_hidden = true);
    }

    fn forget(&self, netns: NetNs) {
        let mut nets = self.nets.borrow_mut();
        let its = |place: &&mut Option<Net>| place.is_some_and(|net| net.netns == netns);
        nets.iter_mut().filter(its).for_each(|place| *place = None);
    }
}

impl Ib {
    /// Models `rdma_dev_init_net()`: no listener is in the namespace yet.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the netdev under a device is gone: then there is no namespace either.
    pub async fn init_net(&self, k: &Kernel, netns: NetNs) -> Result<(), Errno> {
        self.netns.begin(netns);
        let added = {
            let list = k.lock_of(self.decisions.devices, Subject::Kernel);
            let _list = if self.users_load.get() {
                Some(k.read(list, Point::IbInitNetns).await)
            } else if self.by_index().next().is_some() {
                Some(k.read_here(list).await)
            } else {
                None
            };
            self.compat_add_all(k, netns).await
        };
        if added.is_err() {
            self.exit_netns(k, netns).await;
        }
        added
    }

    /// Waits until no task writes to the list of devices, where users have RDMA.
    async fn wait_for_list(&self, k: &Kernel) {
        if self.users_load.get() {
            k.wait_for_writer(k.lock_of(self.decisions.devices, Subject::Kernel)).await;
        }
    }

    /// Models `down_read(&rdma_nets_rwsem)`.
    pub(super) async fn read_nets<'k>(&self, k: &'k Kernel) -> Held<'k> {
        k.read_here(k.lock_of(LockClass::RdmaNetsRwsem, Subject::Kernel)).await
    }

    async fn write_nets<'k>(&self, k: &'k Kernel) -> Held<'k> {
        k.lock_here(k.lock_of(LockClass::RdmaNetsRwsem, Subject::Kernel)).await
    }

    /// Models `rdma_compatdev_set()`: from here on each device is in one namespace, or in all of them. False if there is
    /// a namespace besides the initial one.
    pub async fn set_mode(&self, k: &Kernel, mode: NetnsMode) -> bool {
        let exclusive = mode == NetnsMode::Exclusive;
        {
            let _nets = self.write_nets(k).await;
            if self.netns.is_exclusive() == exclusive {
                return true;
            }
            if !self.netns.others().is_empty() {
                return false;
            }
            self.netns.exclusive.set(exclusive);
        }
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
        let users = &self.decisions.users;
        let is_there = self.device(device).is_some_and(|state| state.netns == to);
        let can_take = match self.driver_of(device) {
            IbDriver::Mlx5 => true,
            IbDriver::Rxe => users.rxe_disassociates,
            IbDriver::Siw => false,
        };
        let done = if is_there && users.move_to_own_does_nothing {
            Ok(())
        } else if !self.netns.is_exclusive() || !can_take {
            Err(Errno::EOPNOTSUPP)
        } else {
            self.get_device(k, kref);
            drop(kept);
            let done = self.change_netns(k, device, kref, k.netns(), to).await;
            self.put_device(k, kref);
            done
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
            k.emit_of(kref, What::Set(Subject::IbNetns(device), from.to_byte(), to.to_byte()));
            self.enable_device(k, device, false).await.map(drop)
        };
        k.span(Span::IbChangeNetns, kref.names(Subject::Ib(device)), body).await
    }

    /// Models `rdma_dev_exit_net()`: the devices in a namespace that ends move to the initial one, and the compat devices
    /// there go, unheard.
    pub async fn exit_netns(&self, k: &Kernel, netns: NetNs) {
        {
            let _nets = self.write_nets(k).await;
            self.netns.hide(netns);
        }
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
            let Some((index, device, kref)) = found else { break };
            self.compat_remove_one(k, device, netns).await;
            // Another task may have unregistered or moved it first.
            let _gone = self.change_netns(k, device, kref, netns, NetNs::Init).await;
            self.put_device(k, kref);
            last = Some(index);
        }
        self.netns.forget(netns);
    }
}
