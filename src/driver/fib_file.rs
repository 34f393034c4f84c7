//! netdevsim's file `nexthop_bucket_activity`: a write to it looks a nexthop up in a table of the driver's.
//!
//! The model has no nexthops, so a write that finds the table is refused.

use super::{Cores, id_table};
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
pub(super) async fn write(cores: &Cores<'_>, handle: Handle) -> Result<(), Errno> {
    let (k, file) = (cores.kernel, &cores.device(handle).fib_file);
    if !file.is_there.get() {
        return Err(Errno::ENOENT);
    }
    k.point(Point::FibFileOpen).await;
    if !file.is_there.get() {
        return Err(Errno::ENOENT);
    }
    cores.uses_module_of(handle)?;
    let _open = k.read_here(writers(cores, handle)).await;
    let _rtnl = k.rtnl_lock(Point::FibFileLookup).await;
    if let Some(table) = file.table.get() {
        k.touch(table);
    }
    Err(Errno::EINVAL)
}

/// The table is there, and with it the file.
pub(super) fn create(cores: &Cores<'_>, handle: Handle) {
    let file = &cores.device(handle).fib_file;
    file.table.set(Some(cores.kernel.kref_init(Subject::FibTable(handle))));
    file.has_table.set(true);
    file.is_there.set(id_table::is_nsim(handle));
}

/// Both go. Before the table is freed, the file is removed and its writers have ended.
pub(super) async fn destroy(cores: &Cores<'_>, handle: Handle) {
    let outlives = cores.devlink.decisions.part.fib_file_outlives_table;
    if !outlives {
        remove(cores, handle).await;
    }
    let file = &cores.device(handle).fib_file;
    let table = file.table.get().filter(|_| file.has_table.replace(false));
    if let Some(table) = table.filter(|table| cores.kernel.put(*table)) {
        cores.kernel.free(table);
    }
    if outlives {
        remove(cores, handle).await;
    }
}

/// Models `debugfs_remove()`.
async fn remove(cores: &Cores<'_>, handle: Handle) {
    let is_there = &cores.device(handle).fib_file.is_there;
    if is_there.get() {
        cores.kernel.point(Point::FibFileRemove).await;
        is_there.set(false);
        drop(cores.kernel.lock_here(writers(cores, handle)).await);
    }
}

fn writers(cores: &Cores<'_>, handle: Handle) -> LockId {
    cores.kernel.lock_of(LockClass::FibFile, Subject::Devlink(handle))
}
