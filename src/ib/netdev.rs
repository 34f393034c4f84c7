//! Netdevs: what RDMA devices are on. Users make dummies, `ipoib` makes one for each device that it takes.

use super::Ib;
use crate::event::value::{FollowedNetdev, Value};
use crate::event::{Action, Address, Errno, IbDevice, IbDriver, LockClass, NetNs, Netdev, Notice, Point};
use crate::event::{Subject, What};
use crate::sim::cell::{Cell, RefCell};
use crate::sim::{Kernel, Kref};
use std::collections::VecDeque;

/// The number of a netdev in its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetdevId(u16);

/// A `struct net_device`.
#[derive(Debug, Clone, Copy)]
pub struct NetDevice {
    /// The life of its memory. Its unregistration waits until no other task has a reference.
    pub kref: Kref,
    /// What it is called.
    pub name: Netdev,
    /// Where it is.
    pub netns: NetNs,
    /// IFF_UP.
    pub up: bool,
    /// Whether it can be found.
    pub registered: bool,
    /// Which addresses it has.
    pub(super) addresses: [bool; Address::COUNT],
}

/// What an RDMA device is made of.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    /// The driver.
    pub driver: IbDriver,
    /// `port_data[1].netdev`, to which it has a reference. Only hardware is there without one.
    pub netdev: Option<NetdevId>,
}

/// The netdevs of one run, those that are gone too, and which RDMA device is on which.
#[derive(Debug, Default)]
pub struct Netdevs {
    list: RefCell<Vec<NetDevice>>,
    links: [Cell<Option<Link>>; IbDevice::COUNT],
    /// Which names one in the initial namespace has had.
    known: [Cell<bool>; Netdev::COUNT],
    /// Whose events the work items on the gid cache's queue are, oldest first; the queue is ordered.
    pub(super) events: RefCell<VecDeque<NetdevId>>,
}

impl Netdevs {
    /// A netdev that was made once.
    pub fn get(&self, id: NetdevId) -> NetDevice {
        self.list.borrow()[usize::from(id.0)]
    }

    /// Changes a netdev.
    pub fn change(&self, id: NetdevId, change: impl FnOnce(&mut NetDevice)) {
        let netdev = &mut self.list.borrow_mut()[usize::from(id.0)];
        change(netdev);
        self.know(netdev);
    }

    /// The netdev that has this name in a namespace.
    pub fn find(&self, netns: NetNs, name: Netdev) -> Option<NetdevId> {
        self.position(|netdev| netdev.registered && (netdev.netns, netdev.name) == (netns, name))
    }

    /// The netdev of the initial namespace that drivers and addresses mean by a name: what no program makes is there
    /// when it is first asked for, and is up.
    pub fn there(&self, k: &Kernel, name: Netdev) -> Option<NetdevId> {
        let may = matches!(name, Netdev::Eth0 | Netdev::Eth1) && !self.known[name.index()].get();
        self.find(NetNs::Init, name).or_else(|| {
            // Its beginning is not of this run.
            may.then(|| self.push(k.refcount_set(Subject::Netdev(name)), NetNs::Init, name, true))
        })
    }

    /// The first netdev that is in a namespace.
    pub fn first_in(&self, netns: NetNs) -> Option<NetdevId> {
        self.position(|netdev| netdev.registered && netdev.netns == netns)
    }

    fn position(&self, is_it: impl Fn(&NetDevice) -> bool) -> Option<NetdevId> {
        self.list.borrow().iter().position(is_it).map(|at| NetdevId(at as u16))
    }

    /// A new netdev.
    fn add(&self, k: &Kernel, netns: NetNs, name: Netdev) -> NetdevId {
        self.push(k.kref_init(Subject::Netdev(name)), netns, name, false)
    }

    fn push(&self, kref: Kref, netns: NetNs, name: Netdev, up: bool) -> NetdevId {
        let addresses = [false; Address::COUNT];
        let netdev = NetDevice { kref, name, netns, up, registered: true, addresses };
        self.know(&netdev);
        let mut list = self.list.borrow_mut();
        list.push(netdev);
        NetdevId((list.len() - 1) as u16)
    }

    fn know(&self, netdev: &NetDevice) {
        if netdev.netns == NetNs::Init {
            self.known[netdev.name.index()].set(true);
        }
    }

    /// What a device is made of, while it is.
    pub fn link(&self, device: IbDevice) -> Option<Link> {
        self.links[device.index()].get()
    }

    /// Models `netdev_hold()`.
    pub fn hold(&self, k: &Kernel, id: NetdevId) {
        k.get(self.get(id).kref);
    }

    /// Models `netdev_put()`: the last put of one that is unregistered wakes the task that waits for it.
    pub fn put(&self, k: &Kernel, id: NetdevId) {
        let _last = k.put(self.get(id).kref);
    }

    /// Models `rtmsg_ifinfo()`.
    pub fn told(&self, k: &Kernel, notice: Notice, netdev: NetDevice) {
        k.emit_in_of(netdev.netns, netdev.kref, What::Link(notice, Subject::Netdev(netdev.name)));
    }

    /// A netdev's uevents are heard in its namespace alone.
    pub fn uevent(&self, k: &Kernel, action: Action, netdev: NetDevice) {
        if k.is_heard_in(netdev.netns) {
            k.uevent(action, Subject::Netdev(netdev.name), netdev.kref);
        }
    }

    /// Models `netdev_wait_allrefs_any()` and `free_netdev()`.
    pub async fn wait_for_references(&self, k: &Kernel, id: NetdevId) {
        let kref = self.get(id).kref;
        k.disown(kref);
        if !k.put(kref) {
            k.kref_wait(kref, Point::NetdevWait).await;
        }
        k.free(kref);
    }
}

impl Ib {
    /// Models `ib_device_set_netdev()`; none takes the netdev from a device that stays.
    pub(super) fn set_netdev(&self, k: &Kernel, device: IbDevice, link: Link) {
        let old = self.netdevs.links[device.index()].replace(Some(link)).and_then(|link| link.netdev);
        if let Some(id) = link.netdev {
            self.netdevs.hold(k, id);
        }
        self.table_follows(k, device, old, link.netdev);
        if let Some(id) = old {
            self.netdevs.put(k, id);
        }
    }

    /// Models `ib_query_port()` of a driver's: it asks the netdev for its speed, with the lock of all netdevs.
    pub(super) async fn query_port(&self, k: &Kernel, device: IbDevice) -> Result<(), Errno> {
        if !self.decisions.users.queries_port {
            return Ok(());
        }
        let Some(id) = self.netdev_of(device) else { return Ok(()) };
        let _rtnl = k.lock_here(k.lock_of(LockClass::Rtnl, Subject::Kernel)).await;
        if self.netdevs.get(id).registered { Ok(()) } else { Err(Errno::ENODEV) }
    }

    /// Models `free_netdevs()`.
    pub(super) fn free_netdevs(&self, k: &Kernel, device: IbDevice) {
        if let Some(Link { netdev: Some(id), .. }) = self.netdevs.links[device.index()].take() {
            self.table_follows(k, device, Some(id), None);
            self.netdevs.put(k, id);
        }
    }

    /// Models `mlx5_netdev_event()`: hardware goes without its netdev while there is none, and takes the next.
    pub(super) fn hardware_follows(&self, k: &Kernel, id: NetdevId, is_there: bool) {
        let netdev = self.netdevs.get(id);
        for device in IbDevice::ALL.iter().copied().filter(|device| device.driver() == IbDriver::Mlx5) {
            let Some(link) = self.netdevs.link(device).filter(|link| link.driver == IbDriver::Mlx5) else {
                continue;
            };
            let is_its = (netdev.netns, netdev.name) == (NetNs::Init, device.netdev());
            match link.netdev {
                None if is_there && is_its => {
                    self.set_netdev(k, device, Link { netdev: Some(id), ..link });
                }
                Some(its) if !is_there && its == id => {
                    self.set_netdev(k, device, Link { netdev: None, ..link });
                }
                Some(_) | None => {}
            }
        }
    }

    /// Models `register_netdev()`: a new netdev in a namespace.
    pub async fn netdev_register(
        &self,
        k: &Kernel,
        netns: NetNs,
        name: Netdev,
        at: Point,
    ) -> Result<(), Errno> {
        let _rtnl = k.rtnl_lock(at).await;
        if self.netdevs.find(netns, name).is_some() {
            return Err(Errno::EEXIST);
        }
        let id = self.netdevs.add(k, netns, name);
        self.netdevs.uevent(k, Action::Add, self.netdevs.get(id));
        self.netdev_came(k, id);
        self.netdevs.told(k, Notice::New, self.netdevs.get(id));
        Ok(())
    }

    /// Models `unregister_netdev()` of one that no RDMA device is on: when it returns, no task has a reference to it.
    pub(super) async fn netdev_unregister(&self, k: &Kernel, name: Netdev, at: Point) -> Result<(), Errno> {
        let id = {
            let _rtnl = k.rtnl_lock(at).await;
            let id = self.netdevs.find(NetNs::Init, name).ok_or(Errno::ENODEV)?;
            self.netdevs.change(id, |netdev| netdev.registered = false);
            self.netdev_gone(k, id);
            self.netdevs.told(k, Notice::Del, self.netdevs.get(id));
            self.netdevs.uevent(k, Action::Remove, self.netdevs.get(id));
            id
        };
        self.netdevs.wait_for_references(k, id).await;
        Ok(())
    }

    /// What a GID table says that it follows: the name of a netdev of the initial namespace.
    pub(super) fn followed(&self, id: Option<NetdevId>) -> u8 {
        let netdev = id.map(|id| self.netdevs.get(id)).filter(|netdev| netdev.netns == NetNs::Init);
        FollowedNetdev(netdev.map(|netdev| netdev.name)).pack()
    }
}
