//! The drivers of mediated devices: each registers the device with vfio, and users open it.
//!
//! mtty counts its ports, of which a device has one or two, and gives them back when the vfio device is released.

use super::Cores;
use crate::event::{Action, Errno, MdevType, Parent, Point, QueueName, Subject, Uuid, What, WorkFn};
use crate::sim::cell::{Cell, RefCell};
use crate::sim::{Kref, RegistrationId};

/// How many ports mtty has: `MAX_MTTYS`.
const PORTS: u8 = 24;

/// A device as vfio has it.
#[derive(Debug, Clone, Copy)]
struct Device {
    kref: Kref,
    parent: Parent,
    kind: MdevType,
    /// The users that have it open.
    users: RegistrationId,
}

/// What the drivers remember of their devices.
#[derive(Debug, Default)]
pub struct Vfio {
    devices: [Cell<Option<Device>>; Uuid::COUNT],
    /// Those that are put for the last time and not released yet.
    dying: RefCell<Vec<(Uuid, Device)>>,
    /// The ports that devices have, by parent.
    ports: [Cell<u8>; Parent::COUNT],
}

/// How many ports a device of this type has.
const fn ports(kind: MdevType) -> u8 {
    match kind {
        MdevType::Mtty1 => 1,
        MdevType::Mtty2 => 2,
        MdevType::Default | MdevType::Vga | MdevType::Xga | MdevType::Vgpu | MdevType::Sf => 0,
    }
}

/// Models `mtty_get_available()`; the other drivers have mdev core count.
pub(super) fn available(cores: &Cores<'_>, parent: Parent, kind: MdevType) -> Option<u8> {
    let left = PORTS - cores.drivers.vfio.ports[parent.index()].get();
    left.checked_div(ports(kind))
}

/// Takes ports for a device of this type, or gives them back.
fn count(cores: &Cores<'_>, parent: Parent, kind: MdevType, taken: bool) {
    let used = &cores.drivers.vfio.ports[parent.index()];
    let Some(before) = available(cores, parent, kind) else { return };
    used.set(if taken { used.get() + ports(kind) } else { used.get() - ports(kind) });
    let after = available(cores, parent, kind).expect("it was counted before");
    cores.kernel.emit(What::Set(Subject::MdevType(parent, kind), before, after));
}

/// Models `mtty_probe()` and in it `vfio_register_emulated_iommu_dev()`.
pub(super) fn probe(cores: &Cores<'_>, parent: Parent, uuid: Uuid, kind: MdevType) -> Result<(), Errno> {
    let k = cores.kernel;
    if available(cores, parent, kind) == Some(0) {
        return Err(Errno::ENOSPC);
    }
    count(cores, parent, kind, true);
    let subject = Subject::VfioDevice(parent, uuid);
    let (kref, users) = (k.kref_init(subject), k.registration(subject));
    cores.drivers.vfio.devices[uuid.index()].set(Some(Device { kref, parent, kind, users }));
    k.uevent(Action::Add, Subject::VfioGroup(parent, uuid), kref);
    k.uevent(Action::Add, subject, kref);
    Ok(())
}

/// Models `mtty_remove()` and in it `vfio_unregister_group_dev()`, which waits for those who have the device open.
pub(super) async fn remove(cores: &Cores<'_>, uuid: Uuid) {
    let k = cores.kernel;
    let slot = &cores.drivers.vfio.devices[uuid.index()];
    let Some(device) = slot.get() else { return };
    if cores.mdev.decisions.driver_waits_for_users {
        k.unregister_wait(device.users, Point::VfioWait).await;
    }
    slot.set(None);
    k.uevent(Action::Remove, Subject::VfioDevice(device.parent, uuid), device.kref);
    k.uevent(Action::Remove, Subject::VfioGroup(device.parent, uuid), device.kref);
    k.disown(device.kref);
    if !k.put(device.kref) {
        return;
    }
    if k.kconfig.delayed_release {
        cores.drivers.vfio.dying.borrow_mut().push((uuid, device));
        k.queue_work(QueueName::System, WorkFn::ReleaseVfio(uuid), device.parent.module());
    } else {
        release_one(cores, device);
    }
}

/// Models `kobject_delayed_cleanup()` of a vfio device.
pub fn release(cores: &Cores<'_>, uuid: Uuid) {
    let mut dying = cores.drivers.vfio.dying.borrow_mut();
    dying.retain(|(of, device)| {
        if *of == uuid {
            release_one(cores, *device);
        }
        *of != uuid
    });
}

/// Models `vfio_device_release()` and in it `mtty_release_dev()`.
fn release_one(cores: &Cores<'_>, device: Device) {
    cores.kernel.free(device.kref);
    count(cores, device.parent, device.kind, false);
}

/// Whether a user has a device open.
pub(super) fn is_open(cores: &Cores<'_>, uuid: Uuid) -> bool {
    let device = cores.drivers.vfio.devices[uuid.index()].get();
    device.is_some_and(|device| cores.kernel.has_users(device.users))
}

/// A user opens a device, does something with it, and closes it.
pub async fn r#use(cores: &Cores<'_>, uuid: Uuid) -> Result<(), Errno> {
    let k = cores.kernel;
    let device = cores.drivers.vfio.devices[uuid.index()].get().ok_or(Errno::ENOENT)?;
    let _user = k.try_use(device.users).ok_or(Errno::ENODEV)?;
    let _text = k.text(device.parent.module());
    k.point(Point::VfioUse).await;
    k.touch(device.kref);
    Ok(())
}
