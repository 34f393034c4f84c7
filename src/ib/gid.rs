//! The gid cache: a client that keeps, for each device, what netdevs say; its work runs from ordered queues.

use super::decisions::{Enumerates, Flushes, Keeps, Marks};
use super::table::Update;
use super::{Device, Ib, Use, take};
use crate::event::{
    Address, Callback, Client, IbDevice, IbDriver, Mode, Module, Point, QueueName, Subject, WorkFn,
};
use crate::sim::{Kernel, Kref};

impl Ib {
    /// The client's `add()`: events are for this device from here on, and what came earlier is read again.
    pub(super) async fn gid_cache_add(&self, k: &Kernel, device: IbDevice, kref: Kref) {
        k.touch(kref);
        if self.decisions.gid_in_core {
            return;
        }
        self.table_setup(k, device);
        if self.decisions.marks == Marks::Last {
            self.rescan_queue(k, device, kref);
            k.point(Point::GidAdd).await;
            self.change(device, |state| state.gid_updates = true);
            return;
        }
        // The mark comes before the rescan, or an event between the two is lost.
        self.change(device, |state| state.gid_updates = true);
        k.point(Point::GidAdd).await;
        self.rescan_queue(k, device, kref);
    }

    fn rescan_queue(&self, k: &Kernel, device: IbDevice, kref: Kref) {
        if k.queue_work(self.decisions.rescan, WorkFn::RescanDevice(device), Module::GidCache) {
            let items = &self.rescans[device.index()];
            items.set(match items.get() {
                [None, _] => [Some(kref), None],
                [oldest, _] => [oldest, Some(kref)],
            });
            if self.decisions.keeps == Keeps::Kref {
                k.get(kref);
            }
        }
    }

    /// The client's `remove()`: no event is for this device any more, and no work of ours operates it.
    pub(super) async fn gid_cache_remove(&self, k: &Kernel, device: IbDevice, kref: Kref) {
        k.touch(kref);
        if self.decisions.gid_in_core {
            return;
        }
        self.change(device, |state| state.gid_updates = false);
        match self.decisions.remove_flushes {
            Flushes::All => {
                self.flush_all(k, Point::GidFlush).await;
            }
            Flushes::Rescan => k.flush_workqueue(self.decisions.rescan, Point::GidFlush).await,
            Flushes::Nothing => k.point(Point::GidFlush).await,
        }
        self.table_cleanup(k, device);
    }

    /// Waits for all work of the gid cache, whichever queues the decisions give it.
    pub(super) async fn flush_all(&self, k: &Kernel, at: Point) {
        k.flush_workqueue(QueueName::Gid, at).await;
        if self.decisions.rescan != QueueName::Gid {
            k.flush_workqueue(self.decisions.rescan, at).await;
        }
    }

    /// Models `netdevice_event_work_handler()` of a netdev that has something new.
    pub async fn netdevice_event_work(&self, k: &Kernel) {
        let netdev = self.next_event();
        // What a slave of a bond must lose comes before the default GIDs.
        for walk in 1..self.decisions.users.walks {
            self.enum_roce_netdevs(k, (walk > 1).then_some(Update::Default(netdev))).await;
        }
        self.enum_roce_netdevs(k, Some(Update::Present(netdev))).await;
        self.netdevs.put(k, netdev);
    }

    /// Models `update_gid_event_work_handler()` of an address that no program names, and no table shows.
    pub async fn link_local_work(&self, k: &Kernel) {
        let netdev = self.next_event();
        self.enum_roce_netdevs(k, None).await;
        self.netdevs.put(k, netdev);
    }

    /// Models `netdevice_event_work_handler()` of a netdev that is unregistered.
    pub async fn netdevice_gone_work(&self, k: &Kernel) {
        let netdev = self.next_event();
        self.enum_roce_netdevs(k, Some(Update::NetdevGone(netdev))).await;
        self.netdevs.put(k, netdev);
    }

    /// Models `update_gid_event_work_handler()` of an address that was deleted.
    pub async fn address_gone_work(&self, k: &Kernel, address: Address) {
        let netdev = self.next_event();
        self.enum_roce_netdevs(k, Some(Update::Gone(netdev, address))).await;
        self.netdevs.put(k, netdev);
    }

    /// Models `ib_enum_roce_ports_of_netdev()`, later `ib_enum_all_roce_netdevs()`.
    async fn enum_roce_netdevs(&self, k: &Kernel, update: Option<Update>) {
        let wanted = |state: &Device| self.is_for(state);
        let mut last = None;
        if self.decisions.enum_holds_lock {
            let _list = take(k, self.decisions.devices, Mode::Read, Point::IbEnumLock).await;
            // The lock keeps them all: one that is marked need not be registered yet.
            while let Some(device) = self.listed_device(last, wanted) {
                last = Some(self.index(device));
                k.point(Point::IbEnumDevice).await;
                self.enum_roce_ports(k, device, update).await;
            }
            return;
        }
        while let Some((device, _use)) = self.next_to_enum(k, last, wanted).await {
            last = Some(self.index(device));
            k.point(Point::IbEnumDevice).await;
            self.enum_roce_ports(k, device, update).await;
        }
    }

    /// The next device that an event is for, kept while the event is told to it.
    async fn next_to_enum<'k>(
        &self,
        k: &'k Kernel,
        after: Option<u16>,
        wanted: impl Fn(&Device) -> bool,
    ) -> Option<(IbDevice, Use<'k>)> {
        if !self.decisions.enum_locks {
            // RCU keeps the list while it is read, and nothing of what was found.
            k.point(Point::IbEnumLock).await;
            return self.listed_device(after, wanted).map(|device| (device, Use::Lock));
        }
        let _list = take(k, self.decisions.devices, Mode::Read, Point::IbEnumLock).await;
        self.find_device(k, after, wanted)
    }

    /// Whether a walk for a netdev event looks at this device.
    fn is_for(&self, device: &Device) -> bool {
        match self.decisions.enumerates {
            Enumerates::Marked => device.gid_updates,
            Enumerates::Listed => device.registered,
        }
    }

    async fn enum_roce_ports(&self, k: &Kernel, device: IbDevice, update: Option<Update>) {
        match self.device(device) {
            // It is looked at, and there is nothing to tell it.
            Some(state) if state.driver == IbDriver::Siw => k.point(Point::IbEnumTouch).await,
            Some(state) => self.operate(k, device, state.kref, update).await,
            None => {}
        }
    }

    /// Models `roce_rescan_device_work()`: it has the device's pointer and looks nothing up.
    pub async fn rescan_work(&self, k: &Kernel, device: IbDevice) {
        let items = &self.rescans[device.index()];
        let [Some(kref), next] = items.get() else { return };
        items.set([next, None]);
        k.point(Point::GidRescan).await;
        self.operate(k, device, kref, self.netdev_of(device).map(Update::Present)).await;
        if self.decisions.keeps == Keeps::Kref {
            // The task that unregisters the device waits for this put and frees the memory.
            let _last = k.put(kref);
        }
    }

    /// The callback that reads the device's ports and writes its GID table.
    async fn operate(&self, k: &Kernel, device: IbDevice, kref: Kref, update: Option<Update>) {
        let (data, module) = if self.decisions.gid_in_core {
            (Subject::GidTable(device), Module::Core)
        } else {
            (Subject::ClientData(Client::GidCache, device), Module::GidCache)
        };
        let callback = async {
            k.point(Point::IbEnumTouch).await;
            if k.touch(kref)
                && let Some(update) = update
            {
                self.table_update(k, device, kref, update);
            }
            Ok(())
        };
        let _never_fails = k.call(Callback::EnumRocePorts, kref.names(data), module, callback).await;
    }
}
