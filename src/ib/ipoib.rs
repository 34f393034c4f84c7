//! The client `ipoib`: it makes a netdev for each device, and so causes events inside `add()` and `remove()`.

use super::Ib;
use crate::event::{Errno, IbDevice, IbDriver, NetNs, Point};
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
            // `add()` made it, and no other function unregisters it.
            let _there = self.netdev_unregister(k, netdev, Point::IpoibRemove).await;
        }
    }
}
