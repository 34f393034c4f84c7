//! mdev's commands: opcode, spelling, operands, handler.

use super::{Mdev, Vendor, device_lock};
use crate::commands;
use crate::event::{Action, Errno, MdevState, MdevType, Parent, Point, RemoveText, Subject, Uuid, UuidText};
use crate::sim::Kernel;

commands! {
    /// A command of mdev.
    pub enum Command {
        /// The vendor driver registers the parent with mdev core (once more).
        0x60 "mdev.register" Register(parent: Parent),
        /// The vendor driver unregisters the parent from mdev core.
        0x61 "mdev.unregister" Unregister(parent: Parent),
        /// A user writes a UUID to the `create` file of one of the parent's types.
        0x62 "mdev.create" Create(parent: Parent, uuid: Uuid, kind: MdevType, text: UuidText),
        /// A user writes 1, or something else, to the mediated device's `remove` file.
        0x63 "mdev.remove" Remove(uuid: Uuid, text: RemoveText),
        /// A listener waits for the parent's next uevent with this `MDEV_STATE`.
        0x64 "uevent.wait" UeventWait(parent: Parent, state: MdevState),
        /// A user takes the driver away from a mediated device, by the file of the parent's vendor.
        0x65 "mdev.unbind" Unbind(parent: Parent, uuid: Uuid),
        /// A user asks for the driver to be bound to a mediated device again, which cannot be had.
        0x66 "mdev.bind" Bind(parent: Parent, uuid: Uuid),
        /// A user reads how many more devices of a type there can be.
        0x67 "mdev.show" Show(parent: Parent, kind: MdevType),
        /// The task is udev, whose rules make this device whenever the parent says that it is registered.
        0x68 "udev.mdevctl" Udev(parent: Parent, uuid: Uuid),
        /// There is no memory for the next mediated device.
        0x69 "mdev.fail-allocation" FailAllocation(),
    }
}

/// Runs one command.
pub async fn execute<V: Vendor>(command: Command, k: &Kernel, mdev: &Mdev, vendor: &V) -> Result<(), Errno> {
    match command {
        Command::Register { parent } => register(k, mdev, vendor, parent).await,
        Command::Unregister { parent } => unregister(k, mdev, vendor, parent).await,
        Command::Create { parent, uuid, kind, text } => {
            mdev.create(k, vendor, (parent, kind), uuid, text).await
        }
        Command::Remove { uuid, text } => mdev.remove(k, vendor, uuid, text).await,
        Command::UeventWait { parent, state } => {
            k.uevent_wait(Action::Change(state), Subject::Parent(parent)).await;
            Ok(())
        }
        Command::Unbind { parent, uuid } => mdev.unbind(k, vendor, parent, uuid).await,
        Command::Bind { parent, .. } => mdev.bind(parent),
        Command::Show { parent, kind } => mdev.show(k, vendor, parent, kind).await,
        Command::Udev { parent, uuid } => mdev.udev(k, vendor, parent, uuid).await,
        Command::FailAllocation {} => {
            mdev.fail_allocation();
            Ok(())
        }
    }
}

/// The vendor driver registers the device that it made in its probe.
async fn register<V: Vendor>(k: &Kernel, mdev: &Mdev, vendor: &V, parent: Parent) -> Result<(), Errno> {
    let _held = k.lock(device_lock(k, parent), Point::MttyRegister).await;
    let device = mdev.parent(parent).device().ok_or(Errno::ENODEV)?;
    let _text = k.text(parent.module());
    mdev.register(k, vendor, parent, device).await
}

/// The vendor driver unregisters the device and keeps it.
async fn unregister<V: Vendor>(k: &Kernel, mdev: &Mdev, vendor: &V, parent: Parent) -> Result<(), Errno> {
    let _held = k.lock(device_lock(k, parent), Point::MttyUnregister).await;
    mdev.parent(parent).device().ok_or(Errno::ENODEV)?;
    let _text = k.text(parent.module());
    mdev.unregister(k, vendor, parent).await
}
