//! mdev's decisions, and the variants that change one of them.
//!
//! Settled is what was merged and 6.12 still does: `registered` once the types can be used; on the way out the
//! children, the types and mdev core's own references go first, and `unregistered`, sent after the last of
//! them, says that all of it is over. That event uses the caller's device, so the caller holds a reference of
//! its own. Two fences go beyond 6.12, because without them the settled decisions do not hold for every schedule:
//! unregistering waits for delayed releases, and a writer of `remove` or `unbind` keeps the device from being deleted. The
//! kernel itself is `release-unfenced` and `remove-unprotected`.

use super::decisions::{
    Decisions, Duplicates, Lookup, ParentObject, Registered, RemoveFile, Synchronisation, Unregistered,
    Unregistration, UuidTaken, VendorReference,
};
use crate::mail::{self, Cite};
use crate::variant::{Theme, Variant};

/// A claim made in the mail on uevents.
const fn cite(who: &'static str, claim: &'static str) -> Cite {
    Cite { mail: &mail::UEVENTS, who, claim }
}

/// The variants of mdev, which are one theme.
pub const THEMES: &[Theme<Decisions>] = &[Theme {
    title: "mdev",
    about: "When a parent's uevents are sent, who holds references to it, and what keeps create and remove apart.",
    variants: VARIANTS,
}];

/// What every kernel since 6.1 has.
fn since_linux_6_1(decisions: &mut Decisions) {
    decisions.parent_object = ParentObject::Embedded;
    decisions.remove_file = RemoveFile::LetsGo;
    decisions.release_fence = false;
    decisions.instance_lost_without_memory = true;
    decisions.module_comes_with_parent = true;
}

const VARIANTS: &[Variant<Decisions>] = &[
    Variant {
        id: 0x00,
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
        apply: |decisions| decisions.unregistered = Unregistered::BeforePut,
    },
    Variant {
        id: 0x01,
        name: "uevent-before-sysfs",
        says: "registered is sent before the types can be used",
        cites: &[cite(
            "Alex Williamson",
            "an event marks a completed registration, for udev rules to act on",
        )],
        breaks: &["uevent-order", "rules-find-what-is-said"],
        with: &[],
        apply: |decisions| decisions.registered = Registered::BeforeSysfs,
    },
    Variant {
        id: 0x02,
        name: "uevent-before-teardown",
        says: "unregistered is sent before the children and the types go",
        cites: &[cite("Alex Williamson", "the event belongs where what it says is true")],
        breaks: &["uevent-order", "rules-find-what-is-said"],
        with: &[],
        apply: |decisions| decisions.unregistered = Unregistered::BeforeTeardown,
    },
    Variant {
        id: 0x03,
        name: "borrowed-reference",
        says: "the vendor driver puts its reference after registering and relies on mdev core's",
        cites: &[
            cite(
                "Kirti Wankhede",
                "a vendor driver need not do the right thing, and then the device is freed",
            ),
            cite("Alex Williamson", "a caller must not rely on mdev core's reference to replace its own"),
        ],
        breaks: &["uevent-while-alive", "no-use-after-free", "caller-holds-reference"],
        with: &[],
        apply: |decisions| decisions.vendor_reference = VendorReference::Borrowed,
    },
    Variant {
        id: 0x04,
        name: "unchecked-duplicates",
        says: "a second registration of a device is not refused",
        cites: &[
            cite("Kirti Wankhede", "if drivers always do it right, no check for duplicates is needed"),
            cite("Parav Pandit", "registering twice is a driver's bug that should be warned about"),
        ],
        breaks: &["uevent-order", "references-balance", "core-references-balance"],
        with: &[],
        apply: |decisions| decisions.duplicates = Duplicates::Unchecked,
    },
    Variant {
        id: 0x05,
        name: "release-unfenced",
        says: "unregistering and unloading do not wait until releases have run",
        cites: &[cite("Kirti Wankhede", "a release may be deferred to a workqueue, after a random delay")],
        breaks: &["uevent-order", "text-outlives-work", "core-references-balance"],
        with: &["config=delayed-release"],
        apply: |decisions| decisions.release_fence = false,
    },
    Variant {
        id: 0x06,
        name: "create-unsynchronised",
        says: "nothing keeps create and remove of a child apart from the end of its parent (up to 5.1)",
        cites: &[cite("Kirti Wankhede", "unregistered means that no new child can be created")],
        breaks: &["uevent-order", "references-balance", "text-outlives-work", "core-references-balance"],
        with: &[],
        apply: |decisions| decisions.synchronisation = Synchronisation::None,
    },
    Variant {
        id: 0x07,
        name: "create-waits",
        says: "create waits for unreg_sem while the removal of its file waits for it",
        cites: &[cite(
            "Kirti Wankhede",
            "unregistering removes the files, so that no new child can be created",
        )],
        breaks: &["no-deadlock", "lock-order"],
        with: &[],
        apply: |decisions| decisions.synchronisation = Synchronisation::Wait,
    },
    Variant {
        id: 0x08,
        name: "remove-unprotected",
        says: "a writer of remove or unbind keeps no device from being removed (6.12 as we read it)",
        cites: &[cite("Kirti Wankhede", "a user of a device should hold a reference while it uses it")],
        breaks: &["no-use-after-free"],
        with: &[],
        apply: |decisions| decisions.remove_file = RemoveFile::LetsGo,
    },
    Variant {
        id: 0x09,
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
        apply: |decisions| decisions.core_reference = false,
    },
    Variant {
        id: 0x0a,
        name: "linux-6.12",
        says: "mdev as Linux 6.12 has it: the parent is the vendor driver's memory, each type has a reference \
               to the device, and no task waits for releases",
        cites: &[cite("Kirti Wankhede", "a user of a device should hold a reference while it uses it")],
        breaks: &["no-use-after-free"],
        with: &[],
        apply: since_linux_6_1,
    },
    Variant {
        id: 0x0b,
        name: "uevent-never",
        says: "no uevent says that a parent is registered or unregistered (up to 5.2)",
        cites: &[cite(
            "Alex Williamson",
            "without an event udev cannot trigger a rule when a parent is registered or unregistered",
        )],
        breaks: &["completion-is-told"],
        with: &[],
        apply: |decisions| {
            (decisions.registered, decisions.unregistered) = (Registered::Never, Unregistered::Never)
        },
    },
    Variant {
        id: 0x0c,
        name: "parent-handle",
        says: "registering returns a handle and unregistering takes it, instead of looking the device up",
        cites: &[cite(
            "Parav Pandit",
            "a handle would do instead of a lookup that may fail and a warning when it does",
        )],
        breaks: &["no-use-after-free"],
        with: &[],
        apply: |decisions| decisions.lookup = Lookup::Handle,
    },
    Variant {
        id: 0x0d,
        name: "warn-on-duplicates",
        says: "a second registration of a device is refused with a warning, and so is an unregistration without one",
        cites: &[
            cite(
                "Parav Pandit",
                "a driver that registers or unregisters twice has a bug that should be warned about",
            ),
            cite("Kirti Wankhede", "if drivers are taken to be right, nothing of that needs to be checked"),
        ],
        breaks: &["no-warning"],
        with: &[],
        apply: |decisions| decisions.duplicates = Duplicates::Warned,
    },
    Variant {
        id: 0x0e,
        name: "uuid-until-removal",
        says: "a UUID can be used again once the device with it is removed, released or not",
        cites: &[cite("Kirti Wankhede", "a release may be deferred to a workqueue, after a random delay")],
        breaks: &["uuid-taken-until-release"],
        with: &[],
        apply: |decisions| decisions.uuid_taken = UuidTaken::UntilRemoval,
    },
    Variant {
        id: 0x0f,
        name: "removal-unnoted",
        says: "no flag says that a device is being removed, so that its user and its parent may both do it",
        cites: &[cite("Kirti Wankhede", "each child is removed when its parent is unregistered")],
        breaks: &["no-use-after-free"],
        with: &["create-unsynchronised"],
        apply: |decisions| decisions.removal_is_noted = false,
    },
    Variant {
        id: 0x10,
        name: "driver-does-not-wait",
        says: "a child's driver unbinds from it while a user has it open",
        cites: &[cite("Kirti Wankhede", "a user of a device should hold a reference while it uses it")],
        breaks: &["no-use-after-free"],
        with: &[],
        apply: |decisions| decisions.driver_waits_for_users = false,
    },
    Variant {
        id: 0x11,
        name: "unregister-deferred",
        says: "the vendor driver unregisters later, in a work item, and keeps its reference until then",
        cites: &[cite("Kirti Wankhede", "a vendor driver may defer unregistration to a workqueue")],
        breaks: &[],
        with: &[],
        apply: |decisions| decisions.unregistration = Unregistration::Deferred,
    },
    Variant {
        id: 0x12,
        name: "unregister-deferred-unreferenced",
        says: "the vendor driver unregisters later, in a work item, and puts its reference at once",
        cites: &[
            cite(
                "Kirti Wankhede",
                "a vendor driver may defer unregistration, and then the device may be gone at the event",
            ),
            cite(
                "Alex Williamson",
                "a driver that unregisters a device must not have dropped its own reference before",
            ),
        ],
        breaks: &["uevent-while-alive", "no-use-after-free", "caller-holds-reference"],
        with: &[],
        apply: |decisions| decisions.unregistration = Unregistration::DeferredWithoutReference,
    },
    Variant {
        id: 0x13,
        name: "instance-lost",
        says: "an instance that was counted stays so when there is no memory for the device, as in 6.12",
        cites: &[cite("Alex Williamson", "what mdev core takes has to balance out within mdev core")],
        breaks: &["instances-come-back"],
        with: &[],
        apply: |decisions| decisions.instance_lost_without_memory = true,
    },
    Variant {
        id: 0x14,
        name: "linux-5.1",
        says: "mdev as Linux up to 5.1 has it: no event, and nothing keeps create and remove apart from unregistering",
        cites: &[cite(
            "Alex Williamson",
            "without an event udev cannot trigger a rule when a parent is registered or unregistered",
        )],
        breaks: &["completion-is-told", "references-balance"],
        with: &[],
        apply: |decisions| {
            (decisions.registered, decisions.unregistered) = (Registered::Never, Unregistered::Never);
            decisions.synchronisation = Synchronisation::None;
            decisions.open_is_refused = true;
            decisions.remove_file = RemoveFile::LetsGo;
            decisions.release_fence = false;
        },
    },
    Variant {
        id: 0x15,
        name: "linux-5.2",
        says: "mdev as Linux 5.2 has it: unreg_sem, and no event yet",
        cites: &[cite(
            "Alex Williamson",
            "without an event udev cannot trigger a rule when a parent is registered or unregistered",
        )],
        breaks: &["completion-is-told", "no-use-after-free"],
        with: &[],
        apply: |decisions| {
            (decisions.registered, decisions.unregistered) = (Registered::Never, Unregistered::Never);
            decisions.remove_file = RemoveFile::LetsGo;
            decisions.release_fence = false;
        },
    },
    Variant {
        id: 0x16,
        name: "linux-5.3",
        says: "mdev as Linux 5.3 has it, with the events as they were merged",
        cites: &[cite(
            "Alex Williamson",
            "the event goes out after the put, with the caller's own reference",
        )],
        breaks: &["no-use-after-free"],
        with: &[],
        apply: |decisions| {
            decisions.remove_file = RemoveFile::LetsGo;
            decisions.release_fence = false;
        },
    },
    Variant {
        id: 0x17,
        name: "linux-6.1",
        says: "mdev as Linux 6.1 has it, which is as 6.12",
        cites: &[cite("Kirti Wankhede", "a user of a device should hold a reference while it uses it")],
        breaks: &["no-use-after-free"],
        with: &[],
        apply: since_linux_6_1,
    },
    Variant {
        id: 0x18,
        name: "linux-7.3",
        says: "mdev as Linux 7.3 has it, which is as 6.12",
        cites: &[cite("Kirti Wankhede", "a user of a device should hold a reference while it uses it")],
        breaks: &["no-use-after-free"],
        with: &[],
        apply: since_linux_6_1,
    },
    Variant {
        id: 0x19,
        name: "uuid-for-ever",
        says: "a UUID stays taken after its device is released",
        cites: &[cite("Alex Williamson", "what mdev core takes has to balance out within mdev core")],
        breaks: &["uuid-taken-until-release"],
        with: &[],
        apply: |decisions| decisions.uuid_taken = UuidTaken::ForEver,
    },
];
