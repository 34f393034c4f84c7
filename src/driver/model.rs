//! What tells the devlink drivers apart, as data, and what each remembers of its devices.

use super::netdev::NetdevId;
use super::netdevsim;
use crate::devlink::decisions::Netdevsim;
use crate::devlink::{InstanceId, Inventory, ReporterSpec, TrapSpec};
use crate::event::{
    Auxiliary, Handle, Knob, LineCard, Module, NetNs, Param, ParamValue, PortCount, PortIndex, Region,
    ReloadAction, Reporter, Resource, Subject, Trap, TrapGroup, TrapPolicer, What,
};
use crate::sim::cell::Cell;
use crate::sim::{Kernel, Kref};

/// One model driver.
#[derive(Debug)]
pub struct Model {
    /// What it registers besides ports.
    pub inventory: &'static Inventory,
    /// The ports that probe and reload make.
    pub ports: &'static [PortIndex],
    /// Whether whoever makes a device may ask for another number of ports.
    pub counts_ports: bool,
    /// The port that stands for a virtual function while the eswitch is in switchdev mode.
    pub representor: Option<PortIndex>,
    /// How many virtual functions a user may ask for.
    pub max_vfs: usize,
    /// Whether there are rate objects.
    pub has_rates: bool,
    /// The devices on the auxiliary bus that its reload attaches and detaches, in order.
    pub auxiliaries: &'static [Auxiliary],
    /// The device of the virtual function that a user may ask for.
    pub function: Option<Handle>,
    /// How the driver protects itself from users who come before it is ready.
    pub guard: Guard,
    /// What a user may have a reload do.
    pub reload_actions: &'static [ReloadAction],
    /// Whether firmware can be activated without a reset.
    pub limits_reload: bool,
    /// Whether it keeps the routes of its namespace too, as far as its resources go.
    pub keeps_routes: bool,
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

/// Models mlx5: one uplink, and a representor that comes and goes with the eswitch mode.
const MLX5: Model = Model {
    inventory: &Inventory { params: &[(Param::MaxMacs, ParamValue::V32)], ..Inventory::NONE },
    ports: &[PortIndex::P0],
    representor: Some(PortIndex::Vf0),
    has_rates: true,
    auxiliaries: Auxiliary::ALL,
    function: Some(Handle::Mlx51),
    guard: Guard::Own,
    reload_actions: &[ReloadAction::Reinit, ReloadAction::FwActivate],
    limits_reload: true,
    ..BARE
};

/// Models the driver of a virtual function of mlx5, which is the same and has none of its own.
const MLX5_FUNCTION: Model = Model { function: None, ..MLX5 };

/// Models mlxsw: a switch, whose reload makes everything anew, ports and traps with their groups and policers.
const MLXSW: Model = Model {
    inventory: &Inventory {
        module: Module::Core,
        params: &[(Param::MaxMacs, ParamValue::V32)],
        regions: &[Region::Dummy],
        reporters: REPORTERS,
        policers: &[TrapPolicer::P1],
        groups: &[
            (TrapGroup::L3Drops, Some(TrapPolicer::P1)),
            (TrapGroup::BufferDrops, Some(TrapPolicer::P1)),
        ],
        traps: TRAPS,
        resources: RESOURCES,
        linecards: LineCard::ALL,
    },
    ports: &[PortIndex::P0, PortIndex::P1],
    reload_actions: &[ReloadAction::Reinit, ReloadAction::FwActivate],
    keeps_routes: true,
    has_flash: true,
    ..BARE
};

/// Models the driver of a device on a line card of mlxsw: an instance that can be flashed and has nothing else.
const LINE_CARD: Model = Model { has_flash: true, ..BARE };

/// A driver of an instance that has nothing and can do nothing.
pub(super) const BARE: Model = Model {
    inventory: &Inventory::NONE,
    ports: &[],
    counts_ports: false,
    representor: None,
    max_vfs: 0,
    has_rates: false,
    auxiliaries: &[],
    function: None,
    guard: Guard::None,
    reload_actions: &[],
    limits_reload: false,
    keeps_routes: false,
    has_flash: false,
    netdevs: Netdevs::None,
    has_bus_files: false,
    forgets_ports: false,
};

/// The two traps that arguments are about.
pub(super) const TRAPS: &[TrapSpec] = &[TrapSpec::drop(Trap::BlackholeRoute), TrapSpec::drop(Trap::TailDrop)];

/// The resources of whoever has any: all that have a name.
pub(super) const RESOURCES: &[Resource] = Resource::ALL.split_at(Resource::Unknown.index()).0;

/// The reporters of whoever has any, in the order in which they are made.
pub(super) const REPORTERS: &[ReporterSpec] = &[
    ReporterSpec { reporter: Reporter::Empty, recovers: false },
    ReporterSpec { reporter: Reporter::Dummy, recovers: true },
];

impl Model {
    /// The driver of a device, under the decision that says which netdevsim there is.
    pub const fn of(handle: Handle, netdevsim: Netdevsim) -> &'static Model {
        match (handle, netdevsim) {
            (Handle::Netdevsim0 | Handle::Netdevsim1, Netdevsim::Small) => &netdevsim::SMALL,
            (Handle::Netdevsim0 | Handle::Netdevsim1, Netdevsim::Linked) => &netdevsim::LINKED,
            (Handle::Netdevsim0 | Handle::Netdevsim1, Netdevsim::Linux612) => &netdevsim::LINUX_6_12,
            (Handle::Netdevsim0 | Handle::Netdevsim1, Netdevsim::Linux61) => &netdevsim::LINUX_6_1,
            (Handle::Mlx50, _) => &MLX5,
            (Handle::Mlx51, _) => &MLX5_FUNCTION,
            (Handle::Mlxsw0, _) => &MLXSW,
            (Handle::Lc1, _) => &LINE_CARD,
        }
    }
}

/// What a driver remembers of one port.
#[derive(Debug, Clone, Copy)]
pub struct Port {
    /// Its index.
    pub index: PortIndex,
    /// Whether it stands for a virtual function: netdevsim goes by what it was made as, not by its index.
    pub is_vf: bool,
    /// Its netdev, if ports have any.
    pub netdev: Option<NetdevId>,
}

/// A list of ports, oldest first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    list: [Option<Port>; PortIndex::COUNT],
}

impl Ports {
    /// The ports, oldest first.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = Port> {
        self.list.into_iter().flatten()
    }

    /// The list with one more port, the newest.
    pub fn with(mut self, port: Port) -> Self {
        let end = self.list.iter().position(Option::is_none).expect("a list has room for every port");
        self.list[end] = Some(port);
        self
    }

    /// The list without a port.
    pub fn without(self, port: PortIndex) -> Self {
        self.iter().filter(|known| known.index != port).fold(Ports::default(), Ports::with)
    }
}

/// What a driver remembers of one of its devices, and the bus of the device itself.
#[derive(Debug)]
pub struct Device {
    /// The device on its bus, if the bus is modelled: from its making to its end.
    pub on_bus: Cell<Option<Kref>>,
    /// Whether its end has begun: no driver can be bound to it any more.
    pub is_dead: Cell<bool>,
    /// Whether a driver is bound to it, or is about to be: `dev->driver`.
    pub has_driver: Cell<bool>,
    /// Whether its own files are there, if the bus is modelled.
    pub has_files: Cell<bool>,
    /// The network namespace that it was made in, and the memory of that, to which it has no reference.
    pub made_in: Cell<(NetNs, Option<Kref>)>,
    /// The devlink instance, from probe to remove.
    pub instance: Cell<Option<InstanceId>>,
    /// Whether probe is done and remove has not begun: the driver's own flag.
    pub is_ready: Cell<bool>,
    /// Whether it is on a line card that is provisioned.
    pub is_on_card: Cell<bool>,
    /// How many ports it was made with.
    pub port_count: Cell<PortCount>,
    /// Its auxiliary devices.
    pub auxiliaries: [Cell<Option<Kref>>; Auxiliary::COUNT],
    /// The ports that the driver knows of, oldest first.
    pub ports: Cell<Ports>,
    /// How many virtual functions there are.
    pub vfs: Cell<usize>,
    /// Whether the files are there that change ports, under the decisions that remove them before anything else.
    pub has_port_files: Cell<bool>,
    /// Whether the files of the knobs are there, if the bus is modelled.
    pub has_knobs: Cell<bool>,
    /// Whether the file is there that takes a snapshot of the region.
    pub has_snapshot_file: Cell<bool>,
    /// Whether the files are there that have the driver report an error.
    pub has_health_files: Cell<bool>,
    /// The file about nexthops, and the table that it looks into.
    pub(in crate::driver) fib_file: super::fib_file::FibFile,
    knobs: [Cell<bool>; Knob::COUNT],
}

impl Default for Device {
    fn default() -> Self {
        Device {
            on_bus: Cell::default(),
            is_dead: Cell::default(),
            has_driver: Cell::default(),
            has_files: Cell::default(),
            has_knobs: Cell::default(),
            made_in: Cell::new((NetNs::Init, None)),
            instance: Cell::default(),
            is_ready: Cell::default(),
            is_on_card: Cell::default(),
            port_count: Cell::new(PortCount::Default),
            auxiliaries: Default::default(),
            ports: Cell::default(),
            vfs: Cell::default(),
            has_port_files: Cell::default(),
            has_snapshot_file: Cell::default(),
            has_health_files: Cell::default(),
            fib_file: Default::default(),
            knobs: Default::default(),
        }
    }
}

impl Device {
    /// Turns a knob. What a driver was asked to do is part of its state, so a search should see it change.
    pub fn set_knob(&self, k: &Kernel, handle: Handle, knob: Knob, on: bool) {
        let subject = Subject::Knob(handle, knob);
        match (self.knobs[knob.index()].replace(on), on) {
            (false, true) => k.emit(What::Add(subject)),
            (true, false) => k.emit(What::Remove(subject)),
            (false, false) | (true, true) => {}
        }
    }

    /// Whether a knob is on.
    pub fn knob(&self, knob: Knob) -> bool {
        self.knobs[knob.index()].get()
    }

    /// The ports that probe and reload make.
    pub fn initial_ports(&self, model: &Model) -> &'static [PortIndex] {
        match self.port_count.get() {
            PortCount::Default => model.ports,
            _ if !model.counts_ports => model.ports,
            count => &PortIndex::ALL[..count.index() - PortCount::N0.index()],
        }
    }

    /// Whether the driver knows of this port.
    pub fn knows(&self, port: PortIndex) -> bool {
        self.ports.get().iter().any(|known| known.index == port)
    }

    /// Forgets everything about the driver, as a new probe does. Virtual functions are the device's, and stay.
    pub fn reset(&self, k: &Kernel, handle: Handle) {
        Knob::ALL.iter().for_each(|knob| self.set_knob(k, handle, *knob, false));
        self.ports.take();
        self.has_port_files.set(false);
        self.has_snapshot_file.set(false);
        self.has_health_files.set(false);
        self.is_ready.set(false);
        self.instance.set(None);
    }
}
