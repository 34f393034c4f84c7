//! Dummy netdevs: made, opened, closed, renamed, moved and deleted by users, each told of in its namespace.

use super::{Bus, link};
use crate::event::{Action, Errno, NetNs, Netdev, Notice, Point};
use crate::ib::netdev::{NetDevice, NetdevId};
use crate::operand::Operand;
use crate::sim::Held;

/// Models `rtnl_newlink()`.
pub(super) async fn add(bus: &Bus<'_>, netdev: Netdev) -> Result<(), Errno> {
    let k = bus.kernel;
    bus.ib.netdev_register(k, k.netns(), netdev, Point::DummyNew).await
}

/// Models `rtnl_dellink()`, and `netdev_run_todo()` without the lock.
pub(super) async fn del(bus: &Bus<'_>, netdev: Netdev) -> Result<(), Errno> {
    let netdevs = &bus.ib.netdevs;
    let id = {
        let _rtnl = bus.kernel.rtnl_lock(Point::DummyDel).await;
        let id = netdevs.find(bus.kernel.netns(), netdev).ok_or(Errno::ENODEV)?;
        unregister(bus, id).await;
        id
    };
    netdevs.wait_for_references(bus.kernel, id).await;
    Ok(())
}

/// Models `unregister_netdevice_many_notify()`: closed, no longer found, and everybody is told.
async fn unregister(bus: &Bus<'_>, id: NetdevId) {
    let (k, netdevs) = (bus.kernel, &bus.ib.netdevs);
    close(bus, id);
    netdevs.change(id, |dummy| dummy.registered = false);
    let dummy = netdevs.get(id);
    bus.ib.netdev_gone(k, id);
    link::going(bus, id).await;
    netdevs.told(k, Notice::Del, dummy);
    netdevs.uevent(k, Action::Remove, dummy);
}

/// Models `dev_open()` and `dev_close()` from `do_setlink()`.
pub(super) async fn set_up(bus: &Bus<'_>, netdev: Netdev, up: bool) -> Result<(), Errno> {
    let (k, netdevs) = (bus.kernel, &bus.ib.netdevs);
    let _rtnl = bus.kernel.rtnl_lock(Point::DummySet).await;
    let id = netdevs.find(k.netns(), netdev).ok_or(Errno::ENODEV)?;
    match up {
        false => close(bus, id),
        true if netdevs.get(id).up => {}
        true => {
            netdevs.change(id, |dummy| dummy.up = true);
            bus.ib.netdev_came(k, id);
            netdevs.told(k, Notice::New, netdevs.get(id));
        }
    }
    Ok(())
}

fn close(bus: &Bus<'_>, id: NetdevId) {
    let (k, netdevs) = (bus.kernel, &bus.ib.netdevs);
    let dummy = netdevs.get(id);
    if dummy.up {
        netdevs.change(id, |dummy| dummy.up = false);
        bus.ib.netdev_closed(k, id);
        netdevs.told(k, Notice::New, dummy);
    }
}

/// A netdev that a request names by its index, which the user has looked up before, with the lock of all netdevs.
async fn by_index<'k>(bus: &Bus<'k>, netdev: Netdev) -> Result<(Held<'k>, NetdevId), Errno> {
    let (k, netdevs) = (bus.kernel, &bus.ib.netdevs);
    let id = netdevs.find(k.netns(), netdev).ok_or(Errno::ENODEV)?;
    let rtnl = k.rtnl_lock(Point::DummySet).await;
    let found = netdevs.get(id);
    if found.registered && found.netns == k.netns() { Ok((rtnl, id)) } else { Err(Errno::ENODEV) }
}

/// Models `dev_change_name()`.
pub(super) async fn rename(bus: &Bus<'_>, netdev: Netdev, to: Netdev) -> Result<(), Errno> {
    let (k, netdevs) = (bus.kernel, &bus.ib.netdevs);
    let (_rtnl, id) = by_index(bus, netdev).await?;
    let netns = k.netns();
    let NetDevice { name: old, up, .. } = netdevs.get(id);
    if up && !bus.ib.decisions.users.renames_what_is_up {
        return Err(Errno::EBUSY);
    }
    if to == old {
        return Ok(());
    }
    if netdevs.find(netns, to).is_some() {
        return Err(Errno::EEXIST);
    }
    bus.ib.netdev_renamed(k, id, to);
    netdevs.uevent(k, Action::Move(old.to_byte()), netdevs.get(id));
    netdevs.told(k, Notice::New, netdevs.get(id));
    Ok(())
}

/// Models `__dev_change_net_namespace()`: whatever sits on the netdev is told that it goes.
pub(super) async fn set_netns(bus: &Bus<'_>, netdev: Netdev, to: NetNs) -> Result<(), Errno> {
    let k = bus.kernel;
    let (_rtnl, id) = by_index(bus, netdev).await?;
    if !k.netns_get(to) {
        return Err(Errno::EBADF);
    }
    let moved = change_netns(bus, id, to).await;
    k.netns_put(to);
    moved
}

async fn change_netns(bus: &Bus<'_>, id: NetdevId, to: NetNs) -> Result<(), Errno> {
    let (k, netdevs) = (bus.kernel, &bus.ib.netdevs);
    let old = netdevs.get(id);
    if old.netns == to {
        return Ok(());
    }
    if netdevs.find(to, old.name).is_some() {
        return Err(Errno::EEXIST);
    }
    close(bus, id);
    bus.ib.netdev_gone(k, id);
    link::going(bus, id).await;
    if bus.ib.decisions.users.work_ends_in_move {
        k.sleep().await;
    }
    netdevs.told(k, Notice::Del, old);
    netdevs.uevent(k, Action::Remove, old);
    k.point(Point::DummyMoved).await;
    bus.ib.netdev_moved(k, id, to);
    let new = netdevs.get(id);
    netdevs.uevent(k, Action::Add, new);
    if bus.ib.decisions.users.move_says_rename {
        netdevs.uevent(k, Action::Move(old.name.to_byte()), new);
    }
    bus.ib.netdev_came(k, id);
    netdevs.told(k, Notice::New, new);
    Ok(())
}

/// Models `default_device_exit_batch()`, with the lock of all netdevs held: what is virtual ends with its namespace.
pub(in crate::driver) async fn exit_netns(bus: &Bus<'_>, netns: NetNs) -> Vec<NetdevId> {
    let mut gone = Vec::new();
    while let Some(id) = bus.ib.netdevs.first_in(netns) {
        unregister(bus, id).await;
        gone.push(id);
    }
    gone
}

/// Models `netdev_run_todo()`, without that lock.
pub(in crate::driver) async fn wait(bus: &Bus<'_>, gone: Vec<NetdevId>) {
    for id in gone {
        bus.ib.netdevs.wait_for_references(bus.kernel, id).await;
    }
}
