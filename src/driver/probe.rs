//! The bus binds and unbinds a devlink driver; the driver makes and unmakes its instance.

use super::bus::{announce, is_nsim};
use super::model::Guard;
use super::{Bus, auxiliary, fib, health, linecard, netdev, port, snapshot, vf};
use crate::devlink::InstanceId;
use crate::devlink::decisions::Publish;
use crate::devlink::instance::device_lock;
use crate::event::{Action, Errno, Handle, LockClass, Module, NetNs, Point, PortCount, Span, Subject, What};
use crate::sim::Held;

/// Models the driver core's bind: the driver's probe runs under the device's lock.
///
/// Without a word about ports a device that was bound before is bound again, with as many as it was made with.
pub async fn probe(bus: &Bus<'_>, handle: Handle, ports: Option<PortCount>) -> Result<(), Errno> {
    let k = bus.kernel;
    let _device = k.lock(device_lock(k, handle), Point::ProbeDeviceLock).await;
    let device = bus.device(handle);
    if !linecard::is_there(bus, handle) || !can_bind(bus, handle) {
        return Err(Errno::ENODEV);
    }
    if device.instance.get().is_some() {
        return Err(Errno::EBUSY);
    }
    device.reset(k, handle);
    if let Some(ports) = ports {
        device.port_count.set(ports);
        device.vfs.set(0);
    }
    device.has_driver.set(true);
    let _all = lock_all(bus).await;
    let bound = k.span(Span::DriverProbe, Subject::Devlink(handle), bind(bus, handle)).await;
    device.has_driver.set(bound.is_ok());
    bound?;
    announce(bus, handle, Action::Bind);
    Ok(())
}

/// The lock of all devices, where the bus holds one over probe and remove.
async fn lock_all<'b>(bus: &Bus<'b>) -> Option<Held<'b>> {
    let (k, decisions) = (bus.kernel, &bus.devlink.decisions);
    match decisions.lock.bus_locks_all && !decisions.lock.devlink_mutex {
        true => Some(k.lock_here(k.lock_of(LockClass::DevlinkMutex, Subject::Kernel)).await),
        false => None,
    }
}

/// Whether there is a driver, and a device that is there to stay.
fn can_bind(bus: &Bus<'_>, handle: Handle) -> bool {
    match bus.model_of(handle).has_bus_files {
        // The exit function of the driver's module takes the devices away before the driver.
        true => bus.is_on_bus(handle),
        false => !is_nsim(handle) || bus.drivers.modules.is_live(Module::Netdevsim),
    }
}

/// A driver's probe.
async fn bind(bus: &Bus<'_>, handle: Handle) -> Result<(), Errno> {
    let (k, device) = (bus.kernel, bus.device(handle));
    k.point(Point::ProbeAlloc).await;
    let id =
        bus.devlink.alloc(k, handle, bus.model_of(handle).inventory, device.on_bus.get(), home(bus, handle));
    device.instance.set(Some(id));
    linecard::nest(bus, handle, id);
    match bus.devlink.decisions.registration.publish {
        Publish::Last if bus.devlink.decisions.lock.devlink_mutex => {
            // The lock of all instances comes before an instance's own, so the parts are made without it.
            let held = bus.devlink.lock(k, id, Point::RegisterLock).await;
            create(bus, id).await;
            ready(bus, id).await;
            drop(held);
            register(bus, id).await?;
            files_appear(bus, handle);
            Ok(())
        }
        Publish::Last => {
            let _held = bus.devlink.lock(k, id, Point::RegisterLock).await;
            create(bus, id).await;
            ready(bus, id).await;
            bus.devlink.register(k, id).await?;
            // Whoever writes to it is heard by those who listen, so it comes after the instance was announced.
            files_appear(bus, handle);
            Ok(())
        }
        Publish::LastUnlocked => {
            let held = bus.devlink.lock(k, id, Point::RegisterLock).await;
            create(bus, id).await;
            files_appear(bus, handle);
            ready(bus, id).await;
            drop(held);
            bus.devlink.register(k, id).await
        }
        Publish::First => {
            let _held = bus.devlink.lock(k, id, Point::RegisterLock).await;
            bus.devlink.register(k, id).await?;
            create(bus, id).await;
            files_appear(bus, handle);
            ready(bus, id).await;
            Ok(())
        }
        Publish::Early => {
            if guards_itself(bus, id) {
                bus.devlink.says(bus.kernel, id, What::Ready(bus.devlink.subject(id)));
            }
            register(bus, id).await?;
            k.point(Point::ProbeInit).await;
            create(bus, id).await;
            files_appear(bus, handle);
            ready(bus, id).await;
            Ok(())
        }
    }
}

/// The namespace of a new instance. Models `nsim_bus_dev->initial_net`: where the device was made, be that still there
/// or not.
fn home(bus: &Bus<'_>, handle: Handle) -> NetNs {
    if !bus.model_of(handle).has_bus_files {
        return bus.kernel.netns();
    }
    let (netns, memory) = bus.device(handle).made_in.get();
    if let Some(memory) = memory {
        bus.kernel.touch(memory);
    }
    netns
}

/// Models the driver core's unbind: the driver's remove runs under the device's lock.
pub async fn remove(bus: &Bus<'_>, handle: Handle) -> Result<(), Errno> {
    let k = bus.kernel;
    let held_device = k.lock(device_lock(k, handle), Point::RemoveDeviceLock).await;
    let device = bus.device(handle);
    let id = device.instance.get().ok_or_else(|| bus.absent(handle))?;
    let _all = lock_all(bus).await;
    k.span(Span::DriverRemove, bus.devlink.named(id), unbind(bus, handle, id)).await?;
    device.has_driver.set(false);
    announce(bus, handle, Action::Unbind);
    drop(held_device);
    Ok(())
}

/// A driver's remove.
async fn unbind(bus: &Bus<'_>, handle: Handle, id: InstanceId) -> Result<(), Errno> {
    let (k, device) = (bus.kernel, bus.device(handle));
    vf::remove_function(bus, handle).await;
    port::remove_files(bus, handle).await;
    if !bus.devlink.decisions.lock.work_cancelled_locked {
        linecard::cancel_work(bus, handle).await;
    }
    let removes_file_locked = bus.model(id).has_bus_files;
    if !removes_file_locked {
        snapshot::remove_file(bus, handle).await;
    }
    if !bus.devlink.decisions.reload.reporters_anew && !bus.devlink.decisions.part.reports_after_unregister {
        health::remove_files(bus, handle).await;
    }
    match bus.devlink.decisions.registration.publish {
        Publish::Last => {
            let mutex = bus.devlink.mutex(k, Point::DevlinkMutex).await;
            let held = bus.devlink.lock(k, id, Point::UnregisterLock).await;
            bus.devlink.unregister(k, id).await?;
            unready(bus, id).await;
            destroy(bus, id).await;
            drop((held, mutex));
        }
        Publish::LastUnlocked => {
            bus.devlink.unregister(k, id).await?;
            let _held = bus.devlink.lock(k, id, Point::UnregisterLock).await;
            unready(bus, id).await;
            destroy(bus, id).await;
        }
        Publish::First => {
            let _held = bus.devlink.lock(k, id, Point::UnregisterLock).await;
            unready(bus, id).await;
            destroy(bus, id).await;
            bus.devlink.unregister(k, id).await?;
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
    if guards_itself(bus, id) {
        bus.devlink.says(bus.kernel, id, What::Unready(bus.devlink.subject(id)));
    }
    k.point(Point::RemoveFree).await;
    device.instance.set(None);
    port::forget_all(bus, handle);
    bus.devlink.free(k, id);
    Ok(())
}

/// The files appear that let a user do something to the running driver.
fn files_appear(bus: &Bus<'_>, handle: Handle) {
    snapshot::create_file(bus, handle);
    if !bus.devlink.decisions.reload.reporters_anew {
        health::files_appear(bus, handle);
    }
}

/// Models `nsim_dev_debugfs_init()`.
fn debugfs_appears(bus: &Bus<'_>, handle: Handle) {
    if bus.model_of(handle).has_bus_files {
        bus.device(handle).has_knobs.set(true);
        snapshot::create_file(bus, handle);
    }
}

/// Models `nsim_dev_debugfs_exit()`.
async fn debugfs_goes(bus: &Bus<'_>, handle: Handle) {
    if bus.device(handle).has_knobs.replace(false) {
        snapshot::remove_file(bus, handle).await;
    }
}

/// Models `devlink_register()`: the locks, and the register under them.
async fn register(bus: &Bus<'_>, id: InstanceId) -> Result<(), Errno> {
    let _mutex = bus.devlink.mutex(bus.kernel, Point::DevlinkMutex).await;
    let _held = bus.devlink.lock(bus.kernel, id, Point::RegisterLock).await;
    bus.devlink.register(bus.kernel, id).await
}

async fn ready(bus: &Bus<'_>, id: InstanceId) {
    bus.kernel.point(Point::ProbeReady).await;
    let device = bus.device(bus.devlink.handle(id));
    device.is_ready.set(true);
    device.has_port_files.set(true);
    if !guards_itself(bus, id) {
        bus.devlink.says(bus.kernel, id, What::Ready(bus.devlink.subject(id)));
    }
    if bus.model(id).guard != Guard::None {
        bus.devlink.reload_enable(bus.kernel, id, true);
    }
}

/// Whether a driver may be called while it is in probe or remove, because its callbacks look at its own state first.
fn guards_itself(bus: &Bus<'_>, id: InstanceId) -> bool {
    bus.devlink.decisions.registration.publish == Publish::Early && bus.model(id).guard == Guard::Own
}

async fn unready(bus: &Bus<'_>, id: InstanceId) {
    bus.device(bus.devlink.handle(id)).is_ready.set(false);
    if !guards_itself(bus, id) {
        bus.devlink.says(bus.kernel, id, What::Unready(bus.devlink.subject(id)));
    }
    bus.kernel.point(Point::RemoveTeardown).await;
}

/// The lock that a step of probe or remove takes for itself where it does not run under one.
async fn step_lock<'b>(bus: &Bus<'b>, id: InstanceId, at: Point) -> Option<Held<'b>> {
    port::lock_if(bus, id, bus.devlink.decisions.registration.publish == Publish::Early, at).await
}

/// Everything that probe makes.
async fn create(bus: &Bus<'_>, id: InstanceId) {
    let k = bus.kernel;
    {
        let _held = step_lock(bus, id, Point::ParamsRegister).await;
        bus.devlink.resources_register(k, id);
        bus.devlink.params_register(k, id).await;
        bus.devlink.linecards_create(k, id).await;
    }
    if !bus.model(id).inventory.traps.is_empty() {
        let _held = step_lock(bus, id, Point::TrapsRegister).await;
        bus.devlink.regions_create(k, id).await;
        bus.devlink.traps_register(k, id).await;
        debugfs_appears(bus, bus.devlink.handle(id));
        fib::create(bus, id).await.expect("a resource of a new instance is as large as can be");
    }
    {
        let _held = step_lock(bus, id, Point::ParamsRegister).await;
        health::create(bus, id);
    }
    netdev::notifier_changes(bus, id).await;
    // A device that was just made has no port in the way.
    let _ = port::create_all(bus, id, bus.devlink.decisions.registration.publish == Publish::Early).await;
    auxiliary::attach(bus, id).await;
}

/// Models the start of `nsim_dev_reload_destroy()`: once a reload has failed, 6.12's netdevsim takes everything for
/// torn down, and so it leaves the ports that were added since.
pub(super) fn skips_teardown(bus: &Bus<'_>, id: InstanceId) -> bool {
    bus.model(id).forgets_ports && bus.devlink.is_reload_failed(bus.kernel, id)
}

/// Everything that remove unmakes; what a failed reload left undone is not there to unmake.
async fn destroy(bus: &Bus<'_>, id: InstanceId) {
    let k = bus.kernel;
    if !skips_teardown(bus, id) {
        if bus.model(id).has_bus_files {
            snapshot::remove_file(bus, bus.devlink.handle(id)).await;
        }
        if bus.devlink.decisions.lock.work_cancelled_locked {
            linecard::cancel_work(bus, bus.devlink.handle(id)).await;
        }
        auxiliary::detach(bus, id).await;
        linecard::teardown(bus, id).await;
        vf::teardown(bus, id, bus.devlink.decisions.registration.publish == Publish::Early).await;
        port::destroy_all(bus, id, bus.devlink.decisions.registration.publish == Publish::Early).await;
        netdev::notifier_changes(bus, id).await;
        let _held = step_lock(bus, id, Point::TrapsUnregister).await;
        health::destroy(bus, id).await;
        fib::destroy(bus, id).await;
        bus.devlink.traps_unregister(k, id).await;
        bus.devlink.regions_destroy(k, id).await;
        bus.devlink.linecards_destroy(k, id).await;
    }
    debugfs_goes(bus, bus.devlink.handle(id)).await;
    let _held = step_lock(bus, id, Point::ParamsUnregister).await;
    bus.devlink.params_unregister(k, id).await;
}
