//! The variants of devlink: each changes one of its [`Rules`], or stands for a whole kernel.

use super::rules::{Netdevsim, Notify, Publish, ReloadCalls, Replay, Rules};
use crate::mail::{Cite, KREF, REGISTER, RELOAD_LOCK, TRAPS};
use crate::variant::Variant;

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
        breaks: &["no-global-lock-over-driver-callback", "instances-in-parallel"],
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
            "resources-fit",
            "no-global-lock-over-driver-callback",
            "netns-exit-empties",
        ],
        with: &[],
        apply: |rules| {
            rules.publish = Publish::First;
            rules.eswitch_in_steps = true;
            rules.rate_set_in_steps = true;
            rules.rate_nodes_end_silently = true;
            rules.snapshot_ids_kept = true;
            rules.reporters_in_reload = true;
            rules.health_reports_unlocked = true;
            rules.trap_group_set_in_steps = true;
            rules.broken_counter_hides = true;
            rules.resource_sums_wrap = true;
            rules.netns_exit_holds_pernet_ops = true;
            rules.driver_may_keep_netns = true;
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
        says: "errors are told without the lock, and the driver waits for who tells them only after it has unregistered",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Jakub Kicinski",
            claim: "parts must not be announced before the instance is registered, since they cannot be reached",
        }],
        breaks: &["no-warning", "lock-order", "no-deadlock"],
        with: &[],
        apply: |rules| {
            rules.health_reports_unlocked = true;
            rules.reports_after_unregister = true;
        },
    },
    Variant {
        id: 17,
        name: "trap-group-set-in-steps",
        says: "the traps of a group are changed, as 6.12 does, before it is known whether there is such a policer",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "it cannot be proven of all drivers that they are protected from set routines",
        }],
        breaks: &["error-leaves-state"],
        with: &[],
        apply: |rules| rules.trap_group_set_in_steps = true,
    },
    Variant {
        id: 18,
        name: "broken-counter-hides",
        says: "a trap or policer whose counter cannot be read is neither announced nor shown, as in 6.12",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "parts can be made at any time, so notifications must cover those made after register too",
        }],
        breaks: &["stream-converges"],
        with: &[],
        apply: |rules| rules.broken_counter_hides = true,
    },
    Variant {
        id: 19,
        name: "resource-sums-wrap",
        says: "the sizes of a resource's parts are added up modulo 2^64, as 6.12 does, so that too much may fit",
        cites: &[Cite {
            mail: &TRAPS,
            who: "Ido Schimmel",
            claim: "users reload to divide a device's resources anew",
        }],
        breaks: &["resources-fit"],
        with: &[],
        apply: |rules| rules.resource_sums_wrap = true,
    },
    Variant {
        id: 20,
        name: "pernet-lock-over-reload",
        says: "whoever ends a namespace holds the lock of all namespaces over the drivers' reload, as 6.12 does",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Jason Gunthorpe",
            claim: "global locks held over open-ended code, such as attaching a driver, are dangerous",
        }],
        breaks: &["no-global-lock-over-driver-callback"],
        with: &[],
        apply: |rules| rules.netns_exit_holds_pernet_ops = true,
    },
    Variant {
        id: 21,
        name: "notifier-in-reload",
        says: "a driver's reload begins to follow the netdevs of all namespaces, while whoever ends one holds their lock",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Jason Gunthorpe",
            claim: "a reload at the end of a namespace attaches the RDMA driver, which wants the lock that is held",
        }],
        breaks: &["no-deadlock", "lock-order"],
        with: &["pernet-lock-over-reload"],
        apply: |rules| rules.reload_registers_notifier = true,
    },
    Variant {
        id: 22,
        name: "driver-keeps-netns",
        says: "a driver that refuses to go down keeps its instance in a namespace that ends, as 6.12's may",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Leon Romanovsky",
            claim: "reload when a namespace is torn down has to work, whatever else goes on",
        }],
        breaks: &["netns-exit-empties"],
        with: &[],
        apply: |rules| rules.driver_may_keep_netns = true,
    },
    Variant {
        id: 23,
        name: "netns-told-before-down",
        says: "the old namespace is told of the end before the driver is asked to go down, as in 6.0 to 6.2",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "notifications must tell of what is there",
        }],
        breaks: &["stream-converges"],
        with: &[],
        apply: |rules| rules.netns_told_before_down = true,
    },
    Variant {
        id: 24,
        name: "netns-ref-lost-on-error",
        says: "a reload that fails forgets its reference to the namespace it was to move to",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Leon Romanovsky",
            claim: "reload when a namespace is torn down has to work, whatever else goes on",
        }],
        breaks: &["references-balance"],
        with: &[],
        apply: |rules| rules.netns_ref_lost_on_error = true,
    },
    Variant {
        id: 25,
        name: "reference-means-registered",
        says: "whoever found an instance holds its unregister up, as from 5.15 to 6.2, and may itself wait for the lock",
        cites: &[Cite {
            mail: &KREF,
            who: "Jason Gunthorpe",
            claim: "a reference count keeps memory and says nothing of whether an object can be operated",
        }],
        breaks: &["no-deadlock", "lock-order"],
        with: &[],
        apply: |rules| rules.unregister_waits = true,
    },
    Variant {
        id: 26,
        name: "linux-5.4",
        says: "devlink up to 5.4: register early, one lock over every command, parts announced at once",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "register opens the instance to users, so commands reach a driver that is still in its probe",
        }],
        breaks: &["visible-implies-ready", "instances-in-parallel"],
        with: &[],
        apply: |rules| {
            rules.publish = Publish::Early;
            rules.devlink_mutex = true;
            rules.reload_takes_device_lock = false;
            rules.notify = Notify::AtOnce;
            rules.eswitch_in_steps = true;
        },
    },
    Variant {
        id: 27,
        name: "linux-5.10",
        says: "devlink from 5.5 to 5.15: as 5.4, and reload waits until the driver enables it",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "guarding reload alone gives the false impression that only reload has the problem",
        }],
        breaks: &["visible-implies-ready"],
        with: &[],
        apply: |rules| {
            rules.publish = Publish::Early;
            rules.devlink_mutex = true;
            rules.reload_takes_device_lock = false;
            rules.reload_must_be_enabled = true;
            rules.notify = Notify::AtOnce;
            rules.eswitch_in_steps = true;
        },
    },
    Variant {
        id: 28,
        name: "linux-5.16",
        says: "devlink from 5.16 to 5.18: register last and announce what is there, still one lock over every command",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Jason Gunthorpe",
            claim: "a global lock over slow driver code serialises the start of all virtual machines",
        }],
        breaks: &["no-global-lock-over-driver-callback", "instances-in-parallel"],
        with: &[],
        apply: |rules| {
            rules.devlink_mutex = true;
            rules.reload_takes_device_lock = false;
            rules.eswitch_in_steps = true;
            rules.netns_told_before_down = true;
            rules.netns_exit_holds_pernet_ops = true;
        },
    },
    Variant {
        id: 29,
        name: "linux-6.1",
        says: "devlink from 6.0 to 6.2: a lock an instance, register last, moves told before the driver goes down",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Leon Romanovsky",
            claim: "reload when a namespace is torn down has to work, whatever else goes on",
        }],
        breaks: &["no-child-before-parent-notification"],
        with: &[],
        apply: |rules| {
            rules.reload_takes_device_lock = false;
            rules.eswitch_in_steps = true;
            rules.rate_set_in_steps = true;
            rules.snapshot_ids_kept = true;
            rules.netns_told_before_down = true;
            rules.netns_exit_holds_pernet_ops = true;
            rules.driver_may_keep_netns = true;
        },
    },
    Variant {
        id: 30,
        name: "linux-6.4",
        says: "devlink from 6.3 to 6.7: register first under the instance's lock, reload without the device's",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "parts can be made at any time, so notifications must cover those made after register too",
        }],
        breaks: &["no-use-after-free"],
        with: &[],
        apply: |rules| {
            rules.publish = Publish::First;
            rules.reload_takes_device_lock = false;
            rules.eswitch_in_steps = true;
            rules.rate_set_in_steps = true;
            rules.snapshot_ids_kept = true;
            rules.netns_exit_holds_pernet_ops = true;
            rules.driver_may_keep_netns = true;
        },
    },
];
