//! The files of netdevsim's bus: a device is made and unmade by writing to them, and uevents tell of it.

use super::{Bus, probe};
use crate::event::{Action, Errno, Handle, LockClass, Point, PortCount, Subject};
use crate::sim::{Kernel, Kref};

/// A write to `new_device`, or where the bus is not modelled the bind alone.
pub async fn probe(bus: &Bus<'_>, handle: Handle, ports: PortCount) -> Result<(), Errno> {
    if !bus.model_of(handle).has_bus_files {
        return probe::probe(bus, handle, ports).await;
    }
    let k = bus.kernel;
    let list = k.lock_of(LockClass::NsimBusDevList, Subject::Kernel);
    let _list = k.lock(list, Point::NewDevice).await;
    let slot = &bus.device(handle).on_bus;
    if slot.get().is_some() {
        return Err(Errno::ENOSPC);
    }
    let device = k.kref_init(Subject::Device(handle));
    slot.set(Some(device));
    k.uevent(Action::Add, Subject::Device(handle), device);
    // Models `device_register()`: a probe that fails leaves a device without a driver, and is no error.
    let _ = probe::probe(bus, handle, ports).await;
    Ok(())
}

/// A write to `del_device`, or where the bus is not modelled the unbind alone.
pub async fn remove(bus: &Bus<'_>, handle: Handle) -> Result<(), Errno> {
    if !bus.model_of(handle).has_bus_files {
        return probe::remove(bus, handle).await;
    }
    let k = bus.kernel;
    let list = k.lock_of(LockClass::NsimBusDevList, Subject::Kernel);
    let _list = k.lock(list, Point::DelDevice).await;
    let device = bus.device(handle).on_bus.get().ok_or(Errno::ENOENT)?;
    // Models `device_unregister()`.
    let _ = probe::remove(bus, handle).await;
    k.uevent(Action::Remove, Subject::Device(handle), device);
    bus.device(handle).on_bus.set(None);
    k.disown(device);
    put_device(k, device);
    Ok(())
}

/// Tells user space that a driver was bound or let go, if the bus is modelled.
pub(super) fn announce(bus: &Bus<'_>, handle: Handle, action: Action) {
    if let Some(device) = bus.device(handle).on_bus.get() {
        bus.kernel.uevent(action, Subject::Device(handle), device);
    }
}

/// Models `put_device()`.
pub(super) fn put_device(k: &Kernel, device: Kref) {
    if k.put(device) {
        k.free(device);
    }
}
