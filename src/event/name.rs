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

    /// How many ports a driver's probe makes; the first is the driver's own list of ports.
    "a number of ports" (3 bits, optional) enum PortCount {
        Default = "default-ports", N0 = "0-ports", N1 = "1-port", N2 = "2-ports", N3 = "3-ports", N4 = "4-ports",
    }

    /// A packet trap that a driver registers.
    "a trap" (4 bits) enum Trap {
        BlackholeRoute = "blackhole_route",
        TailDrop = "tail_drop",
        SourceMacIsMulticast = "source_mac_is_multicast",
        VlanTagMismatch = "vlan_tag_mismatch",
        IngressVlanFilter = "ingress_vlan_filter",
        IngressSpanningTreeFilter = "ingress_spanning_tree_filter",
        PortListIsEmpty = "port_list_is_empty",
        PortLoopbackFilter = "port_loopback_filter",
        FidMiss = "fid_miss",
        TtlValueIsTooSmall = "ttl_value_is_too_small",
        IngressFlowActionDrop = "ingress_flow_action_drop",
        EgressFlowActionDrop = "egress_flow_action_drop",
        IgmpQuery = "igmp_query",
        IgmpV1Report = "igmp_v1_report",
    }

    /// A group of packet traps, which may share a policer.
    "a trap group" (4 bits) enum TrapGroup {
        L2Drops = "l2_drops", L3Drops = "l3_drops", L3Exceptions = "l3_exceptions",
        BufferDrops = "buffer_drops", AclDrops = "acl_drops", McSnooping = "mc_snooping",
    }

    /// A policer of trapped packets, by its number.
    "a trap policer" (4 bits) enum TrapPolicer { P1 = "1", P2 = "2", P3 = "3", }

    /// A region of a device's memory.
    "a region" (4 bits) enum Region { Dummy = "dummy", }

    /// What a device does with a packet that hits a trap.
    "a trap action" (2 bits) enum TrapAction { Drop = "drop", Trap = "trap", Mirror = "mirror", }

    /// A parameter whose value the driver takes up at the next reload (driverinit).
    "a param" (4 bits) enum Param {
        /// A number, of devlink's own list of params.
        MaxMacs = "max_macs",
        /// A flag, of netdevsim's own.
        Test1 = "test1",
        /// A flag of devlink's own list, which none of the drivers here has.
        EnableRoce = "enable_roce",
    }

    /// The value of a param: a number or a flag. The first is what a driver starts with.
    "a param value" (4 bits) enum ParamValue {
        V32 = "32", V64 = "64", V128 = "128", V256 = "256", True = "true", False = "false",
    }

    /// When a param's value is to be taken up: a configuration mode.
    "a configuration mode" (2 bits, optional) enum Cmode {
        Driverinit = "driverinit", Runtime = "runtime", Permanent = "permanent",
    }

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

/// Declares the errnos: number and name.
macro_rules! errnos {
    ($($number:literal $name:ident,)+) => {
        /// Why the kernel refused a command, with the number that Linux gives it on most machines.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "the names of errno(3)")]
        pub enum Errno { $($name = $number,)+ }

        impl Errno {
            /// The errno with this number, if it has a name here.
            pub const fn from_number(number: i32) -> Option<Errno> {
                match number { $($number => Some(Errno::$name),)+ _ => None }
            }
            /// How errno(3) spells it.
            pub const fn name(self) -> &'static str {
                match self { $(Errno::$name => stringify!($name),)+ }
            }
        }
    };
}

errnos! {
    1 EPERM, 2 ENOENT, 3 ESRCH, 4 EINTR, 5 EIO, 6 ENXIO, 9 EBADF, 11 EAGAIN, 12 ENOMEM, 13 EACCES, 14 EFAULT,
    16 EBUSY, 17 EEXIST, 19 ENODEV, 20 ENOTDIR, 22 EINVAL, 23 ENFILE, 24 EMFILE, 27 EFBIG, 28 ENOSPC, 30 EROFS,
    32 EPIPE, 34 ERANGE, 35 EDEADLK, 39 ENOTEMPTY, 61 ENODATA, 71 EPROTO, 75 EOVERFLOW, 90 EMSGSIZE, 95 EOPNOTSUPP,
    98 EADDRINUSE, 105 ENOBUFS, 107 ENOTCONN, 110 ETIMEDOUT, 114 EALREADY, 125 ECANCELED,
}

impl std::fmt::Display for Errno {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// Anything that has a life of its own in the kernel, and so can be created, announced, used and freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Nothing in particular: a global lock belongs to no object.
    Kernel,
    /// A devlink instance.
    Devlink(Handle),
    /// The device that a devlink instance belongs to, on its bus.
    Device(Handle),
    /// A port of a devlink instance. Its value says what it is a port of: 0 nothing yet, 1 Ethernet, 2 Ethernet
    /// with a netdev.
    Port(Handle, PortIndex),
    /// The netdev of a port.
    PortNetdev(Handle, PortIndex),
    /// A trap of a devlink instance.
    Trap(Handle, Trap),
    /// A group of traps of a devlink instance.
    TrapGroup(Handle, TrapGroup),
    /// A policer of a devlink instance.
    TrapPolicer(Handle, TrapPolicer),
    /// A region of a devlink instance.
    Region(Handle, Region),
    /// A param of a devlink instance.
    Param(Handle, Param),
    /// The eswitch of a devlink instance.
    Eswitch(Handle),
    /// A fault that a test has asked the driver of an instance for.
    Knob(Handle, Knob),
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
            | Subject::TrapGroup(handle, _)
            | Subject::TrapPolicer(handle, _)
            | Subject::Region(handle, _)
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
            Subject::Device(handle) => write!(f, "{handle} device"),
            Subject::Port(handle, port) => write!(f, "{handle}/{port}"),
            Subject::PortNetdev(handle, port) => write!(f, "{handle}/{port} netdev"),
            Subject::Trap(handle, trap) => write!(f, "{handle} {trap}"),
            Subject::TrapGroup(handle, group) => write!(f, "{handle} {group}"),
            Subject::TrapPolicer(handle, policer) => write!(f, "{handle} policer {policer}"),
            Subject::Region(handle, region) => write!(f, "{handle} {region}"),
            Subject::Param(handle, param) => write!(f, "{handle} {param}"),
            Subject::Eswitch(handle) => write!(f, "{handle} eswitch"),
            Subject::Knob(handle, knob) => write!(f, "{handle} {knob}"),
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
