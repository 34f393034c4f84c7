//! The files of netdevsim's bus: a device is made and unmade by writing to them, and its driver bound and let go.
//!
//! Uevents tell of all of it. The files are the module's, and so is the code that releases a device.

use super::{Bus, probe};
use crate::event::{Action, Errno, Handle, LockClass, Module, Point, PortCount, Subject, WorkFn};
use crate::sim::device::Release;
use crate::sim::{Held, Kref, LockId};
use std::cell::{Cell, RefCell};

/// What netdevsim remembers of its bus.
#[derive(Debug, Default)]
pub struct NsimBus {
    /// Counts the devices that are not released yet, and the bus itself: `nsim_bus_devs`.
    devices: Cell<Option<Kref>>,
    /// The devices, oldest first: `nsim_bus_dev_list`.
    list: RefCell<Vec<Handle>>,
    /// Whether the files of the bus are gone.
    files_are_gone: Cell<bool>,
}

/// A write to `new_device`, or where the bus is not modelled the bind alone.
pub async fn probe(bus: &Bus<'_>, handle: Handle, ports: PortCount) -> Result<(), Errno> {
    if !bus.model_of(handle).has_bus_files {
        return probe::probe(bus, handle, Some(ports)).await;
    }
    let k = bus.kernel;
    let _file = open(bus).await?;
    let _list = k.lock(list_lock(bus), Point::NewDevice).await;
    if !bus.drivers.modules.is_live(Module::Netdevsim) {
        return Err(Errno::EBUSY);
    }
    let device = bus.device(handle);
    if device.on_bus.get().is_some() {
        return Err(Errno::ENOSPC);
    }
    let nsim = &bus.drivers.nsim_bus;
    let devices = nsim.devices.get().unwrap_or_else(|| k.refcount_set(Subject::Module(Module::Netdevsim)));
    nsim.devices.set(Some(devices));
    let release = Release { work: WorkFn::ReleaseDevice(handle), module: Module::Netdevsim, devices };
    let kref = k.device_init(Subject::Device(handle), release);
    device.on_bus.set(Some(kref));
    device.is_dead.set(false);
    device.made_in.set((k.netns(), k.netns_memory(k.netns())));
    k.uevent(Action::Add, Subject::Device(handle), kref);
    // Models `device_register()`: a probe that fails leaves a device without a driver, and is no error.
    let _ = probe::probe(bus, handle, Some(ports)).await;
    nsim.list.borrow_mut().push(handle);
    Ok(())
}

/// A write to `del_device`, or where the bus is not modelled the unbind alone.
pub async fn remove(bus: &Bus<'_>, handle: Handle) -> Result<(), Errno> {
    if !bus.model_of(handle).has_bus_files {
        return probe::remove(bus, handle).await;
    }
    let _file = open(bus).await?;
    let _list = bus.kernel.lock(list_lock(bus), Point::DelDevice).await;
    if !bus.drivers.modules.is_live(Module::Netdevsim) {
        return Err(Errno::EBUSY);
    }
    unregister(bus, handle).await
}

/// Models `nsim_bus_dev_del()` and in it `device_unregister()`, under the lock of the list.
async fn unregister(bus: &Bus<'_>, handle: Handle) -> Result<(), Errno> {
    let (k, device) = (bus.kernel, bus.device(handle));
    let kref = device.on_bus.get().ok_or(Errno::ENOENT)?;
    bus.drivers.nsim_bus.list.borrow_mut().retain(|listed| *listed != handle);
    device.is_dead.set(true);
    let _ = probe::remove(bus, handle).await;
    k.uevent(Action::Remove, Subject::Device(handle), kref);
    device.on_bus.set(None);
    k.disown(kref);
    k.put_device(kref);
    Ok(())
}

/// A write to the driver's file `bind`. Models `bind_store()`.
pub async fn bind(bus: &Bus<'_>, handle: Handle) -> Result<(), Errno> {
    if !bus.model_of(handle).has_bus_files {
        return probe::probe(bus, handle, None).await;
    }
    let _file = open(bus).await?;
    let device = bus.device(handle).on_bus.get().ok_or(Errno::ENODEV)?;
    bus.kernel.get(device);
    let done = probe::probe(bus, handle, None).await;
    bus.kernel.put_device(device);
    done
}

/// A write to the driver's file `unbind`. Models `unbind_store()`: a driver that is let go meanwhile is no error.
pub async fn unbind(bus: &Bus<'_>, handle: Handle) -> Result<(), Errno> {
    if !bus.model_of(handle).has_bus_files {
        return probe::remove(bus, handle).await;
    }
    let _file = open(bus).await?;
    let device = bus.device(handle).on_bus.get().ok_or(Errno::ENODEV)?;
    if bus.device(handle).instance.get().is_none() {
        return Err(Errno::ENODEV);
    }
    bus.kernel.get(device);
    let _ = probe::remove(bus, handle).await;
    bus.kernel.put_device(device);
    Ok(())
}

/// Models `nsim_bus_exit()`: every device goes, and only when all are released do the driver and the bus.
pub(super) async fn exit(bus: &Bus<'_>) {
    let (k, nsim) = (bus.kernel, &bus.drivers.nsim_bus);
    if let Some(devices) = nsim.devices.get() {
        // The bus itself was one of those that are counted.
        let _last = k.put(devices);
    }
    {
        let _list = k.lock(list_lock(bus), Point::NsimBusExit).await;
        let listed = nsim.list.borrow().clone();
        for handle in listed {
            let _ = unregister(bus, handle).await;
        }
    }
    if let Some(devices) = nsim.devices.get().filter(|_| bus.devlink.rules.exit_waits_for_releases) {
        k.kref_wait(devices, Point::NsimBusExitWait).await;
    }
    // Models `driver_unregister()`. Where the bus is not modelled the driver is bound until now.
    let is_bound = |handle: &&Handle| is_nsim(**handle) && !bus.model_of(**handle).has_bus_files;
    for handle in Handle::ALL.iter().filter(is_bound) {
        let _ = probe::remove(bus, *handle).await;
    }
    let _writers = k.lock(files(bus), Point::BusUnregister).await;
    nsim.files_are_gone.set(true);
}

/// Whether a device is one of netdevsim's.
pub(super) const fn is_nsim(handle: Handle) -> bool {
    matches!(handle, Handle::Netdevsim0 | Handle::Netdevsim1)
}

/// Tells user space that a driver was bound or let go, if the bus is modelled.
pub(super) fn announce(bus: &Bus<'_>, handle: Handle, action: Action) {
    if let Some(device) = bus.device(handle).on_bus.get() {
        bus.kernel.uevent(action, Subject::Device(handle), device);
    }
}

/// Models `kernfs_get_active()` of a file of the bus or of its driver, which whoever removes the files waits for.
async fn open<'b>(bus: &Bus<'b>) -> Result<Held<'b>, Errno> {
    let file = bus.kernel.read(files(bus), Point::BusFileOpen).await;
    if bus.drivers.nsim_bus.files_are_gone.get() { Err(Errno::ENOENT) } else { Ok(file) }
}

fn files(bus: &Bus<'_>) -> LockId {
    bus.kernel.lock_of(LockClass::BusFiles, Subject::Module(Module::Netdevsim))
}

fn list_lock(bus: &Bus<'_>) -> LockId {
    bus.kernel.lock_of(LockClass::NsimBusDevList, Subject::Kernel)
}
