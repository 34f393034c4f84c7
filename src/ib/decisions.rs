//! ib_core's decisions; the default is what was settled.

mod user;

pub use user::{Begins, LinkOps, UserRules, WorkEnds};

use crate::event::{LockClass, Mode, QueueName};

/// What keeps a device from going away while a task that found it in the list operates it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// An active count, which unregistering closes and waits for.
    Users,
    /// A reference to its memory, and unregistering waits until the last one is put.
    Kref,
    /// The lock of the list, held all the while; unregistering waits for no user.
    Lock,
}

/// Which devices a netdev event is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enumerates {
    /// Those that the gid cache has marked in its `add()` and not yet unmarked in its `remove()`.
    Marked,
    /// Every device in the list.
    Listed,
}

/// Which work the gid cache's `remove()` waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flushes {
    /// All that it has queued.
    All,
    /// Only the rescans, which alone carry a device's pointer.
    Rescan,
    /// None.
    Nothing,
}

/// In which order a device gets its clients when clients and devices register side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adds {
    /// A task that adds a client to a device first adds those that registered earlier and are missing.
    InOrder,
    /// The task that registers a client adds it: a later client may be first.
    Alone,
    /// The task that registers a client holds the locks of both lists over every `add()`.
    UnderLists,
}

/// What keeps the clients that are asked for a netdev in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// The lock of the device's own client data.
    ClientData,
    /// The lock of the list of devices.
    Devices,
}

/// What the driver of an RDMA device does when its netdev is unregistered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetdevGone {
    /// It has a worker unregister the device.
    Queues,
    /// It unregisters the device at once, under the lock of all netdevs.
    Unregisters,
}

/// What `uverbs` does about users who hold objects of a device that goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disassociates {
    /// It takes the device from them, once no user is in a command, and does not wait until they close their files.
    Waits,
    /// It takes the device from them, also in the middle of a command.
    AtOnce,
    /// It waits until they have closed their files, if the device is of a driver that cannot have it taken away.
    Never,
}

/// When a device begins to be told of netdev events, and when its table is filled with what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marks {
    /// First it is told of events, then its table is filled.
    First,
    /// First its table is filled.
    Last,
}

/// The decisions of ib_core; the default is what was settled.
#[derive(Debug, Clone, Copy)]
pub struct Decisions {
    /// The lock of the list of devices.
    pub devices: LockClass,
    /// The lock of the list of clients.
    pub clients: LockClass,
    /// A lock of everything that is held over `add()` and `remove()`.
    pub over_callbacks: Option<(LockClass, Mode)>,
    /// What keeps a device from going away.
    pub keeps: Keeps,
    /// Whether a device leaves the list before its clients are removed, or after.
    pub hides_first: bool,
    /// Which devices a netdev event is for.
    pub enumerates: Enumerates,
    /// Which work the gid cache's `remove()` waits for.
    pub remove_flushes: Flushes,
    /// The queue of device-specific work.
    pub rescan: QueueName,
    /// Whether `ib_unregister_client()` waits for a `remove()` that another task calls.
    pub client_waits: bool,
    /// Whether the gid cache's exit function waits for all of its work.
    pub exit_flushes: bool,
    /// In which order a device gets its clients.
    pub adds: Adds,
    /// Whether a device's client data stays locked over `remove()`.
    pub client_data_over_remove: bool,
    /// Whether clients are removed in the order in which they were added.
    pub removes_in_order: bool,
    /// Whether a client that refused a device is told of its end all the same.
    pub refused_is_removed: bool,
    /// What keeps the clients that are asked for a netdev in place.
    pub lookup: Lookup,
    /// Whether one caller at a time unregisters a device, and the others wait for it.
    pub unregister_fenced: bool,
    /// Whether unregistering waits for those who still operate the device.
    pub unregister_waits: bool,
    /// Whether an enumeration of devices holds the lock of the list all the while.
    pub enum_holds_lock: bool,
    /// Whether an enumeration of devices takes the lock of the list to find each, and references what it finds.
    pub enum_locks: bool,
    /// Whether the GID tables are ib_core's own, made before the clients are added, and no client's.
    pub gid_in_core: bool,
    /// Whether a device is told of events before its table is filled.
    pub marks: Marks,
    /// Whether a table that goes leaves entries to the work that is queued to delete them.
    pub cleanup_leaves_queued: bool,
    /// What a driver does when the netdev under its device goes.
    pub netdev_gone: NetdevGone,
    /// What `uverbs` does about users who hold objects.
    pub disassociates: Disassociates,
    /// What users are told and when, and how links come and go.
    pub users: UserRules,
}

impl Default for Decisions {
    fn default() -> Self {
        Decisions {
            devices: LockClass::DevicesRwsem,
            clients: LockClass::ClientsRwsem,
            over_callbacks: None,
            keeps: Keeps::Users,
            hides_first: true,
            enumerates: Enumerates::Marked,
            remove_flushes: Flushes::All,
            rescan: QueueName::Gid,
            client_waits: true,
            exit_flushes: true,
            adds: Adds::InOrder,
            client_data_over_remove: false,
            removes_in_order: false,
            refused_is_removed: false,
            lookup: Lookup::ClientData,
            unregister_fenced: true,
            unregister_waits: true,
            enum_holds_lock: false,
            enum_locks: true,
            gid_in_core: false,
            marks: Marks::First,
            cleanup_leaves_queued: false,
            netdev_gone: NetdevGone::Queues,
            disassociates: Disassociates::Waits,
            users: UserRules::default(),
        }
    }
}
