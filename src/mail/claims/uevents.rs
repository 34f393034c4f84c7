//! What the mail about uevents of parents claims.

use super::{Claim, Verdict, claims};
use crate::mail::UEVENTS;

claims! { UEVENTS:
    "Alex Williamson", Right:
        "events let udev trigger rules when a parent is registered or unregistered"
        => "mdev/mdevctl-follows-a-parent" under "settled" breaks [];
    "Alex Williamson", Right:
        "without the events no rule is triggered"
        => "mdev/nobody-is-told" under "mdev=uevent-never" breaks ["completion-is-told"];
    "Alex Williamson", Right:
        "`unregistered` may be sent after mdev core's last put"
        => "mdev/uevent-after-last-put" under "settled" breaks [];
    "Kirti Wankhede", Partly:
        "that put may free the device, so the event belongs before it"
        => "mdev/borrowed-reference" under "mdev=borrowed-reference" breaks ["no-use-after-free", "caller-holds-reference", "uevent-while-alive"];
    "Alex Williamson", Right:
        "a caller that has no reference to the device it passes is bogus"
        => "mdev/borrowed-reference" under "settled" breaks [];
    "Alex Williamson", Right:
        "the caller cannot rely on mdev core's reference"
        => "mdev/borrowed-reference-released-at-once" under "mdev=borrowed-reference config=delayed-release" breaks ["no-use-after-free", "caller-holds-reference", "uevent-while-alive"];
    "Alex Williamson", Right:
        "mdev core takes a reference so that the device cannot disappear under it"
        => "mdev/no-core-reference" under "mdev=borrowed-reference+no-core-reference" breaks ["no-use-after-free", "caller-holds-reference", "uevent-while-alive"];
    "Kirti Wankhede", Wrong:
        "unregistering should be the mirror image of registering"
        => "mdev/uevent-before-teardown" under "mdev=uevent-before-teardown" breaks ["uevent-order"];
    "Alex Williamson", Right:
        "the events mark the completion of each process"
        => "mdev/mdevctl-forgets-what-is-there" under "mdev=uevent-before-teardown" breaks ["uevent-order", "rules-find-what-is-said"];
    "Kirti Wankhede", Partly:
        "to be on the safer side the event should be sent before the put"
        => "mdev/borrowed-reference-lives-through-early-uevent" under "mdev=uevent-before-put+borrowed-reference" breaks ["caller-holds-reference", "uevent-order"];
    "Alex Williamson", Right:
        "mdev core should not be bent for a vendor driver that might have problems"
        => "mdev/uevent-before-put-claims-too-early" under "mdev=uevent-before-put" breaks ["uevent-order"];
    "Alex Williamson", Right:
        "the vendor driver must have other references"
        => "mdev/no-core-reference-with-owner" under "mdev=no-core-reference" breaks [];
    "Kirti Wankhede", Answered:
        "is the vendor driver going to do the right thing always?"
        => "mdev/register-twice" under "settled" breaks [];
    "Alex Williamson", Right:
        "mdev core makes reasonable assumptions about drivers"
        => "mdev/uevent-after-last-put" under "settled" breaks [];
    "Parav Pandit", Right:
        "a driver must register and unregister once each"
        => "mdev/register-twice-unchecked" under "mdev=unchecked-duplicates" breaks ["references-balance", "core-references-balance", "uevent-order"];
    "Parav Pandit", Right:
        "a driver must have a valid reference to the device for which it does so"
        => "mdev/unregister-is-deferred-without-reference" under "mdev=unregister-deferred-unreferenced" breaks ["caller-holds-reference", "uevent-while-alive", "no-use-after-free"];
    "Parav Pandit", Right:
        "a second registration should be warned about"
        => "mdev/register-twice-warns" under "mdev=warn-on-duplicates" breaks ["no-warning"];
    "Parav Pandit", Right:
        "so should an unregistration of what is not there"
        => "devlink/remove-of-what-a-failed-reload-unregistered" under "devlink=register-inside-reload" breaks ["registration-constant-in-reload", "no-recursion", "no-warning"];
    "Kirti Wankhede", Wrong:
        "if drivers always do it right, no check for duplicates is needed"
        => "mdev/register-twice-unchecked" under "mdev=unchecked-duplicates" breaks ["references-balance", "core-references-balance", "uevent-order"];
    "Parav Pandit", Partly:
        "a handle instead of a lookup makes the warning needless"
        => "mdev/stale-handle-is-used" under "mdev=parent-handle" breaks ["no-use-after-free"];
    "Alex Williamson", Right:
        "the parent lives on a bus, whose references keep it"
        => "mdev/card-on-a-bus-needs-no-core-reference" under "mdev=borrowed-reference" breaks [];
    "Kirti Wankhede", Right:
        "mdev is not for PCI devices alone"
        => "mdev/borrowed-reference-released-later" under "mdev=borrowed-reference config=delayed-release" breaks ["caller-holds-reference"];
    "Alex Williamson", Right:
        "a virtual device lives from its module's init to its exit, and is registered between the two"
        => "mdev/virtual-parent-lives-with-its-module" under "settled" breaks [];
    "Kirti Wankhede", Partly:
        "mdev core should hold a reference rather than rely on another's"
        => "mdev/child-of-a-parent-without-a-reference" under "mdev=borrowed-reference+no-core-reference" breaks ["no-use-after-free", "caller-holds-reference", "uevent-while-alive"];
    "Parav Pandit", Partly:
        "mdev core's references could be removed entirely"
        => "mdev/no-core-reference-with-owner" under "mdev=no-core-reference" breaks [];
    "Alex Williamson", Right:
        "it is good practice to show by references that mdev core and each child use the parent"
        => "mdev/child-of-a-parent-without-a-reference" under "mdev=borrowed-reference+no-core-reference" breaks ["no-use-after-free", "caller-holds-reference", "uevent-while-alive"];
    "Alex Williamson", Right:
        "those references balance out within mdev core"
        => "mdev/unbind-outlives-its-parent" under "mdev=remove-unprotected" breaks ["core-references-balance", "uevent-order"];
    "Kirti Wankhede", Wrong:
        "there is no advantage in an event after the put"
        => "mdev/uevent-before-put-claims-too-early" under "mdev=uevent-before-put" breaks ["uevent-order"];
    "Alex Williamson", Right:
        "while mdev core holds a reference the device is not fully unregistered"
        => "mdev/uevent-before-put-claims-too-early" under "mdev=uevent-before-put" breaks ["uevent-order"];
    "Kirti Wankhede", Partly:
        "by then the device is off the list and no child can be created"
        => "mdev/create-during-unregister-orphans-child" under "mdev=create-unsynchronised" breaks ["references-balance", "core-references-balance", "uevent-order"];
    "Kirti Wankhede", Right:
        "a release may run at some random time after the last put"
        => "mdev/delayed-release-then-module-gone" under "mdev=release-unfenced config=delayed-release" breaks ["text-outlives-work", "core-references-balance", "uevent-order"];
    "Alex Williamson", Right:
        "the device passed in is not affected by what mdev core tears down"
        => "mdev/delayed-release-settled" under "config=delayed-release" breaks [];
    "Kirti Wankhede", Partly:
        "a deferred unregistration may meet a device that is gone"
        => "mdev/unregister-is-deferred-without-reference" under "mdev=unregister-deferred-unreferenced" breaks ["caller-holds-reference", "uevent-while-alive", "no-use-after-free"];
    "Alex Williamson", Right:
        "that makes no sense where the caller keeps its own reference"
        => "mdev/unregister-is-deferred" under "mdev=unregister-deferred" breaks [];
    "Kirti Wankhede", Right:
        "a device is to be used under one's own reference"
        => "mdev/remove-while-parent-takes-child" under "mdev=remove-unprotected" breaks ["no-use-after-free"];
}
