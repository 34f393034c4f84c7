//! Event handlers: what a client of a device is called with when the device's driver says that something happened.
//!
//! A handler has a pointer to what its client keeps for the device, so it is registered once that is whole and unregistered
//! before any of it goes. `ipoib` has one.

use super::Ib;
use crate::event::{Callback, Client, Errno, IbDevice, LockClass, Module, Point, Subject};
use crate::sim::cell::Cell;
use crate::sim::{Kernel, Kref, LockId};

/// The handlers of each device: the memory that `ipoib`'s points to.
#[derive(Debug, Default)]
pub struct Handlers([Cell<Option<Kref>>; IbDevice::COUNT]);

impl Ib {
    /// Models `ib_register_event_handler()`.
    pub(super) async fn handler_register(&self, k: &Kernel, device: IbDevice, data: Kref) {
        let _list = k.lock_here(handlers_lock(k, device)).await;
        self.handlers.0[device.index()].set(Some(data));
    }

    /// Models `ib_unregister_event_handler()`: once it returns, the handler does not run and is not called any more.
    pub(super) async fn handler_unregister(&self, k: &Kernel, device: IbDevice) {
        let _list = k.lock_here(handlers_lock(k, device)).await;
        self.handlers.0[device.index()].set(None);
    }

    /// Models `ib_dispatch_event_clients()`: the driver, which has the device, calls every handler.
    ///
    /// # Errors
    ///
    /// `ENODEV` if there is no such device.
    pub async fn dispatch_event(&self, k: &Kernel, device: IbDevice) -> Result<(), Errno> {
        let state = self.device(device).filter(|state| state.registered).ok_or(Errno::ENODEV)?;
        let _use = self.keep(k, state).ok_or(Errno::ENODEV)?;
        let _list = k.read(handlers_lock(k, device), Point::IbEventHandlers).await;
        let Some(data) = self.handlers.0[device.index()].get() else { return Ok(()) };
        let handler = async {
            k.touch(data);
            Ok(())
        };
        let of = state.kref.names(Subject::ClientData(Client::Ipoib, device));
        k.call(Callback::IbEvent, of, Module::Ipoib, handler).await
    }
}

/// `event_handler_rwsem`
fn handlers_lock(k: &Kernel, device: IbDevice) -> LockId {
    k.lock_of(LockClass::EventHandlerRwsem, Subject::Ib(device))
}
