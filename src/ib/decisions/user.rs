//! What users are told and when, how names and links come and go.

/// What keeps a driver's `newlink()` from running when its module goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkOps {
    /// An active count that the module's exit closes and waits for.
    Users,
    /// A semaphore of all drivers, read over `newlink()` and written to forget the driver.
    Rwsem,
    /// Nothing: the exit forgets the driver and goes on.
    Nothing,
}

/// Which devices a namespace has compat devices of when it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begins {
    /// Those that are registered.
    WithTheRegistered,
    /// Every one that has a name: those too that are on their way in or out.
    WithAll,
}

/// When work that a netdev's move queues has ended, on a machine of one processor where nothing else happens. Nothing
/// promises it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkEnds {
    /// In `rcu_barrier()`, before the netdev is said to be gone.
    AtBarrier,
    /// Before the user's next command.
    BeforeTheNext,
    /// Whenever it does.
    AfterTheMove,
}

/// The decisions about what users see and do; the default is what was settled.
#[derive(Debug, Clone, Copy)]
pub struct UserRules {
    /// Whether the uevent that a device was added goes out before its clients are added.
    pub announces_first: bool,
    /// Whether it is told that a netdev is attached as soon as the device has it.
    pub attaches_at_once: bool,
    /// Whether that may be told without a name, if the netdev is in another namespace than the device.
    pub attach_may_name_nothing: bool,
    /// Whether RDMA notifications tell of devices and of their netdevs, as from 6.12 on.
    pub notifies: bool,
    /// Whether the end of a device is announced before its clients are removed.
    pub ends_before_clients: bool,
    /// Whether the end is told of a device whose beginning was not, because its registration failed.
    pub ends_what_never_began: bool,
    /// Whether a device that gets the name it has is renamed.
    pub renames_to_the_same: bool,
    /// What keeps a driver's `newlink()` from running when its module goes.
    pub link_ops: LinkOps,
    /// Whether who unregisters a device later holds a reference to its memory.
    pub queued_holds: bool,
    /// Whether there are clients that no program names: those of ib_core, and the second one of `ib_umad`.
    pub unnamed_clients: bool,
    /// How often the work of a netdev that came walks over the devices. Linux walks for what a slave of a bond must lose,
    /// for the default GIDs, and for those of addresses.
    pub walks: u8,
    /// Whether a netdev that is up has an address of IPv6 by itself, of which devices are told.
    pub link_local: bool,
    /// Whether a namespace that ends takes the lock of all netdevs before anything of RDMA leaves it.
    pub exit_takes_rtnl: bool,
    /// Whether a port is asked under the lock of all netdevs where a device comes and where something comes to stand for
    /// it, which fails once the netdev is gone.
    pub queries_port: bool,
    /// Whether a user's request finds the device by its index, which the user has read in a dump before. What fills a dump
    /// is called once for each device, and once more to find that there is no more.
    pub found_by_index: bool,
    /// Whether a device leaves the list only when its memory is given back, with the list locked.
    pub dealloc_locks: bool,
    /// Whether the one GID of an iWARP device refers to its netdev, from when its cache is set up until it is cleaned up.
    pub iwarp_gid: bool,
    /// Whether a GID table has the default GIDs of its netdev, which refer to the netdev until they are deleted.
    pub default_gids: bool,
    /// Whether a device may be had from when its users are counted on, which is before it is listed.
    pub counted_first: bool,
    /// Whether a netdev that is up may be given another name, as from 6.2 on.
    pub renames_what_is_up: bool,
    /// Whether a netdev that moves to another namespace is said to be renamed too, to the name that it has.
    pub move_says_rename: bool,
    /// In which of its sleeps a netdev's move lets work that was queued come to its end.
    pub work_ends: WorkEnds,
    /// Whether the names of devices are locked while the uevent that a device was added goes out.
    pub announces_locked: bool,
    /// Whether listeners are notified that a device, or the netdev that it is on, has another name.
    pub announces_renames: bool,
    /// Whether a device that cannot be registered keeps the reference to its netdev.
    pub failed_link_keeps_netdev: bool,
    /// Whether `ib_umad` forgets which device a port is of before it removes the files of the port.
    pub umad_clears_first: bool,
    /// Whether `ipoib` registers its event handler before it is set up, and leaves it where that fails.
    pub handler_before_client: bool,
    /// Whether a listen that fails leaves the ids of the devices on which it did not.
    pub listen_not_undone: bool,
    /// Whether `cma`'s `remove()` does not wait for the ids that other tasks destroy.
    pub cma_forgets_ids: bool,
    /// Whether the event files of a device are freed with it, while users have them open.
    pub events_go_with_device: bool,
    /// Whether `siw` follows the netdevs of the initial namespace alone.
    pub siw_follows_init_alone: bool,
    /// Whether the module of `siw` needs that of `uverbs`, whose functions pin a user's memory.
    pub siw_needs_uverbs: bool,
    /// Whether the module of `rxe` does.
    pub rxe_needs_uverbs: bool,
    /// Whether a link of `rxe` has a reference to the module: its GSI queue pair's socket, whose lock has a class of its own.
    pub rxe_link_pins_module: bool,
    /// Whether `rxe` can take a device from its users, so that it may be moved to another namespace.
    pub rxe_disassociates: bool,
    /// Whether a device that is moved to the namespace where it is stays as it is, and the move succeeds.
    pub move_to_own_does_nothing: bool,
    /// Whether each device on a netdev is notified of, and named, where the netdev has another name; else one, unnamed.
    pub netdev_rename_names_device: bool,
    /// Whether that notification is sent after the netdev's own message.
    pub netdev_rename_comes_last: bool,
    /// Whether the device on a netdev that goes is looked up with the list of devices locked.
    pub netdev_lookup_locks: bool,
    /// Which devices a namespace has compat devices of when it begins.
    pub compat_begins: Begins,
    /// Whether a task that makes a compat device looks first whether another has made it.
    pub compat_looks_first: bool,
}

impl Default for UserRules {
    fn default() -> Self {
        UserRules {
            announces_first: false,
            attaches_at_once: false,
            attach_may_name_nothing: false,
            notifies: true,
            ends_before_clients: false,
            ends_what_never_began: false,
            renames_to_the_same: false,
            link_ops: LinkOps::Users,
            queued_holds: true,
            unnamed_clients: false,
            walks: 1,
            link_local: false,
            exit_takes_rtnl: false,
            queries_port: false,
            found_by_index: false,
            dealloc_locks: false,
            iwarp_gid: false,
            default_gids: false,
            counted_first: false,
            renames_what_is_up: true,
            move_says_rename: false,
            work_ends: WorkEnds::AfterTheMove,
            announces_locked: true,
            announces_renames: true,
            failed_link_keeps_netdev: false,
            umad_clears_first: false,
            handler_before_client: false,
            listen_not_undone: false,
            cma_forgets_ids: false,
            events_go_with_device: false,
            siw_follows_init_alone: false,
            siw_needs_uverbs: true,
            rxe_needs_uverbs: true,
            rxe_link_pins_module: false,
            rxe_disassociates: false,
            move_to_own_does_nothing: false,
            netdev_rename_names_device: true,
            netdev_rename_comes_last: false,
            netdev_lookup_locks: false,
            compat_begins: Begins::WithTheRegistered,
            compat_looks_first: true,
        }
    }
}
