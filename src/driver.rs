//! Model drivers: what the cores call back, and what calls the cores.

mod auxiliary;
pub mod command;
pub mod device;
mod fib;
mod fib_file;
pub mod function;
pub mod health;
mod id_table;
pub mod linecard;
pub mod model;
pub mod module;
pub mod mtty;
pub mod netdev;
mod netdevsim;
pub mod netns;
pub mod nsim_bus;
pub mod ops;
pub mod port;
pub mod probe;
pub mod rdma;
mod sf;
pub mod snapshot;
mod split;
pub mod trap_report;
pub mod vf;
pub mod vfio;

pub use command::Command;

use crate::devlink::{Devlink, InstanceId};
use crate::event::{Errno, Handle, Knob, Module};
use crate::ib::Ib;
use crate::mdev::Mdev;
use crate::sim::Kernel;

/// What the drivers remember in one run.
#[derive(Debug, Default)]
pub struct Drivers {
    /// The devices of the devlink drivers.
    pub devices: [device::Device; Handle::COUNT],
    /// The routes of namespaces, and who keeps them too.
    pub fib: fib::Fib,
    /// The netdevs of their ports.
    pub netdevs: netdev::Netdevs,
    /// Which modules are going.
    pub modules: module::Modules,
    /// What the drivers of mediated devices have registered with vfio.
    pub vfio: vfio::Vfio,
    /// The bus of netdevsim.
    pub nsim_bus: nsim_bus::NsimBus,
    /// The modules of RDMA.
    pub rdma: rdma::module::Rdma,
}

/// Everything a driver can reach.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the fields are the subsystems")]
pub struct Cores<'w> {
    pub kernel: &'w Kernel,
    pub devlink: &'w Devlink,
    pub mdev: &'w Mdev,
    pub ib: &'w Ib,
    pub drivers: &'w Drivers,
}

impl<'w> Cores<'w> {
    /// What the driver of a device remembers of it.
    pub fn device(&self, handle: Handle) -> &'w device::Device {
        &self.drivers.devices[handle.index()]
    }

    /// The driver of an instance.
    pub fn model(&self, id: InstanceId) -> &'static model::Model {
        self.model_of(self.devlink.handle(id))
    }

    /// The driver of a device.
    pub fn model_of(&self, handle: Handle) -> &'static model::Model {
        id_table::of(handle, self.devlink.decisions.netdevsim)
    }

    /// Whether a device is on a bus that is modelled, and stays there.
    pub fn is_on_bus(&self, handle: Handle) -> bool {
        self.device(handle).on_bus.get().is_some() && !self.device(handle).is_dead.get()
    }

    /// The error of an op that a test has asked to fail.
    fn fails_on(&self, id: InstanceId, knob: Knob) -> Result<(), Errno> {
        self.kernel.may_fail()?;
        if self.device(self.devlink.handle(id)).knob(knob) { Err(Errno::EINVAL) } else { Ok(()) }
    }

    /// Models `try_module_get()` where a file of a driver in debugfs is opened.
    fn uses_module_of(&self, handle: Handle) -> Result<(), Errno> {
        if id_table::is_nsim(handle) && !self.drivers.modules.is_live(Module::Netdevsim) {
            Err(Errno::ENXIO)
        } else {
            Ok(())
        }
    }

    /// What a user is told who names a device that is not there: the files of one that had any are gone.
    pub fn absent(&self, handle: Handle) -> Errno {
        if self.model_of(handle).has_bus_files { Errno::ENOENT } else { Errno::ENODEV }
    }
}
