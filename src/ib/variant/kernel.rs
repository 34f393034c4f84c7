//! The rules that kernels had, from the mail's time on. What they have in common is said once.

use super::super::rules::{Adds, Disassociates, Enumerates, Keeps, LinkOps, Lookup, Marks, Rules};
use super::kref;
use crate::event::{LockClass, Mode};
use crate::mail::{Cite, RELOAD_LOCK};
use crate::variant::Variant;

/// From 4.3 on the GID tables are ib_core's own, and whoever walks the devices holds the lock of the list.
fn tables_in_core(rules: &mut Rules) {
    rules.gid_in_core = true;
    rules.enum_holds_lock = true;
    // Devices are told of events once they are registered, and have been filled by then.
    rules.enumerates = Enumerates::Listed;
    rules.marks = Marks::Last;
    rules.adds = Adds::Alone;
    rules.disassociates = Disassociates::Never;
}

/// The variants of this file.
pub(super) const VARIANTS: &[Variant<Rules>] = &[
    Variant {
        id: 0x14,
        name: "linux-4.3",
        says: "ib_core from 4.3 to 4.20: device_mutex over add() and remove(), and lists_rwsem to walk the devices",
        cites: &[kref("Jason Gunthorpe", "split the lock, so that the enumeration takes another one")],
        breaks: &["no-global-lock-over-driver-callback", "no-deadlock", "lock-order", "gid-table-converges"],
        with: &[],
        apply: |rules| {
            tables_in_core(rules);
            rules.over_callbacks = Some((LockClass::DeviceMutex, Mode::Write));
            rules.devices = LockClass::ListsRwsem;
            rules.clients = LockClass::ListsRwsem;
            rules.keeps = Keeps::Lock;
            rules.lookup = Lookup::Devices;
        },
    },
    Variant {
        id: 0x15,
        name: "linux-5.1",
        says: "ib_core of 5.1 and 5.2: a lock each, and that of a device's client data is held over remove()",
        cites: &[kref(
            "Matan Barak",
            "most work of clients is waited for when a device goes, so a lock that work takes cannot be held then",
        )],
        breaks: &[
            "no-global-lock-over-driver-callback",
            "no-deadlock",
            "lock-order",
            "one-remove-per-add",
            "clients-in-order",
            "gid-table-converges",
        ],
        with: &[],
        apply: |rules| {
            tables_in_core(rules);
            rules.client_data_over_remove = true;
        },
    },
    Variant {
        id: 0x16,
        name: "linux-5.3",
        says: "ib_core from 5.3 on: no lock over remove(), and clients and devices may register side by side",
        cites: &[kref(
            "Jason Gunthorpe",
            "remove() is synchronous, and what it waits for is the client's own",
        )],
        breaks: &[
            "no-global-lock-over-driver-callback",
            "no-deadlock",
            "one-remove-per-add",
            "clients-in-order",
            "gid-table-converges",
        ],
        with: &[],
        apply: tables_in_core,
    },
    Variant {
        id: 0x17,
        name: "linux-6.12",
        says: "ib_core, siw and rxe as the latest 6.12 has them: ib_register_client() holds both lists over every \
               add(), and links are made under a lock of all drivers",
        cites: &[
            kref(
                "Jason Gunthorpe",
                "a lock that is not about registering alone shows the limits of holding it over callbacks",
            ),
            Cite {
                mail: &RELOAD_LOCK,
                who: "Jason Gunthorpe",
                claim: "a global lock over slow driver code serialises the start of all virtual machines",
            },
        ],
        breaks: &[
            "no-global-lock-over-driver-callback",
            "no-deadlock",
            "attach-within-registration",
            "rdma-told-in-order",
        ],
        with: &[],
        apply: |rules| {
            tables_in_core(rules);
            rules.adds = Adds::UnderLists;
            rules.enumerates = Enumerates::Marked;
            rules.marks = Marks::First;
            rules.users.link_ops = LinkOps::Rwsem;
            rules.users.attach_may_name_nothing = true;
            rules.users.ends_what_never_began = true;
            rules.users.work_ends_in_move = true;
            rules.users.unnamed_clients = true;
            rules.users.walks = 3;
            rules.users.link_local = true;
            rules.users.exit_takes_rtnl = true;
            rules.users.queries_port = true;
            rules.users.found_by_index = true;
            rules.users.dealloc_locks = true;
            rules.users.iwarp_gid = true;
            rules.users.counted_first = true;
        },
    },
];
