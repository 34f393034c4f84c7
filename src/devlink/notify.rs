//! Notifications: what goes out to the listeners of devlink, and when.

use super::part::REPLAYED;
use super::{Devlink, InstanceId};
use crate::devlink::decisions::{Notify, Replay};
use crate::event::value::{Port, PortType, ReloadFailed, Value};
use crate::event::{Notice, Point, Subject, SubjectKind};
use crate::sim::Kernel;

impl Devlink {
    /// Models `devlink_nl_notify_need()` and the send: nothing goes out for an instance that users cannot see.
    pub(super) async fn notify(&self, k: &Kernel, id: InstanceId, notice: Notice, part: Subject) {
        if let Subject::Rate(_, rate) = part {
            self.rate_touch_parent(k, id, rate);
        }
        k.point(Point::DevlinkNotify).await;
        let need = self.is_registered(id) || self.decisions.registration.notify == Notify::AtOnce;
        if need && !self.fill_fails(id, part) {
            self.send(k, id, notice, part, self.value(id, part));
        }
    }

    /// The value that a notification or a dump carries for an object; for one that is gone, its last.
    pub(super) fn value(&self, id: InstanceId, part: Subject) -> u8 {
        let of = self.instance(id);
        let instance = of.state.borrow();
        match part {
            Subject::Devlink(_) => ReloadFailed(instance.reload_failed).pack(),
            // Models `devlink_nl_port_fill()`: a netdev that is elsewhere is not shown.
            Subject::Port(_, port) => {
                let kind = match instance.port_types[port.index()] {
                    PortType::EthNetdev
                        if self.decisions.netdev.ports_name_near_netdevs
                            && instance.netdevs_in[port.index()] != of.netns.get() =>
                    {
                        PortType::Eth
                    }
                    kind => kind,
                };
                Port { kind, function: instance.functions[port.index()] }.pack()
            }
            Subject::Trap(_, trap) => instance.traps[trap.index()].pack(),
            Subject::Param(_, param) => instance.params[param.index()].shown().pack(),
            Subject::Reporter(_, reporter) => instance.reporters[reporter.index()].value(),
            Subject::NetnsOf(_) => of.netns.get().pack(),
            Subject::TrapGroup(_, group) => instance.policing.group(group),
            Subject::TrapPolicer(_, policer) => instance.policing.policer(policer),
            Subject::Resource(_, resource) => instance.sizes[resource.index()].sizes.pack(),
            Subject::Rate(_, rate) => instance.rates.value(rate).pack(),
            Subject::LineCard(_, card) => {
                let card = &instance.linecards[card.index()];
                card.value(card.nested.is_some_and(|nested| self.is_registered(nested)))
            }
            _ => 0,
        }
    }

    /// Models `devlink_notify_register()`: the instance first, then every part it already has.
    pub(super) async fn notify_register(&self, k: &Kernel, id: InstanceId) {
        self.notify_params_apart(k, id, Notice::New).await;
        if self.decisions.registration.replay != Replay::ChildrenFirst {
            self.notify(k, id, Notice::New, self.subject(id)).await;
        }
        if self.decisions.registration.replay != Replay::ParentOnly {
            let kinds = REPLAYED.into_iter().chain([SubjectKind::Snapshot]);
            for kind in kinds.filter(|kind| self.replays(*kind)) {
                for part in self.parts_of(id, kind) {
                    k.point(Point::RegisterReplay).await;
                    self.notify(k, id, Notice::New, part).await;
                }
            }
        }
        if self.decisions.registration.replay == Replay::ChildrenFirst {
            self.notify(k, id, Notice::New, self.subject(id)).await;
        }
    }

    /// Whether a register and an unregister tell of this kind. An instance that moves with its driver up, or is
    /// unregistered before it goes down, has snapshots, of which no kernel says anything.
    fn replays(&self, kind: SubjectKind) -> bool {
        match kind {
            SubjectKind::Snapshot => !self.decisions.part.snapshots_end_silently,
            SubjectKind::Param => !self.decisions.reload.params_told_apart,
            _ => true,
        }
    }

    /// Models `devlink_notify_unregister()`: every list in reverse but those of params and ports, which have
    /// numbers and, but for 6.1, go by them; the instance last.
    pub(super) async fn notify_unregister(&self, k: &Kernel, id: InstanceId) {
        if self.decisions.registration.replay != Replay::ParentOnly {
            let kinds = std::iter::once(SubjectKind::Snapshot).chain(REPLAYED.into_iter().rev());
            for kind in kinds.filter(|kind| self.replays(*kind)) {
                let mut parts = self.parts_of(id, kind);
                let is_numbered = matches!(kind, SubjectKind::Param | SubjectKind::Port);
                let forward = is_numbered && !self.decisions.registration.unregister_reverses_all;
                while let Some(part) = if forward { parts.next() } else { parts.next_back() } {
                    k.point(Point::UnregisterReplay).await;
                    self.notify(k, id, Notice::Del, part).await;
                }
            }
        }
        self.notify(k, id, Notice::Del, self.subject(id)).await;
        self.notify_params_apart(k, id, Notice::Del).await;
    }

    /// Tells of params before the instance begins and after it ends, under the decisions that do.
    async fn notify_params_apart(&self, k: &Kernel, id: InstanceId, notice: Notice) {
        for part in self.parts_of(id, SubjectKind::Param).filter(|_| self.decisions.reload.params_told_apart)
        {
            self.notify(k, id, notice, part).await;
        }
    }
}
