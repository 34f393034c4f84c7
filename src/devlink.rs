//! devlink: instances, their parts, and what users are told of them.
//!
//! An instance has a memory life (a kref), a mark that makes it visible to users, and a lock of its own. A
//! reference promises memory only: a task that finds an instance must lock it and look at the mark again.
//! The decisions are those of 6.8 and later, except that drivers register last; variants bring older ones back.

pub mod command;
pub mod decisions;
pub mod dump;
pub mod eswitch;
pub mod filter;
pub mod flash;
mod follower;
mod function;
pub mod health;
pub mod instance;
pub mod inventory;
pub mod linecard;
pub mod netns;
pub mod notify;
pub mod param;
pub mod part;
pub mod port;
pub mod port_type;
pub mod rate;
pub mod region;
pub mod reload;
pub mod resource;
mod split;
pub mod trap;
pub mod trap_group;
pub mod variant;

pub use command::Command;
pub use decisions::Decisions;
pub use instance::InstanceId;
pub use inventory::{Inventory, ReporterSpec, TrapSpec};
pub use port::NetdevEvent;
pub use trap_group::Counter;

use crate::event::value::{PortFunction, PortType};
use crate::event::{
    Encap, Errno, EswitchMode, FunctionState, Handle, Inline, LineCard, NetNs, Param, PortIndex,
    ReloadAction, ReloadLimit, Reporter, Resource, Trap, TrapAction, TxMax, TxShare,
};
use crate::sim::cell::{Cell, RefCell};
use crate::sim::{Kernel, Kref, LockId, RegistrationId};
use std::cell::{self, Ref};

/// devlink core in one run.
#[derive(Debug)]
pub struct Devlink {
    /// The decisions of this run.
    pub decisions: Decisions,
    /// Each notes who touches it. What never changes and whom it is shown to are apart from the rest, because a look-up
    /// reads them of every instance, under no lock.
    instances: cell::RefCell<Vec<Instance>>,
    /// How many there have been.
    allocated: Cell<u8>,
    /// The sockets of tasks that listen, in the order in which they began to.
    listeners: RefCell<Vec<filter::Listener>>,
    /// What became of the notifiers for netdevs.
    follower: follower::Followers,
    /// The ports whose type is awaited.
    awaited: port_type::Awaited,
}

/// Models `struct devlink`.
#[derive(Debug)]
struct Instance {
    handle: Handle,
    kref: Kref,
    /// The device that it is of, if there is one on a bus.
    parent: Option<Kref>,
    /// The namespace whose users can see it. It is a pointer and no reference.
    netns: Cell<NetNs>,
    /// The namespace of whose netdevs it is told, where it is not told of all.
    follows: Cell<NetNs>,
    lock: LockId,
    /// Its users, under the decision that a reference promises that it stays registered.
    users: RegistrationId,
    /// The mark `DEVLINK_REGISTERED`: users can look the instance up.
    registered: Cell<bool>,
    /// What the driver registers, and in what order.
    inventory: &'static Inventory,
    state: RefCell<State>,
}

/// What of an instance changes under its lock.
#[derive(Debug)]
struct State {
    /// Set by the driver under the decision that only reload is guarded.
    reload_enabled: bool,
    reload_failed: bool,
    eswitch: EswitchMode,
    /// The parts that there are: for each kind a bit a part.
    present: part::Present,
    port_types: [PortType; PortIndex::COUNT],
    flavours: [port_type::Flavour; PortIndex::COUNT],
    /// The function of each port that has one which users may set up.
    functions: [Option<PortFunction>; PortIndex::COUNT],
    port_order: port::Order,
    /// In which namespace the netdev of each port is.
    netdevs_in: [NetNs; PortIndex::COUNT],
    traps: [TrapAction; Trap::COUNT],
    policing: trap_group::Policing,
    sizes: [resource::Size; Resource::COUNT],
    params: [param::Param; Param::COUNT],
    rates: rate::Rates,
    snapshots: region::Snapshots,
    reporters: [health::Reporter; Reporter::COUNT],
    linecards: [linecard::Card; LineCard::COUNT],
    /// The line card that it is on.
    nested_in: Option<(InstanceId, LineCard)>,
}

/// Models `struct devlink_ops`: what devlink core asks of a driver. The instance's lock is held.
#[allow(async_fn_in_trait, reason = "a run has one thread, so its futures need not be Send")]
pub trait Ops {
    /// Tears down what a reload re-creates: all of it, or nothing if the limit is no reset.
    async fn reload_down(&self, instance: InstanceId, limit: ReloadLimit) -> Result<(), Errno>;
    /// Creates it again.
    async fn reload_up(&self, instance: InstanceId, limit: ReloadLimit) -> Result<(), Errno>;
    /// Changes the mode of the eswitch.
    async fn eswitch_mode_set(&self, instance: InstanceId, mode: EswitchMode) -> Result<(), Errno>;
    /// Adds a port of a subfunction.
    async fn port_new(&self, instance: InstanceId, port: PortIndex) -> Result<(), Errno>;
    /// Deletes such a port.
    async fn port_del(&self, instance: InstanceId, port: PortIndex) -> Result<(), Errno>;
    /// Has the function of a port begin to be active or inactive; the driver says when that is done.
    async fn port_fn_state_set(
        &self,
        instance: InstanceId,
        port: PortIndex,
        state: FunctionState,
    ) -> Result<(), Errno>;
    /// Whether users may split ports.
    fn supports_split(&self, instance: InstanceId) -> bool;
    /// Whether a port is one that may be split.
    fn is_splittable(&self, instance: InstanceId, port: PortIndex) -> bool;
    /// Makes two ports of one.
    async fn port_split(&self, instance: InstanceId, port: PortIndex) -> Result<(), Errno>;
    /// Makes one of them again.
    async fn port_unsplit(&self, instance: InstanceId, port: PortIndex) -> Result<(), Errno>;
    /// Whether users may add ports.
    fn supports_port_new(&self, instance: InstanceId) -> bool;
    /// Whether the driver has an op for the inline mode; none of those modelled has.
    fn supports_inline_mode(&self, instance: InstanceId, mode: Inline) -> bool;
    /// Whether the driver has an op for the encap mode; none of those modelled has.
    fn supports_encap_mode(&self, instance: InstanceId, mode: Encap) -> bool;
    /// Whether the driver has rate objects.
    fn supports_rates(&self, instance: InstanceId) -> bool;
    /// Makes a rate node.
    async fn rate_node_new(&self, instance: InstanceId) -> Result<(), Errno>;
    /// Whether the device can be set to these rates; sets nothing.
    fn rates_fit(&self, instance: InstanceId, share: TxShare, max: TxMax) -> bool;
    /// Has a group of traps share a policer, or none.
    async fn trap_group_set(&self, instance: InstanceId) -> Result<(), Errno>;
    /// Changes what a policer lets through.
    async fn trap_policer_set(&self, instance: InstanceId) -> Result<(), Errno>;
    /// Whether a reload may do this.
    fn supports_reload(&self, instance: InstanceId, action: ReloadAction) -> bool;
    /// Whether a reload can be limited.
    fn supports_reload_limit(&self, instance: InstanceId) -> bool;
    /// Whether the device can be flashed.
    fn supports_flash(&self, instance: InstanceId) -> bool;
    /// Begins to provision a line card, or to undo it; the driver says when that is done.
    async fn linecard_provision(&self, instance: InstanceId, card: LineCard) -> Result<(), Errno>;
    /// Mends what a reporter reported.
    async fn health_recover(&self, instance: InstanceId) -> Result<(), Errno>;
    /// Changes what the device does with a trap's packets.
    async fn trap_action_set(
        &self,
        instance: InstanceId,
        trap: Trap,
        action: TrapAction,
    ) -> Result<(), Errno>;
}

impl Devlink {
    /// devlink core with no instance.
    pub fn new(decisions: Decisions) -> Self {
        Devlink {
            decisions,
            instances: cell::RefCell::default(),
            allocated: Cell::default(),
            listeners: RefCell::default(),
            follower: follower::Followers::default(),
            awaited: port_type::Awaited::default(),
        }
    }

    /// Uses the memory of an instance. False, with an event, if it is gone.
    pub fn touch(&self, k: &Kernel, id: InstanceId) -> bool {
        k.touch(self.instance(id).kref)
    }

    /// One instance, be its memory gone or not.
    fn instance(&self, id: InstanceId) -> Ref<'_, Instance> {
        Ref::map(self.instances.borrow(), |instances| &instances[id.index()])
    }

    /// Reads one instance, having used its memory.
    fn used(&self, k: &Kernel, id: InstanceId) -> Ref<'_, Instance> {
        let instance = self.instance(id);
        k.touch(instance.kref);
        instance
    }

    /// Reads or changes one instance's state, having used its memory.
    fn with<T>(&self, k: &Kernel, id: InstanceId, body: impl FnOnce(&mut State) -> T) -> T {
        body(&mut self.used(k, id).state.borrow_mut())
    }
}
