//! What users do with network namespaces: make one, go there, and let it end.

use super::Bus;
use crate::event::{Errno, LockClass, NetNs, Point, QueueName, Subject};

/// Takes the namespace's name away and waits until what that ends has ended.
pub async fn del(bus: &Bus<'_>, netns: NetNs) -> Result<(), Errno> {
    bus.kernel.netns_del(netns)?;
    bus.kernel.flush_workqueue(QueueName::Netns, Point::NetnsDelWait).await;
    Ok(())
}

/// Models `cleanup_net()`.
pub async fn cleanup(bus: &Bus<'_>, netns: NetNs) {
    bus.devlink.cleanup_net(bus.kernel, bus, netns).await;
}

/// Models `register_netdevice_notifier()` in the probe of the RDMA driver.
pub(super) async fn register_notifier(bus: &Bus<'_>) {
    if bus.devlink.rules.reload_registers_notifier {
        let lock = bus.kernel.lock_of(LockClass::PernetOps, Subject::Kernel);
        let _held = bus.kernel.lock(lock, Point::NetdeviceNotifier).await;
    }
}
