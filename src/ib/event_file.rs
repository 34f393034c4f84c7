//! Event files of uverbs: a user reads from one what a device's driver says, and may have it open when the device is gone.

use super::Ib;
use super::handler::Owner;
use crate::event::{Client, Errno, IbDevice, Module, Point, Subject};
use crate::sim::Kernel;

impl Ib {
    /// Models `UVERBS_METHOD_ASYNC_EVENT_ALLOC`: the file hears of the device from then on.
    ///
    /// # Errors
    ///
    /// `EBADF` if no user has the device open, `EBUSY` if its event file is open already, `EIO` if the device has been taken
    /// away.
    pub async fn events_open(&self, k: &Kernel, device: IbDevice) -> Result<(), Errno> {
        let (place, file) = self.uverbs.file(device).ok_or(Errno::EBADF)?;
        let it = self.uverbs.get(file.of);
        let _text = k.text(Module::IbUverbs);
        let _command = k.try_use(it.commands).ok_or(Errno::EIO)?;
        k.touch(it.ib.ok_or(Errno::EIO)?);
        if file.events.is_some() {
            return Err(Errno::EBUSY);
        }
        k.may_fail()?;
        let memory = k.kref_init(Subject::ClientData(Client::Uverbs, device));
        self.uverbs.set_events(place, Some(memory));
        self.handler_register(k, device, Owner::EventFile(place), memory).await;
        Ok(())
    }

    /// Models `ib_uverbs_async_event_read()`: the file is the user's, whether its device is there or not.
    ///
    /// # Errors
    ///
    /// `EBADF` if no user has such a file.
    pub async fn events_read(&self, k: &Kernel, device: IbDevice) -> Result<(), Errno> {
        k.point(Point::UverbsEvents).await;
        let (_, file) = self.uverbs.file(device).ok_or(Errno::EBADF)?;
        k.touch(file.events.ok_or(Errno::EBADF)?);
        Ok(())
    }

    /// Models `uverbs_async_event_release()` after `close(2)`.
    ///
    /// # Errors
    ///
    /// `EBADF` if no user has such a file.
    pub async fn events_close(&self, k: &Kernel, device: IbDevice) -> Result<(), Errno> {
        let (place, file) = self.uverbs.file(device).ok_or(Errno::EBADF)?;
        file.events.ok_or(Errno::EBADF)?;
        self.event_file_end(k, place).await;
        Ok(())
    }

    /// Models `uverbs_async_event_destroy_uobj()` of every event file of a device that goes: no handler is left that points to
    /// one, and each stays for its user to read and to close.
    pub(super) async fn event_files_disassociate(&self, k: &Kernel, device: IbDevice, index: u8) {
        for place in 0..self.uverbs.files.len() {
            let file = self.uverbs.files[place].get().filter(|file| file.of == index);
            let Some(memory) = file.and_then(|file| file.events) else { continue };
            self.handler_unregister(k, device, Owner::EventFile(place)).await;
            if self.decisions.users.events_go_with_device {
                k.put_and_free(memory);
            }
        }
    }

    /// The event file that was opened with a file goes, if there is one.
    pub(super) async fn event_file_end(&self, k: &Kernel, place: usize) {
        let Some(file) = self.uverbs.files[place].get() else { return };
        let Some(memory) = file.events else { return };
        self.uverbs.set_events(place, None);
        let (device, owner) = (self.uverbs.get(file.of).device, Owner::EventFile(place));
        if self.has_handler(device, owner, memory) {
            self.handler_unregister(k, device, owner).await;
        }
        k.put_and_free(memory);
    }
}
