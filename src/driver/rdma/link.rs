//! `siw` and `rxe`: software drivers that make an RDMA device of any netdev, and let it go when the netdev goes.

use super::Cores;
use crate::event::{Errno, IbDevice, IbDriver, LockClass, Module, NetNs, Netdev, Point, Subject};
use crate::ib::decisions::{LinkOps, NetdevGone};
use crate::ib::netdev::{Link, NetdevId};

/// The module of a driver.
pub(super) const fn text_of(driver: IbDriver) -> Module {
    match driver {
        IbDriver::Rxe => Module::RdmaRxe,
        IbDriver::Siw => Module::Siw,
        // It makes no links, and is never unloaded.
        IbDriver::Mlx5 => Module::Core,
    }
}

/// Models `nldev_newlink()`: the netdev is looked up where the task is, and kept until the link is made.
pub(super) async fn add(
    cores: &Cores<'_>,
    name: IbDevice,
    driver: IbDriver,
    netdev: Netdev,
) -> Result<(), Errno> {
    let (k, netdevs) = (cores.kernel, &cores.ib.netdevs);
    k.point(Point::NewLink).await;
    let id = netdevs.find(k.netns(), netdev).ok_or(Errno::ENODEV)?;
    netdevs.hold(k, id);
    let result = with_ops(cores, name, driver, id).await;
    if result.is_ok() && !netdevs.get(id).registered {
        // A task that waits for a netdev's references calls the drivers' notifiers again and again.
        going(cores, id).await;
    }
    netdevs.put(k, id);
    result
}

/// The driver must not go while it makes a link.
async fn with_ops(cores: &Cores<'_>, name: IbDevice, driver: IbDriver, id: NetdevId) -> Result<(), Errno> {
    let k = cores.kernel;
    let ops = || cores.drivers.rdma.ops(driver).ok_or(Errno::EINVAL);
    match cores.ib.decisions.users.link_ops {
        LinkOps::Users => {
            let _use = k.try_use(ops()?).ok_or(Errno::EINVAL)?;
            new_link(cores, name, driver, id).await
        }
        LinkOps::Rwsem => {
            let lock = k.lock_of(LockClass::LinkOpsRwsem, Subject::Kernel);
            let _held = k.read(lock, Point::NewLink).await;
            ops()?;
            new_link(cores, name, driver, id).await
        }
        LinkOps::Nothing => {
            ops()?;
            new_link(cores, name, driver, id).await
        }
    }
}

/// Models `siw_newlink()` and `rxe_newlink()`: one device of a driver on a netdev.
async fn new_link(cores: &Cores<'_>, name: IbDevice, driver: IbDriver, id: NetdevId) -> Result<(), Errno> {
    let k = cores.kernel;
    let _text = k.text(text_of(driver));
    if cores.ib.on_netdev(k, driver, id).is_some() {
        return Err(Errno::EEXIST);
    }
    cores.ib.register_link(k, name, Link { driver, netdev: Some(id) }).await
}

/// Models `siw_netdev_event()` and `rxe_notify()` for NETDEV_UNREGISTER: they may not wait, so a worker unregisters.
pub(super) async fn going(cores: &Cores<'_>, id: NetdevId) {
    // Notifiers are called in the order in which the modules were loaded.
    let users = &cores.ib.decisions.users;
    let is_init = cores.ib.netdevs.get(id).netns == NetNs::Init;
    let is_deaf = |driver: &IbDriver| users.siw_follows_init_alone && *driver == IbDriver::Siw && !is_init;
    for driver in cores.drivers.rdma.notified().filter(|driver| !is_deaf(driver)) {
        if users.netdev_lookup_locks {
            cores.ib.wait_for_readable_list(cores.kernel).await;
        }
        for device in cores.ib.all_on_netdev(driver, id) {
            // It may be on its way out already.
            let _gone = match cores.ib.decisions.netdev_gone {
                NetdevGone::Queues => cores.ib.unregister_queued(cores.kernel, device),
                NetdevGone::Unregisters => Box::pin(cores.ib.unregister_device(cores.kernel, device)).await,
            };
        }
    }
}
