//! The vendor driver of mediated devices: a virtual parent, made and unmade by its module.
//!
//! The driver makes the device, so it holds the first reference, and what it gives mdev core it keeps alive
//! until mdev core is done with it. All that it does with one device happens under that device's lock.

use super::Bus;
use crate::event::{Action, Errno, Module, Parent, Point, QueueName, Subject, What};
use crate::mdev::device_lock;
use crate::mdev::variant::VendorReference;

/// What the vendor driver remembers. Its pointers to the devices are [`crate::mdev::parent::Slot::device`].
#[derive(Debug, Default)]
pub struct Mtty {}

/// Models `mtty_dev_init()`: the driver makes the parent device and registers it.
pub async fn probe(bus: &Bus<'_>, parent: Parent) -> Result<(), Errno> {
    let k = bus.kernel;
    let _held = k.lock(device_lock(k, parent), Point::MttyProbe).await;
    if !bus.drivers.modules.is_live(Module::Mtty) {
        return Err(Errno::ENODEV);
    }
    let _text = k.text(Module::Mtty);
    let device = bus.mdev.parent(parent).make_device(k, parent)?;
    k.uevent(Action::Add, Subject::Parent(parent), device);
    k.emit(What::Ready(Subject::Parent(parent)));
    let result = bus.mdev.register(k, parent, device).await;
    match (result, bus.mdev.rules.vendor_reference) {
        (Ok(()), VendorReference::Own) => {}
        (Ok(()), VendorReference::Borrowed) => bus.mdev.put_device(k, parent, device).await,
        (Err(_), _) => unmake(bus, parent).await,
    }
    result
}

/// Models `mtty_dev_exit()`: the driver unregisters the parent and gives the device back.
pub async fn remove(bus: &Bus<'_>, parent: Parent) -> Result<(), Errno> {
    let k = bus.kernel;
    let _held = k.lock(device_lock(k, parent), Point::MttyRemove).await;
    let device = bus.mdev.parent(parent).device().ok_or(Errno::ENODEV)?;
    let _text = k.text(Module::Mtty);
    // A parent that was unregistered before is no reason to keep its device.
    let _ = bus.mdev.unregister(k, parent).await;
    match bus.mdev.rules.vendor_reference {
        VendorReference::Own => unmake(bus, parent).await,
        VendorReference::Borrowed => {
            k.emit(What::Unready(Subject::Parent(parent)));
            k.disown(device);
            bus.mdev.parent(parent).forget_device();
        }
    }
    if bus.mdev.rules.release_fence {
        k.flush_workqueue(QueueName::System, Point::MttyWait).await;
    }
    Ok(())
}

/// Models `device_unregister()`: the driver's own reference goes, and with it its last use of the device.
async fn unmake(bus: &Bus<'_>, parent: Parent) {
    let k = bus.kernel;
    let Some(device) = bus.mdev.parent(parent).device() else { return };
    k.emit(What::Unready(Subject::Parent(parent)));
    k.uevent(Action::Remove, Subject::Parent(parent), device);
    bus.mdev.parent(parent).forget_device();
    k.disown(device);
    bus.mdev.put_device(k, parent, device).await;
}

/// Models the module's exit function: every parent goes, and nothing that would run its text later is left.
pub async fn exit(bus: &Bus<'_>) {
    for parent in Parent::ALL {
        // A parent that was never made, or is gone, needs nothing.
        let _ = remove(bus, *parent).await;
    }
    if bus.mdev.rules.release_fence {
        bus.kernel.flush_workqueue(QueueName::System, Point::ModuleExitFlush).await;
    }
}
