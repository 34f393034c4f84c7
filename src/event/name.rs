//! The names that events and commands share: devices, ports, clients, modules, tasks, errnos.

mod devlink;

pub use devlink::*;

use crate::operands;

operands! {
    /// A parent device of mediated devices.
    "an mdev parent" (4 bits) enum Parent {
        Mtty0 = "mtty/0", Mtty1 = "mtty/1",
        /// A virtual display.
        Mdpy0 = "mdpy/0",
        /// A card on a bus, which holds a reference to it as long as it is plugged in.
        Vgpu0 = "vgpu/0",
        /// A device with an instance of devlink, whose children have such instances too.
        Sf0 = "mlx5-sf/0",
    }

    /// What a parent can be split into.
    "an mdev type" (4 bits, optional) enum MdevType {
        /// The first that the parent has.
        Default = "default-type",
        Mtty1 = "mtty-1", Mtty2 = "mtty-2", Vga = "mdpy-vga", Xga = "mdpy-xga", Vgpu = "vgpu-1", Sf = "mlx5-sf",
    }

    /// The UUID of a mediated device, shortened to what tells two of them apart.
    "an mdev uuid" (4 bits) enum Uuid {
        A = "uuid-a", B = "uuid-b", C = "uuid-c", D = "uuid-d", E = "uuid-e", F = "uuid-f", G = "uuid-g",
        H = "uuid-h", I = "uuid-i", J = "uuid-j", K = "uuid-k", L = "uuid-l", M = "uuid-m", N = "uuid-n",
    }

    /// How a UUID is written to `create`.
    "a spelling of a uuid" (3 bits, optional) enum UuidText {
        Plain = "plain", Upper = "upper-case",
        /// One more byte is allowed, whatever it is.
        OneMore = "one-byte-more",
        TooShort = "too-short", TooLong = "too-long", Junk = "no-uuid",
    }

    /// What is written to `remove`.
    "what is written to remove" (3 bits, optional) enum RemoveText {
        One = "writes-1", Zero = "writes-0", Two = "writes-2", Junk = "writes-junk", Negative = "writes-minus-1",
    }

    /// What `MDEV_STATE` says in a uevent.
    "an MDEV_STATE" (1 bits) enum MdevState { Registered = "registered", Unregistered = "unregistered", }

    /// An RDMA device.
    "an ib device" (4 bits) enum IbDevice {
        Rxe0 = "rxe/0", Rxe1 = "rxe/1", Siw0 = "siw/0",
        /// What the RDMA driver of `mlx5/0` registers.
        Mlx50 = "mlx5-rdma/0", Mlx51 = "mlx5-rdma/1",
    }

    /// A client of ib_core. `gid-cache` has the work that netdev events queue.
    "an ib client" (4 bits) enum Client {
        GidCache = "gid-cache", Mad = "mad",
        /// Has a character device for each device that users may operate, and users who hold objects.
        Uverbs = "uverbs",
        /// Has one for each port through which management datagrams go.
        Umad = "umad",
        /// Needs `mad` on the same device, and has work of its own.
        Cm = "cm",
        /// Makes a netdev for each device.
        Ipoib = "ipoib",
        /// Has ids with which users listen on every device.
        Cma = "cma",
    }

    /// An id of rdma_cm that a user has.
    "an id of rdma_cm" (2 bits) enum CmId { Id0 = "cm0", Id1 = "cm1", }

    /// A driver of RDMA devices. The first two make one of any netdev.
    "an ib driver" (3 bits) enum IbDriver { Rxe = "rxe", Siw = "siw", Mlx5 = "mlx5-rdma", }

    /// An address of a netdev.
    "an address" (3 bits, optional) enum Address { Inet = "inet", Inet6 = "inet6", }

    /// A network device.
    "a netdev" (4 bits) enum Netdev {
        Eth0 = "eth0", Eth1 = "eth1",
        /// What `ipoib` makes for `rxe/0`.
        Ib0 = "ib0",
        /// What `ipoib` makes for `rxe/1`.
        Ib1 = "ib1",
    }

    /// A kernel module: text that can go away.
    "a module" (4 bits) enum Module {
        /// Never unloaded: built into the kernel.
        Core = "core", Mtty = "mtty", GidCache = "gid-cache", Mad = "mad",
        Netdevsim = "netdevsim",
        /// Vendor drivers of mediated devices.
        Mdpy = "mdpy", Vgpu = "vgpu", Sf = "mlx5-sf",
        Siw = "siw", RdmaRxe = "rdma_rxe", IbUverbs = "ib_uverbs", IbUmad = "ib_umad",
        Cm = "cm", Ipoib = "ipoib", RdmaCm = "rdma_cm",
    }

    /// A module of RDMA that can be loaded.
    "a module of rdma" (3 bits) enum RdmaModule {
        IbUmad = "ib_umad", Siw = "siw", RdmaRxe = "rdma_rxe", IbUverbs = "ib_uverbs",
    }

    /// Which step.
    "a step" (3 bits) enum Nth {
        N1 = "1", N2 = "2", N3 = "3", N4 = "4", N5 = "5", N6 = "6", N7 = "7", N8 = "8",
    }

    /// The character device of a port, by its number.
    "a umad device" (2 bits) enum UmadNumber { N0 = "umad0", N1 = "umad1", }

    /// Which network namespaces a device is in: every one, or one.
    "a mode of rdma's namespaces" (1 bits) enum NetnsMode { Exclusive = "exclusive", Shared = "shared", }

    /// A network namespace.
    "a network namespace" (3 bits) enum NetNs {
        A = "a",
        /// The one that is always there.
        Init = "init",
        B = "b",
    }

    /// A route of a network namespace, to nowhere: it needs no netdev.
    "a route" (3 bits) enum Route {
        V4A = "198.51.100.1", V4B = "198.51.100.2", V4C = "198.51.100.3", V6A = "2001:db8::1", V6B = "2001:db8::2",
    }

    /// Where a reload moves an instance to.
    "a namespace to move to" (3 bits, optional) enum ReloadTo {
        Unset = "stays", A = "to-a", Init = "to-init", B = "to-b",
    }

    /// A queue of work.
    "a workqueue" (4 bits) enum QueueName {
        /// Where kobject releases go when they are delayed.
        System = "events", Gid = "gid_cache_wq", Rescan = "rescan_wq",
        /// Where network namespaces end.
        Netns = "netns",
        /// A vendor driver's own, for what it puts off.
        Vendor = "mtty_wq",
        /// Unregisters RDMA devices for callers that may not sleep.
        Unreg = "ib-unreg-wq",
        Cm = "ib_cm",
        /// `mlx5_vhca_event%d`, where mlx5 hears of the state of its functions.
        Function = "mlx5_vhca",
        /// Where mlxsw hears of its line cards.
        LineCard = "mlxsw_owq",
        /// Where netdevsim reports trapped packets.
        Unbound = "events_unbound",
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
        /// The worker of [`QueueName::Netns`].
        NetnsWorker = "kworker/netns",
        /// The worker of [`QueueName::Vendor`].
        VendorWorker = "kworker/mtty_wq",
        /// The worker of [`QueueName::Unreg`].
        UnregWorker = "kworker/ib-unreg-wq",
        /// The second worker of [`QueueName::Unreg`], which is not ordered.
        UnregWorker2 = "kworker/ib-unreg-wq:2",
        /// The worker of [`QueueName::Cm`].
        CmWorker = "kworker/ib_cm",
        /// The worker of [`QueueName::Function`].
        FunctionWorker = "kworker/mlx5_vhca",
        /// The worker of [`QueueName::LineCard`].
        LineCardWorker = "kworker/mlxsw_owq",
        /// The worker of [`QueueName::Unbound`].
        UnboundWorker = "kworker/events_unbound",
    }
}

impl Parent {
    /// The module of the vendor driver.
    pub const fn module(self) -> Module {
        match self {
            Parent::Mtty0 | Parent::Mtty1 => Module::Mtty,
            Parent::Mdpy0 => Module::Mdpy,
            Parent::Vgpu0 => Module::Vgpu,
            Parent::Sf0 => Module::Sf,
        }
    }

    /// Its path in sysfs.
    pub const fn path(self) -> &'static str {
        match self {
            Parent::Mtty0 => "/devices/virtual/mtty/mtty",
            Parent::Mtty1 => "/devices/virtual/mtty/mtty1",
            Parent::Mdpy0 => "/devices/virtual/mdpy/mdpy",
            Parent::Vgpu0 => "/devices/pci0/0000:00:04.0",
            Parent::Sf0 => "/devices/pci0/0000:00:05.0",
        }
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

impl Resource {
    /// The resource that this is a part of.
    pub fn parent(self) -> Option<Resource> {
        match self {
            Resource::Ipv4Fib | Resource::Ipv4Rules => Some(Resource::Ipv4),
            Resource::Ipv6Fib | Resource::Ipv6Rules => Some(Resource::Ipv6),
            _ => None,
        }
    }
}

impl ResourceSize {
    /// How many units this is.
    pub fn units(self) -> u64 {
        match self {
            ResourceSize::Max => u64::MAX,
            ResourceSize::N9 => 9,
            ResourceSize::N10 => 10,
            ResourceSize::N100 => 100,
            ResourceSize::N1 => 1,
            ResourceSize::N2 => 2,
            ResourceSize::N0 => 0,
        }
    }
}

impl FilterDevice {
    /// Whether a device has the names that are asked for.
    pub const fn names(self, handle: Handle) -> bool {
        match self {
            FilterDevice::Any => true,
            FilterDevice::Netdevsim0 | FilterDevice::AnyNetdevsim0 => matches!(handle, Handle::Netdevsim0),
            FilterDevice::Netdevsim1 => matches!(handle, Handle::Netdevsim1),
            FilterDevice::NetdevsimAny => matches!(handle, Handle::Netdevsim0 | Handle::Netdevsim1),
            FilterDevice::Mlx50 => matches!(handle, Handle::Mlx50),
            FilterDevice::Mlx51 => matches!(handle, Handle::Mlx51),
            FilterDevice::Mlx5Any => matches!(handle, Handle::Mlx50 | Handle::Mlx51 | Handle::Mlx52),
            FilterDevice::Mlxsw0 => matches!(handle, Handle::Mlxsw0),
        }
    }
}

impl FilterPort {
    /// The index that is asked for, if any is.
    pub const fn index_wanted(self) -> Option<PortIndex> {
        match self {
            FilterPort::Any => None,
            FilterPort::P0 => Some(PortIndex::P0),
            FilterPort::P1 => Some(PortIndex::P1),
            FilterPort::P2 => Some(PortIndex::P2),
            FilterPort::P3 => Some(PortIndex::P3),
            FilterPort::Vf0 => Some(PortIndex::Vf0),
            FilterPort::Vf1 => Some(PortIndex::Vf1),
        }
    }
}

impl IbDevice {
    /// The driver that registers it, unless users have a driver make it of a netdev.
    pub const fn driver(self) -> IbDriver {
        match self {
            IbDevice::Rxe0 | IbDevice::Rxe1 => IbDriver::Rxe,
            IbDevice::Siw0 => IbDriver::Siw,
            IbDevice::Mlx50 | IbDevice::Mlx51 => IbDriver::Mlx5,
        }
    }

    /// The netdev that its driver makes it of.
    pub const fn netdev(self) -> Netdev {
        match self {
            IbDevice::Rxe0 | IbDevice::Siw0 | IbDevice::Mlx50 => Netdev::Eth0,
            IbDevice::Rxe1 | IbDevice::Mlx51 => Netdev::Eth1,
        }
    }

    /// The netdev that `ipoib` makes for it, if it takes it.
    pub const fn ipoib(self) -> Option<Netdev> {
        match self {
            IbDevice::Rxe0 => Some(Netdev::Ib0),
            IbDevice::Rxe1 => Some(Netdev::Ib1),
            IbDevice::Siw0 | IbDevice::Mlx50 | IbDevice::Mlx51 => None,
        }
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
            QueueName::Netns => &[TaskName::NetnsWorker],
            QueueName::Vendor => &[TaskName::VendorWorker],
            QueueName::Unreg => &[TaskName::UnregWorker, TaskName::UnregWorker2],
            QueueName::Cm => &[TaskName::CmWorker],
            QueueName::Function => &[TaskName::FunctionWorker],
            QueueName::LineCard => &[TaskName::LineCardWorker],
            QueueName::Unbound => &[TaskName::UnboundWorker],
        }
    }
}
