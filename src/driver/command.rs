//! What happens to drivers: opcode, spelling, operands, handler.

use super::{Cores, fib, fib_file, health, module, mtty, netdev, netns, ops, port, snapshot, vf, vfio};
use crate::commands;
use crate::event::{
    Errno, Handle, Knob, Module, NetNs, Nth, NumVfs, Parent, Point, PortCount, PortIndex, QueueName, Route,
    Switch, Uuid,
};
use crate::operand::Operand;
use crate::sim::delayed::Milliseconds;

/// So long does a task wait for releases that the kernel delays.
const MOMENT: Milliseconds = 30_000;
/// The longest time that any work is delayed by is an hour.
const MORE_THAN_AN_HOUR: Milliseconds = 3_700_000;

commands! {
    /// A command to a driver or its module.
    pub enum Command {
        /// The bus binds the driver of a devlink device, with so many ports if the driver can be told.
        0x40 "driver.probe" Probe(handle: Handle, ports: PortCount),
        /// The bus unbinds it.
        0x41 "driver.remove" Remove(handle: Handle),
        /// The driver adds a port while it runs.
        0x42 "driver.port-add" PortAdd(handle: Handle, port: PortIndex),
        /// The driver deletes a port while it runs.
        0x43 "driver.port-del" PortDel(handle: Handle, port: PortIndex),
        /// Asks the driver to fail later.
        0x44 "driver.knob" SetKnob(handle: Handle, knob: Knob, switch: Switch),
        /// The vendor driver makes a parent device and registers it with mdev core.
        0x45 "mtty.probe" MttyProbe(parent: Parent),
        /// The vendor driver unregisters the parent and gives the device back.
        0x46 "mtty.remove" MttyRemove(parent: Parent),
        /// A module is unloaded: its exit function runs, then its text is gone.
        0x47 "module.remove" ModuleRemove(module: Module),
        /// Has the driver take a snapshot of its region.
        0x48 "driver.take-snapshot" TakeSnapshot(handle: Handle),
        /// Has the driver report an error.
        0x49 "driver.break-health" BreakHealth(handle: Handle),
        /// Makes a network namespace.
        0x4a "netns.add" NetnsAdd(netns: NetNs),
        /// Deletes one that no task is in, and waits until it has ended.
        0x4b "netns.del" NetnsDel(netns: NetNs),
        /// The task goes into a network namespace; from there on it sees what is there.
        0x4c "netns.enter" NetnsEnter(netns: NetNs),
        /// Moves the netdev of a port from where the task is to a network namespace.
        0x4d "netdev.move" NetdevMove(handle: Handle, port: PortIndex, netns: NetNs),
        /// Asks a device for so many virtual functions.
        0x4e "driver.sriov-numvfs" SriovNumvfs(handle: Handle, number: NumVfs),
        /// Binds the driver to a device that has none, as a user does by hand.
        0x50 "driver.bind" Bind(handle: Handle),
        /// Unbinds the driver from a device, which stays on its bus.
        0x51 "driver.unbind" Unbind(handle: Handle),
        /// Adds a route to the namespace that the task is in; drivers that keep routes too may refuse it.
        0x52 "route.add" RouteAdd(route: Route),
        /// Deletes a route of the namespace that the task is in.
        0x53 "route.del" RouteDel(route: Route),
        /// A user says, by a file of netdevsim's, that a bucket of a nexthop group was used.
        0x54 "driver.fib-activity" FibActivity(handle: Handle),
        /// Has the n-th step of the task fail that may: an allocation, or a registration.
        0x55 "fault.fail-nth" FailNth(nth: Nth),
        /// A user opens a mediated device, does something with it, and closes it.
        0x70 "vfio.use" Use(uuid: Uuid),
        /// So much time passes that releases which the kernel delays have run, and work that comes round every moment.
        0x71 "time.pass" TimePass(),
        /// More than an hour passes: all delayed work has run.
        0x72 "time.pass-hour" TimePassHour(),
    }
}

/// Runs one command.
pub async fn execute(command: Command, cores: &Cores<'_>) -> Result<(), Errno> {
    match command {
        Command::Probe { handle, ports } => super::nsim_bus::probe(cores, handle, ports).await,
        Command::Remove { handle } => super::nsim_bus::remove(cores, handle).await,
        Command::Bind { handle } => super::nsim_bus::bind(cores, handle).await,
        Command::Unbind { handle } => super::nsim_bus::unbind(cores, handle).await,
        Command::PortAdd { handle, port } => port::change(cores, handle, port, true).await,
        Command::PortDel { handle, port } => port::change(cores, handle, port, false).await,
        Command::SetKnob { handle, knob, switch } => {
            let device = cores.device(handle);
            device.instance.get().ok_or_else(|| cores.absent(handle))?;
            let is_there = match knob {
                Knob::FailRecover => device.has_health_files.get(),
                _ => device.has_knobs.get() || !cores.model_of(handle).has_bus_files,
            };
            if !is_there {
                return Err(Errno::ENOENT);
            }
            // The files of knobs are debugfs's own, and ask nothing of the module.
            device.set_knob(cores.kernel, handle, knob, switch == Switch::On);
            ops::knob_turned(cores, handle, knob);
            Ok(())
        }
        Command::TakeSnapshot { handle } => snapshot::take(cores, handle).await,
        Command::BreakHealth { handle } => health::break_health(cores, handle).await,
        Command::NetnsAdd { netns } => netns::add(cores, netns).await,
        Command::NetnsDel { netns } => netns::del(cores, netns).await,
        Command::NetnsEnter { netns } => cores.kernel.netns_enter(netns),
        Command::NetdevMove { handle, port, netns } => netdev::set_netns(cores, handle, port, netns).await,
        Command::RouteAdd { route } => fib::add(cores, route).await,
        Command::RouteDel { route } => fib::del(cores, route).await,
        Command::FailNth { nth } => {
            cores.kernel.fail_nth(nth.to_byte() + 1);
            Ok(())
        }
        Command::FibActivity { handle } => fib_file::write(cores, handle).await,
        Command::SriovNumvfs { handle, number } => vf::configure(cores, handle, number).await,
        Command::Use { uuid } => vfio::r#use(cores, uuid).await,
        Command::TimePass {} => {
            pass(cores, MOMENT).await;
            Ok(())
        }
        Command::TimePassHour {} => {
            pass(cores, MORE_THAN_AN_HOUR).await;
            Ok(())
        }
        Command::MttyProbe { parent } => mtty::probe(cores, parent).await,
        Command::MttyRemove { parent } => mtty::remove(cores, parent).await,
        Command::ModuleRemove { module } => module::remove(cores, module).await,
    }
}

/// Lets time pass, and waits until what was due has run.
async fn pass(cores: &Cores<'_>, span: Milliseconds) {
    let k = cores.kernel;
    if k.pass_time(span) {
        k.flush_workqueue(QueueName::Unbound, Point::TimePass).await;
    }
    cores.mdev.wait_released(k, Point::TimePass).await;
}
