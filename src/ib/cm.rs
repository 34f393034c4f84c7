//! The pair `mad` and `cm`: the second needs the first on the same device, and has work that looks for other clients.

use super::decisions::Lookup;
use super::{Ib, client_data, take};
use crate::event::{Callback, Client, Errno, IbDevice, Mode, Module, Point, QueueName, Subject, WorkFn};
use crate::sim::cell::Cell;
use crate::sim::{Kernel, Kref};

/// What both keep for each device.
#[derive(Debug, Default)]
pub struct Cm {
    /// Whether `mad` has opened its ports.
    ports: [Cell<bool>; IbDevice::COUNT],
    /// The device that `cm` is given messages of.
    agents: [Cell<Option<Kref>>; IbDevice::COUNT],
}

impl Ib {
    /// Models `ib_mad_init_device()`.
    pub(super) async fn mad_add(&self, k: &Kernel, device: IbDevice, kref: Kref) {
        k.point(Point::MadAdd).await;
        k.touch(kref);
        self.cm.ports[device.index()].set(true);
    }

    /// Models `ib_mad_remove_device()`.
    pub(super) async fn mad_remove(&self, k: &Kernel, device: IbDevice, kref: Kref) {
        self.cm.ports[device.index()].set(false);
        k.point(Point::MadRemove).await;
        k.touch(kref);
    }

    /// Models `cm_add_one()`: `ib_register_mad_agent()` fails on a device whose ports mad has not opened.
    pub(super) async fn cm_add(&self, k: &Kernel, device: IbDevice, kref: Kref) -> Result<(), Errno> {
        k.point(Point::CmAdd).await;
        k.touch(kref);
        if !self.cm.ports[device.index()].get() {
            return Err(Errno::ENODEV);
        }
        self.cm.agents[device.index()].set(Some(kref));
        Ok(())
    }

    /// Models `cm_remove_one()`: no message comes any more, and those that came have been answered.
    pub(super) async fn cm_remove(&self, k: &Kernel, device: IbDevice, kref: Kref) {
        k.point(Point::CmRemove).await;
        k.touch(kref);
        self.cm.agents[device.index()].set(None);
        k.flush_workqueue(QueueName::Cm, Point::CmFlush).await;
    }

    /// Models `cm_recv_handler()`: a message comes in on a device, and is for work to answer.
    pub async fn cm_message(&self, k: &Kernel, device: IbDevice) -> Result<(), Errno> {
        k.point(Point::CmRequest).await;
        let kref = self.cm.agents[device.index()].get().ok_or(Errno::ENODEV)?;
        k.touch(kref);
        k.queue_work(QueueName::Cm, WorkFn::CmWork(device), Module::Cm);
        Ok(())
    }

    /// Models `cm_work_handler()`, which looks a netdev up for the listener.
    pub async fn cm_work(&self, k: &Kernel, device: IbDevice) {
        k.point(Point::CmWork).await;
        // The removal of `cm` from the device waits for this.
        if let Some(state) = self.device(device) {
            k.touch(state.kref);
            self.net_dev_by_params(k, device).await;
        }
    }

    /// Models `ib_get_net_dev_by_params()`: asks each client that has been added and not yet removed.
    async fn net_dev_by_params(&self, k: &Kernel, device: IbDevice) {
        let at = Point::NetDevLookup;
        let _held = match self.decisions.lookup {
            Lookup::ClientData => k.read(client_data(k, device), at).await,
            Lookup::Devices => take(k, self.decisions.devices, Mode::Read, at).await,
        };
        let Some(state) = self.device(device).filter(|_| self.offered(device).added[Client::Ipoib.index()])
        else {
            return;
        };
        let asked = async {
            k.point(Point::IpoibLookup).await;
            k.touch(state.kref);
            Ok(())
        };
        let data = state.kref.names(Subject::ClientData(Client::Ipoib, device));
        let _never_fails = k.call(Callback::GetNetDevByParams, data, Module::Ipoib, asked).await;
    }
}
