//! netdevsim's reports of trapped packets: delayed work that comes round again as long as the traps are there.
//!
//! The work only tries the instance's lock, because a task that holds this lock cancels the work and waits for it.

use super::Cores;
use crate::devlink::InstanceId;
use crate::event::{Handle, Point, QueueName, WorkFn};
use crate::sim::delayed::Milliseconds;

/// Models `NSIM_TRAP_REPORT_INTERVAL_MS`.
const INTERVAL: Milliseconds = 100;
/// A tick of the timer, after which the lock is tried again.
const TICK: Milliseconds = 10;

/// Models the end of `nsim_dev_traps_init()`: the first report is due after an interval.
pub(super) fn start(cores: &Cores<'_>, id: InstanceId) {
    if cores.model(id).reports_traps {
        let handle = cores.devlink.handle(id);
        cores.device(handle).reports_traps_of.set(Some(id));
        queue(cores, handle, id, INTERVAL);
    }
}

/// Models the start of `nsim_dev_traps_exit()`: the work looks at the traps, so it ends before they do.
pub(super) async fn stop(cores: &Cores<'_>, id: InstanceId) {
    if cores.model(id).reports_traps && !cores.devlink.decisions.part.trap_report_left {
        let work = WorkFn::TrapReport(cores.devlink.handle(id));
        cores.kernel.cancel_delayed_work_sync(QueueName::Unbound, work).await;
    }
}

fn queue(cores: &Cores<'_>, handle: Handle, id: InstanceId, delay: Milliseconds) {
    let module = cores.model(id).inventory.module;
    let work = WorkFn::TrapReport(handle);
    // Work that waits already, or that a task is cancelling, is not queued.
    let _queued = cores.kernel.queue_delayed_work(QueueName::Unbound, work, module, delay);
}

/// Models `nsim_dev_trap_report_work()`.
pub async fn work(cores: &Cores<'_>, handle: Handle) {
    let Some(id) = cores.device(handle).reports_traps_of.get() else { return };
    if !cores.devlink.touch(cores.kernel, id) {
        return;
    }
    let held = if cores.devlink.decisions.lock.trap_report_waits {
        Some(cores.devlink.lock(cores.kernel, id, Point::TrapReport).await)
    } else {
        cores.kernel.point(Point::TrapReport).await;
        cores.devlink.try_lock(cores.kernel, id)
    };
    let again = if held.is_some() { INTERVAL } else { TICK };
    drop(held);
    queue(cores, handle, id, again);
}
