//! mdev's commands: opcode, spelling, operands, handler.

use super::{Mdev, device_lock};
use crate::commands;
use crate::event::{Action, Errno, MdevState, Module, Parent, Point, Subject, Uuid};
use crate::sim::Kernel;

commands! {
    /// A command of mdev.
    pub enum Command {
        /// The vendor driver registers the parent with mdev core (once more).
        0x60 "mdev.register" Register(parent: Parent),
        /// The vendor driver unregisters the parent from mdev core.
        0x61 "mdev.unregister" Unregister(parent: Parent),
        /// A user writes a UUID to the parent's `create` file.
        0x62 "mdev.create" Create(parent: Parent, uuid: Uuid),
        /// A user writes 1 to the mediated device's `remove` file.
        0x63 "mdev.remove" Remove(uuid: Uuid),
        /// A listener waits for the parent's next uevent with this `MDEV_STATE`.
        0x64 "uevent.wait" UeventWait(parent: Parent, state: MdevState),
    }
}

/// Runs one command.
pub async fn execute(command: Command, k: &Kernel, mdev: &Mdev) -> Result<(), Errno> {
    match command {
        Command::Register { parent } => register(k, mdev, parent).await,
        Command::Unregister { parent } => unregister(k, mdev, parent).await,
        Command::Create { parent, uuid } => mdev.create(k, parent, uuid).await,
        Command::Remove { uuid } => mdev.remove(k, uuid).await,
        Command::UeventWait { parent, state } => {
            k.uevent_wait(Action::Change(state), Subject::Parent(parent)).await;
            Ok(())
        }
    }
}

/// The vendor driver registers the device that it made in its probe.
async fn register(k: &Kernel, mdev: &Mdev, parent: Parent) -> Result<(), Errno> {
    let _held = k.lock(device_lock(k, parent), Point::MttyRegister).await;
    let device = mdev.parent(parent).device().ok_or(Errno::ENODEV)?;
    let _text = k.text(Module::Mtty);
    mdev.register(k, parent, device).await
}

/// The vendor driver unregisters the device and keeps it.
async fn unregister(k: &Kernel, mdev: &Mdev, parent: Parent) -> Result<(), Errno> {
    let _held = k.lock(device_lock(k, parent), Point::MttyUnregister).await;
    mdev.parent(parent).device().ok_or(Errno::ENODEV)?;
    let _text = k.text(Module::Mtty);
    mdev.unregister(k, parent).await
}
