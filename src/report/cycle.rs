//! The cycle of a deadlock or of two lock orders: each task, what it waits for, and which task really keeps it from it.

use super::held::{Held, held};
use crate::event::{LockClass, LockName, Subject, TaskId, Trace, What, WorkFn};
use crate::program::Program;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Why a task keeps another waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeps {
    /// It holds the lock.
    Holds(Held),
    /// It runs work of the queue that is flushed.
    Runs(WorkFn),
    /// It is to run work, queued behind what it runs now, that holds a reference.
    Queued(WorkFn),
    /// It uses what the other waits for the users of.
    Uses,
    /// It asked for the lock before.
    IsAhead,
}

/// The lines that explain a deadlock or a lock order at this event; none for other events.
pub fn lines(program: &Program, trace: &Trace, at: usize) -> Vec<String> {
    match trace.events[at].what {
        what @ What::Deadlock(_) => deadlock(program, trace, at, what),
        what @ What::LockOrder(_) => orders(program, trace, at, what),
        _ => Vec::new(),
    }
}

/// A deadlock: follows from the first task of the cycle who waits for whom.
fn deadlock(program: &Program, trace: &Trace, at: usize, what: What) -> Vec<String> {
    let now = held(trace, at);
    let queues = Queues::at(trace, at);
    let waits = |task: TaskId| now.iter().find(|held| held.task == task && held.mode.is_none());
    let links = trace.cycle(what);
    let Some(first) = links.first() else { return Vec::new() };
    let mut way: Vec<(Held, Option<(TaskId, Keeps)>)> = Vec::new();
    let mut task = first.task;
    while let Some(wait) = waits(task).copied() {
        let keeper = keepers(trace, &now, &queues, &wait).into_iter().min_by_key(|(task, _)| {
            // The one that closes the cycle, or else one that waits itself.
            let closes = way.iter().any(|(held, _)| held.task == *task) || *task == wait.task;
            (!closes, waits(*task).is_none())
        });
        way.push((wait, keeper));
        match keeper {
            Some((next, _)) if way.iter().all(|(held, _)| held.task != next) => task = next,
            _ => break,
        }
    }
    if way.is_empty() {
        return links.iter().map(|link| trace.link(link)).collect();
    }
    let mut lines = Vec::new();
    for (wait, keeper) in &way {
        lines.push(wait.describe(program, trace));
        let name = |task: TaskId| trace.name(task);
        lines.push(match keeper {
            Some((task, Keeps::Holds(own))) if *task == wait.task => {
                format!("  recursion: {}", own.describe(program, trace))
            }
            Some((_, Keeps::Holds(own))) => format!("  {}", own.describe(program, trace)),
            Some((task, Keeps::Runs(work))) if *task == wait.task => {
                format!("  recursion: {} is itself the work {work} that it waits for", name(*task))
            }
            Some((task, Keeps::Runs(work))) => format!("  {} runs {work}", name(*task)),
            Some((task, Keeps::Queued(work))) => {
                format!(
                    "  {} is to run {work}, which is queued behind what it runs and holds a reference",
                    name(*task)
                )
            }
            Some((task, Keeps::Uses)) => format!("  {} uses it", name(*task)),
            Some((task, Keeps::IsAhead)) => format!("  {} is ahead in the queue for it", name(*task)),
            None => "  no task is left that could end this wait".to_string(),
        });
    }
    let last = way.last().and_then(|(_, keeper)| keeper.map(|(task, _)| task));
    if let Some(task) = last
        && waits(task).is_none()
    {
        lines.push(format!("{} does not go on either", trace.name(task)));
    }
    lines
}

/// The tasks that keep another from what it waits for.
fn keepers(trace: &Trace, now: &[Held], queues: &Queues, wait: &Held) -> Vec<(TaskId, Keeps)> {
    let lock = wait.lock;
    let mut keepers: Vec<(TaskId, Keeps)> = now
        .iter()
        .filter(|held| held.lock == lock && held.mode.is_some())
        .map(|held| (held.task, Keeps::Holds(*held)))
        .collect();
    if lock.class == LockClass::Workqueue {
        let runs = queues.running.iter().filter(|(_, (queue, _))| Subject::Queue(*queue) == lock.of);
        keepers.extend(runs.map(|(task, (_, work))| (*task, Keeps::Runs(*work))));
    }
    let runs = queues.running.iter().filter(|(_, (_, work))| work.own_lock() == Some(lock));
    keepers.extend(runs.map(|(task, (_, work))| (*task, Keeps::Runs(*work))));
    if lock.class == LockClass::Users {
        keepers.extend(
            queues
                .running
                .iter()
                .filter(|(_, (_, work))| is_about(*work, lock))
                .map(|(task, (_, work))| (*task, Keeps::Runs(*work))),
        );
        for (queue, work) in &queues.waiting {
            if is_about(*work, lock) {
                let worker = queues.running.iter().find(|(_, (running, _))| running == queue);
                keepers.extend(worker.map(|(task, _)| (*task, Keeps::Queued(*work))));
            }
        }
    }
    if keepers.is_empty() {
        let holding = queues.holding.iter().filter(|(_, held)| *held == lock);
        keepers.extend(holding.map(|(task, _)| (*task, Keeps::Uses)));
    }
    if keepers.is_empty() && lock.class == LockClass::Users {
        // Users are no locks, but the order of locks knows them.
        let links = trace.cycles.iter().flatten().filter(|link| link.holds == lock && link.task != wait.task);
        let stuck = |task: TaskId| now.iter().any(|held| held.task == task && held.mode.is_none());
        keepers.extend(links.filter(|link| stuck(link.task)).map(|link| (link.task, Keeps::Uses)));
    }
    if keepers.is_empty() {
        let ahead = now.iter().take_while(|held| *held != wait);
        keepers.extend(
            ahead
                .filter(|held| held.lock == lock && held.mode.is_none())
                .map(|held| (held.task, Keeps::IsAhead)),
        );
    }
    keepers
}

/// Whether work holds a reference to what a wait for users is about.
fn is_about(work: WorkFn, lock: LockName) -> bool {
    match (work, lock.of) {
        (
            WorkFn::NetdeviceEvent(netdev)
            | WorkFn::NetdeviceGone(netdev)
            | WorkFn::AddressGone(netdev, _)
            | WorkFn::LinkLocal(netdev),
            Subject::Netdev(other),
        ) => netdev == other,
        (
            WorkFn::RescanDevice(device) | WorkFn::CmWork(device),
            Subject::Ib(other) | Subject::IbUsers(other),
        ) => device == other,
        _ => false,
    }
}

/// Which work runs and which waits at one moment.
#[derive(Debug, Default)]
struct Queues {
    running: BTreeMap<TaskId, (crate::event::QueueName, WorkFn)>,
    waiting: Vec<(crate::event::QueueName, WorkFn)>,
    /// The tasks that others wait for as for the holder of a lock.
    holding: Vec<(TaskId, LockName)>,
}

impl Queues {
    fn at(trace: &Trace, at: usize) -> Queues {
        let mut queues = Queues::default();
        for event in &trace.events[..at] {
            match event.what {
                What::Queue(queue, work, _) => queues.waiting.push((queue, work)),
                What::Hold(lock) => queues.holding.push((event.task, lock)),
                What::Unhold(lock) => {
                    let found = queues.holding.iter().rposition(|held| *held == (event.task, lock));
                    found.map(|found| queues.holding.remove(found));
                }
                What::Cancel(queue, work) => queues.take(queue, work),
                What::WorkBegin(queue, work) => {
                    queues.take(queue, work);
                    queues.running.insert(event.task, (queue, work));
                }
                What::WorkEnd(..) => drop(queues.running.remove(&event.task)),
                _ => {}
            }
        }
        queues
    }

    fn take(&mut self, queue: crate::event::QueueName, work: WorkFn) {
        if let Some(found) = self.waiting.iter().position(|waiting| *waiting == (queue, work)) {
            self.waiting.remove(found);
        }
    }
}

/// Two lock orders: for each link its witness, the moment at which a task that held the one asked for the other.
fn orders(program: &Program, trace: &Trace, at: usize, what: What) -> Vec<String> {
    let mut lines = Vec::new();
    for (number, link) in (1..).zip(trace.cycle(what)) {
        let mut line = format!("{number}. {} is asked for under {}", link.waits, link.holds);
        match witness(trace, at, link.task, link.holds, link.waits) {
            Some((asked, own)) => {
                let _ = write!(line, ", by {} at {}", trace.name(link.task), link.at);
                lines.push(line);
                lines.push(format!("   {}", own.describe(program, trace)));
                let now = held(trace, asked + 1);
                let then = now.iter().rev().find(|held| held.task == link.task && held.lock == link.waits);
                lines.extend(then.map(|then| format!("   then {}", then.describe(program, trace))));
            }
            None => {
                let _ = write!(line, ", by {} at {}", trace.name(link.task), link.at);
                lines.push(line);
            }
        }
    }
    lines
}

/// The first event at which a task asks for one lock while it holds another, and how it holds that.
fn witness(
    trace: &Trace,
    end: usize,
    task: TaskId,
    holds: LockName,
    waits: LockName,
) -> Option<(usize, Held)> {
    (0..=end).find_map(|at| {
        let event = trace.events[at];
        let asks = matches!(event.what, What::Acquire(lock, _) | What::Block(lock) if lock == waits);
        let is_last = at == end;
        if event.task != task || !(asks || is_last) {
            return None;
        }
        let own = held(trace, at)
            .into_iter()
            .find(|held| held.task == task && held.lock == holds && held.mode.is_some());
        own.map(|own| (at, own))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Link, Mode, Netdev, Point, QueueName};

    fn lock(class: LockClass) -> LockName {
        LockName { class, of: Subject::Kernel }
    }

    fn explained(events: Vec<(TaskId, What)>, cycle: Vec<Link>) -> Vec<String> {
        let mut trace = Trace::of(events);
        trace.cycles = vec![cycle];
        let at = trace.events.len() - 1;
        lines(&Program::default(), &trace, at)
    }

    #[test]
    fn a_task_that_wants_what_it_holds_is_a_recursion() {
        let rtnl = lock(LockClass::Rtnl);
        let events =
            vec![(0, What::Acquire(rtnl, Mode::Write)), (0, What::Block(rtnl)), (0, What::Deadlock(0))];
        let link = Link { task: 0, holds: rtnl, waits: rtnl, at: Point::CommandStart };
        assert_eq!(
            explained(events, vec![link]),
            ["user waits for rtnl_mutex", "  recursion: user holds rtnl_mutex"]
        );
    }

    #[test]
    fn a_cycle_names_the_holder_of_each_lock() {
        let (rtnl, devlink) = (lock(LockClass::Rtnl), lock(LockClass::DevlinkMutex));
        let events = vec![
            (0, What::Acquire(rtnl, Mode::Write)),
            (1, What::Acquire(devlink, Mode::Write)),
            (0, What::Block(devlink)),
            (1, What::Block(rtnl)),
            (1, What::Deadlock(0)),
        ];
        let link = |task, holds, waits| Link { task, holds, waits, at: Point::CommandStart };
        let said = explained(events, vec![link(0, rtnl, devlink), link(1, devlink, rtnl)]);
        assert_eq!(said.len(), 4);
        assert_eq!(said[1], "  probe holds devlink_mutex");
        assert_eq!(said[3], "  user holds rtnl_mutex");
    }

    #[test]
    fn a_reference_that_queued_work_holds_leads_to_its_worker() {
        let netdev = Netdev::Eth0;
        let users = LockName { class: LockClass::Users, of: Subject::Netdev(netdev) };
        let rtnl = lock(LockClass::Rtnl);
        let events = vec![
            (0, What::Acquire(rtnl, Mode::Write)),
            (0, What::Queue(QueueName::Gid, WorkFn::NetdeviceEvent(netdev), crate::event::Module::Core)),
            (0, What::Queue(QueueName::Gid, WorkFn::NetdeviceGone(netdev), crate::event::Module::Core)),
            (1, What::WorkBegin(QueueName::Gid, WorkFn::RescanDevice(crate::event::IbDevice::Rxe0))),
            (1, What::Block(rtnl)),
            (0, What::Block(users)),
            (0, What::Deadlock(0)),
        ];
        let link = Link { task: 0, holds: users, waits: users, at: Point::CommandStart };
        let said = explained(events, vec![link]);
        assert!(said[1].contains("is to run netdevice_event(eth0)"), "{said:?}");
        assert!(said[3].contains("user holds rtnl_mutex"), "{said:?}");
    }

    #[test]
    fn a_wait_that_nobody_can_end_says_so() {
        let users = LockName { class: LockClass::Users, of: Subject::Netdev(Netdev::Eth0) };
        let link = Link { task: 0, holds: users, waits: users, at: Point::CommandStart };
        let said = explained(vec![(0, What::Block(users)), (0, What::Deadlock(0))], vec![link]);
        assert_eq!(said[1], "  no task is left that could end this wait");
    }

    #[test]
    fn two_orders_have_two_witnesses() {
        let (rtnl, devlink) = (lock(LockClass::Rtnl), lock(LockClass::DevlinkMutex));
        let take = |task, first, second| {
            let both = [What::Acquire(first, Mode::Write), What::Acquire(second, Mode::Write)];
            let back = [What::Release(second, Mode::Write), What::Release(first, Mode::Write)];
            both.into_iter().chain(back).map(move |what| (task, what))
        };
        let events: Vec<_> =
            take(0, rtnl, devlink).chain(take(1, devlink, rtnl)).chain([(1, What::LockOrder(0))]).collect();
        let link = |task, holds, waits| Link { task, holds, waits, at: Point::CommandStart };
        let said = explained(events, vec![link(0, rtnl, devlink), link(1, devlink, rtnl)]);
        assert!(said[0].starts_with("1. devlink_mutex is asked for under rtnl_mutex, by user"), "{said:?}");
        assert!(said[3].starts_with("2. rtnl_mutex is asked for under devlink_mutex, by probe"), "{said:?}");
        assert_eq!(said.len(), 6);
    }
}
