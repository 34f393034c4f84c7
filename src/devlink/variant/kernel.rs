//! Whole kernels: the decisions that one release made, as far as they are modelled.

use crate::devlink::decisions::{Decisions, Netdevsim, Notify, Publish};
use crate::mail::{Cite, REGISTER, RELOAD_LOCK, TRAPS};
use crate::variant::Variant;

/// What the kernels up to 5.15 have in common.
fn register_early(decisions: &mut Decisions) {
    decisions.part.without_filters = true;
    decisions.registration.publish = Publish::Early;
    decisions.lock.devlink_mutex = true;
    decisions.reload.without_device_lock = true;
    decisions.registration.notify = Notify::AtOnce;
    decisions.part.eswitch_in_steps = true;
}

/// What the kernels from 6.1 to 6.12 have in common.
fn since_linux_6_1(decisions: &mut Decisions) {
    decisions.part.eswitch_in_steps = true;
    decisions.part.rate_set_in_steps = true;
    decisions.part.snapshot_ids_kept = true;
    decisions.part.function_state_untold = true;
    decisions.lock.netns_exit_holds_pernet_ops = true;
    decisions.reload.driver_may_keep_netns = true;
}

/// What 6.1 and 6.12 have in common, which are modelled with their netdevsim.
fn devlink_and_netdevsim(decisions: &mut Decisions) {
    since_linux_6_1(decisions);
    decisions.part.rate_nodes_end_silently = true;
    decisions.reload.reporters_anew = true;
    decisions.lock.health_reports_unlocked = true;
    decisions.part.trap_group_set_in_steps = true;
    decisions.part.broken_counter_hides = true;
    decisions.part.resource_sums_wrap = true;
    decisions.part.refused_routes_count = true;
    decisions.part.fib_file_outlives_table = true;
    decisions.part.dump_by_kind = true;
    decisions.part.traps_drop_first = true;
    decisions.lock.port_files_trust_driver = true;
}

fn linux_6_12(decisions: &mut Decisions) {
    devlink_and_netdevsim(decisions);
    decisions.registration.publish = Publish::First;
    decisions.netdevsim = Netdevsim::Linux612;
    decisions.reload.checks_teardown = true;
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
            decisions.reload.must_be_enabled = true;
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
            decisions.part.without_filters = true;
            decisions.lock.devlink_mutex = true;
            decisions.reload.without_device_lock = true;
            decisions.part.eswitch_in_steps = true;
            decisions.reload.netns_told_before_down = true;
            decisions.lock.netns_exit_holds_pernet_ops = true;
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
            devlink_and_netdevsim(decisions);
            decisions.part.without_filters = true;
            decisions.registration.publish = Publish::LastUnlocked;
            decisions.registration.unregister_waits = true;
            decisions.registration.lookup_trusts_what_it_found = true;
            decisions.reload.without_device_lock = true;
            decisions.part.rate_keeps_parent = true;
            decisions.reload.any_action_moves = true;
            decisions.part.snapshots_end_silently = true;
            decisions.reload.netns_told_before_down = true;
            decisions.reload.netns_told_little = true;
            decisions.netdevsim = Netdevsim::Linux61;
            decisions.netdev.ports_name_near_netdevs = true;
            decisions.netdev.links_name_no_ports = true;
            decisions.part.ports_in_list = true;
            decisions.registration.unregister_reverses_all = true;
            decisions.netdev.port_may_end_with_type = true;
            decisions.part.taken_port_exists = true;
            decisions.part.port_del_asks_first = true;
            decisions.registration.exit_skips_releases = true;
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
            since_linux_6_1(decisions);
            decisions.part.without_filters = true;
            decisions.registration.publish = Publish::First;
            decisions.reload.without_device_lock = true;
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
        apply: linux_6_12,
    },
    Variant {
        id: 0x3e,
        name: "linux-7.3",
        says: "devlink and netdevsim as Linux 7.3 has them: as 6.12, but the uevent of a netdev comes after the messages about \
               its port",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "parts can be made at any time, so notifications must cover those made after register too",
        }],
        breaks: &["end-names-all"],
        with: &[],
        apply: |decisions| {
            linux_6_12(decisions);
            decisions.netdev.uevent_after_notifiers = true;
        },
    },
];
