//! Places of mdev.

use super::super::place::{Place, Site, at};
use crate::event::Point;

pub(super) const PLACES: &[Place] = &[
    at(Point::MdevRemoveParent, Site::Call("remove_store", "mdev_device_remove", 1)).of("mdev"),
    at(Point::DevlinkLock, Site::Call("devlink_get_from_attrs_lock", "devl_dev_lock", 1)),
    at(Point::DevlinkLock, Site::Call("devlink_get_from_attrs_lock", "devl_lock", 1)),
    at(Point::HealthDump, Site::Call("devlink_health_report", "devl_lock", 1)),
];
