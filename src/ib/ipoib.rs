//! The client `ipoib`: it makes a netdev for each device, and so causes events inside `add()` and `remove()`.

use super::Ib;
use super::handler::Owner;
use crate::event::{Client, Errno, IbDevice, IbDriver, NetNs, Netdev, Point, Subject};
use crate::sim::{Kernel, Kref};

impl Ib {
    /// Models `ipoib_add_one()`. One that fails has made the netdev by then, and takes it back.
    pub(super) async fn ipoib_add(
        &self,
        k: &Kernel,
        device: IbDevice,
        kref: Kref,
        fails: bool,
    ) -> Result<(), Errno> {
        k.touch(kref);
        let is_rxe = self.device(device).is_some_and(|state| state.driver == IbDriver::Rxe);
        let netdev = device.ipoib().filter(|_| is_rxe).ok_or(Errno::EOPNOTSUPP)?;
        let data = k.kref_init(Subject::ClientData(Client::Ipoib, device));
        let handler_first = self.decisions.users.handler_before_client;
        if handler_first {
            self.handler_register(k, device, Owner::Ipoib, data).await;
        }
        if let Err(errno) = self.ipoib_netdev(k, netdev, fails).await {
            // What is registered is left there, under the decision that registers it first.
            k.put_and_free(data);
            return Err(errno);
        }
        self.ipoib[device.index()].set(Some(data));
        if !handler_first {
            self.handler_register(k, device, Owner::Ipoib, data).await;
        }
        Ok(())
    }

    /// The netdev, or none if a later step fails.
    async fn ipoib_netdev(&self, k: &Kernel, netdev: Netdev, fails: bool) -> Result<(), Errno> {
        self.netdev_register(k, NetNs::Init, netdev, Point::IpoibAdd).await?;
        if fails {
            self.netdev_unregister(k, netdev, Point::IbRemoveFailed).await?;
            return Err(Errno::ENOMEM);
        }
        Ok(())
    }

    /// Models `ipoib_remove_one()`: when it returns, no task has the netdev.
    pub(super) async fn ipoib_remove(&self, k: &Kernel, device: IbDevice, kref: Kref) {
        k.touch(kref);
        if let Some(netdev) = device.ipoib() {
            self.handler_unregister(k, device, Owner::Ipoib).await;
            // `add()` made it, and no other function unregisters it.
            let _there = self.netdev_unregister(k, netdev, Point::IpoibRemove).await;
            if let Some(data) = self.ipoib[device.index()].take() {
                k.put_and_free(data);
            }
        }
    }
}
