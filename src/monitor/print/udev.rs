//! Uevents as `udevadm monitor --kernel --property` prints them: a line, then the properties.

use super::devlink::handle_name;
use super::{Numbers, action_word, ib_name};
use crate::event::property::properties;
use crate::event::{Action, Subject, Uuid};
use crate::linux::mdev;
use crate::operand::Operand;

/// The first line of a uevent and the lines below it.
pub(super) fn uevent(
    action: Action,
    of: Subject,
    at: usize,
    sequence: u64,
    numbers: &mut Numbers,
) -> (String, Vec<String>) {
    let mut properties = match properties(action, of) {
        Some(text) => text.split(' ').map(|word| full(word, of, action, numbers)).collect(),
        None => device(of),
    };
    let value = |key: &str| {
        let found = properties.iter().find_map(|property| property.strip_prefix(key));
        found.unwrap_or_default().to_string()
    };
    let (path, subsystem) = (value("DEVPATH="), value("SUBSYSTEM="));
    let word = action_word(action);
    let head = format!("KERNEL[0.{at:06}] {word:8} {path} ({subsystem})");
    properties.insert(0, format!("ACTION={word}"));
    if let Action::Move(old) = action
        && let Subject::Ib(_) = of
        && let Some(old) = crate::event::IbDevice::from_byte(old)
    {
        properties.push(format!("DEVPATH_OLD=/devices/virtual/infiniband/{}", ib_name(old)));
    }
    properties.push(format!("SEQNUM={sequence}"));
    properties.push(String::new());
    (head, properties)
}

/// A property with whole UUIDs and, where the model has a star, the lowest number that vfio has free.
fn full(word: &str, of: Subject, action: Action, numbers: &mut Numbers) -> String {
    let mut word = word.to_string();
    for uuid in Uuid::ALL {
        word = word.replace(uuid.word(), &mdev::full(*uuid));
    }
    if word.contains('*') {
        let number = numbers.of(of, |other| std::mem::discriminant(&other) == std::mem::discriminant(&of));
        word = word.replace('*', &number.to_string());
        if action == Action::Remove {
            numbers.forget(of);
        }
    }
    match word.strip_prefix("DEVNAME=") {
        Some(name) => format!("DEVNAME=/dev/{name}"),
        None => word,
    }
}

/// The path and the subsystem of a device whose properties the model does not have.
fn device(of: Subject) -> Vec<String> {
    let (path, subsystem, more) = match of {
        Subject::Ib(device) | Subject::IbCompat(device, _) => {
            let name = ib_name(device);
            (format!("/devices/virtual/infiniband/{name}"), "infiniband", Some(format!("NAME={name}")))
        }
        Subject::Uverbs(number) => {
            let path = format!("/devices/virtual/infiniband_verbs/uverbs{number}");
            (path, "infiniband_verbs", Some(format!("DEVNAME=/dev/infiniband/uverbs{number}")))
        }
        Subject::Umad(number) => {
            let path = format!("/devices/virtual/infiniband_mad/umad{number}");
            (path, "infiniband_mad", Some(format!("DEVNAME=/dev/infiniband/umad{number}")))
        }
        Subject::Netdev(netdev) => {
            let name = netdev.word();
            (format!("/devices/virtual/net/{name}"), "net", Some(format!("INTERFACE={name}")))
        }
        of => match of.device() {
            Some(handle) => {
                let (bus, name) = handle_name(handle).split_once('/').unwrap_or(("", handle_name(handle)));
                (format!("/devices/{name}"), bus, None)
            }
            None => (format!("/devices/{of}"), "unknown", None),
        },
    };
    let mut properties = vec![format!("DEVPATH={path}"), format!("SUBSYSTEM={subsystem}")];
    properties.extend(more);
    properties
}
