//! Event handlers: what a client of a device is called with when the device's driver says that something happened.
//!
//! A handler has a pointer to what its client keeps for the device, so it is registered once that is whole and unregistered
//! before any of it goes. `ipoib` has one, and so has every file from which a user reads what happened.

use super::Ib;
use super::uverbs::FILES_MAX;
use crate::event::{Callback, Client, Errno, IbDevice, LockClass, Module, Point, Subject};
use crate::sim::cell::Cell;
use crate::sim::{Kernel, Kref, LockId};

/// Whose a handler is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The client `ipoib`.
    Ipoib,
    /// The event file at this place among all that are open.
    EventFile(usize),
}

impl Owner {
    const COUNT: usize = 1 + FILES_MAX;

    const fn index(self) -> usize {
        match self {
            Owner::Ipoib => 0,
            Owner::EventFile(place) => 1 + place,
        }
    }

    /// What a handler is called for, and whose text it is.
    const fn of(self, device: IbDevice) -> (Subject, Module) {
        match self {
            Owner::Ipoib => (Subject::ClientData(Client::Ipoib, device), Module::Ipoib),
            Owner::EventFile(_) => (Subject::ClientData(Client::Uverbs, device), Module::IbUverbs),
        }
    }
}

/// The handlers of each device, by their owners: the memory that each points to.
#[derive(Debug, Default)]
pub struct Handlers([[Cell<Option<Kref>>; Owner::COUNT]; IbDevice::COUNT]);

impl Ib {
    /// Models `ib_register_event_handler()`.
    pub(super) async fn handler_register(&self, k: &Kernel, device: IbDevice, of: Owner, data: Kref) {
        let _list = k.lock_here(handlers_lock(k, device)).await;
        self.handlers.0[device.index()][of.index()].set(Some(data));
    }

    /// Models `ib_unregister_event_handler()`: once it returns, the handler does not run and is not called any more.
    pub(super) async fn handler_unregister(&self, k: &Kernel, device: IbDevice, of: Owner) {
        let _list = k.lock_here(handlers_lock(k, device)).await;
        self.handlers.0[device.index()][of.index()].set(None);
    }

    /// Whether the owner's handler is registered, and points to this memory.
    pub(super) fn has_handler(&self, device: IbDevice, of: Owner, data: Kref) -> bool {
        self.handlers.0[device.index()][of.index()].get() == Some(data)
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
        let owners = std::iter::once(Owner::Ipoib).chain((0..FILES_MAX).map(Owner::EventFile));
        for owner in owners {
            let Some(data) = self.handlers.0[device.index()][owner.index()].get() else { continue };
            let handler = async {
                k.touch(data);
                Ok(())
            };
            let (of, text) = owner.of(device);
            k.call(Callback::IbEvent, state.kref.names(of), text, handler).await?;
        }
        Ok(())
    }
}

/// `event_handler_rwsem`
fn handlers_lock(k: &Kernel, device: IbDevice) -> LockId {
    k.lock_of(LockClass::EventHandlerRwsem, Subject::Ib(device))
}
