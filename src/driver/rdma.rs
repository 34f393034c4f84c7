//! RDMA devices as users have them: netdevs that they make, links that they add to these, and what they ask of both.

pub mod link;
pub mod module;
pub mod netdev;

use super::Cores;
use crate::commands;
use crate::event::{Errno, IbDevice, IbDriver, NetNs, Netdev, NetnsMode, RdmaModule, Switch, UmadNumber};
use crate::operand::Operand;

commands! {
    /// A command of `rdma(8)`, or one of `ip-link(8)` to a dummy netdev.
    pub enum Command {
        /// Makes a dummy netdev where the task is.
        0xa0 "netdev.add" NetdevAdd(netdev: Netdev),
        /// Deletes a dummy netdev; what sits on it goes too.
        0xa1 "netdev.del" NetdevDel(netdev: Netdev),
        /// Opens a dummy netdev.
        0xa2 "netdev.up" NetdevUp(netdev: Netdev),
        /// Closes a dummy netdev.
        0xa3 "netdev.down" NetdevDown(netdev: Netdev),
        /// Gives a dummy netdev another name.
        0xa4 "netdev.rename" NetdevRename(netdev: Netdev, to: Netdev),
        /// Moves a dummy netdev from where the task is to a network namespace.
        0xa5 "netdev.set-netns" NetdevSetNetns(netdev: Netdev, netns: NetNs),
        /// Has a driver make an RDMA device of a netdev.
        0xa6 "rdma.link-add" LinkAdd(device: IbDevice, driver: IbDriver, netdev: Netdev),
        /// Deletes an RDMA device.
        0xa7 "rdma.link-del" LinkDel(device: IbDevice),
        /// Gives an RDMA device another name.
        0xa8 "rdma.rename" Rename(device: IbDevice, to: IbDevice),
        /// Moves an RDMA device to a network namespace.
        0xa9 "rdma.set-netns" SetNetns(device: IbDevice, netns: NetNs),
        /// Says which network namespaces devices are in.
        0xaa "rdma.system-set-netns" SystemSetNetns(mode: NetnsMode),
        /// Dumps all RDMA devices.
        0xab "rdma.dev-show" DevShow(),
        /// Dumps the ports of an RDMA device.
        0xac "rdma.link-show" LinkShow(device: IbDevice),
        /// Loads a module, and before it those that it needs.
        0xad "rdma.module-load" ModuleLoad(module: RdmaModule),
        /// Unloads a module that no other needs.
        0xae "rdma.module-remove" ModuleRemove(module: RdmaModule),
        /// Has the driver fail to enable the next device that it makes.
        0xaf "rdma.fail-enable" FailEnable(switch: Switch),
        /// A user reads which RDMA device the port of a umad device is of.
        0xb0 "rdma.umad-read" UmadRead(umad: UmadNumber),
    }
}

/// Whether the netdevs that a command names, if any, are the users' own, and not those that `ipoib` makes.
pub fn names_dummies(command: Command) -> bool {
    let is_own = |netdev: Netdev| matches!(netdev, Netdev::Eth0 | Netdev::Eth1);
    match command {
        Command::NetdevRename { netdev, to } => is_own(netdev) && is_own(to),
        Command::NetdevAdd { netdev }
        | Command::NetdevDel { netdev }
        | Command::NetdevUp { netdev }
        | Command::NetdevDown { netdev }
        | Command::NetdevSetNetns { netdev, .. }
        | Command::LinkAdd { netdev, .. } => is_own(netdev),
        _ => true,
    }
}

/// Runs one command.
pub async fn execute(command: Command, cores: &Cores<'_>) -> Result<(), Errno> {
    let (k, ib) = (cores.kernel, cores.ib);
    if !names_dummies(command) {
        return Err(Errno::EOPNOTSUPP);
    }
    match command {
        Command::NetdevAdd { netdev } => netdev::add(cores, netdev).await,
        Command::NetdevDel { netdev } => netdev::del(cores, netdev).await,
        Command::NetdevUp { netdev } => netdev::set_up(cores, netdev, true).await,
        Command::NetdevDown { netdev } => netdev::set_up(cores, netdev, false).await,
        Command::NetdevRename { netdev, to } => netdev::rename(cores, netdev, to).await,
        Command::NetdevSetNetns { netdev, netns } => netdev::set_netns(cores, netdev, netns).await,
        Command::LinkAdd { device, driver, netdev } => link::add(cores, device, driver, netdev).await,
        Command::LinkDel { device } => ib.unregister_by_name(k, device).await,
        Command::Rename { device, to } => ib.rename(k, device, to).await,
        Command::SetNetns { device, netns } => ib.set_netns(k, device, netns).await,
        Command::SystemSetNetns { mode } => {
            if ib.set_mode(k, mode).await {
                Ok(())
            } else {
                Err(Errno::EBUSY)
            }
        }
        Command::DevShow {} => {
            ib.show(k).await;
            Ok(())
        }
        Command::LinkShow { device } => ib.show_port(k, device).await,
        Command::ModuleLoad { module } => module::load(cores, module).await,
        Command::ModuleRemove { module } => module::remove(cores, module).await,
        Command::UmadRead { umad } => ib.umad_read(k, umad.to_byte()).await,
        Command::FailEnable { switch } => {
            ib.fails_to_enable.set(switch == Switch::On);
            Ok(())
        }
    }
}
