//! Lock classes: every lock of the kernel that a trace can name, and whom it is shared by.

use super::subject::Subject;

/// Whether one lock serves every device of a subsystem or each has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One lock for all: a task that holds it makes all other devices wait.
    Global,
    /// One lock for all devices of one driver, whose own it is: other drivers' devices do not wait.
    Driver,
    /// One lock an object.
    PerObject,
}

impl LockClass {
    /// Whether lockdep orders all locks of this class as if they were one, so that an order seen with one object and the
    /// opposite order seen with another are a report. It tells apart those that have a key each (`lockdep_register_key()`
    /// in `devlink_alloc_ns()`), and what waits like a lock has one for each queue and file here; locks of devices it does
    /// not look at (`lockdep_set_novalidate_class()` in `device_initialize()`), so they are ordered each by itself.
    pub const fn is_ordered_as_one(self) -> bool {
        matches!(
            self,
            LockClass::UnregSem
                | LockClass::ClientDataRwsem
                | LockClass::UnregistrationLock
                | LockClass::NsimPortList
                | LockClass::RegionSnapshotLock
                | LockClass::CompatDevsMutex
                | LockClass::EventHandlerRwsem
        )
    }
}

/// Declares lock classes with the scope and the kernel's name of each.
macro_rules! lock_classes {
    ($($(#[$doc:meta])* $name:ident $scope:ident $spelling:literal,)+) => {
        /// A kind of lock, in the sense of lockdep, and what waits like one (a flush, a completion).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum LockClass { $($(#[$doc])* $name,)+ }

        impl LockClass {
            /// How the kernel spells this lock.
            pub const fn name(self) -> &'static str {
                match self { $(LockClass::$name => $spelling,)+ }
            }
            /// Which objects share a lock of this class.
            pub const fn scope(self) -> Scope {
                match self { $(LockClass::$name => Scope::$scope,)+ }
            }
        }
    };
}

lock_classes! {
    /// The driver core's lock of one device.
    DeviceLock PerObject "device_lock",
    /// The lock of one devlink instance.
    Devlink PerObject "devlink->lock",
    /// The lock of all devlink instances, gone since 6.0.
    DevlinkMutex Global "devlink_mutex",
    /// The list of parents of mediated devices, gone since 6.1.
    ParentListLock Global "parent_list_lock",
    /// The list of mediated devices.
    MdevListLock Global "mdev_list_lock",
    /// Keeps a parent from going away under creation and removal of its children.
    UnregSem PerObject "unreg_sem",
    /// ib_core's lock of both lists, until 4.3.
    DeviceMutex Global "device_mutex",
    /// The other half of a split [`LockClass::DeviceMutex`].
    ClientMutex Global "client_mutex",
    /// ib_core's devices and their names.
    DevicesRwsem Global "devices_rwsem",
    /// ib_core's clients.
    ClientsRwsem Global "clients_rwsem",
    /// What the clients of one device keep for it.
    ClientDataRwsem PerObject "client_data_rwsem",
    /// One caller unregisters a device; the others find it done.
    UnregistrationLock PerObject "unregistration_lock",
    /// Written by a module that begins or ends to follow all namespaces, read by the end of a namespace.
    PernetOps Global "pernet_ops_rwsem",
    /// rtnetlink's lock of all netdevs, whatever their namespace.
    Rtnl Global "rtnl_mutex",
    /// netdevsim's list of devices, held while one is made or unmade.
    NsimBusDevList Driver "nsim_bus_dev_list_lock",
    /// The ports of one netdevsim device, as its files see them.
    NsimPortList PerObject "nsim_dev->port_list_lock",
    /// The snapshots of a region.
    RegionSnapshotLock PerObject "region->snapshot_lock",
    /// Not a lock: the removal of a file waits for its writers.
    TakeSnapshotFile PerObject "writers of take_snapshot",
    /// Not a lock: the removal of a file waits for its writers.
    BreakHealthFile PerObject "writers of break_health",
    /// Not a lock: a task that removes the file waits for its writers.
    FibFile PerObject "writers of nexthop_bucket_activity",
    /// Not a lock: a task that removes the file waits for its readers.
    UmadFile PerObject "readers of ibdev",
    /// Not a lock: the removal of a file waits for its writers.
    PortFiles PerObject "writers of new_port",
    /// Not a lock: the removal of the files of a bus and its drivers waits for their writers.
    BusFiles PerObject "writers of new_device",
    /// Not a lock: the work of a queue, which a flush waits for.
    Workqueue PerObject "workqueue",
    /// Not a lock: the users that a synchronous unregister waits for.
    Users PerObject "users of",
    /// The drivers that make RDMA devices of netdevs.
    LinkOpsRwsem Global "link_ops_rwsem",
    /// ib_core's namespaces.
    RdmaNetsRwsem Global "rdma_nets_rwsem",
    /// What stands for one RDMA device in other namespaces.
    CompatDevsMutex PerObject "compat_devs_mutex",
    /// The event handlers of one RDMA device.
    EventHandlerRwsem PerObject "event_handler_rwsem",
    /// ib_core's lists of devices and clients, from 4.3 to 4.20.
    ListsRwsem Global "lists_rwsem",
    /// The devices of rdma_cm, and its ids by device and by listener.
    CmaLock Global "cma lock",
    /// A user's commands with one id of rdma_cm.
    CmUserMutex PerObject "ctx->mutex",
    /// Not a lock: netdevsim's work that reports traps, which a task that cancels it waits for.
    TrapReportWork PerObject "trap_report_dw",
    /// Not a lock: the work that warns of a port without a type, likewise.
    TypeWarnWork PerObject "type_warn_dw",
    /// What a task of a real kernel waits for that has no name in the model.
    Unnamed PerObject "a wait of the kernel's",
}

/// One lock: a class, and the object it belongs to ([`Subject::Kernel`] for a global one).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LockName {
    /// The kind of lock.
    pub class: LockClass,
    /// Whose lock it is.
    pub of: Subject,
}

impl std::fmt::Display for LockName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.class, self.of) {
            (class, Subject::Kernel) => f.write_str(class.name()),
            (LockClass::Workqueue | LockClass::Users, of) => write!(f, "{} {of}", self.class.name()),
            (class, of) => write!(f, "{}({of})", class.name()),
        }
    }
}
