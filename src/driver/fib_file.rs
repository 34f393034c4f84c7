//! netdevsim's file `nexthop_bucket_activity`: a write to it looks a nexthop up in a table of the driver's.
//!
//! The model has no nexthops, so a write that finds the table is refused.

use super::{Bus, bus};
use crate::event::{Errno, Handle, LockClass, Point, Subject};
use crate::sim::cell::Cell;
use crate::sim::{Kref, LockId};

/// What there is of both for one device.
#[derive(Debug, Default)]
pub(in crate::driver) struct FibFile {
    /// Whether the file can be opened.
    is_there: Cell<bool>,
    /// The memory of the table, from when it is first made on.
    table: Cell<Option<Kref>>,
    /// Whether the table is there now.
    has_table: Cell<bool>,
}

/// A write to the file. Models `nsim_nexthop_bucket_activity_write()`.
pub(super) async fn write(bus: &Bus<'_>, handle: Handle) -> Result<(), Errno> {
    let (k, file) = (bus.kernel, &bus.device(handle).fib_file);
    if !file.is_there.get() {
        return Err(Errno::ENOENT);
    }
    k.point(Point::FibFileOpen).await;
    if !file.is_there.get() {
        return Err(Errno::ENOENT);
    }
    bus.uses_module_of(handle)?;
    let _open = k.read_here(writers(bus, handle)).await;
    let _rtnl = k.rtnl_lock(Point::FibFileLookup).await;
    if let Some(table) = file.table.get() {
        k.touch(table);
    }
    Err(Errno::EINVAL)
}

/// The table is there, and with it the file.
pub(super) fn create(bus: &Bus<'_>, handle: Handle) {
    let file = &bus.device(handle).fib_file;
    file.table.set(Some(bus.kernel.kref_init(Subject::FibTable(handle))));
    file.has_table.set(true);
    file.is_there.set(bus::is_nsim(handle));
}

/// Both go. Before the table is freed, the file is removed and its writers have ended.
pub(super) async fn destroy(bus: &Bus<'_>, handle: Handle) {
    let outlives = bus.devlink.decisions.part.fib_file_outlives_table;
    if !outlives {
        remove(bus, handle).await;
    }
    let file = &bus.device(handle).fib_file;
    let table = file.table.get().filter(|_| file.has_table.replace(false));
    if let Some(table) = table.filter(|table| bus.kernel.put(*table)) {
        bus.kernel.free(table);
    }
    if outlives {
        remove(bus, handle).await;
    }
}

/// Models `debugfs_remove()`.
async fn remove(bus: &Bus<'_>, handle: Handle) {
    let is_there = &bus.device(handle).fib_file.is_there;
    if is_there.get() {
        bus.kernel.point(Point::FibFileRemove).await;
        is_there.set(false);
        drop(bus.kernel.lock_here(writers(bus, handle)).await);
    }
}

fn writers(bus: &Bus<'_>, handle: Handle) -> LockId {
    bus.kernel.lock_of(LockClass::FibFile, Subject::Devlink(handle))
}
