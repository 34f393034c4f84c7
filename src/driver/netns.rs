//! What users do with network namespaces: make one, go there, and let it end.

use super::{Cores, fib, netdev, rdma};
use crate::event::{Errno, LockClass, NetNs, Point, QueueName, Subject};
use crate::sim::Kernel;

/// Makes a namespace, which RDMA hears of.
pub async fn add(cores: &Cores<'_>, netns: NetNs) -> Result<(), Errno> {
    if cores.kernel.is_taken(netns) {
        return Err(Errno::EEXIST);
    }
    let k = cores.kernel;
    k.may_fail()?;
    k.netns_comes(netns, true);
    let begun = {
        // Models `copy_net_ns()`, which keeps those who begin or end to follow all namespaces.
        let _pernet = if cores.devlink.decisions.lock.netns_exit_holds_pernet_ops {
            let pernet = k.read_here(k.lock_of(LockClass::PernetOps, Subject::Kernel)).await;
            register_netdevs(k).await;
            Some(pernet)
        } else {
            None
        };
        cores.ib.init_net(k, netns).await
    };
    k.netns_comes(netns, false);
    begun?;
    k.netns_add(netns)
}

/// Models `register_netdev()` of the two netdevs that each namespace has from the start: `lo` of `loopback_net_init()` and
/// `sit0` of `sit_init_net()`. Both come before RDMA, which is loaded later.
async fn register_netdevs(k: &Kernel) {
    for _lo_then_sit0 in 0..2 {
        drop(k.lock_here(k.lock_of(LockClass::Rtnl, Subject::Kernel)).await);
    }
}

/// Takes the namespace's name away and waits until what that ends has ended.
pub async fn del(cores: &Cores<'_>, netns: NetNs) -> Result<(), Errno> {
    cores.kernel.netns_del(netns)?;
    cores.kernel.flush_workqueue(QueueName::Netns, Point::NetnsDelWait).await;
    cores.kernel.netns_deleted(netns);
    Ok(())
}

/// Models `cleanup_net()`: the instances leave before the netdevs do. All namespaces that are to end by then end together.
pub async fn cleanup(cores: &Cores<'_>) {
    let k = cores.kernel;
    let ended = k.netns_ended();
    let pernet = if cores.devlink.decisions.lock.netns_exit_holds_pernet_ops {
        Some(k.read(k.lock_of(LockClass::PernetOps, Subject::Kernel), Point::CleanupNetLock).await)
    } else {
        None
    };
    for netns in &ended {
        cores.devlink.pernet_pre_exit(k, cores, *netns).await;
    }
    if cores.ib.decisions.users.exit_takes_rtnl {
        // Models `ops_exit_rtnl_list()`, for what other subsystems have there.
        drop(k.lock_here(k.lock_of(LockClass::Rtnl, Subject::Kernel)).await);
    }
    for netns in &ended {
        cores.ib.exit_netns(k, *netns).await;
    }
    let mut gone = Vec::new();
    {
        let _rtnl = k.rtnl_lock(Point::NetdevExit).await;
        for netns in &ended {
            netdev::exit_netns(cores, *netns).await;
        }
        for netns in &ended {
            gone.extend(rdma::netdev::exit_netns(cores, *netns).await);
        }
    }
    rdma::netdev::wait(cores, gone).await;
    if !cores.devlink.others_are_told() {
        for netns in &ended {
            // Models `netdev_wait_allrefs_any()` for the loopback netdev of the namespace, which a follower keeps.
            let loopback = k.refcount_set(Subject::Netns(*netns));
            k.kref_wait(loopback, Point::NetdevWait).await;
        }
    }
    ended.iter().for_each(|netns| fib::exit_netns(cores, *netns));
    drop(pernet);
    ended.iter().for_each(|netns| k.netns_free(*netns));
}

/// Models `register_netdevice_notifier()` in the probe of the RDMA driver.
pub(super) async fn register_notifier(cores: &Cores<'_>) {
    if cores.devlink.decisions.reload.registers_notifier {
        let lock = cores.kernel.lock_of(LockClass::PernetOps, Subject::Kernel);
        let _held = cores.kernel.lock(lock, Point::NetdeviceNotifier).await;
    }
}
