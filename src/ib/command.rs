//! ib_core's commands: opcode, spelling, operands, handler.

use super::{Ib, module};
use crate::commands;
use crate::event::{Client, Errno, IbDevice, Netdev};
use crate::sim::Kernel;

commands! {
    /// A command of ib_core.
    pub enum Command {
        /// A driver registers an RDMA device.
        0x80 "ib.register-device" RegisterDevice(device: IbDevice),
        /// A driver unregisters an RDMA device and gives its memory back.
        0x81 "ib.unregister-device" UnregisterDevice(device: IbDevice),
        /// A client registers: it is told of every device, and of every later one.
        0x82 "ib.register-client" RegisterClient(client: Client),
        /// A client unregisters.
        0x83 "ib.unregister-client" UnregisterClient(client: Client),
        /// An address appears on a netdev: the gid cache queues work for it.
        0x84 "netdev.address-add" AddressAdd(netdev: Netdev),
    }
}

/// Runs one command.
pub async fn execute(command: Command, k: &Kernel, ib: &Ib) -> Result<(), Errno> {
    match command {
        Command::RegisterDevice { device } => ib.register_device(k, device).await,
        Command::UnregisterDevice { device } => ib.unregister_device(k, device).await,
        Command::RegisterClient { client } => module::register(k, ib, client).await,
        Command::UnregisterClient { client } => module::unregister(k, ib, client).await,
        Command::AddressAdd { netdev } => {
            ib.netdev_event(k, netdev).await;
            Ok(())
        }
    }
}
