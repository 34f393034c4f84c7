//! netdevsim's file `take_snapshot`: it is there while the region is, and its removal waits for its writers.

use super::Cores;
use crate::event::{Errno, Handle, LockClass, Point, Subject};
use crate::sim::LockId;

/// A write to the file. Models `nsim_dev_take_snapshot_write()`, which takes no lock of the instance.
pub async fn take(cores: &Cores<'_>, handle: Handle) -> Result<(), Errno> {
    let k = cores.kernel;
    let is_there = &cores.device(handle).has_snapshot_file;
    if !is_there.get() {
        return Err(Errno::ENOENT);
    }
    let _open = k.read(writers(cores, handle), Point::TakeSnapshot).await;
    if !is_there.get() {
        return Err(Errno::ENOENT);
    }
    cores.uses_module_of(handle)?;
    let id = cores.device(handle).instance.get().ok_or(Errno::ENOENT)?;
    cores.devlink.region_snapshot(k, id).await
}

/// The file appears, if the driver has a region to take snapshots of.
pub(super) fn create_file(cores: &Cores<'_>, handle: Handle) {
    let has_region = !cores.model_of(handle).inventory.regions.is_empty();
    cores.device(handle).has_snapshot_file.set(has_region);
}

/// Models `debugfs_remove()`: the file is gone, and its writers have ended.
pub(super) async fn remove_file(cores: &Cores<'_>, handle: Handle) {
    let has_file = &cores.device(handle).has_snapshot_file;
    if has_file.get() {
        cores.kernel.point(Point::TakeSnapshotRemove).await;
        has_file.set(false);
        drop(cores.kernel.lock_here(writers(cores, handle)).await);
    }
}

fn writers(cores: &Cores<'_>, handle: Handle) -> LockId {
    cores.kernel.lock_of(LockClass::TakeSnapshotFile, Subject::Devlink(handle))
}
