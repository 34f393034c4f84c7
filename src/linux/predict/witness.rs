//! Witnesses of what no kernel complains of: which locks a task holds where the model says that it holds them.

use crate::event::{
    Callback, Event, Link, LockClass, LockName, Point, QueueName, Scope, Subject, TaskName, Trace, What,
};
use crate::linux::steer::waits;
use crate::linux::steer::{Entry, Log, Sight};

/// Returns what shows that a callback runs under a lock of all devices, as the model's event at this index says.
pub(super) fn global_lock(model: &Trace, at: usize, log: &Log) -> Option<String> {
    let event = model.events.get(at)?;
    let What::Call(callback, _) = event.what else { return None };
    let held = held_by(model, event.task, at);
    let global = |lock: &&LockName| lock.class.scope() == Scope::Global;
    held.iter().filter(global).find_map(|lock| in_callback(log, model.name(event.task), callback, lock.class))
}

/// Returns what shows that a task needs a lock of all devices while a driver works under it. The model's event at this
/// index is that the task takes it. The driver works under the lock itself, or under the lock of one device, which a
/// task takes that holds the lock of all.
pub(super) fn instances(model: &Trace, at: usize, log: &Log) -> Option<String> {
    let second = model.events.get(at)?;
    let What::Acquire(global, _) = second.what else { return None };
    let task = model.name(second.task);
    let takes = sights(log).find(|sight| is_same(sight.task, task) && holds(sight, global.class))?;
    let takes = format!("{task} takes {} before {}", global.class.name(), takes.point);
    let calls = model.events[..at].iter().enumerate().rev().filter_map(|(at, event)| match event.what {
        What::Call(callback, _) if event.task != second.task => Some((at, event.task, callback)),
        _ => None,
    });
    let shown = |(called, caller, callback): (usize, u8, Callback)| {
        held_by(model, caller, called).into_iter().find_map(|lock| {
            let works = || in_callback(log, model.name(caller), callback, lock.class);
            if lock == global {
                return works();
            }
            let is_link = |(at, event): &(usize, &Event)| {
                matches!(event.what, What::Acquire(taken, _) if taken == lock)
                    && ![caller, second.task].contains(&event.task)
                    && held_by(model, event.task, *at).contains(&global)
            };
            let (_, link) = model.events[..at].iter().enumerate().find(is_link)?;
            let link = model.name(link.task);
            let both = |sight: &&Sight| {
                is_same(sight.task, link) && holds(sight, global.class) && holds(sight, lock.class)
            };
            let (global, lock) = (global.class.name(), lock.class.name());
            sights(log).find(both)?;
            works().map(|works| format!("{works}, {link} holds {global} and takes {lock}"))
        })
    };
    let shown = calls.into_iter().find_map(shown)?;
    Some(format!("{shown}, {takes}"))
}

/// Returns what shows a lock order: every link of the cycle that the model's event at this index names.
pub(super) fn lock_order(model: &Trace, at: usize, log: &Log) -> Option<String> {
    let cycle = model.cycle(model.events.get(at)?.what);
    let link = |link: &Link| {
        let task = model.name(link.task);
        let is_it = |sight: &&Sight| {
            is_same(sight.task, task) && sight.point == link.at && holds(sight, link.holds.class)
        };
        let sight = sights(log).find(is_it)?;
        let (held, wanted) = (link.holds.class.name(), link.waits.class.name());
        Some(format!("{} holds {held} before {wanted} at {}", sight.task, sight.point))
    };
    let links: Option<Vec<String>> = cycle.iter().map(link).collect();
    links.filter(|links| !links.is_empty()).map(|links| links.join(", "))
}

/// Returns what shows that mdev core keeps a reference to a parent's device beyond its unregistration, as the model's
/// event at this index says: a child that is released later has a type, and the type has the parent.
pub(super) fn late_release(model: &Trace, at: usize, log: &Log) -> Option<String> {
    let unregisters = model.name(model.events.get(at)?.task);
    let is_free = |event: &&Event| matches!(event.what, What::Free(Subject::Child(..)));
    let releases = model.name(model.events[at..].iter().find(is_free)?.task);
    let told = |sight: &Sight| is_same(sight.task, unregisters) && sight.point == Point::MdevUnregisterUevent;
    let mut after = sights(log).skip_while(|sight| !told(sight));
    let released = after.find(|sight| is_same(sight.task, releases) && sight.point == Point::MdevRelease)?;
    Some(format!(
        "{} releases a child after {unregisters} said that its parent is unregistered",
        released.task
    ))
}

/// Whether the tracer saw any task hold a lock, which it does where the kernel has lockdep.
pub(super) fn has_locks(log: &Log) -> bool {
    sights(log).any(|sight| !sight.locks.is_empty())
}

/// The locks that the model's task holds before its event at this index.
pub(super) fn held_by(model: &Trace, task: u8, at: usize) -> Vec<LockName> {
    let mut held = Vec::new();
    for event in model.events[..at].iter().filter(|event| event.task == task) {
        match event.what {
            What::Acquire(lock, _) => held.push(lock),
            What::Release(lock, _) => {
                if let Some(at) = held.iter().rposition(|other| *other == lock) {
                    held.remove(at);
                }
            }
            _ => {}
        }
    }
    held
}

fn sights(log: &Log) -> impl Iterator<Item = &Sight> {
    log.entries.iter().filter_map(|entry| match entry {
        Entry::Seen(sight) => Some(sight),
        _ => None,
    })
}

fn in_callback(log: &Log, task: TaskName, callback: Callback, class: LockClass) -> Option<String> {
    let is_it = |sight: &&Sight| {
        is_same(sight.task, task) && points(callback).contains(&sight.point) && holds(sight, class)
    };
    let sight = sights(log).find(is_it)?;
    Some(format!("{} holds {} in {}, at {}", sight.task, class.name(), callback.name(), sight.point))
}

/// Whether a task of the kernel is the model's: of a queue any worker does the work.
fn is_same(kernel: TaskName, model: TaskName) -> bool {
    let queue = QueueName::of_worker(model);
    kernel == model || (queue.is_some() && QueueName::of_worker(kernel) == queue)
}

/// Whether a task that was seen holds a lock of this class, or what stands for one: lockdep has no lock for a write
/// to debugfs, but the function that writes is on the stack.
fn holds(sight: &Sight, class: LockClass) -> bool {
    let has = |part: &str| sight.locks.iter().any(|lock| lock.contains(part));
    match class {
        LockClass::Workqueue => has("(wq_completion)"),
        LockClass::PortFiles | LockClass::BusFiles => has("kn->active"),
        LockClass::BreakHealthFile | LockClass::TakeSnapshotFile => {
            sight.functions.iter().any(|function| function.starts_with("full_proxy_write"))
        }
        _ => sight.locks.iter().any(|lock| waits::class(lock) == class),
    }
}

/// The points at which a kernel comes to a callback; none where the model has no point for it.
const fn points(callback: Callback) -> &'static [Point] {
    match callback {
        Callback::ReloadDown => &[Point::DriverReloadDown],
        Callback::ReloadUp => &[Point::DriverReloadUp],
        Callback::EswitchModeSet => &[Point::DriverEswitchMode],
        Callback::RateNodeNew => &[Point::RateNodeNew],
        // The lock of the instance is held from there over the callback.
        Callback::RegionSnapshot => &[Point::RegionNew, Point::TakeSnapshotLock],
        Callback::FlashUpdate => &[Point::FlashUpdate],
        Callback::MdevProbe => &[Point::MdevCreateProbe, Point::MttyChildProbe],
        Callback::MdevRemove => &[Point::MttyChildRemove],
        Callback::ClientAdd => &[Point::MadAdd, Point::CmAdd, Point::UverbsAdd, Point::UmadAdd],
        Callback::ClientRemove => {
            &[Point::MadRemove, Point::CmRemove, Point::UverbsRemove, Point::UmadRemove]
        }
        Callback::EnumRocePorts => &[Point::IbEnumDevice, Point::IbEnumTouch],
        Callback::ClientRename => &[Point::IbRenameClient],
        Callback::UverbsCommand => &[Point::UverbsCommand],
        Callback::EswitchInlineModeSet
        | Callback::PortNew
        | Callback::PortDel
        | Callback::PortFnStateSet
        | Callback::PortSplit
        | Callback::PortUnsplit
        | Callback::TrapActionSet
        | Callback::HealthRecover
        | Callback::TrapGroupSet
        | Callback::TrapPolicerSet
        | Callback::LinecardProvision
        | Callback::LinecardUnprovision
        | Callback::RateNodeDel
        | Callback::RateTxShareSet
        | Callback::RateTxMaxSet
        | Callback::RateParentSet
        | Callback::GetNetDevByParams
        | Callback::IbEvent => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Client, IbDevice, Mode};

    const CLIENTS: LockName = LockName { class: LockClass::ClientsRwsem, of: Subject::Kernel };
    const FILE: LockName = LockName { class: LockClass::BreakHealthFile, of: Subject::Kernel };
    const CALL: What = What::Call(Callback::ClientAdd, Subject::ClientData(Client::Mad, IbDevice::Rxe0));

    fn seen(point: Point, locks: &[&str], functions: &[&str]) -> Log {
        let strings = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        let (locks, functions) = (strings(locks), strings(functions));
        let sight = Sight { task: TaskName::User, point, locks, functions };
        Log { entries: vec![Entry::Seen(sight)], ..Log::default() }
    }

    fn model(events: &[What]) -> Trace {
        let mut trace = Trace::of(events.iter().map(|what| (0, *what)));
        trace.tasks = vec![TaskName::User];
        trace
    }

    #[test]
    fn a_lock_is_shown_in_the_callback_and_nowhere_else() {
        let model = model(&[What::Acquire(CLIENTS, Mode::Read), CALL]);
        let judge = |log: &Log| global_lock(&model, 1, log).is_some();
        assert!(judge(&seen(Point::UverbsAdd, &["&dev->mutex", "clients_rwsem"], &[])));
        assert!(!judge(&seen(Point::UverbsAdd, &["&dev->mutex"], &[])), "another lock");
        assert!(!judge(&seen(Point::UverbsRemove, &["clients_rwsem"], &[])), "another callback");
        let released =
            self::model(&[What::Acquire(CLIENTS, Mode::Read), What::Release(CLIENTS, Mode::Read), CALL]);
        assert_eq!(global_lock(&released, 2, &seen(Point::UverbsAdd, &["clients_rwsem"], &[])), None);
    }

    #[test]
    fn a_lock_order_is_shown_by_every_link() {
        let link = |holds, waits, at| Link { task: 0, holds, waits, at };
        let mut model = model(&[What::LockOrder(0)]);
        model.cycles =
            vec![vec![link(FILE, CLIENTS, Point::HealthDump), link(CLIENTS, FILE, Point::HealthRemove)]];
        let mut log = seen(Point::HealthDump, &[], &["devlink_health_report", "full_proxy_write"]);
        assert_eq!(lock_order(&model, 0, &log), None, "one way alone is an order");
        log.entries.extend(seen(Point::HealthRemove, &["clients_rwsem"], &[]).entries);
        assert!(lock_order(&model, 0, &log).is_some());
    }
}
