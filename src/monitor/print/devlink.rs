//! Messages of `devlink monitor`: text and JSON of one list of attributes.

use super::Numbers;
use crate::event::value::{Port, PortFunction, PortType, Value};
use crate::event::{Handle, Notice, Param, PortIndex, Subject, Trap, TrapAction, TrapPolicer};
use crate::operand::Operand;
use serde_json::Value as Json;
use std::fmt::Write;

/// The attributes of a message in the order in which the tool prints them.
type Attributes = Vec<(&'static str, Json)>;

/// A message.
#[derive(Debug)]
pub(super) struct Printed {
    word: &'static str,
    command: &'static str,
    /// What stands before the colon: the handle, of a port or a region with its name.
    name: String,
    attributes: Attributes,
    /// Attributes that the tool prints in lines of their own.
    below: Attributes,
    /// What the function of a port has.
    function: Attributes,
    /// The value of a param.
    value: Option<String>,
}

/// How iproute2 names an instance.
pub(super) fn handle_name(handle: Handle) -> &'static str {
    match handle {
        Handle::Netdevsim0 => "netdevsim/netdevsim0",
        Handle::Netdevsim1 => "netdevsim/netdevsim1",
        Handle::Mlx50 => "pci/0000:08:00.0",
        Handle::Mlx51 => "pci/0000:08:00.1",
        Handle::Mlx52 => "pci/0000:08:00.2",
        Handle::Mlxsw0 => "pci/0000:03:00.0",
        Handle::Lc1 => "auxiliary/mlxsw_core.lc.1",
    }
}

impl Printed {
    pub(super) fn of(notice: Notice, of: Subject, value: u8, numbers: &mut Numbers) -> Printed {
        let handle = of.device().map_or_else(|| of.to_string(), |handle| handle_name(handle).to_string());
        let command = match notice {
            Notice::New => "new",
            Notice::Del => "del",
        };
        let words = of.kind().value(value);
        let mut printed = Printed {
            word: of.kind().word(),
            command,
            name: handle,
            attributes: Attributes::new(),
            below: Attributes::new(),
            function: Attributes::new(),
            value: None,
        };
        let text = |text: &str| Json::from(text.to_string());
        match of {
            Subject::Devlink(_) if words == "reload_failed" => {
                printed.below.push(("reload_failed", true.into()));
            }
            Subject::Port(handle, port) => {
                let _ = write!(printed.name, "/{port}");
                let value = Port::unpack(value).unwrap_or_default();
                printed.attributes = port_attributes(handle, port, value, numbers);
                printed.function = value.function.map(function_attributes).unwrap_or_default();
            }
            Subject::Param(_, param) => {
                let kind = if param == Param::Test1 { "driver-specific" } else { "generic" };
                printed.attributes = vec![("name", text(param.word())), ("type", text(kind))];
                printed.value = Some(words);
            }
            Subject::Region(_, region) => {
                let _ = write!(printed.name, "/{region}");
                printed.attributes = vec![("size", 32768.into())];
            }
            Subject::Snapshot(_, id) => {
                printed.name += "/dummy";
                printed.attributes = vec![("snapshot", text(&format!("[{id}]")))];
            }
            Subject::Trap(_, trap) => printed.attributes = trap_attributes(trap, value),
            Subject::TrapGroup(_, group) => {
                printed.attributes = vec![("name", text(group.word())), ("generic", true.into())];
                if let Some(policer) = words.strip_prefix("policer ").and_then(|id| id.parse::<u32>().ok()) {
                    printed.attributes.push(("policer", policer.into()));
                }
            }
            Subject::TrapPolicer(_, policer) => printed.attributes = policer_attributes(policer, &words),
            Subject::LineCard(_, card) => {
                let number = card.word().trim_start_matches("lc-").parse::<u32>().unwrap_or_default();
                let mut words = words.split(' ').filter(|word| !word.is_empty());
                printed.below = vec![("lc", number.into())];
                printed.below.extend(words.next().map(|state| ("state", text(state))));
                printed
                    .below
                    .extend(words.next().filter(|word| *word != "nested").map(|kind| ("type", text(kind))));
            }
            Subject::Reporter(_, reporter) => {
                printed.command = "status";
                let state = if words.starts_with("error") { "error" } else { "healthy" };
                printed.attributes = vec![("reporter", text(reporter.word())), ("state", text(state))];
            }
            Subject::Flash(_) => {
                printed.command = match words.as_str() {
                    "begin" => "begin",
                    "end" => "end",
                    _ => "status",
                };
                if printed.command == "status" {
                    printed.attributes = vec![("msg", text(&words))];
                }
            }
            Subject::Rate(_, rate) => {
                let _ = write!(printed.name, "/{rate}");
                printed.attributes = if words.is_empty() { Vec::new() } else { vec![("rate", text(&words))] };
            }
            // Of these nothing is notified; an answer that a real kernel sends unasked reads as the model names it.
            _ if !words.is_empty() => printed.attributes = vec![("value", text(&words))],
            _ => {}
        }
        printed
    }

    pub(super) fn head(&self) -> String {
        let colon = if self.attributes.is_empty() && self.below.is_empty() { "" } else { ":" };
        let attributes = join(&self.attributes);
        let gap = if attributes.is_empty() { "" } else { " " };
        format!("[{},{}] {}{colon}{gap}{attributes}", self.word, self.command, self.name)
    }

    pub(super) fn more(&self) -> Vec<String> {
        let below = (!self.below.is_empty()).then(|| format!("  {}", join(&self.below)));
        let value = self
            .value
            .iter()
            .flat_map(|value| ["  values:".to_string(), format!("    cmode driverinit value {value}")]);
        let function = (!self.function.is_empty())
            .then(|| ["  function:".to_string(), format!("    {}", join(&self.function))]);
        below.into_iter().chain(function.into_iter().flatten()).chain(value).collect()
    }

    pub(super) fn json(&self) -> String {
        let mut inner: Vec<String> = self
            .attributes
            .iter()
            .chain(&self.below)
            .map(|(key, value)| format!("\"{key}\":{value}"))
            .collect();
        if !self.function.is_empty() {
            let of: Vec<_> = self.function.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
            inner.push(format!("\"function\":{{{}}}", of.join(",")));
        }
        if let Some(value) = &self.value {
            let value = match value.parse::<u64>() {
                Ok(number) => number.to_string(),
                Err(_) => value.clone(),
            };
            inner.push(format!("\"values\":[{{\"cmode\":\"driverinit\",\"value\":{value}}}]"));
        }
        format!(
            "{{\"command\":\"{}\",\"{}\":{{\"{}\":{{{}}}}}}}",
            self.command,
            self.word,
            self.name,
            inner.join(",")
        )
    }
}

fn join(attributes: &Attributes) -> String {
    let word = |(key, value): &(&str, Json)| match value {
        Json::String(text) => format!("{key} {text}"),
        other => format!("{key} {other}"),
    };
    attributes.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn port_attributes(handle: Handle, port: PortIndex, value: Port, numbers: &mut Numbers) -> Attributes {
    let text = |text: &str| Json::from(text.to_string());
    let kind = value.kind;
    let mut attributes = vec![("type", text(if kind == PortType::NotSet { "notset" } else { "eth" }))];
    if kind == PortType::EthNetdev {
        attributes.push(("netdev", text(&numbers.netdev(Subject::PortNetdev(handle, port)))));
    }
    match port {
        _ if value.function.is_some() => {
            attributes.extend([("flavour", text("pcisf")), ("controller", 0.into()), ("pfnum", 0.into())]);
            attributes.extend([("sfnum", port.index().into()), ("external", false.into())]);
        }
        PortIndex::P0 | PortIndex::P1 | PortIndex::P2 | PortIndex::P3 => {
            attributes.extend([("flavour", text("physical")), ("port", (port.index() + 1).into())]);
        }
        PortIndex::Vf0 | PortIndex::Vf1 => {
            let number = u8::from(port == PortIndex::Vf1);
            attributes.extend([("flavour", text("pcivf")), ("controller", 0.into()), ("pfnum", 0.into())]);
            attributes.extend([("vfnum", number.into()), ("external", false.into())]);
        }
    }
    attributes.push(("splittable", false.into()));
    attributes
}

fn function_attributes(function: PortFunction) -> Attributes {
    let text = |text: &str| Json::from(text.to_string());
    vec![
        // Of a function whose address no user has set.
        ("hw_addr", text("00:00:00:00:00:00")),
        ("state", text(if function.is_active { "active" } else { "inactive" })),
        ("opstate", text(if function.is_attached { "attached" } else { "detached" })),
    ]
}

fn trap_attributes(trap: Trap, value: u8) -> Attributes {
    let text = |text: &str| Json::from(text.to_string());
    let kind = match trap {
        Trap::FidMiss | Trap::TtlValueIsTooSmall => "exception",
        Trap::IgmpQuery | Trap::IgmpV1Report => "control",
        _ => "drop",
    };
    vec![
        ("name", text(trap.word())),
        ("type", text(kind)),
        ("generic", (trap != Trap::FidMiss).into()),
        ("action", text(TrapAction::from_byte(value).map_or("?", Operand::word))),
        ("group", text(trap.group().word())),
    ]
}

fn policer_attributes(policer: TrapPolicer, words: &str) -> Attributes {
    let id = u64::from(policer.id());
    // What netdevsim begins with: so many packets a second, and at once.
    let (mut rate, mut burst) = (1000 * id, 64 * 2u64.pow(id.min(10) as u32));
    let mut words = words.split(' ');
    while let (Some(key), Some(number)) = (words.next(), words.next()) {
        match (key, number.parse()) {
            ("rate", Ok(number)) => rate = number,
            ("burst", Ok(number)) => burst = number,
            _ => {}
        }
    }
    vec![("policer", id.into()), ("rate", rate.into()), ("burst", burst.into())]
}
