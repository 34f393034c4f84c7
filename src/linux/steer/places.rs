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
    // Tasks of the model that are none of the kernel.
    (Point::MdevShow, "a reader enters kernfs once for the text and once more for its end"),
    (Point::UeventWait, "a task of the model waits for a uevent: no function of the kernel"),
    (Point::UdevRule, "a task of the model plays udev: no function of the kernel"),
    (Point::NetnsDelWait, "the agent waits for a namespace to end: no function of the kernel"),
    (
        Point::TrapReport,
        "netdevsim's work comes round by itself, and tries the lock where the model stops it",
    ),
    (Point::TimePass, "the agent lets time pass: no function of the kernel"),
    // Locks and lists that kernels had.
    (Point::DevlinkMutex, "gone since 5.19: no lock over all instances"),
    (Point::PortFileFound, "gone since 5.18: netdevsim looks a port up under the lock of the instance"),
    (Point::PortFileList, "gone since 5.18: the list of ports has no lock of its own"),
    (Point::MdevRegisterLock, "gone since 6.1: a parent is a part of its driver's memory, and in no list"),
    (Point::MdevUnregisterLock, "gone since 6.1: a parent is a part of its driver's memory, and in no list"),
    (Point::GidAdd, "gone since 4.3: the GID tables are ib_core's own, and no client keeps them"),
    (Point::GidFlush, "gone since 4.3: the GID tables are ib_core's own, and no client keeps them"),
    (Point::GidRescan, "gone since 4.3: the task that registers a device fills its table itself"),
    // Decisions that no kernel has.
    (Point::CleanupNetSnapshots, "no kernel moves an instance whose driver stays up"),
    (Point::HealthReportLock, "no kernel takes the lock to say that there is an error"),
    (Point::MdevUnregisterWait, "no kernel waits for releases where a parent is unregistered"),
    (Point::MttyWait, "no driver waits for the releases of what it has unregistered"),
    (Point::ModuleExitFlush, "no module as built has a queue of its own to flush in its exit"),
    // What drivers of a stock kernel do not do, and drivers that it does not have.
    (Point::MttyRegister, "a parent is registered with its module alone, never by itself"),
    (Point::MttyUnregister, "a parent is unregistered with its module alone, never by itself"),
    (Point::MttyDeferred, "no driver as built puts unregistering off"),
    (Point::SfChildRemove, "a driver of the model: no kernel as built has it"),
    (Point::SfEswitch, "a driver of the model: no kernel as built has it"),
    (Point::LineCardStatus, "a driver of the model: no kernel as built has it"),
    (Point::LineCardCancel, "a driver of the model: no kernel as built has it"),
    (Point::FunctionState, "a driver of the model: no kernel as built has it"),
    (Point::FunctionFlush, "a driver of the model: no kernel as built has it"),
    (Point::AuxiliaryAttach, "a driver of the model: no kernel as built has it"),
    (Point::AuxiliaryDetach, "a driver of the model: no kernel as built has it"),
    (Point::CmUser, "rdma_cm is not built"),
    (Point::CmaAdd, "rdma_cm is not built"),
    (Point::CmaRemove, "rdma_cm is not built"),
    (Point::CmaRemoveId, "rdma_cm is not built"),
    (Point::CmaRemoveWait, "rdma_cm is not built"),
    (Point::CmaListen, "rdma_cm is not built"),
    (Point::CmaCancel, "rdma_cm is not built"),
    (Point::CmaReleaseDev, "rdma_cm is not built"),
    (Point::CmDestroyWait, "rdma_cm is not built"),
    (Point::IpoibLookup, "ipoib is not built"),
    (Point::IpoibAdd, "ipoib is not built"),
    (Point::IbEventHandlers, "no driver as built says by itself that something happened to its port"),
    (Point::IpoibRemove, "ipoib is not built"),
    (Point::IbRemoveFailed, "ipoib is not built"),
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

/// The work functions that are tasks of the model. No kernel has one for the queues of the model's own drivers.
pub const WORK: &[Work] = &[
    // In both: the lock of the list of devices, each device, its table.
    Work { queue: QueueName::Gid, module: Some("ib_core"), function: "netdevice_event_work_handler" },
    Work { queue: QueueName::Gid, module: Some("ib_core"), function: "update_gid_event_work_handler" },
    // All of unregistering a device.
    Work { queue: QueueName::Unreg, module: Some("ib_core"), function: "ib_unregister_work" },
    // Instances that move, with their reload; RDMA devices that move; the netdevs, and the wait for their references.
    Work { queue: QueueName::Netns, module: None, function: "cleanup_net" },
    // The trial of the lock of the instance that another is nested in, and the notification; since 6.7.
    Work { queue: QueueName::System, module: None, function: "devlink_rel_nested_in_notify_work" },
    // Where releases are delayed: the release of a mediated device, which takes the lock of the list.
    Work { queue: QueueName::System, module: None, function: "kobject_delayed_cleanup" },
    // A message that the connection manager has received.
    Work { queue: QueueName::Cm, module: Some("ib_cm"), function: "cm_work_handler" },
];
