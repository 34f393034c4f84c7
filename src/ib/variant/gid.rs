//! Variants about the GID tables.

use super::super::decisions::{Decisions, Marks};
use super::kref;
use crate::variant::Variant;

/// The variants of this file.
pub(super) const VARIANTS: &[Variant<Decisions>] = &[
    Variant {
        id: 0x12,
        name: "rescan-before-mark",
        says: "a table is filled before its device receives events, so that one in between is lost",
        cites: &[kref("Matan Barak", "work walks the devices that there are, and knows of no others")],
        breaks: &["gid-table-converges"],
        with: &[],
        apply: |decisions| decisions.marks = Marks::Last,
    },
    Variant {
        id: 0x13,
        name: "gid-deletes-lost",
        says: "a device that goes leaves entries to the work that is queued to delete them, which finds it no more",
        cites: &[kref("Jason Gunthorpe", "all work must be complete or cancelled when remove() returns")],
        breaks: &["no-deadlock"],
        with: &[],
        apply: |decisions| decisions.cleanup_leaves_queued = true,
    },
];
