//! Devices of the driver core: a reference count whose last put calls a release function, which is code of a module.
//!
//! The release runs at once, or (so configured) later, from a workqueue. Either way the code has to be there.

use super::kernel::Kernel;
use super::refcount::Kref;
use crate::event::{Module, QueueName, Subject, WorkFn};

/// What is to happen when the last reference to a device is gone.
#[derive(Debug, Clone, Copy)]
pub struct Release {
    /// The work that releases it if releases are delayed.
    pub work: WorkFn,
    /// Whose code the release function is.
    pub module: Module,
    /// What counts the devices of the module that are not released yet.
    pub devices: Kref,
}

impl Kernel {
    /// Models `device_initialize()`: the memory exists, with one reference. The caller counts it as one of its module's.
    pub fn device_init(&self, subject: Subject, release: Release) -> Kref {
        let device = self.kref_init(subject);
        self.releases_with(device, release);
        device
    }

    /// Models `put_device()` and `kobject_release()`: the last one releases the device, or has a worker do so.
    pub fn put_device(&self, device: Kref) {
        if !self.put(device) {
            return;
        }
        match self.release_of(device) {
            Some(Release { work, module, .. }) if self.kconfig.delayed_release => {
                self.queue_work(QueueName::System, work, module);
            }
            Some(release) => {
                let _text = self.text_of(release.module, device);
                self.release_device(device, release);
            }
            None => self.free(device),
        }
    }

    /// Models `kobject_delayed_cleanup()`: releases every device that this work was queued for.
    pub fn release_later(&self, work: WorkFn) {
        for (device, release) in self.unreleased(work) {
            self.release_device(device, release);
        }
    }

    /// Models a release function that counts, as `nsim_bus_dev_release()` does.
    fn release_device(&self, device: Kref, release: Release) {
        self.free(device);
        // The put wakes the task that waits for the last one.
        let _last = self.put(release.devices);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Handle, Point, TaskName, Trace, What};
    use crate::sim::kernel::Kconfig;
    use crate::sim::task::Body;

    const DEVICE: Subject = Subject::Device(Handle::Netdevsim0);
    const MODULE: Module = Module::Netdevsim;
    const GONE: What = What::ModuleGone(MODULE);

    /// A module makes a device, drops its reference, and is unloaded.
    fn run(delayed_release: bool, waits: bool) -> Trace {
        let mut kernel = Kernel::default();
        kernel.reset(Kconfig { delayed_release }, &[TaskName::Rmmod, TaskName::SystemWorker], &[], None);
        let unloads = async |k: &Kernel| {
            let devices = k.refcount_set(Subject::Module(MODULE));
            let work = WorkFn::ReleaseDevice(Handle::Netdevsim0);
            k.get(devices);
            let device = k.device_init(DEVICE, Release { work, module: MODULE, devices });
            k.put_device(device);
            assert!(k.put(devices) != delayed_release, "a device that is not released counts");
            if waits {
                k.kref_wait(devices, Point::NsimBusExitWait).await;
            }
            k.module_gone(MODULE);
        };
        kernel.run(|name| -> Body<'_> {
            match name {
                TaskName::Rmmod => Box::pin(unloads(&kernel)),
                _ => Box::pin(kernel.worker(QueueName::System, async |work| kernel.release_later(work))),
            }
        });
        kernel.trace().clone()
    }

    fn at(trace: &Trace, what: What) -> usize {
        trace.events.iter().position(|event| event.what == what).expect("it happens")
    }

    #[test]
    fn who_waits_for_the_count_goes_after_the_release() {
        for delayed in [false, true] {
            let trace = run(delayed, true);
            assert!(at(&trace, What::Free(DEVICE)) < at(&trace, GONE), "{delayed}");
            assert!(!trace.events.iter().any(|event| matches!(event.what, What::TextGone(..))), "{delayed}");
        }
    }

    #[test]
    fn a_release_that_nobody_waits_for_runs_in_text_that_is_gone() {
        let trace = run(true, false);
        assert!(at(&trace, GONE) < at(&trace, What::TextGone(MODULE, Point::WorkStart)));
        assert!(
            at(&trace, What::Queue(QueueName::System, WorkFn::ReleaseDevice(Handle::Netdevsim0), MODULE)) > 0
        );
    }
}
