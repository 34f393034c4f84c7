//! GID tables: for each device, the addresses of the netdev that its port is on.

use super::Ib;
use super::decisions::{Enumerates, Marks};
use super::netdev::NetdevId;
use crate::event::{Address, IbDevice, IbDriver, Mode, Netdev, Point, Span, Subject, What};
use crate::sim::{Kernel, Kref};

/// The entries of a table: a bit for each address of a netdev. An entry has the netdev.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gids {
    bits: u8,
    of: Option<NetdevId>,
    /// The netdev whose default GIDs, which are made of its hardware address, are there.
    default: Option<NetdevId>,
}

/// What the tables are to be told.
#[derive(Debug, Clone, Copy)]
pub(super) enum Update {
    /// All addresses of a netdev are to be there.
    Present(NetdevId),
    /// The default GIDs of a netdev are to be there.
    Default(NetdevId),
    /// An address of a netdev is gone.
    Gone(NetdevId, Address),
    /// A netdev is gone, and all of its addresses.
    NetdevGone(NetdevId),
}

impl Ib {
    /// Models `gid_table_setup_one()`: the device has a table, which is empty. Only RoCE has addresses in it.
    pub(super) fn table_setup(&self, k: &Kernel, device: IbDevice) {
        let has_none = |state: &super::Device| state.gids.is_none() && state.driver != IbDriver::Siw;
        if self.device(device).is_some_and(|state| has_none(&state)) {
            self.change(device, |state| state.gids = Some(Gids::default()));
            self.says(k, device, What::Add(Subject::GidTable(device)));
            self.table_follows(k, device, None, self.netdev_of(device));
        }
    }

    /// Says which netdev the table is to follow from here on, if there is a table.
    pub(super) fn table_follows(
        &self,
        k: &Kernel,
        device: IbDevice,
        old: Option<NetdevId>,
        new: Option<NetdevId>,
    ) {
        if self.device(device).is_some_and(|state| state.gids.is_some()) {
            let (old, new) = (self.followed(old), self.followed(new));
            if old != new {
                self.says(k, device, What::Set(Subject::GidTable(device), old, new));
            }
        }
    }

    /// Says of the entries that are of a netdev by which name it goes now.
    pub(super) fn rename_gids(&self, k: &Kernel, netdev: NetdevId, old: Netdev) {
        let new = self.netdevs.get(netdev);
        for device in IbDevice::ALL.iter().copied() {
            let Some(gids) = self.device(device).and_then(|state| state.gids) else { continue };
            let entries = Address::ALL.iter().filter(|address| gids.bits & bit(**address) != 0);
            for address in entries.filter(|_| gids.of == Some(netdev)) {
                self.says(k, device, What::Remove(Subject::Gid(device, old, *address)));
                self.says(k, device, What::Add(Subject::Gid(device, new.name, *address)));
            }
        }
    }

    /// Says of the tables that follow a netdev, which was followed as this, as what they follow it now.
    pub(super) fn tables_follow(&self, k: &Kernel, netdev: NetdevId, old: u8) {
        let new = self.followed(Some(netdev));
        for device in IbDevice::ALL.iter().copied().filter(|device| self.netdev_of(*device) == Some(netdev)) {
            if self.device(device).is_some_and(|state| state.gids.is_some()) && old != new {
                self.says(k, device, What::Set(Subject::GidTable(device), old, new));
            }
        }
    }

    /// The netdev that a device is on.
    pub(super) fn netdev_of(&self, device: IbDevice) -> Option<NetdevId> {
        self.netdevs.link(device).and_then(|link| link.netdev)
    }

    /// Models `config_non_roce_gid_cache()`: the one GID of an iWARP device refers to its netdev.
    pub(super) fn iwarp_gid(&self, k: &Kernel, device: IbDevice) {
        if let Some(netdev) = self.netdev_of(device)
            && self.driver_of(device) == IbDriver::Siw
            && self.decisions.users.iwarp_gid
        {
            self.netdevs.hold(k, netdev);
            self.iwarp_gids[device.index()].set(Some(netdev));
        }
    }

    /// Models `gid_table_cleanup_one()`: the table is gone, and with it what its entries had.
    pub(super) fn table_cleanup(&self, k: &Kernel, device: IbDevice) {
        if let Some(netdev) = self.iwarp_gids[device.index()].take() {
            self.netdevs.put(k, netdev);
        }
        let Some(gids) = self.device(device).and_then(|state| state.gids) else { return };
        for address in Address::ALL {
            // What an event was queued for is there to delete.
            let is_queued = gids.of.is_some_and(|netdev| !self.has_address(netdev, *address));
            if !(is_queued && self.decisions.cleanup_leaves_queued) {
                self.gid_del(k, device, *address);
            }
        }
        self.default_gids_del(k, device);
        self.table_follows(k, device, self.netdev_of(device), None);
        if self.device(device).is_some_and(|state| state.gids.is_some()) {
            self.change(device, |state| state.gids = None);
            self.says(k, device, What::Remove(Subject::GidTable(device)));
        }
    }

    /// Brings the table of a device up to date with an event. One that has no table, or is on another netdev, is not
    /// concerned.
    pub(super) fn table_update(&self, k: &Kernel, device: IbDevice, kref: Kref, update: Update) {
        if self.device(device).is_none_or(|state| state.kref != kref || state.gids.is_none()) {
            return;
        }
        let of = self.device(device).and_then(|state| state.gids?.of);
        match update {
            Update::Present(netdev) if self.netdev_of(device) == Some(netdev) => {
                for address in Address::ALL.iter().filter(|address| self.has_address(netdev, **address)) {
                    self.gid_add(k, device, netdev, *address);
                }
            }
            Update::Default(netdev) if self.netdev_of(device) == Some(netdev) => {
                self.default_gids_add(k, device, netdev);
            }
            Update::Gone(netdev, address) if of == Some(netdev) => self.gid_del(k, device, address),
            Update::NetdevGone(netdev) => {
                if of == Some(netdev) {
                    Address::ALL.iter().for_each(|address| self.gid_del(k, device, *address));
                }
                if self.device(device).and_then(|state| state.gids?.default) == Some(netdev) {
                    self.default_gids_del(k, device);
                }
            }
            Update::Present(_) | Update::Default(_) | Update::Gone(..) => {}
        }
    }

    /// Models `ib_cache_gid_add()`. The entries of a table are of one netdev at a time.
    fn gid_add(&self, k: &Kernel, device: IbDevice, netdev: NetdevId, address: Address) {
        let Some(Gids { bits, of, default }) = self.device(device).and_then(|state| state.gids) else {
            return;
        };
        if bits & bit(address) == 0 && of.is_none_or(|of| of == netdev) {
            let gids = Gids { bits: bits | bit(address), of: Some(netdev), default };
            self.change(device, |state| state.gids = Some(gids));
            self.netdevs.hold(k, netdev);
            self.says(k, device, What::Add(Subject::Gid(device, self.netdevs.get(netdev).name, address)));
        }
    }

    /// Models `del_gid()`.
    fn gid_del(&self, k: &Kernel, device: IbDevice, address: Address) {
        let gids = self.device(device).and_then(|state| state.gids);
        let Some(Gids { bits, of: Some(netdev), default }) = gids else { return };
        if bits & bit(address) != 0 {
            let bits = bits & !bit(address);
            let gids = Gids { bits, of: (bits != 0).then_some(netdev), default };
            self.change(device, |state| state.gids = Some(gids));
            self.says(k, device, What::Remove(Subject::Gid(device, self.netdevs.get(netdev).name, address)));
            self.netdevs.put(k, netdev);
        }
    }

    /// Models `ib_cache_gid_set_default_gid()`: the default GIDs refer to the netdev.
    fn default_gids_add(&self, k: &Kernel, device: IbDevice, netdev: NetdevId) {
        let Some(gids) = self.device(device).and_then(|state| state.gids) else { return };
        if self.decisions.users.default_gids && gids.default.is_none() {
            self.change(device, |state| state.gids = Some(Gids { default: Some(netdev), ..gids }));
            self.netdevs.hold(k, netdev);
        }
    }

    /// Models `del_gid()` of the default GIDs.
    fn default_gids_del(&self, k: &Kernel, device: IbDevice) {
        let Some(gids) = self.device(device).and_then(|state| state.gids) else { return };
        if let Some(netdev) = gids.default {
            self.change(device, |state| state.gids = Some(Gids { default: None, ..gids }));
            self.netdevs.put(k, netdev);
        }
    }

    /// Models `ib_cache_setup_one()`: the table, filled with what there is, and the mark that has events come.
    pub(super) async fn cache_setup(&self, k: &Kernel, device: IbDevice) {
        self.table_setup(k, device);
        if self.decisions.enumerates == Enumerates::Marked && self.decisions.marks == Marks::First {
            self.gid_mark(k, device, true, Point::GidMark).await;
        }
        {
            // Models `rdma_roce_rescan_device()`.
            let _rtnl = k.rtnl_lock(Point::GidRescanDevice).await;
            if let Some(state) = self.device(device)
                && let Some(netdev) = self.netdev_of(device)
            {
                if self.netdevs.get(netdev).registered {
                    self.table_update(k, device, state.kref, Update::Default(netdev));
                }
                self.table_update(k, device, state.kref, Update::Present(netdev));
            }
        }
        if self.decisions.enumerates == Enumerates::Marked && self.decisions.marks == Marks::Last {
            self.gid_mark(k, device, true, Point::GidMark).await;
        }
    }

    /// Models `ib_cache_cleanup_one()`: the task that writes the mark waits for the walks over the devices.
    pub(super) async fn cache_cleanup(&self, k: &Kernel, device: IbDevice) {
        let body = async {
            if self.decisions.enumerates == Enumerates::Marked {
                self.gid_mark(k, device, false, Point::GidUnmark).await;
            }
            k.point(Point::GidCleanup).await;
            self.table_cleanup(k, device);
            Ok(())
        };
        let _never_fails = k.span(Span::IbCacheCleanup, self.named(device, Subject::Ib(device)), body).await;
    }

    /// Models `ib_device_enable_gid_updates()` and `ib_device_disable_gid_updates()`.
    async fn gid_mark(&self, k: &Kernel, device: IbDevice, on: bool, at: Point) {
        let _list = self.list(k, self.decisions.devices, Mode::Write, at).await;
        self.change(device, |state| state.gid_updates = on);
    }
}

const fn bit(address: Address) -> u8 {
    1 << address.index()
}
