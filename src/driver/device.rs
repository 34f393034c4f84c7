//! What a driver remembers of one of its devices.

use super::model::Model;
use super::netdev::NetdevId;
use crate::devlink::InstanceId;
use crate::event::{Auxiliary, Handle, Knob, NetNs, PortCount, PortIndex, Subject, What};
use crate::sim::cell::Cell;
use crate::sim::{Kernel, Kref};

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

/// What a driver remembers of the one subfunction that its device has room for.
#[derive(Debug, Default)]
pub struct Function {
    /// The port through which users reach it.
    pub port: Cell<Option<PortIndex>>,
    /// Whether it is to be active.
    pub is_active: Cell<bool>,
    /// Whether there is a device of it, with a driver.
    pub is_attached: Cell<bool>,
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
    /// Its subfunction.
    pub function: Function,
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
    /// The instance whose traps netdevsim reports, or reported last.
    pub(in crate::driver) reports_traps_of: Cell<Option<InstanceId>>,
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
            function: Default::default(),
            vfs: Cell::default(),
            has_port_files: Cell::default(),
            has_snapshot_file: Cell::default(),
            has_health_files: Cell::default(),
            reports_traps_of: Cell::default(),
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

    /// Turns every knob off: knobs are memory of the driver.
    pub fn forget_knobs(&self, k: &Kernel, handle: Handle) {
        Knob::ALL.iter().for_each(|knob| self.set_knob(k, handle, *knob, false));
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
        self.forget_knobs(k, handle);
        self.ports.take();
        self.has_port_files.set(false);
        self.has_snapshot_file.set(false);
        self.has_health_files.set(false);
        self.is_ready.set(false);
        self.instance.set(None);
    }
}
