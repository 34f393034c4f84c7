//! The notifications and uevents of a trace, each as its tool prints it.
//!
//! The forms are those of iproute2 6.1, of 6.15 for RDMA, and of systemd 252. The model has no addresses, no counters and no clock: of a link
//! the line with its address is left out, of everything else the statistics, and the time of a uevent is the number of its
//! event.

mod devlink;
mod udev;

use super::Tool;
use crate::event::{Action, IbDevice, NetNs, Notice, Subject, Trace, What};
use crate::operand::Operand;
use std::collections::BTreeMap;
use std::fmt::Write;

/// One message as its tool prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The tool.
    pub tool: Tool,
    /// The namespace in which the tool runs.
    pub netns: NetNs,
    /// The index of the event in the trace.
    pub at: usize,
    /// The first line.
    pub head: String,
    /// The lines below it.
    pub more: Vec<String>,
    /// The same as one JSON object, of a tool that prints JSON.
    pub json: Option<String>,
    /// Whether the tool prints it: `devlink monitor` has no form for rate objects.
    pub is_printed: bool,
    /// What the message is about.
    pub of: Subject,
}

impl Message {
    /// The message in one line, without the numbers that only count: how two streams are compared.
    pub fn line(&self) -> String {
        match self.tool {
            Tool::Link => {
                let (word, head) = match self.head.strip_prefix("Deleted ") {
                    Some(head) => ("del", head),
                    None => ("new", self.head.as_str()),
                };
                let name = head.split(": ").nth(1).unwrap_or(head);
                format!("[link,{word}] {name}")
            }
            Tool::Udev => {
                let head = self.head.split_once("] ").map_or(self.head.as_str(), |(_, rest)| rest);
                let state = self.more.iter().find(|line| line.starts_with("MDEV_STATE="));
                let state = state.map_or(String::new(), |state| format!(" {state}"));
                let words: Vec<&str> = head.split_whitespace().collect();
                format!("uevent {}{state}", words.join(" "))
            }
            Tool::Devlink | Tool::Rdma | Tool::Kernel => {
                let more = self.more.iter().map(|line| format!(" {}", line.trim()));
                self.head.replace('\t', " ") + &more.collect::<String>()
            }
        }
    }
}

/// The numbers and names that the kernel gives, and that a trace leaves out: the lowest that is free, as the kernel does.
#[derive(Debug, Default)]
struct Numbers {
    given: BTreeMap<Subject, usize>,
    /// RDMA devices are numbered in the order in which they come; no number comes twice.
    registered: usize,
}

impl Numbers {
    /// The number of this object among those for which `alike` holds.
    fn of(&mut self, subject: Subject, alike: impl Fn(Subject) -> bool) -> usize {
        if let Some(number) = self.given.get(&subject) {
            return *number;
        }
        let taken: Vec<usize> =
            self.given.iter().filter(|(other, _)| alike(**other)).map(|(_, number)| *number).collect();
        let free = (0..).find(|number| !taken.contains(number)).unwrap_or_default();
        self.given.insert(subject, free);
        free
    }

    /// Gives the number of an object to its new name.
    fn rename(&mut self, old: Option<Subject>, new: Subject) {
        if let Some(number) = old.and_then(|old| self.given.remove(&old)) {
            self.given.insert(new, number);
        }
    }

    fn forget(&mut self, subject: Subject) {
        self.given.remove(&subject);
    }

    /// The name of a port's netdev: `eth0`, `eth1`, …
    fn netdev(&mut self, subject: Subject) -> String {
        format!("eth{}", self.of(subject, |other| matches!(other, Subject::PortNetdev(..))))
    }
}

/// The messages of a trace in their order.
pub fn messages(trace: &Trace) -> Vec<Message> {
    let (mut netns, mut numbers, mut sequence) = (NetNs::Init, Numbers::default(), 0);
    let mut messages = Vec::new();
    for (at, event) in trace.events.iter().enumerate() {
        let found = match event.what {
            What::In(other) => {
                netns = other;
                None
            }
            What::Notify(notice, of, value) => match rdma(notice, of, value, &mut numbers) {
                Some((head, json)) => Some((Tool::Rdma, head, Vec::new(), Some(json), of)),
                None => {
                    let printed = devlink::Printed::of(notice, of, value, &mut numbers);
                    Some((Tool::Devlink, printed.head(), printed.more(), Some(printed.json()), of))
                }
            },
            What::Link(notice, of) => {
                let head = link(notice, of, &mut numbers);
                Some((Tool::Link, head, Vec::new(), None, of))
            }
            What::Uevent(action, of) => {
                sequence += 1;
                if let (Action::Move(old), Subject::Ib(_)) = (action, of) {
                    numbers.rename(IbDevice::from_byte(old).map(Subject::Ib), of);
                }
                let (head, more) = udev::uevent(action, of, at, sequence, &mut numbers);
                Some((Tool::Udev, head, more, None, of))
            }
            _ => None,
        };
        let Some((tool, head, more, json, of)) = found else { continue };
        let is_printed = !matches!(of, Subject::Rate(..));
        messages.push(Message { tool, netns, at, head, more, json, is_printed, of });
    }
    messages
}

/// What `rdma monitor` prints of a notification, as text and as JSON; none for one that is no RDMA notification.
fn rdma(notice: Notice, of: Subject, value: u8, numbers: &mut Numbers) -> Option<(String, String)> {
    let (event, device) = match (notice, of) {
        (Notice::New, Subject::Ib(device)) => {
            let number = numbers.registered;
            numbers.registered += 1;
            numbers.given.insert(of, number);
            ("REGISTER", Some(device))
        }
        (Notice::Del, Subject::Ib(device)) => ("UNREGISTER", Some(device)),
        (Notice::New, Subject::IbLink(device)) => ("NETDEV_ATTACH", Some(device)),
        (Notice::Del, Subject::IbLink(device)) => ("NETDEV_DETACH", Some(device)),
        (Notice::New, Subject::IbName(device)) => ("RENAME", Some(device)),
        (Notice::New, Subject::Unnamed) => ("NETDEV_ATTACH", None),
        (Notice::Del, Subject::Unnamed) => ("NETDEV_DETACH", None),
        _ => return None,
    };
    let (mut text, mut json) = (format!("[{event}]\t"), format!("{{\"event_type\":\"[{event}]\""));
    if let Some(device) = device {
        let registered = numbers.registered;
        let number = *numbers.given.entry(Subject::Ib(device)).or_insert(registered);
        let name = ib_name(device);
        let _ = write!(text, "dev {number} {name}");
        let _ = write!(json, ",\"rdma_index\":{number},\"rdma_dev\":\"{name}\"");
    }
    if let Subject::IbLink(_) = of {
        text += " port 1";
        json += ",\"port\":1";
        // The value reads `… netdev NAME`.
        if let Some((_, netdev)) = of.kind().value(value).split_once("netdev ") {
            let _ = write!(text, " netdev {} {netdev}", link_index(netdev));
            let _ = write!(json, ",\"netdev_idx\":{},\"netdev_name\":\"{netdev}\"", link_index(netdev));
        }
    }
    Some((text, json + "}"))
}

/// How the kernel names an RDMA device.
fn ib_name(device: IbDevice) -> String {
    match device {
        IbDevice::Mlx50 => "mlx5_0".to_string(),
        IbDevice::Mlx51 => "mlx5_1".to_string(),
        other => other.word().replace('/', ""),
    }
}

/// The index of a netdev that is no port's: those of the guest come after `lo`.
fn link_index(netdev: &str) -> usize {
    2 + netdev.bytes().last().map_or(0, |digit| usize::from(digit.saturating_sub(b'0')))
}

/// The line that `ip monitor link` prints of a netdev.
fn link(notice: Notice, of: Subject, numbers: &mut Numbers) -> String {
    let (name, flags) = match of {
        Subject::Netdev(netdev) => (netdev.word().to_string(), "BROADCAST,NOARP"),
        of => (numbers.netdev(of), "BROADCAST"),
    };
    let index = link_index(&name);
    let deleted = match notice {
        Notice::New => "",
        Notice::Del => "Deleted ",
    };
    format!("{deleted}{index}: {name}: <{flags}> mtu 1500 qdisc noop state DOWN group default ")
}

/// What `--as monitor` prints: the messages of each tool as it prints them, one tool after the other, since each is a
/// listener of its own and none knows when another hears. A namespace other than the first is named in a comment.
pub fn text(trace: &Trace) -> String {
    let messages = messages(trace);
    let mut out = String::new();
    for tool in Tool::ALL {
        let mut netns = NetNs::Init;
        let mut own = messages.iter().filter(|message| message.tool == tool).peekable();
        if own.peek().is_none() {
            continue;
        }
        let _ = writeln!(out, "# {tool}");
        for message in own {
            if message.netns != netns {
                netns = message.netns;
                let _ = writeln!(out, "# netns {netns}");
            }
            if !message.is_printed {
                let _ = writeln!(out, "# {tool} prints nothing of {}", message.head);
                continue;
            }
            let _ = writeln!(out, "{}", message.head);
            for line in &message.more {
                let _ = writeln!(out, "{line}");
            }
        }
        out.push('\n');
    }
    out
}

/// What `devlink -j monitor` prints, then what `rdma -j monitor` does, a document a line. A namespace is not named, as
/// it is not by the tools.
pub fn json(trace: &Trace) -> String {
    let messages = messages(trace);
    let of = |tool: Tool| -> Vec<&str> {
        let own = messages.iter().filter(|message| message.tool == tool && message.is_printed);
        own.filter_map(|message| message.json.as_deref()).collect()
    };
    let (devlink, rdma) = (of(Tool::Devlink), of(Tool::Rdma));
    let mut out = String::new();
    if !devlink.is_empty() {
        let _ = writeln!(out, "{{\"mon\":[{}]}}", devlink.join(","));
    }
    if !rdma.is_empty() {
        let _ = writeln!(out, "[{}]", rdma.join(","));
    }
    out
}

/// The action of a uevent as the kernel spells it.
const fn action_word(action: Action) -> &'static str {
    match action {
        Action::Add => "add",
        Action::Bind => "bind",
        Action::Unbind => "unbind",
        Action::Remove => "remove",
        Action::Change(_) => "change",
        Action::Move(_) => "move",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Handle, MdevState, Netdev, Parent, PortIndex, Trap};

    const DEVICE: Subject = Subject::Devlink(Handle::Netdevsim0);
    const PORT: Subject = Subject::Port(Handle::Netdevsim0, PortIndex::P1);

    #[test]
    fn devlink_monitor_prints_a_port_with_its_netdev() {
        let trap = Subject::Trap(Handle::Netdevsim0, Trap::TailDrop);
        let trace = Trace::of([
            (0, What::Notify(Notice::New, DEVICE, 0)),
            (0, What::Notify(Notice::New, PORT, 2)),
            (0, What::Notify(Notice::Del, trap, 0)),
        ]);
        let heads: Vec<String> = messages(&trace).into_iter().map(|message| message.head).collect();
        assert_eq!(heads[0], "[dev,new] netdevsim/netdevsim0");
        assert_eq!(
            heads[1],
            "[port,new] netdevsim/netdevsim0/1: type eth netdev eth0 flavour physical port 2 splittable false"
        );
        assert!(
            heads[2]
                .starts_with("[trap,del] netdevsim/netdevsim0: name tail_drop type drop generic true action")
        );
        let json: serde_json::Value = serde_json::from_str(json(&trace).trim()).unwrap();
        assert_eq!(json["mon"][1]["port"]["netdevsim/netdevsim0/1"]["port"], 2);
        assert_eq!(json["mon"][2]["command"], "del");
    }

    #[test]
    fn a_netdev_has_the_lowest_name_that_is_free() {
        let netdev = |port| Subject::PortNetdev(Handle::Netdevsim0, port);
        let link = |notice, port| (0, What::Link(notice, netdev(port)));
        let trace = Trace::of([
            link(Notice::New, PortIndex::P0),
            link(Notice::New, PortIndex::P1),
            link(Notice::Del, PortIndex::P0),
            (0, What::Uevent(Action::Remove, netdev(PortIndex::P0))),
            link(Notice::New, PortIndex::P2),
        ]);
        let heads: Vec<String> = messages(&trace).into_iter().map(|message| message.head).collect();
        assert!(heads[1].starts_with("3: eth1: <BROADCAST> mtu 1500"), "{heads:?}");
        assert!(heads[2].starts_with("Deleted 2: eth0: "), "{heads:?}");
        assert!(
            heads[3].starts_with("KERNEL[0.000003] remove   /devices/netdevsim0/net/eth0 (net)"),
            "{heads:?}"
        );
        assert!(heads[4].starts_with("2: eth0: "), "{heads:?}");
    }

    #[test]
    fn rdma_monitor_prints_index_and_names() {
        let on = crate::event::value::IbLink::on(Some(Netdev::Eth0)).unwrap();
        let on = crate::event::value::Value::pack(on);
        let trace = Trace::of([
            (0, What::Notify(Notice::New, Subject::Ib(IbDevice::Mlx50), 0)),
            (0, What::Notify(Notice::New, Subject::IbLink(IbDevice::Mlx50), on)),
        ]);
        let heads: Vec<String> = messages(&trace).into_iter().map(|message| message.head).collect();
        assert_eq!(heads, ["[REGISTER]\tdev 0 mlx5_0", "[NETDEV_ATTACH]\tdev 0 mlx5_0 port 1 netdev 2 eth0"]);
    }

    #[test]
    fn an_rdma_device_keeps_its_index_under_a_new_name() {
        let (old, new) = (Subject::Ib(IbDevice::Rxe0), Subject::Ib(IbDevice::Rxe1));
        let trace = Trace::of([
            (0, What::Notify(Notice::New, old, 0)),
            (0, What::Uevent(Action::Move(IbDevice::Rxe0.to_byte()), new)),
            (0, What::Notify(Notice::New, Subject::IbName(IbDevice::Rxe1), 0)),
            (0, What::Notify(Notice::New, old, 0)),
            (0, What::Notify(Notice::Del, new, 0)),
        ]);
        let messages = messages(&trace);
        let rdma = messages.iter().filter(|message| message.tool == Tool::Rdma);
        let heads: Vec<&str> = rdma.map(|message| message.head.as_str()).collect();
        assert_eq!(
            heads,
            [
                "[REGISTER]\tdev 0 rxe0",
                "[RENAME]\tdev 0 rxe1",
                "[REGISTER]\tdev 1 rxe0",
                "[UNREGISTER]\tdev 0 rxe1"
            ]
        );
    }

    #[test]
    fn udevadm_prints_properties() {
        let registered = Action::Change(MdevState::Registered);
        let trace = Trace::of([(0, What::Uevent(registered, Subject::Parent(Parent::Mtty0)))]);
        let text = text(&trace);
        let expected = "# udevadm monitor\nKERNEL[0.000000] change   /devices/virtual/mtty/mtty (mtty)\nACTION=change\n\
                        DEVPATH=/devices/virtual/mtty/mtty\nSUBSYSTEM=mtty\nMDEV_STATE=registered\nSEQNUM=1\n\n\n";
        assert_eq!(text, expected);
    }
}
