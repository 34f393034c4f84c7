//! The auxiliary devices of mlx5: one for the Ethernet driver and one for the RDMA driver, which share the hardware.
//!
//! The RDMA driver registers a device with ib_core, so that every client's `add()` and `remove()` is called in the middle of
//! a reload. They come with a probe or a reload and go before the next, under the instance's lock, so that whatever attaching a
//! driver does is done under that lock too.

use super::{Cores, netns};
use crate::devlink::InstanceId;
use crate::event::{Action, Auxiliary, Handle, IbDevice, IbDriver, LockClass, Point, Subject};
use crate::sim::LockId;

/// Models `mlx5_attach_device()`: the devices are made in order, and the driver core binds a driver to each.
pub(super) async fn attach(cores: &Cores<'_>, id: InstanceId) {
    for device in cores.model(id).auxiliaries {
        attach_one(cores, id, *device).await;
    }
}

/// Models `mlx5_detach_device()`, the newest first.
pub(super) async fn detach(cores: &Cores<'_>, id: InstanceId) {
    for device in cores.model(id).auxiliaries.iter().rev() {
        detach_one(cores, id, *device).await;
    }
}

/// Models `mlx5_rescan_drivers()` after the eswitch changed: the RDMA device comes back as what the mode wants.
pub(super) async fn rescan(cores: &Cores<'_>, id: InstanceId) {
    if cores.model(id).auxiliaries.contains(&Auxiliary::Rdma) {
        detach_one(cores, id, Auxiliary::Rdma).await;
        attach_one(cores, id, Auxiliary::Rdma).await;
    }
}

async fn attach_one(cores: &Cores<'_>, id: InstanceId, device: Auxiliary) {
    let k = cores.kernel;
    let handle = cores.devlink.handle(id);
    let subject = Subject::Auxiliary(handle, device);
    let _held = k.lock(lock(cores, subject), Point::AuxiliaryAttach).await;
    let slot = &cores.device(handle).auxiliaries[device.index()];
    if slot.get().is_some() {
        return;
    }
    let memory = k.kref_init(subject);
    slot.set(Some(memory));
    k.uevent(Action::Add, subject, memory);
    if device == Auxiliary::Rdma {
        netns::register_notifier(cores).await;
        register_rdma(cores, handle).await;
    }
    k.uevent(Action::Bind, subject, memory);
}

async fn detach_one(cores: &Cores<'_>, id: InstanceId, device: Auxiliary) {
    let k = cores.kernel;
    let handle = cores.devlink.handle(id);
    let subject = Subject::Auxiliary(handle, device);
    let _held = k.lock(lock(cores, subject), Point::AuxiliaryDetach).await;
    let Some(memory) = cores.device(handle).auxiliaries[device.index()].take() else { return };
    if device == Auxiliary::Rdma
        && let Some(rdma) = rdma_of(handle)
        && cores.ib.driver_of(rdma) == IbDriver::Mlx5
    {
        // A user may have had it unregistered.
        let _gone = Box::pin(cores.ib.unregister_device(k, rdma)).await;
    }
    k.uevent(Action::Unbind, subject, memory);
    k.uevent(Action::Remove, subject, memory);
    k.disown(memory);
    k.put_and_free(memory);
}

/// Models `mlx5r_probe()`: the RDMA driver registers its device. One that cannot leaves the auxiliary device without it.
async fn register_rdma(cores: &Cores<'_>, handle: Handle) {
    if let Some(rdma) = rdma_of(handle) {
        let _taken = Box::pin(cores.ib.register_plain(cores.kernel, rdma)).await;
    }
}

/// The RDMA device of an mlx5 device.
const fn rdma_of(handle: Handle) -> Option<IbDevice> {
    match handle {
        Handle::Mlx50 => Some(IbDevice::Mlx50),
        Handle::Mlx51 => Some(IbDevice::Mlx51),
        _ => None,
    }
}

/// The driver core's lock of an auxiliary device.
fn lock(cores: &Cores<'_>, device: Subject) -> LockId {
    cores.kernel.lock_of(LockClass::DeviceLock, device)
}
