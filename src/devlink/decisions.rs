//! devlink's decisions: what was argued about, and what was settled.

/// When drivers register their instance, and so make it visible.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Publish {
    /// As the last step of probe and the first of remove, under the instance's lock.
    #[default]
    Last,
    /// As the last step of probe and the first of remove, without the instance's lock.
    LastUnlocked,
    /// In the middle of probe, with every later step taking the lock for itself.
    Early,
    /// As the first step of probe and the last of remove, under the instance's lock: no user gets in before the
    /// probe is done, and every part is announced when it is made.
    First,
}

/// When a part may be announced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Notify {
    /// While users can see the instance.
    #[default]
    WhenVisible,
    /// As soon as there is a part.
    AtOnce,
}

/// What a register announces of the parts that are there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Replay {
    /// The instance, then all of them.
    #[default]
    ParentFirst,
    /// All of them, then the instance.
    ChildrenFirst,
    /// The instance alone.
    ParentOnly,
}

/// What a driver calls from its reload callbacks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReloadCalls {
    /// Functions that expect the instance's lock to be held.
    #[default]
    Locked,
    /// Functions that take it.
    SelfLocking,
    /// Locked ones, and unregister and register of the instance itself.
    Register,
}

/// How often an eswitch change that fails half way undoes what it has made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Undo {
    /// Once.
    #[default]
    Once,
    /// In the step that fails, and again in its caller.
    Twice,
    /// Not at all.
    Never,
}

/// Of which netdevs devlink is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Follows {
    /// Of those of all namespaces.
    #[default]
    All,
    /// Each instance of those of the namespace that it is in, and a move takes it along.
    Own,
    /// Each instance of those of the namespace that it was made in.
    First,
    /// Of those of all namespaces; a move puts the notifier into a second list too, which cuts the first one off.
    Twice,
}

/// How much of netdevsim there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Netdevsim {
    /// What arguments are about: ports, two traps, a param.
    #[default]
    Small,
    /// The same, with a netdev for each port.
    Linked,
    /// Everything that 6.12's shows, with its files and its flaws.
    Linux612,
    /// As 6.12's, but it tells devlink itself of its netdevs.
    Linux61,
}

/// The decisions of devlink core and its drivers; the default is what was settled.
#[derive(Debug, Clone, Copy, Default)]
pub struct Decisions {
    /// When a driver registers its instance, what is announced by then, and what a lookup returns.
    pub registration: Registration,
    /// What a reload makes anew, what it announces, and what a driver may call in it.
    pub reload: Reload,
    /// Which lock is held over a driver's callback, and which files guard what they change.
    pub lock: Locking,
    /// How the parts of an instance change and end, and what is announced of that.
    pub part: Parts,
    /// What becomes of the netdevs of ports, and what is announced of them.
    pub netdev: Netdevs,
    /// Which netdevsim it is.
    pub netdevsim: Netdevsim,
}

/// When a driver registers its instance, what is announced by then, and what a lookup returns.
#[derive(Debug, Clone, Copy, Default)]
pub struct Registration {
    /// Where drivers register.
    pub publish: Publish,
    /// When parts are announced.
    pub notify: Notify,
    /// What register announces.
    pub replay: Replay,
    /// Whether a command that has the lock does not look at the mark again.
    pub lookup_trusts_what_it_found: bool,
    /// Whether unregister waits until no reference is left that a lookup took.
    pub unregister_waits: bool,
    /// Whether an unregister tells of ports and params in reverse, as it does of everything else.
    pub unregister_reverses_all: bool,
    /// Whether a module goes while devices are left that its code is to release.
    pub exit_skips_releases: bool,
    /// Whether an instance has no reference to its parent device.
    pub parent_not_referenced: bool,
    /// Whether traps may be registered and unregistered only while their instance is not registered, and a warning says so.
    pub traps_asserted_early: bool,
}

/// What a reload makes anew, what it announces, and what a driver may call in it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reload {
    /// Whether reload is refused until the driver enables it; no other command is.
    pub must_be_enabled: bool,
    /// Whether reload does without the device's lock, and so can meet probe or remove.
    pub without_device_lock: bool,
    /// Whether traps are made by probe only, and not by reload.
    pub traps_in_probe: bool,
    /// What drivers call from reload.
    pub calls: ReloadCalls,
    /// Whether a reload may move an instance whatever else it is to do.
    pub any_action_moves: bool,
    /// Whether a driver's reload begins to follow all namespaces.
    pub registers_notifier: bool,
    /// Whether a reload makes health reporters anew, and waits for those who report.
    pub reporters_anew: bool,
    /// Whether a driver that fails to come up leaves what it has made.
    pub up_leaves_parts: bool,
    /// Whether a reload warns of what its driver's teardown left.
    pub checks_teardown: bool,
    /// Whether the old namespace is told of the end before the driver is asked to go down.
    pub netns_told_before_down: bool,
    /// Whether both namespaces are told of the instance and its params alone, and the new one once the driver is up.
    pub netns_told_little: bool,
    /// Whether a reload that fails forgets its reference to the namespace it was to move to.
    pub netns_ref_lost_on_error: bool,
    /// Whether a driver that refuses to go down keeps its instance in a namespace that ends.
    pub driver_may_keep_netns: bool,
    /// Whether a move to another namespace tells of params beside the instance, and not inside.
    pub params_told_apart: bool,
}

/// Which lock is held over a driver's callback, and which files guard what they change.
#[derive(Debug, Clone, Copy, Default)]
pub struct Locking {
    /// Whether one lock of all instances is held over every command.
    pub devlink_mutex: bool,
    /// Whether the bus binds and unbinds drivers under one lock of all devices.
    pub bus_locks_all: bool,
    /// Whether a reload holds rtnetlink's lock of all netdevs.
    pub reload_holds_rtnl: bool,
    /// Whether a nested instance takes the lock of the one it is nested in, to have it tell of the change.
    pub nested_locks_parent: bool,
    /// Whether the driver waits for its work under the lock that the work takes.
    pub work_cancelled_locked: bool,
    /// Whether the state of a reporter is changed and told without the instance's lock.
    pub health_reports_unlocked: bool,
    /// Whether a dump of a reporter is asked for without the instance's lock.
    pub dump_get_unlocked: bool,
    /// Whether a task that ends a namespace holds the lock of all namespaces over the drivers' reload.
    pub netns_exit_holds_pernet_ops: bool,
    /// Whether a task that makes a device locks netdevsim's list of devices only when it adds the device to the list.
    pub bus_list_locked_late: bool,
    /// Whether the files that change ports may be written to at any time.
    pub port_files_unguarded: bool,
    /// Whether the files that change ports keep reload away with its flag, and reload does without the instance's lock.
    pub port_files_disable_reload: bool,
    /// Whether the files that change ports take for granted that a driver is bound.
    pub port_files_trust_driver: bool,
    /// Whether the files that change ports call devlink without the instance's lock.
    pub port_files_unlocked: bool,
    /// Whether the work that reports traps waits for the instance's lock, and does not only try it.
    pub trap_report_waits: bool,
    /// Whether a probe makes the parts of an instance, and a remove unmakes them, without the instance's lock.
    pub parts_unlocked: bool,
}

/// How the parts of an instance change and end, and what is announced of that.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parts {
    /// Whether an eswitch change is applied attribute by attribute.
    pub eswitch_in_steps: bool,
    /// How often an eswitch change that fails half way undoes what it has made.
    pub eswitch_undo: Undo,
    /// Whether a rate object is changed attribute by attribute.
    pub rate_set_in_steps: bool,
    /// Whether a rate object that has a parent is refused another.
    pub rate_keeps_parent: bool,
    /// Whether the driver deletes rate nodes without a notification.
    pub rate_nodes_end_silently: bool,
    /// Whether rate objects keep their parents when the driver unmakes all nodes.
    pub rate_parents_kept: bool,
    /// Whether an id that devlink chose for a snapshot is held for ever.
    pub snapshot_ids_kept: bool,
    /// Whether snapshots that an unregister finds are not told of.
    pub snapshots_end_silently: bool,
    /// Whether the traps of a group are changed before its policer is looked at.
    pub trap_group_set_in_steps: bool,
    /// Whether a driver unregisters the groups of its traps before the traps.
    pub groups_end_first: bool,
    /// Whether all traps are set to drop before the first one is unregistered.
    pub traps_drop_first: bool,
    /// Whether no message says anything of an object whose counter cannot be read.
    pub broken_counter_hides: bool,
    /// Whether the sizes of a resource's parts are added up without a look at the carry.
    pub resource_sums_wrap: bool,
    /// Whether the file that looks into a driver's table of nexthops goes after the table.
    pub fib_file_outlives_table: bool,
    /// Whether a driver goes on to count a route that another has refused after it.
    pub refused_routes_count: bool,
    /// Whether errors may be reported until the instance is freed.
    pub reports_after_unregister: bool,
    /// Whether a task that destroys a reporter finds the lock to unlock in the reporter, which it has freed.
    pub reporter_unlocks_itself: bool,
    /// Whether netdevsim leaves the work that reports traps to come when it unmakes the traps.
    pub trap_report_left: bool,
    /// Whether a split that fails leaves the plug without a port.
    pub split_not_undone: bool,
    /// Whether a probe that fails half way leaves what it has made.
    pub probe_not_undone: bool,
    /// Whether a driver without ports that users add refuses to delete one before it is looked up, as in 6.1.
    pub port_del_asks_first: bool,
    /// Whether users are told that a driver came to the function of a port, or left it.
    pub function_state_untold: bool,
    /// Whether ports are in a list, the newest last; otherwise they go by their index.
    pub ports_in_list: bool,
    /// Whether a driver that registers a port under an index that is taken is told EEXIST, and not EBUSY.
    pub taken_port_exists: bool,
    /// Whether a dump shows one kind of object of every instance after the other.
    pub dump_by_kind: bool,
    /// Whether a socket that filters by a port hears of nothing that has no port, its instance included.
    pub port_filter_hides_instance: bool,
    /// Whether a socket cannot have a filter of notifications.
    pub without_filters: bool,
}

/// What becomes of the netdevs of ports, and what is announced of them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Netdevs {
    /// Whether a message about a port names its netdev only if that is where its instance is.
    pub ports_name_near_netdevs: bool,
    /// Of which netdevs devlink is told.
    pub follows: Follows,
    /// Whether a port may end with a type that was not taken back, and no warning says so.
    pub port_may_end_with_type: bool,
    /// Whether messages about a netdev do not say which port it is of.
    pub links_name_no_ports: bool,
    /// Whether the namespace that a netdev leaves is told nothing.
    pub leaves_silently: bool,
    /// Whether the netdevs of drivers end with their namespace.
    pub end_with_netns: bool,
    /// Whether a port that ends leaves the work to come that warns of its type.
    pub type_warn_left: bool,
    /// Whether drivers register ports of which a type is expected and never set one.
    pub types_never_set: bool,
    /// Whether the uevent that a netdev was added is sent after the notifiers have run.
    pub uevent_after_notifiers: bool,
}
