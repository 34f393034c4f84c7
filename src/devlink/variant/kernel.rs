//! Whole kernels: the decisions that one release made, as far as they are modelled.

use crate::devlink::decisions::{Decisions, Netdevsim, Notify, Publish};
use crate::event::Errno;
use crate::mail::{Cite, REGISTER, RELOAD_LOCK, TRAPS};
use crate::variant::Variant;

/// What the kernels up to 5.15 have in common.
fn register_early(decisions: &mut Decisions) {
    decisions.has_filters = false;
    decisions.publish = Publish::Early;
    decisions.devlink_mutex = true;
    decisions.reload_takes_device_lock = false;
    decisions.notify = Notify::AtOnce;
    decisions.eswitch_in_steps = true;
}

pub(super) const VARIANTS: &[Variant<Decisions>] = &[
    Variant {
        id: 0x1a,
        name: "linux-5.4",
        says: "devlink up to 5.4: register early, one lock over every command, parts announced at once",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "register opens the instance to users, so commands reach a driver that is still in its probe",
        }],
        breaks: &["visible-implies-ready", "instances-in-parallel"],
        with: &[],
        apply: register_early,
    },
    Variant {
        id: 0x1b,
        name: "linux-5.10",
        says: "devlink from 5.5 to 5.15: as 5.4, and reload waits until the driver enables it",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "guarding reload alone gives the false impression that only reload has the problem",
        }],
        breaks: &["visible-implies-ready"],
        with: &[],
        apply: |decisions| {
            register_early(decisions);
            decisions.reload_must_be_enabled = true;
        },
    },
    Variant {
        id: 0x1c,
        name: "linux-5.16",
        says: "devlink from 5.16 to 5.18: register last and announce all parts then, still one lock over every command",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Jason Gunthorpe",
            claim: "a global lock over slow driver code serialises the start of all virtual machines",
        }],
        breaks: &["no-global-lock-over-driver-callback", "instances-in-parallel"],
        with: &[],
        apply: |decisions| {
            decisions.has_filters = false;
            decisions.devlink_mutex = true;
            decisions.reload_takes_device_lock = false;
            decisions.eswitch_in_steps = true;
            decisions.netns_told_before_down = true;
            decisions.netns_exit_holds_pernet_ops = true;
        },
    },
    Variant {
        id: 0x1d,
        name: "linux-6.1",
        says: "devlink and netdevsim as Linux 6.1 has them: register last, without the lock, and tell of moves before the \
               driver goes down",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Leon Romanovsky",
            claim: "reload when a namespace is torn down has to work, whatever else goes on",
        }],
        breaks: &[
            "no-child-before-parent-notification",
            "stream-converges",
            "reload-reinitialises",
            "no-warning",
        ],
        with: &[],
        apply: |decisions| {
            decisions.has_filters = false;
            decisions.publish = Publish::LastUnlocked;
            decisions.unregister_waits = true;
            decisions.lookup_checks_again = false;
            decisions.reload_takes_device_lock = false;
            decisions.eswitch_in_steps = true;
            decisions.rate_set_in_steps = true;
            decisions.rate_keeps_parent = true;
            decisions.rate_nodes_end_silently = true;
            decisions.snapshot_ids_kept = true;
            decisions.any_action_moves = true;
            decisions.snapshots_end_silently = true;
            decisions.reporters_in_reload = true;
            decisions.health_reports_unlocked = true;
            decisions.trap_group_set_in_steps = true;
            decisions.broken_counter_hides = true;
            decisions.resource_sums_wrap = true;
            decisions.refused_routes_count = true;
            decisions.netns_told_before_down = true;
            decisions.netns_told_little = true;
            decisions.netns_exit_holds_pernet_ops = true;
            decisions.driver_may_keep_netns = true;
            decisions.netdevsim = Netdevsim::Linux61;
            decisions.ports_name_near_netdevs = true;
            decisions.links_name_ports = false;
            decisions.dump_by_kind = true;
            decisions.traps_drop_first = true;
            decisions.ports_in_list = true;
            decisions.unregister_reverses_all = true;
            decisions.port_is_taken = Errno::EEXIST;
            decisions.port_files_trust_driver = true;
            decisions.exit_waits_for_releases = false;
        },
    },
    Variant {
        id: 0x1e,
        name: "linux-6.4",
        says: "devlink from 6.3 to 6.7: register first under the instance's lock, reload without the device's",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "parts can be made at any time, so notifications must cover those made after register too",
        }],
        breaks: &["no-use-after-free"],
        with: &[],
        apply: |decisions| {
            decisions.has_filters = false;
            decisions.publish = Publish::First;
            decisions.reload_takes_device_lock = false;
            decisions.eswitch_in_steps = true;
            decisions.rate_set_in_steps = true;
            decisions.snapshot_ids_kept = true;
            decisions.netns_exit_holds_pernet_ops = true;
            decisions.driver_may_keep_netns = true;
        },
    },
    Variant {
        id: 0x0b,
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
            "end-names-all",
            "references-are-known",
            "netdev-ends-where-it-began",
            "no-use-after-free",
            "move-takes-all",
        ],
        with: &[],
        apply: |decisions| {
            decisions.publish = Publish::First;
            decisions.eswitch_in_steps = true;
            decisions.rate_set_in_steps = true;
            decisions.rate_nodes_end_silently = true;
            decisions.snapshot_ids_kept = true;
            decisions.reporters_in_reload = true;
            decisions.health_reports_unlocked = true;
            decisions.trap_group_set_in_steps = true;
            decisions.broken_counter_hides = true;
            decisions.resource_sums_wrap = true;
            decisions.refused_routes_count = true;
            decisions.netns_exit_holds_pernet_ops = true;
            decisions.driver_may_keep_netns = true;
            decisions.netdevsim = Netdevsim::Linux612;
            decisions.dump_by_kind = true;
            decisions.traps_drop_first = true;
            decisions.reload_checks_teardown = true;
            decisions.port_files_trust_driver = true;
        },
    },
];
