//! What a kernel complains of: the kind of each complaint in its log, and the place in its text.

use std::fmt;

/// A kind of complaint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// KASAN: memory that was freed, or is another's.
    Kasan,
    /// Lockdep: an order or a use of locks that can deadlock.
    Lockdep,
    /// A reference count that was used after its end.
    Refcount,
    /// debugobjects: an object that is freed or used in the wrong state.
    DebugObjects,
    /// A sleep where the kernel may not sleep.
    Atomic,
    /// A task that has slept for minutes.
    HungTask,
    /// A netdev that is still referred to.
    NetdevReferences,
    /// A `WARN_ON` of any other sort.
    Warning,
    /// A bad access, or a `BUG_ON`.
    Oops,
    /// The end of the kernel.
    Panic,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Kasan => "KASAN",
            Kind::Lockdep => "lockdep",
            Kind::Refcount => "refcount",
            Kind::DebugObjects => "debugobjects",
            Kind::Atomic => "sleep in atomic context",
            Kind::HungTask => "hung task",
            Kind::NetdevReferences => "netdev references",
            Kind::Warning => "warning",
            Kind::Oops => "oops",
            Kind::Panic => "panic",
        })
    }
}

/// What a line begins with, after its time, that is the first of a complaint. A complaint of a kind that comes first
/// here says more than the ones that follow from it.
const BEGINNINGS: &[(&str, Kind)] = &[
    ("BUG: KASAN: ", Kind::Kasan),
    ("WARNING: possible ", Kind::Lockdep),
    ("INFO: possible ", Kind::Lockdep),
    ("WARNING: bad unlock balance", Kind::Lockdep),
    ("WARNING: held lock freed", Kind::Lockdep),
    ("WARNING: inconsistent lock state", Kind::Lockdep),
    ("WARNING: suspicious RCU usage", Kind::Lockdep),
    ("refcount_t: ", Kind::Refcount),
    ("ODEBUG: ", Kind::DebugObjects),
    ("BUG: sleeping function called", Kind::Atomic),
    ("BUG: scheduling while atomic", Kind::Atomic),
    ("INFO: task ", Kind::HungTask),
    ("unregister_netdevice: waiting for ", Kind::NetdevReferences),
    ("WARNING: CPU: ", Kind::Warning),
    ("WARNING: ", Kind::Warning),
    ("kernel BUG at ", Kind::Oops),
    ("BUG: ", Kind::Oops),
    ("Oops", Kind::Oops),
    ("Kernel panic - not syncing: ", Kind::Panic),
];

/// A complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Its kind.
    pub kind: Kind,
    /// Its first line, without what differs from boot to boot: times, processors, process numbers, addresses.
    pub line: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.line)
    }
}

/// Every complaint in a piece of the kernel's log, in its order.
pub fn read(log: &str) -> Vec<Complaint> {
    log.lines().filter_map(first_line).collect()
}

/// Whether a line of the log is the first of a complaint.
pub fn begins(line: &str) -> bool {
    first_line(line).is_some()
}

/// Whether a piece of the log complains of nothing but a netdev that is still referred to.
pub fn only_waits(log: &str) -> bool {
    let complaints = read(log);
    !complaints.is_empty() && complaints.iter().all(|complaint| complaint.kind == Kind::NetdevReferences)
}

/// The complaint that says most of a piece of the log, or else its first line that says something.
pub fn headline(log: &str) -> String {
    let complaints = read(log);
    let says = |line: &&str| line.chars().any(char::is_alphanumeric) && !line.contains("[ cut here ]");
    let first = || log.lines().map(str::trim).find(says).unwrap_or_default().to_string();
    complaints
        .iter()
        .min_by_key(|complaint| complaint.kind)
        .map_or_else(first, |complaint| complaint.line.clone())
}

/// A text without what differs from compiler to compiler and from patch to patch: how far into a function an address
/// is, and line numbers.
pub fn without_addresses(text: &str) -> String {
    let word = |word: &str| {
        let plain = word.split_once("+0x").map_or(word, |(function, _)| function);
        let is_line = |number: &str| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
        match plain.rsplit_once(':') {
            Some((file, number)) if is_line(number) && file.contains('/') => file.to_string(),
            _ => plain.to_string(),
        }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn first_line(line: &str) -> Option<Complaint> {
    let line = without_time(line.trim());
    let is_it = |(begins, _): &&(&str, Kind)| line.starts_with(begins);
    let (_, kind) = BEGINNINGS.iter().find(is_it)?;
    Some(Complaint { kind: *kind, line: stable(line) })
}

/// A line of the log without its time.
fn without_time(line: &str) -> &str {
    let rest = line.strip_prefix('[').and_then(|line| line.split_once("] "));
    rest.map_or(line, |(_, text)| text)
}

/// A first line without what differs from boot to boot.
fn stable(line: &str) -> String {
    let words = line.split(' ').scan(false, |is_number, word| {
        let skip = std::mem::replace(is_number, word == "CPU:" || word == "PID:");
        Some((!skip && !*is_number).then_some(word))
    });
    let words = words.flatten().map(|word| match word.split_once("0x") {
        // `function+0x12/0x34` says where; a bare address does not.
        Some(("", _)) => "…",
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ").replace("WARNING: at ", "WARNING at ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KASAN: &str = "\
[    0.490000] ==================================================================
[    0.490000] BUG: KASAN: slab-use-after-free in mdev_device_remove+0x54/0x163 [mdev]
[    0.490000] Read of size 8 at addr 00000000a3997308 by task task-1/38
[    0.490000] Kernel panic - not syncing: Kernel tried to access user memory at addr 0xb861f250, ip 0xb85fc838";

    #[test]
    fn the_first_cause_is_the_headline_and_every_complaint_is_read() {
        assert_eq!(
            headline(KASAN),
            "BUG: KASAN: slab-use-after-free in mdev_device_remove+0x54/0x163 [mdev]"
        );
        let kinds: Vec<Kind> = read(KASAN).iter().map(|complaint| complaint.kind).collect();
        assert_eq!(kinds, [Kind::Kasan, Kind::Panic]);
    }

    #[test]
    fn a_wait_for_references_is_told_apart_from_what_harms() {
        let waits = "[   12.0] unregister_netdevice: waiting for d0 to become free. Usage count = 2";
        assert!(only_waits(waits) && !only_waits(KASAN) && !only_waits(""));
        assert!(!only_waits(&format!("{waits}\n{KASAN}")));
    }

    #[test]
    fn what_differs_from_boot_to_boot_is_left_out() {
        let line = "WARNING: CPU: 0 PID: 31 at net/devlink/core.c:123 devl_assert_locked+0x10/0x20";
        let complaints = read(line);
        assert_eq!(complaints[0].kind, Kind::Warning);
        assert_eq!(complaints[0].line, "WARNING at net/devlink/core.c:123 devl_assert_locked+0x10/0x20");
        assert_eq!(
            read("Kernel panic - not syncing: bad ip 0xb85fc838")[0].line,
            "Kernel panic - not syncing: bad ip …"
        );
    }

    #[test]
    fn a_text_for_a_file_has_functions_and_files_without_offsets_and_lines() {
        let line = "WARNING at net/devlink/core.c:123 devl_assert_locked+0x10/0x20";
        assert_eq!(without_addresses(line), "WARNING at net/devlink/core.c devl_assert_locked");
        assert_eq!(without_addresses("user holds a at f:lock #2"), "user holds a at f:lock #2");
    }

    #[test]
    fn what_is_no_complaint_is_none() {
        assert_eq!(read("netdevsim netdevsim0: up\nINFO: lockdep is turned off."), []);
        assert_eq!(
            headline("----[ cut here ]----\nthe guest died: signal: SIGABRT"),
            "the guest died: signal: SIGABRT"
        );
    }
}
