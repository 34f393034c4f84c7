//! Variants of what users are told and when, and of how names and links come and go.

use super::super::decisions::{Decisions, LinkOps};
use crate::mail::{Cite, KREF, REGISTER, UEVENTS};
use crate::variant::Variant;

/// The variants of what users see and do.
pub(super) const VARIANTS: &[Variant<Decisions>] = &[
    Variant {
        id: 0x29,
        name: "added-before-clients",
        says: "the uevent that a device was added goes out with the device, before its clients have it",
        cites: &[Cite {
            mail: &UEVENTS,
            who: "Alex Williamson",
            claim: "each event marks the completion of a process, so it is sent when that has completed",
        }],
        breaks: &["rdma-told-in-order"],
        with: &[],
        apply: |decisions| decisions.users.announces_first = true,
    },
    Variant {
        id: 0x2a,
        name: "end-without-beginning",
        says: "the end of a device is announced whose registration failed after it was enabled, though its beginning was not",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Jakub Kicinski",
            claim: "notifications go out in an order in which what is told of can be reached",
        }],
        breaks: &["rdma-told-in-order"],
        with: &[],
        apply: |decisions| decisions.users.ends_what_never_began = true,
    },
    Variant {
        id: 0x2b,
        name: "end-before-clients",
        says: "the end of a device is announced before its clients are removed",
        cites: &[Cite {
            mail: &UEVENTS,
            who: "Kirti Wankhede",
            claim: "a device is unregistered when its children and files are gone and none can be created",
        }],
        breaks: &["rdma-told-in-order"],
        with: &[],
        apply: |decisions| decisions.users.ends_before_clients = true,
    },
    Variant {
        id: 0x2c,
        name: "attach-at-once",
        says: "a netdev is announced as attached as soon as the device has it",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Jakub Kicinski",
            claim: "notifications need to be straightened out: no part before the instance it belongs to",
        }],
        breaks: &["attach-within-registration"],
        with: &[],
        apply: |decisions| decisions.users.attaches_at_once = true,
    },
    Variant {
        id: 0x2d,
        name: "rename-to-the-same",
        says: "a device that gets the name it has is renamed, and users are notified",
        cites: &[Cite {
            mail: &UEVENTS,
            who: "Alex Williamson",
            claim: "each event marks the completion of a process, so it is sent when that has completed",
        }],
        breaks: &["move-changes-the-name"],
        with: &[],
        apply: |decisions| decisions.users.renames_to_the_same = true,
    },
    Variant {
        id: 0x2e,
        name: "unfenced-links",
        says: "a driver's module is unloaded without waiting for tasks that make a link with it",
        cites: &[Cite {
            mail: &KREF,
            who: "Jason Gunthorpe",
            claim: "no module code may run, or be able to run later, once it is unloaded",
        }],
        breaks: &["text-outlives-work"],
        with: &[],
        apply: |decisions| decisions.users.link_ops = LinkOps::Nothing,
    },
    Variant {
        id: 0x2f,
        name: "queued-without-reference",
        says: "a queued unregistration has a pointer to the device, and no reference to its memory",
        cites: &[Cite {
            mail: &UEVENTS,
            who: "Kirti Wankhede",
            claim: "a user of a device should hold a reference of its own while it uses it",
        }],
        breaks: &["no-use-after-free"],
        with: &[],
        apply: |decisions| decisions.users.queued_holds = false,
    },
    Variant {
        id: 0x1a,
        name: "announced-unlocked",
        says: "the uevent that a device was added goes out without the lock of the names, as before May 2025",
        cites: &[Cite {
            mail: &UEVENTS,
            who: "Kirti Wankhede",
            claim: "a user of a device should hold a reference of its own while it uses it",
        }],
        breaks: &["no-use-after-free"],
        with: &[],
        apply: |decisions| decisions.users.announces_locked = false,
    },
    Variant {
        id: 0x1b,
        name: "renames-untold",
        says: "listeners to netlink are not notified that a device or its netdev has another name, as up to 6.12",
        cites: &[Cite {
            mail: &REGISTER,
            who: "Leon Romanovsky",
            claim: "parts can be made and unmade at any time, and the notifications have to cover all of it",
        }],
        breaks: &["rdma-stream-converges"],
        with: &[],
        apply: |decisions| decisions.users.announces_renames = false,
    },
    Variant {
        id: 0x1c,
        name: "siw-follows-init-alone",
        says: "siw ignores netdevs outside of the initial namespace, and so keeps its device on one that goes",
        cites: &[Cite {
            mail: &KREF,
            who: "Jason Gunthorpe",
            claim: "an active count with a completion is what holds an unregister up, and it is no kref",
        }],
        breaks: &["no-deadlock"],
        with: &[],
        apply: |decisions| decisions.users.siw_follows_init_alone = true,
    },
    Variant {
        id: 0x1d,
        name: "netdev-lookup-locks",
        says: "a driver that is told of a netdev looks its device up with the list of devices locked",
        cites: &[Cite {
            mail: &KREF,
            who: "Jason Gunthorpe",
            claim: "taking device_mutex in the enumeration exposes the limits of that mutex",
        }],
        breaks: &["lock-order"],
        with: &["linux-6.12"],
        apply: |decisions| decisions.users.netdev_lookup_locks = true,
    },
    Variant {
        id: 0x1e,
        name: "umad-clears-first",
        says: "ib_umad forgets the device of a port before it removes the port's files, as up to 5.5",
        cites: &[Cite {
            mail: &UEVENTS,
            who: "Kirti Wankhede",
            claim: "a device is unregistered when its children and files are gone and none can be created",
        }],
        breaks: &["no-warning"],
        with: &[],
        apply: |decisions| decisions.users.umad_clears_first = true,
    },
    Variant {
        id: 0x1f,
        name: "failed-link-keeps-netdev",
        says: "a device that cannot be registered keeps the reference to its netdev, which then never goes",
        cites: &[Cite {
            mail: &KREF,
            who: "Jason Gunthorpe",
            claim: "an active count with a completion is what holds an unregister up, and it is no kref",
        }],
        breaks: &["no-deadlock"],
        with: &[],
        apply: |decisions| decisions.users.failed_link_keeps_netdev = true,
    },
];
