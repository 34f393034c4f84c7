//! The bus binds and unbinds a devlink driver; the driver makes and unmakes its instance.

use super::{Bus, model::Model};
use crate::devlink::InstanceId;
use crate::devlink::instance::device_lock;
use crate::devlink::variant::Publish;
use crate::event::{Errno, EswitchMode, Handle, Point, PortCount, PortIndex, What};
use crate::sim::Held;

/// Models the driver core's bind: the driver's probe runs under the device's lock.
pub async fn probe(bus: &Bus<'_>, handle: Handle, ports: PortCount) -> Result<(), Errno> {
    let k = bus.kernel;
    let _device = k.lock(device_lock(k, handle), Point::ProbeDeviceLock).await;
    let device = bus.device(handle);
    if device.instance.get().is_some() {
        return Err(Errno::EBUSY);
    }
    device.reset();
    device.port_count.set(ports);
    k.point(Point::ProbeAlloc).await;
    let id = bus.devlink.alloc(k, handle);
    device.instance.set(Some(id));
    match bus.devlink.rules.publish {
        Publish::Last if bus.devlink.rules.devlink_mutex => {
            // The lock of all instances comes before an instance's own, so the parts are made without it.
            let held = bus.devlink.lock(k, id, Point::RegisterLock).await;
            create(bus, id).await;
            ready(bus, id).await;
            drop(held);
            register(bus, id).await
        }
        Publish::Last => {
            let _held = bus.devlink.lock(k, id, Point::RegisterLock).await;
            create(bus, id).await;
            ready(bus, id).await;
            bus.devlink.register(k, id).await
        }
        Publish::Early => {
            register(bus, id).await?;
            k.point(Point::ProbeInit).await;
            create(bus, id).await;
            ready(bus, id).await;
            bus.devlink.reload_enable(k, id, true);
            Ok(())
        }
    }
}

/// Models the driver core's unbind: the driver's remove runs under the device's lock.
pub async fn remove(bus: &Bus<'_>, handle: Handle) -> Result<(), Errno> {
    let k = bus.kernel;
    let held_device = k.lock(device_lock(k, handle), Point::RemoveDeviceLock).await;
    let device = bus.device(handle);
    let id = device.instance.get().ok_or(Errno::ENODEV)?;
    match bus.devlink.rules.publish {
        Publish::Last => {
            let mutex = bus.devlink.mutex(k, Point::DevlinkMutex).await;
            let held = bus.devlink.lock(k, id, Point::UnregisterLock).await;
            bus.devlink.unregister(k, id).await?;
            unready(bus, id).await;
            destroy(bus, id).await;
            drop((held, mutex));
        }
        Publish::Early => {
            bus.devlink.reload_enable(k, id, false);
            unready(bus, id).await;
            destroy(bus, id).await;
            let _mutex = bus.devlink.mutex(k, Point::DevlinkMutex).await;
            let _held = bus.devlink.lock(k, id, Point::UnregisterLock).await;
            bus.devlink.unregister(k, id).await?;
        }
    }
    k.point(Point::RemoveFree).await;
    device.instance.set(None);
    bus.devlink.free(k, id);
    drop(held_device);
    Ok(())
}

/// Models `devlink_register()`: the locks, and the register under them.
async fn register(bus: &Bus<'_>, id: InstanceId) -> Result<(), Errno> {
    let _mutex = bus.devlink.mutex(bus.kernel, Point::DevlinkMutex).await;
    let _held = bus.devlink.lock(bus.kernel, id, Point::RegisterLock).await;
    bus.devlink.register(bus.kernel, id).await
}

async fn ready(bus: &Bus<'_>, id: InstanceId) {
    bus.kernel.point(Point::ProbeReady).await;
    bus.device(bus.devlink.handle(id)).is_ready.set(true);
    bus.kernel.emit(What::Ready(bus.devlink.subject(id)));
}

async fn unready(bus: &Bus<'_>, id: InstanceId) {
    bus.device(bus.devlink.handle(id)).is_ready.set(false);
    bus.kernel.emit(What::Unready(bus.devlink.subject(id)));
    bus.kernel.point(Point::RemoveTeardown).await;
}

/// The lock that a step of probe or remove takes for itself where it does not run under one.
async fn step_lock<'b>(bus: &Bus<'b>, id: InstanceId, at: Point) -> Option<Held<'b>> {
    lock_if(bus, id, bus.devlink.rules.publish == Publish::Early, at).await
}

/// Everything that probe makes.
async fn create(bus: &Bus<'_>, id: InstanceId) {
    let k = bus.kernel;
    {
        let _held = step_lock(bus, id, Point::ParamsRegister).await;
        bus.devlink.params_register(k, id).await;
    }
    if bus.model(id).has_traps {
        let _held = step_lock(bus, id, Point::TrapsRegister).await;
        bus.devlink.traps_register(k, id).await;
    }
    create_ports(bus, id, bus.devlink.rules.publish == Publish::Early).await;
}

/// Everything that remove unmakes; what a failed reload left undone is not there to unmake.
async fn destroy(bus: &Bus<'_>, id: InstanceId) {
    let k = bus.kernel;
    destroy_ports(bus, id, bus.devlink.rules.publish == Publish::Early).await;
    {
        let _held = step_lock(bus, id, Point::TrapsUnregister).await;
        bus.devlink.traps_unregister(k, id).await;
    }
    let _held = step_lock(bus, id, Point::ParamsUnregister).await;
    bus.devlink.params_unregister(k, id).await;
}

/// Makes the ports that the driver has in the mode its eswitch is in, each under the instance's lock if the
/// caller does not hold it.
pub(super) async fn create_ports(bus: &Bus<'_>, id: InstanceId, takes_lock: bool) {
    let k = bus.kernel;
    let model: &Model = bus.model(id);
    let switchdev = bus.devlink.eswitch_mode(k, id) == EswitchMode::Switchdev;
    let ports = bus.device(bus.devlink.handle(id)).ports(model);
    for port in ports.iter().copied().chain(model.representor.filter(|_| switchdev)) {
        let _held = lock_if(bus, id, takes_lock, Point::PortRegister).await;
        // Where probe and reload can meet, the other may have made the port already; the driver does not look.
        let _ = bus.devlink.port_register(k, id, port).await;
    }
}

/// Deletes all ports, newest first.
pub(super) async fn destroy_ports(bus: &Bus<'_>, id: InstanceId, takes_lock: bool) {
    let k = bus.kernel;
    for port in bus.devlink.ports(k, id) {
        let _held = lock_if(bus, id, takes_lock, Point::PortUnregister).await;
        let _ = bus.devlink.port_unregister(k, id, port).await;
    }
}

async fn lock_if<'b>(bus: &Bus<'b>, id: InstanceId, takes_lock: bool, at: Point) -> Option<Held<'b>> {
    if takes_lock { Some(bus.devlink.lock(bus.kernel, id, at).await) } else { None }
}

/// A driver's own command on a running device: adds or deletes a port under the instance's lock.
pub async fn change_port(bus: &Bus<'_>, handle: Handle, port: PortIndex, add: bool) -> Result<(), Errno> {
    let k = bus.kernel;
    let device = bus.device(handle);
    // The file lives in sysfs, which unbind empties before it goes on: a writer keeps the device bound.
    let _device = k.lock(device_lock(k, handle), Point::DriverPort).await;
    let id = device.instance.get().ok_or(Errno::ENODEV)?;
    if !device.is_ready.get() {
        return Err(Errno::EBUSY);
    }
    let _held = bus.devlink.lock(k, id, Point::PortRegister).await;
    match add {
        true => bus.devlink.port_register(k, id, port).await,
        false => bus.devlink.port_unregister(k, id, port).await,
    }
}
