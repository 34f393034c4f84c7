//! The files of netdevsim's bus: a write to them creates or deletes a device, and binds or unbinds its driver.
//!
//! Uevents announce all of it. The files are the module's, and so is the code that releases a device.

use super::id_table::is_nsim;
use super::{Cores, port};
use crate::devlink::instance::device_lock;
use crate::event::{Action, Errno, Handle, LockClass, Module, Point, PortCount, Subject, What, WorkFn};
use crate::sim::cell::{Cell, RefCell};
use crate::sim::device::Release;
use crate::sim::{Held, Kref, LockId};

/// What netdevsim remembers of its bus.
#[derive(Debug, Default)]
pub struct NsimBus {
    /// Counts the devices that are not released yet, and the bus itself: `nsim_bus_devs`.
    devices: Cell<Option<Kref>>,
    /// The devices, oldest first: `nsim_bus_dev_list`.
    list: RefCell<Vec<Handle>>,
    /// Its files, in the order in which they go.
    files: [BusFile; FileName::COUNT],
    /// Whether the exit function has seen the last of them released.
    are_released: Cell<bool>,
    /// Whether the bus makes and unmakes devices no more: the opposite of `nsim_bus_enable`.
    is_disabled: Cell<bool>,
}

impl NsimBus {
    /// Whether a driver's device is made and listed: `nsim_bus_dev->init`.
    pub(super) fn is_listed(&self, handle: Handle) -> bool {
        self.list.borrow().contains(&handle)
    }
}

/// A file of the bus or of its driver.
#[derive(Debug, Default)]
struct BusFile {
    /// Held by each writer, and by the exit that waits for them.
    writers: Cell<Option<LockId>>,
    /// Whether it goes or is gone.
    is_gone: Cell<bool>,
}

/// Which file: those of the driver go before those of the bus.
#[derive(Debug, Clone, Copy)]
enum FileName {
    Bind,
    Unbind,
    NewDevice,
    DelDevice,
}

impl FileName {
    const COUNT: usize = 4;
    const ALL: [FileName; FileName::COUNT] =
        [FileName::Bind, FileName::Unbind, FileName::NewDevice, FileName::DelDevice];
}

/// A write to `new_device`, or where the bus is not modelled the bind alone.
pub async fn probe(cores: &Cores<'_>, handle: Handle, ports: PortCount) -> Result<(), Errno> {
    if !cores.model_of(handle).has_bus_files {
        return cores.attach(handle, Some(ports)).await;
    }
    let k = cores.kernel;
    let is_late = cores.devlink.decisions.lock.bus_list_locked_late;
    let _file = open(cores, FileName::NewDevice).await?;
    let mut list = None;
    if is_late {
        k.point(Point::NewDevice).await;
    } else {
        list = Some(k.lock(list_lock(cores), Point::NewDevice).await);
    }
    if cores.drivers.nsim_bus.is_disabled.get() {
        return Err(Errno::EBUSY);
    }
    let device = cores.device(handle);
    if device.on_bus.get().is_some() {
        return Err(Errno::ENOSPC);
    }
    let nsim = &cores.drivers.nsim_bus;
    let devices = nsim.devices.get().unwrap_or_else(|| k.refcount_set(Subject::Module(Module::Netdevsim)));
    nsim.devices.set(Some(devices));
    let release = Release { work: WorkFn::ReleaseDevice(handle), module: Module::Netdevsim, devices };
    let kref = k.device_init(Subject::Device(handle), release);
    device.on_bus.set(Some(kref));
    device.is_dead.set(false);
    device.has_files.set(true);
    device.made_in.set((k.netns(), k.netns_memory(k.netns())));
    // A user who binds the driver before this task does finds as many ports.
    device.port_count.set(ports);
    device.vfs.set(0);
    k.uevent(Action::Add, Subject::Device(handle), kref);
    // Models `device_register()`: a probe that fails leaves a device without a driver, and is no error.
    let _ = cores.attach(handle, None).await;
    if nsim.are_released.get() {
        // Models what `refcount_inc()` says of a count that was zero: the module's exit does not wait for this device.
        k.emit(What::Warn(Subject::Device(handle), k.here()));
    }
    if is_late {
        list = Some(k.lock_here(list_lock(cores)).await);
    }
    k.get(devices);
    nsim.list.borrow_mut().push(handle);
    drop(list);
    Ok(())
}

/// A write to `del_device`, or where the bus is not modelled the unbind alone.
pub async fn remove(cores: &Cores<'_>, handle: Handle) -> Result<(), Errno> {
    if !cores.model_of(handle).has_bus_files {
        return cores.detach(handle).await;
    }
    let _file = open(cores, FileName::DelDevice).await?;
    let _list = cores.kernel.lock(list_lock(cores), Point::DelDevice).await;
    if cores.drivers.nsim_bus.is_disabled.get() {
        return Err(Errno::EBUSY);
    }
    unregister(cores, handle).await
}

/// Models `nsim_bus_dev_del()` and in it `device_unregister()`, under the lock of the list.
async fn unregister(cores: &Cores<'_>, handle: Handle) -> Result<(), Errno> {
    let (k, device) = (cores.kernel, cores.device(handle));
    let kref =
        device.on_bus.get().filter(|_| cores.drivers.nsim_bus.is_listed(handle)).ok_or(Errno::ENOENT)?;
    cores.drivers.nsim_bus.list.borrow_mut().retain(|listed| *listed != handle);
    k.point(Point::PortFilesRemove).await;
    {
        let _device = k.lock_here(device_lock(k, handle)).await;
        device.is_dead.set(true);
    }
    port::remove_device_files(cores, handle).await;
    let _ = cores.detach(handle).await;
    k.uevent(Action::Remove, Subject::Device(handle), kref);
    device.on_bus.set(None);
    k.disown(kref);
    k.put_device(kref);
    Ok(())
}

/// A write to the driver's file `bind`. Models `bind_store()`.
pub async fn bind(cores: &Cores<'_>, handle: Handle) -> Result<(), Errno> {
    if !cores.model_of(handle).has_bus_files {
        return cores.attach(handle, None).await;
    }
    let _file = open(cores, FileName::Bind).await?;
    let device =
        cores.device(handle).on_bus.get().filter(|_| cores.is_on_bus(handle)).ok_or(Errno::ENODEV)?;
    cores.kernel.get(device);
    let done = cores.attach(handle, None).await;
    cores.kernel.put_device(device);
    done
}

/// A write to the driver's file `unbind`. Models `unbind_store()`: a driver that is unbound meanwhile is no error.
pub async fn unbind(cores: &Cores<'_>, handle: Handle) -> Result<(), Errno> {
    if !cores.model_of(handle).has_bus_files {
        return cores.detach(handle).await;
    }
    let _file = open(cores, FileName::Unbind).await?;
    let device =
        cores.device(handle).on_bus.get().filter(|_| cores.is_on_bus(handle)).ok_or(Errno::ENODEV)?;
    if !cores.device(handle).has_driver.get() {
        return Err(Errno::ENODEV);
    }
    cores.kernel.get(device);
    let _ = cores.detach(handle).await;
    cores.kernel.put_device(device);
    Ok(())
}

/// Models `nsim_bus_exit()`: every device goes, and only when all are released do the driver and the bus.
pub(super) async fn exit(cores: &Cores<'_>) {
    let (k, nsim) = (cores.kernel, &cores.drivers.nsim_bus);
    if cores.model_of(Handle::Netdevsim0).has_bus_files {
        // Models `rtnl_link_unregister()`, which waits for namespaces that end and for tasks that change netdevs.
        let pernet = k.lock_of(LockClass::PernetOps, Subject::Kernel);
        let _pernet = k.lock(pernet, Point::LinkOpsPernet).await;
        let _rtnl = k.rtnl_lock(Point::LinkOpsRtnl).await;
    }
    nsim.is_disabled.set(true);
    if let Some(devices) = nsim.devices.get() {
        // The bus itself was one of those that are counted.
        nsim.are_released.set(k.put(devices) && !cores.devlink.decisions.registration.exit_skips_releases);
    }
    {
        let _list = k.lock(list_lock(cores), Point::NsimBusExit).await;
        let listed = nsim.list.borrow().clone();
        for handle in listed {
            let _ = unregister(cores, handle).await;
        }
    }
    let waits = !cores.devlink.decisions.registration.exit_skips_releases && !nsim.are_released.get();
    if let Some(devices) = nsim.devices.get().filter(|_| waits) {
        k.kref_wait(devices, Point::NsimBusExitWait).await;
    }
    // Models `driver_unregister()`. Where the bus is not modelled the driver is bound until now; where it is, it is bound
    // to a device that was not in the list.
    let may_be_bound = |handle: Handle| {
        !cores.model_of(handle).has_bus_files || cores.devlink.decisions.lock.bus_list_locked_late
    };
    let is_bound = |handle: &&Handle| is_nsim(**handle) && may_be_bound(**handle);
    for handle in Handle::ALL.iter().filter(is_bound) {
        let _ = cores.detach(*handle).await;
    }
    k.point(Point::BusUnregister).await;
    for file in FileName::ALL {
        remove_file(cores, file).await;
    }
}

/// Opens a file of the bus or of its driver, and models `kernfs_get_active()`: a file that goes is not found, and one
/// that goes since the open is no file of a device any more.
async fn open<'b>(cores: &Cores<'b>, name: FileName) -> Result<Held<'b>, Errno> {
    let file = &cores.drivers.nsim_bus.files[name as usize];
    if file.is_gone.get() {
        return Err(Errno::ENOENT);
    }
    cores.kernel.point(Point::BusFileOpen).await;
    if file.is_gone.get() {
        return Err(Errno::ENODEV);
    }
    Ok(cores.kernel.read_here(writers(cores, name)).await)
}

/// Models `kernfs_remove()`, which turns new writers away and then waits for those that are there: `kernfs_drain()`.
async fn remove_file(cores: &Cores<'_>, name: FileName) {
    cores.drivers.nsim_bus.files[name as usize].is_gone.set(true);
    drop(cores.kernel.lock_here(writers(cores, name)).await);
}

/// Each file has a lock of its own, and all have one name.
fn writers(cores: &Cores<'_>, name: FileName) -> LockId {
    let lock = &cores.drivers.nsim_bus.files[name as usize].writers;
    let new = || cores.kernel.new_lock(LockClass::BusFiles, Subject::Module(Module::Netdevsim).into());
    let writers = lock.get().unwrap_or_else(new);
    lock.set(Some(writers));
    writers
}

fn list_lock(cores: &Cores<'_>) -> LockId {
    cores.kernel.lock_of(LockClass::NsimBusDevList, Subject::Kernel)
}
