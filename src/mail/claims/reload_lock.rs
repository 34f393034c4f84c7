//! What the mail about the lock of reload claims.

use super::{Claim, Verdict, claims};
use crate::mail::RELOAD_LOCK;

claims! { RELOAD_LOCK:
    "Jason Gunthorpe", Right:
        "testing of mlx5 finds an alarming number of bugs connected to devlink"
        => "devlink/reload-hangs-in-the-remove-of-a-client" under "ib=device-mutex" breaks ["no-global-lock-over-driver-callback", "no-deadlock", "lock-order"];
    "Jason Gunthorpe", Right:
        "reload attaches and detaches auxiliary devices, which is why RDMA is in the traces"
        => "devlink/reload-meets-unload-and-netdev-event" under "settled" breaks [];
    "Jakub Kicinski", Answered:
        "what is the exact need?"
        => "devlink/reload-wants-the-lock-of-all-namespaces" under "devlink=notifier-in-reload+pernet-lock-over-reload" breaks ["no-deadlock", "no-global-lock-over-driver-callback", "lock-order"];
    "Jakub Kicinski", Right:
        "the main use of reload with a namespace is to place a virtual function in a container"
        => "devlink/function-goes-to-a-container-and-comes-back" under "settled" breaks [];
    "Jason Gunthorpe", Right:
        "moving the physical function is useful too"
        => "devlink/linux-reload-moves-to-a-namespace" under "devlink=linux-6.12" breaks [];
    "Jason Gunthorpe", Right:
        "once the list of namespaces can be walked without their lock, reload need not run under it"
        => "devlink/reload-wants-the-lock-of-all-namespaces" under "settled" breaks [];
    "Jakub Kicinski", Partly:
        "locking is only a symptom"
        => "devlink/instance-stays-in-a-namespace-that-ends" under "devlink=driver-keeps-netns" breaks ["netns-exit-empties"];
    "Jason Gunthorpe", Partly:
        "reload while a namespace is destroyed is an interface to users now, so its cause may be beyond repair"
        => "devlink/linux-namespace-ends-with-an-instance-in-it" under "devlink=linux-6.12" breaks ["no-global-lock-over-driver-callback"];
    "Jason Gunthorpe", Right:
        "what reload does to the auxiliary bus must not be done under the lock of all namespaces"
        => "devlink/namespaces-wait-for-a-drivers-reload" under "devlink=pernet-lock-over-reload" breaks ["no-global-lock-over-driver-callback"];
    "Jason Gunthorpe", Right:
        "nor under rtnl"
        => "devlink/netdevs-wait-for-a-drivers-reload" under "devlink=rtnl-over-reload" breaks ["no-global-lock-over-driver-callback"];
    "Jason Gunthorpe", Right:
        "a driver that is called under rtnl and wants it waits for itself"
        => "devlink/reload-under-rtnl-waits-for-its-own-netdevs" under "devlink=rtnl-over-reload+linux-6.12" breaks ["no-global-lock-over-driver-callback", "no-deadlock", "lock-order"];
    "Jason Gunthorpe", Right:
        "nor under a lock of all instances"
        => "devlink/one-lock-of-the-first-devlink" under "devlink=linux-5.4" breaks ["no-global-lock-over-driver-callback", "instances-in-parallel"];
    "Jason Gunthorpe", Right:
        "global locks held in open-ended contexts, as where a device is registered or unregistered, are dangerous"
        => "devlink/bus-locks-all-devices-once-more" under "devlink=bus-locks-all" breaks ["no-global-lock-over-driver-callback", "instances-in-parallel"];
    "Jason Gunthorpe", Right:
        "steps such as attaching the RDMA driver of a device are necessarily slow"
        => "devlink/bus-locks-all-devices-over-a-probe" under "devlink=bus-locks-all" breaks ["no-global-lock-over-driver-callback", "instances-in-parallel"];
    "Jason Gunthorpe", Right:
        "a lock of all instances held meanwhile serialises all starts of virtual machines"
        => "devlink/one-lock-for-all-instances" under "devlink=devlink-mutex" breaks ["no-global-lock-over-driver-callback", "instances-in-parallel"];
    "Jason Gunthorpe", Right:
        "these needs demand fine-grained locks"
        => "devlink/reload-leaves-others-alone" under "settled" breaks [];
}
