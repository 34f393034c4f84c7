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
    ("driver.fib-activity", "no command makes a nexthop, and the file knows no bucket"),
    ("mdev.bind", "the bus of mediated devices matches no device with a driver"),
    ("rdma.set-netns", "rxe and siw cannot disassociate their users, so their devices do not move"),
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
        says: says.into(),
        number: None,
        facts: vec![("succeeds", reason.map_or(succeeds.into(), |reason| format!("{succeeds}: {reason}")))],
        subsystems,
    }
}
