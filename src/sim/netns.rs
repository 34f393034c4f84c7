//! Network namespaces: which there are, in which each task is, and in which the kernel speaks.
//!
//! A namespace has a name and references: the name itself is one, and a task that is about to move
//! something there holds another. When the last one is dropped, a work item ends the namespace.

use super::cell::{Cell, RefCell};
use super::footprint::{self, Shared};
use super::kernel::Kernel;
use super::lock::Held;
use super::refcount::Kref;
use crate::event::{Errno, Life, LockClass, Module, NetNs, Point, QueueName, Subject, What, WorkFn};
use crate::operand::Operand;

/// The namespaces of one run; the initial one is always there.
#[derive(Debug, Default)]
pub struct Namespaces {
    alive: [Cell<Option<Kref>>; NetNs::COUNT],
    /// Whether the name still stands for it.
    named: [Cell<bool>; NetNs::COUNT],
    /// Whether the last reference is gone: no task can listen there any more.
    ending: [Cell<bool>; NetNs::COUNT],
    /// Whether a socket of a task's own listens there: sockets stay open until the run ends.
    listened: [Cell<bool>; NetNs::COUNT],
    /// Whether the task that deletes it still waits for its end.
    deleted: [Cell<bool>; NetNs::COUNT],
    /// Whether its name is given and it is not there yet.
    coming: [Cell<bool>; NetNs::COUNT],
    /// `cleanup_list`: those whose last reference is gone and whose end has not begun.
    ended: RefCell<Vec<NetNs>>,
    /// In which the last message was. It is read with the trace alone, so it orders no tasks.
    spoken: std::cell::Cell<Option<NetNs>>,
}

impl Namespaces {
    pub(super) fn reset(&mut self) {
        *self = Namespaces::default();
    }
}

/// Which tasks are in a namespace.
fn members(netns: NetNs) -> Shared {
    Shared::of(("members", netns))
}

impl Kernel {
    /// The namespace that the running task is in.
    pub fn netns(&self) -> NetNs {
        self.task().netns.get()
    }

    /// Makes a namespace.
    ///
    /// # Errors
    ///
    /// `EEXIST` if there is one of that name, be it about to end.
    pub fn netns_add(&self, netns: NetNs) -> Result<(), Errno> {
        if self.is_taken(netns) {
            return Err(Errno::EEXIST);
        }
        let kref = self.kref_init(Subject::Netns(netns));
        self.namespaces.alive[netns.index()].set(Some(kref));
        self.namespaces.named[netns.index()].set(true);
        Ok(())
    }

    /// Whether there is a namespace of this name, or one that has not ended.
    pub fn is_taken(&self, netns: NetNs) -> bool {
        let index = netns.index();
        let ends = self.namespaces.alive[index].get().is_some() || self.namespaces.deleted[index].get();
        netns == NetNs::Init || ends || self.namespaces.coming[index].get()
    }

    /// Gives a name to a namespace that is about to be made, or takes it back.
    pub fn netns_comes(&self, netns: NetNs, comes: bool) {
        self.namespaces.coming[netns.index()].set(comes);
    }

    /// The task that has deleted a namespace has waited for its end.
    pub fn netns_deleted(&self, netns: NetNs) {
        self.namespaces.deleted[netns.index()].set(false);
    }

    /// Models `setns()`: the running task is in this namespace from here on.
    ///
    /// # Errors
    ///
    /// `ENOENT` if there is none of that name.
    pub fn netns_enter(&self, netns: NetNs) -> Result<(), Errno> {
        if !self.has_netns(netns) {
            return Err(Errno::ENOENT);
        }
        let left = self.task().netns.replace(netns);
        [left, netns].into_iter().for_each(|netns| footprint::writes(|| members(netns)));
        if left != netns {
            // A task inside a namespace pins it.
            self.emit(What::Set(Subject::Netns(netns), left.to_byte(), netns.to_byte()));
        }
        Ok(())
    }

    /// Takes the name away, and with it its reference.
    ///
    /// # Errors
    ///
    /// `ENOENT` if there is none of that name, `EBUSY` if a task is in it or listens there.
    pub fn netns_del(&self, netns: NetNs) -> Result<(), Errno> {
        if netns == NetNs::Init || !self.has_netns(netns) {
            return Err(Errno::ENOENT);
        }
        footprint::reads(|| members(netns));
        let listened = self.namespaces.listened[netns.index()].get();
        if listened || self.tasks.iter().any(|task| task.netns.get() == netns) {
            return Err(Errno::EBUSY);
        }
        self.namespaces.named[netns.index()].set(false);
        self.namespaces.deleted[netns.index()].set(true);
        if let Some(kref) = self.namespaces.alive[netns.index()].get() {
            self.disown(kref);
        }
        self.netns_put(netns);
        Ok(())
    }

    /// Models `rtnl_lock()`: the lock of all netdevs and routes, in every namespace.
    pub async fn rtnl_lock(&self, at: Point) -> Held<'_> {
        self.lock(self.lock_of(LockClass::Rtnl, Subject::Kernel), at).await
    }

    /// Whether there is a namespace of this name.
    pub fn has_netns(&self, netns: NetNs) -> bool {
        netns == NetNs::Init || self.namespaces.named[netns.index()].get()
    }

    /// The running task opens a socket that listens in the namespace it is in, and that keeps it from being deleted.
    pub fn netns_listen(&self) -> NetNs {
        let netns = self.netns();
        self.namespaces.listened[netns.index()].set(true);
        netns
    }

    /// The memory of the namespace that has this name now; the initial one's is always there.
    pub fn netns_memory(&self, netns: NetNs) -> Option<Kref> {
        self.namespaces.alive[netns.index()].get()
    }

    /// Models `get_net()`: false if there is no such namespace.
    pub fn netns_get(&self, netns: NetNs) -> bool {
        let there = self.has_netns(netns);
        if let Some(kref) = self.namespaces.alive[netns.index()].get().filter(|_| there) {
            self.get(kref);
        }
        there
    }

    /// Models `put_net()`: the last reference has the namespace ended by a worker.
    pub fn netns_put(&self, netns: NetNs) {
        if let Some(kref) = self.namespaces.alive[netns.index()].get()
            && self.put(kref)
        {
            self.namespaces.ending[netns.index()].set(true);
            let mut ended = self.namespaces.ended.borrow_mut();
            ended.push(netns);
            // What is queued already takes this one along.
            if ended.len() == 1 {
                self.queue_new_work(QueueName::Netns, WorkFn::CleanupNet(netns), Module::Core);
            }
        }
    }

    /// Models the beginning of `cleanup_net()`: all namespaces that are to end, the last one first.
    pub fn netns_ended(&self) -> Vec<NetNs> {
        let mut ended = self.namespaces.ended.take();
        ended.reverse();
        ended
    }

    /// The memory of a namespace goes.
    pub fn netns_free(&self, netns: NetNs) {
        if let Some(kref) = self.namespaces.alive[netns.index()].take() {
            self.free(kref);
            self.namespaces.ending[netns.index()].set(false);
        }
    }

    /// Whether a task can listen in a namespace: not before it has begun, and not once it ends.
    pub fn is_heard_in(&self, netns: NetNs) -> bool {
        let index = netns.index();
        let is_there = netns == NetNs::Init || self.namespaces.alive[index].get().is_some();
        is_there && !self.namespaces.ending[index].get()
    }

    /// Records a notification in one namespace, if a task can listen there.
    pub fn emit_in(&self, netns: NetNs, what: What) {
        self.record_in(netns, what, 0);
    }

    /// The same about the object whose memory this is.
    pub fn emit_in_of(&self, netns: NetNs, memory: Kref, what: What) {
        self.record_in(netns, what, memory.life());
    }

    fn record_in(&self, netns: NetNs, what: What, life: Life) {
        if !self.is_heard_in(netns) {
            return;
        }
        if self.namespaces.spoken.replace(Some(netns)).unwrap_or(NetNs::Init) != netns {
            self.emit(What::In(netns));
        }
        self.record(self.current(), what, life);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::TaskName::T1;
    use crate::sim::tests::run;

    /// Runs one task that does this.
    fn does(what: impl Fn(&Kernel)) {
        run(&[T1], &[], |k| {
            let what = &what;
            what(k);
            vec![Box::pin(async {})]
        });
    }

    #[test]
    fn a_name_is_taken_until_the_namespace_and_who_deleted_it_are_done() {
        does(|k| {
            for taken in [NetNs::Init, NetNs::A] {
                let _first = k.netns_add(taken);
                assert_eq!(k.netns_add(taken), Err(Errno::EEXIST), "{taken}");
            }
            k.netns_comes(NetNs::B, true);
            assert_eq!(k.netns_add(NetNs::B), Err(Errno::EEXIST), "its name is given");
            k.netns_comes(NetNs::B, false);
            assert_eq!(k.netns_add(NetNs::B), Ok(()));
            assert_eq!(k.netns_del(NetNs::A), Ok(()));
            assert!(k.is_taken(NetNs::A) && !k.has_netns(NetNs::A) && !k.is_heard_in(NetNs::A));
            assert_eq!(k.netns_ended(), [NetNs::A]);
            k.netns_free(NetNs::A);
            assert!(k.is_taken(NetNs::A), "the task that deletes it has not gone on");
            k.netns_deleted(NetNs::A);
            assert_eq!(k.netns_add(NetNs::A), Ok(()));
            assert!(k.is_heard_in(NetNs::A));
        });
    }

    #[test]
    fn a_namespace_is_deleted_only_if_it_is_there_and_no_task_is_in_it() {
        does(|k| {
            assert_eq!([NetNs::Init, NetNs::A].map(|netns| k.netns_del(netns)), [Err(Errno::ENOENT); 2]);
            assert_eq!(k.netns_enter(NetNs::A), Err(Errno::ENOENT));
            k.netns_add(NetNs::A).expect("its name is free");
            k.netns_enter(NetNs::A).expect("it is there");
            assert_eq!(k.netns_del(NetNs::A), Err(Errno::EBUSY));
            k.netns_enter(NetNs::Init).expect("it is there");
            assert_eq!(k.netns_del(NetNs::A), Ok(()));
            assert_eq!(k.netns_del(NetNs::A), Err(Errno::ENOENT));
        });
        does(|k| {
            k.netns_add(NetNs::A).expect("its name is free");
            k.netns_enter(NetNs::A).expect("it is there");
            assert_eq!(k.netns_listen(), NetNs::A);
            k.netns_enter(NetNs::Init).expect("it is there");
            assert_eq!(k.netns_del(NetNs::A), Err(Errno::EBUSY), "the socket stays open");
        });
    }

    #[test]
    fn namespaces_end_with_their_last_reference_and_the_last_one_first() {
        does(|k| {
            assert!(k.netns_get(NetNs::Init) && !k.netns_get(NetNs::A));
            for netns in [NetNs::A, NetNs::B] {
                k.netns_add(netns).expect("its name is free");
            }
            assert!(k.netns_get(NetNs::A));
            for netns in [NetNs::A, NetNs::B] {
                k.netns_del(netns).expect("no task is in it");
            }
            assert!(k.is_heard_in(NetNs::A) && !k.is_heard_in(NetNs::B));
            assert!(!k.netns_get(NetNs::A), "it has no name any more");
            k.netns_put(NetNs::A);
            assert_eq!(k.netns_ended(), [NetNs::A, NetNs::B]);
            assert_eq!(k.netns_ended(), []);
        });
    }
}
