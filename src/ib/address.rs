//! Events of netdevs and their addresses: a task that causes one holds the rtnl lock, and queues work for it.

use super::Ib;
use super::netdev::NetdevId;
use crate::event::{Address, Client, Errno, Module, NetNs, Netdev, Point, QueueName, Subject, What, WorkFn};
use crate::sim::Kernel;

impl Ib {
    /// Whether a netdev has an address.
    pub(super) fn has_address(&self, id: NetdevId, address: Address) -> bool {
        self.netdevs.get(id).addresses[address.index()]
    }

    /// Models the netdev and address notifiers: they may not sleep, so all they do is queue work, which has the netdev.
    fn queue_event(&self, k: &Kernel, id: NetdevId, work: WorkFn) {
        let module = if self.decisions.gid_in_core {
            Module::Core
        } else if self.is_registered(Client::GidCache) {
            Module::GidCache
        } else {
            return;
        };
        self.netdevs.hold(k, id);
        self.netdevs.events.borrow_mut().push_back(id);
        k.queue_new_work(QueueName::Gid, work, module);
    }

    /// The netdev that the oldest work item on the queue is about, which has a reference to it.
    pub(super) fn next_event(&self) -> NetdevId {
        self.netdevs.events.borrow_mut().pop_front().expect("each work item has a netdev")
    }

    /// `NETDEV_REGISTER` and `NETDEV_UP`: there may be addresses that the GID tables do not have.
    pub fn netdev_came(&self, k: &Kernel, id: NetdevId) {
        self.hardware_follows(k, id, true);
        if self.netdevs.get(id).up {
            self.link_local(k, id);
        }
        self.queue_event(k, id, WorkFn::NetdeviceEvent(self.netdevs.get(id).name));
    }

    /// `NETDEV_DOWN`, with `addrconf_ifdown()`: addresses of IPv6 do not outlive it.
    pub fn netdev_closed(&self, k: &Kernel, id: NetdevId) {
        self.link_local(k, id);
        self.forget_address(k, id, Address::Inet6);
    }

    /// Models `addrconf_notify()`: the address that a netdev has while it is up comes or goes.
    fn link_local(&self, k: &Kernel, id: NetdevId) {
        if self.decisions.users.link_local {
            self.queue_event(k, id, WorkFn::LinkLocal(self.netdevs.get(id).name));
        }
    }

    /// `NETDEV_UNREGISTER`: its addresses go, and the tables are told.
    pub fn netdev_gone(&self, k: &Kernel, id: NetdevId) {
        Address::ALL.iter().for_each(|address| self.forget_address(k, id, *address));
        self.queue_event(k, id, WorkFn::NetdeviceGone(self.netdevs.get(id).name));
        self.hardware_follows(k, id, false);
    }

    /// The netdev goes by another name, and so does what is said of it in the initial namespace.
    pub fn netdev_renamed(&self, k: &Kernel, id: NetdevId, to: Netdev) {
        let (old, followed) = (self.netdevs.get(id), self.followed(Some(id)));
        self.netdevs.change(id, |netdev| netdev.name = to);
        for address in Address::ALL.iter().copied().filter(|address| old.addresses[address.index()]) {
            k.emit(What::Remove(Subject::Address(old.name, address)));
            k.emit(What::Add(Subject::Address(to, address)));
        }
        self.rename_gids(k, id, old.name);
        self.tables_follow(k, id, followed);
        if !self.decisions.users.netdev_rename_comes_last {
            self.notify_netdev_rename(k, id);
        }
    }

    /// The netdev is in another namespace, where no table has its addresses.
    pub fn netdev_moved(&self, k: &Kernel, id: NetdevId, to: NetNs) {
        let followed = self.followed(Some(id));
        self.netdevs.change(id, |netdev| netdev.netns = to);
        self.tables_follow(k, id, followed);
    }

    /// Models `inet_insert_ifa()` and `ipv6_add_addr()` in the initial namespace.
    pub async fn address_add(&self, k: &Kernel, name: Netdev, address: Address) -> Result<(), Errno> {
        let _rtnl = k.rtnl_lock(Point::NetdevEvent).await;
        let id = self.netdevs.there(k, name).ok_or(Errno::ENODEV)?;
        if self.has_address(id, address) {
            return Err(Errno::EEXIST);
        }
        self.netdevs.change(id, |netdev| netdev.addresses[address.index()] = true);
        k.emit(What::Add(Subject::Address(name, address)));
        self.queue_event(k, id, WorkFn::NetdeviceEvent(name));
        Ok(())
    }

    /// Models `inet_del_ifa()` and `ipv6_del_addr()` in the initial namespace.
    pub async fn address_del(&self, k: &Kernel, name: Netdev, address: Address) -> Result<(), Errno> {
        let _rtnl = k.rtnl_lock(Point::NetdevChange).await;
        let id = self.netdevs.there(k, name).ok_or(Errno::ENODEV)?;
        if self.has_address(id, address) {
            self.forget_address(k, id, address)
        } else {
            return Err(Errno::EADDRNOTAVAIL);
        }
        Ok(())
    }

    fn forget_address(&self, k: &Kernel, id: NetdevId, address: Address) {
        if self.has_address(id, address) {
            let name = self.netdevs.get(id).name;
            self.netdevs.change(id, |netdev| netdev.addresses[address.index()] = false);
            k.emit(What::Remove(Subject::Address(name, address)));
            self.queue_event(k, id, WorkFn::AddressGone(name, address));
        }
    }
}
