//! udev with the rules that mdevctl installs: what is configured for a parent is made when it says `registered`, and
//! once it says `unregistered` the rules know of nothing there.
//!
//! So an event that comes too early or too late has a consequence in user space.

use super::{Mdev, Vendor};
use crate::event::value::{Configured, Value};
use crate::event::{Action, Errno, MdevState, MdevType, Parent, Point, Subject, Uuid, UuidText, What};
use crate::sim::Kernel;

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
        let mut knows = Configured::Forgotten;
        loop {
            let action = k.uevent_next(Subject::Parent(parent)).await;
            k.point(Point::UdevRule).await;
            let next = match action {
                Action::Change(MdevState::Registered) => {
                    let kind = (parent, MdevType::Default);
                    match self.create(k, vendor, kind, uuid, UuidText::Plain).await {
                        Ok(()) => Configured::Started,
                        Err(_) => Configured::Failed,
                    }
                }
                Action::Change(MdevState::Unregistered) => Configured::Forgotten,
                Action::Add | Action::Bind | Action::Unbind | Action::Remove | Action::Move(_) => continue,
            };
            k.emit(What::Set(configured, knows.pack(), next.pack()));
            knows = next;
        }
    }
}
