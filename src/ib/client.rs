//! Clients: added to every device and removed from it, once each and never both at a time.

use super::variant::Keeps;
use super::{ClientState, Ib, text_of};
use crate::event::{Callback, Client, Errno, IbDevice, LockClass, Mode, Point, Span, Subject, What};
use crate::sim::{Kernel, Kref};

impl Ib {
    /// Models `ib_register_client()`, except that no lock of all devices is held over `add()`.
    pub async fn register_client(&self, k: &Kernel, client: Client) -> Result<(), Errno> {
        let at = Point::IbRegisterClientLock;
        let body = async {
            let _over = self.over_callbacks(k, Mode::Write, at).await;
            self.assign_client_id(k, client).await?;
            let _over = self.over_callbacks(k, Mode::Read, at).await;
            let mut last = None;
            let at = Point::IbRegisterClientDevice;
            while let Some((device, _use)) = self.next_device(k, last, at, |state| state.registered).await {
                self.add_client_context(k, device, client).await;
                last = Some(device);
            }
            Ok(())
        };
        k.span(Span::IbRegisterClient, Subject::Client(client), body).await
    }

    /// Models `assign_client_id()`: holes are not filled, so an id is also an order.
    async fn assign_client_id(&self, k: &Kernel, client: Client) -> Result<(), Errno> {
        let _list = self.list(k, self.rules.clients, Mode::Write, Point::IbRegisterClientLock).await;
        if self.client(client).is_some() {
            return Err(Errno::EEXIST);
        }
        let highest = self.clients.iter().filter_map(|slot| slot.get()).map(|state| state.id).max();
        let id = highest.map_or(0, |id| id + 1);
        let uses = k.registration(Subject::Client(client));
        self.clients[client.index()].set(Some(ClientState { id, registered: true, uses }));
        k.emit(What::Add(Subject::Client(client)));
        Ok(())
    }

    /// Models `ib_unregister_client()`: no callback of the client runs or can start once it returns.
    pub async fn unregister_client(&self, k: &Kernel, client: Client) -> Result<(), Errno> {
        let body = async {
            let at = Point::IbUnregisterClientLock;
            let _over = self.over_callbacks(k, Mode::Write, at).await;
            let uses = {
                let _list = self.list(k, self.rules.clients, Mode::Write, at).await;
                let state = self.client(client).filter(|state| state.registered).ok_or(Errno::ENODEV)?;
                let state = ClientState { registered: false, ..state };
                self.clients[client.index()].set(Some(state));
                k.emit(What::Remove(Subject::Client(client)));
                state.uses
            };
            {
                let _over = self.over_callbacks(k, Mode::Read, at).await;
                self.remove_from_devices(k, client).await;
            }
            if self.rules.client_waits {
                k.unregister_wait(uses, Point::IbUnregisterClientWait).await;
            }
            let at = Point::IbUnregisterClientForget;
            let _list = self.list(k, self.rules.clients, Mode::Write, at).await;
            self.clients[client.index()].set(None);
            Ok(())
        };
        k.span(Span::IbUnregisterClient, Subject::Client(client), body).await
    }

    async fn remove_from_devices(&self, k: &Kernel, client: Client) {
        // With active users, a device that is being unregistered can still be found and kept.
        let hidden_too = self.rules.keeps == Keeps::Users;
        let mut last = None;
        let at = Point::IbUnregisterClientDevice;
        while let Some((device, _use)) =
            self.next_device(k, last, at, |state| state.registered || hidden_too).await
        {
            self.remove_client_context(k, device, client).await;
            last = Some(device);
        }
    }

    /// Models `add_client_context()`. Both marks are read under the device's lock, and whoever clears one takes
    /// that lock afterwards: an `add()` either is seen by the remover or does not happen.
    pub(super) async fn add_client_context(&self, k: &Kernel, device: IbDevice, client: Client) {
        let lock = k.lock_of(LockClass::ClientDataRwsem, Subject::Ib(device));
        let _data = k.lock(lock, Point::IbClientAdd).await;
        let Some(state) = self.device(device) else { return };
        if !state.registered || !self.is_registered(client) || state.added[client.index()] {
            return;
        }
        let data = Subject::ClientData(client, device);
        let add = self.add(k, device, client, state.kref);
        if k.call(Callback::ClientAdd, data, text_of(client), add).await.is_ok() {
            self.change(device, |state| state.added[client.index()] = true);
        }
    }

    /// Models `remove_client_context()`: the mark decides who calls `remove()`, and no lock is held over it.
    pub(super) async fn remove_client_context(&self, k: &Kernel, device: IbDevice, client: Client) {
        let lock = k.lock_of(LockClass::ClientDataRwsem, Subject::Ib(device));
        let (kref, _uses) = {
            let _data = k.lock(lock, Point::IbClientDataLock).await;
            let Some(state) = self.device(device) else { return };
            if !state.added[client.index()] {
                return;
            }
            self.change(device, |state| state.added[client.index()] = false);
            (state.kref, self.client(client).and_then(|state| k.try_use(state.uses)))
        };
        k.point(Point::IbClientRemove).await;
        let data = Subject::ClientData(client, device);
        let remove = self.remove(k, device, client, kref);
        let _never_fails = k.call(Callback::ClientRemove, data, text_of(client), remove).await;
    }

    /// The client's own `add()`.
    async fn add(&self, k: &Kernel, device: IbDevice, client: Client, kref: Kref) -> Result<(), Errno> {
        match client {
            Client::GidCache => self.gid_cache_add(k, device, kref).await,
            Client::Mad => {
                k.point(Point::MadAdd).await;
                k.touch(kref);
            }
        }
        Ok(())
    }

    /// The client's own `remove()`.
    async fn remove(&self, k: &Kernel, device: IbDevice, client: Client, kref: Kref) -> Result<(), Errno> {
        match client {
            Client::GidCache => self.gid_cache_remove(k, device, kref).await,
            Client::Mad => {
                k.point(Point::MadRemove).await;
                k.touch(kref);
            }
        }
        Ok(())
    }

    /// The client with the lowest id above another.
    pub(super) async fn next_client(&self, k: &Kernel, after: Option<u8>) -> Option<(u8, Client)> {
        let _list = self.list(k, self.rules.clients, Mode::Read, Point::IbRegisterClients).await;
        self.ids().filter(|(id, _)| after.is_none_or(|after| *id > after)).min()
    }

    /// The client with the highest id below another.
    pub(super) async fn previous_client(&self, k: &Kernel, before: Option<u8>) -> Option<(u8, Client)> {
        let _list = self.list(k, self.rules.clients, Mode::Read, Point::IbUnregisterClients).await;
        self.ids().filter(|(id, _)| before.is_none_or(|before| *id < before)).max()
    }

    fn ids(&self) -> impl Iterator<Item = (u8, Client)> {
        Client::ALL.iter().filter_map(|client| Some((self.client(*client)?.id, *client)))
    }
}
