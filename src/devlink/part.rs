//! Parts of an instance: which there are, and in what order. All of this runs under the instance's lock.

use super::{Devlink, InstanceId};
use crate::event::{LineCard, Param, PortIndex, Region, Reporter, Subject, TrapGroup, TrapPolicer, What};
use crate::sim::Kernel;

/// A kind of part, each of which devlink keeps in a list of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Port,
    Policer,
    Group,
    Trap,
    Region,
    Param,
    Rate,
    Snapshot,
    Reporter,
    LineCard,
}

impl Kind {
    /// How many kinds there are.
    pub(super) const COUNT: usize = 10;
    /// The order in which a register announces them. Of snapshots and reporters it says nothing.
    pub(super) const REPLAYED: [Kind; Kind::COUNT - 2] = [
        Kind::LineCard,
        Kind::Port,
        Kind::Policer,
        Kind::Group,
        Kind::Trap,
        Kind::Rate,
        Kind::Region,
        Kind::Param,
    ];
    /// The order in which users ask for them. A region comes with its snapshots.
    pub(super) const DUMPED: [Kind; Kind::COUNT - 1] = [
        Kind::Port,
        Kind::Param,
        Kind::Region,
        Kind::Trap,
        Kind::Group,
        Kind::Policer,
        Kind::Rate,
        Kind::Reporter,
        Kind::LineCard,
    ];
}

/// The list that a part is in, and its place there.
fn place(part: Subject) -> Option<(Kind, usize)> {
    Some(match part {
        Subject::Port(_, port) => (Kind::Port, port.index()),
        Subject::TrapPolicer(_, policer) => (Kind::Policer, policer.index()),
        Subject::TrapGroup(_, group) => (Kind::Group, group.index()),
        Subject::Trap(_, trap) => (Kind::Trap, trap.index()),
        Subject::Region(_, region) => (Kind::Region, region.index()),
        Subject::Param(_, param) => (Kind::Param, param.index()),
        Subject::Rate(_, rate) => (Kind::Rate, rate.index()),
        Subject::Snapshot(_, id) => (Kind::Snapshot, id.index()),
        Subject::Reporter(_, reporter) => (Kind::Reporter, reporter.index()),
        Subject::LineCard(_, card) => (Kind::LineCard, card.index()),
        _ => return None,
    })
}

impl Devlink {
    /// Whether the instance has this part.
    pub(super) fn has(&self, k: &Kernel, id: InstanceId, part: Subject) -> bool {
        let Some((kind, index)) = place(part) else { return false };
        self.with(k, id, |instance| instance.present[kind as usize] & 1 << index != 0)
    }

    /// Puts a part into its list; false if it is there already.
    pub(super) fn add(&self, k: &Kernel, id: InstanceId, part: Subject) -> bool {
        let changed = self.set_present(k, id, part, true);
        if changed {
            k.emit(What::Add(part));
        }
        changed
    }

    /// Takes a part out of its list; false if it is not there.
    pub(super) fn remove(&self, k: &Kernel, id: InstanceId, part: Subject) -> bool {
        let changed = self.set_present(k, id, part, false);
        if changed {
            k.emit(What::Remove(part));
        }
        changed
    }

    fn set_present(&self, k: &Kernel, id: InstanceId, part: Subject, present: bool) -> bool {
        let Some((kind, index)) = place(part) else { return false };
        self.with(k, id, |instance| {
            let list = &mut instance.present[kind as usize];
            let before = *list;
            *list = if present { before | 1 << index } else { before & !(1 << index) };
            *list != before
        })
    }

    /// The kinds of which the instance has at least one part.
    pub(super) fn kinds_left(&self, id: InstanceId) -> impl Iterator<Item = Kind> {
        let present = self.instances.borrow()[id.index()].present;
        Kind::REPLAYED.into_iter().filter(move |kind| present[*kind as usize] != 0)
    }

    /// The parts of one kind in the order of their list: traps as registered, rate objects, snapshots and maybe ports as
    /// their lists have them, others by number.
    pub(super) fn parts_of(
        &self,
        id: InstanceId,
        kind: Kind,
    ) -> impl DoubleEndedIterator<Item = Subject> + use<> {
        let instance = &self.instances.borrow()[id.index()];
        let handle = instance.handle;
        let traps = instance.inventory.traps;
        let rates = instance.rates.order();
        let snapshots = instance.snapshots.order();
        let (ports, in_list) = (instance.port_order, self.rules.ports_in_list);
        let present = instance.present[kind as usize];
        let is_there = move |index: usize| present & 1 << index != 0;
        let count = match kind {
            _ if present == 0 => 0,
            Kind::Trap => traps.len(),
            Kind::Rate => rates.len(),
            Kind::Snapshot => snapshots.len(),
            Kind::Port => PortIndex::COUNT,
            _ => (u32::BITS - present.leading_zeros()) as usize,
        };
        (0..count).filter_map(move |at| match kind {
            Kind::Trap => is_there(traps[at].trap.index()).then(|| Subject::Trap(handle, traps[at].trap)),
            Kind::Port => {
                let port = ports.at(at, in_list).filter(|port| is_there(port.index()));
                port.map(|port| Subject::Port(handle, port))
            }
            Kind::Policer => is_there(at).then(|| Subject::TrapPolicer(handle, TrapPolicer::ALL[at])),
            Kind::Group => is_there(at).then(|| Subject::TrapGroup(handle, TrapGroup::ALL[at])),
            Kind::Region => is_there(at).then(|| Subject::Region(handle, Region::ALL[at])),
            // netdevsim makes the empty one first.
            Kind::Reporter => {
                let reporter = [Reporter::Empty, Reporter::Dummy][at];
                is_there(reporter.index()).then_some(Subject::Reporter(handle, reporter))
            }
            Kind::LineCard => is_there(at).then(|| Subject::LineCard(handle, LineCard::ALL[at])),
            Kind::Param => is_there(at).then(|| Subject::Param(handle, Param::ALL[at])),
            Kind::Rate => rates[at].map(|rate| Subject::Rate(handle, rate)),
            Kind::Snapshot => snapshots[at].map(|id| Subject::Snapshot(handle, id)),
        })
    }

    /// The parts of an instance in the order of a replay.
    pub(super) fn parts(&self, id: InstanceId) -> impl Iterator<Item = Subject> {
        self.kinds_left(id).flat_map(move |kind| self.parts_of(id, kind))
    }

    /// What users are shown who ask for one kind: of regions, also their snapshots.
    pub(super) fn shown(&self, id: InstanceId, kind: Kind) -> impl Iterator<Item = Subject> {
        let also = (kind == Kind::Region).then(|| self.parts_of(id, Kind::Snapshot));
        self.parts_of(id, kind).chain(also.into_iter().flatten())
    }
}
