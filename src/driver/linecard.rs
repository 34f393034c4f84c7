//! The line cards of an mlxsw switch: each has a port, and the first a device with a devlink instance of its own.
//!
//! The device says when a card is provisioned, so a command only begins it, and work of the driver goes on.

use super::{Bus, port, probe};
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
pub(super) fn begin(bus: &Bus<'_>, id: InstanceId) -> Result<(), Errno> {
    let handle = bus.devlink.handle(id);
    if !bus.device(handle).is_ready.get() {
        return Err(Errno::EBUSY);
    }
    bus.kernel.queue_work(QueueName::System, WorkFn::LineCardStatus(handle), Module::Core);
    Ok(())
}

/// Models `mlxsw_linecard_status_event_to_work()`: what the device has done becomes what users see.
pub async fn status_work(bus: &Bus<'_>, handle: Handle) {
    let Some(id) = bus.device(handle).instance.get() else { return };
    let _held = bus.devlink.lock(bus.kernel, id, Point::LineCardStatus).await;
    for card in bus.model(id).inventory.linecards.iter().copied() {
        let (state, kind) = bus.devlink.linecard_state(bus.kernel, id, card);
        let (state, kind) = match state {
            CardState::Provisioning if provision(bus, id, card).await.is_ok() => {
                (CardState::Provisioned, kind)
            }
            CardState::Provisioning => (CardState::ProvisioningFailed, kind),
            CardState::Unprovisioning => {
                detach(bus, card).await;
                let _ = port::destroy(bus, id, port_of(card)).await;
                (CardState::Unprovisioned, None)
            }
            _ => continue,
        };
        bus.devlink.linecard_is(bus.kernel, id, card, state, kind).await;
    }
}

/// Models `mlxsw_linecard_provision_set()`: the port, and the device on the auxiliary bus.
async fn provision(bus: &Bus<'_>, id: InstanceId, card: LineCard) -> Result<(), Errno> {
    port::create(bus, id, port_of(card), false).await?;
    if let Some(device) = device_on(card) {
        bus.device(device).is_on_card.set(true);
        // A probe that fails leaves a device without a driver.
        let _ = Box::pin(probe::probe(bus, device, Some(PortCount::Default))).await;
    }
    Ok(())
}

/// Models `mlxsw_linecard_bdev_del()`.
async fn detach(bus: &Bus<'_>, card: LineCard) {
    if let Some(device) = device_on(card)
        && bus.device(device).is_on_card.replace(false)
    {
        // A user may have unbound it.
        let _ = Box::pin(probe::remove(bus, device)).await;
    }
}

/// The devices on all cards go, and then the ports can. The instance's lock is held.
pub(super) async fn teardown(bus: &Bus<'_>, id: InstanceId) {
    for card in bus.model(id).inventory.linecards {
        if bus.devlink.linecard_state(bus.kernel, id, *card).0 != CardState::Unprovisioned {
            detach(bus, *card).await;
        }
    }
}

/// Models `cancel_work_sync()` in the driver's remove: the work takes the instance's lock, so it must be waited for
/// before that is held.
pub(super) async fn cancel_work(bus: &Bus<'_>, handle: Handle) {
    if !bus.model_of(handle).inventory.linecards.is_empty() {
        bus.device(handle).is_ready.set(false);
        let work = WorkFn::LineCardStatus(handle);
        bus.kernel.cancel_work_sync(QueueName::System, work, Point::LineCardCancel).await;
    }
}

/// Links a device's instance with the card that it is on.
pub(super) fn nest(bus: &Bus<'_>, handle: Handle, id: InstanceId) {
    let parent = card_of(handle).and_then(|(of, card)| Some((bus.device(of).instance.get()?, card)));
    if let Some((parent, card)) = parent {
        bus.devlink.linecard_nested_set(bus.kernel, parent, card, id);
    }
}

/// Whether a device is there to be bound: one on a card is only while the card is provisioned.
pub(super) fn is_there(bus: &Bus<'_>, handle: Handle) -> bool {
    card_of(handle).is_none() || bus.device(handle).is_on_card.get()
}
