//! devlink's rules, and the variants that change one of them.

use crate::mail::{Cite, REGISTER, RELOAD_LOCK, TRAPS};
use crate::variant::Variant;

/// When drivers register their instance, and so make it visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publish {
    /// As the last step of probe and the first of remove, under the instance's lock.
    Last,
    /// In the middle of probe, with every later step taking the lock for itself.
    Early,
    /// As the first step of probe and the last of remove, under the instance's lock: nobody gets in before the
    /// probe is done, and every part is announced when it is made.
    First,
}

/// When a part may be announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notify {
    /// While users can see the instance.
    WhenVisible,
    /// As soon as there is a part.
    AtOnce,
}

/// What a register announces of the parts that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// The instance, then all of them.
    ParentFirst,
    /// All of them, then the instance.
    ChildrenFirst,
    /// The instance alone.
    ParentOnly,
}

/// What a driver calls from its reload callbacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReloadCalls {
    /// Functions that expect the instance's lock to be held.
    Locked,
    /// Functions that take it.
    SelfLocking,
    /// Locked ones, and unregister and register of the instance itself.
    Register,
}

/// How much of netdevsim there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Netdevsim {
    /// What arguments are about: ports, two traps, a param.
    Small,
    /// Everything that 6.12's shows, with its files and its flaws.
    Linux612,
}

/// The decisions of devlink core and its drivers; the default is what was settled.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Where drivers register.
    pub publish: Publish,
    /// Whether reload is refused until the driver enables it; no other command is.
    pub reload_must_be_enabled: bool,
    /// Whether reload takes the device's lock, and so cannot meet probe or remove.
    pub reload_takes_device_lock: bool,
    /// When parts are announced.
    pub notify: Notify,
    /// What register announces.
    pub replay: Replay,
    /// Whether traps are made by reload; otherwise by probe only.
    pub traps_in_reload: bool,
    /// What drivers call from reload.
    pub reload_calls: ReloadCalls,
    /// Whether one lock of all instances is held over every command.
    pub devlink_mutex: bool,
    /// Whether a command looks at the mark again once it has the lock.
    pub lookup_checks_again: bool,
    /// Whether an eswitch change is applied attribute by attribute.
    pub eswitch_in_steps: bool,
    /// Whether a rate object is changed attribute by attribute.
    pub rate_set_in_steps: bool,
    /// Whether the driver unmakes rate nodes without a word.
    pub rate_nodes_end_silently: bool,
    /// Whether an id that devlink chose for a snapshot is held for ever.
    pub snapshot_ids_kept: bool,
    /// Whether a reload makes health reporters anew, and waits for those who report.
    pub reporters_in_reload: bool,
    /// Whether errors may be reported until the instance is freed.
    pub reports_after_unregister: bool,
    /// Which netdevsim it is.
    pub netdevsim: Netdevsim,
    /// Whether a dump shows one kind of object of every instance after the other.
    pub dump_by_kind: bool,
    /// Whether all traps are set to drop before the first one is unregistered.
    pub traps_drop_first: bool,
    /// Whether a reload warns of what its driver's teardown left.
    pub reload_checks_teardown: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            publish: Publish::Last,
            reload_must_be_enabled: false,
            reload_takes_device_lock: true,
            notify: Notify::WhenVisible,
            replay: Replay::ParentFirst,
            traps_in_reload: true,
            reload_calls: ReloadCalls::Locked,
            devlink_mutex: false,
            lookup_checks_again: true,
            eswitch_in_steps: false,
            rate_set_in_steps: false,
            rate_nodes_end_silently: false,
            snapshot_ids_kept: false,
            reporters_in_reload: false,
            reports_after_unregister: false,
            netdevsim: Netdevsim::Small,
            dump_by_kind: false,
            traps_drop_first: false,
            reload_checks_teardown: false,
        }
    }
}

/// Every variant of devlink.
pub const VARIANTS: &[Variant<Rules>] = &[
    Variant {
        id: 0,
        name: "early-register",
        says: "drivers register in the middle of probe, and anything may be asked of them from there on",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "register opens the instance to users, so dumps and set commands reach a driver that is still \
                    in its probe",
        }],
        breaks: &["visible-implies-ready"],
        with: &[],
        apply: |rules| {
            rules.publish = Publish::Early;
            rules.reload_takes_device_lock = false;
        },
    },
    Variant {
        id: 1,
        name: "reload-enable",
        says: "drivers register early and enable reload at the end of probe; nothing else is guarded",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "guarding reload alone gives the false impression that only reload has the problem",
        }],
        breaks: &["visible-implies-ready"],
        with: &[],
        apply: |rules| {
            rules.publish = Publish::Early;
            rules.reload_takes_device_lock = false;
            rules.reload_must_be_enabled = true;
        },
    },
    Variant {
        id: 2,
        name: "notify-at-once",
        says: "a part is announced as soon as it exists, registered instance or not",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Jakub Kicinski",
            claim: "parts must not be announced before the instance is registered, since they cannot be reached",
        }],
        breaks: &["notified-implies-visible", "no-child-before-parent-notification"],
        with: &[],
        apply: |rules| rules.notify = Notify::AtOnce,
    },
    Variant {
        id: 3,
        name: "traps-at-probe",
        says: "traps are registered by probe and live through reload",
        cites: &[Cite {
            mail: &TRAPS,
            who: "Ido Schimmel",
            claim: "reload re-initialises driver entities, and a patch that keeps them breaks user space",
        }],
        breaks: &["reload-reinitialises"],
        with: &[],
        apply: |rules| rules.traps_in_reload = false,
    },
    Variant {
        id: 4,
        name: "self-locking-reload",
        says: "a driver's reload calls devlink functions that take the lock which reload holds",
        cites: &[Cite {
            mail: &TRAPS,
            who: "Leon Romanovsky",
            claim: "a driver that calls devlink again while it serves a devlink call is wrong",
        }],
        breaks: &["no-recursion", "no-deadlock", "lock-order"],
        with: &[],
        apply: |rules| rules.reload_calls = ReloadCalls::SelfLocking,
    },
    Variant {
        id: 5,
        name: "register-inside-reload",
        says: "a driver's reload unregisters the instance and registers it again",
        cites: &[Cite {
            mail: &TRAPS,
            who: "Leon Romanovsky",
            claim: "that driver entities are re-initialised does not mean that devlink registers itself again",
        }],
        breaks: &["registration-constant-in-reload", "no-recursion", "no-warning"],
        with: &[],
        apply: |rules| rules.reload_calls = ReloadCalls::Register,
    },
    Variant {
        id: 6,
        name: "devlink-mutex",
        says: "one lock of all instances is held over every command, driver callbacks included",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Jason Gunthorpe",
            claim: "attaching an auxiliary driver is slow, and a global lock held meanwhile serialises the start of \
                    all virtual machines",
        }],
        breaks: &["no-global-lock-over-driver-callback"],
        with: &[],
        apply: |rules| {
            rules.devlink_mutex = true;
            rules.reload_takes_device_lock = false;
        },
    },
    Variant {
        id: 7,
        name: "register-without-replay",
        says: "drivers register last, and register announces the instance but not the parts it has by then",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "announcing later what was made before register needs logic that tells the two apart",
        }],
        breaks: &["stream-converges"],
        with: &[],
        apply: |rules| rules.replay = Replay::ParentOnly,
    },
    Variant {
        id: 8,
        name: "children-first",
        says: "register announces the parts before the instance",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "a user should not touch an instance before the notification that it is there",
        }],
        breaks: &["no-child-before-parent-notification"],
        with: &[],
        apply: |rules| rules.replay = Replay::ChildrenFirst,
    },
    Variant {
        id: 9,
        name: "lookup-without-recheck",
        says: "a command that found an instance trusts it once the lock comes, registered or not",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "the lookup tells its caller that the instance is valid, and the caller goes on to the driver",
        }],
        breaks: &["visible-implies-ready"],
        with: &[],
        apply: |rules| rules.lookup_checks_again = false,
    },
    Variant {
        id: 10,
        name: "eswitch-set-in-steps",
        says: "an eswitch change is applied attribute by attribute, as 6.12 does, and stays half done on an error",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "it cannot be proven of all drivers that they are protected from set routines",
        }],
        breaks: &["error-leaves-state"],
        with: &[],
        apply: |rules| rules.eswitch_in_steps = true,
    },
    Variant {
        id: 11,
        name: "linux-6.12",
        says: "devlink and netdevsim as Linux 6.12 has them: register first, under the lock, and then make every part",
        cites: &[
            Cite {
                mail: &REGISTER,
                who: "Leon Romanovsky",
                claim: "parts can be made at any time, so notifications must cover those made after register too",
            },
            Cite {
                mail: &TRAPS,
                who: "Ido Schimmel",
                claim: "reload re-initialises driver entities, traps among them",
            },
        ],
        breaks: &[
            "reload-reinitialises",
            "references-balance",
            "no-warning",
            "error-leaves-state",
            "stream-converges",
            "lock-order",
            "no-deadlock",
        ],
        with: &[],
        apply: |rules| {
            rules.publish = Publish::First;
            rules.eswitch_in_steps = true;
            rules.rate_set_in_steps = true;
            rules.rate_nodes_end_silently = true;
            rules.snapshot_ids_kept = true;
            rules.reporters_in_reload = true;
            rules.netdevsim = Netdevsim::Linux612;
            rules.dump_by_kind = true;
            rules.traps_drop_first = true;
            rules.reload_checks_teardown = true;
        },
    },
    Variant {
        id: 12,
        name: "rate-set-in-steps",
        says: "a rate object is changed attribute by attribute, as 6.12 does, and an error leaves those before it set",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "it cannot be proven of all drivers that they are protected from set routines",
        }],
        breaks: &["error-leaves-state"],
        with: &[],
        apply: |rules| rules.rate_set_in_steps = true,
    },
    Variant {
        id: 13,
        name: "silent-rate-nodes",
        says: "a driver that goes down unmakes the rate nodes without a word, as 6.12 does",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "parts can be made at any time, so notifications must cover those made after register too",
        }],
        breaks: &["stream-converges"],
        with: &[],
        apply: |rules| rules.rate_nodes_end_silently = true,
    },
    Variant {
        id: 14,
        name: "snapshot-ids-kept",
        says: "a snapshot's id that devlink chose is held for ever, as 6.12 does, and cannot be wanted again",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "it cannot be proven of all drivers that they are protected from set routines",
        }],
        breaks: &["references-balance"],
        with: &[],
        apply: |rules| rules.snapshot_ids_kept = true,
    },
    Variant {
        id: 15,
        name: "reporters-in-reload",
        says: "a reload makes health reporters anew, as 6.12's netdevsim does, and waits under the lock for those who \
               report and want it",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Jason Gunthorpe",
            claim: "a lock that is held across a driver's reload is held over whatever the driver waits for",
        }],
        breaks: &["lock-order", "no-deadlock"],
        with: &[],
        apply: |rules| rules.reporters_in_reload = true,
    },
    Variant {
        id: 16,
        name: "report-after-unregister",
        says: "the driver waits for the work that reports errors after it has unregistered, and under the lock",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Jakub Kicinski",
            claim: "parts must not be announced before the instance is registered, since they cannot be reached",
        }],
        breaks: &["no-warning", "lock-order", "no-deadlock"],
        with: &[],
        apply: |rules| rules.reports_after_unregister = true,
    },
];
