//! netdevsim's file `take_snapshot`: it is there while the region is, and whoever removes it waits for its writers.

use super::Bus;
use crate::event::{Errno, Handle, LockClass, Point, Subject};
use crate::sim::LockId;

/// A write to the file. Models `nsim_dev_take_snapshot_write()`, which takes no lock of the instance.
pub async fn take(bus: &Bus<'_>, handle: Handle) -> Result<(), Errno> {
    let k = bus.kernel;
    let is_there = &bus.device(handle).has_snapshot_file;
    if !is_there.get() {
        return Err(Errno::ENOENT);
    }
    let _open = k.read(writers(bus, handle), Point::TakeSnapshot).await;
    if !is_there.get() {
        return Err(Errno::ENOENT);
    }
    bus.uses_module_of(handle)?;
    let id = bus.device(handle).instance.get().ok_or(Errno::ENOENT)?;
    bus.devlink.region_snapshot(k, id).await
}

/// The file appears, if the driver has a region to take snapshots of.
pub(super) fn create_file(bus: &Bus<'_>, handle: Handle) {
    let has_region = !bus.model_of(handle).inventory.regions.is_empty();
    bus.device(handle).has_snapshot_file.set(has_region);
}

/// Models `debugfs_remove()`: the file is gone, and so is everybody who wrote to it.
pub(super) async fn remove_file(bus: &Bus<'_>, handle: Handle) {
    if bus.device(handle).has_snapshot_file.replace(false) {
        let _writers = bus.kernel.lock(writers(bus, handle), Point::TakeSnapshotRemove).await;
    }
}

fn writers(bus: &Bus<'_>, handle: Handle) -> LockId {
    bus.kernel.lock_of(LockClass::TakeSnapshotFile, Subject::Devlink(handle))
}
