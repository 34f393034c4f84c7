//! Asking: one instance, one port, or everything there is.

use super::part::DUMPED;
use super::{Devlink, InstanceId};
use crate::event::{Errno, NetNs, Point, PortIndex, Span, Subject, SubjectKind, What};
use crate::sim::Kernel;

impl Devlink {
    /// Models `devlink_nl_get_doit()`.
    pub(super) fn get(&self, k: &Kernel, id: InstanceId) {
        let subject = self.subject(id);
        self.says(k, id, What::Dumped(subject, self.value(id, subject)));
    }

    /// Models `devlink_nl_port_get_doit()`.
    pub(super) fn port_get(&self, k: &Kernel, id: InstanceId, port: PortIndex) -> Result<(), Errno> {
        let part = Subject::Port(self.handle(id), port);
        if !self.has_port(k, id, port) {
            return Err(Errno::ENODEV);
        }
        self.says(k, id, What::Dumped(part, self.value(id, part)));
        Ok(())
    }

    /// Models `devlink_nl_dumpit()`: every visible instance in the order of allocation, each under its lock;
    /// one that is gone when the lock comes is passed over. Users ask for one kind of object after the other;
    /// what was settled shows an instance with its parts at once, which makes for shorter streams.
    pub(super) async fn dump(&self, k: &Kernel) -> Result<(), Errno> {
        let body = async {
            if !self.decisions.part.dump_by_kind {
                return self.dump_instances(k, Shown::Everything).await;
            }
            self.dump_instances(k, Shown::Itself).await?;
            for kind in DUMPED {
                self.dump_instances(k, Shown::Parts(kind)).await?;
            }
            Ok(())
        };
        k.span(Span::DevlinkDumpit, Subject::Netns(k.netns()), body).await
    }

    async fn dump_instances(&self, k: &Kernel, shown: Shown) -> Result<(), Errno> {
        let _mutex = self.mutex(k, Point::DevlinkMutex).await;
        let mut from = 0;
        while let Some(id) = self.next_registered(from) {
            from = id.index() + 1;
            if self.netns(id) != k.netns() {
                continue;
            }
            if self.ends_dump(id, shown) {
                break;
            }
            let Some(user) = self.try_get(k, id) else { continue };
            let held = self.lock(k, id, Point::DevlinkDumpit).await;
            if self.is_still_in(id, k.netns()) {
                self.dump_one(k, id, shown).await;
            }
            drop(held);
            self.put(k, id);
            drop(user);
        }
        Ok(())
    }

    /// Models what netlink makes of a message that cannot be built: it takes it for one that did not fit, and when it
    /// does not fit into an empty buffer either, the dump is over.
    fn ends_dump(&self, id: InstanceId, shown: Shown) -> bool {
        let Shown::Parts(kind) = shown else { return false };
        self.parts_of(id, kind).next().is_some_and(|part| self.fill_fails(id, part))
    }

    async fn dump_one(&self, k: &Kernel, id: InstanceId, shown: Shown) {
        if matches!(shown, Shown::Itself | Shown::Everything) {
            self.get(k, id);
        }
        match shown {
            Shown::Itself => {}
            Shown::Parts(kind) => self.dump_parts(k, id, self.shown(id, kind)).await,
            Shown::Everything => self.dump_parts(k, id, self.everything(id)).await,
        }
    }

    /// Every part: those that a register announces, and the others.
    fn everything(&self, id: InstanceId) -> impl Iterator<Item = Subject> {
        let others = self.parts_of(id, SubjectKind::Snapshot).chain(self.parts_of(id, SubjectKind::Reporter));
        self.parts(id).chain(others)
    }

    async fn dump_parts(&self, k: &Kernel, id: InstanceId, parts: impl Iterator<Item = Subject>) {
        for part in parts {
            // The message about a region lists its snapshots.
            if !matches!(part, Subject::Snapshot(..)) {
                k.point(Point::DevlinkDumpObject).await;
            }
            self.says(k, id, What::Dumped(part, self.value(id, part)));
        }
    }

    /// At rest: what a dump would show now. The first event says that rest was reached.
    pub fn at_rest(&self, k: &Kernel) {
        k.emit(What::AtRest(Subject::Kernel, 0));
        if !self.decisions.part.dump_by_kind {
            return self.each_registered(|id| {
                self.rests(k, id, std::iter::once(self.subject(id)).chain(self.everything(id)));
            });
        }
        self.each_registered(|id| self.rests(k, id, std::iter::once(self.subject(id))));
        for kind in DUMPED {
            let mut over = [false; NetNs::COUNT];
            self.each_registered(|id| {
                let over = &mut over[self.netns(id).index()];
                *over |= self.ends_dump(id, Shown::Parts(kind));
                if !*over {
                    self.rests(k, id, self.shown(id, kind));
                }
            });
        }
    }

    fn each_registered(&self, mut body: impl FnMut(InstanceId)) {
        let mut from = 0;
        while let Some(id) = self.next_registered(from) {
            from = id.index() + 1;
            body(id);
        }
    }

    fn rests(&self, k: &Kernel, id: InstanceId, objects: impl Iterator<Item = Subject>) {
        let netns = self.netns(id);
        objects.for_each(|object| k.emit_in(netns, What::AtRest(object, self.value(id, object))));
    }
}

/// What one dump shows of each instance.
#[derive(Debug, Clone, Copy)]
enum Shown {
    Itself,
    Parts(SubjectKind),
    Everything,
}
