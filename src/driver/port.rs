//! A driver's ports: each a port of devlink, and under 6.12's decisions a netdev on top.

use super::device::Port;
use super::model::{Model, Netdevs};
use super::{Cores, netdev};
use crate::devlink::InstanceId;
use crate::devlink::instance::device_lock;
use crate::devlink::port_type::Flavour;
use crate::event::value::PortType;
use crate::event::{Errno, EswitchMode, Handle, LockClass, Point, PortIndex, Subject, What};
use crate::sim::{Held, LockId};

/// Models `nsim_dev_port_add_all()`: the ports that the driver has in the mode its eswitch is in, each under the
/// instance's lock if the caller does not hold it. A driver that keeps a list of its own takes the first error
/// for the end, and deletes those that it made.
pub(super) async fn create_all(cores: &Cores<'_>, id: InstanceId, takes_lock: bool) -> Result<(), Errno> {
    let model: &Model = cores.model(id);
    let switchdev = cores.devlink.eswitch_mode(cores.kernel, id) == EswitchMode::Switchdev;
    let ports = cores.device(cores.devlink.handle(id)).initial_ports(model);
    for port in ports.iter().copied().chain(model.representor.filter(|_| switchdev)) {
        let _held = lock_if(cores, id, takes_lock, Point::PortRegister).await;
        // Where probe and reload can meet, the other may have made the port already; most drivers do not look.
        if let Err(errno) = create(cores, id, port, Some(port) == model.representor).await
            && model.forgets_ports
        {
            destroy_all(cores, id, takes_lock).await;
            return Err(errno);
        }
    }
    Ok(())
}

/// Models `nsim_dev_port_del_all()`: all ports that the driver knows of, newest first.
pub(super) async fn destroy_all(cores: &Cores<'_>, id: InstanceId, takes_lock: bool) {
    for port in cores.device(cores.devlink.handle(id)).ports.get().iter().rev() {
        let _held = lock_if(cores, id, takes_lock, Point::PortUnregister).await;
        let _ = destroy(cores, id, port.index).await;
    }
}

/// Models `__nsim_dev_port_add()`.
pub(super) async fn create(
    cores: &Cores<'_>,
    id: InstanceId,
    index: PortIndex,
    is_vf: bool,
) -> Result<(), Errno> {
    let netdevs = cores.model(id).netdevs;
    // The type of a port is set as its netdev comes, so a port without one is to be none of those that need a type.
    let is_unused = netdevs == Netdevs::None && !cores.devlink.decisions.netdev.types_never_set;
    let flavour = if is_unused { Flavour::Unused } else { Flavour::Physical };
    cores.devlink.port_register(cores.kernel, id, index, flavour).await?;
    let netdev = match netdevs {
        Netdevs::None => None,
        Netdevs::Followed | Netdevs::Told => Some(netdev::register(cores, id, index).await),
    };
    if is_vf {
        cores.devlink.rate_leaf_create(cores.kernel, id, index).await;
    }
    if netdevs == Netdevs::Told {
        cores.devlink.port_type_set(cores.kernel, id, index, PortType::EthNetdev).await;
    }
    let ports = &cores.device(cores.devlink.handle(id)).ports;
    ports.set(ports.get().with(Port { index, is_vf, netdev }));
    Ok(())
}

/// Models `__nsim_dev_port_del()`.
pub(super) async fn destroy(cores: &Cores<'_>, id: InstanceId, port: PortIndex) -> Result<(), Errno> {
    let ports = &cores.device(cores.devlink.handle(id)).ports;
    let known = ports.get().iter().find(|known| known.index == port).ok_or(Errno::ENOENT)?;
    destroy_known(cores, id, known).await
}

/// Unmakes a port that was found in the driver's list.
async fn destroy_known(cores: &Cores<'_>, id: InstanceId, known: Port) -> Result<(), Errno> {
    let port = known.index;
    let ports = &cores.device(cores.devlink.handle(id)).ports;
    ports.set(ports.get().without(port));
    if known.is_vf {
        cores.devlink.rate_leaf_destroy(cores.kernel, id, port).await;
    }
    let netdevs = cores.model(id).netdevs;
    if netdevs == Netdevs::Told {
        cores.devlink.port_type_set(cores.kernel, id, port, PortType::NotSet).await;
    }
    if let Some(netdev) = known.netdev {
        netdev::unregister(cores, netdev).await;
    }
    cores.devlink.port_unregister(cores.kernel, id, port).await
}

/// Models the moment when the driver's list is made anew without a look at what it holds: netdevs that it held
/// stay for ever, because nothing else unregisters them.
pub(super) fn forget_all(cores: &Cores<'_>, handle: Handle) {
    cores
        .device(handle)
        .ports
        .take()
        .iter()
        .filter_map(|port| port.netdev)
        .for_each(|id| netdev::disown(cores, id));
}

/// A driver's own command on a running device: adds or deletes a port under the instance's lock.
pub async fn change(cores: &Cores<'_>, handle: Handle, port: PortIndex, add: bool) -> Result<(), Errno> {
    if cores.model_of(handle).has_bus_files {
        return write_file(cores, handle, port, add).await;
    }
    let k = cores.kernel;
    let device = cores.device(handle);
    // The file lives in sysfs, which unbind empties before it goes on: a writer keeps the device bound.
    let decisions = &cores.devlink.decisions;
    let _device = if decisions.lock.port_files_unguarded {
        None
    } else if decisions.lock.port_files_disable_reload {
        Some(k.read(writers(cores, handle), Point::DriverPort).await)
    } else {
        Some(k.lock(device_lock(k, handle), Point::DriverPort).await)
    };
    let id = device.instance.get().ok_or_else(|| unbound(cores, handle))?;
    if !device.is_ready.get() {
        if decisions.lock.port_files_unguarded {
            // lockdep warns of a lock that was never initialised: that of the list of ports.
            k.emit(What::Warn(cores.devlink.subject(id), k.here()));
        }
        return Err(Errno::EBUSY);
    }
    if decisions.lock.port_files_disable_reload {
        if !device.has_port_files.get() {
            return Err(cores.absent(handle));
        }
        cores.devlink.reload_enable(k, id, false);
        let done = change_without_lock(cores, id, port, add).await;
        cores.devlink.reload_enable(k, id, true);
        return done;
    }
    change_locked(cores, id, port, add).await
}

/// Models `new_port_store()` and `del_port_store()`: the file is the device's, and its writer keeps the device from
/// going, but not its driver.
async fn write_file(cores: &Cores<'_>, handle: Handle, port: PortIndex, add: bool) -> Result<(), Errno> {
    let _file = open_device_file(cores, handle, Point::DriverPort).await?;
    if !cores.drivers.nsim_bus.is_listed(handle) {
        return Err(Errno::EBUSY);
    }
    let id = cores.device(handle).instance.get().ok_or_else(|| unbound(cores, handle))?;
    change_locked(cores, id, port, add).await
}

/// Models `nsim_drv_port_add()` and `nsim_drv_port_del()`.
async fn change_locked(cores: &Cores<'_>, id: InstanceId, port: PortIndex, add: bool) -> Result<(), Errno> {
    let device = cores.device(cores.devlink.handle(id));
    let is_locked = !cores.devlink.decisions.lock.port_files_unlocked;
    let _held = lock_if(cores, id, is_locked, Point::PortRegister).await;
    if !add {
        return destroy(cores, id, port).await;
    }
    if device.knows(port) {
        return Err(Errno::EEXIST);
    }
    if cores.devlink.decisions.lock.port_files_trust_driver && !cores.devlink.is_registered(id) {
        // The driver has gone meanwhile, and with it the folder of debugfs in which the port's is made: an oops.
        cores.kernel.emit(What::Warn(Subject::Device(cores.devlink.handle(id)), cores.kernel.here()));
        return Err(Errno::EFAULT);
    }
    cores.kernel.may_fail()?;
    create(cores, id, port, false).await
}

/// Opens a file of a device, and models `kernfs_get_active()` of a write to it: a file that is gone is not found, and
/// one that went since is no file of a device any more.
pub(super) async fn open_device_file<'b>(
    cores: &Cores<'b>,
    handle: Handle,
    at: Point,
) -> Result<Held<'b>, Errno> {
    if !cores.device(handle).has_files.get() {
        return Err(Errno::ENOENT);
    }
    let file = cores.kernel.read(writers(cores, handle), at).await;
    if cores.device(handle).has_files.get() { Ok(file) } else { Err(Errno::ENODEV) }
}

/// The same for a write that is stopped at nowhere before it has the file; none where the bus is not modelled.
pub(super) fn hold_device_file<'b>(cores: &Cores<'b>, handle: Handle) -> Result<Option<Held<'b>>, Errno> {
    if !cores.model_of(handle).has_bus_files {
        Ok(None)
    } else if cores.device(handle).has_files.get() {
        Ok(cores.kernel.try_read(writers(cores, handle)))
    } else {
        Err(Errno::ENOENT)
    }
}

/// Models `device_remove_attrs()`: the files of a device go before its driver unbinds, once no task writes to one.
pub(super) async fn remove_device_files(cores: &Cores<'_>, handle: Handle) {
    cores.device(handle).has_files.set(false);
    let _writers = cores.kernel.lock_here(writers(cores, handle)).await;
}

/// The result of a write to a device that has no driver. 6.12 locks an instance that is not there: the writer oopses, and
/// EFAULT stands in for it.
fn unbound(cores: &Cores<'_>, handle: Handle) -> Errno {
    let has_file = cores.device(handle).has_files.get();
    if has_file && cores.devlink.decisions.lock.port_files_trust_driver {
        cores.kernel.emit(What::Warn(Subject::Device(handle), cores.kernel.here()));
        return Errno::EFAULT;
    }
    cores.absent(handle)
}

/// Models the removal of the files, which waits for their writers.
pub(super) async fn remove_files(cores: &Cores<'_>, handle: Handle) {
    if cores.devlink.decisions.lock.port_files_disable_reload
        && cores.device(handle).has_port_files.replace(false)
    {
        let _writers = cores.kernel.lock(writers(cores, handle), Point::PortFilesRemove).await;
    }
}

fn writers(cores: &Cores<'_>, handle: Handle) -> LockId {
    cores.kernel.lock_of(LockClass::PortFiles, Subject::Devlink(handle))
}

/// Models `nsim_dev_port_del()` and its like of 5.5 to 5.15: the port is looked up under no lock that a reload takes.
async fn change_without_lock(
    cores: &Cores<'_>,
    id: InstanceId,
    port: PortIndex,
    add: bool,
) -> Result<(), Errno> {
    let handle = cores.devlink.handle(id);
    let list = cores.kernel.lock_of(LockClass::NsimPortList, Subject::Devlink(handle));
    let _list = cores.kernel.lock(list, Point::PortFileList).await;
    let ports = cores.device(handle).ports.get();
    let known = ports.iter().find(|known| known.index == port);
    cores.kernel.point(Point::PortFileFound).await;
    let _held = cores.devlink.lock(cores.kernel, id, Point::PortRegister).await;
    match (add, known) {
        (true, Some(_)) => Err(Errno::EEXIST),
        (true, None) => create(cores, id, port, false).await,
        (false, Some(known)) => destroy_known(cores, id, known).await,
        (false, None) => Err(Errno::ENOENT),
    }
}

/// The instance's lock, where the caller does not hold it.
pub(super) async fn lock_if<'b>(
    cores: &Cores<'b>,
    id: InstanceId,
    takes_lock: bool,
    at: Point,
) -> Option<Held<'b>> {
    if takes_lock { Some(cores.devlink.lock(cores.kernel, id, at).await) } else { None }
}
