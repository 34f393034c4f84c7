//! Delayed work: work that a timer puts on its queue once so much time has passed.
//!
//! Time is virtual and passes only where a task lets it pass. A timer that is armed is no event: a task sees nothing of it
//! before the work is queued. Tasks wait for one such item by itself and not for its queue, so it stands by itself in the
//! order of locks too ([`WorkFn::own_lock`]).

use super::footprint::{self, Shared};
use super::kernel::Kernel;
use super::lock::LockId;
use super::module::Load;
use super::task::{State, Wait};
use super::workqueue::{Part, part};
use crate::event::{Mode, Module, QueueName, TaskId, What, WorkFn};

/// Virtual time in milliseconds since the run began, or a piece of it.
pub type Milliseconds = u32;

/// A timer that is armed.
#[derive(Debug, Clone, Copy)]
struct Timer {
    queue: QueueName,
    work: WorkFn,
    text: (Module, Load),
    due: Milliseconds,
}

/// The timers of a run, in the order in which they were armed.
#[derive(Debug, Default)]
pub struct Timers {
    now: Milliseconds,
    armed: Vec<Timer>,
    /// Items that tasks are cancelling: these are not queued again.
    cancelling: Vec<WorkFn>,
}

impl Timers {
    pub(super) fn reset(&mut self) {
        self.now = 0;
        self.armed.clear();
        self.cancelling.clear();
    }
}

/// What tasks share of an item's timer.
fn timer(work: WorkFn) -> Shared {
    Shared::of(("timer", work))
}

/// What a task changes that lets time pass, and every task relies on that arms a timer or disarms one.
fn clock() -> Shared {
    Shared::of("clock")
}

impl Kernel {
    /// Models `queue_delayed_work()`: false if the same item waits already, for its time or on its queue, or is being cancelled.
    pub fn queue_delayed_work(
        &self,
        queue: QueueName,
        work: WorkFn,
        module: Module,
        delay: Milliseconds,
    ) -> bool {
        footprint::reads(clock);
        footprint::writes(|| timer(work));
        if self.is_queued(queue, work) {
            return false;
        }
        let timers = &mut *self.timers.borrow_mut();
        let is_armed = timers.armed.iter().any(|armed| armed.work == work);
        if is_armed || timers.cancelling.contains(&work) {
            return false;
        }
        let due = timers.now.saturating_add(delay);
        timers.armed.push(Timer { queue, work, text: (module, self.load_of(module)), due });
        true
    }

    /// Models `cancel_delayed_work_sync()`: afterwards the item neither waits nor runs, also if it queues itself. There is no
    /// point before it: a task that lets time pass does so at the point before.
    pub async fn cancel_delayed_work_sync(&self, queue: QueueName, work: WorkFn) {
        footprint::reads(clock);
        footprint::writes(|| timer(work));
        footprint::writes(|| part(queue, Part::Item(work)));
        footprint::follows(|| part(queue, Part::DoneItem(work)));
        self.timers.borrow_mut().armed.retain(|armed| armed.work != work);
        let is_taken_off = self.take_off(queue, work);
        let is_running = self.queues.borrow()[queue.index()].in_item(work).next().is_some();
        if is_taken_off || is_running {
            self.orders(self.item_lock(queue, work), Mode::Write, self.here());
        }
        if !is_running {
            return;
        }
        self.timers.borrow_mut().cancelling.push(work);
        self.emit(What::Block(self.lock_name(self.item_lock(queue, work))));
        self.block(Wait::Item(queue, work)).await;
        let cancelling = &mut self.timers.borrow_mut().cancelling;
        let own = cancelling.iter().position(|cancelled| *cancelled == work);
        own.map(|own| cancelling.swap_remove(own));
        footprint::follows(|| part(queue, Part::DoneItem(work)));
    }

    /// Lets time pass: work whose time has come is queued, each item once, the one that is due first as the first. What comes
    /// round many times in so long a time comes round once, because once more would be the same.
    ///
    /// Returns whether any was due.
    pub fn pass_time(&self, span: Milliseconds) -> bool {
        footprint::writes(clock);
        let mut due: Vec<Timer> = {
            let timers = &mut *self.timers.borrow_mut();
            timers.now = timers.now.saturating_add(span);
            let now = timers.now;
            timers.armed.extract_if(.., |armed| armed.due <= now).collect()
        };
        due.sort_by_key(|timer| timer.due);
        let is_any = !due.is_empty();
        for Timer { queue, work, text, .. } in due {
            footprint::writes(|| timer(work));
            self.queue_item(queue, work, text, false);
        }
        is_any
    }

    /// What a task waits for that waits for an item.
    pub(super) fn item_lock(&self, queue: QueueName, work: WorkFn) -> LockId {
        work.own_lock().map_or_else(|| self.queue_lock(queue), |name| self.lock_of(name.class, name.of))
    }

    /// The running worker has an item that others wait for by itself.
    pub(super) fn hold_item(&self, work: WorkFn) {
        if let Some(name) = work.own_lock() {
            let lock = self.lock_of(name.class, name.of);
            self.task().held.borrow_mut().push(lock);
            self.raw_lock(lock, What::Hold);
        }
    }

    /// It has it no longer.
    pub(super) fn unhold_item(&self, work: WorkFn) {
        if let Some(name) = work.own_lock() {
            let lock = self.lock_of(name.class, name.of);
            self.forget(lock);
            self.raw_lock(lock, What::Unhold);
        }
    }

    /// An item has ended: the tasks go on that have waited for it.
    pub(super) fn item_ended(&self, queue: QueueName, work: WorkFn) {
        for task in 0..self.tasks.len() as TaskId {
            if self.tasks[usize::from(task)].state.get() == State::Blocked(Wait::Item(queue, work)) {
                self.wake(task);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Handle, Point, PortIndex, TaskName, Trace};
    use crate::sim::kernel::Kconfig;
    use crate::sim::scheduler::Segment;
    use crate::sim::task::Body;

    const QUEUE: QueueName = QueueName::Unbound;
    const SOON: WorkFn = WorkFn::TrapReport(Handle::Netdevsim0);
    const LATE: WorkFn = WorkFn::TypeWarn(Handle::Netdevsim0, PortIndex::P0);

    fn delays(k: &Kernel, work: WorkFn, delay: Milliseconds) -> bool {
        k.queue_delayed_work(QUEUE, work, Module::Core, delay)
    }

    /// Runs a task beside the worker, whose work queues itself again.
    fn run(schedule: &[Segment], task: impl AsyncFn(&Kernel)) -> Trace {
        let mut kernel = Kernel::default();
        kernel.reset(Kconfig::default(), &[TaskName::User, TaskName::UnboundWorker], schedule, None);
        kernel.run(|name| -> Body<'_> {
            match name {
                TaskName::User => Box::pin(task(&kernel)),
                _ => Box::pin(kernel.worker(QUEUE, async |work| {
                    kernel.point(Point::TrapReport).await;
                    let _is_cancelled = delays(&kernel, work, 100);
                })),
            }
        });
        kernel.trace().clone()
    }

    fn began(trace: &Trace) -> Vec<WorkFn> {
        let work = |what| if let What::WorkBegin(_, work) = what { Some(work) } else { None };
        trace.events.iter().filter_map(|event| work(event.what)).collect()
    }

    #[test]
    fn work_runs_when_its_time_has_come_and_the_first_that_is_due_first() {
        let trace = run(&[], async |k| {
            assert!(delays(k, LATE, 500) && delays(k, SOON, 100) && !delays(k, SOON, 1));
            assert!(!k.pass_time(99), "nothing is due");
            assert!(k.pass_time(401));
        });
        assert_eq!(began(&trace), [SOON, LATE]);
    }

    #[test]
    fn work_that_comes_round_comes_once_each_time() {
        let trace = run(&[], async |k| {
            delays(k, SOON, 100);
            for _ in 0..2 {
                k.pass_time(3_600_000);
                k.flush_workqueue(QUEUE, Point::TimePass).await;
            }
        });
        assert_eq!(began(&trace), [SOON, SOON]);
    }

    #[test]
    fn what_is_cancelled_before_it_runs_does_not_run() {
        let trace = run(&[], async |k| {
            delays(k, SOON, 100);
            delays(k, LATE, 100);
            k.cancel_delayed_work_sync(QUEUE, SOON).await;
            k.pass_time(100);
            k.cancel_delayed_work_sync(QUEUE, LATE).await;
            k.pass_time(100);
        });
        assert_eq!(began(&trace), []);
        assert!(trace.events.iter().any(|event| event.what == What::Cancel(QUEUE, LATE)));
    }

    #[test]
    fn what_is_cancelled_while_it_runs_ends_and_does_not_come_again() {
        let stops = |task, at| Segment { task, until: Some((at, 1)) };
        let schedule =
            [stops(TaskName::User, Point::TimePass), stops(TaskName::UnboundWorker, Point::TrapReport)];
        let trace = run(&schedule, async |k| {
            delays(k, SOON, 100);
            k.pass_time(100);
            k.point(Point::TimePass).await;
            k.cancel_delayed_work_sync(QUEUE, SOON).await;
            assert!(!k.pass_time(100), "it is not armed");
            assert!(delays(k, SOON, 100), "it may be queued again once it is cancelled");
        });
        assert_eq!(began(&trace), [SOON]);
        let at = |what| trace.events.iter().position(|event| event.what == what);
        let waits = trace.events.iter().position(|event| matches!(event.what, What::Block(_)));
        assert!(waits.is_some() && waits < at(What::WorkEnd(QUEUE, SOON)), "the task waits for the work");
    }
}
