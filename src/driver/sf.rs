//! Subfunctions of mlx5 as they were first proposed: mediated devices whose driver registers a devlink instance.
//!
//! The parent belongs to `mlx5/0`, which ends it when its eswitch goes back to legacy; the device is `mlx5/1`. So
//! devlink calls mdev core under the lock of one instance, and mdev core a driver that wants the lock of another.

use super::Cores;
use crate::devlink::InstanceId;
use crate::event::{Errno, EswitchMode, Handle, Parent, Point};
use crate::mdev::device_lock;

/// The device whose eswitch the subfunctions are on.
const OWNER: Handle = Handle::Mlx50;
/// The subfunction as devlink has it.
const CHILD: Handle = Handle::Mlx51;

/// The driver of the mediated device makes an instance of devlink for it.
pub(super) async fn probe(cores: &Cores<'_>) -> Result<(), Errno> {
    cores.attach(CHILD, None).await
}

/// It ends the instance.
pub(super) async fn remove(cores: &Cores<'_>) {
    cores.kernel.point(Point::SfChildRemove).await;
    // An instance that another task has ended before needs nothing.
    let _ = cores.detach(CHILD).await;
}

/// The eswitch is to change its mode: without switchdev there are no subfunctions.
pub(super) async fn eswitch_mode_set(cores: &Cores<'_>, id: InstanceId, mode: EswitchMode) {
    let is_owner = cores.devlink.handle(id) == OWNER && mode == EswitchMode::Legacy;
    if is_owner && cores.mdev.parent(Parent::Sf0).is_registered() {
        // No task registers the parent before it is unregistered.
        let _held = cores.kernel.lock(device_lock(cores.kernel, Parent::Sf0), Point::SfEswitch).await;
        // A task that unregisters it meanwhile has done it.
        let _ = cores.mdev.unregister(cores.kernel, cores, Parent::Sf0).await;
    }
}
