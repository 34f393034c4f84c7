//! When drivers register, what may be announced by then, and whom a lookup may trust.

use crate::devlink::decisions::{Decisions, Notify, Publish, Replay};
use crate::mail::{Cite, KREF, REGISTER};
use crate::variant::Variant;

pub(super) const VARIANTS: &[Variant<Decisions>] = &[
    Variant {
        id: 0x00,
        name: "early-register",
        says: "drivers register in the middle of probe, and anything may be asked of them from there on",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "register opens the instance to users, so dumps and set commands reach a driver that is still \
                    in its probe",
        }],
        breaks: &["visible-implies-ready", "reload-meets-no-probe"],
        with: &[],
        apply: |decisions| {
            decisions.registration.publish = Publish::Early;
            decisions.reload.without_device_lock = true;
        },
    },
    Variant {
        id: 0x01,
        name: "reload-enable",
        says: "drivers register early and enable reload at the end of probe; nothing else is guarded",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "guarding reload alone gives the false impression that only reload has the problem",
        }],
        breaks: &["visible-implies-ready"],
        with: &[],
        apply: |decisions| {
            decisions.registration.publish = Publish::Early;
            decisions.reload.without_device_lock = true;
            decisions.reload.must_be_enabled = true;
        },
    },
    Variant {
        id: 0x02,
        name: "notify-at-once",
        says: "a part is announced as soon as it exists, registered instance or not",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Jakub Kicinski",
            claim: "parts must not be announced before the instance is registered, since they cannot be reached",
        }],
        breaks: &["notified-implies-visible", "no-child-before-parent-notification"],
        with: &[],
        apply: |decisions| decisions.registration.notify = Notify::AtOnce,
    },
    Variant {
        id: 0x07,
        name: "register-without-replay",
        says: "drivers register last, and register announces the instance but not the parts it has by then",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "announcing later what was made before register needs logic that tells the two apart",
        }],
        breaks: &["stream-converges", "end-follows-beginning"],
        with: &[],
        apply: |decisions| decisions.registration.replay = Replay::ParentOnly,
    },
    Variant {
        id: 0x08,
        name: "children-first",
        says: "register announces the parts before the instance",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "a user should not touch an instance before the notification that it is there",
        }],
        breaks: &["no-child-before-parent-notification"],
        with: &[],
        apply: |decisions| decisions.registration.replay = Replay::ChildrenFirst,
    },
    Variant {
        id: 0x09,
        name: "lookup-without-recheck",
        says: "a command that found an instance trusts it once the lock comes, registered or not",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "the lookup tells its caller that the instance is valid, and the caller goes on to the driver",
        }],
        breaks: &["visible-implies-ready", "shown-implies-visible"],
        with: &[],
        apply: |decisions| decisions.registration.lookup_trusts_what_it_found = true,
    },
    Variant {
        id: 0x19,
        name: "reference-means-registered",
        says: "a task that looked an instance up delays its unregistration, as from 5.15 to 6.2, and may itself wait for the lock",
        cites: &[Cite {
            mail: &KREF,
            who: "Jason Gunthorpe",
            claim: "a reference count keeps memory and says nothing of whether an object can be operated",
        }],
        breaks: &["no-deadlock", "lock-order"],
        with: &[],
        apply: |decisions| decisions.registration.unregister_waits = true,
    },
    Variant {
        id: 0x10,
        name: "report-after-unregister",
        says: "errors are reported without the lock, and the driver waits for the reports only after it has unregistered",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Jakub Kicinski",
            claim: "parts must not be announced before the instance is registered, since they cannot be reached",
        }],
        breaks: &["no-warning", "lock-order", "no-deadlock"],
        with: &[],
        apply: |decisions| {
            decisions.lock.health_reports_unlocked = true;
            decisions.part.reports_after_unregister = true;
        },
    },
    Variant {
        id: 0x26,
        name: "files-before-ready",
        says: "a driver's files may be written while its probe is under way, and use objects that are not made yet",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "anything that lets users in before the driver is initialised has the problem, whichever way in it is",
        }],
        breaks: &["no-warning"],
        with: &[],
        apply: |decisions| decisions.lock.port_files_unguarded = true,
    },
    Variant {
        id: 0x27,
        name: "register-unlocked",
        says: "drivers register last and without the instance's lock, so a part may come between the mark and its announcement",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "parts can be made at any time, before register, after it, and meanwhile",
        }],
        breaks: &["no-child-before-parent-notification"],
        with: &["files-before-ready"],
        apply: |decisions| decisions.registration.publish = Publish::LastUnlocked,
    },
    Variant {
        id: 0x28,
        name: "exit-without-wait",
        says: "netdevsim's module goes while a device that is gone may still be released later, as up to 6.1",
        cites: &[Cite {
            mail: &KREF,
            who: "Jason Gunthorpe",
            claim: "a module may be unloaded only when all of its work is complete or cancelled",
        }],
        breaks: &["text-outlives-work"],
        with: &["config=delayed-release", "linux-6.12"],
        apply: |decisions| decisions.registration.exit_skips_releases = true,
    },
    Variant {
        id: 0x29,
        name: "parent-not-referenced",
        says: "an instance has no reference to its device, as up to 6.2, and names it when its own memory goes",
        cites: &[Cite {
            mail: &KREF,
            who: "Jason Gunthorpe",
            claim: "a user of an object's memory needs a reference to it, and that is all a reference is for",
        }],
        breaks: &["no-use-after-free"],
        with: &["linux-6.12"],
        apply: |decisions| decisions.registration.parent_not_referenced = true,
    },
    Variant {
        id: 0x1f,
        name: "port-filter-hides-instance",
        says: "a listener that filters by a port receives no notification of the instance that the port belongs to",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Jakub Kicinski",
            claim: "notifications need to be straightened out: no part before the instance it belongs to",
        }],
        breaks: &["filter-only-thins"],
        with: &[],
        apply: |decisions| decisions.part.port_filter_hides_instance = true,
    },
];
