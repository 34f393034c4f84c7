//! The cores binds and unbinds a devlink driver; the driver makes and unmakes its instance.

use super::id_table::is_nsim;
use super::model::Guard;
use super::{Cores, auxiliary, fib, function, health, linecard, netdev, port, snapshot, trap_report, vf};
use crate::devlink::InstanceId;
use crate::devlink::decisions::Publish;
use crate::devlink::instance::device_lock;
use crate::event::{Action, Errno, Handle, LockClass, Module, NetNs, Point, PortCount, Span, Subject, What};
use crate::sim::Held;

/// What the driver core does for all that have devices: buses, line cards and virtual functions.
impl Cores<'_> {
    /// Models `device_attach()` of the driver core: the driver's probe runs under the device's lock.
    ///
    /// Without a word about ports a device that was bound before is bound again, with as many as it was made with.
    pub(super) async fn attach(&self, handle: Handle, ports: Option<PortCount>) -> Result<(), Errno> {
        let k = self.kernel;
        let _device = k.lock(device_lock(k, handle), Point::ProbeDeviceLock).await;
        let device = self.device(handle);
        if !linecard::is_there(self, handle) || !can_bind(self, handle) {
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
        let _all = lock_all(self).await;
        let bound = k.span(Span::DriverProbe, Subject::Devlink(handle), bind(self, handle)).await;
        device.has_driver.set(bound.is_ok());
        bound?;
        announce(self, handle, Action::Bind);
        Ok(())
    }

    /// Models `device_release_driver()` of the driver core: the driver's remove runs under the device's lock.
    pub(super) async fn detach(&self, handle: Handle) -> Result<(), Errno> {
        let k = self.kernel;
        let held_device = k.lock(device_lock(k, handle), Point::RemoveDeviceLock).await;
        let device = self.device(handle);
        let id = device.instance.get().ok_or_else(|| self.absent(handle))?;
        let _all = lock_all(self).await;
        k.span(Span::DriverRemove, self.devlink.named(id), unbind(self, handle, id)).await?;
        device.has_driver.set(false);
        announce(self, handle, Action::Unbind);
        drop(held_device);
        Ok(())
    }
}

/// Sends the uevent that a driver was bound or unbound, if the bus is modelled.
fn announce(cores: &Cores<'_>, handle: Handle, action: Action) {
    if let Some(device) = cores.device(handle).on_bus.get() {
        cores.kernel.uevent(action, Subject::Device(handle), device);
    }
}

/// The lock of all devices, where the bus holds one over probe and remove.
async fn lock_all<'b>(cores: &Cores<'b>) -> Option<Held<'b>> {
    let (k, decisions) = (cores.kernel, &cores.devlink.decisions);
    if decisions.lock.bus_locks_all && !decisions.lock.devlink_mutex {
        Some(k.lock_here(k.lock_of(LockClass::DevlinkMutex, Subject::Kernel)).await)
    } else {
        None
    }
}

/// Whether there is a driver, and a device that is there to stay.
fn can_bind(cores: &Cores<'_>, handle: Handle) -> bool {
    if cores.model_of(handle).has_bus_files {
        cores.is_on_bus(handle)
    } else {
        !is_nsim(handle) || cores.drivers.modules.is_live(Module::Netdevsim)
    }
}

/// A driver's probe: what fails half way is undone.
async fn bind(cores: &Cores<'_>, handle: Handle) -> Result<(), Errno> {
    let (k, device) = (cores.kernel, cores.device(handle));
    k.point(Point::ProbeAlloc).await;
    k.may_fail()?;
    let id = cores.devlink.alloc(
        k,
        handle,
        cores.model_of(handle).inventory,
        device.on_bus.get(),
        home(cores, handle),
    );
    device.instance.set(Some(id));
    linecard::nest(cores, handle, id);
    let bound = make(cores, handle, id).await;
    if bound.is_err() {
        if cores.devlink.is_registered(id) {
            let _mutex = cores.devlink.mutex(k, Point::DevlinkMutex).await;
            let _held = cores.devlink.lock(k, id, Point::UnregisterLock).await;
            // It was registered a moment ago.
            let _ = cores.devlink.unregister(k, id).await;
        }
        device.forget_knobs(k, handle);
        device.instance.set(None);
        port::forget_all(cores, handle);
        cores.devlink.free(k, id);
    }
    bound
}

/// The steps of a probe that has its instance, in the order of the decisions.
async fn make(cores: &Cores<'_>, handle: Handle, id: InstanceId) -> Result<(), Errno> {
    let k = cores.kernel;
    match cores.devlink.decisions.registration.publish {
        Publish::Last if cores.devlink.decisions.lock.devlink_mutex => {
            // The lock of all instances comes before an instance's own, so the parts are made without it.
            let held = cores.devlink.lock(k, id, Point::RegisterLock).await;
            create(cores, id).await?;
            ready(cores, id).await;
            drop(held);
            register(cores, id).await?;
            files_appear(cores, handle);
            Ok(())
        }
        Publish::Last if cores.devlink.decisions.lock.parts_unlocked => {
            create(cores, id).await?;
            let _held = cores.devlink.lock(k, id, Point::RegisterLock).await;
            ready(cores, id).await;
            cores.devlink.register(k, id).await?;
            files_appear(cores, handle);
            Ok(())
        }
        Publish::Last => {
            let _held = cores.devlink.lock(k, id, Point::RegisterLock).await;
            create(cores, id).await?;
            ready(cores, id).await;
            cores.devlink.register(k, id).await?;
            // A write to it sends notifications, so it comes after the instance was announced.
            files_appear(cores, handle);
            Ok(())
        }
        Publish::LastUnlocked => {
            let held = cores.devlink.lock(k, id, Point::RegisterLock).await;
            create(cores, id).await?;
            files_appear(cores, handle);
            ready(cores, id).await;
            drop(held);
            cores.devlink.register(k, id).await
        }
        Publish::First => {
            let _held = cores.devlink.lock(k, id, Point::RegisterLock).await;
            cores.devlink.register(k, id).await?;
            create(cores, id).await?;
            files_appear(cores, handle);
            ready(cores, id).await;
            Ok(())
        }
        Publish::Early => {
            if guards_itself(cores, id) {
                cores.devlink.says(cores.kernel, id, What::Ready(cores.devlink.subject(id)));
            }
            register(cores, id).await?;
            k.point(Point::ProbeInit).await;
            create(cores, id).await?;
            files_appear(cores, handle);
            ready(cores, id).await;
            Ok(())
        }
    }
}

/// The namespace of a new instance. Models `nsim_bus_dev->initial_net`: where the device was made, be that still there
/// or not.
fn home(cores: &Cores<'_>, handle: Handle) -> NetNs {
    if !cores.model_of(handle).has_bus_files {
        return cores.kernel.netns();
    }
    let (netns, memory) = cores.device(handle).made_in.get();
    if let Some(memory) = memory {
        cores.kernel.touch(memory);
    }
    netns
}

/// A driver's remove.
async fn unbind(cores: &Cores<'_>, handle: Handle, id: InstanceId) -> Result<(), Errno> {
    let (k, device) = (cores.kernel, cores.device(handle));
    vf::remove_functions(cores, handle).await;
    port::remove_files(cores, handle).await;
    if !cores.devlink.decisions.lock.work_cancelled_locked {
        linecard::cancel_work(cores, handle).await;
        function::cancel_work(cores, handle).await;
    }
    let removes_file_locked = cores.model(id).has_bus_files;
    if !removes_file_locked {
        snapshot::remove_file(cores, handle).await;
    }
    if !cores.devlink.decisions.reload.reporters_anew
        && !cores.devlink.decisions.part.reports_after_unregister
    {
        health::remove_files(cores, handle).await;
    }
    match cores.devlink.decisions.registration.publish {
        Publish::Last => {
            let mutex = cores.devlink.mutex(k, Point::DevlinkMutex).await;
            let held = cores.devlink.lock(k, id, Point::UnregisterLock).await;
            cores.devlink.unregister(k, id).await?;
            unready(cores, id).await;
            let held = Some(held).filter(|_| !cores.devlink.decisions.lock.parts_unlocked);
            destroy(cores, id).await;
            drop((held, mutex));
        }
        Publish::LastUnlocked => {
            cores.devlink.unregister(k, id).await?;
            let _held = cores.devlink.lock(k, id, Point::UnregisterLock).await;
            unready(cores, id).await;
            destroy(cores, id).await;
        }
        Publish::First => {
            let _held = cores.devlink.lock(k, id, Point::UnregisterLock).await;
            unready(cores, id).await;
            destroy(cores, id).await;
            cores.devlink.unregister(k, id).await?;
        }
        Publish::Early => {
            cores.devlink.reload_enable(k, id, false);
            unready(cores, id).await;
            destroy(cores, id).await;
            let _mutex = cores.devlink.mutex(k, Point::DevlinkMutex).await;
            let _held = cores.devlink.lock(k, id, Point::UnregisterLock).await;
            cores.devlink.unregister(k, id).await?;
        }
    }
    if guards_itself(cores, id) {
        cores.devlink.says(cores.kernel, id, What::Unready(cores.devlink.subject(id)));
    }
    k.point(Point::RemoveFree).await;
    device.forget_knobs(k, handle);
    device.instance.set(None);
    port::forget_all(cores, handle);
    cores.devlink.free(k, id);
    Ok(())
}

/// The files appear that let a user do something to the running driver.
fn files_appear(cores: &Cores<'_>, handle: Handle) {
    snapshot::create_file(cores, handle);
    if !cores.devlink.decisions.reload.reporters_anew {
        health::files_appear(cores, handle);
    }
}

/// Models `nsim_dev_debugfs_init()`.
fn debugfs_appears(cores: &Cores<'_>, handle: Handle) {
    if cores.model_of(handle).has_bus_files {
        cores.device(handle).has_knobs.set(true);
        snapshot::create_file(cores, handle);
    }
}

/// Models `nsim_dev_debugfs_exit()`.
async fn debugfs_goes(cores: &Cores<'_>, handle: Handle) {
    if cores.device(handle).has_knobs.replace(false) {
        snapshot::remove_file(cores, handle).await;
    }
}

/// Models `devlink_register()`: the locks, and the register under them.
async fn register(cores: &Cores<'_>, id: InstanceId) -> Result<(), Errno> {
    let _mutex = cores.devlink.mutex(cores.kernel, Point::DevlinkMutex).await;
    let _held = cores.devlink.lock(cores.kernel, id, Point::RegisterLock).await;
    cores.devlink.register(cores.kernel, id).await
}

async fn ready(cores: &Cores<'_>, id: InstanceId) {
    cores.kernel.point(Point::ProbeReady).await;
    let device = cores.device(cores.devlink.handle(id));
    device.is_ready.set(true);
    device.has_port_files.set(true);
    if !guards_itself(cores, id) {
        cores.devlink.says(cores.kernel, id, What::Ready(cores.devlink.subject(id)));
    }
    if cores.model(id).guard != Guard::None {
        cores.devlink.reload_enable(cores.kernel, id, true);
    }
}

/// Whether a driver may be called while it is in probe or remove, because its callbacks look at its own state first.
fn guards_itself(cores: &Cores<'_>, id: InstanceId) -> bool {
    cores.devlink.decisions.registration.publish == Publish::Early && cores.model(id).guard == Guard::Own
}

async fn unready(cores: &Cores<'_>, id: InstanceId) {
    cores.device(cores.devlink.handle(id)).is_ready.set(false);
    if !guards_itself(cores, id) {
        cores.devlink.says(cores.kernel, id, What::Unready(cores.devlink.subject(id)));
    }
    cores.kernel.point(Point::RemoveTeardown).await;
}

/// The lock that a step of probe or remove takes for itself where it does not run under one.
async fn step_lock<'b>(cores: &Cores<'b>, id: InstanceId, at: Point) -> Option<Held<'b>> {
    port::lock_if(cores, id, cores.devlink.decisions.registration.publish == Publish::Early, at).await
}

/// Everything that probe makes, or nothing.
async fn create(cores: &Cores<'_>, id: InstanceId) -> Result<(), Errno> {
    let made = create_parts(cores, id).await;
    if made.is_err() && !cores.devlink.decisions.part.probe_not_undone {
        destroy(cores, id).await;
    }
    made
}

/// Makes one part after the other, up to the first that fails.
async fn create_parts(cores: &Cores<'_>, id: InstanceId) -> Result<(), Errno> {
    let k = cores.kernel;
    {
        let _held = step_lock(cores, id, Point::ParamsRegister).await;
        k.may_fail()?;
        cores.devlink.resources_register(k, id);
        cores.devlink.params_register(k, id).await;
        cores.devlink.linecards_create(k, id).await;
    }
    if !cores.model(id).inventory.traps.is_empty() {
        let _held = step_lock(cores, id, Point::TrapsRegister).await;
        k.may_fail()?;
        cores.devlink.regions_create(k, id).await;
        k.may_fail()?;
        cores.devlink.traps_register(k, id).await;
        trap_report::start(cores, id);
        debugfs_appears(cores, cores.devlink.handle(id));
        fib::create(cores, id).await.expect("a resource of a new instance is as large as can be");
    }
    {
        let _held = step_lock(cores, id, Point::ParamsRegister).await;
        k.may_fail()?;
        health::create(cores, id);
    }
    netdev::notifier_changes(cores, id).await;
    k.may_fail()?;
    // A device that was just made has no port in the way.
    let _ = port::create_all(cores, id, cores.devlink.decisions.registration.publish == Publish::Early).await;
    auxiliary::attach(cores, id).await;
    Ok(())
}

/// Models the start of `nsim_dev_reload_destroy()`: once a reload has failed, 6.12's netdevsim takes everything for
/// torn down, and so it leaves the ports that were added since.
pub(super) fn skips_teardown(cores: &Cores<'_>, id: InstanceId) -> bool {
    cores.model(id).forgets_ports && cores.devlink.is_reload_failed(cores.kernel, id)
}

/// Everything that remove unmakes; what a failed reload left undone is not there to unmake.
async fn destroy(cores: &Cores<'_>, id: InstanceId) {
    let k = cores.kernel;
    if !skips_teardown(cores, id) {
        if cores.model(id).has_bus_files {
            snapshot::remove_file(cores, cores.devlink.handle(id)).await;
        }
        if cores.devlink.decisions.lock.work_cancelled_locked {
            linecard::cancel_work(cores, cores.devlink.handle(id)).await;
            function::cancel_work(cores, cores.devlink.handle(id)).await;
        }
        auxiliary::detach(cores, id).await;
        linecard::teardown(cores, id).await;
        function::teardown(cores, id).await;
        vf::teardown(cores, id, cores.devlink.decisions.registration.publish == Publish::Early).await;
        port::destroy_all(cores, id, cores.devlink.decisions.registration.publish == Publish::Early).await;
        netdev::notifier_changes(cores, id).await;
        let _held = step_lock(cores, id, Point::TrapsUnregister).await;
        health::destroy(cores, id).await;
        fib::destroy(cores, id).await;
        trap_report::stop(cores, id).await;
        cores.devlink.traps_unregister(k, id).await;
        cores.devlink.regions_destroy(k, id).await;
        cores.devlink.linecards_destroy(k, id).await;
    }
    debugfs_goes(cores, cores.devlink.handle(id)).await;
    let _held = step_lock(cores, id, Point::ParamsUnregister).await;
    cores.devlink.params_unregister(k, id).await;
}
