//! What users ask of ib_core: to find a device by its name, to show what there is, and to let a device go.

use super::decisions::{Keeps, LinkOps};
use super::netdev::{Link, NetdevId};
use super::{Device, Ib, Use, take};
use crate::event::{
    Errno, IbDevice, IbDriver, LockClass, Mode, Module, Point, QueueName, Subject, What, WorkFn,
};
use crate::sim::cell::RefCell;
use crate::sim::{Held, Kernel, Kref};

/// The pointers in the work items that unregister devices. Each device has an item of its own; those of devices that
/// had the same place one after the other run together.
#[derive(Debug, Default)]
pub struct Queued([RefCell<Vec<Kref>>; IbDevice::COUNT]);

impl Ib {
    /// A device by its name, kept: users look through a dump for its index and name it by that.
    pub(super) async fn get_by_name<'k>(
        &self,
        k: &'k Kernel,
        name: IbDevice,
        at: Point,
    ) -> Result<(IbDevice, Use<'k>), Errno> {
        if self.decisions.users.found_by_index {
            let index = self.index_by_name(k, name, at).await?;
            return self.get_by_index(k, index).await;
        }
        let _list = take(k, self.decisions.devices, Mode::Read, at).await;
        self.find(k, name).ok_or(Errno::ENODEV)
    }

    /// The index that a dump shows with a name.
    async fn index_by_name(&self, k: &Kernel, name: IbDevice, at: Point) -> Result<u16, Errno> {
        let mut found = None;
        self.dump(k, at, |device| {
            if self.name(device) == name {
                found = found.or(Some(self.index(device)));
            }
        })
        .await;
        found.ok_or(Errno::ENODEV)
    }

    /// Models a dump of all devices, in the order of their indices. What fills it adds one device, and is called until it
    /// has nothing to add: the lock of the list is unlocked after each device.
    async fn dump(&self, k: &Kernel, at: Point, mut each: impl FnMut(IbDevice)) {
        let mut shown = 0;
        let mut list = take(k, self.decisions.devices, Mode::Read, at).await;
        loop {
            let is_shown = |device: &IbDevice| {
                self.device(*device).is_some_and(|state| state.registered)
                    && self.is_seen_from(*device, k.netns())
            };
            let (before, found_by_index) = (shown, self.decisions.users.found_by_index);
            let count = if found_by_index { 1 } else { IbDevice::COUNT };
            for device in self.by_index().filter(is_shown).skip(before).take(count) {
                each(device);
                shown += 1;
            }
            drop(list);
            if shown == before || !found_by_index {
                return;
            }
            list = self.read_list(k).await;
        }
    }

    /// The list is read where there is no point.
    async fn read_list<'k>(&self, k: &'k Kernel) -> Held<'k> {
        k.read_here(k.lock_of(self.decisions.devices, Subject::Kernel)).await
    }

    /// Models `ib_device_get_by_index()`.
    async fn get_by_index<'k>(&self, k: &'k Kernel, index: u16) -> Result<(IbDevice, Use<'k>), Errno> {
        let _list = self.read_list(k).await;
        let its = self.by_index().find(|device| self.index(*device) == index);
        let its = its.filter(|device| self.is_seen_from(*device, k.netns()));
        let is_there = |state: &Device| self.is_operable(k, state);
        let state = its.and_then(|device| Some((device, self.device(device).filter(is_there)?)));
        let kept = state.and_then(|(device, state)| Some((device, self.keep(k, state)?)));
        kept.ok_or(Errno::EINVAL)
    }

    fn find<'k>(&self, k: &'k Kernel, name: IbDevice) -> Option<(IbDevice, Use<'k>)> {
        let mut devices = self.by_index().filter(|device| self.name(*device) == name);
        let device = devices.next().filter(|device| self.is_seen_from(*device, k.netns()))?;
        let state = self.device(device).filter(|state| state.registered)?;
        Some((device, self.keep(k, state)?))
    }

    /// Models `nldev_get_dumpit()`: devices in the order of their indices.
    pub async fn show(&self, k: &Kernel) {
        self.dump(k, Point::IbShow, |device| {
            let (subject, value) = self.shown(device);
            k.emit(What::Dumped(subject, value));
        })
        .await;
    }

    /// Models `nldev_port_get_dumpit()`.
    pub async fn show_port(&self, k: &Kernel, name: IbDevice) -> Result<(), Errno> {
        if !self.decisions.users.found_by_index {
            let (device, _use) = self.get_by_name(k, name, Point::IbShow).await?;
            k.point(Point::IbShowPort).await;
            self.port_dumped(k, device);
            return Ok(());
        }
        let index = self.index_by_name(k, name, Point::IbShow).await?;
        // What is asked of the port is a dump too.
        k.point(Point::IbShow).await;
        {
            let (device, _use) = self.get_by_index(k, index).await?;
            k.point(Point::IbShowPort).await;
            if self.query_port(k, device).await.is_err() {
                return Ok(());
            }
            self.port_dumped(k, device);
        }
        self.get_by_index(k, index).await.map(drop)
    }

    fn port_dumped(&self, k: &Kernel, device: IbDevice) {
        let (subject, value) = self.port_shown(device, k.netns());
        k.emit(What::Dumped(subject, value));
    }

    /// Registers the device that a driver has in its own place, on the netdev that it is made of.
    pub async fn register_plain(&self, k: &Kernel, device: IbDevice) -> Result<(), Errno> {
        // On Linux a user has a software driver make the device: with the lock of its link operations, while it has them.
        let is_made_by_user =
            self.decisions.users.link_ops == LinkOps::Rwsem && device.driver() != IbDriver::Mlx5;
        let _ops = if is_made_by_user {
            Some(k.read_here(k.lock_of(LockClass::LinkOpsRwsem, Subject::Kernel)).await)
        } else {
            None
        };
        if is_made_by_user && self.makes_no_links[device.driver().index()].get() {
            return Err(Errno::EINVAL);
        }
        if self.netdevs.link(device).is_some() {
            return Err(Errno::ENFILE);
        }
        let (driver, netdev) = (device.driver(), self.netdevs.there(k, device.netdev()));
        let is_gone = &self.gone[driver.index()];
        if is_gone.get() {
            return Err(Errno::ENODEV);
        }
        if driver != IbDriver::Mlx5 {
            let id = netdev.ok_or(Errno::ENODEV)?;
            if self.on_netdev(k, driver, id).is_some() {
                return Err(Errno::EEXIST);
            }
        }
        let result = self.register_made(k, device, device, Link { driver, netdev }).await;
        if driver != IbDriver::Mlx5 && netdev.is_some_and(|id| !self.netdevs.get(id).registered) {
            // A task that waits for a netdev's references calls the driver's notifier again and again.
            let _gone = self.unregister_queued(k, device);
        }
        if is_gone.get() {
            // Its module's exit function has looked for devices before this one was there.
            let _gone = self.unregister_queued(k, device);
        }
        result
    }

    /// Unregisters it. On Linux no software driver does that by itself: a user names the device.
    pub async fn unregister_plain(&self, k: &Kernel, device: IbDevice) -> Result<(), Errno> {
        if self.decisions.users.found_by_index && device.driver() != IbDriver::Mlx5 {
            self.unregister_by_name(k, self.name(device)).await
        } else {
            self.unregister_device(k, device).await
        }
    }

    /// Has a driver's device made and registered under a name, in whatever place is free.
    pub async fn register_link(&self, k: &Kernel, name: IbDevice, link: Link) -> Result<(), Errno> {
        let is_free =
            |device: &IbDevice| self.device(*device).is_none() && self.netdevs.link(*device).is_none();
        let places = std::iter::once(name).chain(IbDevice::ALL.iter().copied());
        let device = places.into_iter().find(is_free).ok_or(Errno::ENFILE)?;
        self.register_made(k, device, name, link).await
    }

    async fn register_made(
        &self,
        k: &Kernel,
        device: IbDevice,
        name: IbDevice,
        link: Link,
    ) -> Result<(), Errno> {
        self.set_netdev(k, device, link);
        // One that is on its way out there keeps its name.
        if self.device(device).is_none() {
            self.give_name(device, Some(name));
        }
        self.register_device(k, device).await
    }

    /// The devices that a driver has made, in the order of their indices.
    pub fn made_by(&self, driver: IbDriver) -> impl Iterator<Item = IbDevice> {
        self.by_index().filter(move |device| self.driver_of(*device) == driver)
    }

    /// Whether a link has a reference to the module of `rxe`.
    pub fn pins_rxe(&self) -> bool {
        self.decisions.users.rxe_link_pins_module && self.made_by(IbDriver::Rxe).next().is_some()
    }

    /// The devices that a driver has on a netdev: one, unless two were made at the same time.
    pub fn all_on_netdev(&self, driver: IbDriver, id: NetdevId) -> Vec<IbDevice> {
        let on = |device: &IbDevice| self.netdev_of(*device) == Some(id);
        self.made_by(driver).filter(on).collect()
    }

    /// Locks the list of devices to look through it, where the caller has no point before.
    pub async fn wait_for_readable_list(&self, k: &Kernel) {
        drop(self.read_list(k).await);
    }

    /// Models `ib_device_get_by_netdev()`: the device that a driver has on a netdev.
    pub fn on_netdev(&self, k: &Kernel, driver: IbDriver, id: NetdevId) -> Option<IbDevice> {
        let on = |device: &IbDevice| self.netdev_of(*device) == Some(id);
        let found = self.made_by(driver).find(on)?;
        let state = self.device(found)?;
        self.is_operable(k, &state).then_some(found)
    }

    /// Whether `ib_device_try_get()` still gets a device, listed or not.
    fn is_operable(&self, k: &Kernel, state: &Device) -> bool {
        state.users.is_some_and(|users| k.is_open(users) || k.has_users(users))
    }

    /// Models `ib_unregister_device_queued()`, for who may not wait; a reference keeps the memory until then.
    pub fn unregister_queued(&self, k: &Kernel, device: IbDevice) -> Result<(), Errno> {
        let is_there = |state: &Device| {
            if self.decisions.users.counted_first { self.is_operable(k, state) } else { state.registered }
        };
        let state = self.device(device).filter(is_there).ok_or(Errno::ENODEV)?;
        let mut queued = self.queued.0[device.index()].borrow_mut();
        if !queued.contains(&state.kref) {
            queued.push(state.kref);
            self.hold(k, state.kref);
            let _is_there_already =
                k.queue_work(QueueName::Unreg, WorkFn::UnregisterDevice(device), Module::Core);
        }
        Ok(())
    }

    /// Models `ib_unregister_work()`.
    pub async fn unregister_work(&self, k: &Kernel, device: IbDevice) {
        for kref in self.queued.0[device.index()].take() {
            k.point(Point::IbUnregisterWork).await;
            self.unregister_held(k, device, kref).await;
        }
    }

    /// Models `ib_unregister_device_and_put()`: one that another task has unregistered is no error.
    pub async fn unregister_by_name(&self, k: &Kernel, name: IbDevice) -> Result<(), Errno> {
        let (device, kept) = self.get_by_name(k, name, Point::IbDelFind).await?;
        let state = self.device(device).ok_or(Errno::ENODEV)?;
        if state.driver == IbDriver::Mlx5 {
            // Users may not have hardware go.
            return Err(Errno::EINVAL);
        }
        let kref = state.kref;
        self.hold(k, kref);
        drop(kept);
        k.point(Point::IbDelFound).await;
        self.unregister_held(k, device, kref).await;
        Ok(())
    }

    fn hold(&self, k: &Kernel, kref: Kref) {
        if self.holds() {
            k.get(kref);
        }
    }

    fn holds(&self) -> bool {
        self.decisions.users.queued_holds && self.decisions.keeps != Keeps::Kref
    }

    /// Unregisters a device that is still the one it was, and drops the reference to its memory.
    async fn unregister_held(&self, k: &Kernel, device: IbDevice, kref: Kref) {
        if self.decisions.keeps == Keeps::Kref || k.touch(kref) {
            // Another task may have been faster; then this one has waited for it.
            let _done = self.unregister(k, device, kref).await;
        }
        if self.holds() && k.put(kref) {
            k.free(kref);
        }
    }
}
