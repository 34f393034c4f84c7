//! udev with the rules that mdevctl installs: what is configured for a parent is made when it says `registered`, and
//! once it says `unregistered` the rules know of nothing there.
//!
//! So an event that comes too early or too late has a consequence in user space.

use super::{Mdev, Vendor};
use crate::event::{Action, Errno, MdevState, MdevType, Parent, Point, Subject, Uuid, UuidText, What};
use crate::sim::Kernel;

/// What the rules know of a device: nothing, that they made it, that they could not.
const FORGOTTEN: u8 = 0;
const STARTED: u8 = 1;
const FAILED: u8 = 2;

impl Mdev {
    /// Acts on the parent's uevents with this device configured, until none comes any more.
    pub async fn udev<V: Vendor>(
        &self,
        k: &Kernel,
        vendor: &V,
        parent: Parent,
        uuid: Uuid,
    ) -> Result<(), Errno> {
        let configured = Subject::Configured(parent, uuid);
        let mut knows = FORGOTTEN;
        loop {
            let action = k.uevent_next(Subject::Parent(parent)).await;
            k.point(Point::UdevRule).await;
            let next = match action {
                Action::Change(MdevState::Registered) => {
                    let kind = (parent, MdevType::Default);
                    match self.create(k, vendor, kind, uuid, UuidText::Plain).await {
                        Ok(()) => STARTED,
                        Err(_) => FAILED,
                    }
                }
                Action::Change(MdevState::Unregistered) => FORGOTTEN,
                Action::Add | Action::Bind | Action::Unbind | Action::Remove | Action::Move(_) => continue,
            };
            k.emit(What::Set(configured, knows, next));
            knows = next;
        }
    }
}
