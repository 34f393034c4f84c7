//! Workqueues: work that runs later, in a worker, which is a task like any other.
//!
//! An ordered queue has one worker, so an item also waits for everything queued before it.

use super::footprint::{self, Shared};
use super::kernel::Kernel;
use super::lock::LockId;
use super::module::Load;
use super::task::{State, Wait};
use crate::event::{LockClass, Mode, Module, Point, QueueName, Subject, TaskId, What, WorkFn};

/// One item: what to run, whose code it is, and its place in the order of queueing.
#[derive(Debug, Clone, Copy)]
struct Item {
    work: WorkFn,
    module: Module,
    load: Load,
    number: u32,
    /// Whether it was allocated for the purpose: the same item never runs twice at a time, but others like it do.
    is_own: bool,
    /// The worker that was woken for it, if one was idle.
    to: Option<TaskId>,
}

/// One workqueue.
#[derive(Debug, Default)]
pub struct Queue {
    pending: Vec<Item>,
    running: Vec<(TaskId, Item)>,
    queued: u32,
    /// Tasks that flush, each with the number of the first item it does not wait for.
    flushers: Vec<(TaskId, u32)>,
}

impl Queue {
    pub(super) fn reset(&mut self) {
        self.pending.clear();
        self.running.clear();
        self.flushers.clear();
        self.queued = 0;
    }

    /// The workers that are in an item.
    pub(super) fn busy(&self) -> impl Iterator<Item = TaskId> {
        self.running.iter().map(|(task, _)| *task)
    }

    /// The workers that run this item.
    pub(super) fn in_item(&self, work: WorkFn) -> impl Iterator<Item = TaskId> {
        self.running.iter().filter(move |(_, item)| item.work == work).map(|(task, _)| *task)
    }

    /// Whether a worker may take an item: no other has it.
    fn may_run(&self, item: &Item) -> bool {
        item.is_own || self.running.iter().all(|(_, running)| running.is_own || running.work != item.work)
    }

    fn is_done_before(&self, number: u32) -> bool {
        let running = self.running.iter().map(|(_, item)| item);
        self.pending.iter().chain(running).all(|item| item.number >= number)
    }
}

/// What tasks share of a queue, so that a search knows which steps commute: what is queued behind other items does not
/// meet a worker that takes one of those.
#[derive(Debug, Clone, Copy, Hash)]
pub(super) enum Part {
    /// The order of its items: tasks that queue, and tasks that flush what was queued until then.
    Order,
    /// Whether this item is on it.
    Item(WorkFn),
    /// Whether this worker has nothing to do.
    Idle(TaskId),
    /// Whether this item is being run, where there are several workers.
    Running(WorkFn),
    /// The items that any of several workers may take.
    ForAny,
    /// Whether items were taken off it again.
    Cancelled,
    /// That the item of this number is done.
    Done(u32),
    /// That this item is done.
    DoneItem(WorkFn),
}

pub(super) fn part(queue: QueueName, part: Part) -> Shared {
    Shared::of(("queue", queue, part))
}

impl Kernel {
    /// Models `queue_work()`: false if the same item already waits on this queue.
    pub fn queue_work(&self, queue: QueueName, work: WorkFn, module: Module) -> bool {
        if self.is_queued(queue, work) {
            return false;
        }
        self.queue_item(queue, work, (module, self.load_of(module)), false);
        true
    }

    /// Whether this item waits on a queue.
    pub(super) fn is_queued(&self, queue: QueueName, work: WorkFn) -> bool {
        footprint::reads(|| part(queue, Part::Item(work)));
        self.queues.borrow()[queue.index()].pending.iter().any(|item| item.work == work)
    }

    /// Models `queue_work()` of an item that was allocated for the purpose: it is queued beside others like it.
    pub fn queue_new_work(&self, queue: QueueName, work: WorkFn, module: Module) {
        self.queue_item(queue, work, (module, self.load_of(module)), true);
    }

    pub(super) fn queue_item(&self, queue: QueueName, work: WorkFn, text: (Module, Load), is_own: bool) {
        footprint::writes(|| part(queue, Part::Order));
        footprint::writes(|| part(queue, Part::Item(work)));
        let entry = &mut self.queues.borrow_mut()[queue.index()];
        let (module, load) = text;
        let mut item = Item { work, module, load, number: entry.queued, is_own, to: None };
        entry.queued += 1;
        self.emit(What::Queue(queue, work, module));
        if queue.workers().len() > 1 {
            footprint::reads(|| part(queue, Part::Running(work)));
        }
        if !entry.may_run(&item) {
            // The worker that runs it now runs it again.
            entry.pending.push(item);
            return;
        }
        let idle = self.tasks.iter().position(|task| task.state.get() == State::Blocked(Wait::Work(queue)));
        item.to = idle.map(|idle| idle as TaskId);
        if footprint::is_noted() {
            self.note_idle(queue, item.to);
        }
        entry.pending.push(item);
        item.to.into_iter().for_each(|idle| self.wake(idle));
    }

    /// Notes which workers of a queue were asked whether they are idle, up to the one that was woken.
    fn note_idle(&self, queue: QueueName, woken: Option<TaskId>) {
        let tasks = self.tasks.iter().zip(0..);
        let workers = tasks.filter(|(task, _)| queue.workers().contains(&task.name)).map(|(_, id)| id);
        for worker in workers {
            let idle = part(queue, Part::Idle(worker));
            if Some(worker) == woken {
                return footprint::writes(|| idle);
            }
            footprint::reads(|| idle);
        }
    }

    /// Models `flush_workqueue()`: waits for everything that was queued before.
    pub async fn flush_workqueue(&self, queue: QueueName, at: Point) {
        self.point(at).await;
        self.orders(self.queue_lock(queue), Mode::Write, at);
        footprint::reads(|| part(queue, Part::Order));
        let upto = self.queues.borrow()[queue.index()].queued;
        self.wait_done_before(queue, upto).await;
    }

    /// Models `cancel_work_sync()`: the item is neither queued nor running afterwards.
    pub async fn cancel_work_sync(&self, queue: QueueName, work: WorkFn, at: Point) {
        self.point(at).await;
        self.orders(self.queue_lock(queue), Mode::Write, at);
        footprint::writes(|| part(queue, Part::Item(work)));
        footprint::follows(|| part(queue, Part::DoneItem(work)));
        self.take_off(queue, work);
        // On a queue with two workers the item may have been queued again while it ran, and run twice.
        let number = {
            let entry = &self.queues.borrow()[queue.index()];
            let running = entry.running.iter().map(|(_, item)| *item).filter(|item| item.work == work);
            running.map(|item| item.number).max()
        };
        if let Some(number) = number {
            self.wait_done_before(queue, number + 1).await;
        }
    }

    /// Takes an item that does not run yet off its queue. False if it is not there.
    pub(super) fn take_off(&self, queue: QueueName, work: WorkFn) -> bool {
        let cancelled = {
            let pending = &mut self.queues.borrow_mut()[queue.index()].pending;
            let before = pending.len();
            pending.retain(|item| item.work != work);
            pending.len() < before
        };
        if cancelled {
            footprint::writes(|| part(queue, Part::Cancelled));
            self.emit(What::Cancel(queue, work));
            self.wake_flushers(queue);
        }
        cancelled
    }

    async fn wait_done_before(&self, queue: QueueName, number: u32) {
        footprint::reads(|| part(queue, Part::Cancelled));
        // Whether the items are done before the task begins to wait or after it makes no difference.
        let follow = || (0..number).for_each(|item| footprint::follows(|| part(queue, Part::Done(item))));
        follow();
        if self.queues.borrow()[queue.index()].is_done_before(number) {
            return;
        }
        self.queues.borrow_mut()[queue.index()].flushers.push((self.current.get(), number));
        self.emit(What::Block(self.lock_name(self.queue_lock(queue))));
        self.block(Wait::Flush(queue)).await;
        follow();
    }

    /// The body of a worker: takes items in order and runs each.
    pub async fn worker(&self, queue: QueueName, run: impl AsyncFn(WorkFn)) {
        loop {
            let next = {
                let entry = &mut self.queues.borrow_mut()[queue.index()];
                let me = self.current.get();
                let is_mine = |item: &&Item| {
                    let is_mine = item.to.is_none_or(|to| to == me);
                    if is_mine && queue.workers().len() > 1 {
                        footprint::reads(|| part(queue, Part::Running(item.work)));
                    }
                    is_mine && entry.may_run(item)
                };
                let next = entry.pending.iter().position(|item| is_mine(&item));
                let next = next.map(|at| entry.pending.remove(at));
                entry.running.extend(next.map(|item| (self.current.get(), item)));
                next
            };
            if queue.workers().len() > 1 {
                match next {
                    Some(Item { to: None, .. }) => footprint::writes(|| part(queue, Part::ForAny)),
                    Some(_) | None => footprint::reads(|| part(queue, Part::ForAny)),
                }
            }
            let Some(item) = next else {
                footprint::writes(|| part(queue, Part::Idle(self.current.get())));
                self.block(Wait::Work(queue)).await;
                continue;
            };
            footprint::writes(|| part(queue, Part::Item(item.work)));
            if queue.workers().len() > 1 {
                footprint::writes(|| part(queue, Part::Running(item.work)));
            }
            self.task().held.borrow_mut().push(self.queue_lock(queue));
            self.raw_lock(self.queue_lock(queue), What::Hold);
            self.hold_item(item.work);
            self.point(Point::WorkStart).await;
            self.emit(What::WorkBegin(queue, item.work));
            let text = self.text_since(item.module, item.load);
            run(item.work).await;
            drop(text);
            self.emit(What::WorkEnd(queue, item.work));
            // The function has not returned yet, so a flush still waits for it.
            self.point(Point::WorkEnd).await;
            self.unhold_item(item.work);
            self.forget(self.queue_lock(queue));
            self.raw_lock(self.queue_lock(queue), What::Unhold);
            self.done(queue);
        }
    }

    /// The running worker is done with its item; flushes that waited for it go on.
    fn done(&self, queue: QueueName) {
        let mut ended = None;
        let mut queues = self.queues.borrow_mut();
        let entry = &mut queues[queue.index()];
        entry.running.retain(|(task, item)| {
            let is_own = *task == self.current.get();
            if is_own {
                ended = Some(item.work);
                footprint::leads(|| part(queue, Part::Done(item.number)));
                footprint::leads(|| part(queue, Part::DoneItem(item.work)));
                if queue.workers().len() > 1 {
                    footprint::writes(|| part(queue, Part::Running(item.work)));
                }
            }
            !is_own
        });
        drop(queues);
        ended.into_iter().for_each(|work| self.item_ended(queue, work));
        self.wake_flushers(queue);
    }

    /// Flushes that have nothing left to wait for go on.
    fn wake_flushers(&self, queue: QueueName) {
        let entry = &mut self.queues.borrow_mut()[queue.index()];
        let mut flushers = std::mem::take(&mut entry.flushers);
        flushers.retain(|&(task, number)| {
            let done = entry.is_done_before(number);
            if done {
                self.wake(task);
            }
            !done
        });
        entry.flushers = flushers;
    }

    /// What a flush of this queue waits for, in the lock-order graph.
    pub(super) fn queue_lock(&self, queue: QueueName) -> LockId {
        self.lock_of(LockClass::Workqueue, Subject::Queue(queue))
    }
}
