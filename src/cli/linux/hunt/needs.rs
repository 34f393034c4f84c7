//! What the tasks of a program must be allowed to do: a finding that a user without privileges reaches is a security bug first.

use unreg::linux::perform;
use unreg::linux::wire::{Family, Operation, Request, Step};
use unreg::program::{Command, Program};
use unreg::{devlink, driver, mdev};

/// In a line: whether all tasks need privileges.
pub(super) fn summary(program: &Program) -> String {
    let mut open = Vec::new();
    for task in &program.tasks {
        if task.commands.iter().all(is_open_to_all) {
            open.push(task.name.to_string());
        }
    }
    if open.is_empty() {
        "root or CAP_NET_ADMIN in every task".to_string()
    } else {
        format!(
            "root for the other tasks, and nothing for {}: look at it as a security bug first",
            open.join(", ")
        )
    }
}

/// What each command needs, a line a command.
pub(super) fn list(program: &Program) -> String {
    let request = perform::request(program).unwrap_or_default();
    let mut lines = String::new();
    for (number, task) in program.tasks.iter().enumerate() {
        for (at, command) in task.commands.iter().enumerate() {
            let needs =
                if is_open_to_all(command) { "no privilege".to_string() } else { of(&request, number, at) };
            lines += &format!("- {}, `{command}`: {needs}\n", task.name);
        }
    }
    lines
}

/// What the operations of a command need.
fn of(request: &Request, task: usize, command: usize) -> String {
    let is_it = |step: &&Step| (usize::from(step.task), usize::from(step.command)) == (task, command);
    let operations = request.steps.iter().find(is_it).map_or(&[][..], |step| &step.operations);
    let mut needs: Vec<String> = Vec::new();
    for operation in operations {
        let need = need(operation);
        if !need.is_empty() && !needs.contains(&need) {
            needs.push(need);
        }
    }
    if needs.is_empty() { "no privilege".to_string() } else { needs.join("; ") }
}

fn need(operation: &Operation) -> String {
    match operation {
        Operation::Prepare(operation) => need(operation),
        Operation::Netlink { family, .. } => {
            let to = match family {
                Family::Devlink => "devlink",
                Family::Rdma => "RDMA netlink",
                Family::Route => "rtnetlink",
                Family::Uevent => "uevents",
            };
            format!("CAP_NET_ADMIN in the namespace of the object ({to})")
        }
        Operation::Filter { .. } | Operation::Wait { .. } => String::new(),
        Operation::Write { path, .. } | Operation::WriteEach { path, .. } => {
            format!("root (writes `{path}`)")
        }
        Operation::Load { module } => format!("CAP_SYS_MODULE (loads {module})"),
        Operation::Unload { module } => format!("CAP_SYS_MODULE (unloads {module})"),
        Operation::NetnsAdd { .. }
        | Operation::NetnsDel { .. }
        | Operation::NetnsEnter { .. }
        | Operation::NetnsReset => "CAP_SYS_ADMIN (network namespaces)".to_string(),
        Operation::Read { .. } | Operation::Links { .. } => String::new(),
    }
}

/// Whether a user without privileges may do this.
fn is_open_to_all(command: &Command) -> bool {
    match command {
        Command::Devlink(command) => matches!(command, devlink::Command::Get { .. }),
        Command::Mdev(command) => matches!(command, mdev::Command::Show { .. }),
        Command::Driver(command) => {
            matches!(command, driver::Command::TimePass {} | driver::Command::TimePassHour {})
        }
        Command::Ib(_) | Command::Rdma(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_says_what_it_needs_and_a_task_without_privileges_is_named() {
        let text = "task user\n  driver.probe netdevsim/0\n  devlink.reload netdevsim/0\ntask admin\n  devlink.get netdevsim/0\n";
        let program = Program::parse(text, "test").unwrap();
        let list = list(&program);
        let lines: Vec<&str> = list.lines().collect();
        assert!(
            lines[0].starts_with("- user, `driver.probe netdevsim/0`: ")
                && lines[0].contains("root (writes `/sys/")
        );
        assert!(lines[1].contains("CAP_NET_ADMIN in the namespace of the object (devlink)"), "{list}");
        assert_eq!(lines[2], "- admin, `devlink.get netdevsim/0`: no privilege");
        assert!(summary(&program).contains("nothing for admin"));
    }
}
