//! The gid cache: a client that keeps, for each device, what netdevs say; its work runs from ordered queues.

use super::variant::{Enumerates, Flushes, Keeps};
use super::{Device, Ib, take};
use crate::event::{Callback, Client, IbDevice, Mode, Module, Netdev, Point, QueueName, Subject, WorkFn};
use crate::sim::{Kernel, Kref};

impl Ib {
    /// Models the netdev and address notifiers: they may not sleep, so all they do is queue work.
    pub async fn netdev_event(&self, k: &Kernel, netdev: Netdev) {
        k.point(Point::NetdevEvent).await;
        if self.is_registered(Client::GidCache) {
            k.queue_work(QueueName::Gid, WorkFn::NetdeviceEvent(netdev), Module::GidCache);
        }
    }

    /// The client's `add()`: events are for this device from here on, and what came earlier is read again.
    pub(super) async fn gid_cache_add(&self, k: &Kernel, device: IbDevice, kref: Kref) {
        k.touch(kref);
        // The mark comes before the rescan, or an event between the two is lost.
        self.change(device, |state| state.gid_updates = true);
        k.point(Point::GidAdd).await;
        if k.queue_work(self.rules.rescan, WorkFn::RescanDevice(device), Module::GidCache) {
            let items = &self.rescans[device.index()];
            items.set(match items.get() {
                [None, _] => [Some(kref), None],
                [oldest, _] => [oldest, Some(kref)],
            });
            if self.rules.keeps == Keeps::Kref {
                k.get(kref);
            }
        }
    }

    /// The client's `remove()`: no event is for this device any more, and no work of ours operates it.
    pub(super) async fn gid_cache_remove(&self, k: &Kernel, device: IbDevice, kref: Kref) {
        k.touch(kref);
        self.change(device, |state| state.gid_updates = false);
        match self.rules.remove_flushes {
            Flushes::All => {
                self.flush_all(k, Point::GidFlush).await;
            }
            Flushes::Rescan => k.flush_workqueue(self.rules.rescan, Point::GidFlush).await,
            Flushes::Nothing => k.point(Point::GidFlush).await,
        }
    }

    /// Waits for all work of the gid cache, whichever queues the rules give it.
    pub(super) async fn flush_all(&self, k: &Kernel, at: Point) {
        k.flush_workqueue(QueueName::Gid, at).await;
        if self.rules.rescan != QueueName::Gid {
            k.flush_workqueue(self.rules.rescan, at).await;
        }
    }

    /// Models `netdevice_event_work_handler()` and `ib_enum_roce_ports_of_netdev()`.
    pub async fn netdevice_event_work(&self, k: &Kernel, _netdev: Netdev) {
        if self.rules.keeps == Keeps::Lock {
            let _list = take(k, self.rules.devices, Mode::Read, Point::IbEnumLock).await;
            let mut last = None;
            while let Some((device, _use)) = self.find_device(k, last, |state| self.is_for(state)) {
                k.point(Point::IbEnumDevice).await;
                self.enum_roce_ports(k, device).await;
                last = Some(device);
            }
            return;
        }
        let mut last = None;
        loop {
            let found = {
                let _list = take(k, self.rules.devices, Mode::Read, Point::IbEnumLock).await;
                self.find_device(k, last, |state| self.is_for(state))
            };
            let Some((device, _use)) = found else { return };
            k.point(Point::IbEnumDevice).await;
            self.enum_roce_ports(k, device).await;
            last = Some(device);
        }
    }

    /// Whether a netdev event is for this device.
    fn is_for(&self, device: &Device) -> bool {
        match self.rules.enumerates {
            Enumerates::Marked => device.gid_updates,
            Enumerates::Listed => device.registered,
        }
    }

    async fn enum_roce_ports(&self, k: &Kernel, device: IbDevice) {
        if let Some(state) = self.device(device) {
            self.operate(k, device, state.kref).await;
        }
    }

    /// Models `roce_rescan_device_work()`: it has the device's pointer and looks nothing up.
    pub async fn rescan_work(&self, k: &Kernel, device: IbDevice) {
        let items = &self.rescans[device.index()];
        let [Some(kref), next] = items.get() else { return };
        items.set([next, None]);
        k.point(Point::GidRescan).await;
        self.operate(k, device, kref).await;
        if self.rules.keeps == Keeps::Kref {
            // Whoever unregisters the device waits for this and gives the memory back.
            let _last = k.put(kref);
        }
    }

    /// The callback that reads the device's ports and writes its gid table.
    async fn operate(&self, k: &Kernel, device: IbDevice, kref: Kref) {
        let data = Subject::ClientData(Client::GidCache, device);
        let callback = async {
            k.point(Point::IbEnumTouch).await;
            k.touch(kref);
            Ok(())
        };
        let _never_fails = k.call(Callback::EnumRocePorts, data, Module::GidCache, callback).await;
    }
}
