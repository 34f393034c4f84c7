//! The vendor drivers of mediated devices: what they make, register with mdev core, and give back.
//!
//! mtty and mdpy make a virtual parent in their module's init and unmake it in its exit; vgpu and mlx5 drive a card
//! that a bus has found and keeps until it is unplugged. What a driver gives mdev core it keeps alive until mdev core
//! is done with it. All that it does with one device happens under that device's lock.

use super::{Cores, sf, vfio};
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

impl Vendor for Cores<'_> {
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
pub async fn probe(cores: &Cores<'_>, parent: Parent) -> Result<(), Errno> {
    if comes_with_module(cores, parent) {
        return load(cores, parent).await;
    }
    let (k, module) = (cores.kernel, parent.module());
    let _held = k.lock(device_lock(k, parent), Point::MttyProbe).await;
    if !cores.drivers.modules.is_live(module) {
        return Err(Errno::ENODEV);
    }
    make(cores, parent).await
}

/// Whether loading a module makes its virtual parent, which goes with it.
fn comes_with_module(cores: &Cores<'_>, parent: Parent) -> bool {
    cores.mdev.decisions.module_comes_with_parent && !is_on_bus(parent)
}

/// Models `finit_module(2)`: a module that is there or going is refused.
async fn load(cores: &Cores<'_>, parent: Parent) -> Result<(), Errno> {
    let (k, module, modules) = (cores.kernel, parent.module(), &cores.drivers.modules);
    let init = async {
        if is_going(cores, module) {
            return Err(Errno::EBUSY);
        }
        if is_there(cores, parent) {
            return Err(Errno::EEXIST);
        }
        k.module_loaded(module);
        modules.comes(module);
        k.point(Point::MttyProbe).await;
        cores.mdev.register_driver(module);
        make(cores, parent).await
    };
    modules.load_once(k, module, init).await
}

/// Whether a module's parent is there, as long as its driver has it.
fn is_there(cores: &Cores<'_>, parent: Parent) -> bool {
    cores.mdev.parent(parent).device().is_some()
}

/// Whether a module is on its way out and not gone.
fn is_going(cores: &Cores<'_>, module: Module) -> bool {
    !cores.drivers.modules.is_live(module) && cores.kernel.is_loaded(module)
}

/// The parent device is made and registered.
async fn make(cores: &Cores<'_>, parent: Parent) -> Result<(), Errno> {
    let (k, module) = (cores.kernel, parent.module());
    let _text = k.text(module);
    let device = cores.mdev.parent(parent).make_device(k, parent)?;
    k.uevent(Action::Add, Subject::Parent(parent), device);
    if is_on_bus(parent) {
        k.get(device);
    }
    k.emit_of(device, What::Ready(Subject::Parent(parent)));
    let result = cores.mdev.register(k, cores, parent, device).await;
    match (result, cores.mdev.decisions.vendor_reference) {
        (Ok(()), VendorReference::Own) => {}
        (Ok(()), VendorReference::Borrowed) => cores.mdev.put_device(k, parent, device).await,
        (Err(_), _) => give_back(cores, parent, device, true).await,
    }
    if is_on_bus(parent) && result.is_ok() {
        k.uevent(Action::Bind, Subject::Parent(parent), device);
    }
    result
}

/// Models `mtty_dev_exit()`, or the removal of a card: the driver unregisters the parent and gives the device back.
pub async fn remove(cores: &Cores<'_>, parent: Parent) -> Result<(), Errno> {
    let (module, modules) = (parent.module(), &cores.drivers.modules);
    let comes_and_goes = comes_with_module(cores, parent);
    if comes_and_goes {
        // Models `delete_module(2)`.
        if modules.is_coming(module) || is_going(cores, module) {
            return Err(Errno::EBUSY);
        }
        if !is_there(cores, parent) {
            return Err(Errno::ENOENT);
        }
        modules.goes(module);
    }
    take_back(cores, parent).await.map_err(|()| Errno::ENODEV)?;
    if cores.mdev.decisions.release_fence {
        cores.mdev.wait_released(cores.kernel, Point::MttyWait).await;
    }
    if comes_and_goes {
        cores.mdev.unregister_driver(cores.kernel, module).await;
        cores.kernel.module_gone(module);
    }
    Ok(())
}

async fn take_back(cores: &Cores<'_>, parent: Parent) -> Result<(), ()> {
    let k = cores.kernel;
    let _held = k.lock(device_lock(k, parent), Point::MttyRemove).await;
    let device = cores.mdev.parent(parent).device().ok_or(())?;
    let _text = k.text(parent.module());
    let owns = cores.mdev.decisions.vendor_reference == VendorReference::Own;
    match cores.mdev.decisions.unregistration {
        Unregistration::Now => {
            // A parent that was unregistered before is no reason to keep its device.
            let _ = cores.mdev.unregister(k, cores, parent).await;
            give_back(cores, parent, device, owns).await;
        }
        Unregistration::Deferred => {
            k.queue_work(QueueName::Vendor, WorkFn::UnregisterParent(parent), parent.module());
        }
        Unregistration::DeferredWithoutReference => {
            k.queue_work(QueueName::Vendor, WorkFn::UnregisterParent(parent), parent.module());
            give_back(cores, parent, device, owns).await;
        }
    }
    Ok(())
}

/// A work item of a vendor driver that defers unregistering.
pub async fn unregister_work(cores: &Cores<'_>, parent: Parent) {
    let k = cores.kernel;
    let _held = k.lock(device_lock(k, parent), Point::MttyDeferred).await;
    let device = cores.mdev.parent(parent).device();
    let _ = cores.mdev.unregister(k, cores, parent).await;
    if cores.mdev.decisions.unregistration == Unregistration::Deferred
        && let Some(device) = device
    {
        let owns = cores.mdev.decisions.vendor_reference == VendorReference::Own;
        give_back(cores, parent, device, owns).await;
    }
}

/// Models `device_unregister()`: the driver or the bus that made the device puts its reference; a driver of a card has
/// one of its own. A device that belongs to another by now causes no uevent.
async fn give_back(cores: &Cores<'_>, parent: Parent, device: Kref, owns: bool) {
    let (k, subject) = (cores.kernel, Subject::Parent(parent));
    k.emit_of(device, What::Unready(subject));
    if is_on_bus(parent) {
        if owns {
            cores.mdev.put_device(k, parent, device).await;
        }
        k.uevent(Action::Unbind, subject, device);
    }
    cores.mdev.parent(parent).forget_device();
    if !is_on_bus(parent) && !owns {
        k.disown(device);
        return;
    }
    // One that is still to be unregistered is not told to be gone before.
    if !cores.mdev.parent(parent).is_registered() {
        k.uevent(Action::Remove, subject, device);
    }
    k.disown(device);
    cores.mdev.put_device(k, parent, device).await;
}

/// Models the module's exit function: every parent goes, and nothing that would run its text later is left.
pub async fn exit(cores: &Cores<'_>, module: Module) {
    for parent in Parent::ALL.iter().filter(|parent| parent.module() == module) {
        // A parent that was never made, or is gone, needs nothing.
        let _ = take_back(cores, *parent).await;
    }
    cores.mdev.unregister_driver(cores.kernel, module).await;
    if cores.mdev.decisions.unregistration != Unregistration::Now {
        cores.kernel.flush_workqueue(QueueName::Vendor, Point::ModuleExitFlush).await;
    }
    if cores.mdev.decisions.release_fence {
        cores.mdev.wait_released(cores.kernel, Point::ModuleExitFlush).await;
    }
}
