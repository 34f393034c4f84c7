//! The plugs of an mlxsw switch, each of which a user may split into two ports.

use super::{Cores, port};
use crate::devlink::InstanceId;
use crate::event::{Errno, PortIndex};

/// The two ports of a plug that is split, by the port that it is before; none of a port that is no plug.
const fn halves(port: PortIndex) -> Option<[PortIndex; 2]> {
    match port {
        PortIndex::P0 => Some([PortIndex::P0, PortIndex::Vf0]),
        PortIndex::P1 => Some([PortIndex::P1, PortIndex::Vf1]),
        PortIndex::P2 | PortIndex::P3 | PortIndex::Vf0 | PortIndex::Vf1 => None,
    }
}

/// The plug that a port is, or is a half of.
const fn plug(port: PortIndex) -> Option<PortIndex> {
    match port {
        PortIndex::P0 | PortIndex::Vf0 => Some(PortIndex::P0),
        PortIndex::P1 | PortIndex::Vf1 => Some(PortIndex::P1),
        PortIndex::P2 | PortIndex::P3 => None,
    }
}

/// The halves of a plug that is split; a port of it is there by either.
fn split_plug(cores: &Cores<'_>, id: InstanceId, port: PortIndex) -> Option<(PortIndex, [PortIndex; 2])> {
    let device = cores.device(cores.devlink.handle(id));
    let plug = plug(port)?;
    halves(plug).filter(|[_, second]| device.knows(*second)).map(|halves| (plug, halves))
}

/// Models `attrs.splittable`: a plug in one piece.
pub(super) fn is_splittable(cores: &Cores<'_>, id: InstanceId, port: PortIndex) -> bool {
    cores.model(id).splits_ports && plug(port) == Some(port) && split_plug(cores, id, port).is_none()
}

/// Models `mlxsw_sp_port_split()`: the plug's port goes and its halves come. If they cannot, the port comes back.
pub(super) async fn split(cores: &Cores<'_>, id: InstanceId, port: PortIndex) -> Result<(), Errno> {
    let halves = halves(port).ok_or(Errno::EINVAL)?;
    port::destroy(cores, id, port).await.map_err(|_| Errno::EINVAL)?;
    let made = create_all(cores, id, &halves).await;
    if made.is_err() && !cores.devlink.decisions.part.split_not_undone {
        // What was there a moment ago finds its place again.
        let _ = port::create(cores, id, port, false).await;
    }
    made
}

/// Models `mlxsw_sp_port_unsplit()`.
pub(super) async fn unsplit(cores: &Cores<'_>, id: InstanceId, port: PortIndex) -> Result<(), Errno> {
    let (plug, halves) = split_plug(cores, id, port).ok_or(Errno::EINVAL)?;
    for half in halves.iter().rev() {
        let _ = port::destroy(cores, id, *half).await;
    }
    port::create(cores, id, plug, false).await
}

/// All of them, or none.
async fn create_all(cores: &Cores<'_>, id: InstanceId, ports: &[PortIndex]) -> Result<(), Errno> {
    for (place, port) in ports.iter().enumerate() {
        let made = match cores.kernel.may_fail() {
            Ok(()) => port::create(cores, id, *port, false).await,
            failed => failed,
        };
        if made.is_err() {
            for port in ports[..place].iter().rev() {
                let _ = port::destroy(cores, id, *port).await;
            }
            return made;
        }
    }
    Ok(())
}
