//! Regions of a device's memory, and the snapshots that are taken of them.
//!
//! Snapshots have ids that are unique in the instance, and a task that takes one holds its id meanwhile. A driver takes
//! snapshots without the instance's lock: the region's own lock is all that keeps its snapshots together.

use super::{Devlink, InstanceId};
use crate::event::{
    Callback, Errno, Handle, LockClass, Notice, Point, Region, SnapshotId, Subject, SubjectKind, What,
};
use crate::sim::{Held, Kernel, Kref};

/// The snapshots of an instance in the order in which they were taken, and who holds the ids.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Snapshots {
    order: [Option<SnapshotId>; SnapshotId::COUNT],
    ids: [Option<Kref>; SnapshotId::COUNT],
}

impl Snapshots {
    /// The snapshots that there are, oldest first.
    pub(super) fn order(self) -> [Option<SnapshotId>; SnapshotId::COUNT] {
        self.order
    }

    fn add(&mut self, id: SnapshotId) {
        let end = self.order.iter().position(Option::is_none).expect("a list has room for every id");
        self.order[end] = Some(id);
    }

    fn remove(&mut self, id: SnapshotId) {
        if let Some(at) = self.order.iter().position(|known| *known == Some(id)) {
            self.order[at..].rotate_left(1);
            self.order[SnapshotId::COUNT - 1] = None;
        }
    }

    /// The lowest free id.
    fn free(&self) -> Option<SnapshotId> {
        SnapshotId::ALL[1..].iter().copied().find(|id| self.ids[id.index()].is_none())
    }
}

impl Devlink {
    /// Models `devl_region_create()` for the driver's regions.
    pub async fn regions_create(&self, k: &Kernel, id: InstanceId) {
        for region in self.inventory(id).regions {
            self.add_and_notify(k, id, Subject::Region(self.handle(id), *region)).await;
        }
    }

    /// Models `devl_region_destroy()` for the driver's regions: first their snapshots go, oldest first.
    pub async fn regions_destroy(&self, k: &Kernel, id: InstanceId) {
        for region in self.inventory(id).regions.iter().rev() {
            if self.has(k, id, Subject::Region(self.handle(id), *region)) {
                let _held = self.snapshot_lock(k, id, Point::RegionDestroy).await;
                for part in self.parts_of(id, SubjectKind::Snapshot) {
                    let Subject::Snapshot(_, snapshot) = part else { continue };
                    self.snapshot_del(k, id, snapshot).await;
                }
            }
            self.remove_and_notify(k, id, Subject::Region(self.handle(id), *region)).await;
        }
    }

    async fn snapshot_lock<'k>(&self, k: &'k Kernel, id: InstanceId, at: Point) -> Held<'k> {
        let lock = k.lock_of(LockClass::RegionSnapshotLock, Subject::Region(self.handle(id), Region::Dummy));
        k.lock(lock, at).await
    }

    /// Has the tasks wait that take a snapshot of an instance, if it has a region. A move with the driver up holds this
    /// lock: no other lock keeps a snapshot from being announced in a namespace where its instance is not.
    pub(super) async fn snapshots_wait<'k>(&self, k: &'k Kernel, id: InstanceId) -> Option<Held<'k>> {
        if self.has(k, id, Subject::Region(self.handle(id), Region::Dummy)) {
            Some(self.snapshot_lock(k, id, Point::CleanupNetSnapshots).await)
        } else {
            None
        }
    }

    /// Models `devlink_nl_region_new_doit()`: takes a snapshot under the id that is wanted, or the lowest free one,
    /// which the caller is told.
    pub(super) async fn region_new(
        &self,
        k: &Kernel,
        id: InstanceId,
        region: Region,
        wanted: SnapshotId,
    ) -> Result<(), Errno> {
        let part = Subject::Region(self.handle(id), region);
        if !self.has(k, id, part) {
            return Err(Errno::EINVAL);
        }
        let _held = self.snapshot_lock(k, id, Point::RegionNew).await;
        let is_auto = wanted == SnapshotId::Auto;
        if self.is_full(id) {
            return Err(Errno::ENOSPC);
        }
        // One that has a snapshot and one that is only held are refused alike.
        let snapshot = match wanted {
            SnapshotId::Auto => self.snapshot_id_get(k, id).ok_or(Errno::ENOSPC)?,
            wanted if self.with(k, id, |instance| instance.snapshots.ids[wanted.index()].is_some()) => {
                return Err(Errno::EEXIST);
            }
            wanted => {
                self.snapshot_id_init(k, id, wanted);
                wanted
            }
        };
        let op = async { k.may_fail() };
        let taken = k.call(Callback::RegionSnapshot, self.named(id), self.module(id), op).await;
        if taken.is_err() {
            self.snapshot_id_put(k, id, snapshot);
            return taken;
        }
        self.snapshot_create(k, id, snapshot).await;
        if is_auto {
            self.says(k, id, What::Dumped(Subject::Snapshot(self.handle(id), snapshot), 0));
        }
        // 6.12 forgets what it holds of an id that it chose.
        if !is_auto || !self.decisions.part.snapshot_ids_kept {
            self.snapshot_id_put(k, id, snapshot);
        }
        Ok(())
    }

    /// Models `devlink_nl_region_del_doit()`.
    pub(super) async fn region_del(
        &self,
        k: &Kernel,
        id: InstanceId,
        region: Region,
        snapshot: SnapshotId,
    ) -> Result<(), Errno> {
        if snapshot == SnapshotId::Auto || !self.has(k, id, Subject::Region(self.handle(id), region)) {
            return Err(Errno::EINVAL);
        }
        let _held = self.snapshot_lock(k, id, Point::RegionDel).await;
        if !self.has(k, id, Subject::Snapshot(self.handle(id), snapshot)) {
            return Err(Errno::EINVAL);
        }
        self.snapshot_del(k, id, snapshot).await;
        Ok(())
    }

    /// Models `devlink_nl_region_read_dumpit()`, which is called for each message and looks everything up anew: two
    /// messages have all of a region, and the third call finds that nothing is left.
    pub(super) async fn region_read(
        &self,
        k: &Kernel,
        handle: Handle,
        region: Region,
        snapshot: SnapshotId,
    ) -> Result<(), Errno> {
        for is_first in [true, false, false] {
            let done = self.region_read_fill(k, handle, region, snapshot, is_first).await;
            k.point(Point::RegionReadChunk).await;
            done?;
        }
        Ok(())
    }

    async fn region_read_fill(
        &self,
        k: &Kernel,
        handle: Handle,
        region: Region,
        snapshot: SnapshotId,
        is_first: bool,
    ) -> Result<(), Errno> {
        let doit = self.pre_doit(k, handle).await?;
        let read = [Subject::Region(handle, region), Subject::Snapshot(handle, snapshot)];
        if snapshot == SnapshotId::Auto || !read.iter().all(|part| self.has(k, doit.id, *part)) {
            return Err(Errno::EINVAL);
        }
        if is_first {
            self.says(k, doit.id, What::Dumped(read[0], 0));
        }
        Ok(())
    }

    /// A driver takes a snapshot by itself. Models `devlink_region_snapshot_id_get()`,
    /// `devlink_region_snapshot_create()` and `devlink_region_snapshot_id_put()`, without the instance's lock.
    pub async fn region_snapshot(&self, k: &Kernel, id: InstanceId) -> Result<(), Errno> {
        k.point(Point::RegionSnapshotId).await;
        let snapshot = self.snapshot_id_get(k, id).ok_or(Errno::ENOSPC)?;
        let _held = self.snapshot_lock(k, id, Point::TakeSnapshotLock).await;
        let taken = match k.may_fail() {
            Err(errno) => Err(errno),
            Ok(()) if self.is_full(id) => Err(Errno::ENOSPC),
            Ok(()) => {
                self.snapshot_create(k, id, snapshot).await;
                Ok(())
            }
        };
        self.snapshot_id_put(k, id, snapshot);
        taken
    }

    fn is_full(&self, id: InstanceId) -> bool {
        self.parts_of(id, SubjectKind::Snapshot).count() == SnapshotId::COUNT - 1
    }

    fn snapshot_id_get(&self, k: &Kernel, id: InstanceId) -> Option<SnapshotId> {
        let free = self.with(k, id, |instance| instance.snapshots.free())?;
        self.snapshot_id_init(k, id, free);
        Some(free)
    }

    fn snapshot_id_init(&self, k: &Kernel, id: InstanceId, snapshot: SnapshotId) {
        let kref = k.kref_init(Subject::Snapshot(self.handle(id), snapshot));
        self.with(k, id, |instance| instance.snapshots.ids[snapshot.index()] = Some(kref));
    }

    fn snapshot_id_put(&self, k: &Kernel, id: InstanceId, snapshot: SnapshotId) {
        let Some(kref) = self.with(k, id, |instance| instance.snapshots.ids[snapshot.index()]) else {
            return;
        };
        if k.put(kref) {
            k.free(kref);
            self.with(k, id, |instance| instance.snapshots.ids[snapshot.index()] = None);
        } else if !self.has(k, id, Subject::Snapshot(self.handle(id), snapshot)) {
            // An id that is held without a snapshot was forgotten.
            k.disown(kref);
        }
    }

    async fn snapshot_create(&self, k: &Kernel, id: InstanceId, snapshot: SnapshotId) {
        let part = Subject::Snapshot(self.handle(id), snapshot);
        if let Some(kref) = self.with(k, id, |instance| instance.snapshots.ids[snapshot.index()]) {
            k.get(kref);
        }
        self.with(k, id, |instance| instance.snapshots.add(snapshot));
        self.add(k, id, part);
        self.notify(k, id, Notice::New, part).await;
    }

    async fn snapshot_del(&self, k: &Kernel, id: InstanceId, snapshot: SnapshotId) {
        let part = Subject::Snapshot(self.handle(id), snapshot);
        self.notify(k, id, Notice::Del, part).await;
        self.remove(k, id, part);
        self.with(k, id, |instance| instance.snapshots.remove(snapshot));
        self.snapshot_id_put(k, id, snapshot);
    }

    /// Models `xa_destroy(&devlink->snapshot_ids)`: an instance that goes takes along what was forgotten.
    pub(super) fn snapshot_ids_destroy(&self, k: &Kernel, id: InstanceId) {
        let ids = self.with(k, id, |instance| std::mem::take(&mut instance.snapshots.ids));
        for kref in ids.into_iter().flatten() {
            while !k.put(kref) {}
            k.free(kref);
        }
    }
}
