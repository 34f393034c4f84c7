//! The place of a complaint: the first function on its stack that is not there to lock, to wait, to count or to complain.

/// How the names of functions begin that say nothing of the cause.
const GENERIC: &[&str] = &[
    // Complaining, and the way there.
    "show_stack",
    "dump_",
    "__warn",
    "warn_",
    "report_bug",
    "print_",
    "kasan_",
    "__kasan",
    "__asan",
    "panic",
    "vpanic",
    "check_panic",
    "segv",
    "bad_segv",
    "sig_handler",
    "hard_handler",
    "trap",
    "relay_signal",
    "do_user_",
    "arch_do_signal",
    "debug_check_no",
    "debug_object",
    "debug_print",
    "__debug_",
    "__might_",
    "lockdep_",
    "lock_acquire",
    "lock_release",
    "lock_is_held",
    "__lock_",
    "validate_chain",
    "check_prev",
    "check_noncircular",
    "mark_lock",
    // Locks, waits, and the scheduler.
    "schedule",
    "__schedule",
    "__switch_to",
    "preempt_",
    "mutex_",
    "__mutex",
    "_mutex",
    "down_",
    "up_",
    "__down_",
    "__up_",
    "rwsem_",
    "_raw_",
    "do_raw_",
    "spin_",
    "queued_",
    "wait_for_",
    "__wait_for",
    "do_wait_for",
    "wait_woken",
    "io_schedule",
    "__flush_work",
    "flush_work",
    "__cancel_work",
    "cancel_work_sync",
    "cancel_delayed_work",
    "__cancel_delayed",
    "synchronize_",
    "__wait_rcu",
    "rcu_",
    "__rcu",
    "msleep",
    "device_lock",
    "devl_lock",
    "devl_dev_lock",
    "devl_unlock",
    "rtnl_lock",
    "__rtnl",
    // Counts, lists and memory.
    "refcount_",
    "__refcount",
    "kref_",
    "kobject_get",
    "kobject_put",
    "get_device",
    "put_device",
    "ref_tracker",
    "__list",
    "list_",
    "hlist_",
    "xa_",
    "xas_",
    "__xa_",
    "idr_",
    "ida_",
    "radix_tree",
    "kfree",
    "kvfree",
    "slab_",
    "__slab",
    "free_to",
    "kmem_",
    "memcpy",
    "memset",
    "memcmp",
    "strlen",
    "strcmp",
    "__str",
    "arch_",
    "atomic_",
    "percpu_",
    "instrument_",
];

/// The place of a complaint with this first line, which may name a function, and these lines from there on.
pub fn place(line: &str, lines: &[&str]) -> String {
    let named = functions(line).into_iter().next().filter(|name| !is_generic(name));
    named.or_else(|| frames(lines).into_iter().find(|name| !is_generic(name))).unwrap_or_default()
}

/// The functions of the first stack in a log, the innermost first: those that the unwinder is sure of.
pub fn frames(lines: &[&str]) -> Vec<String> {
    let begin = lines.iter().position(|line| line.contains("Call Trace:"));
    begin.map_or(Vec::new(), |begin| frames_at(&lines[begin + 1..]))
}

/// The functions of a stack that begins with the first line.
pub(super) fn frames_at(lines: &[&str]) -> Vec<String> {
    let is_of_stack = |line: &&&str| {
        let line = without_time(line);
        line.starts_with("[<") || line.starts_with('?') || line.starts_with('<') || line.contains("+0x")
    };
    lines.iter().take_while(is_of_stack).filter_map(|line| frame(line)).collect()
}

/// A line of the log without its time and the blanks around it.
pub(super) fn without_time(line: &str) -> &str {
    let line = line.trim();
    let rest = line.strip_prefix('[').and_then(|line| line.split_once("] "));
    let is_time = |time: &str| time.trim().parse::<f64>().is_ok();
    rest.filter(|(time, _)| is_time(time)).map_or(line, |(_, text)| text.trim())
}

/// The function of a line as ` [<9b06ec70>] new_device_store+0x396/0x479 [netdevsim]`.
fn frame(line: &str) -> Option<String> {
    let line = without_time(line);
    let line = match line.strip_prefix("[<") {
        Some(rest) => rest.split_once(">] ")?.1,
        None => line,
    };
    if line.starts_with('?') { None } else { functions(line).into_iter().next() }
}

/// The functions that a line names with an offset, each with its module.
fn functions(line: &str) -> Vec<String> {
    let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_end_matches([',', ':'])).collect();
    let name = |(at, word): (usize, &&str)| {
        let (function, _) = word.split_once("+0x")?;
        // What the compiler appends to a function that it has split.
        let function = function.split('.').next().filter(|function| !function.is_empty())?;
        let module = words.get(at + 1).filter(|next| next.starts_with('[') && next.ends_with(']'));
        Some(module.map_or_else(|| function.to_string(), |module| format!("{function} {module}")))
    };
    words.iter().enumerate().filter_map(name).collect()
}

/// Whether a function says nothing of a cause.
pub(super) fn is_generic(name: &str) -> bool {
    GENERIC.iter().any(|begins| name.starts_with(begins))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_that_counts_is_passed_over_and_one_that_uses_is_the_place() {
        let lines = [
            "BUG: KASAN: slab-use-after-free in __mutex_lock+0x10/0x20",
            "Call Trace:",
            " [<6>] ? dump_trace+0x0/0x20b",
            " [<6>] kasan_report+0x1/0x2",
            " [<6>] mutex_lock_nested+0x1/0x2",
            " [<6>] ? nothing_sure+0x1/0x2",
            " [<9>] nsim_dev_port_add.constprop.0+0x1/0x2 [netdevsim]",
            " [<9>] new_port_store+0x1/0x2 [netdevsim]",
            "",
            "Allocated by task 3:",
            " kmalloc+0x1/0x2",
        ];
        assert_eq!(place(lines[0], &lines), "nsim_dev_port_add [netdevsim]");
        assert_eq!(frames(&lines).len(), 4);
    }

    #[test]
    fn a_function_that_the_first_line_names_is_the_place() {
        let old = "WARNING at net/devlink/core.c:123 devlink_free+0x10/0x20";
        let new = "WARNING: net/devlink/core.c:123 at devlink_free+0x10/0x20, task/38";
        assert_eq!(place(old, &[]), "devlink_free");
        assert_eq!(place(new, &[]), "devlink_free");
        assert_eq!(place("Kernel panic - not syncing: x", &[]), "");
    }
}
