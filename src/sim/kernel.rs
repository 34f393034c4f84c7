//! The kernel of one run: what all handlers share, passed along and never global.

use super::around::Around;
use super::delayed::Timers;
use super::footprint;
use super::lock::Lock;
use super::module::Load;
use super::module::text;
use super::netns::Namespaces;
use super::order::Order;
use super::refcount::{Kref, KrefState, Named};
use super::registration::RegistrationState;
use super::scheduler::{Chooser, Scheduler, Segment};
use super::task::{State, Task};
use super::uevent::Uevents;
use super::workqueue::Queue;
use crate::event::{
    Errno, Life, Module, Point, QueueName, RUN_TASKS_MAX, Span, TaskId, TaskName, Trace, What,
};
use std::cell::{Cell, RefCell};

/// The most points a run may pass. The longest sensible program passes a few hundred; a run that gets here
/// has work that queues itself for ever.
pub const STEPS_MAX: u32 = 20_000;

/// About how many events a run may record, whatever is told at each point: the memory that a run takes is bounded too.
pub const EVENTS_MAX: usize = 1 << 17;

/// Options of the kernel that are no decisions of a subsystem.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Kconfig {
    /// Releases of kobjects run later, from a workqueue (`CONFIG_DEBUG_KOBJECT_RELEASE`).
    pub delayed_release: bool,
}

/// The simulated kernel. Made once and [`reset`](Kernel::reset) for every run, so that runs allocate little.
#[derive(Debug, Default)]
pub struct Kernel {
    /// Options of this run.
    pub kconfig: Kconfig,
    pub(super) trace: RefCell<Trace>,
    pub(super) tasks: Vec<Task>,
    pub(super) current: Cell<TaskId>,
    pub(super) over: Cell<bool>,
    /// Whether raw events are recorded too, for a second opinion.
    raw: bool,
    pub(super) steps: Cell<u32>,
    pub(super) scheduler: Scheduler,
    pub(super) locks: RefCell<Vec<Lock>>,
    pub(super) order: RefCell<Order>,
    pub(super) krefs: RefCell<Vec<KrefState>>,
    pub(super) registrations: RefCell<Vec<RegistrationState>>,
    pub(super) queues: RefCell<[Queue; QueueName::COUNT]>,
    pub(super) timers: RefCell<Timers>,
    pub(super) gone: Cell<u16>,
    pub(super) loads: [Cell<Load>; Module::COUNT],
    pub(super) uevents: RefCell<Uevents>,
    pub(super) namespaces: Namespaces,
}

impl Kernel {
    /// Starts over: no object, no lock, no event, and these tasks, which run as the schedule says.
    ///
    /// With a seed, a random walk chooses instead, and [`Kernel::schedule`] tells afterwards what it chose.
    pub fn reset(&mut self, kconfig: Kconfig, tasks: &[TaskName], schedule: &[Segment], seed: Option<u64>) {
        assert!(tasks.len() < RUN_TASKS_MAX, "{} tasks in one run", tasks.len());
        self.kconfig = kconfig;
        let trace = self.trace.get_mut();
        trace.clear();
        trace.tasks.extend_from_slice(tasks);
        trace.tasks.push(TaskName::Kernel);
        self.tasks.resize_with(tasks.len() + 1, Task::default);
        for (task, name) in self.tasks.iter_mut().zip(&trace.tasks) {
            task.reset(*name);
        }
        self.tasks[tasks.len()].state.set(State::Ended);
        self.current.set(0);
        self.over.set(false);
        self.steps.set(0);
        self.scheduler.reset(schedule, seed);
        self.locks.get_mut().clear();
        self.order.get_mut().clear();
        self.krefs.get_mut().clear();
        self.registrations.get_mut().clear();
        for queue in self.queues.get_mut() {
            queue.reset();
        }
        self.timers.get_mut().reset();
        self.gone.set(0);
        self.loads = Default::default();
        self.uevents.get_mut().clear();
        self.namespaces.reset();
    }

    /// Has runs from here on record raw events too, or no longer: a second opinion is made of them.
    pub fn record_raw(&mut self, on: bool) {
        self.raw = on;
    }

    /// Whether raw events are recorded too.
    pub(super) fn is_raw(&self) -> bool {
        self.raw
    }

    /// Records what only a second opinion reads.
    #[inline]
    pub(super) fn raw(&self, task: TaskId, what: What, life: Life) {
        if self.raw {
            self.record(task, what, life);
        }
    }

    /// The trace of the run that ended.
    pub fn trace(&mut self) -> &Trace {
        self.trace.get_mut()
    }

    /// The schedule of the run that ended: the one given, or what the random walk chose.
    pub fn schedule(&self) -> Vec<Segment> {
        self.scheduler.schedule()
    }

    /// Has a chooser decide who runs, from a [`Kernel::reset`] without schedule on.
    pub fn drive(&mut self, chooser: Box<dyn Chooser>) {
        self.scheduler.drive(chooser);
    }

    /// Gives the chooser back.
    pub fn driver(&mut self) -> Option<Box<dyn Chooser>> {
        self.scheduler.driver()
    }

    /// Has all walks from here on stop tasks at these points only.
    pub fn stop_only_at(&mut self, points: &[Point]) {
        self.scheduler.stop_only_at(points);
    }

    /// Records that something happened in the task that runs.
    #[inline]
    pub fn emit(&self, what: What) {
        self.emit_to(self.current.get(), what);
    }

    /// Records what happened to the object whose memory this is.
    #[inline]
    pub fn emit_of(&self, memory: Kref, what: What) {
        self.record(self.current.get(), what, memory.life());
    }

    /// The same of a task that need not be the one that runs.
    #[inline]
    pub fn emit_to_of(&self, task: TaskId, memory: Kref, what: What) {
        self.record(task, what, memory.life());
    }

    /// Records what happened to a task that need not be the one that runs.
    #[inline]
    pub fn emit_to(&self, task: TaskId, what: What) {
        self.record(task, what, 0);
    }

    /// Records what happened to a life of an object, in a task.
    #[inline]
    pub(super) fn record(&self, task: TaskId, what: What, life: Life) {
        if self.over.get() {
            return;
        }
        let mut trace = self.trace.borrow_mut();
        trace.push_of(task, what, life);
        if trace.events.len() >= EVENTS_MAX {
            self.steps.set(STEPS_MAX);
        }
    }

    /// The number of the task that runs.
    pub fn current(&self) -> TaskId {
        self.current.get()
    }

    /// Makes what is found at rest belong to the kernel, not to the task that ran last.
    pub fn at_rest(&self) {
        self.current.set((self.tasks.len() - 1) as TaskId);
    }

    /// The task that runs.
    pub(super) fn task(&self) -> &Task {
        &self.tasks[usize::from(self.current.get())]
    }

    /// The last point that the running task came to: where it is, for reports.
    pub fn here(&self) -> Point {
        self.task().at.get()
    }

    /// Records that a function is entered, runs it, and records that it returned.
    pub fn span<T, F>(
        &self,
        span: Span,
        of: impl Into<Named>,
        body: F,
    ) -> impl Future<Output = Result<T, Errno>>
    where
        F: Future<Output = Result<T, Errno>>,
    {
        let Named { of, life } = of.into();
        let enter = move |k: &Kernel| k.record(k.current.get(), What::Enter(span, of), life);
        let leave =
            move |k: &Kernel, (), errno| k.record(k.current.get(), What::Leave(span, of, errno), life);
        Around::new(self, enter, body, leave)
    }

    /// Whether the run ended with every task done or idle: no deadlock, not cut off.
    pub fn is_at_rest(&self) -> bool {
        self.steps.get() < STEPS_MAX && self.tasks.iter().all(|task| !task.state.get().is_stuck())
    }

    /// Whether the text of a module can still run.
    pub fn is_loaded(&self, module: Module) -> bool {
        footprint::reads(|| text(module));
        self.gone.get() & (1 << module.index()) == 0
    }
}
