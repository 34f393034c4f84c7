//! What becomes of the netdevs of ports, and what is told of it.

use crate::devlink::decisions::{Decisions, Follows, Netdevsim};
use crate::mail::{Cite, KREF, REGISTER, RELOAD_LOCK};
use crate::variant::Variant;

pub(super) const VARIANTS: &[Variant<Decisions>] = &[
    Variant {
        id: 0x38,
        name: "ports-have-netdevs",
        says: "each port of netdevsim has a netdev, which devlink follows, so that there are messages about links too",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Jakub Kicinski",
            claim: "the output of both monitors, devlink's and that of links, is to be seen before and after",
        }],
        breaks: &[],
        with: &[],
        apply: |decisions| decisions.netdevsim = Netdevsim::Linked,
    },
    Variant {
        id: 0x2b,
        name: "silent-netdev-move",
        says: "a netdev that moves to another namespace is not announced to end in the old one",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "parts can be made at any time, so notifications must cover those made after register too",
        }],
        breaks: &["netdev-ends-where-it-began"],
        with: &["linux-6.12"],
        apply: |decisions| decisions.netdev.leaves_silently = true,
    },
    Variant {
        id: 0x2c,
        name: "netdevs-end-with-netns",
        says: "a namespace that ends unregisters the netdevs in it, and their driver unregisters them again",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Leon Romanovsky",
            claim: "the end of a namespace reloads every instance in it, and that has to work",
        }],
        breaks: &["no-warning"],
        with: &["linux-6.12"],
        apply: |decisions| decisions.netdev.end_with_netns = true,
    },
    Variant {
        id: 0x30,
        name: "notifier-of-one-namespace",
        says: "an instance is told of the netdevs of its own namespace alone, and so not of the end of one that a user moved",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "parts can be made at any time, so notifications must cover those made after register too",
        }],
        breaks: &["no-warning"],
        with: &["linux-6.12"],
        apply: |decisions| decisions.netdev.follows = Follows::Own,
    },
    Variant {
        id: 0x31,
        name: "notifier-stays",
        says: "a move leaves the instance's notifier for netdevs in the namespace where the instance was made, as in 2022",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Leon Romanovsky",
            claim: "the end of a namespace reloads every instance in it, and that has to work",
        }],
        breaks: &["no-warning", "no-use-after-free"],
        with: &["linux-6.12"],
        apply: |decisions| decisions.netdev.follows = Follows::First,
    },
    Variant {
        id: 0x32,
        name: "notifier-in-two-lists",
        says: "a move puts a notifier for netdevs of all namespaces into the list of one too, which cuts off the first list",
        cites: &[Cite {
            mail: &RELOAD_LOCK,
            who: "Leon Romanovsky",
            claim: "the end of a namespace reloads every instance in it, and that has to work",
        }],
        breaks: &["no-deadlock"],
        with: &["linux-6.12"],
        apply: |decisions| decisions.netdev.follows = Follows::Twice,
    },
    Variant {
        id: 0x42,
        name: "types-never-set",
        says: "drivers without netdevs register ports that are plugs, and never say of which type they are",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "it cannot be proven of all drivers that they are protected from set routines",
        }],
        breaks: &["no-warning"],
        with: &[],
        apply: |decisions| decisions.netdev.types_never_set = true,
    },
    Variant {
        id: 0x43,
        name: "type-warning-left",
        says: "a port ends and the work is not cancelled that warns of a port without a type",
        cites: &[Cite {
            mail: &KREF,
            who: "Jason Gunthorpe",
            claim: "a client's work must be cancelled or complete when its remove() returns",
        }],
        breaks: &["no-use-after-free", "no-warning"],
        with: &["ports-have-netdevs"],
        apply: |decisions| decisions.netdev.type_warn_left = true,
    },
];
