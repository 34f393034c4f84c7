//! The decisions that kernels had, from the mail's time on. What they have in common is said once.

use super::super::decisions::{
    Adds, Decisions, Disassociates, Enumerates, Keeps, LinkOps, Lookup, Marks, WorkEnds,
};
use super::kref;
use crate::event::{LockClass, Mode};
use crate::mail::{Cite, RELOAD_LOCK};
use crate::variant::Variant;

/// From 4.3 on the GID tables are ib_core's own, and a walk over the devices holds the lock of the list.
fn tables_in_core(decisions: &mut Decisions) {
    decisions.gid_in_core = true;
    decisions.enum_holds_lock = true;
    // Devices are told of events once they are registered, and have been filled by then.
    decisions.enumerates = Enumerates::Listed;
    decisions.marks = Marks::Last;
    decisions.adds = Adds::Alone;
    decisions.disassociates = Disassociates::Never;
    decisions.users.announces_locked = false;
    decisions.users.announces_renames = false;
}

/// What 6.1 and 6.12 have in common: users make links of siw and rxe, and find devices by their indices.
fn since_linux_6_1(decisions: &mut Decisions) {
    tables_in_core(decisions);
    decisions.adds = Adds::UnderLists;
    decisions.enumerates = Enumerates::Marked;
    decisions.marks = Marks::First;
    decisions.users.link_ops = LinkOps::Rwsem;
    decisions.users.unnamed_clients = true;
    decisions.users.walks = 3;
    decisions.users.link_local = true;
    decisions.users.exit_takes_rtnl = true;
    decisions.users.queries_port = true;
    decisions.users.found_by_index = true;
    decisions.users.dealloc_locks = true;
    decisions.users.iwarp_gid = true;
    decisions.users.default_gids = true;
    decisions.users.counted_first = true;
    // The latest releases of both have the fix of May 2025.
    decisions.users.announces_locked = true;
}

/// The variants of this file.
pub(super) const VARIANTS: &[Variant<Decisions>] = &[
    Variant {
        id: 0x14,
        name: "linux-4.3",
        says: "ib_core from 4.3 to 4.20: device_mutex over add() and remove(), and lists_rwsem to walk the devices",
        cites: &[kref("Jason Gunthorpe", "split the lock, so that the enumeration takes another one")],
        breaks: &["no-global-lock-over-driver-callback", "no-deadlock", "lock-order", "gid-table-converges"],
        with: &[],
        apply: |decisions| {
            tables_in_core(decisions);
            decisions.over_callbacks = Some((LockClass::DeviceMutex, Mode::Write));
            decisions.devices = LockClass::ListsRwsem;
            decisions.clients = LockClass::ListsRwsem;
            decisions.keeps = Keeps::Lock;
            decisions.lookup = Lookup::Devices;
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
        apply: |decisions| {
            tables_in_core(decisions);
            decisions.client_data_over_remove = true;
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
            "rdma-stream-converges",
        ],
        with: &[],
        apply: |decisions| {
            since_linux_6_1(decisions);
            decisions.users.work_ends = WorkEnds::AtBarrier;
            decisions.users.attach_may_name_nothing = true;
            decisions.users.ends_what_never_began = true;
        },
    },
    Variant {
        id: 0x32,
        name: "linux-7.3",
        says: "ib_core, siw and rxe as Linux 7.3 with lockdep has them: as 6.12, but listeners are notified of other names, no \
               driver needs the module of uverbs, a link of rxe pins the module, and may be moved to another namespace",
        cites: &[kref(
            "Jason Gunthorpe",
            "a lock that is not about registering alone shows the limits of holding it over callbacks",
        )],
        breaks: &["attach-within-registration"],
        with: &[],
        apply: |decisions| {
            since_linux_6_1(decisions);
            decisions.users.work_ends = WorkEnds::AtBarrier;
            decisions.users.attach_may_name_nothing = true;
            decisions.users.ends_what_never_began = true;
            decisions.users.announces_renames = true;
            decisions.users.netdev_rename_names_device = false;
            decisions.users.netdev_rename_comes_last = true;
            decisions.users.siw_needs_uverbs = false;
            decisions.users.rxe_needs_uverbs = false;
            decisions.users.rxe_link_pins_module = true;
            decisions.users.rxe_disassociates = true;
            decisions.users.move_to_own_does_nothing = true;
        },
    },
    Variant {
        id: 0x30,
        name: "linux-6.1",
        says: "ib_core, siw and rxe as Linux 6.1 has them: as 6.12, but no notification tells of a \
               device, and a netdev that moves is said to be renamed to the name that it has",
        cites: &[kref(
            "Jason Gunthorpe",
            "a lock that is not about registering alone shows the limits of holding it over callbacks",
        )],
        breaks: &["move-changes-the-name"],
        with: &[],
        apply: |decisions| {
            since_linux_6_1(decisions);
            decisions.users.notifies = false;
            decisions.users.renames_what_is_up = false;
            decisions.users.siw_needs_uverbs = false;
            decisions.users.move_says_rename = true;
            decisions.users.work_ends = WorkEnds::BeforeTheNext;
        },
    },
];
