//! Mediated devices of a real kernel: the sample driver `mtty`, whose parent is there while it is loaded.

use super::wire::Action;
use crate::event::{self, MdevState, Parent, Subject, Uuid};
use crate::mdev::Command;

/// The module of the vendor driver.
pub const VENDOR: &str = "mtty";
/// The parent's device in sysfs.
const PARENT: &str = "/devices/virtual/mtty/mtty";
/// The type of its mediated devices.
const TYPE: &str = "mtty-1";

/// What a command asks of a real kernel; nothing for what only a driver could do.
pub(super) fn actions(command: Command) -> Option<Vec<Action>> {
    match command {
        Command::Create { parent: Parent::Mtty0, uuid } => {
            let path = format!("/sys{PARENT}/mdev_supported_types/{TYPE}/create");
            Some(vec![Action::Write { path, text: full(uuid) }])
        }
        Command::Remove { uuid } => {
            let path = format!("/sys/bus/mdev/devices/{}/remove", full(uuid));
            Some(vec![Action::Write { path, text: "1".to_string() }])
        }
        _ => None,
    }
}

/// A UUID of which the model's name is a short form.
fn full(uuid: Uuid) -> String {
    format!("6d646576-0000-4000-8000-00000000000{:x}", uuid.index() + 10)
}

/// What a uevent is about, by its path, its action and (for a parent) its `MDEV_STATE`.
pub(super) fn uevent(path: &str, action: &str, state: Option<&str>) -> Option<(event::Action, Subject)> {
    let below = path.strip_prefix(PARENT)?;
    let subject = match below.strip_prefix('/') {
        None if below.is_empty() => Subject::Parent(Parent::Mtty0),
        None => return None,
        Some(name) => Subject::Child(*Uuid::ALL.iter().find(|uuid| full(**uuid) == name)?),
    };
    let action = match (action, state) {
        ("add", _) => event::Action::Add,
        ("bind", _) => event::Action::Bind,
        ("unbind", _) => event::Action::Unbind,
        ("remove", _) => event::Action::Remove,
        ("change", Some("registered")) => event::Action::Change(MdevState::Registered),
        ("change", Some("unregistered")) => event::Action::Change(MdevState::Unregistered),
        _ => return None,
    };
    Some((action, subject))
}
