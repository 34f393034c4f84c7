//! What the mail about registration claims.

use super::{Claim, Verdict, claims};
use crate::mail::REGISTER;

claims! { REGISTER:
    "Leon Romanovsky", Right:
        "register belongs right before the end of probe"
        => "devlink/reload-waits-for-probe" under "settled" breaks [];
    "Leon Romanovsky", Right:
        "registering opens devlink's netlink to users, who then give commands before initialisation is finished"
        => "devlink/get-during-probe-of-the-first-devlink" under "devlink=linux-5.4" breaks ["visible-implies-ready"];
    "Leon Romanovsky", Partly:
        "some drivers guard themselves with locks and states of their own, and it is doubtful that this works"
        => "devlink/driver-guards-itself-during-probe" under "devlink=early-register" breaks [];
    "Leon Romanovsky", Right:
        "some drivers copied that guard without locks and states, which keeps reload away and no set routine"
        => "devlink/copied-guard-guards-reload-alone" under "devlink=reload-enable" breaks ["visible-implies-ready"];
    "Leon Romanovsky", Right:
        "the other drivers did not see what an early register means, and are broken"
        => "devlink/unaware-driver-is-reloaded-during-probe" under "devlink=early-register" breaks ["visible-implies-ready", "reload-meets-no-probe"];
    "Jakub Kicinski", Partly:
        "a driver that implements no reload may have nothing to worry about"
        => "devlink/driver-without-reload-is-flashed-during-probe" under "devlink=early-register" breaks ["visible-implies-ready"];
    "Jakub Kicinski", Partly:
        "it depends on the parts of devlink that the driver has: without reload there is no reload to fear"
        => "devlink/driver-without-reload-refuses-it-during-probe" under "devlink=early-register" breaks [];
    "Jakub Kicinski", Partly:
        "instances start out with reload disabled"
        => "devlink/reload-guard-does-not-guard-set" under "devlink=reload-enable" breaks ["visible-implies-ready"];
    "Leon Romanovsky", Right:
        "every dump goes through the list of instances, and so to devices that are not ready"
        => "devlink/dump-during-probe" under "devlink=early-register" breaks ["visible-implies-ready"];
    "Leon Romanovsky", Right:
        "the lookup tells its caller that the instance is valid, and the caller goes on to a set routine"
        => "devlink/driver-that-was-removed-is-called-beside-the-next" under "devlink=lookup-without-recheck" breaks ["visible-implies-ready"];
    "Leon Romanovsky", Right:
        "for example a message changes the eswitch mode, and the driver's op runs in the middle of its probe"
        => "devlink/eswitch-set-during-probe" under "devlink=early-register" breaks ["visible-implies-ready"];
    "Leon Romanovsky", Right:
        "that locks protect all drivers cannot be proven, and is prone to errors"
        => "devlink/files-are-open-during-probe" under "devlink=files-before-ready" breaks ["no-warning"];
    "Leon Romanovsky", Right:
        "guarding reload gives the false impression that only reload has the problem"
        => "devlink/dump-during-probe-with-reload-guarded" under "devlink=linux-5.10" breaks ["visible-implies-ready"];
    "Leon Romanovsky", Right:
        "reload was guarded because it is the easiest to hit"
        => "devlink/reload-during-probe" under "devlink=early-register" breaks ["visible-implies-ready", "reload-meets-no-probe"];
    "Leon Romanovsky", Answered:
        "should all other drivers register last too, or stay as they are?"
        => "devlink/eswitch-set-during-probe" under "settled" breaks [];
    "Jakub Kicinski", Answered:
        "what do the monitors of devlink and of links show before the change?"
        => "devlink/monitor-with-links-when-registered-early" under "devlink=early-register+ports-have-netdevs" breaks [];
    "Jakub Kicinski", Answered:
        "what do the monitors of devlink and of links show after the change?"
        => "devlink/monitor-with-links-when-registered-last" under "devlink=ports-have-netdevs" breaks [];
    "Jakub Kicinski", Wrong:
        "the changed drivers will not register ports before the instance"
        => "devlink/monitor-with-links-when-parts-are-told-at-once" under "devlink=notify-at-once+ports-have-netdevs" breaks ["notified-implies-visible", "no-child-before-parent-notification"];
    "Leon Romanovsky", Right:
        "ports are registered as before, and users reach them only once the instance is registered"
        => "devlink/monitor-before-and-after-late-register" under "settled" breaks [];
    "Leon Romanovsky", Right:
        "the only difference is where the instance's own notification stands"
        => "devlink/monitor-with-links-when-parts-are-told-at-once" under "devlink=notify-at-once+ports-have-netdevs" breaks ["notified-implies-visible", "no-child-before-parent-notification"];
    "Jakub Kicinski", Right:
        "nothing keeps the notification of a port from being sent before that"
        => "devlink/port-notified-before-device" under "devlink=notify-at-once" breaks ["notified-implies-visible", "no-child-before-parent-notification"];
    "Leon Romanovsky", Partly:
        "the kernel may send such notifications, and all flows that worked go on to work"
        => "devlink/port-notified-before-device" under "devlink=notify-at-once" breaks ["notified-implies-visible", "no-child-before-parent-notification"];
    "Jakub Kicinski", Right:
        "parts cannot be notified of before the instance is registered, because they cannot be reached"
        => "devlink/port-notified-before-device" under "devlink=notify-at-once" breaks ["notified-implies-visible", "no-child-before-parent-notification"];
    "Leon Romanovsky", Partly:
        "kernel and user space race with each other, and historically the kernel does not protect users from that"
        => "devlink/dump-then-follow" under "settled" breaks [];
    "Leon Romanovsky", Right:
        "a user should not access an instance before the notification that it is there"
        => "devlink/update-is-told-before-its-device" under "devlink=linux-6.1" breaks ["no-child-before-parent-notification"];
    "Leon Romanovsky", Right:
        "the notifications could be sent by register itself"
        => "devlink/monitor-before-and-after-late-register" under "settled" breaks [];
    "Leon Romanovsky", Partly:
        "that needs logic which tells apart what was made before register and what after"
        => "devlink/late-register-forgets-the-parts" under "devlink=register-without-replay" breaks ["stream-converges"];
    "Leon Romanovsky", Right:
        "some objects can be registered at any time"
        => "devlink/part-comes-between-the-mark-and-the-word" under "devlink=files-before-ready+register-unlocked" breaks ["no-child-before-parent-notification"];
    "Leon Romanovsky", Right:
        "traps are such objects"
        => "devlink/monitor-with-links-when-registered-early" under "devlink=early-register+ports-have-netdevs" breaks [];
}
