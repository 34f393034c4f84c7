//! What becomes of the netdevs of ports, and what is told of it.

use crate::devlink::decisions::Decisions;
use crate::mail::{Cite, REGISTER, RELOAD_LOCK};
use crate::variant::Variant;

pub(super) const VARIANTS: &[Variant<Decisions>] = &[
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
];
