//! Mediated devices of a real kernel: the sample drivers `mtty` and `mdpy`, each of which has one parent while it is
//! loaded. They count differently: mtty its ports, and for mdpy mdev core counts.

use super::wire::Operation;
use crate::event::property::properties;
use crate::event::{Action, MdevState, MdevType, Parent, RemoveText, Subject, Uuid, UuidText};
use crate::mdev::Command;
use crate::operand::Operand;

/// The parents that a real kernel has, each with its module.
pub(super) const VENDORS: [(Parent, &str); 2] = [(Parent::Mtty0, "mtty"), (Parent::Mdpy0, "mdpy")];
const DEVICES: &str = "/sys/bus/mdev/devices";
const CLASS: &str = "/sys/class/mdev_bus";
const TYPES: &str = "mdev_supported_types";
const AVAILABLE: &str = "available_instances";
/// The links in a device's folder to its type and its driver.
const TYPE_LINK: &str = "mdev_type";
const DRIVER_LINK: &str = "driver";
/// What a UUID begins with here; its last digit tells two of them apart.
const UUID: &str = "6d646576-0000-4000-8000-00000000000";

/// The module of a parent that a real kernel has.
pub(super) fn vendor(parent: Parent) -> Option<&'static str> {
    VENDORS.iter().find(|(known, _)| *known == parent).map(|(_, module)| *module)
}

/// What a command asks of a real kernel; nothing for what only a driver could do.
pub(super) fn operations(command: Command) -> Option<Vec<Operation>> {
    let write = |path, text| Some(vec![Operation::Write { path, text }]);
    match command {
        Command::Create { parent, uuid, kind, text } => {
            vendor(parent)?;
            write(format!("{}/create", folder(parent, kind)), spelled(uuid, text))
        }
        Command::Remove { uuid, text } => {
            let text = match text {
                RemoveText::One => "1",
                RemoveText::Zero => "0",
                RemoveText::Two => "2",
                RemoveText::Junk => "yes",
                RemoveText::Negative => "-1",
            };
            write(format!("{DEVICES}/{}/remove", full(uuid)), text.to_string())
        }
        Command::Unbind { parent, uuid } => {
            write(format!("/sys/bus/mdev/drivers/{}/unbind", vendor(parent)?), full(uuid))
        }
        Command::Bind { parent, uuid } => {
            write(format!("/sys/bus/mdev/drivers/{}/bind", vendor(parent)?), full(uuid))
        }
        Command::Show { parent, kind } => {
            vendor(parent)?;
            Some(vec![Operation::Read { path: format!("{}/{AVAILABLE}", folder(parent, kind)) }])
        }
        Command::Register { .. }
        | Command::Unregister { .. }
        | Command::UeventWait { .. }
        | Command::Udev { .. }
        | Command::FailAllocation {} => None,
    }
}

/// What shows the state at rest: how much is left of each type, which devices there are, and which parents.
pub(super) fn at_rest() -> Vec<Operation> {
    let kinds = |parent: &Parent| match parent {
        Parent::Mdpy0 => [MdevType::Vga, MdevType::Xga],
        _ => [MdevType::Mtty1, MdevType::Mtty2],
    };
    let types = VENDORS.iter().flat_map(|(parent, _)| kinds(parent).map(|kind| folder(*parent, kind)));
    let mut operations: Vec<Operation> = types
        .map(|folder| Operation::Prepare(Box::new(Operation::Read { path: format!("{folder}/{AVAILABLE}") })))
        .collect();
    let links =
        |folder: &str, link: &str| Operation::Links { folder: folder.to_string(), link: link.to_string() };
    operations.extend([links(DEVICES, TYPE_LINK), links(DEVICES, DRIVER_LINK), links(CLASS, "")]);
    operations
}

/// What leaves nothing of a program behind.
pub(super) fn clean_up() -> impl Iterator<Item = Operation> {
    VENDORS.iter().map(|(_, module)| Operation::Unload { module: (*module).to_string() })
}

/// The folder of a type. The first type is the one that is meant when none is named.
fn folder(parent: Parent, kind: MdevType) -> String {
    let kind = match (kind, parent) {
        (MdevType::Default, Parent::Mdpy0) => MdevType::Vga,
        (MdevType::Default, _) => MdevType::Mtty1,
        (named, _) => named,
    };
    format!("/sys{}/{TYPES}/{kind}", parent.path())
}

/// A UUID of which the model's name is a short form.
pub fn full(uuid: Uuid) -> String {
    format!("{UUID}{:x}", uuid.index())
}

/// A UUID as it is written to `create`.
fn spelled(uuid: Uuid, text: UuidText) -> String {
    let plain = full(uuid);
    match text {
        UuidText::Plain => plain,
        UuidText::Upper => plain.to_uppercase(),
        UuidText::OneMore => plain + "x",
        UuidText::TooShort => plain[1..].to_string(),
        UuidText::TooLong => plain + "\n\n",
        UuidText::Junk => plain.replace('-', "_"),
    }
}

fn parent_at(path: &str) -> Option<(Parent, &str)> {
    let below = |(parent, _): &(Parent, &str)| Some((*parent, path.strip_prefix(parent.path())?));
    VENDORS.iter().find_map(below)
}

fn uuid_of(name: &str) -> Option<Uuid> {
    Uuid::ALL.iter().copied().find(|uuid| full(*uuid) == name)
}

/// What a uevent says of a parent, of a mediated device or of its vfio device, if its properties are those that the
/// model knows it by. The path of a vfio group does not name its device, which `device_of` knows.
pub(super) fn uevent(
    text: &str,
    device_of: impl FnOnce(&str) -> Option<(Parent, Uuid)>,
) -> Option<(Action, Subject)> {
    let mut lines = text.split('\0');
    let (action, path) = lines.next()?.split_once('@')?;
    let subject = match path.strip_prefix("/devices/virtual/vfio/") {
        Some(group) => device_of(group).map(|(parent, uuid)| Subject::VfioGroup(parent, uuid))?,
        None => subject_at(path)?,
    };
    let lines = || text.split('\0').skip(1);
    let state = lines().find_map(|line| line.strip_prefix("MDEV_STATE="));
    let action = match (action, state) {
        ("add", _) => Action::Add,
        ("bind", _) => Action::Bind,
        ("unbind", _) => Action::Unbind,
        ("remove", _) => Action::Remove,
        ("change", Some("registered")) => Action::Change(MdevState::Registered),
        ("change", Some("unregistered")) => Action::Change(MdevState::Unregistered),
        _ => return None,
    };
    let modelled = properties(action, subject)?;
    (said(lines()) == modelled).then_some((action, subject))
}

/// What a path names: a parent, a device or the vfio device of one.
fn subject_at(path: &str) -> Option<Subject> {
    let (parent, below) = parent_at(path)?;
    let mut parts = below.split('/').skip(1);
    match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => below.is_empty().then_some(Subject::Parent(parent)),
        (Some(name), None, _) => Some(Subject::Child(parent, uuid_of(name)?)),
        (Some(name), Some("vfio-dev"), Some(_)) => Some(Subject::VfioDevice(parent, uuid_of(name)?)),
        _ => None,
    }
}

/// The properties of a uevent in the model's names, without those that number things.
fn said<'t>(lines: impl Iterator<Item = &'t str>) -> String {
    let counts = ["ACTION", "SEQNUM", "MAJOR", "MINOR", "DEVMODE"];
    let told = lines.filter_map(|line| line.split_once('=')).filter(|(key, _)| !counts.contains(key));
    let mut words: Vec<String> = told.map(|(key, value)| format!("{key}={}", renamed(value))).collect();
    // The model says them in one order, the kernel in that in which they were added.
    let place = ["DEVPATH", "SUBSYSTEM", "DEVNAME", "DRIVER", "MDEV_STATE"];
    words.sort_by_key(|word| place.iter().position(|key| word.starts_with(key)));
    words.join(" ")
}

/// A value with short UUIDs, and `*` for a number that vfio gives.
fn renamed(value: &str) -> String {
    let short = |text: String, uuid: &Uuid| text.replace(&full(*uuid), uuid.word());
    let text = Uuid::ALL.iter().fold(value.to_string(), short);
    let bare = text.trim_end_matches(|letter: char| letter.is_ascii_digit());
    match bare {
        "vfio/" | "/devices/virtual/vfio/" => format!("{bare}*"),
        _ if bare.ends_with("/vfio-dev/vfio") => format!("{bare}*"),
        _ => text,
    }
}

/// The device that a uevent of a vfio device is about.
pub(super) fn vfio_device(text: &str) -> Option<(Parent, Uuid)> {
    let (_, path) = text.split('\0').next()?.split_once('@')?;
    match subject_at(path)? {
        Subject::VfioDevice(parent, uuid) => Some((parent, uuid)),
        _ => None,
    }
}

/// What a file or a link says, and of what.
pub(super) fn read(path: &str, text: &str) -> Option<(Subject, u8)> {
    let path = path.strip_prefix("/sys").unwrap_or(path);
    if let Some(name) = path.strip_prefix("/class/mdev_bus/") {
        let (parent, _) = VENDORS.iter().find(|(parent, _)| parent.path().ends_with(&format!("/{name}")))?;
        return Some((Subject::Parent(*parent), 0));
    }
    if let Some(below) = path.strip_prefix("/bus/mdev/devices/") {
        let (name, link) = below.split_once('/')?;
        let kind = text.rsplit('/').next()?;
        let parent =
            Parent::ALL.iter().find(|parent| vendor(**parent).is_some_and(|of| kind.starts_with(of)))?;
        let uuid = uuid_of(name)?;
        return match link {
            TYPE_LINK => Some((Subject::Child(*parent, uuid), kind_named(kind)?.to_byte())),
            _ => Some((Subject::VfioDevice(*parent, uuid), 0)),
        };
    }
    let (parent, below) = parent_at(path)?;
    let kind = below.strip_prefix('/')?.strip_prefix(TYPES)?.strip_prefix('/')?.strip_suffix(AVAILABLE)?;
    let kind = kind_named(kind.strip_suffix('/')?)?;
    Some((Subject::MdevType(parent, kind), text.trim().parse().ok()?))
}

fn kind_named(name: &str) -> Option<MdevType> {
    MdevType::named(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BIND: &str = "bind@/devices/virtual/mtty/mtty/6d646576-0000-4000-8000-000000000001\0ACTION=bind\0\
        DEVPATH=/devices/virtual/mtty/mtty/6d646576-0000-4000-8000-000000000001\0SUBSYSTEM=mdev\0DRIVER=mtty\0SEQNUM=9\0";

    #[test]
    fn a_uevent_is_known_by_its_properties_too() {
        let bind = (Action::Bind, Subject::Child(Parent::Mtty0, Uuid::B));
        assert_eq!(uevent(BIND, |_| None), Some(bind));
        assert_eq!(uevent(&BIND.replace("DRIVER=mtty\0", ""), |_| None), None);
        assert_eq!(uevent(&BIND.replace("SEQNUM=9", "SEQNUM=10\0EXTRA=1"), |_| None), None);
    }

    #[test]
    fn a_group_is_that_of_the_vfio_device_next_to_it() {
        let text = "add@/devices/virtual/vfio/7\0ACTION=add\0DEVPATH=/devices/virtual/vfio/7\0SUBSYSTEM=vfio\0\
            MAJOR=252\0MINOR=7\0DEVNAME=vfio/7\0SEQNUM=3\0";
        let of = (Parent::Mdpy0, Uuid::C);
        let added = (Action::Add, Subject::VfioGroup(of.0, of.1));
        assert_eq!(uevent(text, |_| Some(of)), Some(added));
    }

    #[test]
    fn files_and_links_say_what_there_is() {
        let path = "/sys/devices/virtual/mdpy/mdpy/mdev_supported_types/mdpy-xga/available_instances";
        assert_eq!(read(path, "3\n"), Some((Subject::MdevType(Parent::Mdpy0, MdevType::Xga), 3)));
        let link = format!("{DEVICES}/{}/mdev_type", full(Uuid::A));
        let kind = MdevType::Mtty2.to_byte();
        let target = "../mdev_supported_types/mtty-2";
        assert_eq!(read(&link, target), Some((Subject::Child(Parent::Mtty0, Uuid::A), kind)));
        assert_eq!(read("/sys/class/mdev_bus/mtty", "x"), Some((Subject::Parent(Parent::Mtty0), 0)));
    }
}
