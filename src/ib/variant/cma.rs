//! Variants about the ids of rdma_cm.

use super::kref;
use crate::ib::decisions::Decisions;
use crate::variant::Variant;

pub(super) const VARIANTS: &[Variant<Decisions>] = &[
    Variant {
        id: 0x34,
        name: "listen-not-undone",
        says: "a listen that fails on one device leaves the ids of those on which it did not, as before 5.15",
        cites: &[kref(
            "Jason Gunthorpe",
            "what an unregister waits for has to end, also where something failed",
        )],
        breaks: &["no-deadlock"],
        with: &[],
        apply: |decisions| decisions.users.listen_not_undone = true,
    },
    Variant {
        id: 0x35,
        name: "cma-forgets-ids",
        says: "cma's remove() does not wait for the ids of the device that other tasks are destroying",
        cites: &[kref(
            "Jason Gunthorpe",
            "once remove() returns the client does not operate the device any more",
        )],
        breaks: &["no-use-after-free"],
        with: &[],
        apply: |decisions| decisions.users.cma_forgets_ids = true,
    },
];
