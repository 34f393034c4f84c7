//! Clients: added to every device and removed from it, once each and never both at a time.

use super::chardev::Kind;
use super::decisions::{Adds, Keeps};
use super::{ClientState, Device, Ib, client_data, take, text_of};
use crate::event::{Callback, Client, Errno, IbDevice, LockClass, Mode, Point, Span, Subject, What};
use crate::sim::{Kernel, Kref, User};

impl Ib {
    /// Models `ib_register_client()`, except that no lock of all devices is held over `add()`.
    pub async fn register_client(&self, k: &Kernel, client: Client) -> Result<(), Errno> {
        let at = Point::IbRegisterClientLock;
        let body = async {
            let _over = self.over_callbacks(k, Mode::Write, at).await;
            let _lists = match self.decisions.adds {
                Adds::UnderLists => {
                    let devices = take(k, LockClass::DevicesRwsem, Mode::Write, at).await;
                    let at = Point::IbRegisterClientsLock;
                    Some((devices, take(k, LockClass::ClientsRwsem, Mode::Write, at).await))
                }
                Adds::InOrder | Adds::Alone => None,
            };
            let is_held = _lists.is_some();
            self.assign_client_id(k, client, is_held).await?;
            let _over = self.over_callbacks(k, Mode::Read, at).await;
            let mut last = None;
            let at = Point::IbRegisterClientDevice;
            while let Some((device, _use)) = self.next_device(k, last, at, is_held, |it| it.registered).await
            {
                last = Some(self.index(device));
                self.add_client_context(k, device, client).await;
            }
            Ok(())
        };
        k.span(Span::IbRegisterClient, Subject::Client(client), body).await
    }

    /// Registers a client that was there before any device was.
    pub fn boot_client(&self, k: &Kernel, client: Client) {
        if self.client(client).is_none() {
            self.give_id(k, client);
        }
    }

    /// Models `assign_client_id()`: holes are not filled, so an id is also an order.
    async fn assign_client_id(&self, k: &Kernel, client: Client, is_held: bool) -> Result<(), Errno> {
        let _list = if is_held {
            None
        } else {
            self.list(k, self.decisions.clients, Mode::Write, Point::IbRegisterClientLock).await
        };
        if self.client(client).is_some() {
            return Err(Errno::EEXIST);
        }
        for device in IbDevice::ALL {
            self.offer(*device, |offered| offered.tried[client.index()] = false);
        }
        self.give_id(k, client);
        Ok(())
    }

    fn give_id(&self, k: &Kernel, client: Client) {
        let id = self.end_of_ids();
        let uses = k.registration(Subject::Client(client));
        self.clients[client.index()].set(Some(ClientState { id, registered: true, uses }));
        k.emit(What::Add(Subject::Client(client)));
    }

    /// Models `ib_unregister_client()`: no callback of the client runs or can start once it returns.
    pub async fn unregister_client(&self, k: &Kernel, client: Client) -> Result<(), Errno> {
        let body = async {
            let at = Point::IbUnregisterClientLock;
            let _over = self.over_callbacks(k, Mode::Write, at).await;
            let uses = {
                let _list = self.list(k, self.decisions.clients, Mode::Write, at).await;
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
            if self.decisions.client_waits {
                k.unregister_wait(uses, Point::IbUnregisterClientWait).await;
            }
            let at = Point::IbUnregisterClientForget;
            let _list = self.list(k, self.decisions.clients, Mode::Write, at).await;
            self.clients[client.index()].set(None);
            Ok(())
        };
        k.span(Span::IbUnregisterClient, Subject::Client(client), body).await
    }

    /// Has a client refuse the devices that it is told of, or no longer.
    pub fn client_refuses(&self, client: Client, on: bool) {
        self.refuses[client.index()].set(on);
    }

    async fn remove_from_devices(&self, k: &Kernel, client: Client) {
        // With active users, a device that is being unregistered can still be found and kept.
        let hidden_too = self.decisions.keeps == Keeps::Users;
        // 6.12 walks the devices under RCU.
        let is_held = self.decisions.adds == Adds::UnderLists;
        let mut last = None;
        let at = Point::IbUnregisterClientDevice;
        let wanted = |state: &Device| state.registered || hidden_too;
        while let Some((device, _use)) = self.next_device(k, last, at, is_held, wanted).await {
            last = Some(self.index(device));
            self.remove_client_context(k, device, client, None).await;
        }
    }

    /// Models `add_client_context()`. Both marks are read under the device's lock, and a task that clears one takes
    /// that lock afterwards: an `add()` either is seen by the remover or does not happen.
    pub(super) async fn add_client_context(&self, k: &Kernel, device: IbDevice, client: Client) {
        let _data = k.lock(client_data(k, device), Point::IbClientAdd).await;
        if self.decisions.adds != Adds::InOrder {
            return self.add_one(k, device, client).await;
        }
        while let Some(next) = self.first_missing(device, client) {
            self.add_one(k, device, next).await;
        }
    }

    /// The client that registered first of those that the device has not been offered yet, up to this one.
    fn first_missing(&self, device: IbDevice, upto: Client) -> Option<Client> {
        self.device(device).filter(|state| state.registered)?;
        let offered = self.offered(device);
        let upto = self.client(upto).filter(|state| state.registered)?.id;
        let missing = |(id, client): &(u8, Client)| {
            *id <= upto && !offered.tried[client.index()] && self.is_registered(*client)
        };
        self.ids().filter(missing).min().map(|(_, client)| client)
    }

    /// Calls `add()`, unless another task has, or one of the two is on its way out.
    async fn add_one(&self, k: &Kernel, device: IbDevice, client: Client) {
        let Some(state) = self.device(device) else { return };
        if !state.registered || !self.is_registered(client) || self.offered(device).added[client.index()] {
            return;
        }
        self.offer(device, |offered| offered.tried[client.index()] = true);
        let pins = self.client(client).and_then(|client| self.pins(k, device, client.id));
        let data = state.kref.names(Subject::ClientData(client, device));
        let add = self.add(k, device, client, state.kref);
        let taken = k.call(Callback::ClientAdd, data, text_of(client), add).await;
        if taken.is_ok() {
            std::mem::forget(pins);
        }
        // A client that refuses a device is no reason to refuse the device.
        if taken.is_ok() || self.decisions.refused_is_removed {
            self.offer(device, |offered| offered.added[client.index()] = true);
        }
    }

    /// Models `remove_client_context()`: the mark decides who calls `remove()`, and no lock is held over it. The task that
    /// unregisters the device says by which id it comes.
    pub(super) async fn remove_client_context(
        &self,
        k: &Kernel,
        device: IbDevice,
        client: Client,
        id: Option<u8>,
    ) {
        let data = k.lock(client_data(k, device), Point::IbClientDataLock).await;
        self.comes_by(device, id);
        let Some(state) = self.device(device) else { return };
        let was_added = self.offered(device).added[client.index()];
        self.offer(device, |offered| offered.tried[client.index()] = false);
        if !was_added {
            return;
        }
        self.offer(device, |offered| offered.added[client.index()] = false);
        let _uses = self.client(client).and_then(|state| k.try_use(state.uses));
        let _data = if self.decisions.client_data_over_remove {
            Some(k.downgrade(data))
        } else {
            drop(data);
            None
        };
        k.point(Point::IbClientRemove).await;
        let data = state.kref.names(Subject::ClientData(client, device));
        let remove = self.remove(k, device, client, state.kref);
        let _never_fails = k.call(Callback::ClientRemove, data, text_of(client), remove).await;
    }

    /// The task that unregisters a device comes by a client, whose data it has locked.
    pub(super) fn comes_by(&self, device: IbDevice, id: Option<u8>) {
        if id.is_some() {
            self.offer(device, |offered| offered.passed = id);
        }
    }

    /// Models the reference to the device that a client has from `add_client_context()` to `remove_client_context()`. A
    /// client that comes after all clients were removed keeps it, and unregistering the device never ends.
    pub(super) fn pins<'k>(&self, k: &'k Kernel, device: IbDevice, id: u8) -> Option<User<'k>> {
        self.offered(device).passed.filter(|passed| id >= *passed)?;
        k.try_use(self.device(device)?.users?)
    }

    /// The client's own `add()`.
    async fn add(&self, k: &Kernel, device: IbDevice, client: Client, kref: Kref) -> Result<(), Errno> {
        let refuses = self.refuses[client.index()].get() || k.may_fail().is_err();
        if refuses && client != Client::Ipoib {
            return Err(Errno::ENOMEM);
        }
        match client {
            Client::GidCache => self.gid_cache_add(k, device, kref).await,
            Client::Mad => self.mad_add(k, device, kref).await,
            Client::Cm => return self.cm_add(k, device, kref).await,
            Client::Uverbs => {
                self.chardev_add(k, Kind::Uverbs, device, kref).await?;
                self.uverbs_add(k, device, kref);
            }
            Client::Umad => return self.chardev_add(k, Kind::Umad, device, kref).await,
            Client::Ipoib => return self.ipoib_add(k, device, kref, refuses).await,
            Client::Cma => return self.cma_add(k, device, kref).await,
        }
        Ok(())
    }

    /// The client's own `remove()`.
    async fn remove(&self, k: &Kernel, device: IbDevice, client: Client, kref: Kref) -> Result<(), Errno> {
        match client {
            Client::GidCache => self.gid_cache_remove(k, device, kref).await,
            Client::Mad => self.mad_remove(k, device, kref).await,
            Client::Cm => self.cm_remove(k, device, kref).await,
            Client::Uverbs => {
                self.chardev_remove(k, Kind::Uverbs, device, kref).await;
                self.uverbs_remove(k, device, kref).await;
            }
            Client::Umad => self.chardev_remove(k, Kind::Umad, device, kref).await,
            Client::Ipoib => self.ipoib_remove(k, device, kref).await,
            Client::Cma => self.cma_remove(k, device, kref).await,
        }
        Ok(())
    }

    /// The client with the lowest id above another. A caller that holds the lock of the list says so.
    pub(super) async fn next_client(
        &self,
        k: &Kernel,
        after: Option<u8>,
        is_held: bool,
    ) -> Option<(u8, Client)> {
        let _list = if is_held {
            None
        } else {
            self.list(k, self.decisions.clients, Mode::Read, Point::IbRegisterClients).await
        };
        self.ids().filter(|(id, _)| after.is_none_or(|after| *id > after)).min()
    }

    /// The client with the highest id below another.
    pub(super) async fn previous_client(
        &self,
        k: &Kernel,
        before: Option<u8>,
        is_held: bool,
    ) -> Option<(u8, Client)> {
        let _list = if is_held {
            None
        } else {
            self.list(k, self.decisions.clients, Mode::Read, Point::IbUnregisterClients).await
        };
        self.ids().filter(|(id, _)| before.is_none_or(|before| *id < before)).max()
    }

    /// The clients there are, with their ids.
    pub(super) fn ids(&self) -> impl Iterator<Item = (u8, Client)> {
        Client::ALL.iter().filter_map(|client| Some((self.client(*client)?.id, *client)))
    }
}
