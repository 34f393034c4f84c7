//! Faults: what a kernel did wrong while it ran a program, each with a key that is the same for the same cause.

mod cycle;
pub mod sections;
pub mod stack;

use super::complaint::{self, Complaint, Kind};
use super::steer::waits::{self, Wait};
use super::steer::{Entry, Log};
use super::wire::Report;
use crate::event::{Trace, What};
use crate::invariant::judge_observed;
use crate::program::Program;
use std::collections::BTreeSet;
use std::fmt;

/// How it is said that a guest says nothing any more.
pub const HANGS: &str = "the guest hangs";

/// A sort of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// The kernel complains of itself.
    Complaint(Kind),
    /// Tasks wait for each other, or for what never comes.
    Deadlock,
    /// The kernel says nothing any more, or its process ended without a message.
    Hang,
    /// Something is left after everything was deleted.
    Left,
    /// Its true stream breaks an invariant.
    Broken,
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sort::Complaint(kind) => write!(f, "{kind}"),
            Sort::Deadlock => f.write_str("deadlock"),
            Sort::Hang => f.write_str("hang"),
            Sort::Left => f.write_str("left behind"),
            Sort::Broken => f.write_str("invariant"),
        }
    }
}

/// What tells two causes apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The sort of fault.
    pub sort: Sort,
    /// What is said of it: a kind of bad access, an invariant's name.
    pub what: String,
    /// Where in the kernel's text: functions; empty where no place is known.
    pub place: String,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.sort)?;
        if !self.what.is_empty() {
            write!(f, ": {}", self.what)?;
        }
        if !self.place.is_empty() {
            write!(f, " in {}", self.place)?;
        }
        Ok(())
    }
}

/// A fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What tells it from another.
    pub key: Key,
    /// What the kernel said, or what shows it otherwise.
    pub text: String,
    /// Whether it came to light when all was deleted, and not in the program.
    pub at_clean_up: bool,
}

/// What came of a run, as far as it shows faults.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// What the guest reported.
    pub reports: &'a [Report],
    /// Of what the guest died, if it did.
    pub died: Option<&'a str>,
    /// What the tracer saw.
    pub log: Option<&'a Log>,
    /// The same as events.
    pub trace: &'a Trace,
    /// What a guest has left that ran nothing.
    pub nothing: &'a [(String, String)],
    /// The program.
    pub program: &'a Program,
}

/// The fault of a run, the cause first: what follows from it is no fault of its own.
pub fn first(evidence: Evidence<'_>) -> Option<Fault> {
    let Evidence { reports, died, log, trace, nothing, program } = evidence;
    let stuck = reports.iter().find_map(|report| match report {
        Report::Stuck { locks } => Some(locks),
        _ => None,
    });
    let clean_up = reports.iter().position(|report| *report == Report::CleanUp).unwrap_or(reports.len());
    // A schedule holds tasks while the kernel's clock goes on. What waits for them waits long, but not for ever.
    let is_steered = log.is_some();
    let is_patient = |complaint: &Complaint| is_steered && is_wait(complaint.kind);
    for (at, report) in reports.iter().enumerate() {
        let Report::Complaint { text } = report else { continue };
        if let Some(key) = complaint_key(text, is_patient) {
            let key = placed(key, program, &reports[..at]);
            return Some(Fault { key, text: text.clone(), at_clean_up: at > clean_up });
        }
    }
    // A guest that is steered may be too slow for the host's patience while tasks only wait.
    if is_steered && died.is_some_and(is_slow) {
        return None;
    }
    if let Some(why) = died {
        let at_clean_up = clean_up < reports.len();
        let key = complaint_key(why, |_| false).unwrap_or_else(|| silent_key(why));
        let key = placed(key, program, reports);
        return Some(Fault { key, text: why.to_string(), at_clean_up });
    }
    if let (Some(locks), Some(log)) = (stuck, log) {
        let waits = stuck_tasks(log, trace, locks);
        let mut text: Vec<String> =
            waits.iter().map(|wait| format!("{} waits in {wait}", wait.name)).collect();
        text.push(locks.clone());
        let key = deadlock_key(&waits, program, reports);
        return Some(Fault { key, text: text.join("\n"), at_clean_up: false });
    }
    if let Some(fault) = left_fault(reports, nothing) {
        return Some(fault);
    }
    broken(trace)
}

/// Whether a guest ended because the host lost its patience: its kernel complains of nothing, or of tasks that wait.
pub fn is_slow(died: &str) -> bool {
    died.starts_with(HANGS) && only_waits(died)
}

/// Whether a piece of the log complains of nothing, or of tasks that wait.
pub fn only_waits(log: &str) -> bool {
    complaint::read(log).iter().all(|complaint| is_wait(complaint.kind))
}

/// Whether a complaint is about a wait, which may be long because a schedule holds a task.
fn is_wait(kind: Kind) -> bool {
    matches!(kind, Kind::HungTask | Kind::NetdevReferences)
}

/// The fault that a kernel complains of first in a log.
pub fn of_log(log: &str) -> Option<Key> {
    complaint_key(log, |_| false)
}

/// An observable invariant that the true stream breaks by itself.
fn broken(trace: &Trace) -> Option<Fault> {
    let by_itself =
        |at: usize| !matches!(trace.events[at].what, What::Console(_) | What::Deadlock(_) | What::Foreign(_));
    let violation = judge_observed(trace).into_iter().find(|violation| by_itself(violation.at))?;
    let site = violation.site(trace).to_string();
    let invariant = violation.invariant;
    let what = trace.events[violation.at].what;
    let place = site.strip_prefix(invariant.name).unwrap_or(&site).trim_matches([' ', ':', ',']).to_string();
    let place = place.strip_prefix("at ").unwrap_or(&place).to_string();
    let key = Key { sort: Sort::Broken, what: invariant.name.to_string(), place };
    let text = format!("{}\n{} {what}", invariant.says, what.verb());
    Some(Fault { key, text, at_clean_up: false })
}

/// What a text of complaints is about: its first one, unless that one is passed over.
fn complaint_key(text: &str, pass: impl Fn(&Complaint) -> bool) -> Option<Key> {
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some(complaint) = complaint::read(line).into_iter().next().filter(|one| !pass(one)) else {
            continue;
        };
        let rest = &lines[at..];
        if complaint.kind == Kind::HungTask {
            return Some(hung_key(&lines));
        }
        // A reference count says what is wrong on the line after its warning, or before it.
        let near = &lines[at.saturating_sub(1)..lines.len().min(at + 3)];
        let count = near.iter().find_map(|line| line.trim().split_once("refcount_t: "));
        let (sort, what) = match (complaint.kind, count) {
            (Kind::Warning | Kind::Refcount, Some((_, what))) => {
                (Kind::Refcount, what.trim_end_matches('.').to_string())
            }
            (kind, _) => (kind, what(&complaint)),
        };
        let place = stack::place(&complaint.line, rest);
        return Some(Key { sort: Sort::Complaint(sort), what, place });
    }
    None
}

/// What a complaint says besides its place.
fn what(complaint: &Complaint) -> String {
    let line = &complaint.line;
    let after =
        |prefix: &str| line.strip_prefix(prefix).map(|rest| rest.split(" in ").next().unwrap_or(rest));
    let words = match complaint.kind {
        Kind::Kasan => after("BUG: KASAN: "),
        Kind::Lockdep => after("WARNING: ").or_else(|| after("INFO: ")),
        Kind::Atomic | Kind::Oops => after("BUG: ").or(Some(line.as_str())),
        Kind::Panic => after("Kernel panic - not syncing: "),
        Kind::DebugObjects => after("ODEBUG: "),
        Kind::NetdevReferences => Some("a netdev is waited for"),
        Kind::Refcount => after("refcount_t: "),
        Kind::HungTask | Kind::Warning => None,
    };
    words.map_or(String::new(), plain)
}

/// Words without what differs from boot to boot: numbers, addresses.
fn plain(words: &str) -> String {
    let word = |word: &str| {
        let plain = word.split_once("+0x").map_or(word, |(function, _)| function);
        let is_number = |letters: &str| {
            let digits = letters.trim_start_matches("0x").trim_end_matches([',', '.', ':']);
            digits.len() > 1
                && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
                && digits.bytes().any(|digit| digit.is_ascii_digit())
        };
        if is_number(plain) || plain == "…" { "N".to_string() } else { plain.to_string() }
    };
    words.split_whitespace().map(word).collect::<Vec<_>>().join(" ").trim_end_matches(['.', ',']).to_string()
}

/// Tasks that the kernel says hang: the functions in which they wait.
fn hung_key(lines: &[&str]) -> Key {
    let begins = |at: &usize| lines[*at].contains("INFO: task ");
    let starts: Vec<usize> = (0..lines.len()).filter(begins).collect();
    let waits = starts.iter().map(|at| stack::place("", &lines[*at + 1..]));
    let places: BTreeSet<String> = waits.filter(|place| !place.is_empty()).collect();
    Key { sort: Sort::Deadlock, what: String::new(), place: join(places) }
}

/// The tasks that a tracer saw asleep for good.
fn stuck_tasks(log: &Log, trace: &Trace, locks: &str) -> Vec<Wait> {
    let mut tasks = trace.tasks.clone();
    for entry in &log.entries {
        if let Entry::Stuck(name, _) = entry
            && !tasks.contains(name)
        {
            tasks.push(*name);
        }
    }
    waits::read(log, &tasks, locks)
}

/// The functions in which the tasks wait that wait for each other.
fn deadlock_key(waits: &[Wait], program: &Program, reports: &[Report]) -> Key {
    let under_way = under_way(reports);
    let command = |name| {
        let at = program.tasks.iter().position(|task| task.name == name)?;
        let (_, command) = under_way.iter().find(|(task, _)| usize::from(*task) == at)?;
        Some(program.tasks[at].commands.get(usize::from(*command))?.spec().name)
    };
    let place = cycle::functions(waits, command).join(" and ");
    Key { sort: Sort::Deadlock, what: String::new(), place }
}

fn join(places: BTreeSet<String>) -> String {
    places.into_iter().collect::<Vec<_>>().join(" and ")
}

/// A key with a place: where the kernel names no function, the commands that have begun and not ended.
fn placed(key: Key, program: &Program, reports: &[Report]) -> Key {
    if !key.place.is_empty() {
        return key;
    }
    let name = |(task, command): &(u8, u8)| {
        let task = program.tasks.get(usize::from(*task))?;
        Some(format!("`{}`", task.commands.get(usize::from(*command))?.spec().name))
    };
    Key { place: join(under_way(reports).iter().filter_map(name).collect()), ..key }
}

/// The commands that have begun and not ended, each with its task.
fn under_way(reports: &[Report]) -> BTreeSet<(u8, u8)> {
    let mut under_way = BTreeSet::new();
    for report in reports {
        match report {
            Report::Begin { task, command } => under_way.insert((*task, *command)),
            Report::End { task, command, .. } => under_way.remove(&(*task, *command)),
            _ => false,
        };
    }
    under_way
}

/// A guest that died without a complaint.
fn silent_key(why: &str) -> Key {
    let first = why.lines().next().unwrap_or_default();
    Key { sort: Sort::Hang, what: plain(first), place: String::new() }
}

/// Something that is there after the clean-up and was not there when a guest ran nothing, or the other way round.
fn left_fault(reports: &[Report], nothing: &[(String, String)]) -> Option<Fault> {
    if !reports.contains(&Report::CleanUp) {
        return None;
    }
    let left = left(reports);
    let of = |all: &[(String, String)], path: &str| all.iter().find(|(of, _)| of == path).cloned();
    let more = left.iter().find(|found| !nothing.contains(found));
    let fewer = || nothing.iter().find(|(path, _)| of(&left, path).is_none());
    let (path, _) = more.or_else(fewer)?;
    let text = match (of(&left, path), of(nothing, path)) {
        (Some((_, text)), None) => format!("{path} is still there: {}", text.trim()),
        (Some((_, text)), Some((_, was))) => format!("{path} is {}, and was {}", text.trim(), was.trim()),
        (None, _) => format!("{path} is gone"),
    };
    let key = Key { sort: Sort::Left, what: path.clone(), place: String::new() };
    Some(Fault { key, text, at_clean_up: true })
}

/// What is left after a program: the files and links that were read after its clean-up.
pub fn left(reports: &[Report]) -> Vec<(String, String)> {
    let after = reports.iter().skip_while(|report| **report != Report::CleanUp);
    let texts = after.filter_map(|report| match report {
        Report::Text { path, text, .. } => Some((path.clone(), text.clone())),
        _ => None,
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFCOUNT: &str = "\
WARNING: CPU: 0 PID: 38 at lib/refcount.c:25 refcount_warn_saturate+0x167/0x16c
refcount_t: addition on 0; use-after-free.
Modules linked in: dummy netdevsim(-) psample
Call Trace:
 [<60040c63>] ? dump_trace+0x0/0x20b
 [<606d5fab>] dump_stack+0x1a/0x1c
 [<6005e36c>] __warn+0x196/0x2f7
 [<6030dcb8>] refcount_warn_saturate+0x167/0x16c
 [<9b06ec70>] new_device_store+0x396/0x479 [netdevsim]
 [<603c0929>] bus_attr_store+0x57/0x63";

    fn complaint(text: &str) -> Report {
        Report::Complaint { text: text.to_string() }
    }

    fn of(
        reports: &[Report],
        died: Option<&str>,
        log: Option<&Log>,
        nothing: &[(String, String)],
    ) -> Option<Fault> {
        first(Evidence {
            reports,
            died,
            log,
            trace: &Trace::default(),
            nothing,
            program: &Program::default(),
        })
    }

    fn key(reports: &[Report], died: Option<&str>) -> String {
        of(reports, died, None, &[]).map_or(String::new(), |fault| fault.key.to_string())
    }

    #[test]
    fn a_reference_count_is_named_by_its_user() {
        assert_eq!(
            key(&[complaint(REFCOUNT)], None),
            "refcount: addition on 0; use-after-free in new_device_store [netdevsim]"
        );
    }

    #[test]
    fn the_first_complaint_is_the_cause_and_a_death_without_one_is_a_hang() {
        let kasan = "BUG: KASAN: slab-use-after-free in mdev_device_remove+0x54/0x163 [mdev]";
        let first = key(&[complaint(kasan), complaint(REFCOUNT)], Some("the guest died: signal: SIGABRT"));
        assert_eq!(first, "KASAN: slab-use-after-free in mdev_device_remove [mdev]");
        assert_eq!(key(&[], Some("the guest hangs\nlast words")), "hang: the guest hangs");
        let panic = "the guest died: signal: SIGABRT\nKernel panic - not syncing: Kernel mode fault at addr 0x88, ip 0x6030";
        assert_eq!(key(&[], Some(panic)), "panic: Kernel mode fault at addr N ip N");
    }

    #[test]
    fn a_long_wait_is_a_fault_of_a_schedule_only_if_it_never_ends() {
        let hung = "INFO: task task-0:38 blocked for more than 122 seconds.\nCall Trace:\n \
            [<6>] schedule+0x1/0x2\n [<6>] wait_for_completion+0x1/0x2\n [<6>] nsim_dev_health_exit+0x46/0x90 [netdevsim]";
        let plain = of(&[complaint(hung)], None, None, &[]).map(|fault| fault.key.to_string());
        assert_eq!(plain.as_deref(), Some("deadlock in nsim_dev_health_exit [netdevsim]"));
        assert_eq!(of(&[complaint(hung)], None, Some(&Log::default()), &[]), None);
        let slow = of(
            &[],
            Some("the guest hangs\nunregister_netdevice: waiting for d0 to become free."),
            Some(&Log::default()),
            &[],
        );
        assert_eq!(slow, None);
        assert!(is_slow("the guest hangs\nINFO: task task-0:38 blocked for more than 122 seconds."));
        assert!(!is_slow("the guest hangs\nBUG: KASAN: slab-use-after-free in f+0x1/0x2"));
        assert!(!is_slow("the guest died: signal: SIGABRT"));
        let stuck = |task, words: &str| Entry::Stuck(task, words.to_string());
        use crate::event::TaskName::{Admin, User};
        let entries =
            vec![stuck(User, "remove_one, by wait"), stuck(Admin, "devlink_health_report, by mutex_lock")];
        let log = Log { entries, ..Log::default() };
        let reports = [complaint(hung), Report::Stuck { locks: String::new() }];
        let found = of(&reports, None, Some(&log), &[]).map(|fault| fault.key.to_string());
        assert_eq!(found.as_deref(), Some("deadlock in devlink_health_report and remove_one"));
    }

    #[test]
    fn what_stays_after_the_clean_up_is_left_behind() {
        let text = |path: &str, text: &str| Report::Text {
            task: None,
            path: path.to_string(),
            text: text.to_string(),
        };
        let nothing = left(&[Report::CleanUp, text("/sys/module/netdevsim/refcnt", "0")]);
        let stays = [text("/sys/x", "1"), Report::CleanUp, text("/sys/module/netdevsim/refcnt", "1")];
        let fault = of(&stays, None, None, &nothing).expect("it is one");
        assert_eq!(fault.key.to_string(), "left behind: /sys/module/netdevsim/refcnt");
        assert_eq!(fault.text, "/sys/module/netdevsim/refcnt is 1, and was 0");
        assert_eq!(
            of(&[Report::CleanUp], None, None, &nothing).expect("it is one").text,
            "/sys/module/netdevsim/refcnt is gone"
        );
        assert_eq!(
            of(&[text("/sys/x", "1")], None, None, &nothing),
            None,
            "a guest that died says nothing of it"
        );
    }
}
