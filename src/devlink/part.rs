//! Parts of an instance: which there are, and in what order. All of this runs under the instance's lock.

use super::{Devlink, InstanceId};
use crate::event::{PortIndex, Reporter, Subject, SubjectKind, What};
use crate::sim::Kernel;

/// The order in which a register announces parts. Of snapshots and reporters it says nothing.
pub(super) const REPLAYED: [SubjectKind; 8] = [
    SubjectKind::LineCard,
    SubjectKind::Port,
    SubjectKind::TrapPolicer,
    SubjectKind::TrapGroup,
    SubjectKind::Trap,
    SubjectKind::Rate,
    SubjectKind::Region,
    SubjectKind::Param,
];

/// The order in which users ask for parts. A region comes with its snapshots.
pub(super) const DUMPED: [SubjectKind; 9] = [
    SubjectKind::Port,
    SubjectKind::Param,
    SubjectKind::Region,
    SubjectKind::Trap,
    SubjectKind::TrapGroup,
    SubjectKind::TrapPolicer,
    SubjectKind::Rate,
    SubjectKind::Reporter,
    SubjectKind::LineCard,
];

/// Which parts of each kind there are: a bit a part, in devlink's list of that kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Present([u32; SubjectKind::ALL.len()]);

impl Default for Present {
    fn default() -> Self {
        Present([0; SubjectKind::ALL.len()])
    }
}

impl Present {
    fn has(&self, part: Subject) -> bool {
        part.place().is_some_and(|(_, place)| self.of(part.kind()) & 1 << place != 0)
    }

    fn of(&self, kind: SubjectKind) -> u32 {
        self.0[kind as usize]
    }

    /// Says whether a part is there; true if that is new.
    fn set(&mut self, part: Subject, is_there: bool) -> bool {
        let Some((_, place)) = part.place() else { return false };
        let list = &mut self.0[part.kind() as usize];
        let before = *list;
        *list = if is_there { before | 1 << place } else { before & !(1 << place) };
        *list != before
    }
}

impl Devlink {
    /// Whether the instance has this part.
    pub(super) fn has(&self, k: &Kernel, id: InstanceId, part: Subject) -> bool {
        self.with(k, id, |instance| instance.present.has(part))
    }

    /// Models `devl_assert_locked()`: a driver that calls a `devl_` function holds the instance's lock. The snapshots of a
    /// region are guarded by a lock of the region.
    fn assert_locked(&self, k: &Kernel, id: InstanceId, part: Subject) {
        let lock = self.instance(id).lock;
        // No kernel whose files keep reload away with a flag has the assertion.
        let is_asserted =
            !matches!(part, Subject::Snapshot(..)) && !self.decisions.lock.port_files_disable_reload;
        if is_asserted && !k.is_held(lock) {
            self.says(k, id, What::Warn(self.subject(id), k.here()));
        }
    }

    /// Puts a part into its list; false if it is there already.
    pub(super) fn add(&self, k: &Kernel, id: InstanceId, part: Subject) -> bool {
        self.assert_locked(k, id, part);
        let changed = self.with(k, id, |instance| instance.present.set(part, true));
        if changed {
            self.says(k, id, What::Add(part));
        }
        changed
    }

    /// Takes a part out of its list; false if it is not there.
    pub(super) fn remove(&self, k: &Kernel, id: InstanceId, part: Subject) -> bool {
        self.assert_locked(k, id, part);
        let changed = self.with(k, id, |instance| instance.present.set(part, false));
        if changed {
            self.says(k, id, What::Remove(part));
        }
        changed
    }

    /// The kinds of which the instance has at least one part.
    pub(super) fn kinds_left(&self, id: InstanceId) -> impl Iterator<Item = SubjectKind> {
        let present = self.instance(id).state.borrow().present;
        REPLAYED.into_iter().filter(move |kind| present.of(*kind) != 0)
    }

    /// The parts of one kind in the order of their list: traps as registered, rate objects, snapshots and maybe ports as
    /// their lists have them, others by number.
    pub(super) fn parts_of(
        &self,
        id: InstanceId,
        kind: SubjectKind,
    ) -> impl DoubleEndedIterator<Item = Subject> + use<> {
        let of = self.instance(id);
        let handle = of.handle;
        let traps = of.inventory.traps;
        let instance = of.state.borrow();
        let rates = instance.rates.order();
        let snapshots = instance.snapshots.order();
        let (ports, in_list) = (instance.port_order, self.decisions.part.ports_in_list);
        let present = instance.present.of(kind);
        let is_there = move |index: usize| present & 1 << index != 0;
        let count = match kind {
            _ if present == 0 => 0,
            SubjectKind::Trap => traps.len(),
            SubjectKind::Rate => rates.len(),
            SubjectKind::Snapshot => snapshots.len(),
            SubjectKind::Port => PortIndex::COUNT,
            _ => (u32::BITS - present.leading_zeros()) as usize,
        };
        (0..count).filter_map(move |at| match kind {
            SubjectKind::Trap => {
                is_there(traps[at].trap.index()).then(|| Subject::Trap(handle, traps[at].trap))
            }
            SubjectKind::Port => {
                let port = ports.at(at, in_list).filter(|port| is_there(port.index()));
                port.map(|port| Subject::Port(handle, port))
            }
            // netdevsim makes the empty one first.
            SubjectKind::Reporter => {
                let reporter = [Reporter::Empty, Reporter::Dummy][at];
                is_there(reporter.index()).then_some(Subject::Reporter(handle, reporter))
            }
            SubjectKind::Rate => rates[at].map(|rate| Subject::Rate(handle, rate)),
            SubjectKind::Snapshot => snapshots[at].map(|id| Subject::Snapshot(handle, id)),
            kind => kind.part(handle, at).filter(|_| is_there(at)),
        })
    }

    /// The parts of an instance in the order of a replay.
    pub(super) fn parts(&self, id: InstanceId) -> impl Iterator<Item = Subject> {
        self.kinds_left(id).flat_map(move |kind| self.parts_of(id, kind))
    }

    /// What users are shown who ask for one kind: of regions, also their snapshots.
    pub(super) fn shown(&self, id: InstanceId, kind: SubjectKind) -> impl Iterator<Item = Subject> {
        let also = (kind == SubjectKind::Region).then(|| self.parts_of(id, SubjectKind::Snapshot));
        self.parts_of(id, kind).chain(also.into_iter().flatten())
    }
}
