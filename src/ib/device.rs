//! Devices: registered with every client's `add()`, unregistered with every `remove()`, then waited for and freed.

use super::variant::Keeps;
use super::{Device, Ib, Use};
use crate::event::{Client, Errno, IbDevice, LockClass, Mode, Point, Span, Subject, What};
use crate::sim::Kernel;

impl Ib {
    /// Models `ib_register_device()`.
    pub async fn register_device(&self, k: &Kernel, device: IbDevice) -> Result<(), Errno> {
        let body = async {
            let _over = self.over_callbacks(k, Mode::Write, Point::IbRegisterLock).await;
            let keeps = self.enable_device(k, device).await?;
            let _over = self.over_callbacks(k, Mode::Read, Point::IbRegisterLock).await;
            k.point(Point::IbRegisterClients).await;
            let mut last = None;
            while let Some((id, client)) = self.next_client(k, last).await {
                self.add_client_context(k, device, client).await;
                last = Some(id);
            }
            drop(keeps);
            Ok(())
        };
        k.span(Span::IbRegisterDevice, Subject::Ib(device), body).await
    }

    /// Models `assign_name()` and the first half of `enable_device_and_get()`: the device can be found, and
    /// whoever registers it keeps it until all clients are added.
    async fn enable_device<'k>(&self, k: &'k Kernel, device: IbDevice) -> Result<Option<Use<'k>>, Errno> {
        let _list = self.list(k, self.rules.devices, Mode::Write, Point::IbRegisterLock).await;
        if self.device(device).is_some() {
            return Err(Errno::ENFILE);
        }
        let state = Device {
            kref: k.kref_init(Subject::Ib(device)),
            users: k.registration(Subject::Ib(device)),
            registered: true,
            gid_updates: false,
            added: [false; Client::COUNT],
        };
        // The name is taken before the next point; nobody finds more than the name without the lock.
        self.devices[device.index()].set(Some(state));
        k.point(Point::IbRegisterVisible).await;
        k.emit(What::Visible(Subject::Ib(device)));
        Ok(self.keep(k, state))
    }

    /// Models `ib_unregister_device()` with `ib_dealloc_device()`.
    pub async fn unregister_device(&self, k: &Kernel, device: IbDevice) -> Result<(), Errno> {
        let lock = k.lock_of(LockClass::UnregistrationLock, Subject::Ib(device));
        let body = async {
            let _one = k.lock(lock, Point::IbUnregisterLock).await;
            let _over = self.over_callbacks(k, Mode::Write, Point::IbUnregisterLock).await;
            if self.rules.hides_first {
                self.hide(k, device).await?;
            } else if self.device(device).is_none() {
                return Err(Errno::ENODEV);
            }
            self.disable_device(k, device).await;
            if !self.rules.hides_first {
                self.hide(k, device).await?;
            }
            self.dealloc_device(k, device).await;
            Ok(())
        };
        k.span(Span::IbUnregisterDevice, Subject::Ib(device), body).await
    }

    /// Takes the device off the list, so that nobody finds it from here on.
    async fn hide(&self, k: &Kernel, device: IbDevice) -> Result<(), Errno> {
        let _list = self.list(k, self.rules.devices, Mode::Write, Point::IbUnregisterHide).await;
        if !self.device(device).is_some_and(|state| state.registered) {
            return Err(Errno::ENODEV);
        }
        self.change(device, |state| state.registered = false);
        k.emit(What::Hidden(Subject::Ib(device)));
        Ok(())
    }

    /// Models `disable_device()`: the clients go in the reverse of the order in which they came.
    async fn disable_device(&self, k: &Kernel, device: IbDevice) {
        let _over = self.over_callbacks(k, Mode::Read, Point::IbUnregisterLock).await;
        k.point(Point::IbUnregisterClients).await;
        let mut last = None;
        while let Some((id, client)) = self.previous_client(k, last).await {
            self.remove_client_context(k, device, client).await;
            last = Some(id);
        }
    }

    /// Waits for those who still operate the device, as the rules say, and gives its memory back.
    async fn dealloc_device(&self, k: &Kernel, device: IbDevice) {
        let Some(state) = self.device(device) else { return };
        k.disown(state.kref);
        let last = match self.rules.keeps {
            Keeps::Users => {
                k.unregister_wait(state.users, Point::IbUnregisterWait).await;
                k.point(Point::IbUnregisterFree).await;
                k.put(state.kref)
            }
            Keeps::Kref => {
                let _last = k.put(state.kref);
                k.kref_wait(state.kref, Point::IbUnregisterWait).await;
                k.point(Point::IbUnregisterFree).await;
                true
            }
            Keeps::Lock => {
                k.point(Point::IbUnregisterFree).await;
                k.put(state.kref)
            }
        };
        if last {
            k.free(state.kref);
        }
        self.devices[device.index()].set(None);
    }

    /// The next device of the list, kept, so that it can be operated after the list's lock is let go.
    ///
    /// Those who remove a client must also see a device that is being unregistered: whoever does that may not
    /// have come to this client yet.
    pub(super) async fn next_device<'k>(
        &self,
        k: &'k Kernel,
        after: Option<IbDevice>,
        at: Point,
        wanted: impl Fn(&Device) -> bool,
    ) -> Option<(IbDevice, Use<'k>)> {
        let _list = self.list(k, self.rules.devices, Mode::Read, at).await;
        self.find_device(k, after, wanted)
    }

    /// The first device after another that is wanted and not too late to keep.
    pub(super) fn find_device<'k>(
        &self,
        k: &'k Kernel,
        after: Option<IbDevice>,
        wanted: impl Fn(&Device) -> bool,
    ) -> Option<(IbDevice, Use<'k>)> {
        let later = IbDevice::ALL.iter().copied().filter(|device| Some(*device) > after);
        let mut wanted = later.filter_map(|device| Some((device, self.device(device).filter(&wanted)?)));
        wanted.find_map(|(device, state)| Some((device, self.keep(k, state)?)))
    }
}
