//! What tells the devlink drivers apart, as data.

use crate::devlink::{Inventory, ReporterSpec, TrapSpec};
use crate::event::{Auxiliary, Handle, PortIndex, ReloadAction, Reporter, Resource, Trap};

/// One model driver.
#[derive(Debug)]
pub struct Model {
    /// What it registers besides ports.
    pub inventory: &'static Inventory,
    /// The ports that probe and reload make.
    pub ports: &'static [PortIndex],
    /// Whether the user who creates a device may ask for another number of ports.
    pub counts_ports: bool,
    /// The port that stands for a virtual function while the eswitch is in switchdev mode.
    pub representor: Option<PortIndex>,
    /// How many virtual functions a user may ask for.
    pub max_vfs: usize,
    /// Whether there are rate objects.
    pub has_rates: bool,
    /// The devices on the auxiliary bus that its reload attaches and detaches, in order.
    pub auxiliaries: &'static [Auxiliary],
    /// The devices of the virtual functions that a user may ask for, in order. The first is that of a subfunction too.
    pub functions: &'static [Handle],
    /// How the driver protects itself from users who come before it is ready.
    pub guard: Guard,
    /// What a user may have a reload do.
    pub reload_actions: &'static [ReloadAction],
    /// Whether firmware can be activated without a reset.
    pub limits_reload: bool,
    /// Whether it keeps the routes of its namespace too, as far as its resources go.
    pub keeps_routes: bool,
    /// Whether it reports trapped packets by itself, again and again.
    pub reports_traps: bool,
    /// Whether users may split its ports.
    pub splits_ports: bool,
    /// Whether the device can be flashed.
    pub has_flash: bool,
    /// Whether each port has a netdev, and who tells devlink of it.
    pub netdevs: Netdevs,
    /// Whether devices are made and unmade through files of the bus, with uevents.
    pub has_bus_files: bool,
    /// Whether the driver, once a reload has failed, tears nothing down any more and forgets the ports it has.
    pub forgets_ports: bool,
}

/// What a driver does about users who come while it is in probe or remove. It matters only where it registers early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Locks and a state machine of its own: what comes too early is refused.
    Own,
    /// What it copied from another: it says when a reload may come, and nothing else.
    Copied,
    /// It does not know that there is anything to guard.
    None,
}

/// Whether ports have netdevs, and who tells devlink of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Netdevs {
    /// There are none.
    None,
    /// Devlink itself, which follows the notifiers of netdevs.
    Followed,
    /// The driver, once the port is whole and before it goes: the way up to 6.1.
    Told,
}

/// A driver of an instance that has nothing and can do nothing.
pub(super) const BARE: Model = Model {
    inventory: &Inventory::NONE,
    ports: &[],
    counts_ports: false,
    representor: None,
    max_vfs: 0,
    has_rates: false,
    auxiliaries: &[],
    functions: &[],
    guard: Guard::None,
    reload_actions: &[],
    limits_reload: false,
    keeps_routes: false,
    reports_traps: false,
    splits_ports: false,
    has_flash: false,
    netdevs: Netdevs::None,
    has_bus_files: false,
    forgets_ports: false,
};

/// The two traps that arguments are about.
pub(super) const TRAPS: &[TrapSpec] = &[TrapSpec::drop(Trap::BlackholeRoute), TrapSpec::drop(Trap::TailDrop)];

/// The resources of the drivers that have any: all that have a name.
pub(super) const RESOURCES: &[Resource] = Resource::ALL.split_at(Resource::Unknown.index()).0;

/// The reporters of the drivers that have any, in the order in which they are created.
pub(super) const REPORTERS: &[ReporterSpec] = &[
    ReporterSpec { reporter: Reporter::Empty, recovers: false },
    ReporterSpec { reporter: Reporter::Dummy, recovers: true },
];
