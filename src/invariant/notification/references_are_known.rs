//! A listener knows every part that another one refers to.

use crate::event::value::{Policer, Rates, Value};
use crate::event::{Event, Handle, Kinds, Life, Notice, PortIndex, RateName, Region, Subject, Trace, What};
use crate::invariant::Invariant;
use crate::invariant::announced::{Announced, Heard, heard};
use crate::invariant::lives::Lives;
use crate::mail::{self, Cite};

/// A part is announced after the parts that it refers to, and ends before them.
///
/// A trap is in a group (if its driver has announced any), a group has a policer, a snapshot is of a region, a leaf is of
/// a port, and a rate object may be under a node. Nodes and what is under them may end together in any order
/// (`devl_rate_nodes_destroy()`): once the command that ends a node has ended, nothing is under it any more.
///
/// A driver makes a snapshot under no lock but its region's (`devlink_region_snapshot_create`), so the snapshot may be
/// announced while another task announces the instance and has not come to the region: only its end is looked at.
pub const REFERENCES_ARE_KNOWN: Invariant = Invariant {
    id: 0x1b,
    name: "references-are-known",
    says: "A part is announced after the parts that it refers to, and ends before them.",
    cites: &[Cite {
        mail: &mail::REGISTER,
        who: "Jakub Kicinski",
        claim: "notifications go out in an order in which what is told of can be reached",
    }],
    about: Kinds::NOTIFY,
    observable: true,
    ends_all: false,
    check,
};

/// The part that another refers to, by what it is and by the value it was announced with.
fn refers(notice: Notice, of: Subject, value: u8) -> Option<Subject> {
    Some(match of {
        Subject::Trap(handle, trap) => Subject::TrapGroup(handle, trap.group()),
        Subject::TrapGroup(handle, _) => Subject::TrapPolicer(handle, Policer::unpack(value)?.0?),
        Subject::Snapshot(handle, _) if notice == Notice::Del => Subject::Region(handle, Region::Dummy),
        Subject::Rate(handle, RateName::Vf0) => Subject::Port(handle, PortIndex::Vf0),
        Subject::Rate(handle, RateName::Vf1) => Subject::Port(handle, PortIndex::Vf1),
        _ => return None,
    })
}

/// The node that a rate object was announced under.
fn above(of: Subject, value: u8) -> Option<Subject> {
    let Subject::Rate(handle, _) = of else { return None };
    Some(Subject::Rate(handle, Rates::unpack(value)?.parent()?))
}

/// A node whose end was announced while something was under it.
struct Orphans {
    node: RateName,
    of: Handle,
    life: Life,
    /// The end of the command that ended the node.
    until: usize,
}

/// What is known of the tree of rate objects.
#[derive(Default)]
struct Tree {
    /// The node that each object was announced under.
    above: Lives<[Option<RateName>; RateName::COUNT], { Handle::COUNT }>,
    orphans: Vec<Orphans>,
}

impl Tree {
    fn has_children(&mut self, of: Handle, life: Life, node: RateName) -> bool {
        self.above.of(of.index(), life).contains(&Some(node))
    }

    /// The end of a command that has left something under a node that it ended, of those that have ended before this event.
    fn left_by(&mut self, before: usize) -> Option<usize> {
        let over = self.orphans.extract_if(.., |orphans| orphans.until < before);
        let over: Vec<Orphans> = over.collect();
        over.into_iter().find(|it| self.has_children(it.of, it.life, it.node)).map(|it| it.until)
    }

    fn hears(&mut self, trace: &Trace, heard: Heard) {
        let Heard { at, notice, of, value, life, .. } = heard;
        match (of, notice) {
            (Subject::Devlink(handle), Notice::Del) => {
                *self.above.of(handle.index(), life) = [None; RateName::COUNT]
            }
            (Subject::Rate(handle, rate), Notice::New) => {
                self.above.of(handle.index(), life)[rate.index()] =
                    Rates::unpack(value).and_then(Rates::parent);
                self.orphans.retain(|it| (it.node, it.of, it.life) != (rate, handle, life));
            }
            (Subject::Rate(handle, rate), Notice::Del) => {
                self.above.of(handle.index(), life)[rate.index()] = None;
                let task = trace.events[at].task;
                let is_end = |event: &&Event| event.task == task && matches!(event.what, What::End(..));
                let until = trace.events[at..].iter().position(|event| is_end(&event));
                if self.has_children(handle, life, rate) {
                    self.orphans.extend(until.map(|after| Orphans {
                        node: rate,
                        of: handle,
                        life,
                        until: at + after,
                    }));
                }
            }
            _ => {}
        }
    }
}

fn check(trace: &Trace) -> Option<usize> {
    let mut tree = Tree::default();
    unknown(trace, &mut tree).or_else(|| tree.left_by(trace.events.len()))
}

fn unknown(trace: &Trace, tree: &mut Tree) -> Option<usize> {
    let mut announced = Announced::default();
    let mut has_groups: Lives<bool, { Handle::COUNT }> = Lives::default();
    heard(trace).find_map(|heard| {
        let Heard { at, notice, of, value, life, .. } = heard;
        if let Some(at) = tree.left_by(at) {
            return Some(at);
        }
        tree.hears(trace, heard);
        let handle = of.handle()?;
        let has_groups = has_groups.of(handle.index(), life);
        *has_groups |= matches!(of, Subject::TrapGroup(..));
        let counts = |other: &Subject| !matches!(other, Subject::TrapGroup(..)) || *has_groups;
        let node = above(of, value).filter(|_| notice == Notice::New);
        let mut wanted = [refers(notice, of, value), node].into_iter().flatten();
        // The end of a part says what it referred to, so it must come before the end of that.
        // Of an instance that is not announced listeners know no part; that it has any is the business of another invariant.
        let of_known = announced.has(Subject::Devlink(handle), heard);
        let unknown = of_known && wanted.any(|other| counts(&other) && !announced.has(other, heard));
        announced.hears(heard);
        unknown.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{NetNs, SnapshotId, Trap, TrapGroup, TrapPolicer};

    const GROUP: Subject = Subject::TrapGroup(Handle::Mlxsw0, TrapGroup::L3Drops);
    const TRAP: Subject = Subject::Trap(Handle::Mlxsw0, Trap::BlackholeRoute);

    const DEVICE: (u8, What) = (0, What::Notify(Notice::New, Subject::Devlink(Handle::Mlxsw0), 0));

    fn tells(notice: Notice, of: Subject) -> (u8, What) {
        (0, What::Notify(notice, of, 0))
    }

    #[test]
    fn a_trap_that_ends_after_its_group_breaks_it() {
        assert_eq!(check(&Trace::of([DEVICE, tells(Notice::New, TRAP)])), None);
        let begin = [DEVICE, tells(Notice::New, GROUP), tells(Notice::New, TRAP)];
        let end = [tells(Notice::Del, GROUP), tells(Notice::Del, TRAP)];
        assert_eq!(check(&Trace::of(begin.into_iter().chain(end))), Some(4));
    }

    #[test]
    fn a_group_whose_policer_nobody_heard_of_breaks_it() {
        let policer = Policer(Some(TrapPolicer::P1));
        let group = (0, What::Notify(Notice::New, GROUP, policer.pack()));
        let known = tells(Notice::New, Subject::TrapPolicer(Handle::Mlxsw0, TrapPolicer::P1));
        assert_eq!(check(&Trace::of([DEVICE, group])), Some(1));
        assert_eq!(check(&Trace::of([DEVICE, known, group])), None);
        let end = tells(Notice::Del, Subject::TrapPolicer(Handle::Mlxsw0, TrapPolicer::P1));
        let group_end = (0, What::Notify(Notice::Del, GROUP, policer.pack()));
        assert_eq!(check(&Trace::of([DEVICE, known, group, end, group_end])), Some(4));
    }

    #[test]
    fn a_node_that_nobody_heard_of_breaks_it() {
        let leaf = Subject::Rate(Handle::Mlxsw0, RateName::N2);
        let under = Rates::default().under(Some(RateName::N1)).pack();
        assert_eq!(check(&Trace::of([DEVICE, (0, What::Notify(Notice::New, leaf, under))])), Some(1));
        assert_eq!(check(&Trace::of([DEVICE, tells(Notice::New, leaf)])), None);
    }

    #[test]
    fn a_command_that_ends_a_node_leaves_nothing_under_it() {
        let [n1, n2] = [RateName::N1, RateName::N2].map(|rate| Subject::Rate(Handle::Mlxsw0, rate));
        let under = |rate| Rates::default().under(Some(rate)).pack();
        let child = |parent| (0, What::Notify(Notice::New, n2, under(parent)));
        let begin = [DEVICE, tells(Notice::New, n1), child(RateName::N1)];
        let end = |task| (task, What::End(0, None));
        let broken = |events: &[(u8, What)]| check(&Trace::of([&begin, events].concat()));
        let gone = tells(Notice::Del, n1);
        assert_eq!(broken(&[gone, end(0)]), Some(4));
        assert_eq!(broken(&[gone, end(0), tells(Notice::Del, n2)]), Some(4), "it is too late");
        assert_eq!(broken(&[gone, end(1), tells(Notice::Del, n2), end(0)]), None, "another task's command");
        assert_eq!(broken(&[tells(Notice::Del, n2), gone, end(0)]), None);
        assert_eq!(broken(&[gone, tells(Notice::Del, Subject::Devlink(Handle::Mlxsw0)), end(0)]), None);
        assert_eq!(broken(&[gone, tells(Notice::New, n2), end(0)]), None, "it is under nothing any more");
        assert_eq!(broken(&[gone, tells(Notice::New, n1), end(0)]), None, "the node is there again");
        assert_eq!(broken(&[gone]), None, "the command goes on");
        let elsewhere = tells(Notice::Del, Subject::Rate(Handle::Mlx50, RateName::N2));
        assert_eq!(broken(&[gone, elsewhere, end(0)]), Some(5));
        let other = tells(Notice::New, Subject::Rate(Handle::Mlxsw0, RateName::N3));
        assert_eq!(broken(&[gone, DEVICE, other, end(0)]), Some(6));
    }

    #[test]
    fn what_is_known_in_another_namespace_is_unknown_here() {
        let [here, there] = [NetNs::Init, NetNs::A].map(|netns| (0, What::In(netns)));
        let group_there = [there, DEVICE, tells(Notice::New, GROUP), here, DEVICE];
        let trap = tells(Notice::New, TRAP);
        assert_eq!(check(&Trace::of(group_there.into_iter().chain([trap]))), Some(5));
        assert_eq!(check(&Trace::of([there, DEVICE, tells(Notice::New, GROUP), trap])), None);
    }

    #[test]
    fn a_part_of_an_instance_that_is_not_announced_is_the_business_of_another() {
        let ports = [(RateName::Vf0, PortIndex::Vf0), (RateName::Vf1, PortIndex::Vf1)];
        for (rate, own) in ports {
            let leaf = tells(Notice::New, Subject::Rate(Handle::Mlxsw0, rate));
            assert_eq!(check(&Trace::of([leaf])), None);
            assert_eq!(check(&Trace::of([DEVICE, leaf])), Some(1), "it has no port");
            for (_, port) in ports {
                let announced = tells(Notice::New, Subject::Port(Handle::Mlxsw0, port));
                let broken = (port != own).then_some(2);
                assert_eq!(check(&Trace::of([DEVICE, announced, leaf])), broken, "{rate} with {port}");
            }
        }
    }

    #[test]
    fn a_snapshot_is_looked_at_when_it_ends() {
        let snapshot = Subject::Snapshot(Handle::Mlxsw0, SnapshotId::I0);
        assert_eq!(check(&Trace::of([DEVICE, tells(Notice::New, snapshot)])), None);
        assert_eq!(check(&Trace::of([DEVICE, tells(Notice::Del, snapshot)])), Some(1));
    }

    #[test]
    fn the_group_around_the_trap_keeps_it() {
        let begin = [DEVICE, tells(Notice::New, GROUP), tells(Notice::New, TRAP)];
        let end = [tells(Notice::Del, TRAP), tells(Notice::Del, GROUP)];
        assert_eq!(check(&Trace::of(begin.into_iter().chain(end))), None);
    }
}
