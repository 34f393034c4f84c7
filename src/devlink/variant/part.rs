//! How parts change, and what is told of it.

use crate::devlink::decisions::{Decisions, Undo};
use crate::mail::{Cite, KREF, REGISTER, TRAPS};
use crate::variant::Variant;

pub(super) const VARIANTS: &[Variant<Decisions>] = &[
    Variant {
        id: 0x0a,
        name: "eswitch-set-in-steps",
        says: "an eswitch change is applied attribute by attribute, as 6.12 does, and stays half done on an error",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "it cannot be proven of all drivers that they are protected from set routines",
        }],
        breaks: &["error-leaves-state"],
        with: &[],
        apply: |decisions| decisions.part.eswitch_in_steps = true,
    },
    Variant {
        id: 0x0c,
        name: "rate-set-in-steps",
        says: "a rate object is changed attribute by attribute, as 6.12 does, and an error leaves those before it set",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "it cannot be proven of all drivers that they are protected from set routines",
        }],
        breaks: &["error-leaves-state"],
        with: &[],
        apply: |decisions| decisions.part.rate_set_in_steps = true,
    },
    Variant {
        id: 0x11,
        name: "trap-group-set-in-steps",
        says: "the traps of a group are changed, as 6.12 does, before it is known whether there is such a policer",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "it cannot be proven of all drivers that they are protected from set routines",
        }],
        breaks: &["error-leaves-state"],
        with: &[],
        apply: |decisions| decisions.part.trap_group_set_in_steps = true,
    },
    Variant {
        id: 0x0d,
        name: "silent-rate-nodes",
        says: "a driver that goes down deletes the rate nodes without a notification, as 6.12 does",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "parts can be made at any time, so notifications must cover those made after register too",
        }],
        breaks: &["stream-converges", "end-names-all"],
        with: &[],
        apply: |decisions| decisions.part.rate_nodes_end_silently = true,
    },
    Variant {
        id: 0x0e,
        name: "snapshot-ids-kept",
        says: "a snapshot's id that devlink chose is held for ever, as 6.12 does, and cannot be wanted again",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "it cannot be proven of all drivers that they are protected from set routines",
        }],
        breaks: &["references-balance"],
        with: &[],
        apply: |decisions| decisions.part.snapshot_ids_kept = true,
    },
    Variant {
        id: 0x12,
        name: "broken-counter-hides",
        says: "a trap or policer whose counter cannot be read is neither announced nor shown, as in 6.12",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "parts can be made at any time, so notifications must cover those made after register too",
        }],
        breaks: &["stream-converges"],
        with: &[],
        apply: |decisions| decisions.part.broken_counter_hides = true,
    },
    Variant {
        id: 0x2e,
        name: "refused-route-counts",
        says: "a driver still counts, as in 6.12, a route that it took and that another driver then refused",
        cites: &[Cite {
            mail: &TRAPS,
            who: "Ido Schimmel",
            claim: "users reload to divide a device's resources anew",
        }],
        breaks: &["error-leaves-state"],
        with: &[],
        apply: |decisions| decisions.part.refused_routes_count = true,
    },
    Variant {
        id: 0x20,
        name: "groups-end-first",
        says: "a driver unregisters the groups of its traps before the traps that are in them",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Jakub Kicinski",
            claim: "notifications go out in an order in which what is told of can be reached",
        }],
        breaks: &["references-are-known"],
        with: &[],
        apply: |decisions| decisions.part.groups_end_first = true,
    },
    Variant {
        id: 0x22,
        name: "dump-get-unlocked",
        says: "a reporter's dump is read without the instance's lock, as in 6.0 to 6.5, while the driver may go down",
        cites: &[Cite {
            mail: &KREF,
            who: "Jason Gunthorpe",
            claim: "that the instance's memory stays says nothing of what the driver has attached to it",
        }],
        breaks: &["no-use-after-free"],
        with: &[],
        apply: |decisions| decisions.lock.dump_get_unlocked = true,
    },
    Variant {
        id: 0x2a,
        name: "stale-rate-parents",
        says: "rate objects keep their parents when the driver unmakes all nodes, and name them later",
        cites: &[Cite {
            mail: &KREF,
            who: "Jason Gunthorpe",
            claim: "a user of an object's memory needs a reference to it, and that is all a reference is for",
        }],
        breaks: &["no-use-after-free"],
        with: &[],
        apply: |decisions| decisions.part.rate_parents_kept = true,
    },
    Variant {
        id: 0x33,
        name: "eswitch-undone-twice",
        says: "an eswitch change that fails half way has its ports unregistered twice, as in 2026",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "set routines reach the driver as reload does, and it cannot be proven of all drivers that they are \
                    protected from harm",
        }],
        breaks: &["no-warning"],
        with: &["linux-6.12"],
        apply: |decisions| decisions.part.eswitch_undo = Undo::Twice,
    },
    Variant {
        id: 0x34,
        name: "eswitch-not-undone",
        says: "an eswitch change that fails half way leaves the ports that it has made",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "set routines reach the driver as reload does, and it cannot be proven of all drivers that they are \
                    protected from harm",
        }],
        breaks: &["error-leaves-state"],
        with: &["linux-6.12"],
        apply: |decisions| decisions.part.eswitch_undo = Undo::Never,
    },
    Variant {
        id: 0x3c,
        name: "reporter-unlocks-itself",
        says: "a task that destroys a reporter looks in its memory for the lock to unlock, once it has freed it, as in 2020",
        cites: &[Cite {
            mail: &KREF,
            who: "Jason Gunthorpe",
            claim: "a user of an object's memory needs a reference to it, and that is all a reference is for",
        }],
        breaks: &["no-use-after-free"],
        with: &["linux-6.12"],
        apply: |decisions| decisions.part.reporter_unlocks_itself = true,
    },
    Variant {
        id: 0x3d,
        name: "probe-not-undone",
        says: "a probe that fails half way frees its instance and leaves the parts that it has made",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "anything that lets users in before the driver is initialised has the problem, whichever way in it is",
        }],
        breaks: &["no-warning", "error-leaves-state"],
        with: &[],
        apply: |decisions| decisions.part.probe_not_undone = true,
    },
];
