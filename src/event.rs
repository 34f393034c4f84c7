//! Events: what can be observed of a kernel, simulated or real.
//!
//! This is the waist. The simulation and, later, a real kernel make events; invariants, snapshots and
//! reports read nothing else.

pub mod errno;
pub mod kinds;
pub mod lock;
pub mod name;
pub mod point;
pub mod print;
pub mod property;
pub mod segment_end;
pub mod subject;
pub mod trace;
pub mod value;

pub use errno::Errno;
pub use kinds::Kinds;
pub use lock::{LockClass, LockName, Scope};
pub use name::*;
pub use point::Point;
pub use segment_end::SegmentEnd;
pub use subject::{Family, Subject, SubjectKind};
pub use trace::Trace;

/// The number of a task in its trace: an index into [`Trace::tasks`].
pub type TaskId = u8;

/// The most tasks a run may have: a program's own, the kernel's workers, and the kernel itself.
pub const RUN_TASKS_MAX: usize = 24;

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
    /// The driver was unbound.
    Unbind,
    /// The device is gone.
    Remove,
    /// Something about it changed; mdev says what in `MDEV_STATE`.
    Change(MdevState),
    /// It goes by another name from here on; the number of the old one.
    Move(u8),
}

/// A callback from a core into a driver or a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the kernel's names")]
pub enum Callback {
    ReloadDown,
    ReloadUp,
    EswitchModeSet,
    PortNew,
    PortDel,
    PortFnStateSet,
    PortSplit,
    PortUnsplit,
    EswitchInlineModeSet,
    TrapActionSet,
    RegionSnapshot,
    HealthRecover,
    TrapGroupSet,
    TrapPolicerSet,
    FlashUpdate,
    LinecardProvision,
    LinecardUnprovision,
    RateNodeNew,
    RateNodeDel,
    RateTxShareSet,
    RateTxMaxSet,
    RateParentSet,
    MdevProbe,
    MdevRemove,
    ClientAdd,
    ClientRemove,
    EnumRocePorts,
    ClientRename,
    GetNetDevByParams,
    /// A client's event handler.
    IbEvent,
    UverbsCommand,
}

impl Callback {
    /// How the kernel names the callback.
    pub const fn name(self) -> &'static str {
        match self {
            Callback::ReloadDown => "reload_down",
            Callback::ReloadUp => "reload_up",
            Callback::EswitchModeSet => "eswitch_mode_set",
            Callback::PortNew => "port_new",
            Callback::PortDel => "port_del",
            Callback::PortFnStateSet => "port_fn_state_set",
            Callback::PortSplit => "port_split",
            Callback::PortUnsplit => "port_unsplit",
            Callback::EswitchInlineModeSet => "eswitch_inline_mode_set",
            Callback::TrapActionSet => "trap_action_set",
            Callback::HealthRecover => "health_recover",
            Callback::TrapGroupSet => "trap_group_set",
            Callback::TrapPolicerSet => "trap_policer_set",
            Callback::FlashUpdate => "flash_update",
            Callback::LinecardProvision => "provision",
            Callback::LinecardUnprovision => "unprovision",
            Callback::RegionSnapshot => "region_snapshot",
            Callback::RateNodeNew => "rate_node_new",
            Callback::RateNodeDel => "rate_node_del",
            Callback::RateTxShareSet => "rate_tx_share_set",
            Callback::RateTxMaxSet => "rate_tx_max_set",
            Callback::RateParentSet => "rate_parent_set",
            Callback::MdevProbe => "mdev_probe",
            Callback::MdevRemove => "mdev_remove",
            Callback::ClientAdd => "client_add",
            Callback::ClientRemove => "client_remove",
            Callback::EnumRocePorts => "roce_ports_callback",
            Callback::ClientRename => "client_rename",
            Callback::GetNetDevByParams => "get_net_dev_by_params",
            Callback::IbEvent => "event_handler",
            Callback::UverbsCommand => "uverbs_command",
        }
    }
}

/// A span of kernel code whose beginning and end invariants care about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the kernel's names")]
pub enum Span {
    DevlinkReload,
    DevlinkActivate,
    DevlinkRegister,
    DevlinkUnregister,
    DevlinkDumpit,
    DriverProbe,
    DriverRemove,
    MdevRegister,
    MdevUnregister,
    MdevCreate,
    MdevRemove,
    IbRegisterDevice,
    IbUnregisterDevice,
    IbRegisterClient,
    IbUnregisterClient,
    ModuleExit,
    IbCacheCleanup,
    IbChangeNetns,
}

impl Span {
    /// How the kernel names the function.
    pub const fn name(self) -> &'static str {
        match self {
            Span::DevlinkReload => "devlink_reload",
            Span::DevlinkActivate => "devlink_reload (no reset)",
            Span::DevlinkRegister => "devlink_register",
            Span::DevlinkUnregister => "devlink_unregister",
            Span::DevlinkDumpit => "devlink_nl_dumpit",
            Span::DriverProbe => "really_probe",
            Span::DriverRemove => "device_remove",
            Span::MdevRegister => "mdev_register_device",
            Span::MdevUnregister => "mdev_unregister_device",
            Span::MdevCreate => "mdev_device_create",
            Span::MdevRemove => "mdev_device_remove",
            Span::IbRegisterDevice => "ib_register_device",
            Span::IbUnregisterDevice => "ib_unregister_device",
            Span::IbRegisterClient => "ib_register_client",
            Span::IbUnregisterClient => "ib_unregister_client",
            Span::ModuleExit => "module_exit",
            Span::IbCacheCleanup => "ib_cache_cleanup_one",
            Span::IbChangeNetns => "rdma_dev_change_netns",
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
    /// `mlxsw_linecard_status_event_to_work`: what a switch does when a line card has changed.
    LineCardStatus(Handle),
    /// `mlx5_vhca_state_work_handler`: what a device does when the state of a function has changed.
    FunctionState(Handle),
    /// `devlink_rel_nested_in_notify_work`: announces again what an instance is nested in.
    NestedNotify(Handle),
    /// The release of a device on netdevsim's bus that the kernel delays.
    ReleaseDevice(Handle),
    /// `cleanup_net`: what ends a network namespace.
    CleanupNet(NetNs),
    /// The release of a type of mediated devices that the kernel delays.
    ReleaseType(Parent, MdevType),
    /// The release of a vfio device that the kernel delays.
    ReleaseVfio(Uuid),
    /// A vendor driver's own work: it unregisters its parent later.
    UnregisterParent(Parent),
    /// `ib_unregister_work`: unregisters a device for a caller that may not sleep.
    UnregisterDevice(IbDevice),
    /// `netdevice_event_work_handler` of a netdev that is unregistered.
    NetdeviceGone(Netdev),
    /// `update_gid_event_work_handler` of an address that was deleted.
    AddressGone(Netdev, Address),
    /// `cm_work_handler`: a message that came in for a device.
    CmWork(IbDevice),
    /// `update_gid_event_work_handler` of the address that a netdev has while it is up.
    LinkLocal(Netdev),
    /// `nsim_dev_trap_report_work`: netdevsim reports trapped packets, again and again.
    TrapReport(Handle),
    /// `devlink_port_type_warn`: a port has had no type for too long.
    TypeWarn(Handle, PortIndex),
}

impl WorkFn {
    /// What stands in the order of locks for this item by itself, if tasks wait for it and not for its queue: its
    /// `lockdep_map`.
    pub const fn own_lock(self) -> Option<LockName> {
        match self {
            WorkFn::TrapReport(handle) => {
                Some(LockName { class: LockClass::TrapReportWork, of: Subject::Devlink(handle) })
            }
            WorkFn::TypeWarn(handle, port) => {
                Some(LockName { class: LockClass::TypeWarnWork, of: Subject::Port(handle, port) })
            }
            WorkFn::NetdeviceEvent(_)
            | WorkFn::RescanDevice(_)
            | WorkFn::ReleaseChild(_)
            | WorkFn::ReleaseParent(_)
            | WorkFn::LineCardStatus(_)
            | WorkFn::FunctionState(_)
            | WorkFn::NestedNotify(_)
            | WorkFn::ReleaseDevice(_)
            | WorkFn::CleanupNet(_)
            | WorkFn::ReleaseType(..)
            | WorkFn::ReleaseVfio(_)
            | WorkFn::UnregisterParent(_)
            | WorkFn::UnregisterDevice(_)
            | WorkFn::NetdeviceGone(_)
            | WorkFn::AddressGone(..)
            | WorkFn::CmWork(_)
            | WorkFn::LinkLocal(_) => None,
        }
    }
}

impl std::fmt::Display for WorkFn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            WorkFn::NetdeviceEvent(netdev) => write!(f, "netdevice_event({netdev})"),
            WorkFn::RescanDevice(device) => write!(f, "rescan_device({device})"),
            WorkFn::ReleaseChild(uuid) => write!(f, "release({uuid})"),
            WorkFn::ReleaseParent(parent) => write!(f, "release({parent})"),
            WorkFn::LineCardStatus(handle) => write!(f, "linecard_status({handle})"),
            WorkFn::FunctionState(handle) => write!(f, "vhca_state({handle})"),
            WorkFn::NestedNotify(handle) => write!(f, "nested_in_notify({handle})"),
            WorkFn::ReleaseDevice(handle) => write!(f, "release({handle} device)"),
            WorkFn::CleanupNet(netns) => write!(f, "cleanup_net({netns})"),
            WorkFn::ReleaseType(parent, kind) => write!(f, "release({parent} {kind})"),
            WorkFn::ReleaseVfio(uuid) => write!(f, "release({uuid} vfio device)"),
            WorkFn::UnregisterParent(parent) => write!(f, "unregister({parent})"),
            WorkFn::UnregisterDevice(device) => write!(f, "ib_unregister_work({device})"),
            WorkFn::LinkLocal(netdev) => write!(f, "link_local({netdev})"),
            WorkFn::NetdeviceGone(netdev) => write!(f, "netdevice_gone({netdev})"),
            WorkFn::AddressGone(netdev, address) => write!(f, "address_gone({netdev} {address})"),
            WorkFn::CmWork(device) => write!(f, "cm_work({device})"),
            WorkFn::TrapReport(handle) => write!(f, "trap_report({handle})"),
            WorkFn::TypeWarn(handle, port) => write!(f, "type_warn({handle}/{port})"),
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
    /// A lock was unlocked.
    Release(LockName, Mode),
    /// A lock was not free, or a flush or completion is not done: the task sleeps.
    Block(LockName),

    /// The task asks for a lock, or for what waits like one, with all that it holds. This and the next four are recorded
    /// for a second opinion alone.
    Ask(LockName, Mode),
    /// The task becomes one that others wait for as for the holder of a lock: a user of an object, a worker with an item.
    Hold(LockName),
    /// It is that no longer.
    Unhold(LockName),
    /// The task uses the object's memory.
    Use(Subject),
    /// The task need not wait any more.
    Wake,

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

    /// The notifications (and, at rest, the objects) from here on are those of this network namespace. At first it is
    /// the initial one.
    In(NetNs),
    /// A netlink notification about an object went out, with the value it carries.
    Notify(Notice, Subject, u8),
    /// A link notification went out to the rtnetlink listeners in the netdev's namespace.
    Link(Notice, Subject),
    /// The task has a socket of its own that listens in this network namespace, and from here on hears only of these
    /// devices and this port.
    Filter(NetNs, FilterDevice, FilterPort),
    /// The task's own socket received a notification. The youngest listener receives first, so a [`What::Notify`] of the
    /// same follows, for the listener that has listened from the start.
    Heard(Notice, Subject, u8),
    /// A uevent went out.
    Uevent(Action, Subject),
    /// The task that listens saw the uevent it waited for.
    Seen(Action, Subject),
    /// A dump showed this object with this value.
    Dumped(Subject, u8),
    /// At the end, with no task in the kernel: an object that users can look up, and its value.
    AtRest(Subject, u8),

    /// A reference was taken; how many there are now.
    Get(Subject, u8),
    /// A reference was dropped; how many there are now.
    Put(Subject, u8),
    /// Work was queued, which is code of this module.
    Queue(QueueName, WorkFn, Module),
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
    /// At the end, leaked memory: the references that no task can drop any more.
    Leak(Subject, u8),
    /// The kernel's own `WARN_ON`, its oops, or its complaint about a driver.
    Warn(Subject, Point),
    /// A real kernel printed a warning, or died; an index into [`Trace::texts`]. The simulation has none.
    Console(u8),
    /// A task of a real kernel sleeps, and nothing that can run wakes it; an index into [`Trace::texts`], which says in
    /// which function.
    Sleeps(u8),
    /// Something was observed of a real kernel that has no name here; an index into [`Trace::texts`].
    Foreign(u8),
    /// The run was cut off: more steps than any sensible program takes.
    OutOfSteps,
}

/// Which of the objects that have one name, one after the other, an event is about: a number that no other object of
/// the run has. 0 if the event does not say: then it is about the one that came last.
pub type Life = u8;

/// An event and the task it happened in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Event {
    /// In which task.
    pub task: TaskId,
    /// Which life of its object it is about. Of two lives of one name the later has the larger number.
    pub life: Life,
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
