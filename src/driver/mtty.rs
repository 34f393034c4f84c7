//! The vendor drivers of mediated devices: what they make, register with mdev core, and give back.
//!
//! mtty and mdpy make a virtual parent in their module's init and unmake it in its exit; vgpu and mlx5 drive a card
//! that a bus has found and keeps until it is unplugged. What a driver gives mdev core it keeps alive until mdev core
//! is done with it. All that it does with one device happens under that device's lock.

use super::{Bus, sf, vfio};
use crate::event::{Action, Errno, MdevType, Module, Parent, Point, QueueName, Subject, Uuid, What, WorkFn};
use crate::mdev::decisions::{Unregistration, VendorReference};
use crate::mdev::{Spec, Vendor, device_lock};
use crate::sim::Kref;

const MTTY: Spec = Spec { types: &[MdevType::Mtty1, MdevType::Mtty2], instances: 0 };
const MDPY: Spec = Spec { types: &[MdevType::Vga, MdevType::Xga], instances: 4 };
const VGPU: Spec = Spec { types: &[MdevType::Vgpu], instances: 1 };
const SF: Spec = Spec { types: &[MdevType::Sf], instances: 1 };

/// Whether a bus has found the device, and has a reference of its own to it.
const fn is_on_bus(parent: Parent) -> bool {
    match parent {
        Parent::Mtty0 | Parent::Mtty1 | Parent::Mdpy0 => false,
        Parent::Vgpu0 | Parent::Sf0 => true,
    }
}

impl Vendor for Bus<'_> {
    fn spec(&self, parent: Parent) -> &'static Spec {
        match parent {
            Parent::Mtty0 | Parent::Mtty1 => &MTTY,
            Parent::Mdpy0 => &MDPY,
            Parent::Vgpu0 => &VGPU,
            Parent::Sf0 => &SF,
        }
    }

    fn get_available(&self, parent: Parent, kind: MdevType) -> Option<u8> {
        vfio::available(self, parent, kind)
    }

    async fn probe(&self, parent: Parent, uuid: Uuid, kind: MdevType) -> Result<(), Errno> {
        match parent {
            Parent::Sf0 => sf::probe(self).await,
            _ => vfio::probe(self, parent, uuid, kind),
        }
    }

    async fn remove(&self, parent: Parent, uuid: Uuid) {
        match parent {
            Parent::Sf0 => sf::remove(self).await,
            _ => vfio::remove(self, uuid).await,
        }
    }

    fn is_open(&self, uuid: Uuid) -> bool {
        vfio::is_open(self, uuid)
    }
}

/// Models `mtty_dev_init()`, or the probe of a card: the parent device is there, and the driver registers it.
pub async fn probe(bus: &Bus<'_>, parent: Parent) -> Result<(), Errno> {
    if comes_with_module(bus, parent) {
        return load(bus, parent).await;
    }
    let (k, module) = (bus.kernel, parent.module());
    let _held = k.lock(device_lock(k, parent), Point::MttyProbe).await;
    if !bus.drivers.modules.is_live(module) {
        return Err(Errno::ENODEV);
    }
    make(bus, parent).await
}

/// Whether loading a module makes its virtual parent, which goes with it.
fn comes_with_module(bus: &Bus<'_>, parent: Parent) -> bool {
    bus.mdev.decisions.module_comes_with_parent && !is_on_bus(parent)
}

/// Models `finit_module(2)`: a module that is there or going is refused.
async fn load(bus: &Bus<'_>, parent: Parent) -> Result<(), Errno> {
    let (k, module, modules) = (bus.kernel, parent.module(), &bus.drivers.modules);
    let init = async {
        if is_going(bus, module) {
            return Err(Errno::EBUSY);
        }
        if is_there(bus, parent) {
            return Err(Errno::EEXIST);
        }
        k.module_loaded(module);
        modules.comes(module);
        k.point(Point::MttyProbe).await;
        bus.mdev.register_driver(module);
        make(bus, parent).await
    };
    modules.load_once(k, module, init).await
}

/// Whether a module's parent is there, as long as its driver has it.
fn is_there(bus: &Bus<'_>, parent: Parent) -> bool {
    bus.mdev.parent(parent).device().is_some()
}

/// Whether a module is on its way out and not gone.
fn is_going(bus: &Bus<'_>, module: Module) -> bool {
    !bus.drivers.modules.is_live(module) && bus.kernel.is_loaded(module)
}

/// The parent device is made and registered.
async fn make(bus: &Bus<'_>, parent: Parent) -> Result<(), Errno> {
    let (k, module) = (bus.kernel, parent.module());
    let _text = k.text(module);
    let device = bus.mdev.parent(parent).make_device(k, parent)?;
    k.uevent(Action::Add, Subject::Parent(parent), device);
    if is_on_bus(parent) {
        k.get(device);
    }
    k.emit_of(device, What::Ready(Subject::Parent(parent)));
    let result = bus.mdev.register(k, bus, parent, device).await;
    match (result, bus.mdev.decisions.vendor_reference) {
        (Ok(()), VendorReference::Own) => {}
        (Ok(()), VendorReference::Borrowed) => bus.mdev.put_device(k, parent, device).await,
        (Err(_), _) => give_back(bus, parent, device, true).await,
    }
    if is_on_bus(parent) && result.is_ok() {
        k.uevent(Action::Bind, Subject::Parent(parent), device);
    }
    result
}

/// Models `mtty_dev_exit()`, or the removal of a card: the driver unregisters the parent and gives the device back.
pub async fn remove(bus: &Bus<'_>, parent: Parent) -> Result<(), Errno> {
    let (module, modules) = (parent.module(), &bus.drivers.modules);
    let comes_and_goes = comes_with_module(bus, parent);
    if comes_and_goes {
        // Models `delete_module(2)`.
        if modules.is_coming(module) || is_going(bus, module) {
            return Err(Errno::EBUSY);
        }
        if !is_there(bus, parent) {
            return Err(Errno::ENOENT);
        }
        modules.goes(module);
    }
    take_back(bus, parent).await.map_err(|()| Errno::ENODEV)?;
    if bus.mdev.decisions.release_fence {
        bus.mdev.wait_released(bus.kernel, Point::MttyWait).await;
    }
    if comes_and_goes {
        bus.mdev.unregister_driver(bus.kernel, module).await;
        bus.kernel.module_gone(module);
    }
    Ok(())
}

async fn take_back(bus: &Bus<'_>, parent: Parent) -> Result<(), ()> {
    let k = bus.kernel;
    let _held = k.lock(device_lock(k, parent), Point::MttyRemove).await;
    let device = bus.mdev.parent(parent).device().ok_or(())?;
    let _text = k.text(parent.module());
    let owns = bus.mdev.decisions.vendor_reference == VendorReference::Own;
    match bus.mdev.decisions.unregistration {
        Unregistration::Now => {
            // A parent that was unregistered before is no reason to keep its device.
            let _ = bus.mdev.unregister(k, bus, parent).await;
            give_back(bus, parent, device, owns).await;
        }
        Unregistration::Deferred => {
            k.queue_work(QueueName::Vendor, WorkFn::UnregisterParent(parent), parent.module());
        }
        Unregistration::DeferredWithoutReference => {
            k.queue_work(QueueName::Vendor, WorkFn::UnregisterParent(parent), parent.module());
            give_back(bus, parent, device, owns).await;
        }
    }
    Ok(())
}

/// A work item of a vendor driver that defers unregistering.
pub async fn unregister_work(bus: &Bus<'_>, parent: Parent) {
    let k = bus.kernel;
    let _held = k.lock(device_lock(k, parent), Point::MttyDeferred).await;
    let device = bus.mdev.parent(parent).device();
    let _ = bus.mdev.unregister(k, bus, parent).await;
    if bus.mdev.decisions.unregistration == Unregistration::Deferred
        && let Some(device) = device
    {
        let owns = bus.mdev.decisions.vendor_reference == VendorReference::Own;
        give_back(bus, parent, device, owns).await;
    }
}

/// Models `device_unregister()`: whoever made the device, the driver or the bus, puts its reference; a driver of a card
/// has one of its own. Of a device that is somebody else's by now nobody tells.
async fn give_back(bus: &Bus<'_>, parent: Parent, device: Kref, owns: bool) {
    let (k, subject) = (bus.kernel, Subject::Parent(parent));
    k.emit_of(device, What::Unready(subject));
    if is_on_bus(parent) {
        if owns {
            bus.mdev.put_device(k, parent, device).await;
        }
        k.uevent(Action::Unbind, subject, device);
    }
    bus.mdev.parent(parent).forget_device();
    if !is_on_bus(parent) && !owns {
        k.disown(device);
        return;
    }
    // One that is still to be unregistered is not told to be gone before.
    if !bus.mdev.parent(parent).is_registered() {
        k.uevent(Action::Remove, subject, device);
    }
    k.disown(device);
    bus.mdev.put_device(k, parent, device).await;
}

/// Models the module's exit function: every parent goes, and nothing that would run its text later is left.
pub async fn exit(bus: &Bus<'_>, module: Module) {
    for parent in Parent::ALL.iter().filter(|parent| parent.module() == module) {
        // A parent that was never made, or is gone, needs nothing.
        let _ = take_back(bus, *parent).await;
    }
    bus.mdev.unregister_driver(bus.kernel, module).await;
    if bus.mdev.decisions.unregistration != Unregistration::Now {
        bus.kernel.flush_workqueue(QueueName::Vendor, Point::ModuleExitFlush).await;
    }
    if bus.mdev.decisions.release_fence {
        bus.mdev.wait_released(bus.kernel, Point::ModuleExitFlush).await;
    }
}
