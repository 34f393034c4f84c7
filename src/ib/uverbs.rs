//! The client `uverbs`: users open a device, hold objects of it, and may still do so when it goes.

use super::decisions::Disassociates;
use super::{Ib, module};
use crate::event::{Callback, Client, Errno, IbDevice, IbDriver, Module, Point, Subject, What};
use crate::sim::cell::{Cell, RefCell};
use crate::sim::{Kernel, Kref, RegistrationId};

/// How many files users can have open at once.
pub(super) const FILES_MAX: usize = 4;

/// What `uverbs` knows.
#[derive(Debug, Default)]
pub struct Uverbs {
    /// Every device that it was told of, in order.
    devices: RefCell<Vec<UverbsDevice>>,
    /// The files of all devices.
    pub(super) files: [Cell<Option<File>>; FILES_MAX],
}

/// Models `struct ib_uverbs_file`.
#[derive(Debug, Clone, Copy)]
pub(super) struct File {
    /// The number of its device.
    pub(super) of: u8,
    /// How many objects it holds.
    objects: u8,
    /// The memory of the event file that was opened with it, until the user closes that or this file.
    pub(super) events: Option<Kref>,
    /// Whether a user has it, who has not closed it.
    is_open: bool,
    /// The user who has it, and those who are in a command: the last one releases it.
    holds: u8,
}

/// Models `struct ib_uverbs_device`, which lives as long as a file of it is open.
#[derive(Debug, Clone, Copy)]
pub(super) struct UverbsDevice {
    pub(super) device: IbDevice,
    /// How many there are who keep it: itself while it can be opened, and each file.
    refcount: Kref,
    /// The users in a command (`disassociate_srcu`).
    pub(super) commands: RegistrationId,
    /// The RDMA device, until it is taken away.
    pub(super) ib: Option<Kref>,
    /// Whether there is a file to open.
    is_there: bool,
}

impl Uverbs {
    fn find(&self, device: IbDevice) -> Option<(u8, UverbsDevice)> {
        let devices = self.devices.borrow();
        let found = (0..).zip(devices.iter()).find(|(_, it)| it.device == device && it.is_there);
        found.map(|(index, it)| (index, *it))
    }

    fn change(&self, index: u8, change: impl FnOnce(&mut UverbsDevice)) {
        change(&mut self.devices.borrow_mut()[usize::from(index)]);
    }

    pub(super) fn get(&self, index: u8) -> UverbsDevice {
        self.devices.borrow()[usize::from(index)]
    }

    /// The place of a file of a device that a user has open.
    pub(super) fn file(&self, device: IbDevice) -> Option<(usize, File)> {
        let mut files = self.files.iter().enumerate().filter_map(|(place, file)| Some((place, file.get()?)));
        files.find(|(_, file)| file.is_open && self.get(file.of).device == device)
    }

    /// The memory of the event file that was opened with the file at this place.
    pub(super) fn set_events(&self, place: usize, events: Option<Kref>) {
        if let Some(file) = self.files[place].get() {
            self.files[place].set(Some(File { events, ..file }));
        }
    }

    /// Whether a user has a file open, which keeps the module.
    pub fn is_used(&self) -> bool {
        self.files.iter().any(|file| file.get().is_some())
    }
}

impl Ib {
    /// Models the end of `ib_uverbs_add_one()`: users can open the device.
    pub(super) fn uverbs_add(&self, k: &Kernel, device: IbDevice, kref: Kref) {
        k.touch(kref);
        let data = Subject::ClientData(Client::Uverbs, device);
        self.uverbs.devices.borrow_mut().push(UverbsDevice {
            device,
            refcount: k.refcount_set(data),
            commands: k.registration(data),
            ib: Some(kref),
            is_there: true,
        });
    }

    /// Models the rest of `ib_uverbs_remove_one()`: no user can open the device any more, and none operates it.
    pub(super) async fn uverbs_remove(&self, k: &Kernel, device: IbDevice, kref: Kref) {
        k.touch(kref);
        let Some((index, it)) = self.uverbs.find(device) else { return };
        self.uverbs.change(index, |it| it.is_there = false);
        if self.decisions.disassociates == Disassociates::Never && self.driver_of(device) != IbDriver::Mlx5 {
            let _last = k.put(it.refcount);
            k.kref_wait(it.refcount, Point::UverbsWait).await;
            return;
        }
        self.uverbs.change(index, |it| it.ib = None);
        if self.decisions.disassociates != Disassociates::AtOnce {
            k.unregister_wait(it.commands, Point::UverbsDisassociate).await
        } else {
            k.point(Point::UverbsDisassociate).await
        }
        self.event_files_disassociate(k, device, index).await;
        for slot in &self.uverbs.files {
            let Some(file) = slot.get().filter(|file| file.of == index && file.objects > 0) else { continue };
            k.touch(kref);
            k.emit_of(kref, What::Remove(Subject::ClientData(Client::Uverbs, device)));
            slot.set(Some(File { objects: 0, ..file }));
        }
        let _last = k.put(it.refcount);
    }

    /// Models `ib_uverbs_open()`, which asks the device for a context.
    pub async fn uverbs_open(&self, k: &Kernel, device: IbDevice) -> Result<(), Errno> {
        k.point(Point::UverbsOpen).await;
        let (index, it) = self.uverbs.find(device).ok_or(Errno::ENOENT)?;
        // Models `cdev_get()`: a module on its way out lets no user in.
        if self.modules[Client::Uverbs.index()].get() == module::State::Going {
            return Err(Errno::ENXIO);
        }
        let free = self.uverbs.files.iter().position(|file| file.get().is_none());
        let place = free.ok_or(Errno::EMFILE)?;
        k.may_fail()?;
        k.get(it.refcount);
        self.uverbs.files[place].set(Some(File {
            of: index,
            objects: 0,
            events: None,
            is_open: false,
            holds: 1,
        }));
        let opened = self.command(k, it).await;
        match self.uverbs.files[place].get() {
            Some(file) if opened.is_ok() => {
                self.uverbs.files[place].set(Some(File { is_open: true, ..file }))
            }
            _ => self.put_file(k, place).await,
        }
        opened.map(drop)
    }

    /// Models `ib_uverbs_cmd_verbs()`: a user makes an object of the device.
    pub async fn uverbs_command(&self, k: &Kernel, device: IbDevice) -> Result<(), Errno> {
        let (place, file) = self.uverbs.file(device).ok_or(Errno::EBADF)?;
        self.uverbs.files[place].set(Some(File { holds: file.holds + 1, ..file }));
        let done = self.create_object(k, place, file.of).await;
        self.put_file(k, place).await;
        done
    }

    async fn create_object(&self, k: &Kernel, place: usize, of: u8) -> Result<(), Errno> {
        let it = self.uverbs.get(of);
        let kref = self.command(k, it).await?;
        if let Some(file) = self.uverbs.files[place].get() {
            k.emit_of(kref, What::Add(Subject::ClientData(Client::Uverbs, it.device)));
            self.uverbs.files[place].set(Some(File { objects: file.objects.saturating_add(1), ..file }));
        }
        Ok(())
    }

    /// The device is asked for something, unless it has been taken away; its memory is what answered.
    async fn command(&self, k: &Kernel, it: UverbsDevice) -> Result<Kref, Errno> {
        let _text = k.text(Module::IbUverbs);
        let _command = k.try_use(it.commands).ok_or(Errno::EIO)?;
        let kref = it.ib.ok_or(Errno::EIO)?;
        let command = async {
            k.point(Point::UverbsCommand).await;
            k.touch(kref);
            k.may_fail()
        };
        let data = kref.names(Subject::ClientData(Client::Uverbs, it.device));
        k.call(Callback::UverbsCommand, data, Module::IbUverbs, command).await.map(|()| kref)
    }

    /// Models `close(2)` of a file of the device.
    pub async fn uverbs_close(&self, k: &Kernel, device: IbDevice) -> Result<(), Errno> {
        let (place, file) = self.uverbs.file(device).ok_or(Errno::EBADF)?;
        self.uverbs.files[place].set(Some(File { is_open: false, ..file }));
        self.put_file(k, place).await;
        Ok(())
    }

    /// Models `fput()` with `ib_uverbs_close()`: what the file holds goes with the last one who holds it.
    pub(super) async fn put_file(&self, k: &Kernel, place: usize) {
        let Some(file) = self.uverbs.files[place].get() else { return };
        let holds = file.holds - 1;
        self.uverbs.files[place].set(Some(File { holds, ..file }));
        if holds > 0 {
            return;
        }
        let it = self.uverbs.get(file.of);
        {
            let _text = k.text(Module::IbUverbs);
            k.point(Point::UverbsClose).await;
            if let Some(_command) = k.try_use(it.commands)
                && let Some(kref) = self.uverbs.get(file.of).ib
            {
                k.touch(kref);
            }
        }
        self.event_file_end(k, place).await;
        let _last = k.put(it.refcount);
        self.uverbs.files[place].set(None);
    }
}
