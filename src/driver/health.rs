//! netdevsim's file `break_health`: a write to it has the driver report an error.

use super::Cores;
use crate::devlink::InstanceId;
use crate::event::{Errno, Handle, Knob, LockClass, Point, Reporter, Subject};
use crate::sim::LockId;

/// A write to the file. Models `nsim_dev_health_break_write()`; the answer is what the report says.
pub async fn break_health(cores: &Cores<'_>, handle: Handle) -> Result<(), Errno> {
    let k = cores.kernel;
    let are_there = &cores.device(handle).has_health_files;
    if !are_there.get() {
        return Err(Errno::ENOENT);
    }
    let _open = k.read(writers(cores, handle), Point::BreakHealth).await;
    if !are_there.get() {
        return Err(Errno::ENOENT);
    }
    cores.uses_module_of(handle)?;
    let id = cores.device(handle).instance.get().ok_or(Errno::ENOENT)?;
    cores.devlink.health_report(k, cores, id, Reporter::Dummy).await
}

/// Models `nsim_dev_health_init()`: the reporters, and with them the files, if the place where the reporters
/// are destroyed may wait for the files' writers.
pub(super) fn create(cores: &Cores<'_>, id: InstanceId) {
    cores.devlink.reporters_create(cores.kernel, id);
    if cores.devlink.decisions.reload.reporters_anew {
        files_appear(cores, cores.devlink.handle(id));
    }
}

/// Models `nsim_dev_health_exit()`.
pub(super) async fn destroy(cores: &Cores<'_>, id: InstanceId) {
    remove_files(cores, cores.devlink.handle(id)).await;
    cores.devlink.reporters_destroy(cores.kernel, id);
}

/// The files appear, if there are reporters.
pub(super) fn files_appear(cores: &Cores<'_>, handle: Handle) {
    let device = cores.device(handle);
    device.has_health_files.set(!cores.model_of(handle).inventory.reporters.is_empty());
    device.set_knob(cores.kernel, handle, Knob::FailRecover, false);
}

/// Models `debugfs_remove_recursive()`: the files are gone, and their writers have ended.
pub(super) async fn remove_files(cores: &Cores<'_>, handle: Handle) {
    let has_files = &cores.device(handle).has_health_files;
    if has_files.get() {
        cores.kernel.point(Point::HealthRemove).await;
        has_files.set(false);
        drop(cores.kernel.lock_here(writers(cores, handle)).await);
    }
}

fn writers(cores: &Cores<'_>, handle: Handle) -> LockId {
    cores.kernel.lock_of(LockClass::BreakHealthFile, Subject::Devlink(handle))
}
