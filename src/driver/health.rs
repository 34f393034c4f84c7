//! netdevsim's file `break_health`: whoever writes to it has the driver report an error.

use super::Bus;
use crate::devlink::InstanceId;
use crate::event::{Errno, Handle, Knob, LockClass, Point, Reporter, Subject};
use crate::sim::LockId;

/// A write to the file. Models `nsim_dev_health_break_write()`; the answer is what the report says.
pub async fn break_health(bus: &Bus<'_>, handle: Handle) -> Result<(), Errno> {
    let k = bus.kernel;
    let are_there = &bus.device(handle).has_health_files;
    if !are_there.get() {
        return Err(Errno::ENOENT);
    }
    let _open = k.read(writers(bus, handle), Point::BreakHealth).await;
    if !are_there.get() {
        return Err(Errno::ENOENT);
    }
    bus.uses_module_of(handle)?;
    let id = bus.device(handle).instance.get().ok_or(Errno::ENOENT)?;
    bus.devlink.health_report(k, bus, id, Reporter::Dummy).await
}

/// Models `nsim_dev_health_init()`: the reporters, and with them the files, if whoever removes the files may wait
/// for their writers where the reporters are unmade.
pub(super) fn create(bus: &Bus<'_>, id: InstanceId) {
    bus.devlink.reporters_create(bus.kernel, id);
    if bus.devlink.decisions.reload.reporters_anew {
        files_appear(bus, bus.devlink.handle(id));
    }
}

/// Models `nsim_dev_health_exit()`.
pub(super) async fn destroy(bus: &Bus<'_>, id: InstanceId) {
    remove_files(bus, bus.devlink.handle(id)).await;
    bus.devlink.reporters_destroy(bus.kernel, id);
}

/// The files appear, if there are reporters.
pub(super) fn files_appear(bus: &Bus<'_>, handle: Handle) {
    let device = bus.device(handle);
    device.has_health_files.set(!bus.model_of(handle).inventory.reporters.is_empty());
    device.set_knob(bus.kernel, handle, Knob::FailRecover, false);
}

/// Models `debugfs_remove_recursive()`: the files are gone, and so is everybody who wrote to one.
pub(super) async fn remove_files(bus: &Bus<'_>, handle: Handle) {
    if bus.device(handle).has_health_files.replace(false) {
        let _writers = bus.kernel.lock(writers(bus, handle), Point::HealthRemove).await;
    }
}

fn writers(bus: &Bus<'_>, handle: Handle) -> LockId {
    bus.kernel.lock_of(LockClass::BreakHealthFile, Subject::Devlink(handle))
}
