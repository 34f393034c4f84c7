//! What a driver says of its firmware, and how new firmware is written into the device.

use super::{Devlink, InstanceId, Ops};
use crate::event::value::{FlashStatus, Value};
use crate::event::{Callback, Component, Errno, Firmware, Notice, Overwrite, Point, Subject, What};
use crate::sim::Kernel;

impl Devlink {
    /// Models `devlink_nl_info_get_doit()`.
    pub(super) fn info_get(&self, k: &Kernel, id: InstanceId) {
        self.says(k, id, What::Dumped(Subject::Info(self.handle(id)), 0));
    }

    /// Models `devlink_nl_flash_update_doit()`: once there is a file, the begin and the end are always told.
    pub(super) async fn flash_update(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        file: Firmware,
        component: Component,
        overwrite: Overwrite,
    ) -> Result<(), Errno> {
        if !ops.supports_flash(id) {
            return Err(Errno::EOPNOTSUPP);
        }
        if component == Component::Unknown {
            return Err(Errno::EINVAL);
        }
        if file == Firmware::Missing {
            return Err(Errno::ENOENT);
        }
        self.flash_status(k, id, FlashStatus::Begin).await;
        let op = async {
            if overwrite == Overwrite::Settings {
                return Err(Errno::EOPNOTSUPP);
            }
            for step in FlashStatus::STEPS {
                k.point(Point::FlashUpdate).await;
                self.flash_status(k, id, step).await;
            }
            Ok(())
        };
        let done = k.call(Callback::FlashUpdate, self.named(id), self.module(id), op).await;
        self.flash_status(k, id, FlashStatus::End).await;
        done
    }

    /// Models `devlink_flash_update_status_notify()` and its like.
    async fn flash_status(&self, k: &Kernel, id: InstanceId, status: FlashStatus) {
        let flash = Subject::Flash(self.handle(id));
        k.point(Point::DevlinkNotify).await;
        if self.is_registered(id) {
            self.send(k, id, Notice::New, flash, status.pack());
        }
    }
}
