//! Uevents as `udevadm monitor` prints them: a line of words, and with `--property` a line a property below it.

use super::{Said, Uevent};

/// Reads a uevent from the lines that begin with it. Returns it, its first line in short, and how many lines it takes.
pub(super) fn read(lines: &[&str]) -> Option<(Said, String, usize)> {
    let line = lines.first()?;
    let is_of_udev = line.starts_with("UDEV");
    if !is_of_udev && !line.starts_with("KERNEL") {
        return None;
    }
    let (_, rest) = line.split_once('[')?;
    let (_, rest) = rest.split_once(']')?;
    let mut words = rest.split_whitespace();
    let (word, path) = (words.next()?, words.next()?.to_string());
    let subsystem = words.next().unwrap_or_default().trim_matches(['(', ')']).to_string();
    let is_property =
        |line: &&&str| line.split_once('=').is_some_and(|(key, _)| !key.is_empty() && !key.contains(' '));
    let properties: Vec<&str> = lines[1..].iter().take_while(is_property).copied().collect();
    let value = |key: &str| properties.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let action = match (word, value("MDEV_STATE")) {
        ("add", _) => Uevent::Add,
        ("bind", _) => Uevent::Bind,
        ("unbind", _) => Uevent::Unbind,
        ("remove", _) => Uevent::Remove,
        ("change", Some("registered")) => Uevent::Registered,
        ("change", Some("unregistered")) => Uevent::Unregistered,
        ("change", _) => Uevent::Change,
        _ => Uevent::Other,
    };
    let state = value("MDEV_STATE").map_or(String::new(), |state| format!(" MDEV_STATE={state}"));
    let head = format!("{word} {path}{state}");
    let sequence = value("SEQNUM").and_then(|number| number.parse().ok());
    let said = Said::Uevent { action, path, subsystem, is_of_udev, sequence };
    Some((said, head, 1 + properties.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_belong_to_the_line_above() {
        let lines = [
            "KERNEL[12.5] change   /devices/a (pci)",
            "ACTION=change",
            "MDEV_STATE=unregistered",
            "SEQNUM=9",
            "",
        ];
        let (said, head, read) = read(&lines).unwrap();
        assert_eq!((head.as_str(), read), ("change /devices/a MDEV_STATE=unregistered", 4));
        assert!(matches!(said, Said::Uevent { action: Uevent::Unregistered, sequence: Some(9), .. }));
    }
}
