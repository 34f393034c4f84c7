//! The line cards of an mlxsw switch: each has a port, and the first a device with a devlink instance of its own.
//!
//! The device says when a card is provisioned, so a command only begins it, and work of the driver goes on.

use super::{Cores, port};
use crate::devlink::InstanceId;
use crate::event::value::CardState;
use crate::event::{Errno, Handle, LineCard, Module, Point, PortCount, PortIndex, QueueName, WorkFn};

/// The port of a card.
const fn port_of(card: LineCard) -> PortIndex {
    match card {
        LineCard::L1 => PortIndex::P2,
        LineCard::L2 => PortIndex::P3,
    }
}

/// The device on a card, if it has one.
const fn device_on(card: LineCard) -> Option<Handle> {
    match card {
        LineCard::L1 => Some(Handle::Lc1),
        LineCard::L2 => None,
    }
}

/// The card that a device is on, and the switch that it is in.
pub(super) const fn card_of(handle: Handle) -> Option<(Handle, LineCard)> {
    match handle {
        Handle::Lc1 => Some((Handle::Mlxsw0, LineCard::L1)),
        _ => None,
    }
}

/// Asks the device to provision a card, or to undo it. A driver that is going begins nothing any more.
pub(super) fn begin(cores: &Cores<'_>, id: InstanceId) -> Result<(), Errno> {
    let handle = cores.devlink.handle(id);
    if !cores.device(handle).is_ready.get() {
        return Err(Errno::EBUSY);
    }
    cores.kernel.queue_work(QueueName::LineCard, WorkFn::LineCardStatus(handle), Module::Core);
    Ok(())
}

/// Models `mlxsw_linecard_status_event_to_work()`: what the device has done becomes what users see.
pub async fn status_work(cores: &Cores<'_>, handle: Handle) {
    let Some(id) = cores.device(handle).instance.get() else { return };
    let _held = cores.devlink.lock(cores.kernel, id, Point::LineCardStatus).await;
    for card in cores.model(id).inventory.linecards.iter().copied() {
        let (state, kind) = cores.devlink.linecard_state(cores.kernel, id, card);
        let (state, kind) = match state {
            CardState::Provisioning if provision(cores, id, card).await.is_ok() => {
                (CardState::Provisioned, kind)
            }
            CardState::Provisioning => (CardState::ProvisioningFailed, kind),
            CardState::Unprovisioning => {
                detach(cores, card).await;
                let _ = port::destroy(cores, id, port_of(card)).await;
                (CardState::Unprovisioned, None)
            }
            _ => continue,
        };
        cores.devlink.linecard_is(cores.kernel, id, card, state, kind).await;
    }
}

/// Models `mlxsw_linecard_provision_set()`: the port, and the device on the auxiliary bus.
async fn provision(cores: &Cores<'_>, id: InstanceId, card: LineCard) -> Result<(), Errno> {
    port::create(cores, id, port_of(card), false).await?;
    if let Some(device) = device_on(card) {
        cores.device(device).is_on_card.set(true);
        // A probe that fails leaves a device without a driver.
        let _ = Box::pin(cores.attach(device, Some(PortCount::Default))).await;
    }
    Ok(())
}

/// Models `mlxsw_linecard_bdev_del()`.
async fn detach(cores: &Cores<'_>, card: LineCard) {
    if let Some(device) = device_on(card)
        && cores.device(device).is_on_card.replace(false)
    {
        // A user may have unbound it.
        let _ = Box::pin(cores.detach(device)).await;
    }
}

/// The devices on all cards go, and then the ports can. The instance's lock is held.
pub(super) async fn teardown(cores: &Cores<'_>, id: InstanceId) {
    for card in cores.model(id).inventory.linecards {
        if cores.devlink.linecard_state(cores.kernel, id, *card).0 != CardState::Unprovisioned {
            detach(cores, *card).await;
        }
    }
}

/// Models `cancel_work_sync()` in the driver's remove: the work takes the instance's lock, so it must be waited for
/// before that is held.
pub(super) async fn cancel_work(cores: &Cores<'_>, handle: Handle) {
    if !cores.model_of(handle).inventory.linecards.is_empty() {
        cores.device(handle).is_ready.set(false);
        let work = WorkFn::LineCardStatus(handle);
        cores.kernel.cancel_work_sync(QueueName::LineCard, work, Point::LineCardCancel).await;
    }
}

/// Links a device's instance with the card that it is on.
pub(super) fn nest(cores: &Cores<'_>, handle: Handle, id: InstanceId) {
    let parent = card_of(handle).and_then(|(of, card)| Some((cores.device(of).instance.get()?, card)));
    if let Some((parent, card)) = parent {
        cores.devlink.linecard_nested_set(cores.kernel, parent, card, id);
    }
}

/// Whether a device is there to be bound: one on a card is only while the card is provisioned.
pub(super) fn is_there(cores: &Cores<'_>, handle: Handle) -> bool {
    card_of(handle).is_none() || cores.device(handle).is_on_card.get()
}
