//! Devices: named, given a GID table, enabled with every client's `add()`; and how they are found and kept.

use super::decisions::Adds;
use super::{Device, Ib, Use, take};
use crate::event::{Errno, IbDevice, LockClass, Mode, NetNs, Point, Span, Subject, What};
use crate::sim::Kernel;

impl Ib {
    /// Models `ib_register_device()`.
    pub async fn register_device(&self, k: &Kernel, device: IbDevice) -> Result<(), Errno> {
        let body = async {
            let _over = self.over_callbacks(k, Mode::Write, Point::IbRegisterLock).await;
            if let Err(errno) = self.assign_name(k, device).await {
                // Models `ib_dealloc_device()` of one that has never been in the list.
                drop(self.list_for_dealloc(k).await);
                if !self.decisions.users.failed_link_keeps_netdev {
                    self.free_netdevs(k, device);
                }
                return Err(errno);
            }
            let asked = self.query_port(k, device).await;
            if let Err(errno) = asked {
                self.forget_device(k, device).await;
                return Err(errno);
            }
            // Models `ib_cache_setup_one()` where there is no memory for the table.
            if let Err(errno) = k.may_fail() {
                self.forget_device(k, device).await;
                return Err(errno);
            }
            if self.decisions.gid_in_core {
                self.cache_setup(k, device).await;
            }
            // Models `ib_cache_update()`.
            let asked = self.query_port(k, device).await;
            if let Err(errno) = asked {
                self.table_cleanup(k, device);
                self.forget_device(k, device).await;
                return Err(errno);
            }
            self.iwarp_gid(k, device);
            // Models `ib_setup_port_attrs()`.
            let asked = self.query_port(k, device).await;
            if let Err(errno) = asked {
                self.cache_cleanup(k, device).await;
                self.forget_device(k, device).await;
                return Err(errno);
            }
            match self.enable_device(k, device, true).await {
                Ok(_keeps) => {
                    self.told[device.index()].set(true);
                    self.notify_register(k, device).await;
                    Ok(())
                }
                Err(errno) => {
                    self.undo(k, device).await;
                    Err(errno)
                }
            }
        };
        k.span(Span::IbRegisterDevice, Subject::Ib(device), body).await
    }

    /// Models `assign_name()`: the name is reserved, and the device has its index; no lookup finds it yet.
    async fn assign_name(&self, k: &Kernel, device: IbDevice) -> Result<(), Errno> {
        let _list = self.list(k, self.decisions.devices, Mode::Write, Point::IbRegisterLock).await;
        k.may_fail()?;
        self.take_name(device)?;
        self.set_name(k, device);
        let state = Device {
            kref: k.kref_init(Subject::Ib(device)),
            driver: self.netdevs.link(device).map_or(device.driver(), |link| link.driver),
            netns: NetNs::Init,
            users: None,
            registered: false,
            gid_updates: false,
            gids: None,
        };
        self.offered[device.index()].take();
        self.devices[device.index()].set(Some(state));
        Ok(())
    }

    /// Models `enable_device_and_get()`: the device can be found, and the task that enables it keeps it until all clients
    /// are added and, of a new one, users know. The driver may fail to enable a new one.
    pub(super) async fn enable_device<'k>(
        &self,
        k: &'k Kernel,
        device: IbDevice,
        is_new: bool,
    ) -> Result<Option<Use<'k>>, Errno> {
        let under_lists = self.decisions.adds == Adds::UnderLists;
        let count = || {
            let counted = self.named(device, Subject::IbUsers(device));
            let users = k.registration_counted(Subject::Ib(device), counted);
            self.change(device, |state| state.users = Some(users));
            self.offer(device, |offered| offered.passed = None);
        };
        let keep = || self.device(device).and_then(|state| self.keep(k, state));
        let mut keeps = None;
        if self.decisions.users.counted_first {
            count();
            keeps = keep();
        }
        let list = self.list(k, self.decisions.devices, Mode::Write, Point::IbRegisterVisible).await;
        if !self.decisions.users.counted_first {
            count();
        }
        self.change(device, |state| state.registered = true);
        self.offer(device, |offered| offered.tried = Default::default());
        self.says(k, device, What::Visible(Subject::Ib(device)));
        if !self.decisions.users.counted_first {
            keeps = keep();
        }
        if self.device(device).and_then(|state| state.users).is_some_and(|users| !k.is_open(users)) {
            // The task that unregisters the device has removed all clients. A client that is added now pins it for ever.
            std::mem::forget(keeps.take());
        }
        if is_new && self.fails_to_enable.take() {
            return Err(Errno::ENOMEM);
        }
        let _lists = match list.filter(|_| under_lists) {
            Some(held) => {
                let devices = k.downgrade(held);
                let clients =
                    take(k, LockClass::ClientsRwsem, Mode::Read, Point::IbRegisterClientsLock).await;
                Some((devices, clients))
            }
            None => None,
        };
        if is_new {
            self.notify_early(k, device).await;
        }
        let _over = self.over_callbacks(k, Mode::Read, Point::IbRegisterLock).await;
        k.point(Point::IbRegisterClients).await;
        if under_lists {
            self.add_all(k, device).await;
            self.compat_add(k, device).await?;
            return Ok(keeps);
        }
        let mut last = None;
        while let Some((id, client)) = self.next_client(k, last, false).await {
            self.add_client_context(k, device, client).await;
            last = Some(id);
        }
        self.compat_add(k, device).await?;
        Ok(keeps)
    }

    /// The next device of the list, kept, so that it can be operated after the list's lock is unlocked. A caller that
    /// holds that lock says so.
    pub(super) async fn next_device<'k>(
        &self,
        k: &'k Kernel,
        after: Option<u16>,
        at: Point,
        is_held: bool,
        wanted: impl Fn(&Device) -> bool,
    ) -> Option<(IbDevice, Use<'k>)> {
        let _list = if is_held {
            let found = self.find_device(k, after, wanted);
            if found.is_some() {
                k.point(at).await;
            }
            return found;
        } else {
            self.list(k, self.decisions.devices, Mode::Read, at).await
        };
        self.find_device(k, after, wanted)
    }

    /// The first device after an index that is wanted.
    pub(super) fn listed_device(
        &self,
        after: Option<u16>,
        wanted: impl Fn(&Device) -> bool,
    ) -> Option<IbDevice> {
        self.after(after).find(|device| self.device(*device).is_some_and(|state| wanted(&state)))
    }

    /// The first device after an index that is wanted and not too late to keep.
    pub(super) fn find_device<'k>(
        &self,
        k: &'k Kernel,
        after: Option<u16>,
        wanted: impl Fn(&Device) -> bool,
    ) -> Option<(IbDevice, Use<'k>)> {
        let later = self.after(after);
        let mut wanted = later.filter_map(|device| Some((device, self.device(device).filter(&wanted)?)));
        wanted.find_map(|(device, state)| Some((device, self.keep(k, state)?)))
    }
}
