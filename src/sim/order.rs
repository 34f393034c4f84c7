//! The lock-order graph, in the manner of lockdep: which lock was taken while which was held.
//!
//! A cycle in it can deadlock under some schedule even if this run did not. A flush depends on the queue's
//! work, and a wait for users on what those users do, so both stand in the graph beside the locks
//! (the kernel's `lock_map_acquire(&wq->lockdep_map)`).
//!
//! Tasks that only read do not wait for each other, nor for a writer that there is none of: a lock is in a cycle once a
//! task has asked to write. A wait for work or for users asks so too.
//!
//! Locks of one class are one in the graph, as in lockdep, where [`LockClass::is_ordered_as_one`] says so. Two of them that
//! are nested are no edge: lockdep asks for an annotation there, which the kernel has.

use super::footprint::{self, Shared};
use super::kernel::Kernel;
use super::lock::LockId;
use crate::event::{Link, LockClass, Mode, Point, TaskId, What};

/// How many locks of a run are ordered. A program that makes more makes them one after the other; the later
/// ones are still locks, but orders among them are not learned.
const LOCKS_MAX: usize = 64;

/// An edge `held → asked for`: the locks, who was first seen to take that order, and where.
#[derive(Debug)]
struct Edge {
    /// What stands in the graph for the two locks.
    nodes: (LockId, LockId),
    holds: LockId,
    asked: LockId,
    task: TaskId,
    at: Point,
}

/// The edges of a run.
#[derive(Debug)]
pub struct Order {
    after: [u64; LOCKS_MAX],
    /// Which locks a task has asked to write.
    written: u64,
    seen: Vec<Edge>,
    /// The first lock of each class that is ordered as one.
    first: Vec<(LockClass, LockId)>,
}

impl Default for Order {
    fn default() -> Self {
        Order { after: [0; LOCKS_MAX], written: 0, seen: Vec::new(), first: Vec::new() }
    }
}

impl Order {
    pub(super) fn clear(&mut self) {
        for edge in self.seen.drain(..) {
            self.after[edge.nodes.0.index()] = 0;
        }
        self.first.clear();
        self.written = 0;
    }

    /// What stands in the graph for a lock: itself, or the first lock of its class.
    fn node(&mut self, lock: LockId, class: LockClass) -> LockId {
        if !class.is_ordered_as_one() {
            return lock;
        }
        let known = self.first.iter().find(|(of, _)| *of == class);
        known.map(|(_, first)| *first).unwrap_or_else(|| {
            self.first.push((class, lock));
            lock
        })
    }

    /// The locks on a shortest way from one to another along known edges, both ends included. Each has a writer.
    fn path(&self, from: LockId, to: LockId) -> Option<Vec<LockId>> {
        let both = 1 << from.index() | 1 << to.index();
        if self.written & both != both {
            return None;
        }
        let mut parent = [None; LOCKS_MAX];
        let mut reached = 1u64 << from.index();
        let mut front = vec![from];
        while let Some(lock) = front.first().copied() {
            front.remove(0);
            if lock == to {
                let mut path = vec![to];
                while let Some(before) = parent[path[path.len() - 1].index()] {
                    path.push(before);
                }
                path.reverse();
                return Some(path);
            }
            let mut next = self.after[lock.index()] & self.written & !reached;
            reached |= next;
            while next != 0 {
                let index = next.trailing_zeros() as u8;
                parent[usize::from(index)] = Some(lock);
                front.push(LockId(index));
                next &= next - 1;
            }
        }
        None
    }
}

impl Kernel {
    /// The running task asks for a lock (or for what waits like one) with all that it holds.
    pub(super) fn orders(&self, asked: LockId, mode: Mode, at: Point) {
        self.raw_lock(asked, |name| What::Ask(name, mode));
        if mode == Mode::Write {
            self.has_writer(asked);
        }
        let held = self.task().held.borrow();
        for holds in held.iter() {
            self.orders_after(*holds, asked, at);
        }
    }

    /// From here on tasks that read a lock may have to wait for one that writes.
    pub(super) fn has_writer(&self, lock: LockId) {
        if lock.index() >= LOCKS_MAX {
            return;
        }
        let mut order = self.order.borrow_mut();
        let node = order.node(lock, self.lock_name(lock).class);
        let bit = 1 << node.index();
        // The task that comes first changes what the graph says, and which one that is must show in no footprint.
        footprint::reads(|| Shared::of("order"));
        if order.written & bit != 0 {
            return;
        }
        order.written |= bit;
        if order.after[node.index()] == 0 {
            return;
        }
        // Readers have taken this lock in an order that was harmless as long as no task wrote.
        let edges = order.seen.iter().filter(|edge| edge.nodes.0 == node);
        let cycle = edges.filter_map(|edge| order.path(edge.nodes.1, node)).next();
        if let Some(mut cycle) = cycle {
            cycle.insert(0, node);
            self.deadlocks(&order, &cycle);
        }
    }

    fn orders_after(&self, holds: LockId, asked: LockId, at: Point) {
        if asked.index().max(holds.index()) >= LOCKS_MAX {
            return;
        }
        footprint::reads(|| Shared::of("order"));
        let mut order = self.order.borrow_mut();
        let held = order.node(holds, self.lock_name(holds).class);
        let wanted = order.node(asked, self.lock_name(asked).class);
        let bit = 1 << wanted.index();
        if order.after[held.index()] & bit != 0 || (held == wanted && holds != asked) {
            return;
        }
        order.after[held.index()] |= bit;
        order.seen.push(Edge { nodes: (held, wanted), holds, asked, task: self.current.get(), at });
        let Some(path) = order.path(wanted, held) else { return };
        // The new edge closes the circle: holds → asked → … → holds.
        let mut cycle = vec![held];
        cycle.extend(path);
        self.deadlocks(&order, &cycle);
    }

    /// Reports an order of locks, of which the last is the first again.
    fn deadlocks(&self, order: &Order, cycle: &[LockId]) {
        footprint::writes(|| Shared::of("order"));
        let links = cycle.windows(2).map(|pair| self.link(order, pair[0], pair[1]));
        self.emit_cycle(links.collect(), What::LockOrder);
    }

    fn link(&self, order: &Order, holds: LockId, asked: LockId) -> Link {
        let edge = order.seen.iter().find(|edge| edge.nodes == (holds, asked)).expect("a known edge");
        Link {
            task: edge.task,
            holds: self.lock_name(edge.holds),
            waits: self.lock_name(edge.asked),
            at: edge.at,
        }
    }

    /// Keeps a cycle in the trace and records the event that points to it.
    pub(super) fn emit_cycle(&self, cycle: Vec<Link>, what: impl Fn(u8) -> What) {
        let index = {
            let cycles = &mut self.trace.borrow_mut().cycles;
            cycles.push(cycle);
            cycles.len() - 1
        };
        // A run has few locks; what does not fit a byte repeats what was said before.
        if let Ok(index) = u8::try_from(index) {
            self.emit(what(index));
        }
    }
}
