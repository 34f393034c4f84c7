//! Virtual functions, as netdevsim has them: in switchdev mode each has a port with a rate leaf.

use super::{Bus, port};
use crate::devlink::InstanceId;
use crate::devlink::instance::device_lock;
use crate::event::{Errno, EswitchMode, Handle, NumVfs, Point, PortIndex};

/// The indices of the ports of virtual functions.
const PORTS: [PortIndex; 2] = [PortIndex::Vf0, PortIndex::Vf1];

/// A write to `sriov_numvfs`. Models `nsim_drv_configure_vfs()`.
pub async fn configure(bus: &Bus<'_>, handle: Handle, number: NumVfs) -> Result<(), Errno> {
    let k = bus.kernel;
    let _device = k.lock(device_lock(k, handle), Point::NumVfsStore).await;
    let device = bus.device(handle);
    let id = device.instance.get().ok_or_else(|| bus.absent(handle))?;
    let _held = bus.devlink.lock(k, id, Point::DriverConfigureVfs).await;
    let number = match number {
        NumVfs::N0 => 0,
        NumVfs::N1 => 1,
        NumVfs::N2 => 2,
        NumVfs::N5 => 5,
    };
    match device.vfs.get() {
        vfs if vfs == number => return Ok(()),
        vfs if vfs > 0 && number > 0 => return Err(Errno::EBUSY),
        _ if number > bus.model(id).max_vfs => return Err(Errno::ENOMEM),
        _ => device.vfs.set(number),
    }
    if bus.devlink.eswitch_mode(k, id) == EswitchMode::Legacy {
        return Ok(());
    }
    if number == 0 {
        legacy_enable(bus, id).await;
        return Ok(());
    }
    switchdev_enable(bus, id).await.inspect_err(|_| device.vfs.set(0))
}

/// Models `nsim_esw_switchdev_enable()`: a port for each virtual function, or for none.
pub(super) async fn switchdev_enable(bus: &Bus<'_>, id: InstanceId) -> Result<(), Errno> {
    for index in PORTS.into_iter().take(bus.device(bus.devlink.handle(id)).vfs.get()) {
        bus.kernel.point(Point::DriverVfPort).await;
        if let Err(errno) = port::create(bus, id, index, true).await {
            destroy_ports(bus, id).await;
            return Err(errno);
        }
    }
    bus.devlink.eswitch_mode_is(bus.kernel, id, EswitchMode::Switchdev);
    Ok(())
}

/// Models `nsim_esw_legacy_enable()`: rate nodes go, then the ports of virtual functions, newest first.
pub(super) async fn legacy_enable(bus: &Bus<'_>, id: InstanceId) {
    bus.devlink.rate_nodes_destroy(bus.kernel, id).await;
    destroy_ports(bus, id).await;
    bus.devlink.eswitch_mode_is(bus.kernel, id, EswitchMode::Legacy);
}

/// What goes down with a device besides its ports. A careful driver unmakes every rate node. 6.12's netdevsim, as
/// in `nsim_dev_reload_destroy()`, unmakes virtual functions with their ports and the nodes, but only if it has any
/// of them, and then its eswitch is in legacy mode.
pub(super) async fn teardown(bus: &Bus<'_>, id: InstanceId, takes_lock: bool) {
    let switchdev = bus.devlink.eswitch_mode(bus.kernel, id) == EswitchMode::Switchdev;
    if bus.model(id).max_vfs > 0 {
        if bus.device(bus.devlink.handle(id)).vfs.take() > 0 && switchdev {
            legacy_enable(bus, id).await;
        }
    } else if bus.devlink.has_rate_nodes(id) {
        let _held = port::lock_if(bus, id, takes_lock, Point::PortUnregister).await;
        bus.devlink.rate_nodes_destroy(bus.kernel, id).await;
    }
}

async fn destroy_ports(bus: &Bus<'_>, id: InstanceId) {
    let ports = bus.device(bus.devlink.handle(id)).ports.get();
    for port in ports.iter().rev().filter(|port| port.is_vf) {
        let _ = port::destroy(bus, id, port.index).await;
    }
}
