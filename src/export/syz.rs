//! A program for syzkaller: the messages and writes by which a real kernel is asked, in the language of `syz-execprog`.
//!
//! The calls are those of syzkaller's own descriptions, so that any syzkaller runs the program. Where these have no
//! call for a devlink command, its message goes through the call for all of generic netlink, and the program says so;
//! `docs/syzkaller-devlink.txt` describes such commands in syzkaller's language.

use super::Origin;
use crate::event::{Trace, What};
use crate::linux::perform;
use crate::linux::wire::{Family, Indexed, Operation};
use crate::program::Program;
use crate::run::Machine;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Descriptions of the devlink commands that syzkaller lacks, in its language.
pub const DESCRIPTIONS: &str = include_str!("../../docs/syzkaller-devlink.txt");

/// The numbers and names of devlink's commands that users send: `enum devlink_command` of the kernel.
const DEVLINK: &[(u16, &str)] = &[
    (1, "GET"),
    (5, "PORT_GET"),
    (6, "PORT_SET"),
    (7, "PORT_NEW"),
    (8, "PORT_DEL"),
    (9, "PORT_SPLIT"),
    (10, "PORT_UNSPLIT"),
    (29, "ESWITCH_GET"),
    (30, "ESWITCH_SET"),
    (35, "RESOURCE_SET"),
    (36, "RESOURCE_DUMP"),
    (37, "RELOAD"),
    (38, "PARAM_GET"),
    (39, "PARAM_SET"),
    (42, "REGION_GET"),
    (44, "REGION_NEW"),
    (45, "REGION_DEL"),
    (46, "REGION_READ"),
    (51, "INFO_GET"),
    (52, "HEALTH_REPORTER_GET"),
    (53, "HEALTH_REPORTER_SET"),
    (54, "HEALTH_REPORTER_RECOVER"),
    (55, "HEALTH_REPORTER_DIAGNOSE"),
    (56, "HEALTH_REPORTER_DUMP_GET"),
    (57, "HEALTH_REPORTER_DUMP_CLEAR"),
    (58, "FLASH_UPDATE"),
    (61, "TRAP_GET"),
    (62, "TRAP_SET"),
    (65, "TRAP_GROUP_GET"),
    (66, "TRAP_GROUP_SET"),
    (69, "TRAP_POLICER_GET"),
    (70, "TRAP_POLICER_SET"),
    (73, "HEALTH_REPORTER_TEST"),
    (74, "RATE_GET"),
    (75, "RATE_SET"),
    (76, "RATE_NEW"),
    (77, "RATE_DEL"),
    (78, "LINECARD_GET"),
    (79, "LINECARD_SET"),
    (84, "NOTIFY_FILTER_SET"),
];

/// The devlink commands that syzkaller describes, as `sendmsg$DEVLINK_CMD_…`.
const DESCRIBED: &[&str] = &[
    "GET",
    "PORT_GET",
    "PORT_SET",
    "PORT_SPLIT",
    "PORT_UNSPLIT",
    "RELOAD",
    "TRAP_GET",
    "TRAP_SET",
    "TRAP_GROUP_GET",
    "TRAP_GROUP_SET",
    "TRAP_POLICER_GET",
    "TRAP_POLICER_SET",
    "RATE_GET",
    "RATE_SET",
    "RATE_NEW",
    "RATE_DEL",
];

/// The flags of a request that is to be answered: `NLM_F_REQUEST` and `NLM_F_ACK`.
const REQUEST: u16 = 5;
/// The bytes of the header of a netlink message, and of the one of generic netlink behind it.
const HEADER: usize = 16;
const GENERIC: usize = 4;
/// The version of devlink's family.
const VERSION: u8 = 1;

/// What is written of a program so far.
#[derive(Default)]
struct Script {
    lines: String,
    /// How many results have a name.
    results: usize,
    /// The sockets that are open, and the results that name them.
    sockets: BTreeMap<&'static str, usize>,
    /// Devlink commands that went through the call for all of generic netlink.
    lacking: BTreeSet<&'static str>,
    left_out: BTreeSet<String>,
}

impl Script {
    /// A call whose result has a name from here on.
    fn result(&mut self, call: &str) -> usize {
        let number = self.results;
        self.results += 1;
        let _ = writeln!(self.lines, "r{number} = {call}");
        number
    }

    /// The result of a call that is made once.
    fn once(&mut self, key: &'static str, call: &str) -> usize {
        if let Some(number) = self.sockets.get(key) {
            return *number;
        }
        let number = self.result(call);
        self.sockets.insert(key, number);
        number
    }

    fn operation(&mut self, operation: &Operation, end: &str) {
        match operation {
            Operation::Netlink { family, command, flags, body, patches } => {
                if let Some(patch) = patches.iter().find(|patch| !matches!(patch.of, Indexed::Rdma(_))) {
                    let what = match &patch.of {
                        Indexed::Netns(name) => format!("the descriptor of namespace {name}"),
                        Indexed::Netdev(_) | Indexed::PortNetdev { .. } | Indexed::Rdma(_) => {
                            "an index that the kernel gives".to_string()
                        }
                    };
                    self.left_out.insert(format!("a message with {what}"));
                    return;
                }
                self.netlink(*family, *command, *flags, body, end);
            }
            Operation::Filter { command, body } => self.netlink(Family::Devlink, *command, 0, body, end),
            Operation::Prepare(operation) => self.operation(operation, end),
            Operation::Write { path, text } => {
                let file = self.open(path, 1);
                let bytes = hex::encode(text);
                let _ = writeln!(self.lines, "write(r{file}, &AUTO=\"{bytes}\", {:#x}){end}", text.len());
            }
            Operation::Read { path } => {
                let file = self.open(path, 0);
                let _ = writeln!(self.lines, "read(r{file}, &AUTO=\"\"/64, 0x40){end}");
            }
            Operation::Unload { module } => {
                let _ = writeln!(self.lines, "delete_module(&AUTO='{module}\\x00', 0x800){end}");
            }
            Operation::Wait { milliseconds } => {
                let (seconds, rest) = (milliseconds / 1000, u64::from(milliseconds % 1000) * 1_000_000);
                let _ = writeln!(self.lines, "nanosleep(&AUTO={{{seconds:#x}, {rest:#x}}}, 0x0){end}");
            }
            Operation::Load { module } => {
                self.left_out.insert(format!("loading {module}: build it into the kernel"));
            }
            Operation::NetnsAdd { .. }
            | Operation::NetnsDel { .. }
            | Operation::NetnsEnter { .. }
            | Operation::NetnsReset => {
                self.left_out.insert("network namespaces with names".to_string());
            }
            Operation::WriteEach { .. } | Operation::Links { .. } => {
                self.left_out.insert("a loop over a folder".to_string());
            }
        }
    }

    /// Opens a file for reading (0) or writing (1).
    fn open(&mut self, path: &str, mode: u8) -> usize {
        self.result(&format!("openat(0xffffffffffffff9c, &AUTO='{path}\\x00', {mode:#x}, 0x0)"))
    }

    /// Sends a message. Its type is a result for devlink, whose family has no fixed number.
    fn netlink(&mut self, family: Family, command: u16, flags: u16, body: &[u8], end: &str) {
        let flags = (flags | REQUEST).to_le_bytes();
        let rest = [&flags[..], &[0; 8]].concat();
        let (name, socket, length, message) = match family {
            Family::Devlink => {
                let socket = self.once("generic", "socket$nl_generic(0x10, 0x3, 0x10)");
                let family = self.once(
                    "devlink",
                    "syz_genetlink_get_family_id$devlink(&AUTO='devlink\\x00', 0xffffffffffffffff)",
                );
                let known = DEVLINK.iter().find(|(number, _)| *number == command).map(|(_, name)| *name);
                let name = match known {
                    Some(name) if DESCRIBED.contains(&name) => format!("sendmsg$DEVLINK_CMD_{name}"),
                    known => {
                        self.lacking.extend(known);
                        "sendmsg$nl_generic".to_string()
                    }
                };
                let length = HEADER + GENERIC + body.len();
                let generic = [command.to_le_bytes()[0], VERSION, 0, 0];
                let rest = hex::encode([&rest[..], &generic, body].concat());
                let message = format!("@ANYRES16=r{family}, @ANYBLOB=\"{rest}\"");
                (name, socket, length, message)
            }
            Family::Rdma | Family::Route | Family::Uevent => {
                let (key, name, protocol) = match family {
                    Family::Rdma => ("rdma", "nl_rdma", 0x14),
                    Family::Route => ("route", "nl_route", 0x0),
                    Family::Uevent | Family::Devlink => ("uevent", "netlink", 0xf),
                };
                let socket = self.once(key, &format!("socket${name}(0x10, 0x3, {protocol:#x})"));
                let name = match rdma(command).filter(|_| family == Family::Rdma) {
                    Some(name) => format!("sendmsg$RDMA_NLDEV_CMD_{name}"),
                    None => format!("sendmsg${name}"),
                };
                let rest = hex::encode([&command.to_le_bytes()[..], &rest, body].concat());
                (name, socket, HEADER + body.len(), format!("@ANYBLOB=\"{rest}\""))
            }
        };
        let begin = hex::encode((length as u32).to_le_bytes());
        let _ = writeln!(
            self.lines,
            "{name}(r{socket}, &AUTO={{0x0, 0x0, &AUTO={{&AUTO=ANY=[@ANYBLOB=\"{begin}\", {message}], {length:#x}}}, \
             0x1, 0x0, 0x0, 0x0}}, 0x0){end}"
        );
    }
}

/// The call for a message of the RDMA device interface, which is `RDMA_NL_NLDEV` (5) of `NETLINK_RDMA`; none for one that
/// syzkaller does not describe.
fn rdma(kind: u16) -> Option<&'static str> {
    const NAMES: [&str; 15] = [
        "GET",
        "SET",
        "NEWLINK",
        "DELLINK",
        "PORT_GET",
        "SYS_GET",
        "SYS_SET",
        "",
        "RES_GET",
        "RES_QP_GET",
        "RES_CM_ID_GET",
        "RES_CQ_GET",
        "RES_MR_GET",
        "RES_PD_GET",
        "GET_CHARDEV",
    ];
    let number = usize::from(kind.to_le_bytes()[0]);
    NAMES.get(number.checked_sub(1)?).copied().filter(|name| !name.is_empty())
}

/// The commands in the order in which they begin in a run, each with its task, and whether another task's begins before it
/// ends: the executor must not wait for such a call.
fn order(program: &Program, trace: &Trace) -> Vec<(usize, usize, bool)> {
    let mut begun: Vec<(usize, usize, bool)> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for event in &trace.events {
        let task = usize::from(event.task);
        match event.what {
            What::Begin(index) if task < program.tasks.len() => {
                for other in &open {
                    begun[*other].2 = true;
                }
                open.push(begun.len());
                begun.push((task, usize::from(index), false));
            }
            What::End(index, _) => {
                open.retain(|at| (begun[*at].0, begun[*at].1) != (task, usize::from(index)));
            }
            _ => {}
        }
    }
    begun
}

/// The program in syzkaller's language.
pub fn syz(program: &Program, origin: Origin<'_>) -> String {
    let mut machine = Machine::default();
    let trace = machine.run(program);
    let mut script = Script::default();
    for (task, index, is_async) in order(program, trace) {
        let (name, command) = (program.tasks[task].name, program.tasks[task].commands[index]);
        let _ = writeln!(script.lines, "# {name}: {command}");
        match perform::operations(&command) {
            Some(operations) => {
                let end = if is_async { " (async)" } else { "" };
                operations.iter().for_each(|operation| script.operation(operation, end));
            }
            None => {
                script.left_out.insert(format!("`{command}`, which no user can ask for"));
            }
        }
    }
    let says = origin.says.map_or(String::new(), |says| format!("# {says}\n"));
    let mut out = format!("{says}# A program for syz-execprog, made of {} by `unreg export`.\n", origin.file);
    if script.lines.contains("(async)") {
        out += "# Run it with -threaded: a call is async that another task's call overtakes.\n";
    }
    for name in &script.lacking {
        let _ = writeln!(
            out,
            "# syzkaller does not describe DEVLINK_CMD_{name}: it goes through sendmsg$nl_generic. \
             `unreg export --syz-descriptions` prints a description."
        );
    }
    for what in &script.left_out {
        let _ = writeln!(out, "# Left out: {what}.");
    }
    out + &script.lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Origin<'_> = Origin { file: "a.prog", says: None };

    fn syz_of(text: &str) -> String {
        syz(&Program::parse(text, "a.prog").unwrap(), ORIGIN)
    }

    /// The attributes in a message, after its headers: type and payload.
    fn attributes(line: &str) -> Vec<(u16, Vec<u8>)> {
        let blob = line.split("@ANYBLOB=\"").nth(2).unwrap().split('"').next().unwrap();
        let bytes = hex::decode(blob).unwrap();
        let mut rest = &bytes[14..];
        let mut found = Vec::new();
        while rest.len() >= 4 {
            let length = usize::from(u16::from_le_bytes([rest[0], rest[1]]));
            found.push((u16::from_le_bytes([rest[2], rest[3]]), rest[4..length].to_vec()));
            rest = &rest[length.next_multiple_of(4).min(rest.len())..];
        }
        found
    }

    #[test]
    fn a_reload_is_a_message_to_the_instance() {
        let said = syz_of("task user\n  driver.probe netdevsim/0\n  devlink.reload netdevsim/0\n");
        assert!(
            said.contains("openat(0xffffffffffffff9c, &AUTO='/sys/bus/netdevsim/new_device\\x00', 0x1, 0x0)"),
            "{said}"
        );
        assert!(said.contains("write(r0, &AUTO=\"302032\", 0x3)"), "{said}");
        let line = said.lines().find(|line| line.starts_with("sendmsg$DEVLINK_CMD_RELOAD(r1, ")).unwrap();
        let found = attributes(line);
        assert_eq!(found[0], (1, b"netdevsim\0".to_vec()));
        assert_eq!(found[1], (2, b"netdevsim0\0".to_vec()));
        let length: usize =
            16 + 4 + found.iter().map(|(_, it)| 4 + it.len().next_multiple_of(4)).sum::<usize>();
        assert!(line.contains(&format!("], {length:#x}}}, 0x1")), "{line}");
    }

    #[test]
    fn what_syzkaller_lacks_is_said() {
        let said = syz_of("task user\n  devlink.param-get netdevsim/0 max_macs\n  netns.add a\n");
        assert!(said.contains("# syzkaller does not describe DEVLINK_CMD_PARAM_GET"), "{said}");
        assert!(said.contains("sendmsg$nl_generic(r"), "{said}");
        assert!(said.contains("# Left out: network namespaces with names."), "{said}");
    }

    #[test]
    fn a_call_that_another_overtakes_is_async() {
        let text = "task user\n  driver.probe netdevsim/0\n  devlink.reload netdevsim/0\ntask admin\n  devlink.get netdevsim/0\n\n\
                    schedule\n  user until devlink_nl_pre_doit:lock\n  admin\n";
        let said = syz_of(text);
        let of = |name: &str| said.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(of("sendmsg$DEVLINK_CMD_RELOAD").ends_with(", 0x0) (async)"), "{said}");
        assert!(of("sendmsg$DEVLINK_CMD_GET").ends_with(", 0x0)"), "{said}");
        assert!(said.contains("# Run it with -threaded"), "{said}");
    }

    #[test]
    fn what_syzkaller_does_not_describe_is_described_here() {
        let offered = DESCRIPTIONS;
        for (_, name) in DEVLINK.iter().filter(|(_, name)| !DESCRIBED.contains(name)) {
            assert!(offered.contains(&format!("\nsendmsg$DEVLINK_CMD_{name}(")), "{name} is not described");
        }
        for name in DESCRIBED {
            assert!(!offered.contains(&format!("sendmsg$DEVLINK_CMD_{name}(")), "{name} is described twice");
        }
    }

    /// syzkaller's compiler is not at hand; what it complains of first are names without a definition, definitions without a
    /// use, and brackets.
    #[test]
    fn every_type_of_the_descriptions_is_defined_and_used() {
        // What `sys/linux/socket_netlink_generic_devlink.txt` of syzkaller has.
        const OF_SYZKALLER: [&str; 2] = ["devlink_handle", "devlink_port_handle"];
        let code: Vec<&str> = DESCRIPTIONS.lines().filter(|line| !line.starts_with('#')).collect();
        let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let words = code.iter().flat_map(|line| line.split(|letter| !is_of_name(letter)));
        let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
        words
            .filter(|word| word.starts_with("devlink_"))
            .for_each(|word| *uses.entry(word).or_default() += 1);
        let defined: BTreeSet<&str> = code
            .iter()
            .filter(|line| line.starts_with("devlink_"))
            .filter_map(|line| line.split(|letter| !is_of_name(letter)).next())
            .collect();
        for (name, count) in uses {
            assert!(defined.contains(name) || OF_SYZKALLER.contains(&name), "{name} is not defined");
            assert!(count > 1 || !defined.contains(name), "{name} is not used");
        }
        let text = code.concat();
        for (opens, closes) in [('(', ')'), ('[', ']'), ('{', '}')] {
            assert_eq!(text.matches(opens).count(), text.matches(closes).count(), "{opens}{closes}");
        }
    }
}
