//! Virtual functions: netdevsim's have a port with a rate leaf each in switchdev mode, mlx5's is a device of its own.

use super::{Bus, port, probe};
use crate::devlink::InstanceId;
use crate::devlink::decisions::Undo;
use crate::devlink::instance::device_lock;
use crate::event::{Errno, EswitchMode, Handle, NumVfs, Point, PortCount, PortIndex};

/// The indices of the ports of virtual functions.
const PORTS: [PortIndex; 2] = [PortIndex::Vf0, PortIndex::Vf1];

/// A write to `sriov_numvfs`. Models `nsim_drv_configure_vfs()`.
pub async fn configure(bus: &Bus<'_>, handle: Handle, number: NumVfs) -> Result<(), Errno> {
    let k = bus.kernel;
    let _file = port::hold_device_file(bus, handle)?;
    let _device = k.lock(device_lock(k, handle), Point::NumVfsStore).await;
    let device = bus.device(handle);
    let id = device.instance.get().ok_or_else(|| bus.absent(handle))?;
    let held = bus.devlink.lock(k, id, Point::DriverConfigureVfs).await;
    let number = match number {
        NumVfs::N0 => 0,
        NumVfs::N1 => 1,
        NumVfs::N2 => 2,
        NumVfs::N5 => 5,
    };
    if let Some(function) = bus.model(id).function {
        drop(held);
        return configure_function(bus, handle, function, number).await;
    }
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
    let done = switchdev_enable(bus, id).await.inspect_err(|_| device.vfs.set(0));
    drop(held);
    done
}

/// Models `mlx5_core_sriov_configure()`: the function is a device, and the driver core binds the driver to it. The lock
/// of the device it is a function of is held, the one of its instance is not.
async fn configure_function(
    bus: &Bus<'_>,
    handle: Handle,
    function: Handle,
    number: usize,
) -> Result<(), Errno> {
    let device = bus.device(handle);
    match (device.vfs.get(), number) {
        (_, 2..) => Err(Errno::ERANGE),
        (now, wanted) if now == wanted => Ok(()),
        (_, 0) => {
            remove_function(bus, handle).await;
            Ok(())
        }
        _ => {
            Box::pin(probe::probe(bus, function, Some(PortCount::Default))).await?;
            device.vfs.set(1);
            Ok(())
        }
    }
}

/// Models `mlx5_sriov_disable()`: the function goes before the device that it is a function of.
pub(super) async fn remove_function(bus: &Bus<'_>, handle: Handle) {
    if let Some(function) = bus.model_of(handle).function
        && bus.device(handle).vfs.replace(0) > 0
    {
        // A user may have unbound it.
        let _ = Box::pin(probe::remove(bus, function)).await;
    }
}

/// Models `nsim_esw_switchdev_enable()`: a port for each virtual function, or for none.
pub(super) async fn switchdev_enable(bus: &Bus<'_>, id: InstanceId) -> Result<(), Errno> {
    for index in PORTS.into_iter().take(bus.device(bus.devlink.handle(id)).vfs.get()) {
        bus.kernel.point(Point::DriverVfPort).await;
        let made = match bus.kernel.may_fail() {
            Ok(()) => port::create(bus, id, index, true).await,
            failed => failed,
        };
        if let Err(errno) = made {
            undo_ports(bus, id).await;
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

/// What is done about the ports of virtual functions when one of them cannot be made.
async fn undo_ports(bus: &Bus<'_>, id: InstanceId) {
    let made = bus.device(bus.devlink.handle(id)).ports.get();
    match bus.devlink.decisions.part.eswitch_undo {
        Undo::Once => destroy_ports(bus, id).await,
        Undo::Never => {}
        Undo::Twice => {
            destroy_ports(bus, id).await;
            for port in made.iter().filter(|port| port.is_vf) {
                // It is not there any more.
                let _ = bus.devlink.port_unregister(bus.kernel, id, port.index).await;
            }
        }
    }
}

async fn destroy_ports(bus: &Bus<'_>, id: InstanceId) {
    let ports = bus.device(bus.devlink.handle(id)).ports.get();
    for port in ports.iter().rev().filter(|port| port.is_vf) {
        let _ = port::destroy(bus, id, port.index).await;
    }
}
