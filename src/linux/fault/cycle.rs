//! The cycle of a deadlock: which of the tasks that sleep for good wait for each other. Other tasks that sleep only wait for
//! one of these, and are no part of the cause.

use crate::event::{LockClass, TaskName};
use crate::linux::steer::waits::Wait;

/// What it costs to follow a wait whose holder lockdep names, one whose holder its command tells, and a guess.
const NAMED: u32 = 1;
const TOLD: u32 = 2;
const GUESSED: u32 = 8;

/// The functions in which the tasks of a deadlock wait, sorted, each once: of the tasks of the likeliest cycle, or of all
/// if no cycle is seen. `under_way` gives the name of a task's command.
pub(super) fn functions(waits: &[Wait], under_way: impl Fn(TaskName) -> Option<&'static str>) -> Vec<&str> {
    let edges: Vec<Vec<(usize, u32)>> = (0..waits.len()).map(|at| edges(waits, at, &under_way)).collect();
    let all: Vec<usize> = (0..waits.len()).collect();
    let cycle = likeliest(&edges, |cycle| names(waits, cycle).concat()).unwrap_or(all);
    names(waits, &cycle)
}

fn names<'w>(waits: &'w [Wait], of: &[usize]) -> Vec<&'w str> {
    let mut names: Vec<&str> = of.iter().map(|at| waits[*at].function()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The tasks that a task may wait for, each with what it costs to say so.
fn edges(
    waits: &[Wait],
    at: usize,
    under_way: &impl Fn(TaskName) -> Option<&'static str>,
) -> Vec<(usize, u32)> {
    let wait = &waits[at];
    let others = (0..waits.len()).filter(|other| *other != at);
    if let Some(holder) = wait.holder() {
        return others.filter(|other| waits[*other].name == holder).map(|other| (other, NAMED)).collect();
    }
    let is_user = |name: TaskName| match wait.class() {
        // Its removal waits for its writers.
        LockClass::BreakHealthFile => under_way(name) == Some("driver.break-health"),
        // A worker has no command.
        LockClass::Workqueue => under_way(name).is_none(),
        _ => false,
    };
    let users: Vec<(usize, u32)> =
        others.clone().filter(|other| is_user(waits[*other].name)).map(|other| (other, TOLD)).collect();
    if users.is_empty() { others.map(|other| (other, GUESSED)).collect() } else { users }
}

/// The cycle that costs least; of several the one whose name comes first.
fn likeliest(edges: &[Vec<(usize, u32)>], name: impl Fn(&[usize]) -> String) -> Option<Vec<usize>> {
    let mut best: Option<(u32, String, Vec<usize>)> = None;
    // So few tasks have few paths.
    let mut paths: Vec<(u32, Vec<usize>)> = (0..edges.len()).map(|at| (0, vec![at])).collect();
    while let Some((cost, path)) = paths.pop() {
        let last = path[path.len() - 1];
        for (next, more) in &edges[last] {
            let cost = cost + more;
            if *next == path[0] {
                let found = (cost, name(&path), path.clone());
                if best.as_ref().is_none_or(|best| (found.0, &found.1) < (best.0, &best.1)) {
                    best = Some(found);
                }
            } else if !path.contains(next) {
                paths.push((cost, [&path[..], &[*next]].concat()));
            }
        }
    }
    best.map(|(_, _, cycle)| cycle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::TaskName::{Admin, Remove, User};
    use crate::linux::steer::{Entry, Log, waits};

    const LOCKDEP: &str = "\
1 lock held by task-0/31:
 #0: 0000000062f0e8a8 (&devlink->lock){+.+.}-{4:4}, at: devl_lock+0x20/0x30
1 lock held by task-1/32:
 #0: 0000000062f0e8a8 (&devlink->lock){+.+.}-{4:4}, at: devl_lock+0x20/0x30
1 lock held by task-2/33:
 #0: 0000000062f0e8a8 (&devlink->lock){+.+.}-{4:4}, at: devl_lock+0x20/0x30";

    fn of(entries: &[(TaskName, &str)], lockdep: &str) -> String {
        let stuck = |(task, words): &(TaskName, &str)| Entry::Stuck(*task, (*words).to_string());
        let log = Log { entries: entries.iter().map(stuck).collect(), ..Log::default() };
        let waits = waits::read(&log, &[User, Admin, Remove], lockdep);
        let under_way = |name| Some(if name == Admin { "driver.break-health" } else { "devlink.get" });
        functions(&waits, under_way).join(" and ")
    }

    #[test]
    fn a_task_that_only_waits_for_one_of_the_cycle_is_no_part_of_it() {
        let user = (User, "remove_one, by wait_for_completion");
        let admin = (Admin, "devlink_health_report, by mutex_lock_nested");
        let other = (Remove, "devlink_get_from_attrs_lock, by mutex_lock_nested");
        let two = "devlink_health_report and remove_one";
        assert_eq!(of(&[user, admin], LOCKDEP), two);
        assert_eq!(of(&[other, user, admin], LOCKDEP), two, "the order in which tasks are seen is no matter");
        let file = (User, "remove_one, by wait_for_completion in debugfs_remove");
        assert_eq!(of(&[file, admin, other], ""), two, "without lockdep a command tells it");
    }

    #[test]
    fn tasks_of_which_none_waits_for_another_are_all_named() {
        assert_eq!(of(&[(User, "f, by schedule")], ""), "f");
        assert_eq!(of(&[], ""), "");
    }
}
