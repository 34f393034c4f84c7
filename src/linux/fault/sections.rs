//! What a report says of a fault beside the log: which task waits for which, and who used, freed and allocated memory.

use super::stack;

/// Functions of a stack, and what the task did there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// `used by task task-1/38`, `freed by task 37`
    pub what: String,
    /// The innermost first, without those that every stack of its sort has.
    pub functions: Vec<String>,
}

/// Which task waits where and for what, a line a task, out of the text of a fault.
pub fn waits(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut said: Vec<String> = Vec::new();
    let mut holder: Option<String> = None;
    for (at, line) in lines.iter().map(|line| line.trim()).enumerate() {
        if line.contains(" waits in ") {
            said.push(line.to_string());
        } else if let Some((_, rest)) = line.split_once("INFO: task ") {
            let name = rest.split([':', ' ']).next().unwrap_or_default();
            let place = stack::place("", &lines[at + 1..]);
            said.push(format!("{name} waits in {place}"));
        } else if let Some((_, of)) = line.split_once(" held by ") {
            let name = of.split('/').next().unwrap_or_default().to_string();
            let is_ours = name.starts_with("task-") || said.iter().any(|line| begins(line, &name));
            holder = is_ours.then_some(name);
        } else if let (Some(name), Some(lock)) = (&holder, lock(line)) {
            said.push(format!("{name} holds or wants {lock}"));
        }
    }
    said
}

fn begins(line: &str, name: &str) -> bool {
    line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' '))
}

/// The class and the function of a line as ` #0: 0000 (&devlink->lock){+.+.}-{4:4}, at: devl_lock+0x20/0x30`.
fn lock(line: &str) -> Option<String> {
    let (_, rest) = line.strip_prefix('#')?.split_once(" (")?;
    let (class, rest) = rest.split_once("){")?;
    let at = rest.split_once("at: ").map_or("", |(_, at)| at.split('+').next().unwrap_or(at));
    Some(format!("{class}, taken in {at}"))
}

/// Who used memory, and who allocated and freed it before, out of a complaint of KASAN; empty of any other.
pub fn memory(text: &str) -> Vec<Deed> {
    const MARKS: [(&str, &str); 4] = [
        ("Freed by task", "freed by task"),
        ("Allocated by task", "allocated by task"),
        ("Last potentially related work creation", "last work queued by"),
        ("Second to last potentially related work creation", "work queued before by"),
    ];
    let lines: Vec<&str> = text.lines().collect();
    let Some(begin) = lines.iter().position(|line| line.contains("BUG: KASAN: ")) else { return Vec::new() };
    let access = lines[begin..].iter().find_map(|line| line.split_once(" by task "));
    let by = access.map_or(String::new(), |(_, by)| format!(" task {}", by.trim()));
    let mut deeds =
        vec![Deed { what: format!("used by{by}"), functions: told(stack::frames(&lines[begin..])) }];
    for (mark, what) in MARKS {
        let at = lines.iter().position(|line| stack::without_time(line).starts_with(mark));
        let Some(at) = at else { continue };
        let rest = stack::without_time(lines[at]).trim_start_matches(mark).trim_end_matches(':').trim();
        let what = format!("{what} {rest}").trim_end().to_string();
        deeds.push(Deed { what, functions: told(stack::frames_at(&lines[at + 1..])) });
    }
    deeds
}

/// A stack without the functions at its top that every complaint or every allocation has.
fn told(functions: Vec<String>) -> Vec<String> {
    let generic = functions.iter().take_while(|name| stack::is_generic(name)).count();
    if generic == functions.len() { functions } else { functions[generic..].to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KASAN: &str = "\
BUG: KASAN: slab-use-after-free in mdev_device_remove+0x54/0x163 [mdev]
Read of size 8 at addr 00000000a3997308 by task task-1/38

Call Trace:
 [<6>] kasan_report+0x1/0x2
 [<6>] mdev_device_remove+0x54/0x163 [mdev]
 [<6>] remove_store+0x1/0x2 [mdev]

Allocated by task 37:
 kasan_save_stack+0x1/0x2
 mtty_init+0x1/0x2

Freed by task 37:
 kfree+0x1/0x2
 mdev_unregister_parent+0x1/0x2 [mdev]
 mtty_exit+0x1/0x2

The buggy address belongs to the object";

    #[test]
    fn kasan_says_who_used_what_another_has_freed() {
        let deeds = memory(KASAN);
        let of = |at: usize| (deeds[at].what.as_str(), deeds[at].functions.join(" "));
        assert_eq!(
            of(0),
            ("used by task task-1/38", "mdev_device_remove [mdev] remove_store [mdev]".to_string())
        );
        assert_eq!(of(1), ("freed by task 37", "mdev_unregister_parent [mdev] mtty_exit".to_string()));
        assert_eq!(of(2), ("allocated by task 37", "mtty_init".to_string()));
        assert_eq!(deeds.len(), 3);
        assert_eq!(memory("WARNING: f+0x1/0x2"), []);
    }

    #[test]
    fn a_wait_names_the_place_and_the_locks() {
        let hung = "INFO: task task-0:38 blocked for more than 122 seconds.\nCall Trace:\n [<6>] schedule+0x1/0x2\n \
            [<6>] nsim_dev_health_exit+0x46/0x90 [netdevsim]\n\nShowing all locks held in the system:\n\
            1 lock held by khungtaskd/12:\n #0: 00 (rcu_read_lock){....}-{1:2}, at: debug_show_all_locks+0x1/0x2\n\
            1 lock held by task-0/38:\n #0: 01 (&devlink->lock){+.+.}-{4:4}, at: devl_lock+0x1/0x2\n";
        assert_eq!(
            waits(hung),
            [
                "task-0 waits in nsim_dev_health_exit [netdevsim]",
                "task-0 holds or wants &devlink->lock, taken in devl_lock"
            ]
        );
    }
}
