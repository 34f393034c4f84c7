//! Where a task sleeps, by the functions on its stack.

/// Functions that put a task to sleep for their caller. What called the last of them is the function that waits.
const PRIMITIVES: &[&str] = &[
    "schedule",
    "schedule_timeout",
    "schedule_preempt_disabled",
    "schedule_hrtimeout",
    "io_schedule",
    "__mutex_lock",
    "mutex_lock",
    "_mutex_lock",
    "rwsem_down_",
    "down_read",
    "down_write",
    "__down",
    "down_killable",
    "wait_for_completion",
    "__wait_for_common",
    "wait_for_common",
    "do_wait_for_common",
    "__flush_work",
    "flush_work",
    "__flush_workqueue",
    "drain_workqueue",
    "__cancel_work",
    "cancel_work_sync",
    "cancel_delayed_work_sync",
    "wait_on_",
    "out_of_line_wait",
    "bit_wait",
    "rt_mutex",
    "rtnl_lock",
    "__rtnl_",
    "devl_lock",
    "devl_dev_lock",
    "__device_driver_lock",
    "synchronize_",
    "__wait_rcu_gp",
    "exp_funnel_lock",
    "rcu_barrier",
    "__synchronize_srcu",
];

/// Functions that sleep for a time and wait for no task.
const TIMERS: &[&str] = &["msleep", "do_nanosleep", "usleep_range"];

/// Functions that sleep for a time, look whether what they wait for has come, and sleep again.
const POLLERS: &[&str] = &["netdev_wait_allrefs"];

/// How a task sleeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sleep {
    /// Whether it only lets time pass.
    pub is_timer: bool,
    /// Whether it looks again and again, and so goes on some time after what it waits for has come.
    pub polls: bool,
    /// Which frame is the first of a function that goes on when the wait is over: its index among those given.
    pub frame: usize,
    /// In words: the function that waits, and the primitive by which it does.
    pub words: String,
}

/// Says how a task sleeps whose stack has these functions, the innermost first.
pub fn classify(functions: &[String]) -> Sleep {
    let begins = |list: &[&str], name: &String| list.iter().any(|with| name.starts_with(with));
    let is_named = |list: &[&str], name: &String| list.contains(&name.as_str());
    let is_primitive = |name: &&String| begins(PRIMITIVES, name) || is_named(TIMERS, name);
    let poller = functions.iter().position(|name| begins(POLLERS, name));
    let frame = poller.unwrap_or_else(|| functions.iter().take_while(is_primitive).count());
    let is_timer = poller.is_none() && functions.iter().any(|name| is_named(TIMERS, name));
    let by = frame.checked_sub(1).map_or("schedule", |last| functions[last].as_str());
    let words = match functions.get(frame) {
        Some(function) => format!("{function}, by {by}"),
        None => by.to_string(),
    };
    // The function that looks again is left only when the wait is over.
    let frame = frame + usize::from(poller.is_some());
    Sleep { is_timer, polls: poller.is_some(), frame, words }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(functions: &[&str]) -> Sleep {
        classify(&functions.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn a_wait_is_named_by_who_waits_and_how() {
        let sleep = of(&[
            "schedule_preempt_disabled",
            "__mutex_lock_common",
            "mutex_lock_nested",
            "devlink_health_report",
            "nsim_dev_health_break_write",
        ]);
        assert_eq!(sleep.words, "devlink_health_report, by mutex_lock_nested");
        assert_eq!((sleep.frame, sleep.is_timer), (3, false));
    }

    #[test]
    fn a_sleep_for_a_time_is_a_wait_only_where_it_asks_again_and_again() {
        assert!(of(&["schedule_timeout", "msleep", "nsim_dev_flash_update"]).is_timer);
        let sleep = of(&["schedule_timeout", "msleep", "netdev_wait_allrefs_any", "netdev_run_todo"]);
        assert_eq!((sleep.is_timer, sleep.polls, sleep.frame), (false, true, 3));
        assert_eq!(sleep.words, "netdev_wait_allrefs_any, by msleep");
        assert!(!of(&["schedule", "__flush_work"]).is_timer);
    }
}
