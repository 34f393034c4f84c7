//! Events: what can be observed of a kernel, simulated or real.
//!
//! This is the waist. The simulation and, later, a real kernel make events; invariants, snapshots and
//! reports read nothing else.

pub mod lock;
pub mod name;
pub mod point;
pub mod print;

pub use lock::{LockClass, LockName, Scope};
pub use name::*;
pub use point::Point;

/// The number of a task in its trace: an index into [`Trace::tasks`].
pub type TaskId = u8;

/// The most tasks a run may have: a program's own, the kernel's workers, and the kernel itself.
pub const TASKS_MAX: usize = 16;

/// How a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Alone.
    Write,
    /// With other readers.
    Read,
}

/// Whether a notification announces an object (or a change of it) or its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Notice {
    /// `…,new`
    New,
    /// `…,del`
    Del,
}

/// The action of a uevent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A device appeared.
    Add,
    /// A driver bound to it.
    Bind,
    /// The driver let go.
    Unbind,
    /// The device is gone.
    Remove,
    /// Something about it changed; mdev says what in `MDEV_STATE`.
    Change(MdevState),
}

/// A callback from a core into a driver or a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the kernel's names")]
pub enum Callback {
    ReloadDown,
    ReloadUp,
    EswitchModeSet,
    EswitchInlineModeSet,
    TrapActionSet,
    MdevProbe,
    MdevRemove,
    ClientAdd,
    ClientRemove,
    EnumRocePorts,
}

impl Callback {
    /// How the kernel names the callback.
    pub const fn name(self) -> &'static str {
        match self {
            Callback::ReloadDown => "reload_down",
            Callback::ReloadUp => "reload_up",
            Callback::EswitchModeSet => "eswitch_mode_set",
            Callback::EswitchInlineModeSet => "eswitch_inline_mode_set",
            Callback::TrapActionSet => "trap_action_set",
            Callback::MdevProbe => "mdev_probe",
            Callback::MdevRemove => "mdev_remove",
            Callback::ClientAdd => "client_add",
            Callback::ClientRemove => "client_remove",
            Callback::EnumRocePorts => "roce_ports_callback",
        }
    }
}

/// A span of kernel code whose beginning and end invariants care about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the kernel's names")]
pub enum Span {
    DevlinkReload,
    DevlinkRegister,
    DevlinkUnregister,
    DevlinkDumpit,
    MdevRegister,
    MdevUnregister,
    MdevCreate,
    MdevRemove,
    IbRegisterDevice,
    IbUnregisterDevice,
    IbRegisterClient,
    IbUnregisterClient,
    ModuleExit,
}

impl Span {
    /// How the kernel names the function.
    pub const fn name(self) -> &'static str {
        match self {
            Span::DevlinkReload => "devlink_reload",
            Span::DevlinkRegister => "devlink_register",
            Span::DevlinkUnregister => "devlink_unregister",
            Span::DevlinkDumpit => "devlink_nl_dumpit",
            Span::MdevRegister => "mdev_register_device",
            Span::MdevUnregister => "mdev_unregister_device",
            Span::MdevCreate => "mdev_device_create",
            Span::MdevRemove => "mdev_device_remove",
            Span::IbRegisterDevice => "ib_register_device",
            Span::IbUnregisterDevice => "ib_unregister_device",
            Span::IbRegisterClient => "ib_register_client",
            Span::IbUnregisterClient => "ib_unregister_client",
            Span::ModuleExit => "module_exit",
        }
    }
}

/// Work that a queue can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WorkFn {
    /// `netdevice_event_work_handler`: walks all RDMA devices for a netdev event.
    NetdeviceEvent(Netdev),
    /// `roce_rescan_device_work`: reads the addresses of one RDMA device again.
    RescanDevice(IbDevice),
    /// The release of a mediated device that the kernel delays.
    ReleaseChild(Uuid),
    /// The release of a parent device that the kernel delays.
    ReleaseParent(Parent),
}

impl std::fmt::Display for WorkFn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            WorkFn::NetdeviceEvent(netdev) => write!(f, "netdevice_event({netdev})"),
            WorkFn::RescanDevice(device) => write!(f, "rescan_device({device})"),
            WorkFn::ReleaseChild(uuid) => write!(f, "release({uuid})"),
            WorkFn::ReleaseParent(parent) => write!(f, "release({parent})"),
        }
    }
}

/// What happened. Small and `Copy`: a run makes hundreds, a search millions a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// A task starts its command with this index.
    Begin(u8),
    /// The command with this index ended, with an errno if the kernel refused it.
    End(u8, Option<Errno>),
    /// The schedule stopped the task here, so that another may run.
    Preempt(Point),
    /// A function was entered.
    Enter(Span, Subject),
    /// The function returned.
    Leave(Span, Subject, Option<Errno>),
    /// The core calls a driver or client back.
    Call(Callback, Subject),
    /// The callback returned.
    Return(Callback, Subject, Option<Errno>),

    /// A lock was taken.
    Acquire(LockName, Mode),
    /// A lock was let go.
    Release(LockName, Mode),
    /// A lock was not free, or a flush or completion is not done: the task sleeps.
    Block(LockName),

    /// The object's memory and state exist.
    Alloc(Subject),
    /// The driver has made everything that its callbacks use.
    Ready(Subject),
    /// The driver has begun to take apart what its callbacks use.
    Unready(Subject),
    /// Users can look the object up from here on.
    Visible(Subject),
    /// Users can no longer look the object up.
    Hidden(Subject),
    /// The object's memory is gone.
    Free(Subject),
    /// A part was made or came into reach: a port, a trap, a param.
    Add(Subject),
    /// A part was unmade.
    Remove(Subject),
    /// A value changed, from the first to the second.
    Set(Subject, u8, u8),

    /// A netlink notification about an object went out, with the value it carries.
    Notify(Notice, Subject, u8),
    /// A uevent went out.
    Uevent(Action, Subject),
    /// The task that listens saw the uevent it waited for.
    Seen(Action, Subject),
    /// A dump showed this object with this value.
    Dumped(Subject, u8),
    /// At the end, with nobody in the kernel: an object that users can look up, and its value.
    AtRest(Subject, u8),

    /// A reference was taken; how many there are now.
    Get(Subject, u8),
    /// A reference was dropped; how many there are now.
    Put(Subject, u8),
    /// Work was queued.
    Queue(QueueName, WorkFn),
    /// A worker started an item.
    WorkBegin(QueueName, WorkFn),
    /// A worker ended an item.
    WorkEnd(QueueName, WorkFn),
    /// Work was taken off its queue before it ran.
    Cancel(QueueName, WorkFn),
    /// The module's text is gone.
    ModuleGone(Module),

    /// The object was freed at the first place and used at the second.
    UseAfterFree(Subject, Point, Point),
    /// A reference count was dropped more often than taken.
    Underflow(Subject, Point),
    /// Code of a module whose text is gone ran (or was about to) at this place.
    TextGone(Module, Point),
    /// Tasks wait for each other; an index into [`Trace::cycles`].
    Deadlock(u8),
    /// Locks were taken in an order that can deadlock; an index into [`Trace::cycles`].
    LockOrder(u8),
    /// At the end, memory that nobody can give back any more: references left.
    Leak(Subject, u8),
    /// The kernel's own `WARN_ON`.
    Warn(Subject, Point),
    /// The run was cut off: more steps than any sensible program takes.
    OutOfSteps,
}

/// An event and the task it happened in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Event {
    /// In which task.
    pub task: TaskId,
    /// What happened.
    pub what: What,
}

/// One link of a cycle: who (a task, or for a lock order the lock held) waits for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Link {
    /// The task that waits, or in whose hands the order was seen.
    pub task: TaskId,
    /// What it holds that the one before waits for.
    pub holds: LockName,
    /// What it waits for.
    pub waits: LockName,
    /// Where it waits.
    pub at: Point,
}

/// Everything that happened in one run, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// The events in the order they happened.
    pub events: Vec<Event>,
    /// The names of the tasks, by [`TaskId`].
    pub tasks: Vec<TaskName>,
    /// The cycles that [`What::Deadlock`] and [`What::LockOrder`] point to.
    pub cycles: Vec<Vec<Link>>,
    /// Which kinds of events are there, so that invariants about others need not look.
    pub kinds: Kinds,
    /// How many scheduling steps the run took: points passed.
    pub steps: u32,
}

impl Trace {
    /// Forgets everything but the memory.
    pub fn clear(&mut self) {
        self.events.clear();
        self.tasks.clear();
        self.cycles.clear();
        self.kinds = Kinds::default();
        self.steps = 0;
    }

    /// Adds an event at the end.
    #[inline]
    pub fn push(&mut self, task: TaskId, what: What) {
        self.kinds.insert(what);
        self.events.push(Event { task, what });
    }

    /// A trace of these events, for tests of invariants. Tasks get the first names there are.
    pub fn of(events: impl IntoIterator<Item = (TaskId, What)>) -> Self {
        let mut trace = Trace { tasks: TaskName::ALL.to_vec(), ..Trace::default() };
        for (task, what) in events {
            trace.push(task, what);
        }
        trace
    }

    /// The name of a task.
    pub fn name(&self, task: TaskId) -> TaskName {
        self.tasks[usize::from(task)]
    }
}

/// A set of kinds of events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Kinds(u64);

/// Numbers the kinds of events that invariants ask for.
macro_rules! kinds {
    ($($number:literal $constant:ident $pattern:pat,)+) => {
        impl Kinds {
            $(#[doc = concat!("Only `What::", stringify!($pattern), "`.")] pub const $constant: Kinds = Kinds(1 << $number);)+
            /// The kind of one event; empty for kinds that no invariant starts from.
            const fn of(what: What) -> Kinds {
                match what { $($pattern => Kinds::$constant,)+ _ => Kinds(0) }
            }
        }
    };
}

kinds! {
    0 NOTIFY What::Notify(..),
    1 UEVENT What::Uevent(..),
    2 CALL What::Call(..),
    3 DUMPED What::Dumped(..),
    4 DEADLOCK What::Deadlock(..),
    5 LOCK_ORDER What::LockOrder(..),
    6 TEXT_GONE What::TextGone(..),
    7 USE_AFTER_FREE What::UseAfterFree(..),
    8 LEAK What::Leak(..),
    9 UNDERFLOW What::Underflow(..),
    10 AT_REST What::AtRest(Subject::Devlink(_), _),
    11 RELOAD What::Enter(Span::DevlinkReload, _),
    12 END_ERROR What::End(_, Some(_)),
    13 WORK What::WorkBegin(..),
    14 SET What::Set(..),
    15 MODULE_GONE What::ModuleGone(..),
    16 HIDDEN What::Hidden(..),
    17 REVIVED What::Get(_, 1),
    30 CLIENT_REMOVED What::Return(Callback::ClientRemove, ..),
    31 IB_UNREGISTERED What::Leave(Span::IbUnregisterDevice | Span::IbUnregisterClient, ..),
}

impl Kinds {
    /// Adds the kind of an event.
    #[inline]
    pub fn insert(&mut self, what: What) {
        self.0 |= Kinds::of(what).0;
    }
    /// The union of two sets.
    pub const fn or(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }
    /// Whether the two sets have a kind in common.
    pub const fn meets(self, other: Kinds) -> bool {
        self.0 & other.0 != 0
    }
}
