//! mdev's rules, and the variants that change one of them.
//!
//! Settled is what was merged and 6.12 still does: `registered` once the types can be used; on the way out the
//! children, the types and mdev core's own references go first, and `unregistered`, sent after the last of
//! them, says that all of it is over. That event uses the caller's device, so the caller holds a reference of
//! its own. Two fences go beyond 6.12, because without them the settled rules do not hold for every schedule:
//! unregistering waits for delayed releases, and a writer of `remove` keeps its device from being deleted. The
//! kernel itself is `release-unfenced` and `remove-unprotected`.

use crate::mail::{self, Cite};
use crate::variant::Variant;

/// When the `registered` uevent goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Registered {
    /// Once the types can be used.
    #[default]
    AfterSysfs,
    /// Before there are any.
    BeforeSysfs,
}

/// When the `unregistered` uevent goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unregistered {
    /// After mdev core put its last reference: it is over.
    #[default]
    AfterPut,
    /// While mdev core still holds one: the device is there even if the caller holds none.
    BeforePut,
    /// Before anything is taken down.
    BeforeTeardown,
}

/// What the vendor driver does with the reference it made the device with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VendorReference {
    /// Keeps it until it has unregistered.
    #[default]
    Own,
    /// Puts it after registering and relies on mdev core's.
    Borrowed,
}

/// What a second registration of one device meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// `EEXIST`.
    #[default]
    Refused,
    /// Nothing: drivers do it right, so nobody looks.
    Unchecked,
}

/// How creation and removal of a child keep apart from the end of the parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronisation {
    /// They hold `unreg_sem` for reading, and give up if they cannot have it at once.
    #[default]
    Trylock,
    /// Creation waits for `unreg_sem`.
    Wait,
    /// Not at all.
    None,
}

/// What keeps a child while somebody writes to its `remove` file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RemoveFile {
    /// The write itself: deletion of the device waits for it until it holds `unreg_sem`.
    #[default]
    KeepsDevice,
    /// Nothing, once the file has removed itself.
    LetsGo,
}

/// The decisions of mdev core; the default is what was settled.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the types say it")]
pub struct Rules {
    pub registered: Registered,
    pub unregistered: Unregistered,
    pub vendor_reference: VendorReference,
    pub duplicates: Duplicates,
    pub synchronisation: Synchronisation,
    pub remove_file: RemoveFile,
    /// Whether unregistering and unloading wait until releases have run.
    pub release_fence: bool,
    /// Whether mdev core holds a reference to the device of a registered parent.
    pub core_reference: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            registered: Registered::default(),
            unregistered: Unregistered::default(),
            vendor_reference: VendorReference::default(),
            duplicates: Duplicates::default(),
            synchronisation: Synchronisation::default(),
            remove_file: RemoveFile::default(),
            release_fence: true,
            core_reference: true,
        }
    }
}

/// A claim made in the mail on uevents.
const fn cite(who: &'static str, claim: &'static str) -> Cite {
    Cite { mail: &mail::UEVENTS, who, claim }
}

/// Every variant of mdev.
pub const VARIANTS: &[&[Variant<Rules>]] = &[&[
    Variant {
        id: 0,
        name: "uevent-before-put",
        says: "unregistered is sent while mdev core still holds its reference to the device",
        cites: &[
            cite(
                "Kirti Wankhede",
                "sent before the put, the event is safe even if no other reference is left",
            ),
            cite("Alex Williamson", "it marks completion, and while a reference is held nothing is complete"),
        ],
        breaks: &["uevent-order"],
        with: &[],
        apply: |rules| rules.unregistered = Unregistered::BeforePut,
    },
    Variant {
        id: 1,
        name: "uevent-before-sysfs",
        says: "registered is sent before the types can be used",
        cites: &[cite(
            "Alex Williamson",
            "an event marks a completed registration, for udev rules to act on",
        )],
        breaks: &["uevent-order"],
        with: &[],
        apply: |rules| rules.registered = Registered::BeforeSysfs,
    },
    Variant {
        id: 2,
        name: "uevent-before-teardown",
        says: "unregistered is sent before the children and the types go",
        cites: &[cite("Alex Williamson", "the event belongs where what it says is true")],
        breaks: &["uevent-order"],
        with: &[],
        apply: |rules| rules.unregistered = Unregistered::BeforeTeardown,
    },
    Variant {
        id: 3,
        name: "borrowed-reference",
        says: "the vendor driver puts its reference after registering and relies on mdev core's",
        cites: &[
            cite(
                "Kirti Wankhede",
                "a vendor driver need not do the right thing, and then the device is freed",
            ),
            cite("Alex Williamson", "a caller must not rely on mdev core's reference to replace its own"),
        ],
        breaks: &["uevent-while-alive", "no-use-after-free"],
        with: &[],
        apply: |rules| rules.vendor_reference = VendorReference::Borrowed,
    },
    Variant {
        id: 4,
        name: "unchecked-duplicates",
        says: "a second registration of a device is not refused",
        cites: &[
            cite("Kirti Wankhede", "if drivers always do it right, no check for duplicates is needed"),
            cite("Parav Pandit", "registering twice is a driver's bug that should be warned about"),
        ],
        breaks: &["uevent-order", "references-balance"],
        with: &[],
        apply: |rules| rules.duplicates = Duplicates::Unchecked,
    },
    Variant {
        id: 5,
        name: "release-unfenced",
        says: "unregistering and unloading do not wait until releases have run",
        cites: &[cite("Kirti Wankhede", "a release may be deferred to a workqueue, after a random delay")],
        breaks: &["uevent-order", "text-outlives-work"],
        with: &["config=delayed-release"],
        apply: |rules| rules.release_fence = false,
    },
    Variant {
        id: 6,
        name: "create-unsynchronised",
        says: "nothing keeps create and remove of a child apart from the end of its parent (up to 5.1)",
        cites: &[cite("Kirti Wankhede", "unregistered means that no new child can be created")],
        breaks: &["uevent-order", "references-balance", "text-outlives-work"],
        with: &[],
        apply: |rules| rules.synchronisation = Synchronisation::None,
    },
    Variant {
        id: 7,
        name: "create-waits",
        says: "create waits for unreg_sem while the removal of its file waits for it",
        cites: &[cite(
            "Kirti Wankhede",
            "unregistering removes the files, so that no new child can be created",
        )],
        breaks: &["no-deadlock", "lock-order"],
        with: &[],
        apply: |rules| rules.synchronisation = Synchronisation::Wait,
    },
    Variant {
        id: 8,
        name: "remove-unprotected",
        says: "a writer of remove keeps nothing alive before it holds unreg_sem (6.12 as we read it)",
        cites: &[cite("Kirti Wankhede", "whoever uses a device should hold a reference while it does")],
        breaks: &["no-use-after-free"],
        with: &[],
        apply: |rules| rules.remove_file = RemoveFile::LetsGo,
    },
    Variant {
        id: 9,
        name: "no-core-reference",
        says: "mdev core holds no reference to the device of a registered parent",
        cites: &[
            cite(
                "Alex Williamson",
                "Parav Pandit once proposed it; a core should show that it uses the device",
            ),
            cite("Kirti Wankhede", "if drivers always do it right, the core needs no reference either"),
        ],
        breaks: &["no-use-after-free", "uevent-while-alive"],
        with: &["borrowed-reference"],
        apply: |rules| rules.core_reference = false,
    },
]];
