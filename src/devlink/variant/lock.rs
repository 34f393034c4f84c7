//! Which lock is held over a driver's callback, and what the end of a namespace holds and waits for.

use crate::devlink::decisions::Decisions;
use crate::mail::{Cite, KREF, REGISTER, RELOAD_LOCK};
use crate::variant::Variant;

pub(super) const VARIANTS: &[Variant<Decisions>] = &[
    Variant {
        id: 0x06,
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
        apply: |decisions| {
            decisions.lock.devlink_mutex = true;
            decisions.reload.without_device_lock = true;
        },
    },
    Variant {
        id: 0x35,
        name: "rtnl-over-reload",
        says: "a reload holds rtnetlink's lock of all netdevs over the driver",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Jason Gunthorpe",
            claim: "what a reload does to the auxiliary bus is done under no global lock, rtnl among them",
        }],
        breaks: &["no-global-lock-over-driver-callback"],
        with: &[],
        apply: |decisions| decisions.lock.reload_holds_rtnl = true,
    },
    Variant {
        id: 0x36,
        name: "bus-locks-all",
        says: "the bus binds and unbinds drivers under one lock of all devices",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Jason Gunthorpe",
            claim: "a global lock held in an open-ended context, as where a device is registered or unregistered, is dangerous",
        }],
        breaks: &["no-global-lock-over-driver-callback", "instances-in-parallel"],
        with: &[],
        apply: |decisions| decisions.lock.bus_locks_all = true,
    },
    Variant {
        id: 0x14,
        name: "pernet-lock-over-reload",
        says: "the end of a namespace holds the lock of all namespaces over the drivers' reload, as 6.12 does",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Jason Gunthorpe",
            claim: "global locks held over open-ended code, such as attaching a driver, are dangerous",
        }],
        breaks: &["no-global-lock-over-driver-callback"],
        with: &[],
        apply: |decisions| decisions.lock.netns_exit_holds_pernet_ops = true,
    },
    Variant {
        id: 0x15,
        name: "notifier-in-reload",
        says: "a driver's reload begins to follow the netdevs of all namespaces, while the end of a namespace holds their lock",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Jason Gunthorpe",
            claim: "a reload at the end of a namespace attaches the RDMA driver, which wants the lock that is held",
        }],
        breaks: &["no-deadlock", "lock-order"],
        with: &["pernet-lock-over-reload"],
        apply: |decisions| decisions.reload.registers_notifier = true,
    },
    Variant {
        id: 0x16,
        name: "driver-keeps-netns",
        says: "a driver that refuses to go down keeps its instance in a namespace that ends, as 6.12's may",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Leon Romanovsky",
            claim: "reload when a namespace is torn down has to work, whatever else goes on",
        }],
        breaks: &["netns-exit-empties"],
        with: &[],
        apply: |decisions| decisions.reload.driver_may_keep_netns = true,
    },
    Variant {
        id: 0x17,
        name: "netns-told-before-down",
        says: "the end is announced in the old namespace before the driver is asked to go down, as in 6.0 to 6.2",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "notifications must tell of what is there",
        }],
        breaks: &["stream-converges", "gone-is-not-shown", "refused-reload-is-silent"],
        with: &[],
        apply: |decisions| decisions.reload.netns_told_before_down = true,
    },
    Variant {
        id: 0x18,
        name: "netns-ref-lost-on-error",
        says: "a reload that fails forgets its reference to the namespace it was to move to",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Leon Romanovsky",
            claim: "reload when a namespace is torn down has to work, whatever else goes on",
        }],
        breaks: &["references-balance"],
        with: &[],
        apply: |decisions| decisions.reload.netns_ref_lost_on_error = true,
    },
    Variant {
        id: 0x2d,
        name: "nested-locks-parent",
        says: "an instance on a line card takes the lock of its switch to announce that the instance is there",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Jason Gunthorpe",
            claim: "locks held over open-ended code, such as attaching a driver, meet the locks that this code takes",
        }],
        breaks: &["no-deadlock", "lock-order"],
        with: &[],
        apply: |decisions| decisions.lock.nested_locks_parent = true,
    },
    Variant {
        id: 0x2f,
        name: "cancel-under-lock",
        says: "a driver that goes waits for its work under the instance's lock, which the work takes",
        cites: &[Cite {
            mail: &KREF,
            who: "Jason Gunthorpe",
            claim: "no task may wait for work under a lock that the work takes",
        }],
        breaks: &["no-deadlock", "lock-order"],
        with: &[],
        apply: |decisions| decisions.lock.work_cancelled_locked = true,
    },
    Variant {
        id: 0x39,
        name: "bus-list-locked-late",
        says: "netdevsim's list of devices is locked only while a new device is added to it, and not while it is made",
        cites: &[Cite {
            mail: &KREF,
            who: "Jason Gunthorpe",
            claim: "a module may be unloaded only when all of its work is complete or cancelled",
        }],
        breaks: &["no-warning"],
        with: &["linux-6.12"],
        apply: |decisions| decisions.lock.bus_list_locked_late = true,
    },
    Variant {
        id: 0x3a,
        name: "ports-change-unlocked",
        says: "a driver adds and deletes ports at a user's wish without the instance's lock, which devlink core expects",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "parts can be made at any time, before register, after it, and meanwhile",
        }],
        breaks: &["no-warning"],
        with: &[],
        apply: |decisions| decisions.lock.port_files_unlocked = true,
    },
    Variant {
        id: 0x3b,
        name: "parts-made-unlocked",
        says: "a driver makes the parts of its instance in probe, and unmakes them in remove, without the instance's lock",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "anything that lets users in before the driver is initialised has the problem, whichever way in it is",
        }],
        breaks: &["no-warning"],
        with: &[],
        apply: |decisions| decisions.lock.parts_unlocked = true,
    },
    Variant {
        id: 0x40,
        name: "trap-report-waits",
        says: "netdevsim's work that reports traps waits for the instance's lock, under which it is cancelled",
        cites: &[Cite {
            mail: &KREF,
            who: "Matan Barak",
            claim: "unregistering waits for work under the lock that the work takes",
        }],
        breaks: &["no-deadlock", "lock-order"],
        with: &[],
        apply: |decisions| decisions.lock.trap_report_waits = true,
    },
];
