//! The table of places: a row for each point and each shape that the kernel's text had there.

mod devlink;
mod driver;
mod ib;
mod mdev;

use super::place::{Place, Site, at};
use crate::event::{Point, QueueName};

/// Places that belong to no subsystem.
const KERNEL: &[Place] = &[
    at(Point::CommandStart, Site::Agent),
    at(Point::WorkStart, Site::WorkBegins),
    at(Point::WorkEnd, Site::WorkEnds),
];

/// Every place.
pub(super) fn all() -> impl Iterator<Item = &'static Place> {
    [KERNEL, devlink::PLACES, mdev::PLACES, ib::PLACES, driver::PLACES].into_iter().flatten()
}

/// Points that no kernel has, and why.
pub(super) const NOWHERE: &[(Point, &str)] = &[
    (Point::UeventWait, "a task of the model waits for a uevent: no function of the kernel"),
    (Point::UdevRule, "a task of the model plays udev: no function of the kernel"),
];

/// A function that a worker of the kernel enters to do a queue's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// The queue of the model.
    pub queue: QueueName,
    /// The module that has the function; none for what is built in.
    pub module: Option<&'static str>,
    /// The function.
    pub function: &'static str,
}

/// The work functions that are tasks of the model.
pub const WORK: &[Work] = &[
    Work { queue: QueueName::Gid, module: Some("ib_core"), function: "netdevice_event_work_handler" },
    Work { queue: QueueName::Gid, module: Some("ib_core"), function: "update_gid_event_work_handler" },
    Work { queue: QueueName::Rescan, module: Some("ib_core"), function: "roce_rescan_device_work" },
    Work { queue: QueueName::Unreg, module: Some("ib_core"), function: "ib_unregister_work" },
    Work { queue: QueueName::Netns, module: None, function: "cleanup_net" },
    Work { queue: QueueName::System, module: None, function: "devlink_rel_nested_in_notify_work" },
];
