//! Dummy netdevs: made, opened, closed, renamed, moved and deleted by users, each told of in its namespace.

use super::{Cores, link};
use crate::event::{Action, Errno, NetNs, Netdev, Notice, Point};
use crate::ib::decisions::WorkEnds;
use crate::ib::netdev::{NetDevice, NetdevId};
use crate::operand::Operand;
use crate::sim::Held;

/// Models `rtnl_newlink()`.
pub(super) async fn add(cores: &Cores<'_>, netdev: Netdev) -> Result<(), Errno> {
    let k = cores.kernel;
    k.may_fail()?;
    cores.ib.netdev_register(k, k.netns(), netdev, Point::DummyNew).await
}

/// Models `rtnl_dellink()`, and `netdev_run_todo()` without the lock.
pub(super) async fn del(cores: &Cores<'_>, netdev: Netdev) -> Result<(), Errno> {
    let netdevs = &cores.ib.netdevs;
    let id = {
        let _rtnl = cores.kernel.rtnl_lock(Point::DummyDel).await;
        let id = netdevs.find(cores.kernel.netns(), netdev).ok_or(Errno::ENODEV)?;
        unregister(cores, id).await;
        id
    };
    netdevs.wait_for_references(cores.kernel, id).await;
    Ok(())
}

/// Models `unregister_netdevice_many_notify()`: closed, off the list, and announced to all listeners.
async fn unregister(cores: &Cores<'_>, id: NetdevId) {
    let (k, netdevs) = (cores.kernel, &cores.ib.netdevs);
    close(cores, id);
    netdevs.change(id, |dummy| dummy.registered = false);
    let dummy = netdevs.get(id);
    cores.ib.netdev_gone(k, id);
    link::going(cores, id).await;
    netdevs.told(k, Notice::Del, dummy);
    netdevs.uevent(k, Action::Remove, dummy);
}

/// Models `dev_open()` and `dev_close()` from `do_setlink()`.
pub(super) async fn set_up(cores: &Cores<'_>, netdev: Netdev, up: bool) -> Result<(), Errno> {
    let (k, netdevs) = (cores.kernel, &cores.ib.netdevs);
    let _rtnl = cores.kernel.rtnl_lock(Point::DummySet).await;
    let id = netdevs.find(k.netns(), netdev).ok_or(Errno::ENODEV)?;
    if !up {
        close(cores, id);
    } else if !netdevs.get(id).up {
        netdevs.change(id, |dummy| dummy.up = true);
        cores.ib.netdev_came(k, id);
        netdevs.told(k, Notice::New, netdevs.get(id));
    }
    Ok(())
}

fn close(cores: &Cores<'_>, id: NetdevId) {
    let (k, netdevs) = (cores.kernel, &cores.ib.netdevs);
    let dummy = netdevs.get(id);
    if dummy.up {
        netdevs.change(id, |dummy| dummy.up = false);
        cores.ib.netdev_closed(k, id);
        netdevs.told(k, Notice::New, dummy);
    }
}

/// A netdev that a request names by its index, which the user has looked up before, with the lock of all netdevs.
async fn by_index<'k>(cores: &Cores<'k>, netdev: Netdev) -> Result<(Held<'k>, NetdevId), Errno> {
    let (k, netdevs) = (cores.kernel, &cores.ib.netdevs);
    let id = netdevs.find(k.netns(), netdev).ok_or(Errno::ENODEV)?;
    let rtnl = k.rtnl_lock(Point::DummySet).await;
    let found = netdevs.get(id);
    if found.registered && found.netns == k.netns() { Ok((rtnl, id)) } else { Err(Errno::ENODEV) }
}

/// Models `dev_change_name()`.
pub(super) async fn rename(cores: &Cores<'_>, netdev: Netdev, to: Netdev) -> Result<(), Errno> {
    let (k, netdevs) = (cores.kernel, &cores.ib.netdevs);
    let (_rtnl, id) = by_index(cores, netdev).await?;
    let netns = k.netns();
    let NetDevice { name: old, up, .. } = netdevs.get(id);
    if up && !cores.ib.decisions.users.renames_what_is_up {
        return Err(Errno::EBUSY);
    }
    if to == old {
        return Ok(());
    }
    if netdevs.find(netns, to).is_some() {
        return Err(Errno::EEXIST);
    }
    cores.ib.netdev_renamed(k, id, to);
    netdevs.uevent(k, Action::Move(old.to_byte()), netdevs.get(id));
    netdevs.told(k, Notice::New, netdevs.get(id));
    if cores.ib.decisions.users.netdev_rename_comes_last {
        cores.ib.notify_netdev_rename(k, id);
    }
    Ok(())
}

/// Models `__dev_change_net_namespace()`: whatever sits on the netdev is told that it goes.
pub(super) async fn set_netns(cores: &Cores<'_>, netdev: Netdev, to: NetNs) -> Result<(), Errno> {
    let k = cores.kernel;
    let (_rtnl, id) = by_index(cores, netdev).await?;
    if !k.netns_get(to) {
        return Err(Errno::EBADF);
    }
    let moved = change_netns(cores, id, to).await;
    k.netns_put(to);
    moved
}

async fn change_netns(cores: &Cores<'_>, id: NetdevId, to: NetNs) -> Result<(), Errno> {
    let (k, netdevs) = (cores.kernel, &cores.ib.netdevs);
    let old = netdevs.get(id);
    if old.netns == to {
        return Ok(());
    }
    if netdevs.find(to, old.name).is_some() {
        return Err(Errno::EEXIST);
    }
    close(cores, id);
    cores.ib.netdev_gone(k, id);
    link::going(cores, id).await;
    if cores.ib.decisions.users.work_ends == WorkEnds::AtBarrier {
        k.sleep().await;
    }
    netdevs.told(k, Notice::Del, old);
    netdevs.uevent(k, Action::Remove, old);
    k.point(Point::DummyMoved).await;
    cores.ib.netdev_moved(k, id, to);
    let new = netdevs.get(id);
    netdevs.uevent(k, Action::Add, new);
    if cores.ib.decisions.users.move_says_rename {
        netdevs.uevent(k, Action::Move(old.name.to_byte()), new);
    }
    cores.ib.netdev_came(k, id);
    netdevs.told(k, Notice::New, new);
    Ok(())
}

/// Models `default_device_exit_batch()`, with the lock of all netdevs held: what is virtual ends with its namespace.
pub(in crate::driver) async fn exit_netns(cores: &Cores<'_>, netns: NetNs) -> Vec<NetdevId> {
    let mut gone = Vec::new();
    while let Some(id) = cores.ib.netdevs.first_in(netns) {
        unregister(cores, id).await;
        gone.push(id);
    }
    gone
}

/// Models `netdev_run_todo()`, without that lock.
pub(in crate::driver) async fn wait(cores: &Cores<'_>, gone: Vec<NetdevId>) {
    for id in gone {
        cores.ib.netdevs.wait_for_references(cores.kernel, id).await;
    }
}
