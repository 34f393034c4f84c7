//! What a reload re-creates, and what a driver may call in it.

use crate::devlink::decisions::{Decisions, ReloadCalls};
use crate::mail::{Cite, REGISTER, RELOAD_LOCK, TRAPS};
use crate::variant::Variant;

pub(super) const VARIANTS: &[Variant<Decisions>] = &[
    Variant {
        id: 0x03,
        name: "traps-at-probe",
        says: "traps are registered by probe and live through reload",
        cites: &[Cite {
            mail: &TRAPS,
            who: "Ido Schimmel",
            claim: "reload re-initialises driver entities, and a patch that keeps them breaks user space",
        }],
        breaks: &["reload-reinitialises"],
        with: &[],
        apply: |decisions| decisions.reload.traps_in_probe = true,
    },
    Variant {
        id: 0x37,
        name: "traps-asserted-early",
        says: "traps may be registered only while their instance is not, as in 5.15, and every reload warns",
        cites: &[Cite {
            mail: &TRAPS,
            who: "Leon Romanovsky",
            claim: "assertions that were added to find misuse caught the regression",
        }],
        breaks: &["no-warning"],
        with: &[],
        apply: |decisions| decisions.registration.traps_asserted_early = true,
    },
    Variant {
        id: 0x04,
        name: "self-locking-reload",
        says: "a driver's reload calls devlink functions that take the lock which reload holds",
        cites: &[Cite {
            mail: &TRAPS,
            who: "Leon Romanovsky",
            claim: "a driver that calls devlink again while it serves a devlink call is wrong",
        }],
        breaks: &["no-recursion", "no-deadlock", "lock-order"],
        with: &[],
        apply: |decisions| decisions.reload.calls = ReloadCalls::SelfLocking,
    },
    Variant {
        id: 0x05,
        name: "register-inside-reload",
        says: "a driver's reload unregisters the instance and registers it again",
        cites: &[Cite {
            mail: &TRAPS,
            who: "Leon Romanovsky",
            claim: "that driver entities are re-initialised does not mean that devlink registers itself again",
        }],
        breaks: &["registration-constant-in-reload", "no-recursion", "no-warning"],
        with: &[],
        apply: |decisions| decisions.reload.calls = ReloadCalls::Register,
    },
    Variant {
        id: 0x0f,
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
        apply: |decisions| decisions.reload.reporters_anew = true,
    },
    Variant {
        id: 0x13,
        name: "resource-sums-wrap",
        says: "the sizes of a resource's parts are added up modulo 2^64, as 6.12 does, so that too much may fit",
        cites: &[Cite {
            mail: &TRAPS,
            who: "Ido Schimmel",
            claim: "users reload to divide a device's resources anew",
        }],
        breaks: &["resources-fit"],
        with: &[],
        apply: |decisions| decisions.part.resource_sums_wrap = true,
    },
    Variant {
        id: 0x23,
        name: "any-action-moves",
        says: "a reload that only activates firmware may move the instance too, as in 6.1, with nothing made anew",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Leon Romanovsky",
            claim: "reload changes namespaces to place a virtual function in a container",
        }],
        breaks: &["move-takes-all"],
        with: &[],
        apply: |decisions| decisions.reload.any_action_moves = true,
    },
    Variant {
        id: 0x21,
        name: "reload-up-without-unwind",
        says: "a driver that fails to come up leaves the traps and regions that it has made by then",
        cites: &[Cite {
            mail: &TRAPS,
            who: "Ido Schimmel",
            claim: "reload re-initialises driver entities, so it must not find any from before",
        }],
        breaks: &["failed-reload-leaves-nothing"],
        with: &[],
        apply: |decisions| decisions.reload.up_leaves_parts = true,
    },
    Variant {
        id: 0x24,
        name: "params-told-apart",
        says: "params are announced before their instance is and end after it, as moves to a namespace did up to 6.3",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Jakub Kicinski",
            claim: "parts must not be announced when the instance they belong to cannot be reached",
        }],
        breaks: &["no-child-before-parent-notification"],
        with: &[],
        apply: |decisions| decisions.reload.params_told_apart = true,
    },
    Variant {
        id: 0x25,
        name: "port-files-disable-reload",
        says: "the files that change ports disable reload meanwhile, as from 5.5 on: a flag, so the first to end enables it",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "enabling and disabling reload is no protection, only the impression of one",
        }],
        breaks: &["no-warning"],
        with: &[],
        apply: |decisions| {
            decisions.reload.must_be_enabled = true;
            decisions.lock.port_files_disable_reload = true;
        },
    },
];
