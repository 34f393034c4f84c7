//! The properties of a uevent, as `udevadm monitor --property` shows them.
//!
//! Of a mediated device, its parent and its vfio device all are known. What the kernel numbers has `*` for its number,
//! and a UUID its short form.

use super::{Action, MdevState, Parent, Subject};
use crate::operand::Operand;
use std::fmt::Write;

/// The properties besides `ACTION` and those that only number things: `SEQNUM`, `MAJOR`, `MINOR`. None for a subject
/// whose properties are not modelled.
pub fn properties(action: Action, subject: Subject) -> Option<String> {
    let (path, subsystem, driver) = match subject {
        Subject::Parent(parent) => {
            let driver = bus_driver(parent).filter(|_| matches!(action, Action::Bind | Action::Change(_)));
            (parent.path().to_string(), subsystem(parent), driver)
        }
        Subject::Child(parent, uuid) => {
            let driver = (action == Action::Bind).then(|| parent.module().word());
            (format!("{}/{uuid}", parent.path()), "mdev", driver)
        }
        Subject::VfioDevice(parent, uuid) => {
            (format!("{}/{uuid}/vfio-dev/vfio*", parent.path()), "vfio-dev", None)
        }
        Subject::VfioGroup(..) => ("/devices/virtual/vfio/*".to_string(), "vfio", None),
        _ => return None,
    };
    let mut text = format!("DEVPATH={path} SUBSYSTEM={subsystem}");
    let mut add = |key: &str, value: &str| {
        let _ = write!(text, " {key}={value}");
    };
    if matches!(subject, Subject::VfioGroup(..)) {
        add("DEVNAME", "vfio/*");
    }
    // A device tells of a driver whenever it has one.
    if let Some(driver) = driver {
        add("DRIVER", driver);
    }
    match action {
        Action::Change(MdevState::Registered) => add("MDEV_STATE", "registered"),
        Action::Change(MdevState::Unregistered) => add("MDEV_STATE", "unregistered"),
        Action::Add | Action::Bind | Action::Unbind | Action::Remove | Action::Move(_) => {}
    }
    Some(text)
}

/// The class or the bus of a parent.
const fn subsystem(parent: Parent) -> &'static str {
    match parent {
        Parent::Mtty0 | Parent::Mtty1 => "mtty",
        Parent::Mdpy0 => "mdpy",
        Parent::Vgpu0 | Parent::Sf0 => "pci",
    }
}

/// The driver that a bus has bound to a parent; a virtual device has none.
const fn bus_driver(parent: Parent) -> Option<&'static str> {
    match parent {
        Parent::Mtty0 | Parent::Mtty1 | Parent::Mdpy0 => None,
        Parent::Vgpu0 => Some("vgpu"),
        Parent::Sf0 => Some("mlx5_core"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Handle, Uuid};

    #[test]
    fn a_driver_is_named_while_it_is_bound_and_a_state_when_it_changes() {
        let child = Subject::Child(Parent::Mtty0, Uuid::A);
        let bind = properties(Action::Bind, child).unwrap();
        assert_eq!(bind, "DEVPATH=/devices/virtual/mtty/mtty/uuid-a SUBSYSTEM=mdev DRIVER=mtty");
        let unbind = properties(Action::Unbind, child).unwrap();
        assert_eq!(unbind, "DEVPATH=/devices/virtual/mtty/mtty/uuid-a SUBSYSTEM=mdev");
        let change = properties(Action::Change(MdevState::Registered), Subject::Parent(Parent::Mdpy0));
        assert_eq!(
            change.unwrap(),
            "DEVPATH=/devices/virtual/mdpy/mdpy SUBSYSTEM=mdpy MDEV_STATE=registered"
        );
        assert_eq!(properties(Action::Add, Subject::Device(Handle::Netdevsim0)), None);
    }
}
