//! The names that events and commands share: devices, ports, clients, modules, tasks, errnos.

use crate::operands;

operands! {
    /// A devlink instance by its parent device: a driver and a number.
    "a devlink handle" (4 bits) enum Handle {
        Netdevsim0 = "netdevsim/0",
        Mlx50 = "mlx5/0",
        Netdevsim1 = "netdevsim/1",
        Mlx51 = "mlx5/1",
    }

    /// The index of a devlink port.
    "a port index" (4 bits) enum PortIndex { P0 = "0", P1 = "1", P2 = "2", P3 = "3", }

    /// A packet trap that a driver registers.
    "a trap" (4 bits) enum Trap { BlackholeRoute = "blackhole_route", TailDrop = "tail_drop", }

    /// What a device does with a packet that hits a trap.
    "a trap action" (2 bits) enum TrapAction { Drop = "drop", Trap = "trap", Mirror = "mirror", }

    /// A parameter whose value the driver takes up at the next reload (driverinit).
    "a param" (4 bits) enum Param { MaxMacs = "max_macs", }

    /// The value of a param; the first is what a driver starts with.
    "a param value" (4 bits) enum ParamValue { V32 = "32", V64 = "64", V128 = "128", V256 = "256", }

    /// The mode of the embedded switch.
    "an eswitch mode" (2 bits) enum EswitchMode { Legacy = "legacy", Switchdev = "switchdev", }

    /// The second attribute of an eswitch change, which none of the drivers here supports.
    "an inline mode" (2 bits, optional) enum Inline { Unset = "no-inline", Link = "inline-link", }

    /// A fault that a test asks a driver for, as netdevsim's debugfs files do.
    "a driver knob" (4 bits) enum Knob { FailReload = "fail-reload", DontAllowReload = "dont-allow-reload", }

    /// Whether a knob is turned on.
    "on or off" (1 bits) enum Switch { On = "on", Off = "off", }

    /// A parent device of mediated devices.
    "an mdev parent" (4 bits) enum Parent { Mtty0 = "mtty/0", Mtty1 = "mtty/1", }

    /// The UUID of a mediated device, shortened to what tells two of them apart.
    "an mdev uuid" (4 bits) enum Uuid { A = "uuid-a", B = "uuid-b", C = "uuid-c", }

    /// What `MDEV_STATE` says in a uevent.
    "an MDEV_STATE" (1 bits) enum MdevState { Registered = "registered", Unregistered = "unregistered", }

    /// An RDMA device.
    "an ib device" (4 bits) enum IbDevice { Rxe0 = "rxe/0", Rxe1 = "rxe/1", }

    /// A client of ib_core. `gid-cache` has the work that netdev events queue.
    "an ib client" (4 bits) enum Client { GidCache = "gid-cache", Mad = "mad", }

    /// A network device.
    "a netdev" (4 bits) enum Netdev { Eth0 = "eth0", Eth1 = "eth1", }

    /// A kernel module: text that can go away.
    "a module" (4 bits) enum Module {
        /// Never unloaded: built into the kernel.
        Core = "core", Mtty = "mtty", GidCache = "gid-cache", Mad = "mad",
    }

    /// A queue of work.
    "a workqueue" (4 bits) enum QueueName {
        /// Where kobject releases go when they are delayed.
        System = "events", Gid = "gid_cache_wq", Rescan = "rescan_wq",
    }

    /// The name of a task. The last ones belong to the kernel's own workers.
    "a task name" (5 bits) enum TaskName {
        User = "user", Probe = "probe", Remove = "remove", User2 = "user2", Admin = "admin", Udev = "udev",
        Vendor = "vendor", Rmmod = "rmmod", Netdev = "netdev", Monitor = "monitor", Client = "client",
        Device = "device", T1 = "t1", T2 = "t2", T3 = "t3", T4 = "t4",
        /// The worker of [`QueueName::System`].
        SystemWorker = "kworker/events",
        /// The second worker of [`QueueName::System`], which is not ordered.
        SystemWorker2 = "kworker/events:2",
        /// The worker of [`QueueName::Gid`].
        GidWorker = "kworker/gid_cache_wq",
        /// The worker of [`QueueName::Rescan`].
        RescanWorker = "kworker/rescan_wq",
        /// No task: what is found when every task is at rest.
        Kernel = "kernel",
    }
}

impl TaskName {
    /// How many names a program may give to its own tasks; the rest are the kernel's workers.
    pub const PROGRAM_COUNT: usize = 16;

    /// Whether this is one of the kernel's own workers.
    pub const fn is_worker(self) -> bool {
        self.index() >= Self::PROGRAM_COUNT
    }
}

impl QueueName {
    /// The queue whose worker this task is.
    pub fn of_worker(task: TaskName) -> Option<QueueName> {
        Self::ALL.iter().copied().find(|queue| queue.workers().contains(&task))
    }

    /// The tasks that run this queue's work: one for an ordered queue.
    pub const fn workers(self) -> &'static [TaskName] {
        match self {
            QueueName::System => &[TaskName::SystemWorker, TaskName::SystemWorker2],
            QueueName::Gid => &[TaskName::GidWorker],
            QueueName::Rescan => &[TaskName::RescanWorker],
        }
    }
}

/// Why the kernel refused a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names of errno(3)")]
pub enum Errno {
    ENODEV,
    EBUSY,
    EINVAL,
    EEXIST,
    ENOENT,
    EOPNOTSUPP,
    EAGAIN,
    ENFILE,
    ENOSPC,
    ENOMEM,
}

impl std::fmt::Display for Errno {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Errno::ENODEV => "ENODEV",
            Errno::EBUSY => "EBUSY",
            Errno::EINVAL => "EINVAL",
            Errno::EEXIST => "EEXIST",
            Errno::ENOENT => "ENOENT",
            Errno::EOPNOTSUPP => "EOPNOTSUPP",
            Errno::EAGAIN => "EAGAIN",
            Errno::ENFILE => "ENFILE",
            Errno::ENOSPC => "ENOSPC",
            Errno::ENOMEM => "ENOMEM",
        })
    }
}

/// Anything that has a life of its own in the kernel, and so can be created, announced, used and freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Nothing in particular: a global lock belongs to no object.
    Kernel,
    /// A devlink instance.
    Devlink(Handle),
    /// A port of a devlink instance.
    Port(Handle, PortIndex),
    /// A trap of a devlink instance.
    Trap(Handle, Trap),
    /// A param of a devlink instance.
    Param(Handle, Param),
    /// The eswitch of a devlink instance.
    Eswitch(Handle),
    /// A parent of mediated devices.
    Parent(Parent),
    /// What mdev core tracks a registered parent with: `struct mdev_parent`.
    MdevParent(Parent),
    /// A mediated device.
    Child(Uuid),
    /// An RDMA device.
    Ib(IbDevice),
    /// A client of ib_core.
    Client(Client),
    /// What a client keeps for one RDMA device.
    ClientData(Client, IbDevice),
    /// A network device.
    Netdev(Netdev),
    /// A module.
    Module(Module),
    /// A workqueue.
    Queue(QueueName),
}

impl Subject {
    /// The devlink instance this belongs to, if it is one or a part of one.
    pub const fn handle(self) -> Option<Handle> {
        match self {
            Subject::Devlink(handle)
            | Subject::Port(handle, _)
            | Subject::Trap(handle, _)
            | Subject::Param(handle, _)
            | Subject::Eswitch(handle) => Some(handle),
            _ => None,
        }
    }

    /// The RDMA device this belongs to, if it is one or what a client keeps for one.
    pub const fn ib_device(self) -> Option<IbDevice> {
        match self {
            Subject::Ib(device) | Subject::ClientData(_, device) => Some(device),
            _ => None,
        }
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Subject::Kernel => f.write_str("kernel"),
            Subject::Devlink(handle) => write!(f, "{handle}"),
            Subject::Port(handle, port) => write!(f, "{handle}/{port}"),
            Subject::Trap(handle, trap) => write!(f, "{handle} {trap}"),
            Subject::Param(handle, param) => write!(f, "{handle} {param}"),
            Subject::Eswitch(handle) => write!(f, "{handle} eswitch"),
            Subject::Parent(parent) => write!(f, "{parent}"),
            Subject::MdevParent(parent) => write!(f, "mdev_parent({parent})"),
            Subject::Child(uuid) => write!(f, "{uuid}"),
            Subject::Ib(device) => write!(f, "{device}"),
            Subject::Client(client) => write!(f, "{client}"),
            Subject::ClientData(client, device) => write!(f, "{client}@{device}"),
            Subject::Netdev(netdev) => write!(f, "{netdev}"),
            Subject::Module(module) => write!(f, "{module}.ko"),
            Subject::Queue(queue) => write!(f, "{queue}"),
        }
    }
}
