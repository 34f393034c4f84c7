//! Uevents as `udevadm monitor --kernel --property` prints them: a line, then the properties.

use super::devlink::handle_name;
use super::{Numbers, action_word, ib_name, link_index};
use crate::event::property::properties;
use crate::event::{Action, Handle, IbDevice, Subject, Uuid};
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
        None => device(action, of, numbers),
    };
    let value = |key: &str| {
        let found = properties.iter().find_map(|property| property.strip_prefix(key));
        found.unwrap_or_default().to_string()
    };
    let (path, subsystem) = (value("DEVPATH="), value("SUBSYSTEM="));
    let word = action_word(action);
    let head = format!("KERNEL[0.{at:06}] {word:8} {path} ({subsystem})");
    properties.insert(0, format!("ACTION={word}"));
    properties.push(format!("SEQNUM={sequence}"));
    if let Some((major, minor)) = node(of) {
        properties.extend([format!("MAJOR={major}"), format!("MINOR={minor}")]);
    }
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

/// The numbers of a character device, of those whose numbers are fixed.
fn node(of: Subject) -> Option<(u32, u32)> {
    const INFINIBAND: u32 = 231;
    const UVERBS: u32 = 192;
    match of {
        Subject::Uverbs(number) => Some((INFINIBAND, UVERBS + u32::from(number))),
        Subject::Umad(number) => Some((INFINIBAND, u32::from(number))),
        _ => None,
    }
}

/// The properties of a device that [`properties`] does not know, in the order in which the kernel gives them.
fn device(action: Action, of: Subject, numbers: &mut Numbers) -> Vec<String> {
    let netdev = |name: &str| vec![format!("INTERFACE={name}"), format!("IFINDEX={}", link_index(name))];
    let (path, subsystem, more) = match of {
        Subject::Ib(device) | Subject::IbCompat(device, _) => {
            let name = ib_name(device);
            let old = match action {
                Action::Move(old) => IbDevice::from_byte(old),
                _ => None,
            };
            let old = old.map(|old| format!("DEVPATH_OLD=/devices/virtual/infiniband/{}", ib_name(old)));
            let more = old.into_iter().chain([format!("NAME={name}")]).collect();
            (format!("/devices/virtual/infiniband/{name}"), "infiniband", more)
        }
        Subject::Uverbs(number) => {
            let path = format!("/devices/virtual/infiniband_verbs/uverbs{number}");
            let node = format!("DEVNAME=/dev/infiniband/uverbs{number}");
            (path, "infiniband_verbs", vec![node, "DEVMODE=0666".to_string()])
        }
        Subject::Umad(number) => {
            let path = format!("/devices/virtual/infiniband_mad/umad{number}");
            (path, "infiniband_mad", vec![format!("DEVNAME=/dev/infiniband/umad{number}")])
        }
        Subject::Netdev(name) => {
            let name = name.word();
            (format!("/devices/virtual/net/{name}"), "net", netdev(name))
        }
        Subject::PortNetdev(handle, _) => {
            let name = numbers.netdev(of);
            // A listener to links hears of the end first, and by the same name.
            if action == Action::Remove {
                numbers.forget(of);
            }
            (format!("{}/net/{name}", parent(handle).0), "net", netdev(&name))
        }
        of => match of.device() {
            Some(handle) => {
                let (path, bus) = parent(handle);
                let driver = (action == Action::Bind && bus == "netdevsim").then(|| format!("DRIVER={bus}"));
                (path, bus, driver.into_iter().collect())
            }
            None => (format!("/devices/{of}"), "unknown", Vec::new()),
        },
    };
    let mut properties = vec![format!("DEVPATH={path}"), format!("SUBSYSTEM={subsystem}")];
    properties.extend(more);
    properties
}

/// The path and the bus of the device of an instance.
fn parent(handle: Handle) -> (String, &'static str) {
    let (bus, name) = handle_name(handle).split_once('/').unwrap_or(("", handle_name(handle)));
    (format!("/devices/{name}"), bus)
}
