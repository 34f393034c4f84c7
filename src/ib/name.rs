//! Names and indices of devices: a device keeps its place here for life, and may go by the name of another place.

use super::decisions::Adds;
use super::{Ib, client_data, take, text_of};
use crate::event::{Action, Callback, Client, Errno, IbDevice, Mode, Point, Subject};
use crate::operand::Operand;
use crate::sim::cell::Cell;
use crate::sim::{Kernel, Kref};

/// What the devices are called, and in which order they came.
#[derive(Debug, Default)]
pub struct Names {
    /// The name that a device has, or is about to get; its own if there is none.
    given: [Cell<Option<IbDevice>>; IbDevice::COUNT],
    /// `device->index`: indices go on, so they are also an order.
    indices: [Cell<u16>; IbDevice::COUNT],
    next: Cell<u16>,
    /// The memory of each name: `kobj->name`.
    memory: [Cell<Option<Kref>>; IbDevice::COUNT],
}

impl Ib {
    /// What a device is called.
    pub fn name(&self, device: IbDevice) -> IbDevice {
        self.names.given[device.index()].get().unwrap_or(device)
    }

    /// What a device is to be called that is about to be registered; none is its own name.
    pub(super) fn give_name(&self, device: IbDevice, name: Option<IbDevice>) {
        self.names.given[device.index()].set(name);
    }

    /// The name and the index that `assign_name()` gives, under the lock of the list.
    pub(super) fn take_name(&self, device: IbDevice) -> Result<(), Errno> {
        if self.device(device).is_some() {
            return Err(Errno::ENFILE);
        }
        if self.is_used(device, self.name(device)) {
            self.give_name(device, None);
            return Err(Errno::ENFILE);
        }
        let index = self.names.next.replace(self.names.next.get() + 1);
        self.names.indices[device.index()].set(index);
        Ok(())
    }

    /// The memory of a device's name, which is another's once the device is renamed.
    pub(super) fn name_memory(&self, device: IbDevice) -> Option<Kref> {
        self.names.memory[device.index()].get()
    }

    /// Models `dev_set_name()` of a new device.
    pub(super) fn set_name(&self, k: &Kernel, device: IbDevice) {
        self.names.memory[device.index()].set(Some(k.refcount_set(Subject::IbName(device))));
    }

    /// Models the end of `kobject_rename()`: the old name is freed.
    fn free_old_name(&self, k: &Kernel, device: IbDevice) {
        let old = self.name_memory(device);
        self.set_name(k, device);
        if let Some(old) = old.filter(|old| k.put(*old)) {
            k.free(old);
        }
    }

    /// Whether a device other than this has the name.
    fn is_used(&self, device: IbDevice, name: IbDevice) -> bool {
        let others = IbDevice::ALL.iter().filter(|other| **other != device);
        others.filter(|other| self.device(**other).is_some()).any(|other| self.name(*other) == name)
    }

    /// `device->index`.
    pub(super) fn index(&self, device: IbDevice) -> u16 {
        self.names.indices[device.index()].get()
    }

    /// The devices there are, in the order of their indices.
    pub(super) fn by_index(&self) -> impl Iterator<Item = IbDevice> {
        let mut devices: [Option<(u16, IbDevice)>; IbDevice::COUNT] = [None; IbDevice::COUNT];
        for device in IbDevice::ALL.iter().filter(|device| self.device(**device).is_some()) {
            devices[device.index()] = Some((self.names.indices[device.index()].get(), *device));
        }
        devices.sort_unstable();
        devices.into_iter().flatten().map(|(_, device)| device)
    }

    /// The devices after an index, in the order of their indices, as `xa_for_each()` goes on.
    pub(super) fn after(&self, index: Option<u16>) -> impl Iterator<Item = IbDevice> {
        self.by_index().filter(move |device| Some(self.index(*device)) > index)
    }

    /// Models `ib_device_rename()`: the same name is no change, and nothing is said of it. Another is told to the clients
    /// that have the device.
    pub async fn rename(&self, k: &Kernel, name: IbDevice, to: IbDevice) -> Result<(), Errno> {
        let (device, _use) = self.get_by_name(k, name, Point::IbRenameFind).await?;
        let (kref, _list) = {
            let list = take(k, self.decisions.devices, Mode::Write, Point::IbRenameLock).await;
            let Some(state) = self.device(device) else { return Err(Errno::ENODEV) };
            let old = self.name(device);
            if old == to && !self.decisions.users.renames_to_the_same {
                return Ok(());
            }
            if self.is_used(device, to) {
                return Err(Errno::EEXIST);
            }
            self.give_name(device, Some(to));
            if self.is_told(device) {
                k.uevent(Action::Move(old.to_byte()), Subject::Ib(to), state.kref);
            }
            self.free_old_name(k, device);
            self.compat_rename(k, old, device).await;
            // Linux tells the clients with the list locked for reading.
            let list = (self.decisions.adds == Adds::UnderLists).then(|| k.downgrade(list));
            (state.kref, list)
        };
        self.rename_clients(k, device, kref).await;
        self.notify_rename(k, device);
        Ok(())
    }

    async fn rename_clients(&self, k: &Kernel, device: IbDevice, kref: Kref) {
        let _data = k.read(client_data(k, device), Point::IbRenameClient).await;
        for client in Client::ALL.iter().copied() {
            if self.device(device).is_some() && self.offered(device).added[client.index()] {
                let renamed = async {
                    k.touch(kref);
                    Ok(())
                };
                let data = kref.names(Subject::ClientData(client, device));
                let _never_fails = k.call(Callback::ClientRename, data, text_of(client), renamed).await;
            }
        }
    }
}
