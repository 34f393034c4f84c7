//! Clients of Linux that no program names: three of ib_core itself, and the second one of `ib_umad`.
//!
//! They show nothing, but a device is offered to each of them under its lock, and taken away again.

use super::{ClientState, Ib, client_data, take};
use crate::event::{Client, IbDevice, IbDriver, LockClass, Mode, Point, Subject};
use crate::sim::Kernel;
use crate::sim::cell::Cell;

/// How many ib_core has: `mad`, `sa` and `ib_multicast`, with the lowest ids.
const CORE: u8 = 3;
/// The id of `mad`, which alone takes devices of RoCE; none of them takes iWARP.
const MAD: u8 = 0;

/// `issm_client`, and which devices have it.
#[derive(Debug, Default)]
pub struct Unnamed {
    issm: Cell<Option<ClientState>>,
    added: [Cell<bool>; IbDevice::COUNT],
}

/// What has an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// A client of ib_core.
    Core,
    /// One that programs name.
    Named(Client),
    /// `issm`, which has no `add()` and so takes every device.
    Issm,
    /// Nothing any more: ids are not given twice while a higher one is in use.
    Hole,
}

impl Ib {
    /// Whether there are such clients: those of a kernel whose users load modules.
    pub(super) fn has_unnamed(&self) -> bool {
        self.decisions.users.unnamed_clients && self.users_load.get()
    }

    /// `highest_client_id`, which is one more than that.
    pub(super) fn end_of_ids(&self) -> u8 {
        let named = self.ids().map(|(id, _)| id + 1).max().unwrap_or(0);
        let issm = self.unnamed.issm.get().map_or(0, |state| state.id + 1);
        let core = if self.has_unnamed() { CORE } else { 0 };
        named.max(issm).max(core)
    }

    /// What has an id now.
    pub(super) fn slot(&self, id: u8) -> Slot {
        if self.unnamed.issm.get().is_some_and(|state| state.id == id) {
            return Slot::Issm;
        }
        match self.ids().find(|(named, _)| *named == id) {
            Some((_, client)) => Slot::Named(client),
            None if self.has_unnamed() && id < CORE => Slot::Core,
            None => Slot::Hole,
        }
    }

    /// Models the loop of `enable_device_and_get()`, with both lists locked: every client that is registered.
    pub(super) async fn add_all(&self, k: &Kernel, device: IbDevice) {
        for id in 0..self.end_of_ids() {
            match self.slot(id) {
                Slot::Named(client) if self.is_registered(client) => {
                    self.add_client_context(k, device, client).await;
                }
                Slot::Core => {
                    let _data = k.lock(client_data(k, device), Point::IbClientAdd).await;
                    if self.core_takes(id, device) {
                        std::mem::forget(self.pins(k, device, id));
                    }
                }
                Slot::Issm => self.add_issm(k, device).await,
                Slot::Named(_) | Slot::Hole => {}
            }
        }
    }

    /// Models the loop of `disable_device()`: every id that there may be, from the highest down.
    pub(super) async fn remove_all(&self, k: &Kernel, device: IbDevice, end: u8) {
        for id in (0..end).rev() {
            match self.slot(id) {
                Slot::Named(client) => self.remove_client_context(k, device, client, Some(id)).await,
                Slot::Issm => self.remove_issm(k, device, Some(id)).await,
                Slot::Core | Slot::Hole => {
                    let data = k.lock(client_data(k, device), Point::IbClientDataLock).await;
                    self.comes_by(device, Some(id));
                    drop(data);
                    if self.slot(id) == Slot::Core && self.core_takes(id, device) {
                        k.point(Point::IbClientRemove).await;
                    }
                }
            }
        }
    }

    /// Whether a client of ib_core takes a device.
    fn core_takes(&self, id: u8, device: IbDevice) -> bool {
        id == MAD && self.driver_of(device) != IbDriver::Siw
    }

    /// The second call of `ib_register_client()` in `ib_umad_init()`.
    pub async fn register_issm(&self, k: &Kernel) {
        if !self.has_unnamed() {
            return;
        }
        let _devices = take(k, LockClass::DevicesRwsem, Mode::Write, Point::IbRegisterClientLock).await;
        let _clients = take(k, LockClass::ClientsRwsem, Mode::Write, Point::IbRegisterClientsLock).await;
        let uses = k.registration(Subject::Client(Client::Umad));
        self.unnamed.issm.set(Some(ClientState { id: self.end_of_ids(), registered: true, uses }));
        let mut last = None;
        while let Some(device) = self.listed_device(last, |state| state.registered) {
            last = Some(self.index(device));
            k.point(Point::IbRegisterClientDevice).await;
            self.add_issm(k, device).await;
        }
    }

    /// The first call of `ib_unregister_client()` in `ib_umad_cleanup()`.
    pub async fn unregister_issm(&self, k: &Kernel) {
        let Some(state) = self.unnamed.issm.get() else { return };
        {
            let at = Point::IbUnregisterClientLock;
            let _clients = take(k, LockClass::ClientsRwsem, Mode::Write, at).await;
            self.unnamed.issm.set(Some(ClientState { registered: false, ..state }));
        }
        let (mut last, at) = (None, Point::IbUnregisterClientDevice);
        while let Some((device, _use)) = self.next_device(k, last, at, true, |_| true).await {
            last = Some(self.index(device));
            self.remove_issm(k, device, None).await;
        }
        k.unregister_wait(state.uses, Point::IbUnregisterClientWait).await;
        let at = Point::IbUnregisterClientForget;
        let _clients = take(k, LockClass::ClientsRwsem, Mode::Write, at).await;
        self.unnamed.issm.set(None);
    }

    async fn add_issm(&self, k: &Kernel, device: IbDevice) {
        let Some(issm) = self.unnamed.issm.get().filter(|state| state.registered) else { return };
        let _data = k.lock(client_data(k, device), Point::IbClientAdd).await;
        if !self.unnamed.added[device.index()].replace(true) {
            std::mem::forget(self.pins(k, device, issm.id));
        }
    }

    async fn remove_issm(&self, k: &Kernel, device: IbDevice, id: Option<u8>) {
        let data = k.lock(client_data(k, device), Point::IbClientDataLock).await;
        self.comes_by(device, id);
        if self.unnamed.added[device.index()].take() {
            let _uses = self.unnamed.issm.get().and_then(|state| k.try_use(state.uses));
            drop(data);
            k.point(Point::IbClientRemove).await;
        }
    }
}
