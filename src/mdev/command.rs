//! mdev's commands: opcode, spelling, operands, handler.

use super::Mdev;
use crate::commands;
use crate::event::{Action, Errno, MdevState, Parent, Subject, Uuid};
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
pub async fn execute(command: Command, k: &Kernel, _mdev: &Mdev) -> Result<(), Errno> {
    match command {
        Command::Register { .. }
        | Command::Unregister { .. }
        | Command::Create { .. }
        | Command::Remove { .. } => Err(Errno::EOPNOTSUPP),
        Command::UeventWait { parent, state } => {
            k.uevent_wait(Action::Change(state), Subject::Parent(parent)).await;
            Ok(())
        }
    }
}
