//! Variants about compat devices: what stands for an RDMA device in other namespaces.

use super::super::decisions::{Begins, Decisions};
use super::kref;
use crate::mail::{Cite, UEVENTS};
use crate::variant::Variant;

/// The variants of this file.
pub(super) const VARIANTS: &[Variant<Decisions>] = &[
    Variant {
        id: 0x18,
        name: "compat-of-all-devices",
        says: "a namespace that begins gets a compat device of every RDMA device that has a name, registered or not",
        cites: &[kref(
            "Matan Barak",
            "unregistering is synchronous: when it returns, no task operates the device",
        )],
        breaks: &["no-warning", "references-balance"],
        with: &[],
        apply: |decisions| decisions.users.compat_begins = Begins::WithAll,
    },
    Variant {
        id: 0x19,
        name: "compat-made-twice",
        says: "a device and a namespace that come at the same time each make a compat device, without a look at the other",
        cites: &[Cite {
            mail: &UEVENTS,
            who: "Alex Williamson",
            claim: "each event marks the completion of a process, so it is sent when that has completed",
        }],
        breaks: &["compat-devices-alternate", "references-balance"],
        with: &[],
        apply: |decisions| decisions.users.compat_looks_first = false,
    },
];
