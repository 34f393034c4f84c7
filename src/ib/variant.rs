//! Variants of ib_core's decisions.
//!
//! The mail of 2015 weighs cures for one deadlock. Each cure is a variant here, as it was proposed; in the
//! folder are those about clients, about the GID tables, about what users are told, and the decisions that kernels had.

mod client;
mod cma;
mod compat;
mod gid;
mod kernel;
mod user;

use super::decisions::{Adds, Decisions, Enumerates, Flushes, Keeps, Lookup};
use crate::event::{LockClass, Mode, QueueName};
use crate::mail::{self, Cite};
use crate::variant::{Theme, Variant};

/// What the mutex of 2015 and most of its cures share: a lock of everything is held over callbacks, and netdev
/// work walks the list of devices under that list's lock. A device leaves the list after its clients do.
fn under_one_lock(decisions: &mut Decisions, lists: LockClass, over: LockClass) {
    decisions.devices = lists;
    decisions.clients = over;
    decisions.over_callbacks = Some((over, Mode::Write));
    decisions.keeps = Keeps::Lock;
    decisions.enum_holds_lock = true;
    decisions.adds = Adds::Alone;
    decisions.lookup = Lookup::Devices;
    decisions.enumerates = Enumerates::Listed;
    decisions.hides_first = false;
}

pub(super) const fn kref(who: &'static str, claim: &'static str) -> Cite {
    Cite { mail: &mail::KREF, who, claim }
}

/// The variants of ib_core by theme.
pub const THEMES: &[Theme<Decisions>] = &[
    Theme {
        title: "ib_core: device_mutex",
        about: "The mutex of 2015 over both lists, and the cures that the review proposed.",
        variants: MAIL,
    },
    Theme {
        title: "ib_core: clients",
        about: "In which order clients get and lose a device, and who unregisters a device when.",
        variants: client::VARIANTS,
    },
    Theme {
        title: "ib_core: GID tables",
        about: "When the GID table of a device is filled and follows its netdev.",
        variants: gid::VARIANTS,
    },
    Theme {
        title: "ib_core: compat devices",
        about: "When something stands for a device in the namespaces that it is not in.",
        variants: compat::VARIANTS,
    },
    Theme {
        title: "ib_core: rdma_cm",
        about: "What becomes of the ids with which users listen, where a listen fails and where a device goes.",
        variants: cma::VARIANTS,
    },
    Theme {
        title: "ib_core: kernels",
        about: "The decisions of releases since 2015.",
        variants: kernel::VARIANTS,
    },
    Theme {
        title: "ib_core: users",
        about: "What users are notified of and when, and how names and links come and go.",
        variants: user::VARIANTS,
    },
];

/// The mutex of 2015 and its cures.
const MAIL: &[Variant<Decisions>] = &[
    Variant {
        id: 0x00,
        name: "device-mutex",
        says: "one mutex for both lists, held over add() and remove(); netdev work takes it to walk the devices",
        cites: &[
            kref("Matan Barak", "unregistering calls remove() under device_mutex, and the work takes it too"),
            kref(
                "Jason Gunthorpe",
                "taking device_mutex in the enumeration exposes the limits of that mutex",
            ),
        ],
        breaks: &[
            "no-global-lock-over-driver-callback",
            "no-deadlock",
            "lock-order",
            "remove-is-synchronous",
        ],
        with: &[],
        apply: |decisions| under_one_lock(decisions, LockClass::DeviceMutex, LockClass::DeviceMutex),
    },
    Variant {
        id: 0x01,
        name: "kref-wait",
        says: "a kref keeps a device for its work, and unregistering waits for it; remove() does not flush",
        cites: &[
            kref("Matan Barak", "a device may be removed when its reference count is zero, and only then"),
            kref(
                "Jason Gunthorpe",
                "nothing makes ib_unregister_client() wait, so a module can exit under its code",
            ),
        ],
        breaks: &["remove-is-synchronous", "text-outlives-work", "one-remove-per-add"],
        with: &[],
        apply: |decisions| {
            decisions.devices = LockClass::DeviceMutex;
            decisions.clients = LockClass::DeviceMutex;
            decisions.over_callbacks = None;
            decisions.keeps = Keeps::Kref;
            decisions.hides_first = true;
            decisions.enumerates = Enumerates::Listed;
            decisions.remove_flushes = Flushes::Nothing;
            decisions.client_waits = false;
            decisions.adds = Adds::Alone;
            decisions.lookup = Lookup::Devices;
        },
    },
    Variant {
        id: 0x02,
        name: "split-mutex",
        says: "client_mutex over callbacks, device_mutex for the list, taken after remove() for the rest",
        cites: &[
            kref(
                "Jason Gunthorpe",
                "two mutexes, and only the one of the clients while their list is worked on",
            ),
            kref("Matan Barak", "unregistering takes client_mutex, calls remove(), then takes device_mutex"),
        ],
        breaks: &["no-global-lock-over-driver-callback", "remove-is-synchronous"],
        with: &[],
        apply: |decisions| under_one_lock(decisions, LockClass::DeviceMutex, LockClass::ClientMutex),
    },
    Variant {
        id: 0x03,
        name: "rescan-queue",
        says: "device_mutex stays over remove(); device-specific work has a queue of its own, the only one flushed",
        cites: &[
            kref("Matan Barak", "other work only walks the list, so flushing the rescans alone is enough"),
            kref(
                "Jason Gunthorpe",
                "more queues do not help: all work must be complete when remove() returns",
            ),
        ],
        breaks: &[
            "no-global-lock-over-driver-callback",
            "no-deadlock",
            "lock-order",
            "remove-is-synchronous",
        ],
        with: &[],
        apply: |decisions| {
            under_one_lock(decisions, LockClass::DeviceMutex, LockClass::DeviceMutex);
            decisions.rescan = QueueName::Rescan;
            decisions.remove_flushes = Flushes::Rescan;
        },
    },
    Variant {
        id: 0x04,
        name: "rwsem",
        says: "device_mutex becomes a reader-writer semaphore: written over remove(), read to walk the devices",
        cites: &[
            kref("Jason Gunthorpe", "the mutex could become a reader-writer semaphore"),
            kref(
                "Matan Barak",
                "all but the enumeration change the list, so it reads while another writes, as before",
            ),
        ],
        breaks: &["no-global-lock-over-driver-callback", "no-deadlock", "lock-order"],
        with: &[],
        apply: |decisions| under_one_lock(decisions, LockClass::DevicesRwsem, LockClass::DevicesRwsem),
    },
    Variant {
        id: 0x05,
        name: "rwsem-read-held",
        says: "the semaphore is only read over add() and remove()",
        cites: &[kref("Matan Barak", "a reader-writer semaphore may leave all tasks in the same condition")],
        breaks: &["no-global-lock-over-driver-callback", "no-deadlock", "lock-order"],
        with: &[],
        apply: |decisions| decisions.over_callbacks = Some((LockClass::DevicesRwsem, Mode::Read)),
    },
    Variant {
        id: 0x06,
        name: "unfenced-remove",
        says: "the gid cache's remove() returns while its work is queued or runs",
        cites: &[kref(
            "Jason Gunthorpe",
            "a client's work must be cancelled or complete when its remove() returns",
        )],
        breaks: &["remove-is-synchronous", "no-work-left", "no-use-after-free"],
        with: &[],
        apply: |decisions| decisions.remove_flushes = Flushes::Nothing,
    },
    Variant {
        id: 0x07,
        name: "unfenced-exit",
        says: "the gid cache's exit function leaves the flushing to remove()",
        cites: &[
            kref(
                "Matan Barak",
                "the exit function flushes, so that no code runs when the module is unloaded",
            ),
            kref("Jason Gunthorpe", "no module code may run, or be able to run later, once it is unloaded"),
        ],
        breaks: &["text-outlives-work"],
        with: &[],
        apply: |decisions| decisions.exit_flushes = false,
    },
];
