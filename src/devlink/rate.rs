//! Rate objects: leaves that belong to ports, nodes that users make, and the tree that they form.

use super::{Devlink, InstanceId, Ops};
use crate::event::value::{self, Value};
use crate::event::{
    Callback, Errno, Notice, Point, PortIndex, RateName, RateParent, Subject, SubjectKind, TxMax, TxShare,
    What,
};
use crate::sim::{Kernel, Kref};

/// What a user asks of a rate object; what is not set stays.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The guaranteed rate.
    pub share: TxShare,
    /// The maximum rate.
    pub max: TxMax,
    /// The node above.
    pub parent: RateParent,
}

/// The rate objects of an instance in the order of `rate_list`, and what is set of each.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rates {
    order: [Option<RateName>; RateName::COUNT],
    values: [value::Rates; RateName::COUNT],
    /// The memory of each, while it is there.
    krefs: [Option<Kref>; RateName::COUNT],
}

impl Rates {
    /// The objects that there are, in the order of their list.
    pub(super) fn order(self) -> [Option<RateName>; RateName::COUNT] {
        self.order
    }

    /// What is set of an object.
    pub(super) fn value(&self, rate: RateName) -> value::Rates {
        self.values[rate.index()]
    }

    /// Models `list_add()` for nodes and `list_add_tail()` for leaves.
    fn add(&mut self, rate: RateName, kref: Kref) {
        let end = self.order.iter().position(Option::is_none).expect("a list has room for every name");
        self.order[end] = Some(rate);
        if is_node(rate) {
            self.order[..=end].rotate_right(1);
        }
        self.values[rate.index()] = value::Rates::default();
        self.krefs[rate.index()] = Some(kref);
    }

    fn remove(&mut self, rate: RateName) {
        if let Some(at) = self.order.iter().position(|known| *known == Some(rate)) {
            self.order[at..].rotate_left(1);
            self.order[RateName::COUNT - 1] = None;
        }
    }

    fn parent(&self, rate: RateName) -> Option<RateName> {
        self.value(rate).parent()
    }

    fn has_children(&self, rate: RateName) -> bool {
        self.order.iter().flatten().any(|child| self.parent(*child) == Some(rate))
    }

    /// Models `devlink_rate_is_parent_node()`.
    fn is_above(&self, rate: RateName, mut above: Option<RateName>) -> bool {
        while let Some(node) = above {
            if node == rate {
                return true;
            }
            above = self.parent(node);
        }
        false
    }
}

const fn is_node(rate: RateName) -> bool {
    matches!(rate, RateName::N1 | RateName::N2 | RateName::N3)
}

/// The leaf of a port.
const fn leaf(port: PortIndex) -> Option<RateName> {
    match port {
        PortIndex::Vf0 => Some(RateName::Vf0),
        PortIndex::Vf1 => Some(RateName::Vf1),
        PortIndex::P0 | PortIndex::P1 | PortIndex::P2 | PortIndex::P3 => None,
    }
}

impl Devlink {
    /// Whether the user has made nodes. Models `devlink_rate_nodes_check()`.
    pub fn has_rate_nodes(&self, id: InstanceId) -> bool {
        self.parts_of(id, SubjectKind::Rate)
            .any(|part| matches!(part, Subject::Rate(_, rate) if is_node(rate)))
    }

    /// Models `devlink_rate_get_from_info()`: a name of digits names no node, and a port may have no leaf.
    fn rate(&self, k: &Kernel, id: InstanceId, rate: RateName) -> Result<Subject, Errno> {
        let part = Subject::Rate(self.handle(id), rate);
        match rate {
            RateName::Digits => Err(Errno::EINVAL),
            _ if self.has(k, id, part) => Ok(part),
            _ => Err(Errno::ENODEV),
        }
    }

    /// A notification of a rate object names its parent node, and so reads that one's memory.
    pub(super) fn rate_touch_parent(&self, k: &Kernel, id: InstanceId, rate: RateName) {
        let rates = self.with(k, id, |instance| instance.rates);
        if let Some(kref) = rates.parent(rate).and_then(|parent| rates.krefs[parent.index()]) {
            k.touch(kref);
        }
    }

    /// Models `devlink_nl_rate_get_doit()`.
    pub(super) fn rate_get(&self, k: &Kernel, id: InstanceId, rate: RateName) -> Result<(), Errno> {
        let part = self.rate(k, id, rate)?;
        self.rate_touch_parent(k, id, rate);
        self.says(k, id, What::Dumped(part, self.value(id, part)));
        Ok(())
    }

    /// Models `devl_rate_leaf_create()` for a port that has one.
    pub async fn rate_leaf_create(&self, k: &Kernel, id: InstanceId, port: PortIndex) {
        let Some(rate) = leaf(port) else { return };
        self.rate_add(k, id, rate).await;
    }

    /// Models `devl_rate_leaf_destroy()`: the end is announced before the leaf goes.
    pub async fn rate_leaf_destroy(&self, k: &Kernel, id: InstanceId, port: PortIndex) {
        let Some(rate) = leaf(port) else { return };
        let part = Subject::Rate(self.handle(id), rate);
        if self.has(k, id, part) {
            self.rate_end(k, id, rate).await;
        }
    }

    async fn rate_add(&self, k: &Kernel, id: InstanceId, rate: RateName) {
        let part = Subject::Rate(self.handle(id), rate);
        let kref = k.kref_init(part);
        self.with(k, id, |instance| instance.rates.add(rate, kref));
        self.add(k, id, part);
        self.notify(k, id, Notice::New, part).await;
    }

    async fn rate_end(&self, k: &Kernel, id: InstanceId, rate: RateName) {
        self.notify(k, id, Notice::Del, Subject::Rate(self.handle(id), rate)).await;
        self.rate_remove(k, id, rate);
    }

    fn rate_remove(&self, k: &Kernel, id: InstanceId, rate: RateName) {
        self.remove(k, id, Subject::Rate(self.handle(id), rate));
        self.with(k, id, |instance| instance.rates.remove(rate));
        let kref = self.with(k, id, |instance| instance.rates.krefs[rate.index()]);
        if let Some(kref) = kref.filter(|kref| k.put(*kref)) {
            k.free(kref);
        }
    }

    /// Models `devlink_nl_rate_new_doit()`: the node is there for others once everything about it is set.
    pub(super) async fn rate_new(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        rate: RateName,
        to: Setting,
    ) -> Result<(), Errno> {
        if !ops.supports_rates(id) {
            return Err(Errno::EOPNOTSUPP);
        }
        // A port index is an attribute of its own, and a request with one names no node.
        if !is_node(rate) {
            return Err(Errno::EINVAL);
        }
        let part = Subject::Rate(self.handle(id), rate);
        if self.has(k, id, part) {
            return Err(Errno::EEXIST);
        }
        k.point(Point::RateNodeNew).await;
        k.call(Callback::RateNodeNew, self.named(id), self.module(id), ops.rate_node_new(id)).await?;
        // No user sees a node that is not in the list, so what is set of it counts once it is added.
        let value = self.checked(k, ops, id, rate, to);
        let Ok(value) = value else {
            k.call(Callback::RateNodeDel, self.named(id), self.module(id), async { Ok(()) }).await?;
            return value.map(|_| ());
        };
        let kref = k.kref_init(part);
        self.with(k, id, |instance| {
            instance.rates.add(rate, kref);
            instance.rates.values[rate.index()] = value;
        });
        self.add(k, id, part);
        self.notify(k, id, Notice::New, part).await;
        Ok(())
    }

    /// The value that a setting makes of an object, or the first reason why it cannot be.
    fn checked(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        rate: RateName,
        to: Setting,
    ) -> Result<value::Rates, Errno> {
        let rates = self.with(k, id, |instance| instance.rates);
        if !ops.rates_fit(id, to.share, to.max) {
            return Err(Errno::EINVAL);
        }
        let old = if rates.order.contains(&Some(rate)) { rates.value(rate) } else { value::Rates::default() };
        let value = old.with_share(to.share).with_max(to.max);
        match (to.parent, to.parent.node()) {
            (RateParent::Unset, _) => Ok(value),
            (_, None) => Ok(value.under(None)),
            // Up to 6.1 an object has to lose its parent before it gets another.
            (..) if self.decisions.part.rate_keeps_parent && value.parent().is_some() => Err(Errno::EBUSY),
            (_, Some(above)) if !rates.order.contains(&Some(above)) => Err(Errno::ENODEV),
            (_, Some(above)) if above == rate => Err(Errno::EINVAL),
            (_, Some(above)) if is_node(rate) && rates.is_above(rate, rates.parent(above)) => {
                Err(Errno::EEXIST)
            }
            (_, above) => Ok(value.under(above)),
        }
    }

    /// Models `devlink_nl_rate_set_doit()`. What was settled asks the driver about every attribute before it
    /// changes one; 6.12 applies them one after the other, and announces none if a later one fails.
    pub(super) async fn rate_set(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        rate: RateName,
        to: Setting,
    ) -> Result<(), Errno> {
        let part = self.rate(k, id, rate)?;
        let none = Setting { share: TxShare::Unset, max: TxMax::Unset, parent: RateParent::Unset };
        if !self.decisions.part.rate_set_in_steps {
            self.checked(k, ops, id, rate, to)?;
        }
        let steps = [
            (Callback::RateTxShareSet, Setting { share: to.share, ..none }, to.share != TxShare::Unset),
            (Callback::RateTxMaxSet, Setting { max: to.max, ..none }, to.max != TxMax::Unset),
            (Callback::RateParentSet, Setting { parent: to.parent, ..none }, to.parent != RateParent::Unset),
        ];
        for (callback, step, _) in steps.into_iter().filter(|(.., is_given)| *is_given) {
            k.point(Point::RateSet).await;
            let value = self.checked(k, ops, id, rate, step);
            let op = async { value.map(|_| ()) };
            k.call(callback, self.named(id), self.module(id), op).await?;
            let (old, new) = (self.value(id, part), value?);
            if old != new.pack() {
                self.with(k, id, |instance| instance.rates.values[rate.index()] = new);
                self.says(k, id, What::Set(part, old, new.pack()));
            }
        }
        self.notify(k, id, Notice::New, part).await;
        Ok(())
    }

    /// Models `devlink_nl_rate_del_doit()`: only nodes, and only those that nothing is under.
    pub(super) async fn rate_del(&self, k: &Kernel, id: InstanceId, rate: RateName) -> Result<(), Errno> {
        if !is_node(rate) {
            return Err(Errno::EINVAL);
        }
        self.rate(k, id, rate)?;
        if self.with(k, id, |instance| instance.rates.has_children(rate)) {
            return Err(Errno::EBUSY);
        }
        k.point(Point::RateNodeDel).await;
        self.notify(k, id, Notice::Del, Subject::Rate(self.handle(id), rate)).await;
        k.call(Callback::RateNodeDel, self.named(id), self.module(id), async { Ok(()) }).await?;
        self.rate_remove(k, id, rate);
        Ok(())
    }

    /// Models `devl_rate_nodes_destroy()`: leaves lose their parents, and nodes go. 6.12 announces none of it.
    pub async fn rate_nodes_destroy(&self, k: &Kernel, id: InstanceId) {
        if !self.decisions.part.rate_parents_kept {
            self.with(k, id, |instance| {
                for value in &mut instance.rates.values {
                    *value = value.under(None);
                }
            });
        }
        for part in self.parts_of(id, SubjectKind::Rate) {
            let Subject::Rate(_, rate) = part else { continue };
            if !is_node(rate) {
                continue;
            }
            k.point(Point::RateNodesDestroy).await;
            if self.decisions.part.rate_nodes_end_silently {
                self.rate_remove(k, id, rate)
            } else {
                self.rate_end(k, id, rate).await
            }
        }
    }
}
