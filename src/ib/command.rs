//! ib_core's commands: opcode, spelling, operands, handler.

use super::{Ib, module};
use crate::commands;
use crate::event::{Address, Client, CmId, Errno, IbDevice, IbDriver, Netdev, Switch};
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
        0x84 "netdev.address-add" AddressAdd(netdev: Netdev, address: Address),
        /// An address is deleted from a netdev.
        0x85 "netdev.address-del" AddressDel(netdev: Netdev, address: Address),
        /// A driver has a worker unregister an RDMA device.
        0x8b "ib.unregister-device-queued" UnregisterDeviceQueued(device: IbDevice),
        /// A driver unregisters all of its RDMA devices, as its module's exit function does.
        0x8c "ib.unregister-driver" UnregisterDriver(driver: IbDriver),
        /// Has a client refuse every device from here on, or no longer.
        0x8e "ib.client-refuses" ClientRefuses(client: Client, switch: Switch),
        /// A message for `cm` comes in on an RDMA device.
        0x8f "ib.cm-message" CmMessage(device: IbDevice),
        /// A user opens the file of an RDMA device that `uverbs` makes.
        0x90 "ib.open" Open(device: IbDevice),
        /// The user makes an object of the RDMA device, which its file holds.
        0x91 "ib.create-object" CreateObject(device: IbDevice),
        /// The user closes the file.
        0x92 "ib.close" Close(device: IbDevice),
        /// A driver says that something happened to the port of its RDMA device, and clients are told.
        0x93 "ib.event" Event(device: IbDevice),
        /// The user opens a file that hears what happens to the RDMA device.
        0x94 "ib.events-open" EventsOpen(device: IbDevice),
        /// The user reads from that file.
        0x95 "ib.events-read" EventsRead(device: IbDevice),
        /// The user closes that file.
        0x96 "ib.events-close" EventsClose(device: IbDevice),
        /// A user makes an id of rdma_cm and listens with it, on every RDMA device.
        0x97 "ib.cm-listen" CmListen(id: CmId),
        /// The user destroys the id.
        0x98 "ib.cm-destroy" CmDestroy(id: CmId),
    }
}

/// Runs one command.
pub async fn execute(command: Command, k: &Kernel, ib: &Ib) -> Result<(), Errno> {
    match command {
        Command::RegisterDevice { device } => ib.register_plain(k, device).await,
        Command::UnregisterDevice { device } => ib.unregister_plain(k, device).await,
        Command::RegisterClient { client } => module::register(k, ib, client).await,
        Command::UnregisterClient { client } => module::unregister(k, ib, client).await,
        Command::AddressAdd { netdev, address } => ib.address_add(k, netdev, address).await,
        Command::AddressDel { netdev, address } => ib.address_del(k, netdev, address).await,
        Command::UnregisterDeviceQueued { device } => ib.unregister_queued(k, device),
        Command::UnregisterDriver { driver } => {
            ib.unregister_driver(k, driver).await;
            Ok(())
        }
        Command::ClientRefuses { client, switch } => {
            ib.client_refuses(client, switch == Switch::On);
            Ok(())
        }
        Command::CmMessage { device } => ib.cm_message(k, device).await,
        Command::Open { device } => ib.uverbs_open(k, device).await,
        Command::CreateObject { device } => ib.uverbs_command(k, device).await,
        Command::Event { device } => ib.dispatch_event(k, device).await,
        Command::EventsOpen { device } => ib.events_open(k, device).await,
        Command::EventsRead { device } => ib.events_read(k, device).await,
        Command::EventsClose { device } => ib.events_close(k, device).await,
        Command::CmListen { id } => ib.cm_listen(k, id).await,
        Command::CmDestroy { id } => ib.cm_destroy(k, id).await,
        Command::Close { device } => ib.uverbs_close(k, device).await,
    }
}
