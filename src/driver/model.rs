//! What tells the devlink drivers apart, as data, and what each remembers of its devices.

use crate::devlink::InstanceId;
use crate::event::{Handle, Knob, PortCount, PortIndex};
use std::cell::Cell;

/// One model driver.
#[derive(Debug)]
pub struct Model {
    /// The ports that probe and reload make.
    pub ports: &'static [PortIndex],
    /// Whether whoever makes a device may ask for another number of ports.
    pub counts_ports: bool,
    /// Whether the driver registers traps.
    pub has_traps: bool,
    /// The port that stands for a virtual function while the eswitch is in switchdev mode.
    pub representor: Option<PortIndex>,
}

/// Models netdevsim, whose reload re-initialises everything: ports and traps.
const NETDEVSIM: Model =
    Model { ports: &[PortIndex::P0, PortIndex::P1], counts_ports: true, has_traps: true, representor: None };

/// Models mlx5: one uplink, and a representor that comes and goes with the eswitch mode.
const MLX5: Model = Model {
    ports: &[PortIndex::P0],
    counts_ports: false,
    has_traps: false,
    representor: Some(PortIndex::P1),
};

impl Model {
    /// The driver of a device.
    pub const fn of(handle: Handle) -> &'static Model {
        match handle {
            Handle::Netdevsim0 | Handle::Netdevsim1 => &NETDEVSIM,
            Handle::Mlx50 | Handle::Mlx51 => &MLX5,
        }
    }
}

/// What a driver remembers of one of its devices.
#[derive(Debug)]
pub struct Device {
    /// The devlink instance, from probe to remove.
    pub instance: Cell<Option<InstanceId>>,
    /// Whether probe is done and remove has not begun: the driver's own flag.
    pub is_ready: Cell<bool>,
    /// How many ports it was made with.
    pub port_count: Cell<PortCount>,
    knobs: [Cell<bool>; Knob::COUNT],
}

impl Default for Device {
    fn default() -> Self {
        Device {
            instance: Cell::default(),
            is_ready: Cell::default(),
            port_count: Cell::new(PortCount::Default),
            knobs: Default::default(),
        }
    }
}

impl Device {
    /// Turns a knob.
    pub fn set_knob(&self, knob: Knob, on: bool) {
        self.knobs[knob.index()].set(on);
    }

    /// Whether a knob is on.
    pub fn knob(&self, knob: Knob) -> bool {
        self.knobs[knob.index()].get()
    }

    /// The ports that probe and reload make.
    pub fn ports(&self, model: &Model) -> &'static [PortIndex] {
        match self.port_count.get() {
            PortCount::Default => model.ports,
            _ if !model.counts_ports => model.ports,
            count => &PortIndex::ALL[..count.index() - PortCount::N0.index()],
        }
    }

    /// Forgets everything, as a new probe does.
    pub fn reset(&self) {
        self.knobs.iter().for_each(|knob| knob.set(false));
        self.is_ready.set(false);
        self.instance.set(None);
    }
}
