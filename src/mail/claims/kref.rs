//! What the mail about a kref for IB devices claims.

use super::{Claim, Verdict, claims};
use crate::mail::KREF;

claims! { KREF:
    "Matan Barak", Right:
        "unregistering a device calls remove() with device_mutex held"
        => "ib/remove-flushes-work-that-needs-the-lock" under "ib=device-mutex" breaks ["no-global-lock-over-driver-callback", "no-deadlock", "lock-order"];
    "Matan Barak", Right:
        "every event of a netdev queues work that takes device_mutex too"
        => "ib/event-of-another-netdev-ahead-in-the-queue" under "ib=device-mutex" breaks ["no-global-lock-over-driver-callback", "no-deadlock", "lock-order"];
    "Jason Gunthorpe", Right:
        "that deadlock, and not lifetime, is what the patch is about"
        => "ib/remove-flushes-work-that-needs-the-lock" under "settled" breaks [];
    "Matan Barak", Wrong:
        "locking all devices keeps a device from being freed"
        => "ib/kref-keeps-memory-without-the-lock" under "settled" breaks [];
    "Jason Gunthorpe", Right:
        "device_mutex keeps no device from being freed, the existing kref does"
        => "ib/kref-keeps-memory-without-the-lock" under "settled" breaks [];
    "Jason Gunthorpe", Partly:
        "device_mutex must be held while the list is walked"
        => "ib/rcu-walk-is-waited-for-by-remove" under "ib=rcu-list" breaks [];
    "Matan Barak", Wrong:
        "before a device is unregistered, its last holder is to be waited for"
        => "ib/kref-is-not-operable-life" under "ib=kref-wait" breaks ["remove-is-synchronous"];
    "Jason Gunthorpe", Right:
        "all work must complete or be cancelled during remove()"
        => "ib/work-operates-a-freed-device" under "ib=unfenced-remove" breaks ["remove-is-synchronous", "no-work-left", "no-use-after-free"];
    "Matan Barak", Wrong:
        "the flush in remove() may be needless"
        => "ib/rcu-walk-without-a-flush-meets-freed-memory" under "ib=rcu-list+unfenced-remove" breaks ["remove-is-synchronous", "no-use-after-free"];
    "Matan Barak", Partly:
        "a queue for rescans alone is a way around the deadlock"
        => "ib/rescan-queue-unregisters-a-device" under "ib=rescan-queue" breaks ["no-global-lock-over-driver-callback"];
    "Jason Gunthorpe", Right:
        "more queues do not help, because all work must complete"
        => "ib/rescan-queue-leaves-the-other-work" under "ib=rescan-queue" breaks ["no-global-lock-over-driver-callback", "remove-is-synchronous"];
    "Matan Barak", Wrong:
        "all other work walks existing devices only, so it need not be waited for"
        => "ib/rescan-queue-leaves-the-other-work" under "ib=rescan-queue" breaks ["no-global-lock-over-driver-callback", "remove-is-synchronous"];
    "Matan Barak", Partly:
        "once a device is off the list no work finds it, and that is safe"
        => "ib/queued-delete-finds-no-device" under "ib=gid-deletes-lost" breaks ["no-deadlock"];
    "Matan Barak", Wrong:
        "if each remove() is synchronous, unregistering a client is, by induction"
        => "ib/client-is-gone-when-its-work-finds-a-new-device" under "ib=device-mutex" breaks ["no-global-lock-over-driver-callback", "remove-is-synchronous"];
    "Matan Barak", Right:
        "no work of a client may take device_mutex, of future clients neither"
        => "ib/another-client-meets-the-same-deadlock" under "ib=device-mutex" breaks ["no-global-lock-over-driver-callback", "no-deadlock", "lock-order"];
    "Jason Gunthorpe", Partly:
        "until that patch nothing that a client does met device_mutex"
        => "ib/mutex-of-four-three-serialises-all" under "ib=linux-4.3" breaks ["no-global-lock-over-driver-callback", "lock-order"];
    "Jason Gunthorpe", Right:
        "the trouble lies in using device_mutex for more than registering"
        => "ib/same-order-seen-without-deadlock" under "ib=device-mutex" breaks ["no-global-lock-over-driver-callback", "lock-order"];
    "Matan Barak", Right:
        "it came with taking the mutex in work that is flushed in remove()"
        => "ib/remove-holds-what-its-work-reads" under "ib=remove-under-client-data" breaks ["no-deadlock", "lock-order"];
    "Jason Gunthorpe", Partly:
        "splitting device_mutex in two solves it"
        => "ib/split-mutex-holds-one-lock-less" under "ib=split-mutex" breaks ["no-global-lock-over-driver-callback"];
    "Matan Barak", Right:
        "the split is a nice solution"
        => "ib/split-mutex-lets-the-work-of-cm-through" under "ib=split-mutex" breaks ["no-global-lock-over-driver-callback"];
    "Jason Gunthorpe", Wrong:
        "a reader-writer semaphore solves it"
        => "ib/rwsem-read-held-behind-a-writer" under "ib=rwsem-read-held" breaks ["no-global-lock-over-driver-callback", "no-deadlock", "lock-order"];
    "Matan Barak", Right:
        "a reader-writer semaphore does not, because the others write"
        => "ib/rwsem-read-while-write" under "ib=rwsem" breaks ["no-global-lock-over-driver-callback", "no-deadlock", "lock-order"];
    "Jason Gunthorpe", Right:
        "netdevs could be matched without holding a lock over the query"
        => "ib/enumeration-holds-the-list-in-five-three" under "ib=linux-5.3" breaks ["no-global-lock-over-driver-callback"];
    "Matan Barak", Partly:
        "a list under RCU would do, but is not worth the complexity"
        => "ib/rcu-walk-is-waited-for-by-remove" under "ib=rcu-list" breaks [];
    "Jason Gunthorpe", Right:
        "a driver may not operate a netdev once unregister_netdevice() has returned"
        => "ib/device-goes-in-the-notifier-of-its-netdev" under "ib=unregister-in-notifier" breaks ["no-global-lock-over-driver-callback", "no-deadlock", "lock-order"];
    "Jason Gunthorpe", Right:
        "a client may not operate a device once its remove() has returned"
        => "ib/command-runs-on-after-the-device-is-gone" under "ib=disassociate-at-once" breaks ["remove-is-synchronous", "no-use-after-free"];
    "Matan Barak", Wrong:
        "waiting for the kref makes unregistering synchronous in the same way"
        => "ib/kref-is-not-operable-life" under "ib=kref-wait" breaks ["remove-is-synchronous"];
    "Jason Gunthorpe", Right:
        "a client is a driver, whose text must be freeable once remove() has returned"
        => "ib/module-gone-while-remove-runs" under "ib=kref-wait" breaks ["remove-is-synchronous", "text-outlives-work", "one-remove-per-add"];
    "Matan Barak", Wrong:
        "that a device goes when its count is zero is a standard idiom as well"
        => "ib/kref-is-not-operable-life" under "ib=kref-wait" breaks ["remove-is-synchronous"];
    "Jason Gunthorpe", Right:
        "the lifetime of memory and that in which a device may be operated are different"
        => "ib/kref-is-not-operable-life" under "ib=kref-wait" breaks ["remove-is-synchronous"];
    "Jason Gunthorpe", Right:
        "a kref that describes more than memory is wrong, and two in one structure are nonsense"
        => "ib/memory-goes-under-an-active-user" under "ib=free-without-wait" breaks ["active-keeps-memory"];
    "Jason Gunthorpe", Right:
        "an active count with a completion may block an unregistration"
        => "ib/enumerate-during-unregister" under "settled" breaks [];
    "Matan Barak", Partly:
        "an atomic count could have been used instead of a kref"
        => "ib/client-operates-what-was-not-waited-for" under "ib=free-without-wait" breaks ["remove-is-synchronous", "one-remove-per-add", "no-use-after-free", "active-keeps-memory", "rdma-told-in-order"];
    "Jason Gunthorpe", Right:
        "a module may be unloaded only when no code of it runs or can run later"
        => "ib/module-gone-while-work-runs" under "ib=unfenced-exit" breaks ["text-outlives-work"];
    "Jason Gunthorpe", Right:
        "the kref leaves unregistering a client as it was, so modules go with code outstanding"
        => "ib/module-gone-while-remove-runs" under "ib=kref-wait" breaks ["remove-is-synchronous", "text-outlives-work", "one-remove-per-add"];
    "Matan Barak", Right:
        "the exit function flushes, so code may run until then, but may use no device"
        => "ib/client-is-gone-when-its-work-finds-a-new-device" under "ib=device-mutex" breaks ["no-global-lock-over-driver-callback", "remove-is-synchronous"];
    "Jason Gunthorpe", Right:
        "waiting for the device is a lock of all clients; something isolated to one client is needed"
        => "ib/second-queue-helps-the-gid-cache-alone" under "ib=rescan-queue" breaks ["no-global-lock-over-driver-callback", "no-deadlock", "lock-order"];
    "Jason Gunthorpe", Right:
        "a client can do that in its own remove(), without help of the core"
        => "ib/removing-from-every-device-is-enough" under "settled" breaks [];
    "Jason Gunthorpe", Right:
        "the text of a module must never be used again once remove() has returned"
        => "ib/driver-is-loaded-again-under-a-task-in-its-old-code" under "ib=unfenced-links" breaks ["text-outlives-work"];
    "Matan Barak", Partly:
        "option one: take client_mutex, call remove(), and only then take device_mutex"
        => "ib/split-mutex-still-lists-a-removed-device" under "ib=split-mutex" breaks ["no-global-lock-over-driver-callback", "remove-is-synchronous"];
    "Matan Barak", Partly:
        "option two: a queue of its own for work that is about one device"
        => "ib/rescan-queue-unregisters-a-device" under "ib=rescan-queue" breaks ["no-global-lock-over-driver-callback"];
}
