//! What the mail about traps and reload claims.

use super::{Claim, Verdict, claims};
use crate::mail::TRAPS;

claims! { TRAPS:
    "Leon Romanovsky", Answered:
        "why must mlxsw make devlink's objects anew on every reload?"
        => "devlink/mlxsw-reload-makes-everything-anew" under "settled" breaks [];
    "Ido Schimmel", Right:
        "a complete reload is how reload was defined and implemented"
        => "devlink/reload-renews-traps" under "settled" breaks [];
    "Ido Schimmel", Right:
        "reload re-initialises driver entities and applies new values of params"
        => "devlink/param-takes-effect-at-reload" under "settled" breaks [];
    "Ido Schimmel", Right:
        "reload applies new sizes of resources"
        => "devlink/linux-resources-are-divided-by-a-reload" under "devlink=linux-6.12" breaks [];
    "Ido Schimmel", Right:
        "reload also activates firmware"
        => "devlink/firmware-is-activated-without-new-params" under "settled" breaks [];
    "Leon Romanovsky", Right:
        "that does not mean that devlink registers itself again"
        => "devlink/switch-registers-inside-reload" under "devlink=register-inside-reload" breaks ["registration-constant-in-reload", "no-recursion"];
    "Leon Romanovsky", Right:
        "an instance that is registered again inside a reload is gone for users meanwhile"
        => "devlink/driver-registers-inside-reload" under "devlink=register-inside-reload" breaks ["registration-constant-in-reload", "no-recursion"];
    "Ido Schimmel", Right:
        "netdevsim and mlxsw do exactly that: they re-initialise driver entities"
        => "devlink/linux-reload-renews-everything" under "devlink=linux-6.12" breaks [];
    "Ido Schimmel", Right:
        "the patch leaves entities as they are, which breaks user space"
        => "devlink/traps-outlive-reload" under "devlink=traps-at-probe" breaks ["reload-reinitialises"];
    "Leon Romanovsky", Right:
        "reload was dead on arrival because of deadlocks"
        => "devlink/reload-waits-for-a-report-that-waits-for-it" under "devlink=reporters-in-reload" breaks ["lock-order", "no-deadlock"];
    "Leon Romanovsky", Right:
        "and because of kernel panics"
        => "devlink/notifier-stays-in-a-namespace" under "devlink=notifier-stays+linux-6.12" breaks ["no-use-after-free", "no-warning"];
    "Leon Romanovsky", Partly:
        "of hundreds of bugs with reload involved, few are purely reload's own"
        => "devlink/reload-meets-remove" under "devlink=linux-6.4" breaks ["reload-meets-no-probe", "no-use-after-free"];
    "Ido Schimmel", Partly:
        "notifications that were called impossible do happen"
        => "devlink/params-are-told-beside-the-instance" under "devlink=params-told-apart" breaks ["no-child-before-parent-notification", "end-names-all"];
    "Leon Romanovsky", Partly:
        "reload never worked for mlx5 in production"
        => "devlink/reload-hangs-in-the-remove-of-a-client" under "ib=device-mutex" breaks ["no-global-lock-over-driver-callback", "no-deadlock", "lock-order"];
    "Ido Schimmel", Wrong:
        "mlx5 decided to do its own thing"
        => "devlink/reload-without-recursion" under "settled" breaks [];
    "Leon Romanovsky", Right:
        "not calling devlink recursively is no way of one's own"
        => "devlink/reload-without-recursion" under "settled" breaks [];
    "Ido Schimmel", Right:
        "mlxsw is reloaded daily to divide its resources and activate firmware"
        => "devlink/mlxsw-reload-makes-everything-anew" under "settled" breaks [];
    "Ido Schimmel", Right:
        "there are tests over netdevsim that anyone can run"
        => "devlink/linux-selftest-reload" under "devlink=linux-6.12" breaks [];
    "Ido Schimmel", Partly:
        "syzkaller reloads netdevsim, and so regressions are discovered quickly"
        => "devlink/assertions-see-no-lost-reset" under "devlink=traps-asserted-early+traps-at-probe" breaks ["reload-reinitialises"];
    "Leon Romanovsky", Right:
        "the regression was caught because assertions had been added to find misuse"
        => "devlink/assertions-warn-of-a-reload" under "devlink=traps-asserted-early" breaks ["no-warning"];
    "Leon Romanovsky", Partly:
        "what such an assertion finds is misuse"
        => "devlink/assertions-warn-of-a-reload" under "devlink=traps-asserted-early" breaks ["no-warning"];
    "Leon Romanovsky", Right:
        "faults of reload's basic flow were found years after it was merged"
        => "devlink/end-is-told-before-the-driver-refuses" under "devlink=netns-told-before-down" breaks ["stream-converges", "refused-reload-is-silent"];
    "Ido Schimmel", Right:
        "that code has bugs says nothing against its semantics"
        => "devlink/refused-reload-keeps-a-namespace" under "devlink=netns-ref-lost-on-error" breaks ["references-balance", "error-leaves-state"];
    "Leon Romanovsky", Right:
        "mlxsw must not call devlink recursively while it serves a devlink call"
        => "devlink/switch-locks-devlink-inside-reload" under "devlink=self-locking-reload" breaks ["no-recursion", "no-deadlock", "lock-order"];
    "Leon Romanovsky", Right:
        "that is wrong for any driver"
        => "devlink/driver-locks-devlink-inside-reload" under "devlink=self-locking-reload" breaks ["no-recursion", "no-deadlock", "lock-order"];
    "Ido Schimmel", Right:
        "the patch is to be reverted"
        => "devlink/traps-outlive-reload" under "settled" breaks [];
    "Leon Romanovsky", Answered:
        "what is mlxsw to look like in the end?"
        => "devlink/switch-locks-devlink-inside-reload" under "settled" breaks [];
}
