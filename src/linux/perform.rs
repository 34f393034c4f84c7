//! Programs as requests: what each command asks of a real kernel.
//!
//! The tasks of a program without a schedule run one after the other, in the order of the file. With a schedule each is
//! a thread of the guest's, which a tracer stops at places inside the kernel ([`super::steer`]).

use super::wire::{Operation, Request, Step};
use super::{devlink, link, mdev, rdma, route};
use crate::driver;
use crate::event::{Handle, Knob, Module, PortCount, QueueName, Route, Switch};
use crate::operand::Operand;
use crate::program::{Command, Program, Subsystem};

const NEW_DEVICE: &str = "/sys/bus/netdevsim/new_device";
const DEL_DEVICE: &str = "/sys/bus/netdevsim/del_device";
/// The files that bind and unbind are those of the driver.
const DRIVER: &str = "/sys/bus/netdevsim/drivers/netdevsim";
/// The module of the driver.
const MODULE: &str = "netdevsim";
const DEVICES: &str = "/sys/bus/netdevsim/devices";

/// Whether a real kernel can be asked for a command.
pub fn can_perform(command: &Command) -> bool {
    operations(command).is_some()
}

/// Whether the model says to the letter what a real kernel does with a command of a subsystem and its drivers, or about
/// what all subsystems share: netdevsim and its devlink, the sample drivers of mediated devices, the software drivers of
/// RDMA, and network namespaces.
pub fn can_compare(subsystem: Subsystem, command: &Command) -> bool {
    use driver::Command::{NetnsAdd, NetnsDel, NetnsEnter};
    match (subsystem, *command) {
        (Subsystem::Devlink, Command::Devlink(_)) => true,
        (Subsystem::Devlink, Command::Driver(command)) => {
            driver(command).is_some_and(|operations| operations.iter().all(is_modelled))
        }
        (Subsystem::Mdev, Command::Mdev(command)) => mdev::operations(command).is_some(),
        (Subsystem::Mdev, Command::Driver(command)) => match command {
            driver::Command::MttyProbe { parent } | driver::Command::MttyRemove { parent } => {
                mdev::vendor(parent).is_some()
            }
            driver::Command::TimePass {} | driver::Command::TimePassHour {} => true,
            _ => false,
        },
        (Subsystem::Ib, Command::Rdma(command)) => rdma::link::operations(command).is_some(),
        (Subsystem::Ib, Command::Driver(NetnsAdd { .. } | NetnsDel { .. } | NetnsEnter { .. })) => true,
        _ => false,
    }
}

/// Whether a command only lets time pass. Work that is due then begins by itself: no segment of a schedule lets it run, so a
/// steered kernel does it at another moment than the model.
pub fn lets_time_pass(command: &Command) -> bool {
    matches!(command, Command::Driver(driver::Command::TimePass {} | driver::Command::TimePassHour {}))
}

fn is_modelled(operation: &Operation) -> bool {
    match operation {
        Operation::Write { path, .. } => path.contains("netdevsim"),
        Operation::Unload { module } => module == MODULE,
        Operation::Netlink { .. }
        | Operation::Wait { .. }
        | Operation::NetnsAdd { .. }
        | Operation::NetnsDel { .. }
        | Operation::NetnsEnter { .. } => true,
        _ => false,
    }
}

/// The request that a program is, or its first command that no real kernel can be asked for.
pub fn request(program: &Program) -> Result<Request, Command> {
    let at_rest = [devlink::dumps(), rdma::link::dumps()].concat();
    let mut request = Request { at_rest, clean_up: clean_up(program), ..Request::default() };
    for (task, body) in program.tasks.iter().enumerate() {
        for (command, text) in body.commands.iter().enumerate() {
            let operations = operations(text).ok_or(*text)?;
            request.steps.push(Step { task: task as u8, command: command as u8, operations });
        }
    }
    if makes_parents(&request) {
        request.at_rest.extend(mdev::at_rest());
    }
    Ok(request)
}

/// Whether a request loads a vendor driver of mediated devices.
pub fn makes_parents(request: &Request) -> bool {
    let is_vendor = |operation: &Operation| match operation {
        Operation::Load { module } => mdev::VENDORS.iter().any(|(_, vendor)| module == vendor),
        _ => false,
    };
    request.steps.iter().flat_map(|step| &step.operations).any(is_vendor)
}

/// The queues whose workers are tasks of a program, in the order of their workers. What ib_core does with the netdevs
/// of a program that is not about RDMA is none of it.
pub fn queues(program: &Program) -> Vec<QueueName> {
    let mut commands = program.tasks.iter().flat_map(|task| &task.commands);
    let is_about_rdma = commands.any(|command| matches!(command, Command::Rdma(_) | Command::Ib(_)));
    let is_its = |queue: &QueueName| match queue {
        QueueName::Gid | QueueName::Rescan | QueueName::Unreg | QueueName::Cm => is_about_rdma,
        QueueName::System | QueueName::Netns | QueueName::Vendor => true,
        // It runs by itself, all the time, and nothing shows of it.
        QueueName::Unbound => false,
        // Of devices that a kernel without the hardware does not have.
        QueueName::Function | QueueName::LineCard => false,
    };
    QueueName::ALL.iter().copied().filter(is_its).collect()
}

/// What leaves nothing of a program behind.
fn clean_up(program: &Program) -> Vec<Operation> {
    let devices = Operation::WriteEach {
        folder: DEVICES.to_string(),
        prefix: "netdevsim".to_string(),
        path: DEL_DEVICE.to_string(),
        text: None,
    };
    let mut operations = vec![devices, Operation::NetnsReset];
    // A guest's commands begin in the initial namespace, whose routes outlive a program.
    operations.extend(Route::ALL.iter().map(|route| route::change(*route, false)));
    operations.extend(mdev::clean_up());
    let mut commands = program.tasks.iter().flat_map(|task| &task.commands);
    operations.extend(rdma::clean_up(commands.any(rdma::link::changes_modules)));
    // What is there already is not loaded again.
    operations.push(Operation::Load { module: MODULE.to_string() });
    operations
}

/// Folders in which each object that there is has a link.
const OBJECTS: &[&str] =
    &[DEVICES, "/sys/class/net", "/sys/class/infiniband", "/sys/class/mdev_bus", "/sys/bus/mdev/devices"];
/// Modules whose users are counted.
const COUNTED: &[&str] =
    &[MODULE, "psample", "dummy", "siw", "rdma_rxe", "ib_core", "ib_uverbs", "ib_umad", "mtty", "mdpy"];

/// What shows, after the clean-up, what is left: objects, users of modules, and whether netdevsim can be unloaded.
pub fn left() -> Vec<Operation> {
    let links =
        OBJECTS.iter().map(|folder| Operation::Links { folder: (*folder).to_string(), link: String::new() });
    let count = |module: &&str| Operation::Read { path: format!("/sys/module/{module}/refcnt") };
    let state = Operation::Read { path: format!("/sys/module/{MODULE}/initstate") };
    let unload = Operation::Unload { module: MODULE.to_string() };
    let load = Operation::Load { module: MODULE.to_string() };
    links.chain(COUNTED.iter().map(count)).chain([unload, state, load]).collect()
}

/// In so many milliseconds all has been released that hangs on each other: each link of the chain takes one to four.
const RELEASED: u32 = 30_000;

/// In so many milliseconds all work has run that is delayed by an hour.
const HOUR: u32 = 3_700_000;

/// What lets releases come that the kernel delays.
pub fn releases() -> Operation {
    Operation::Wait { milliseconds: RELEASED }
}

/// What makes a guest's kernel panic.
pub fn panic() -> Operation {
    write("/proc/sysrq-trigger", "c".to_string())
}

/// What a command asks of a real kernel; none if no real kernel can be asked for it.
pub fn operations(command: &Command) -> Option<Vec<Operation>> {
    match *command {
        Command::Devlink(command) => Some(devlink::operations(command)),
        Command::Driver(command) => driver(command),
        Command::Mdev(command) => mdev::operations(command),
        Command::Ib(command) => rdma::operations(command),
        Command::Rdma(command) => rdma::link::operations(command),
    }
}

fn driver(command: driver::Command) -> Option<Vec<Operation>> {
    use driver::Command as Driver;
    let operation = match command {
        Driver::Probe { handle, ports } => {
            let ports = match ports {
                PortCount::Default | PortCount::N2 => 2,
                PortCount::N0 => 0,
                PortCount::N1 => 1,
                PortCount::N3 => 3,
                PortCount::N4 => 4,
            };
            write(NEW_DEVICE, format!("{} {ports}", netdevsim(handle)?))
        }
        Driver::Remove { handle } => write(DEL_DEVICE, netdevsim(handle)?.to_string()),
        Driver::Bind { handle } => {
            write(&format!("{DRIVER}/bind"), format!("netdevsim{}", netdevsim(handle)?))
        }
        Driver::Unbind { handle } => {
            write(&format!("{DRIVER}/unbind"), format!("netdevsim{}", netdevsim(handle)?))
        }
        Driver::ModuleRemove { module: Module::Netdevsim } => {
            Operation::Unload { module: MODULE.to_string() }
        }
        Driver::PortAdd { handle, port } => {
            write(&format!("{DEVICES}/netdevsim{}/new_port", netdevsim(handle)?), port.to_string())
        }
        Driver::PortDel { handle, port } => {
            write(&format!("{DEVICES}/netdevsim{}/del_port", netdevsim(handle)?), port.to_string())
        }
        Driver::SetKnob { handle, knob, switch } => {
            let file = match knob {
                Knob::FailReload => "fail_reload",
                Knob::DontAllowReload => "dont_allow_reload",
                Knob::FailRecover => "health/fail_recover",
                Knob::FailTrapGroupSet => "fail_trap_group_set",
                Knob::FailTrapPolicerSet => "fail_trap_policer_set",
                Knob::FailPolicerCounter => "fail_trap_policer_counter_get",
                Knob::FailDropCounter => "fail_trap_drop_counter_get",
            };
            let on = if switch == Switch::On { "Y" } else { "N" };
            let id = netdevsim(handle)?;
            write(&format!("/sys/kernel/debug/netdevsim/netdevsim{id}/{file}"), on.to_string())
        }
        Driver::TakeSnapshot { handle } => {
            let id = netdevsim(handle)?;
            write(&format!("/sys/kernel/debug/netdevsim/netdevsim{id}/take_snapshot"), "1".to_string())
        }
        Driver::BreakHealth { handle } => {
            let id = netdevsim(handle)?;
            write(
                &format!("/sys/kernel/debug/netdevsim/netdevsim{id}/health/break_health"),
                "boom".to_string(),
            )
        }
        Driver::FibActivity { handle } => {
            let id = netdevsim(handle)?;
            write(
                &format!("/sys/kernel/debug/netdevsim/netdevsim{id}/fib/nexthop_bucket_activity"),
                "1 0".to_string(),
            )
        }
        Driver::NetnsAdd { netns } => Operation::NetnsAdd { name: netns.to_string() },
        Driver::NetnsDel { netns } => Operation::NetnsDel { name: netns.to_string() },
        Driver::NetnsEnter { netns } => Operation::NetnsEnter { name: netns.to_string() },
        Driver::NetdevMove { handle, port, netns } => {
            netdevsim(handle)?;
            link::set_netns(handle, port, netns)
        }
        Driver::RouteAdd { route } => return Some(vec![route::change(route, true), route::kept()]),
        Driver::RouteDel { route } => return Some(vec![route::change(route, false), route::kept()]),
        Driver::SriovNumvfs { handle, number } => {
            write(&format!("{DEVICES}/netdevsim{}/sriov_numvfs", netdevsim(handle)?), number.to_string())
        }
        // A vendor driver makes its one parent when it is loaded, and unmakes it when it goes.
        Driver::MttyProbe { parent } => Operation::Load { module: mdev::vendor(parent)?.to_string() },
        Driver::MttyRemove { parent } => Operation::Unload { module: mdev::vendor(parent)?.to_string() },
        Driver::ModuleRemove { module } => {
            let vendor = mdev::VENDORS.iter().find(|(parent, _)| parent.module() == module);
            Operation::Unload { module: vendor?.1.to_string() }
        }
        Driver::TimePass {} => releases(),
        Driver::TimePassHour {} => Operation::Wait { milliseconds: HOUR },
        // No kernel as built injects faults (`CONFIG_FAULT_INJECTION`).
        Driver::Use { .. } | Driver::FailNth { .. } => return None,
    };
    Some(vec![operation])
}

/// The number of a netdevsim device. Of the model's devlink drivers it is the only one without hardware.
fn netdevsim(handle: Handle) -> Option<&'static str> {
    handle.word().strip_prefix("netdevsim/")
}

fn write(path: &str, text: String) -> Operation {
    Operation::Write { path: path.to_string(), text }
}
