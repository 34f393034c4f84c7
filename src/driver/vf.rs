//! Virtual functions: netdevsim's have a port with a rate leaf each in switchdev mode, mlx5's are devices of their own.

use super::{Cores, port};
use crate::devlink::InstanceId;
use crate::devlink::decisions::Undo;
use crate::devlink::instance::device_lock;
use crate::event::{Errno, EswitchMode, Handle, NumVfs, Point, PortCount, PortIndex};

/// The indices of the ports of virtual functions.
const PORTS: [PortIndex; 2] = [PortIndex::Vf0, PortIndex::Vf1];

/// A write to `sriov_numvfs`. Models `nsim_drv_configure_vfs()`.
pub async fn configure(cores: &Cores<'_>, handle: Handle, number: NumVfs) -> Result<(), Errno> {
    let k = cores.kernel;
    let _file = port::hold_device_file(cores, handle)?;
    let _device = k.lock(device_lock(k, handle), Point::NumVfsStore).await;
    let device = cores.device(handle);
    let id = device.instance.get().ok_or_else(|| cores.absent(handle))?;
    let held = cores.devlink.lock(k, id, Point::DriverConfigureVfs).await;
    let number = match number {
        NumVfs::N0 => 0,
        NumVfs::N1 => 1,
        NumVfs::N2 => 2,
        NumVfs::N5 => 5,
    };
    let functions = cores.model(id).functions;
    if !functions.is_empty() {
        drop(held);
        return configure_functions(cores, handle, functions, number).await;
    }
    match device.vfs.get() {
        vfs if vfs == number => return Ok(()),
        vfs if vfs > 0 && number > 0 => return Err(Errno::EBUSY),
        _ if number > cores.model(id).max_vfs => return Err(Errno::ENOMEM),
        _ => device.vfs.set(number),
    }
    if cores.devlink.eswitch_mode(k, id) == EswitchMode::Legacy {
        return Ok(());
    }
    if number == 0 {
        legacy_enable(cores, id).await;
        return Ok(());
    }
    let done = switchdev_enable(cores, id).await.inspect_err(|_| device.vfs.set(0));
    drop(held);
    done
}

/// Models `sriov_numvfs_store()` and `mlx5_core_sriov_configure()`: each function is a device, and the driver core binds the
/// driver to it. The lock of the device they are functions of is held, the one of its instance is not.
async fn configure_functions(
    cores: &Cores<'_>,
    handle: Handle,
    functions: &'static [Handle],
    number: usize,
) -> Result<(), Errno> {
    let device = cores.device(handle);
    match (device.vfs.get(), number) {
        (_, wanted) if wanted > functions.len() => Err(Errno::ERANGE),
        (now, wanted) if now == wanted => Ok(()),
        (_, 0) => {
            remove_functions(cores, handle).await;
            Ok(())
        }
        (1.., _) => Err(Errno::EBUSY),
        (0, _) => {
            let (first, others) = functions[..number].split_at(1);
            Box::pin(cores.attach(first[0], Some(PortCount::Default))).await?;
            for function in others {
                // As with any device, a probe that fails leaves one without a driver.
                let _ = Box::pin(cores.attach(*function, Some(PortCount::Default))).await;
            }
            device.vfs.set(number);
            Ok(())
        }
    }
}

/// Models `mlx5_sriov_disable()`: functions go before the device that they are functions of.
pub(super) async fn remove_functions(cores: &Cores<'_>, handle: Handle) {
    let functions = cores.model_of(handle).functions;
    if !functions.is_empty() {
        let number = cores.device(handle).vfs.replace(0);
        detach_all(cores, &functions[..number]).await;
    }
}

async fn detach_all(cores: &Cores<'_>, functions: &[Handle]) {
    for function in functions {
        // A user may have unbound it.
        let _ = Box::pin(cores.detach(*function)).await;
    }
}

/// Models `nsim_esw_switchdev_enable()`: a port for each virtual function, or for none.
pub(super) async fn switchdev_enable(cores: &Cores<'_>, id: InstanceId) -> Result<(), Errno> {
    for index in PORTS.into_iter().take(cores.device(cores.devlink.handle(id)).vfs.get()) {
        cores.kernel.point(Point::DriverVfPort).await;
        let made = match cores.kernel.may_fail() {
            Ok(()) => port::create(cores, id, index, true).await,
            failed => failed,
        };
        if let Err(errno) = made {
            undo_ports(cores, id).await;
            return Err(errno);
        }
    }
    cores.devlink.eswitch_mode_is(cores.kernel, id, EswitchMode::Switchdev);
    Ok(())
}

/// Models `nsim_esw_legacy_enable()`: rate nodes go, then the ports of virtual functions, newest first.
pub(super) async fn legacy_enable(cores: &Cores<'_>, id: InstanceId) {
    cores.devlink.rate_nodes_destroy(cores.kernel, id).await;
    destroy_ports(cores, id).await;
    cores.devlink.eswitch_mode_is(cores.kernel, id, EswitchMode::Legacy);
}

/// What goes down with a device besides its ports. A careful driver unmakes every rate node. 6.12's netdevsim, as
/// in `nsim_dev_reload_destroy()`, unmakes virtual functions with their ports and the nodes, but only if it has any
/// of them, and then its eswitch is in legacy mode.
pub(super) async fn teardown(cores: &Cores<'_>, id: InstanceId, takes_lock: bool) {
    let switchdev = cores.devlink.eswitch_mode(cores.kernel, id) == EswitchMode::Switchdev;
    if cores.model(id).max_vfs > 0 {
        if cores.device(cores.devlink.handle(id)).vfs.take() > 0 && switchdev {
            legacy_enable(cores, id).await;
        }
    } else if cores.devlink.has_rate_nodes(id) {
        let _held = port::lock_if(cores, id, takes_lock, Point::PortUnregister).await;
        cores.devlink.rate_nodes_destroy(cores.kernel, id).await;
    }
}

/// What is done about the ports of virtual functions when one of them cannot be made.
async fn undo_ports(cores: &Cores<'_>, id: InstanceId) {
    let made = cores.device(cores.devlink.handle(id)).ports.get();
    match cores.devlink.decisions.part.eswitch_undo {
        Undo::Once => destroy_ports(cores, id).await,
        Undo::Never => {}
        Undo::Twice => {
            destroy_ports(cores, id).await;
            for port in made.iter().filter(|port| port.is_vf) {
                // It is not there any more.
                let _ = cores.devlink.port_unregister(cores.kernel, id, port.index).await;
            }
        }
    }
}

async fn destroy_ports(cores: &Cores<'_>, id: InstanceId) {
    let ports = cores.device(cores.devlink.handle(id)).ports.get();
    for port in ports.iter().rev().filter(|port| port.is_vf) {
        let _ = port::destroy(cores, id, port.index).await;
    }
}
