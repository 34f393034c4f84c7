//! Tasks: flows of control, each an `async fn`, and the loop that lets one of them run.

use super::footprint;
use super::kernel::{Kernel, STEPS_MAX};
use super::lock::LockId;
use super::module::text;
use super::refcount::Kref;
use super::registration::RegistrationId;
use super::scheduler::Runnable;
use crate::event::{
    Action, Mode, Module, NetNs, Point, QueueName, RUN_TASKS_MAX, Subject, TaskId, TaskName, What, WorkFn,
};
use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// What a task is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// It can run.
    #[default]
    Runnable,
    /// It waits.
    Blocked(Wait),
    /// It is done.
    Ended,
}

impl State {
    /// Whether the task waits for something that the kernel must do: not idle, not listening.
    pub(super) fn is_stuck(self) -> bool {
        matches!(
            self,
            State::Blocked(Wait::Lock(..) | Wait::Flush(_) | Wait::Item(..) | Wait::Users(_) | Wait::Kref(_))
        )
    }
}

/// What a task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// A lock.
    Lock(LockId, Mode),
    /// The work of a queue.
    Flush(QueueName),
    /// The end of one item of a queue.
    Item(QueueName, WorkFn),
    /// The last active user of an object.
    Users(RegistrationId),
    /// The last reference of an object.
    Kref(Kref),
    /// Time, which passes only where no worker can run.
    Time,
    /// Something to do: a worker's rest.
    Work(QueueName),
    /// A uevent: a listener's rest.
    Uevent(Action, Subject),
    /// Any uevent about a subject: a listener's rest.
    AnyUevent(Subject),
}

/// One flow of control.
#[derive(Debug)]
pub struct Task {
    pub(super) name: TaskName,
    pub(super) state: Cell<State>,
    /// The last point the task came to.
    pub(super) at: Cell<Point>,
    /// The modules whose code the task is in, a bit each.
    pub(super) text: Cell<u16>,
    /// Those of them whose code is gone, though the module may have been loaded again since.
    pub(super) stale: Cell<u16>,
    /// What the task holds, oldest first: locks, a queue's work, active use of objects.
    pub(super) held: RefCell<Vec<LockId>>,
    /// The network namespace that the task is in.
    pub(super) netns: Cell<NetNs>,
    /// The lock that the task takes as soon as it runs on from the point that it stands at.
    pub(super) wants: Cell<Option<LockId>>,
    /// How many uevents the task has seen.
    pub(super) seen: Cell<usize>,
    /// How many steps that may fail the task is to come to until one fails; none does if this is zero.
    pub(super) fail_nth: Cell<u8>,
}

impl Default for Task {
    fn default() -> Self {
        Task {
            name: TaskName::Kernel,
            state: Cell::default(),
            at: Cell::new(Point::CommandStart),
            text: Cell::new(0),
            stale: Cell::new(0),
            held: RefCell::default(),
            netns: Cell::new(NetNs::Init),
            wants: Cell::new(None),
            seen: Cell::new(0),
            fail_nth: Cell::new(0),
        }
    }
}

impl Task {
    pub(super) fn reset(&mut self, name: TaskName) {
        self.name = name;
        // A worker rests until there is work.
        let rest = QueueName::of_worker(name).map(|queue| State::Blocked(Wait::Work(queue)));
        self.state.set(rest.unwrap_or(State::Runnable));
        self.at.set(Point::CommandStart);
        self.text.set(0);
        self.stale.set(0);
        self.held.get_mut().clear();
        self.netns.set(NetNs::Init);
        self.wants.set(None);
        self.seen.set(0);
        self.fail_nth.set(0);
    }
}

/// A task's code.
pub type Body<'k> = Pin<Box<dyn Future<Output = ()> + 'k>>;

impl Kernel {
    /// Runs the tasks until none can run, then looks for those that wait for each other. A task's body is
    /// made when it first runs: most workers never do.
    pub fn run<'k>(&'k self, mut body_of: impl FnMut(TaskName) -> Body<'k>) {
        let mut context = Context::from_waker(Waker::noop());
        let mut bodies: [Option<Body<'k>>; RUN_TASKS_MAX] = [const { None }; RUN_TASKS_MAX];
        while let Some(task) = self.next() {
            self.current.set(task);
            let index = usize::from(task);
            let body = bodies[index].get_or_insert_with(|| body_of(self.tasks[index].name));
            if body.as_mut().poll(&mut context).is_ready() {
                self.tasks[index].state.set(State::Ended);
            }
            if self.steps.get() >= STEPS_MAX {
                self.emit(What::OutOfSteps);
                break;
            }
        }
        self.find_deadlocks();
        let mut trace = self.trace.borrow_mut();
        trace.steps = self.steps.get();
        self.scheduler.finish(&mut trace.segments);
        drop(trace);
        // From here on the remaining guards only give memory back; they are no part of the run.
        self.over.set(true);
        drop(bodies);
        self.over.set(false);
    }

    /// Models a sleep for a time, such as `rcu_barrier()`: workers run meanwhile, and the task waits for none of them. Under a
    /// schedule they are held until their turn, so the time is over before they run. There is no point before it.
    pub async fn sleep(&self) {
        if !self.scheduler.is_used() {
            self.block(Wait::Time).await;
        }
    }

    /// The task that runs next; none when no task can, or a chooser wants none to.
    fn next(&self) -> Option<TaskId> {
        if !self.scheduler.is_driven() {
            return self.scheduler.next(&self.tasks);
        }
        let (next, preempted) =
            self.scheduler.driven_next(&self.tasks, self.runnable(), &self.trace.borrow());
        if let Some((task, at)) = preempted.filter(|_| next.is_some()) {
            self.emit_to(task, What::Preempt(at));
        }
        next
    }

    /// Which tasks can run, for a chooser.
    fn runnable(&self) -> Runnable {
        let locks = self.locks.borrow();
        let mut runnable = Runnable::default();
        for (id, task) in self.tasks.iter().enumerate() {
            let bit = if task.state.get() == State::Runnable { 1 << id } else { 0 };
            runnable.tasks |= bit;
            let wanted = task.wants.get().map(|lock| &locks[lock.index()]);
            if wanted.is_some_and(|lock| lock.writer.is_some() && !footprint::is_tried(lock.name.class)) {
                runnable.before_lock |= bit;
            }
        }
        runnable
    }

    /// A point: another task may run here, if the schedule says so.
    #[inline]
    pub fn point(&self, at: Point) -> Pass<'_> {
        Pass { kernel: self, at, stopped: false }
    }

    /// Lets the current task sleep until another calls [`Kernel::wake`] on it.
    pub(super) fn block(&self, wait: Wait) -> Sleep {
        self.task().state.set(State::Blocked(wait));
        Sleep(false)
    }

    /// Makes a sleeping task runnable.
    pub(super) fn wake(&self, task: TaskId) {
        self.raw(task, What::Wake, 0);
        self.tasks[usize::from(task)].state.set(State::Runnable);
    }

    /// Comes to a point: counts the step and asks the scheduler whether the task stops here.
    #[inline]
    fn arrive(&self, at: Point) -> bool {
        let steps = STEPS_MAX.min(self.steps.get() + 1);
        self.steps.set(steps);
        self.task().at.set(at);
        let stops = self.scheduler.stops(at);
        if stops && !self.scheduler.is_driven() {
            self.emit(What::Preempt(at));
        }
        stops || steps >= STEPS_MAX
    }

    /// Runs code of a module whose text may be gone.
    #[inline]
    fn execute(&self, at: Point) {
        let task = self.task();
        if footprint::is_noted() {
            let inside = Module::ALL.iter().filter(|module| task.text.get() & (1 << module.index()) != 0);
            inside.for_each(|module| footprint::reads(|| text(*module)));
        }
        let stale = task.stale.take();
        if stale != 0 {
            task.text.set(task.text.get() & !stale);
            for module in Module::ALL.iter().filter(|module| stale & (1 << module.index()) != 0) {
                self.emit(What::TextGone(*module, at));
            }
        }
    }
}

/// The future of [`Kernel::point`].
#[must_use = "a point that is not awaited is no point"]
#[derive(Debug)]
pub struct Pass<'k> {
    kernel: &'k Kernel,
    at: Point,
    stopped: bool,
}

impl Future for Pass<'_> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if !self.stopped && self.kernel.arrive(self.at) {
            self.stopped = true;
            return Poll::Pending;
        }
        self.kernel.execute(self.at);
        Poll::Ready(())
    }
}

/// Pending once; ready when the task runs again.
#[must_use]
#[derive(Debug)]
pub(super) struct Sleep(bool);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}
