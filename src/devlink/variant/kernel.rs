//! Whole kernels: the decisions that one release made, as far as they are modelled.

use crate::devlink::rules::{Netdevsim, Notify, Publish, Rules};
use crate::event::Errno;
use crate::mail::{Cite, REGISTER, RELOAD_LOCK, TRAPS};
use crate::variant::Variant;

/// What the kernels up to 5.15 have in common.
fn register_early(rules: &mut Rules) {
    rules.has_filters = false;
    rules.publish = Publish::Early;
    rules.devlink_mutex = true;
    rules.reload_takes_device_lock = false;
    rules.notify = Notify::AtOnce;
    rules.eswitch_in_steps = true;
}

pub(super) const VARIANTS: &[Variant<Rules>] = &[
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
        apply: |rules| {
            register_early(rules);
            rules.reload_must_be_enabled = true;
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
        apply: |rules| {
            rules.has_filters = false;
            rules.devlink_mutex = true;
            rules.reload_takes_device_lock = false;
            rules.eswitch_in_steps = true;
            rules.netns_told_before_down = true;
            rules.netns_exit_holds_pernet_ops = true;
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
        apply: |rules| {
            rules.has_filters = false;
            rules.publish = Publish::LastUnlocked;
            rules.unregister_waits = true;
            rules.lookup_checks_again = false;
            rules.reload_takes_device_lock = false;
            rules.eswitch_in_steps = true;
            rules.rate_set_in_steps = true;
            rules.rate_keeps_parent = true;
            rules.rate_nodes_end_silently = true;
            rules.snapshot_ids_kept = true;
            rules.any_action_moves = true;
            rules.snapshots_end_silently = true;
            rules.reporters_in_reload = true;
            rules.health_reports_unlocked = true;
            rules.trap_group_set_in_steps = true;
            rules.broken_counter_hides = true;
            rules.resource_sums_wrap = true;
            rules.refused_routes_count = true;
            rules.netns_told_before_down = true;
            rules.netns_told_little = true;
            rules.netns_exit_holds_pernet_ops = true;
            rules.driver_may_keep_netns = true;
            rules.netdevsim = Netdevsim::Linux61;
            rules.ports_name_near_netdevs = true;
            rules.links_name_ports = false;
            rules.dump_by_kind = true;
            rules.traps_drop_first = true;
            rules.ports_in_list = true;
            rules.unregister_reverses_all = true;
            rules.port_is_taken = Errno::EEXIST;
            rules.port_files_trust_driver = true;
            rules.exit_waits_for_releases = false;
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
        apply: |rules| {
            rules.has_filters = false;
            rules.publish = Publish::First;
            rules.reload_takes_device_lock = false;
            rules.eswitch_in_steps = true;
            rules.rate_set_in_steps = true;
            rules.snapshot_ids_kept = true;
            rules.netns_exit_holds_pernet_ops = true;
            rules.driver_may_keep_netns = true;
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
            rules.refused_routes_count = true;
            rules.netns_exit_holds_pernet_ops = true;
            rules.driver_may_keep_netns = true;
            rules.netdevsim = Netdevsim::Linux612;
            rules.dump_by_kind = true;
            rules.traps_drop_first = true;
            rules.reload_checks_teardown = true;
            rules.port_files_trust_driver = true;
        },
    },
];
