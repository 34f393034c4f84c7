//! Health reporters: what went wrong with a device, whether it was mended, and what was seen of it at the time.
//!
//! A report may come at any time from any context, so it does not hold the instance's lock to begin with: it takes the
//! lock to say that there is an error, lets it go, takes it again to look, and once more to mend.

use super::{Devlink, InstanceId, Ops};
use crate::event::value::{Health, Value};
use crate::event::{
    self, AutoDump, AutoRecover, Callback, Errno, Grace, Handle, Notice, Point, Subject, What,
};
use crate::sim::{Kernel, Kref};

/// Models `struct devlink_health_reporter`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reporter {
    kref: Option<Kref>,
    /// Whether the driver has an op to recover.
    recovers: bool,
    is_in_error: bool,
    auto_recover: bool,
    auto_dump: bool,
    has_dump: bool,
    /// How many dumps there have been, to tell one from the next.
    dumps: u8,
    /// Whether a report after a recovery comes too early to be recovered from.
    is_graceful: bool,
    has_recovered: bool,
}

impl Reporter {
    /// What messages say of the reporter.
    pub(super) fn value(self) -> u8 {
        let auto_recover = self.auto_recover && self.recovers;
        let Reporter { is_in_error, auto_dump, has_dump, is_graceful, .. } = self;
        Health { is_in_error, auto_recover, auto_dump, has_dump, is_graceful }.pack()
    }

    /// Models `devlink_health_do_dump()`: what is kept stays.
    fn dumped(self) -> Reporter {
        if self.has_dump {
            self
        } else {
            Reporter { has_dump: true, dumps: self.dumps.wrapping_add(1), ..self }
        }
    }
}

/// What a command asks to change of a reporter.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the attributes of DEVLINK_CMD_HEALTH_REPORTER_SET")]
pub struct HealthSetting {
    pub grace: Grace,
    pub auto_recover: AutoRecover,
    pub auto_dump: AutoDump,
}

impl Devlink {
    /// Models `devl_health_reporter_create()` for the driver's reporters, without a notification.
    pub fn reporters_create(&self, k: &Kernel, id: InstanceId) {
        for spec in self.inventory(id).reporters {
            let part = Subject::Reporter(self.handle(id), spec.reporter);
            let kref = Some(k.kref_init(part));
            let (recovers, auto_dump) = (spec.recovers, true);
            let new = Reporter { kref, recovers, auto_recover: recovers, auto_dump, ..Reporter::default() };
            self.with(k, id, |instance| instance.reporters[spec.reporter.index()] = new);
            self.add(k, id, part);
        }
    }

    /// Models `devl_health_reporter_destroy()`, the newest first.
    pub fn reporters_destroy(&self, k: &Kernel, id: InstanceId) {
        for spec in self.inventory(id).reporters.iter().rev() {
            self.remove(k, id, Subject::Reporter(self.handle(id), spec.reporter));
            let kref = self.with(k, id, |instance| instance.reporters[spec.reporter.index()].kref.take());
            if let Some(kref) = kref.filter(|kref| k.put(*kref)) {
                k.free(kref);
                if self.decisions.part.reporter_unlocks_itself {
                    // Models `mutex_unlock(&reporter->devlink->reporters_lock)` after `devlink_health_reporter_put()`.
                    k.touch(kref);
                }
            }
        }
    }

    /// Models `devlink_health_reporter_get_from_info()`.
    fn reporter(&self, k: &Kernel, id: InstanceId, reporter: event::Reporter) -> Result<Reporter, Errno> {
        let found = self.with(k, id, |instance| instance.reporters[reporter.index()]);
        if found.kref.is_some() { Ok(found) } else { Err(Errno::EINVAL) }
    }

    fn reporter_set(&self, k: &Kernel, id: InstanceId, reporter: event::Reporter, new: Reporter) {
        let old = self.with(k, id, |instance| {
            std::mem::replace(&mut instance.reporters[reporter.index()], new).value()
        });
        if old != new.value() {
            self.says(k, id, What::Set(Subject::Reporter(self.handle(id), reporter), old, new.value()));
        }
    }

    /// Models `devlink_nl_health_reporter_get_doit()`.
    pub(super) fn health_get(
        &self,
        k: &Kernel,
        id: InstanceId,
        reporter: event::Reporter,
    ) -> Result<(), Errno> {
        let found = self.reporter(k, id, reporter)?;
        self.says(k, id, What::Dumped(Subject::Reporter(self.handle(id), reporter), found.value()));
        Ok(())
    }

    /// Models `devlink_nl_health_reporter_set_doit()`: no notification goes out.
    pub(super) fn health_set(
        &self,
        k: &Kernel,
        id: InstanceId,
        reporter: event::Reporter,
        setting: HealthSetting,
    ) -> Result<(), Errno> {
        let mut new = self.reporter(k, id, reporter)?;
        let HealthSetting { grace, auto_recover, auto_dump } = setting;
        if !new.recovers && (grace != Grace::Unset || auto_recover != AutoRecover::Unset) {
            return Err(Errno::EOPNOTSUPP);
        }
        match grace {
            Grace::Unset => {}
            Grace::Hour => new.is_graceful = true,
            Grace::None => new.is_graceful = false,
        }
        match auto_recover {
            AutoRecover::Unset => {}
            AutoRecover::Off => new.auto_recover = false,
            AutoRecover::On => new.auto_recover = true,
        }
        match auto_dump {
            AutoDump::Unset => {}
            AutoDump::Off => new.auto_dump = false,
            AutoDump::On => new.auto_dump = true,
        }
        self.reporter_set(k, id, reporter, new);
        Ok(())
    }

    /// Models `devlink_recover_notify()`, which demands that the instance is registered.
    async fn recover_notify(&self, k: &Kernel, id: InstanceId, reporter: event::Reporter) {
        if !self.is_registered(id) {
            self.says(k, id, What::Warn(self.subject(id), k.here()));
        }
        self.notify(k, id, Notice::New, Subject::Reporter(self.handle(id), reporter)).await;
    }

    /// Models `devlink_health_report()`, which a driver calls without the instance's lock.
    ///
    /// # Errors
    ///
    /// `ECANCELED` if an earlier error was not recovered from, or was just now; else what recovering says.
    pub async fn health_report(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        reporter: event::Reporter,
    ) -> Result<(), Errno> {
        // 6.12 says that there is an error without the lock, also while the instance moves.
        let held = if self.decisions.lock.health_reports_unlocked {
            None
        } else {
            Some(self.lock(k, id, Point::HealthReportLock).await)
        };
        k.point(Point::HealthReport).await;
        let before = self.touched(k, id, reporter)?;
        self.reporter_set(k, id, reporter, Reporter { is_in_error: true, ..before });
        self.recover_notify(k, id, reporter).await;
        drop(held);
        let now = self.touched(k, id, reporter)?;
        let too_early = before.is_in_error || (now.is_graceful && now.has_recovered);
        if now.auto_recover && too_early {
            return Err(Errno::ECANCELED);
        }
        if now.auto_dump {
            let _held = self.lock(k, id, Point::HealthDump).await;
            let now = self.touched(k, id, reporter)?;
            self.reporter_set(k, id, reporter, now.dumped());
        }
        if !self.touched(k, id, reporter)?.auto_recover {
            return Ok(());
        }
        let _held = self.lock(k, id, Point::HealthRecover).await;
        self.recover(k, ops, id, reporter).await
    }

    /// The reporter, whose memory a report has a pointer to.
    fn touched(&self, k: &Kernel, id: InstanceId, reporter: event::Reporter) -> Result<Reporter, Errno> {
        let found = self.reporter(k, id, reporter)?;
        found.kref.inspect(|kref| {
            k.touch(*kref);
        });
        Ok(found)
    }

    /// Models `devlink_nl_health_reporter_recover_doit()`.
    pub(super) async fn health_recover(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        reporter: event::Reporter,
    ) -> Result<(), Errno> {
        self.reporter(k, id, reporter)?;
        self.recover(k, ops, id, reporter).await
    }

    /// Models `devlink_health_reporter_recover()`.
    async fn recover(
        &self,
        k: &Kernel,
        ops: &impl Ops,
        id: InstanceId,
        reporter: event::Reporter,
    ) -> Result<(), Errno> {
        let now = self.touched(k, id, reporter)?;
        if !now.is_in_error {
            return Ok(());
        }
        if !now.recovers {
            return Err(Errno::EOPNOTSUPP);
        }
        let op = ops.health_recover(id);
        k.call(Callback::HealthRecover, self.named(id), self.module(id), op).await?;
        self.reporter_set(k, id, reporter, Reporter { is_in_error: false, has_recovered: true, ..now });
        self.recover_notify(k, id, reporter).await;
        Ok(())
    }

    /// Models `devlink_nl_health_reporter_diagnose_doit()` and `devlink_nl_health_reporter_test_doit()`: every
    /// reporter here can be diagnosed and none can be tested.
    pub(super) fn health_ask(
        &self,
        k: &Kernel,
        id: InstanceId,
        reporter: event::Reporter,
        can: bool,
    ) -> Result<(), Errno> {
        self.reporter(k, id, reporter)?;
        if can { Ok(()) } else { Err(Errno::EOPNOTSUPP) }
    }

    /// Models `devlink_nl_health_reporter_dump_get_dumpit()`: what was seen at the last error, or is seen now. An
    /// instance that cannot be found is answered like a reporter that cannot. It is called once more to say that nothing is
    /// left, and looks everything up anew.
    pub(super) async fn health_dump_get(
        &self,
        k: &Kernel,
        handle: Handle,
        reporter: event::Reporter,
    ) -> Result<(), Errno> {
        let shown = {
            let mut doit = self.pre_doit(k, handle).await.map_err(|_| Errno::EINVAL)?;
            let found = self.reporter(k, doit.id, reporter)?;
            if self.decisions.lock.dump_get_unlocked {
                doit.unlock();
            }
            // Between the lookup and the dump the reporter may go if nothing keeps it.
            k.point(Point::HealthDumpChunk).await;
            if !found.kref.is_some_and(|kref| k.touch(kref)) {
                return Ok(());
            }
            let dumped = self.reporter(k, doit.id, reporter)?.dumped();
            self.reporter_set(k, doit.id, reporter, dumped);
            dumped.dumps
        };
        let mut doit = self.pre_doit(k, handle).await.map_err(|_| Errno::EINVAL)?;
        let now = self.reporter(k, doit.id, reporter)?;
        if self.decisions.lock.dump_get_unlocked {
            doit.unlock();
            k.point(Point::HealthDumpChunk).await;
            now.kref.inspect(|kref| {
                k.touch(*kref);
            });
        }
        if now.has_dump && now.dumps == shown { Ok(()) } else { Err(Errno::EAGAIN) }
    }

    /// Models `devlink_nl_health_reporter_dump_clear_doit()`: the dump is forgotten.
    pub(super) fn health_dump_clear(
        &self,
        k: &Kernel,
        id: InstanceId,
        reporter: event::Reporter,
    ) -> Result<(), Errno> {
        let now = self.reporter(k, id, reporter)?;
        self.reporter_set(k, id, reporter, Reporter { has_dump: false, ..now });
        Ok(())
    }
}
