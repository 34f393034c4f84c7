//! What a real kernel is asked: for each command whether one can be, and how programs that are made for that fare.

use super::entry::{Entry, Section};
use std::collections::BTreeMap;
use unreg::event::What;
use unreg::linux::perform;
use unreg::operand::CommandSpec;
use unreg::program::{Command, Program, Subsystem, Variants};
use unreg::run::Machine;
use unreg::search::Sequences;

/// Programs of each subsystem that are made to find out.
const PROGRAMS: usize = 400;

/// Why a command never succeeds on a stock kernel with the drivers that are built for it.
const NEVER: &[(&str, &str)] = &[
    ("devlink.health-test", "no reporter of netdevsim can be tested"),
    ("devlink.linecard-get", "netdevsim has no line cards"),
    ("devlink.linecard-set", "netdevsim has no line cards"),
    ("devlink.port-del", "no user can add a port to netdevsim"),
    ("devlink.port-function-set", "no port of netdevsim has a function that users set up"),
    ("devlink.port-new", "no user can add a port to netdevsim"),
    ("devlink.port-set", "netdevsim changes the type of no port because a user asks"),
    ("devlink.port-split", "no port of netdevsim can be split"),
    ("devlink.port-unsplit", "no port of netdevsim can be split"),
    ("driver.fib-activity", "no command makes a nexthop, and the file knows no bucket"),
    ("mdev.bind", "the bus of mediated devices matches no device with a driver"),
    ("rdma.set-netns", "rxe and siw cannot disassociate their users, so their devices do not move"),
];

/// Why a real kernel is not asked for a command.
const ALONE: &[(&str, &str)] = &[
    ("fault.fail-nth", "no kernel as built injects faults"),
    ("vfio.use", "the agent opens no device of vfio"),
    ("mdev.register", "a parent is registered with its module alone"),
    ("mdev.unregister", "a parent is unregistered with its module alone"),
    ("uevent.wait", "a task of the model waits, and none of the kernel"),
    ("udev.mdevctl", "a task of the model plays udev"),
    ("mdev.fail-allocation", "no kernel as built injects faults"),
    ("ib.register-client", "a client registers as its module is loaded"),
    ("ib.unregister-client", "a client unregisters as its module is unloaded"),
    ("netdev.address-del", "the agent deletes no address"),
    ("ib.unregister-device-queued", "drivers alone call it, and no user has them do so"),
    ("ib.unregister-driver", "drivers alone call it, as their modules are unloaded"),
    ("ib.client-refuses", "no client as built refuses a device because a user asks"),
    ("ib.cm-message", "there is no peer that sends messages"),
    ("ib.open", "the agent opens no file of uverbs"),
    ("ib.create-object", "the agent opens no file of uverbs"),
    ("ib.close", "the agent opens no file of uverbs"),
    ("ib.event", "no driver as built says by itself that something happened to its port"),
    ("ib.events-open", "the agent opens no file of uverbs"),
    ("ib.events-read", "the agent opens no file of uverbs"),
    ("ib.events-close", "the agent opens no file of uverbs"),
    ("ib.cm-listen", "rdma_cm is not built"),
    ("ib.cm-destroy", "rdma_cm is not built"),
    ("rdma.fail-enable", "no kernel as built injects faults"),
];

/// How often a command was made, and how often it succeeded in the model of the kernel.
#[derive(Default, Clone, Copy)]
struct Fared {
    made: u32,
    succeeded: u32,
}

pub(super) fn reach() -> Vec<Section> {
    let mut all: BTreeMap<u8, Fared> = BTreeMap::new();
    let mut asked: BTreeMap<u8, Vec<Subsystem>> = BTreeMap::new();
    for subsystem in [Subsystem::Devlink, Subsystem::Mdev, Subsystem::Ib] {
        let may = |command: &Command| perform::can_compare(subsystem, command);
        let variants = Variants::parse("linux-6.12")
            .expect("the kernel has a variant in each subsystem")
            .with_companions();
        let mut sequences = Sequences::over(1, may);
        let mut machine = Machine::default();
        for _ in 0..PROGRAMS {
            count(&mut machine, &sequences.next(variants, may), &mut all);
        }
        for spec in Command::specs().filter(|spec| any(spec, may)) {
            asked.entry(spec.opcode).or_default().push(subsystem);
        }
    }
    let tables = Command::TABLES.iter().map(|(_, specs)| Section {
        title: format!("commands like {}", specs[0].name),
        about: "How a real kernel is asked.".into(),
        entries: specs.iter().map(|spec| entry(spec, &asked, all.get(&spec.opcode).copied())).collect(),
    });
    tables.collect()
}

/// Counts the commands of a program and those of them that succeed.
fn count(machine: &mut Machine, program: &Program, all: &mut BTreeMap<u8, Fared>) {
    let commands = &program.tasks[0].commands;
    for event in &machine.run(program).events {
        if let What::End(index, errno) = event.what
            && let Some(command) = commands.get(usize::from(index)).filter(|_| event.task == 0)
        {
            let fared = all.entry(command.encode().0).or_default();
            fared.made += 1;
            fared.succeeded += u32::from(errno.is_none());
        }
    }
}

/// Whether some command of this kind fulfils a condition. The first operand decides.
fn any(spec: &CommandSpec, is: impl Fn(&Command) -> bool) -> bool {
    let commands = (0..=u8::MAX).filter_map(|byte| Command::decode(spec.opcode, &[byte, 0, 0, 0, 0, 0, 0]));
    commands.into_iter().any(|command| is(&command))
}

fn entry(spec: &CommandSpec, asked: &BTreeMap<u8, Vec<Subsystem>>, fared: Option<Fared>) -> Entry {
    let subsystems = asked.get(&spec.opcode).cloned().unwrap_or_default();
    let says = match (any(spec, perform::can_perform), subsystems.is_empty()) {
        (false, _) => "the model alone",
        (true, true) => "performed, in programs that are given",
        (true, false) => "performed and compared",
    };
    let alone = ALONE.iter().find(|(name, _)| *name == spec.name).map(|(_, reason)| *reason);
    let reason = NEVER.iter().find(|(name, _)| *name == spec.name).map(|(_, reason)| *reason);
    let succeeds = match fared {
        None => "is not made",
        // Rough, so that the table changes when something has changed.
        Some(Fared { succeeded: 0, .. }) => "never",
        Some(Fared { made, succeeded }) if succeeded * 10 < made => "in less than 10 % of cases",
        Some(Fared { made, succeeded }) if succeeded * 10 < made * 3 => "in 10 % to 30 % of cases",
        Some(Fared { made, succeeded }) if succeeded * 10 < made * 6 => "in 30 % to 60 % of cases",
        Some(_) => "in more than 60 % of cases",
    };
    Entry {
        kind: "command",
        name: spec.name.into(),
        says: alone.map_or(says.into(), |reason| format!("{says}: {reason}")),
        number: None,
        facts: vec![("succeeds", reason.map_or(succeeds.into(), |reason| format!("{succeeds}: {reason}")))],
        subsystems,
    }
}
