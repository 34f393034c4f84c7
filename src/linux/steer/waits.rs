//! Which task waits for which on a real kernel: the functions in which tasks sleep, and lockdep's list of held locks.

use super::{Entry, Log};
use crate::event::{Link, LockClass, LockName, Point, Subject, TaskId, TaskName};
use std::fmt;

/// A lock as lockdep prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Lock {
    /// Where it is: two locks of one class have two addresses.
    address: String,
    /// Its class.
    class: String,
}

/// A task that sleeps for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// The task.
    pub task: TaskId,
    /// The task's name.
    pub name: TaskName,
    /// The function in which it sleeps, and by which primitive.
    words: String,
    wants: Option<Lock>,
    holds: Vec<Lock>,
    /// The task that holds what it wants.
    holder: Option<(TaskId, TaskName)>,
}

impl Wait {
    /// The function in which it sleeps.
    pub fn function(&self) -> &str {
        self.words.split([',', ' ']).next().unwrap_or_default()
    }

    /// The task that holds what it wants, where lockdep says so.
    pub fn holder(&self) -> Option<TaskName> {
        self.holder.map(|(_, name)| name)
    }

    /// The model's name for what it waits for.
    pub fn class(&self) -> LockClass {
        self.wants.as_ref().map_or_else(|| class(&self.words), |lock| class(&lock.class))
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.words)?;
        if let Some(wants) = &self.wants {
            write!(f, ", for {}", wants.class)?;
        }
        match self.holder {
            Some((_, holder)) => write!(f, ", which {holder} holds"),
            None => Ok(()),
        }
    }
}

/// The tasks that sleep for good, of a run with these tasks, with what lockdep says of them, if it says anything.
pub fn read(log: &Log, tasks: &[TaskName], lockdep: &str) -> Vec<Wait> {
    let held = held(lockdep);
    let stuck = log.entries.iter().filter_map(|entry| match entry {
        Entry::Stuck(name, words) => Some((*name, words.clone())),
        _ => None,
    });
    let waits = stuck.filter_map(|(name, words)| {
        let task = tasks.iter().position(|task| *task == name)? as TaskId;
        let own = held.iter().find(|(number, _)| *number == task);
        let mut holds = own.map_or(Vec::new(), |(_, locks)| locks.clone());
        // Lockdep lists a lock before it is waited for.
        let wants = if is_lock(&words) { holds.pop() } else { None };
        Some(Wait { task, name, words, wants, holds, holder: None })
    });
    let mut waits: Vec<Wait> = waits.collect();
    for at in 0..waits.len() {
        let Some(wants) = waits[at].wants.clone() else { continue };
        let holder = waits.iter().find(|other| other.holds.contains(&wants));
        waits[at].holder = holder.map(|holder| (holder.task, tasks[usize::from(holder.task)]));
    }
    waits
}

/// The same as a cycle of the model's: what each task waits for, and what it holds that another waits for.
pub fn cycle(waits: &[Wait]) -> Vec<Link> {
    let link = |wait: &Wait| {
        let is_wanted = |lock: &&Lock| waits.iter().any(|other| other.wants.as_ref() == Some(*lock));
        let holds = wait.holds.iter().find(is_wanted).or(wait.holds.last());
        let waits = wait.class();
        let named = |class| LockName { class, of: Subject::Kernel };
        let holds = named(holds.map_or(LockClass::Unnamed, |lock| class(&lock.class)));
        Link { task: wait.task, holds, waits: named(waits), at: place(&wait.words) }
    };
    waits.iter().map(link).collect()
}

/// The locks of each task of the agent's, the first taken first, from what lockdep prints of all.
fn held(lockdep: &str) -> Vec<(TaskId, Vec<Lock>)> {
    let mut held: Vec<(TaskId, Vec<Lock>)> = Vec::new();
    let mut is_ours = false;
    for line in lockdep.lines().map(str::trim) {
        if let Some((_, of)) = line.split_once(" held by ") {
            let task = of.split('/').next().and_then(|name| name.strip_prefix("task-")?.parse().ok());
            is_ours = task.is_some();
            held.extend(task.map(|task| (task, Vec::new())));
        } else if let (true, Some(lock)) = (is_ours, lock(line))
            && let Some((_, locks)) = held.last_mut()
        {
            locks.push(lock);
        }
    }
    held
}

/// A line as ` #0: 0000000062f0e8a8 (&devlink->lock){+.+.}-{4:4}, at: devl_lock+0x20/0x30`.
fn lock(line: &str) -> Option<Lock> {
    let (_, rest) = line.strip_prefix('#')?.split_once(": ")?;
    let (address, rest) = rest.split_once(" (")?;
    let (class, _) = rest.split_once("){")?;
    // A class of which there are several has a number.
    let class = class.split('#').next().unwrap_or(class).trim_end_matches("/1");
    Some(Lock { address: address.to_string(), class: class.to_string() })
}

/// Whether a task sleeps in something that lockdep lists.
fn is_lock(words: &str) -> bool {
    let by = words.rsplit("by ").next().unwrap_or_default();
    ["mutex", "down_", "rwsem", "devl_lock", "rtnl_lock", "__rtnl", "devl_dev_lock"]
        .iter()
        .any(|part| by.contains(part))
}

/// The model's name for a lock of lockdep's, or for what is waited for by a function.
pub fn class(words: &str) -> LockClass {
    const NAMES: &[(&str, LockClass)] = &[
        ("&dev->mutex", LockClass::DeviceLock),
        ("&devlink->lock", LockClass::Devlink),
        ("devl_lock", LockClass::Devlink),
        ("rtnl_", LockClass::Rtnl),
        ("pernet_ops_rwsem", LockClass::PernetOps),
        ("nsim_bus_dev_list_lock", LockClass::NsimBusDevList),
        ("port_list_lock", LockClass::NsimPortList),
        ("snapshot_lock", LockClass::RegionSnapshotLock),
        ("mdev_list_lock", LockClass::MdevListLock),
        ("unreg_sem", LockClass::UnregSem),
        ("client_data_rwsem", LockClass::ClientDataRwsem),
        ("devices_rwsem", LockClass::DevicesRwsem),
        ("clients_rwsem", LockClass::ClientsRwsem),
        ("unregistration_lock", LockClass::UnregistrationLock),
        ("link_ops_rwsem", LockClass::LinkOpsRwsem),
        ("flush_work", LockClass::Workqueue),
        ("flush_workqueue", LockClass::Workqueue),
        ("ib_unregister_", LockClass::Users),
        ("disable_device", LockClass::Users),
        ("netdev_wait_allrefs", LockClass::Users),
        ("debugfs", LockClass::BreakHealthFile),
        // `fs/debugfs` waits there for the writers of a file that goes.
        ("remove_one", LockClass::BreakHealthFile),
        ("kernfs", LockClass::PortFiles),
    ];
    NAMES.iter().find(|(part, _)| words.contains(part)).map_or(LockClass::Unnamed, |(_, class)| *class)
}

/// The point that is named after the function in which a task sleeps, or else the first of all.
fn place(words: &str) -> Point {
    let function = words.split([',', ' ']).next().unwrap_or_default();
    let is_there = |point: &&Point| point.name().split(':').next() == Some(function);
    Point::ALL.iter().find(is_there).copied().unwrap_or(Point::CommandStart)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::TaskName::{Admin, User};

    const LOCKDEP: &str = "\
Showing all locks held in the system:
1 lock held by kworker/0:1/12:
 #0: 0000000060a00000 ((wq_completion)events){+.+.}-{0:0}, at: process_one_work+0x1/0x2
2 locks held by task-0/31:
 #0: 0000000062f0e8a8 (&devlink->lock#2){+.+.}-{4:4}, at: devl_lock+0x20/0x30
 #1: 0000000062f0e900 (&nsim_dev->port_list_lock){+.+.}-{4:4}, at: nsim_dev_port_del+0x1/0x2
2 locks held by task-1/32:
 #0: 0000000062f0e900 (&nsim_dev->port_list_lock){+.+.}-{4:4}, at: nsim_dev_port_add+0x1/0x2
 #1: 0000000062f0e8a8 (&devlink->lock#2){+.+.}-{4:4}, at: devl_lock+0x20/0x30";

    fn log(entries: &[(TaskName, &str)]) -> Log {
        let stuck = |(task, words): &(TaskName, &str)| Entry::Stuck(*task, (*words).to_string());
        Log { entries: entries.iter().map(stuck).collect(), ..Log::default() }
    }

    #[test]
    fn two_tasks_that_hold_what_the_other_wants_are_a_cycle() {
        let log = log(&[
            (User, "nsim_dev_port_del, by mutex_lock_nested"),
            (Admin, "nsim_dev_port_add, by devl_lock"),
        ]);
        let waits = read(&log, &[User, Admin], LOCKDEP);
        assert_eq!(
            waits.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "nsim_dev_port_del, by mutex_lock_nested, for &nsim_dev->port_list_lock, which admin holds",
                "nsim_dev_port_add, by devl_lock, for &devlink->lock, which user holds",
            ]
        );
        let cycle = cycle(&waits);
        let classes: Vec<_> =
            cycle.iter().map(|link| (link.task, link.holds.class, link.waits.class)).collect();
        assert_eq!(
            classes,
            [
                (0, LockClass::Devlink, LockClass::NsimPortList),
                (1, LockClass::NsimPortList, LockClass::Devlink)
            ]
        );
    }

    #[test]
    fn without_lockdep_the_function_says_what_is_waited_for() {
        let log = log(&[
            (User, "debugfs_remove, by wait_for_completion"),
            (Admin, "devlink_health_report, by devl_lock"),
        ]);
        let cycle = cycle(&read(&log, &[User, Admin], ""));
        let classes: Vec<_> = cycle.iter().map(|link| link.waits.class).collect();
        assert_eq!(classes, [LockClass::BreakHealthFile, LockClass::Devlink]);
    }
}
