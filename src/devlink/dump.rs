//! Asking: one instance, one port, or everything there is.

use super::{Devlink, InstanceId};
use crate::event::{Errno, Point, PortIndex, Span, Subject, What};
use crate::sim::Kernel;

impl Devlink {
    /// Models `devlink_nl_get_doit()`.
    pub(super) fn get(&self, k: &Kernel, id: InstanceId) {
        let subject = self.subject(id);
        k.emit(What::Dumped(subject, self.value(id, subject)));
    }

    /// Models `devlink_nl_port_get_doit()`.
    pub(super) fn port_get(&self, k: &Kernel, id: InstanceId, port: PortIndex) -> Result<(), Errno> {
        let part = Subject::Port(self.handle(id), port);
        if !self.has_port(k, id, port) {
            return Err(Errno::ENODEV);
        }
        k.emit(What::Dumped(part, self.value(id, part)));
        Ok(())
    }

    /// Models `devlink_nl_dumpit()`: every visible instance in the order of allocation, each under its lock;
    /// one that is gone when the lock comes is passed over.
    pub(super) async fn dump(&self, k: &Kernel) -> Result<(), Errno> {
        k.span(Span::DevlinkDumpit, Subject::Kernel, self.dump_instances(k)).await
    }

    async fn dump_instances(&self, k: &Kernel) -> Result<(), Errno> {
        let _mutex = self.mutex(k, Point::DevlinkMutex).await;
        let mut from = 0;
        while let Some(id) = self.next_registered(from) {
            from = id.index() + 1;
            let kref = self.with(k, id, |instance| instance.kref);
            k.get(kref);
            let held = self.lock(k, id, Point::DevlinkDumpit).await;
            if self.is_registered(id) || !self.rules.lookup_checks_again {
                self.dump_one(k, id).await;
            }
            drop(held);
            self.put(k, id);
        }
        Ok(())
    }

    async fn dump_one(&self, k: &Kernel, id: InstanceId) {
        self.get(k, id);
        for part in self.parts(id) {
            k.point(Point::DevlinkDumpObject).await;
            k.emit(What::Dumped(part, self.value(id, part)));
        }
    }

    /// At rest: what a dump would show now. The first event says that rest was reached.
    pub fn at_rest(&self, k: &Kernel) {
        k.emit(What::AtRest(Subject::Kernel, 0));
        let mut from = 0;
        while let Some(id) = self.next_registered(from) {
            from = id.index() + 1;
            let subject = self.subject(id);
            for part in std::iter::once(subject).chain(self.parts(id)) {
                k.emit(What::AtRest(part, self.value(id, part)));
            }
        }
    }
}
