//! Notifications: what goes out to whoever listens to devlink, and when.

use super::{Devlink, InstanceId};
use crate::devlink::variant::{Notify, Replay};
use crate::event::{Notice, Param, Point, PortIndex, Subject, Trap, What};
use crate::operand::Operand;
use crate::sim::Kernel;

impl Devlink {
    /// Models `devlink_nl_notify_need()` and the send: nothing goes out for an instance that users cannot see.
    pub(super) async fn notify(&self, k: &Kernel, id: InstanceId, notice: Notice, part: Subject) {
        let value = self.value(id, part);
        self.notify_value(k, id, notice, part, value).await;
    }

    /// The same with a value that is no longer in the instance: an end carries what the object was last.
    pub(super) async fn notify_value(
        &self,
        k: &Kernel,
        id: InstanceId,
        notice: Notice,
        part: Subject,
        value: u8,
    ) {
        k.point(Point::DevlinkNotify).await;
        if self.is_registered(id) || self.rules.notify == Notify::AtOnce {
            k.emit(What::Notify(notice, part, value));
        }
    }

    /// The value that a notification or a dump carries for an object.
    pub(super) fn value(&self, id: InstanceId, part: Subject) -> u8 {
        let instance = &self.instances.borrow()[id.index()];
        match part {
            Subject::Devlink(_) => u8::from(instance.reload_failed),
            Subject::Trap(_, trap) => instance.traps[trap.index()].map_or(0, Operand::to_byte),
            Subject::Param(..) => instance.param.map_or(0, |param| param.shown().to_byte()),
            _ => 0,
        }
    }

    /// The parts of an instance in the order of a replay: ports, traps, params.
    pub(super) fn parts(&self, id: InstanceId) -> impl Iterator<Item = Subject> {
        let instance = &self.instances.borrow()[id.index()];
        let handle = instance.handle;
        let (ports, traps, param) = (instance.ports, instance.traps, instance.param);
        let ports = PortIndex::ALL.iter().filter(move |port| ports[port.index()]);
        let traps = Trap::ALL.iter().filter(move |trap| traps[trap.index()].is_some());
        let params = [Param::MaxMacs].into_iter().filter(move |_| param.is_some());
        let ports = ports.map(move |port| Subject::Port(handle, *port));
        let traps = traps.map(move |trap| Subject::Trap(handle, *trap));
        ports.chain(traps).chain(params.map(move |param| Subject::Param(handle, param)))
    }

    /// Models `devlink_notify_register()`: the instance first, then every part it already has.
    pub(super) async fn notify_register(&self, k: &Kernel, id: InstanceId) {
        if self.rules.replay != Replay::ChildrenFirst {
            self.notify(k, id, Notice::New, self.subject(id)).await;
        }
        if self.rules.replay != Replay::ParentOnly {
            for part in self.parts(id) {
                k.point(Point::RegisterReplay).await;
                self.notify(k, id, Notice::New, part).await;
            }
        }
        if self.rules.replay == Replay::ChildrenFirst {
            self.notify(k, id, Notice::New, self.subject(id)).await;
        }
    }

    /// Models `devlink_notify_unregister()`: params, traps in reverse, ports, and the instance last.
    pub(super) async fn notify_unregister(&self, k: &Kernel, id: InstanceId) {
        if self.rules.replay != Replay::ParentOnly {
            let port = |part: &Subject| matches!(part, Subject::Port(..));
            let others = self.parts(id).filter(|part| !port(part)).collect::<Vec<_>>();
            let ports = self.parts(id).filter(port);
            for part in others.into_iter().rev().chain(ports) {
                k.point(Point::UnregisterReplay).await;
                self.notify(k, id, Notice::Del, part).await;
            }
        }
        self.notify(k, id, Notice::Del, self.subject(id)).await;
    }
}
