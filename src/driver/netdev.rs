//! Netdevs of ports: each is in a network namespace, is told of there, can be moved, and outlives no namespace.

use super::{Cores, model};
use crate::devlink::{InstanceId, NetdevEvent};
use crate::event::{Action, Errno, Handle, LockClass, NetNs, Notice, Point, PortIndex, Subject, What};
use crate::operand::Operand;
use crate::sim::Kref;
use crate::sim::cell::{Cell, RefCell};

/// The number of a netdev in its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetdevId(u16);

/// The netdevs of one run, those that are gone too.
#[derive(Debug, Default)]
pub struct Netdevs {
    list: RefCell<Vec<Netdev>>,
    /// How often a netdev came into a namespace.
    arrivals: Cell<u16>,
}

/// Models `struct net_device`.
#[derive(Debug, Clone, Copy)]
struct Netdev {
    kref: Kref,
    /// The device it is of.
    parent: Option<Kref>,
    /// Whose port `devlink_port` is, be it still there or not.
    instance: InstanceId,
    handle: Handle,
    port: PortIndex,
    netns: NetNs,
    name: Name,
    /// A namespace lists its netdevs in the order in which they came.
    arrived: u16,
    registered: bool,
}

/// What a netdev is called in its namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    /// `eth` and the lowest number that is free.
    Eth(u16),
    /// `dev` and an index that the kernel chose; here a number that no other has.
    Dev(u16),
}

impl Netdev {
    fn subject(&self) -> Subject {
        Subject::PortNetdev(self.handle, self.port)
    }
}

impl Netdevs {
    fn get(&self, id: NetdevId) -> Netdev {
        self.list.borrow()[usize::from(id.0)]
    }

    fn change(&self, id: NetdevId, change: impl FnOnce(&mut Netdev)) {
        change(&mut self.list.borrow_mut()[usize::from(id.0)]);
    }

    fn arrive(&self) -> u16 {
        self.arrivals.replace(self.arrivals.get() + 1)
    }

    /// Models `netdev_name_in_use()`.
    fn is_used(&self, netns: NetNs, name: Name) -> bool {
        self.list.borrow().iter().any(|other| other.registered && (other.netns, other.name) == (netns, name))
    }

    /// Models `dev_alloc_name()` for `eth%d`.
    fn free_name(&self, netns: NetNs) -> Name {
        (0..)
            .map(Name::Eth)
            .find(|name| !self.is_used(netns, *name))
            .expect("there are more numbers than netdevs")
    }

    /// The netdev that came first of those in a namespace.
    fn first_in(&self, netns: NetNs) -> Option<NetdevId> {
        let list = self.list.borrow();
        let inside = list.iter().zip(0..).filter(|(netdev, _)| netdev.registered && netdev.netns == netns);
        inside.min_by_key(|(netdev, _)| netdev.arrived).map(|(_, id)| NetdevId(id))
    }
}

/// Models what netdevsim does to be told of netdevs or of nexthops, and no more: `register_netdevice_notifier_net()` and
/// its like take the lock of all netdevs.
pub(super) async fn notifier_changes(cores: &Cores<'_>, instance: InstanceId) {
    if cores.model(instance).has_bus_files {
        drop(cores.kernel.lock_here(cores.kernel.lock_of(LockClass::Rtnl, Subject::Kernel)).await);
    }
}

/// Models `register_netdevice()`, whose notifiers tell devlink: the type is known when the netdev is initialised,
/// and the netdev once it can be found. A netdev begins where its instance is, and keeps its parent device.
pub(super) async fn register(cores: &Cores<'_>, instance: InstanceId, port: PortIndex) -> NetdevId {
    let (k, netdevs) = (cores.kernel, &cores.drivers.netdevs);
    let _rtnl = cores.kernel.rtnl_lock(Point::NetdevRegister).await;
    let (handle, netns) = (cores.devlink.handle(instance), cores.devlink.netns(instance));
    let parent = cores.device(handle).on_bus.get();
    if let Some(device) = parent {
        k.get(device);
    }
    let netdev = Netdev {
        kref: k.kref_init(Subject::PortNetdev(handle, port)),
        parent,
        instance,
        handle,
        port,
        netns,
        name: netdevs.free_name(netns),
        arrived: netdevs.arrive(),
        registered: true,
    };
    let id = NetdevId(netdevs.list.borrow().len() as u16);
    netdevs.list.borrow_mut().push(netdev);
    cores.devlink.port_netdev_is_in(instance, port, netns);
    tell_devlink(cores, netdev, NetdevEvent::PostInit).await;
    if cores.devlink.decisions.netdev.uevent_after_notifiers {
        tell_devlink(cores, netdev, NetdevEvent::Register).await;
        uevent(cores, Action::Add, netdev);
    } else {
        uevent(cores, Action::Add, netdev);
        tell_devlink(cores, netdev, NetdevEvent::Register).await;
    }
    link(cores, Notice::New, netdev);
    id
}

/// Models `unregister_netdevice()` and `free_netdev()`, as a driver calls them.
pub(super) async fn unregister(cores: &Cores<'_>, id: NetdevId) {
    let k = cores.kernel;
    let held = cores.kernel.rtnl_lock(Point::NetdevUnregister).await;
    let netdev = cores.drivers.netdevs.get(id);
    if netdev.registered {
        unregister_listed(cores, id).await
    } else {
        k.emit(What::Warn(netdev.subject(), k.here()))
    }
    drop(held);
    k.put_and_free(netdev.kref);
    if let Some(device) = netdev.parent {
        k.put_device(device);
    }
}

/// Models `unregister_netdevice_many_notify()`: its notifiers take from the port the netdev and then the type, and
/// only then are the netdev's listeners and those of its device told of the end.
async fn unregister_listed(cores: &Cores<'_>, id: NetdevId) {
    cores.drivers.netdevs.change(id, |netdev| netdev.registered = false);
    let netdev = cores.drivers.netdevs.get(id);
    tell_devlink(cores, netdev, NetdevEvent::Unregister).await;
    tell_devlink(cores, netdev, NetdevEvent::PreUninit).await;
    link(cores, Notice::Del, netdev);
    uevent(cores, Action::Remove, netdev);
}

/// Marks a netdev that no driver is left to unregister.
pub(super) fn disown(cores: &Cores<'_>, id: NetdevId) {
    cores.kernel.disown(cores.drivers.netdevs.get(id).kref);
}

/// Moves the netdev of a port to a network namespace: `ip link set dev NETDEV netns NAME`. The task first looks through
/// the netdevs that there are where it is, each of which says which port it is of, and then asks for the one by its index.
pub(super) async fn set_netns(
    cores: &Cores<'_>,
    handle: Handle,
    port: PortIndex,
    to: NetNs,
) -> Result<(), Errno> {
    let k = cores.kernel;
    let id = {
        let _rtnl = k.lock_here(k.lock_of(LockClass::Rtnl, Subject::Kernel)).await;
        find(cores, handle, port).ok_or(Errno::ENODEV)?
    };
    let _rtnl = cores.kernel.rtnl_lock(Point::NetdevMove).await;
    let netdev = cores.drivers.netdevs.get(id);
    if !netdev.registered || netdev.netns != k.netns() {
        return Err(Errno::ENODEV);
    }
    if !k.netns_get(to) {
        return Err(Errno::EBADF);
    }
    let moved = change_netns(cores, id, to, None).await;
    k.netns_put(to);
    moved
}

/// Models `rtnl_dump_ifinfo()` and what its reader makes of it. What is said of a netdev is read from its instance.
fn find(cores: &Cores<'_>, handle: Handle, port: PortIndex) -> Option<NetdevId> {
    let netdevs = &cores.drivers.netdevs;
    let (mut id, mut found) = (0, None);
    while let Some(netdev) = { netdevs.list.borrow().get(usize::from(id)).copied() } {
        let is_here = !cores.devlink.decisions.netdev.links_name_no_ports
            && netdev.registered
            && netdev.netns == cores.kernel.netns();
        if is_here
            && cores.devlink.touch(cores.kernel, netdev.instance)
            && (netdev.handle, netdev.port) == (handle, port)
        {
            found = found.or(Some(NetdevId(id)));
        }
        id += 1;
    }
    found
}

/// Models `__dev_change_net_namespace()`: for those in the one namespace the netdev ends, for those in the other it
/// begins, and devlink takes from the port a netdev that its own namespace does not have. Where the name is taken,
/// the netdev goes by another, if there is one.
async fn change_netns(cores: &Cores<'_>, id: NetdevId, to: NetNs, other: Option<Name>) -> Result<(), Errno> {
    let (k, netdevs) = (cores.kernel, &cores.drivers.netdevs);
    let old = netdevs.get(id);
    if old.netns == to {
        return Ok(());
    }
    let name = if netdevs.is_used(to, old.name) { other.ok_or(Errno::EEXIST)? } else { old.name };
    tell_devlink(cores, old, NetdevEvent::Unregister).await;
    if !cores.devlink.decisions.netdev.leaves_silently {
        link(cores, Notice::Del, old);
    }
    uevent(cores, Action::Remove, old);
    k.point(Point::NetdevMoved).await;
    netdevs.change(id, |netdev| (netdev.netns, netdev.name, netdev.arrived) = (to, name, netdevs.arrive()));
    cores.devlink.port_netdev_is_in(old.instance, old.port, to);
    k.emit_of(old.kref, What::Set(old.subject(), old.netns.to_byte(), to.to_byte()));
    if old.parent != cores.device(old.handle).on_bus.get() {
        // Models what is said of a `device_rename()` that fails, for the folder it is in went with its device.
        k.emit(What::Warn(old.subject(), k.here()));
    }
    let new = netdevs.get(id);
    uevent(cores, Action::Add, new);
    tell_devlink(cores, new, NetdevEvent::Register).await;
    link(cores, Notice::New, new);
    Ok(())
}

/// Models `default_device_exit_net()`: the netdevs in a namespace that ends go back to the initial one, in the order
/// in which they came, for a netdev that a driver made itself is no virtual one that could end with its namespace.
pub(super) async fn exit_netns(cores: &Cores<'_>, netns: NetNs) {
    let netdevs = &cores.drivers.netdevs;
    while let Some(id) = netdevs.first_in(netns) {
        if cores.devlink.decisions.netdev.end_with_netns {
            unregister_listed(cores, id).await
        } else {
            let moved = change_netns(cores, id, NetNs::Init, Some(Name::Dev(netdevs.arrivals.get()))).await;
            moved.expect("there is always another name");
        }
    }
}

/// Devlink hears of netdevs from 6.2 on; before, drivers told it.
async fn tell_devlink(cores: &Cores<'_>, netdev: Netdev, event: NetdevEvent) {
    if cores.model_of(netdev.handle).netdevs != model::Netdevs::Followed {
        return;
    }
    cores.devlink.port_netdevice_event(cores.kernel, netdev.instance, netdev.port, event, netdev.netns).await;
}

/// Models `rtmsg_ifinfo()`, which says which port a netdev is of, and so reads the instance. Before 6.2 it does not, and
/// then a listener cannot tell whose the netdev is.
fn link(cores: &Cores<'_>, notice: Notice, netdev: Netdev) {
    if !cores.devlink.decisions.netdev.links_name_no_ports
        && cores.devlink.touch(cores.kernel, netdev.instance)
    {
        cores.kernel.emit_in_of(netdev.netns, netdev.kref, What::Link(notice, netdev.subject()));
    }
}

/// A netdev's uevents are heard in its namespace alone.
fn uevent(cores: &Cores<'_>, action: Action, netdev: Netdev) {
    if cores.kernel.is_heard_in(netdev.netns) {
        cores.kernel.uevent(action, netdev.subject(), netdev.kref);
    }
}
