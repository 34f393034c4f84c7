//! Line cards: slots of a modular switch, each provisioned as some type, and the instances that are nested on them.
//!
//! A nested instance is registered and unregistered under its own lock. Its switch is told by work that tries the
//! switch's lock, so the lock of a switch may be held around that of an instance on it and never the other way round.

use super::{Devlink, InstanceId, Ops};
use crate::event::value::{self, CardState, Value};
use crate::event::{
    Callback, Errno, Handle, LineCard, LineCardType, Module, Notice, Point, QueueName, Subject, What, WorkFn,
};
use crate::sim::Kernel;

/// Models `struct devlink_linecard`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Card {
    state: CardState,
    kind: Option<LineCardType>,
    /// The instance on the card, which is there for users while it is registered.
    pub(super) nested: Option<InstanceId>,
}

impl Card {
    /// What messages say of the card.
    pub(super) fn value(&self, has_nested: bool) -> u8 {
        value::Card { state: self.state, kind: self.kind, has_nested }.pack()
    }
}

impl Devlink {
    /// Models `devl_linecard_create()` for the driver's slots.
    pub async fn linecards_create(&self, k: &Kernel, id: InstanceId) {
        for card in self.inventory(id).linecards {
            self.with(k, id, |instance| instance.linecards[card.index()] = Card::default());
            self.add_and_notify(k, id, Subject::LineCard(self.handle(id), *card)).await;
        }
    }

    /// Models `devl_linecard_destroy()`, the newest first.
    pub async fn linecards_destroy(&self, k: &Kernel, id: InstanceId) {
        for card in self.inventory(id).linecards.iter().rev() {
            self.remove_and_notify(k, id, Subject::LineCard(self.handle(id), *card)).await;
            self.with(k, id, |instance| instance.linecards[card.index()] = Card::default());
        }
    }

    /// Models `devlink_linecard_get_from_info()`.
    fn linecard(&self, k: &Kernel, id: InstanceId, card: LineCard) -> Result<Subject, Errno> {
        let part = Subject::LineCard(self.handle(id), card);
        if self.has(k, id, part) { Ok(part) } else { Err(Errno::ENODEV) }
    }

    /// Models `devlink_nl_linecard_get_doit()`.
    pub(super) fn linecard_get(&self, k: &Kernel, id: InstanceId, card: LineCard) -> Result<(), Errno> {
        let part = self.linecard(k, id, card)?;
        self.says(k, id, What::Dumped(part, self.value(id, part)));
        Ok(())
    }

    /// Models `devlink_nl_linecard_set_doit()`: a card that is being changed is busy, and one that has a type must lose
    /// it before it can have another.
    pub(super) async fn linecard_set(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        card: LineCard,
        kind: LineCardType,
    ) -> Result<(), Errno> {
        self.linecard(k, id, card)?;
        k.point(Point::LineCardSet).await;
        let (state, old) = self.with(k, id, |instance| {
            let card = &instance.linecards[card.index()];
            (card.state, card.kind)
        });
        let busy = matches!(state, CardState::Provisioning | CardState::Unprovisioning);
        let (next, callback) = match (state, kind) {
            _ if busy => return Err(Errno::EBUSY),
            (CardState::Unprovisioned, LineCardType::None) => return Ok(()),
            (CardState::ProvisioningFailed, LineCardType::None) => {
                self.linecard_is(k, id, card, CardState::Unprovisioned, None).await;
                return Ok(());
            }
            (_, LineCardType::None) => (CardState::Unprovisioning, Callback::LinecardUnprovision),
            (_, LineCardType::Unknown) => return Err(Errno::EINVAL),
            (CardState::Provisioned, kind) if Some(kind) == old => return Ok(()),
            (CardState::Provisioned, _) => return Err(Errno::EBUSY),
            _ => (CardState::Provisioning, Callback::LinecardProvision),
        };
        self.linecard_is(k, id, card, next, if kind == LineCardType::None { old } else { Some(kind) }).await;
        let begun = k.call(callback, self.named(id), self.module(id), ops.linecard_provision(id, card)).await;
        if begun.is_err() {
            self.linecard_is(k, id, card, state, old).await;
        }
        begun
    }

    /// Models `devlink_linecard_provision_set()` and its like: each change of the state is announced.
    pub async fn linecard_is(
        &self,
        k: &Kernel,
        id: InstanceId,
        card: LineCard,
        state: CardState,
        kind: Option<LineCardType>,
    ) {
        let part = Subject::LineCard(self.handle(id), card);
        let old = self.value(id, part);
        self.with(k, id, |instance| {
            let card = &mut instance.linecards[card.index()];
            (card.state, card.kind) = (state, kind);
        });
        self.says(k, id, What::Set(part, old, self.value(id, part)));
        self.notify(k, id, Notice::New, part).await;
    }

    /// How far a line card is, and what it is provisioned as.
    pub fn linecard_state(
        &self,
        k: &Kernel,
        id: InstanceId,
        card: LineCard,
    ) -> (CardState, Option<LineCardType>) {
        self.with(k, id, |instance| {
            let card = &instance.linecards[card.index()];
            (card.state, card.kind)
        })
    }

    /// Models `devlink_linecard_nested_dl_set()`.
    pub fn linecard_nested_set(&self, k: &Kernel, id: InstanceId, card: LineCard, nested: InstanceId) {
        self.with(k, id, |instance| instance.linecards[card.index()].nested = Some(nested));
        self.with(k, nested, |instance| instance.nested_in = Some((id, card)));
    }

    /// Models `devlink_rel_nested_in_notify()`: the lock of the nested instance is held, so that of the switch is for
    /// work to take.
    pub(super) async fn nested_in_notify(&self, k: &Kernel, id: InstanceId) {
        let Some((parent, card)) = self.with(k, id, |instance| instance.nested_in) else { return };
        if self.decisions.lock.nested_locks_parent {
            let _held = self.lock(k, parent, Point::NestedNotify).await;
            return self.linecard_told(k, parent, card).await;
        }
        k.queue_work(QueueName::System, WorkFn::NestedNotify(self.handle(id)), Module::Core);
    }

    /// Models `devlink_rel_nested_in_notify_work()`, which is queued again until the lock is free.
    pub async fn nested_notify_work(&self, k: &Kernel, nested: Handle) {
        let nested_in = self.newest(nested).and_then(|id| self.instance(id).state.borrow().nested_in);
        let Some((parent, card)) = nested_in.filter(|(parent, _)| self.is_registered(*parent)) else {
            return;
        };
        let (kref, lock) = {
            let instance = self.used(k, parent);
            (instance.kref, instance.lock)
        };
        k.get(kref);
        let held = k.lock_or_later(lock, Point::NestedNotify).await;
        self.linecard_told(k, parent, card).await;
        drop(held);
        self.put(k, parent);
    }

    async fn linecard_told(&self, k: &Kernel, id: InstanceId, card: LineCard) {
        let part = Subject::LineCard(self.handle(id), card);
        if self.has(k, id, part) {
            self.notify(k, id, Notice::New, part).await;
        }
    }
}
