//! Variants about clients, and about who unregisters a device and when that is done.

use super::super::decisions::{Adds, Decisions, Disassociates, NetdevGone};
use super::kref;
use crate::variant::Variant;

/// The variants of this file.
pub(super) const VARIANTS: &[Variant<Decisions>] = &[
    Variant {
        id: 0x08,
        name: "rcu-list",
        says: "the list of devices is walked under RCU, which keeps no device once it has been read",
        cites: &[kref(
            "Matan Barak",
            "an RCU list or the like would do without the mutex, but is not worth the complexity",
        )],
        breaks: &[],
        with: &[],
        apply: |decisions| decisions.enum_locks = false,
    },
    Variant {
        id: 0x09,
        name: "remove-under-client-data",
        says: "a device's client data stays locked for reading over remove(), as in 5.1 and 5.2",
        cites: &[kref(
            "Matan Barak",
            "most work of clients is waited for when a device goes, so a lock that work takes cannot be held then",
        )],
        breaks: &["no-deadlock", "lock-order"],
        with: &[],
        apply: |decisions| decisions.client_data_over_remove = true,
    },
    Variant {
        id: 0x0a,
        name: "adds-unordered",
        says: "the task that registers calls add(), so that a device may get a later client first, as from 5.3 on",
        cites: &[kref(
            "Jason Gunthorpe",
            "the two lists need a lock each that is about register and unregister and nothing else",
        )],
        breaks: &["clients-in-order", "one-remove-per-add"],
        with: &[],
        apply: |decisions| decisions.adds = Adds::Alone,
    },
    Variant {
        id: 0x0b,
        name: "removes-in-order",
        says: "a device's clients are removed in the order in which they were added",
        cites: &[kref("Jason Gunthorpe", "a client is a driver of the device, and goes as drivers go")],
        breaks: &["clients-in-order"],
        with: &[],
        apply: |decisions| decisions.removes_in_order = true,
    },
    Variant {
        id: 0x0c,
        name: "refused-is-removed",
        says: "remove() is called also for a client that refused the device",
        cites: &[kref(
            "Jason Gunthorpe",
            "remove() is called of what is attached, as everywhere in the kernel",
        )],
        breaks: &["one-remove-per-add"],
        with: &[],
        apply: |decisions| decisions.refused_is_removed = true,
    },
    Variant {
        id: 0x0d,
        name: "unfenced-unregister",
        says: "nothing keeps two tasks apart that unregister one device at the same time",
        cites: &[kref(
            "Matan Barak",
            "unregistering is synchronous: when it returns, no task operates the device",
        )],
        breaks: &[
            "no-deadlock",
            "remove-is-synchronous",
            "one-remove-per-add",
            "no-use-after-free",
            "rdma-told-in-order",
        ],
        with: &[],
        apply: |decisions| decisions.unregister_fenced = false,
    },
    Variant {
        id: 0x0e,
        name: "free-without-wait",
        says: "unregistering frees the memory while the active count is above zero",
        cites: &[kref(
            "Jason Gunthorpe",
            "an active count with a completion is what holds an unregister up, and it is no kref",
        )],
        breaks: &["active-keeps-memory", "no-use-after-free"],
        with: &[],
        apply: |decisions| decisions.unregister_waits = false,
    },
    Variant {
        id: 0x0f,
        name: "unregister-in-notifier",
        says: "a driver unregisters its device in the netdev's notifier, under the lock of all netdevs",
        cites: &[kref(
            "Jason Gunthorpe",
            "unregistering waits for what the clients do, so it may hold no lock that they take",
        )],
        breaks: &["no-global-lock-over-driver-callback", "no-deadlock", "lock-order"],
        with: &[],
        apply: |decisions| decisions.netdev_gone = NetdevGone::Unregisters,
    },
    Variant {
        id: 0x10,
        name: "disassociate-at-once",
        says: "uverbs takes a device from its users without waiting for users in a command",
        cites: &[kref(
            "Jason Gunthorpe",
            "once remove() returns the client does not operate the device any more",
        )],
        breaks: &["remove-is-synchronous", "no-use-after-free"],
        with: &[],
        apply: |decisions| decisions.disassociates = Disassociates::AtOnce,
    },
    Variant {
        id: 0x11,
        name: "waits-for-users",
        says: "uverbs' remove() waits until the last user has closed the device, as with drivers that cannot \
               disassociate",
        cites: &[kref(
            "Jason Gunthorpe",
            "memory and operable lifetime are different things: users may keep the one and not the other",
        )],
        breaks: &["no-deadlock"],
        with: &[],
        apply: |decisions| decisions.disassociates = Disassociates::Never,
    },
];
