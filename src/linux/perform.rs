//! Programs as requests: what each command asks of a real kernel.
//!
//! A guest runs one command after the other. A schedule stops tasks at places inside the kernel, which nobody
//! can do from outside; so the tasks of a program run whole, in the order of the file.

use super::wire::{Action, Request, Step};
use super::{devlink, link, mdev, rdma, route};
use crate::driver;
use crate::event::{Handle, Knob, Module, Parent, PortCount, Route, Switch};
use crate::operand::Operand;
use crate::program::{Command, Program};

const NEW_DEVICE: &str = "/sys/bus/netdevsim/new_device";
const DEL_DEVICE: &str = "/sys/bus/netdevsim/del_device";
/// The files that bind and unbind are those of the driver.
const DRIVER: &str = "/sys/bus/netdevsim/drivers/netdevsim";
/// The module of the driver.
const MODULE: &str = "netdevsim";
const DEVICES: &str = "/sys/bus/netdevsim/devices";

/// Whether a real kernel can be asked for a command.
pub fn can_perform(command: &Command) -> bool {
    actions(command).is_some()
}

/// Whether the model says to the letter what a real kernel does with a command: netdevsim and its devlink.
pub fn can_compare(command: &Command) -> bool {
    match *command {
        Command::Devlink(_) => true,
        Command::Driver(command) => driver(command).is_some_and(|actions| actions.iter().all(is_modelled)),
        Command::Mdev(_) | Command::Ib(_) => false,
    }
}

fn is_modelled(action: &Action) -> bool {
    match action {
        Action::Write { path, .. } => path.contains("netdevsim"),
        Action::Unload { module } => module == MODULE,
        Action::Netlink { .. }
        | Action::Wait { .. }
        | Action::NetnsAdd { .. }
        | Action::NetnsDel { .. }
        | Action::NetnsEnter { .. } => true,
        _ => false,
    }
}

/// The request that a program is, or its first command that no real kernel can be asked for.
pub fn request(program: &Program) -> Result<Request, Command> {
    let mut request = Request { at_rest: devlink::dumps(), clean_up: clean_up(), ..Request::default() };
    for (task, body) in program.tasks.iter().enumerate() {
        for (command, text) in body.commands.iter().enumerate() {
            let actions = actions(text).ok_or(*text)?;
            request.steps.push(Step { task: task as u8, command: command as u8, actions });
        }
    }
    Ok(request)
}

/// What leaves nothing of a program behind.
fn clean_up() -> Vec<Action> {
    let devices = Action::WriteEach {
        folder: DEVICES.to_string(),
        prefix: "netdevsim".to_string(),
        path: DEL_DEVICE.to_string(),
        text: None,
    };
    let mut actions = vec![devices, Action::NetnsReset, Action::Unload { module: mdev::VENDOR.to_string() }];
    // A guest's commands begin in the initial namespace, whose routes outlive a program.
    actions.extend(Route::ALL.iter().map(|route| route::change(*route, false)));
    actions.extend(rdma::clean_up());
    // What is there already is not loaded again.
    actions.push(Action::Load { module: MODULE.to_string() });
    actions
}

/// What makes a guest's kernel panic.
pub fn panic() -> Action {
    write("/proc/sysrq-trigger", "c".to_string())
}

fn actions(command: &Command) -> Option<Vec<Action>> {
    match *command {
        Command::Devlink(command) => Some(devlink::actions(command)),
        Command::Driver(command) => driver(command),
        Command::Mdev(command) => mdev::actions(command),
        Command::Ib(command) => rdma::actions(command),
    }
}

fn driver(command: driver::Command) -> Option<Vec<Action>> {
    use driver::Command as Driver;
    let action = match command {
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
        Driver::ModuleRemove { module: Module::Netdevsim } => Action::Unload { module: MODULE.to_string() },
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
        Driver::NetnsAdd { netns } => Action::NetnsAdd { name: netns.to_string() },
        Driver::NetnsDel { netns } => Action::NetnsDel { name: netns.to_string() },
        Driver::NetnsEnter { netns } => Action::NetnsEnter { name: netns.to_string() },
        Driver::NetdevMove { handle, port, netns } => {
            netdevsim(handle)?;
            link::set_netns(handle, port, netns)
        }
        Driver::RouteAdd { route } => return Some(vec![route::change(route, true), route::kept()]),
        Driver::RouteDel { route } => return Some(vec![route::change(route, false), route::kept()]),
        Driver::SriovNumvfs { handle, number } => {
            write(&format!("{DEVICES}/netdevsim{}/sriov_numvfs", netdevsim(handle)?), number.to_string())
        }
        // The vendor driver makes its one parent when it is loaded, and unmakes it when it goes.
        Driver::MttyProbe { parent: Parent::Mtty0 } => Action::Load { module: mdev::VENDOR.to_string() },
        Driver::MttyRemove { parent: Parent::Mtty0 } | Driver::ModuleRemove { module: Module::Mtty } => {
            Action::Unload { module: mdev::VENDOR.to_string() }
        }
        Driver::MttyProbe { .. } | Driver::MttyRemove { .. } | Driver::ModuleRemove { .. } => return None,
    };
    Some(vec![action])
}

/// The number of a netdevsim device. Of the model's devlink drivers it is the only one without hardware.
fn netdevsim(handle: Handle) -> Option<&'static str> {
    handle.word().strip_prefix("netdevsim/")
}

fn write(path: &str, text: String) -> Action {
    Action::Write { path: path.to_string(), text }
}
