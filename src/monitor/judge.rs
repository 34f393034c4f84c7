//! The invariants over a log of a real machine.
//!
//! A log has any number of devices with any names, and a trace has those of the model. So each device of the log is judged
//! by itself: it becomes one of the model's, and so do its parts, as many at a time as the model has names for. What was
//! there before the log began is unknown and breaks nothing: an object whose first message is its end was there.

use super::Tool;
use super::log::{Log, Place, Rdma, Record, Said, Uevent};
use crate::event::{
    Action, Handle, IbDevice, MdevState, Notice, Parent, Subject, SubjectKind, Trace, Uuid, What,
};
use crate::invariant::{Invariant, named};
use std::collections::BTreeMap;

/// A message that breaks an invariant.
#[derive(Debug, Clone)]
pub struct Break {
    /// Where.
    pub place: Place,
    /// The invariant.
    pub invariant: &'static Invariant,
    /// The message in a few words.
    pub head: String,
    /// What is missing, or where what contradicts it is.
    pub missing: String,
}

/// Something worth a look that breaks nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Where.
    pub place: Place,
    /// What there is to say.
    pub says: String,
}

/// What is to be said of a log.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// What is broken, in the order of the log.
    pub breaks: Vec<Break>,
    /// What is remarkable.
    pub remarks: Vec<Remark>,
}

/// A part of a device: its kind's word, and its name.
type Part<'l> = (&'l str, &'l str);

/// Judges a log.
pub fn judge(log: &Log) -> Verdict {
    let mut verdict = Verdict::default();
    devlink(log, &mut verdict);
    rdma(log, &mut verdict);
    mdev(log, &mut verdict);
    repeated(log, &mut verdict);
    verdict.breaks.sort_by_key(|it| (it.place, it.invariant.id));
    verdict.breaks.dedup_by_key(|it| (it.place, it.invariant.id));
    verdict.remarks.sort_by_key(|it| it.place);
    verdict
}

/// A trace of one device of the log: each event, and the record that it is of unless it stands for what was there before.
#[derive(Debug, Default)]
struct Projection {
    events: Vec<(What, Option<usize>)>,
}

impl Projection {
    fn before(&mut self, what: What) {
        self.events.push((what, None));
    }

    fn at(&mut self, what: What, record: usize) {
        self.events.push((what, Some(record)));
    }

    /// The records that break an invariant. A message that breaks it is taken away and the rest judged again.
    fn broken(&self, invariant: &Invariant) -> Vec<usize> {
        let mut events = self.events.clone();
        let mut broken = Vec::new();
        loop {
            let trace = Trace::of(events.iter().map(|(what, _)| (0, *what)));
            let Some(at) = (invariant.check)(&trace) else { return broken };
            broken.extend(events.remove(at).1);
        }
    }
}

fn the(name: &str) -> &'static Invariant {
    named(name).expect("the invariant has this name")
}

/// The model's kind for a word of devlink, of those of which an instance has several.
fn kind(word: &str) -> Option<SubjectKind> {
    let parts = SubjectKind::ALL.iter().copied();
    parts.into_iter().find(|kind| kind.word() == word && kind.part(Handle::Mlx50, 0).is_some())
}

/// How many parts of a kind the model has names for.
fn room(kind: SubjectKind) -> usize {
    (0..).take_while(|place| kind.part(Handle::Mlx50, *place).is_some()).count()
}

fn devlink(log: &Log, verdict: &mut Verdict) {
    let mut instances: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (at, record) in log.records.iter().enumerate() {
        if let Said::Devlink { handle, .. } = &record.said {
            instances.entry((&record.netns, handle)).or_default().push(at);
        }
    }
    for ((_, handle), records) in instances {
        instance(log, handle, &records, verdict);
    }
}

/// Judges one devlink instance.
fn instance(log: &Log, handle: &str, records: &[usize], verdict: &mut Verdict) {
    let device = Subject::Devlink(Handle::Mlx50);
    let said = |at: usize| match &log.records[at].said {
        Said::Devlink { notice, word, part, is_reloaded, .. } => {
            (*notice, word.as_str(), part.as_str(), *is_reloaded)
        }
        _ => unreachable!("only devlink's records are of an instance"),
    };
    let own = records.iter().copied().find(|at| said(*at).1 == "dev" && said(*at).0.is_some());
    let was_there = own.is_none_or(|at| said(at).0 == Some(Notice::Del) || said(at).3);
    // The parts of each kind in the order in which they come, and whether the first that is said of each is its end.
    let mut parts: BTreeMap<&str, Vec<(&str, bool)>> = BTreeMap::new();
    for at in records {
        let (notice, word, name, _) = said(*at);
        if let (Some(notice), Some(_)) = (notice, kind(word)) {
            let known = parts.entry(word).or_default();
            if known.iter().all(|(other, _)| *other != name) {
                known.push((name, notice == Notice::Del));
            }
        }
    }
    let place = |part: Part<'_>| parts.get(part.0)?.iter().position(|(name, _)| *name == part.1);
    let rounds = parts.iter().filter_map(|(word, known)| Some(known.len().div_ceil(room(kind(word)?))));
    for round in 0..rounds.max().unwrap_or(0).max(1) {
        let subject = |part: Part<'_>| {
            let kind = kind(part.0)?;
            let (place, room) = (place(part)?, room(kind));
            (place / room == round).then(|| kind.part(Handle::Mlx50, place % room)).flatten()
        };
        let mut projection = Projection::default();
        if was_there {
            projection.before(What::Notify(Notice::New, device, 0));
            for (word, known) in &parts {
                for (name, ended) in known {
                    if let (true, Some(of)) = (*ended, subject((word, name))) {
                        projection.before(What::Notify(Notice::New, of, 0));
                    }
                }
            }
        }
        for at in records {
            let (notice, word, name, _) = said(*at);
            let Some(notice) = notice else { continue };
            let of = if word == "dev" { Some(device) } else { subject((word, name)) };
            if let Some(of) = of {
                projection.at(What::Notify(notice, of, 0), *at);
            }
        }
        let early = projection.broken(the("no-child-before-parent-notification"));
        for at in &early {
            let last = records.iter().rev().find(|other| **other < *at && said(**other).1 == "dev");
            let missing = match last {
                Some(end) => format!("the end of {handle} was notified at {}", log.records[*end].place),
                None => {
                    let later = records.iter().find(|other| **other > *at && said(**other).1 == "dev");
                    let later = later.map(|later| format!("; it comes at {}", log.records[*later].place));
                    format!("no [dev,new] {handle} before it{}", later.unwrap_or_default())
                }
            };
            push(log, *at, "no-child-before-parent-notification", missing, verdict);
        }
        // What is notified outside of its instance is judged above, and says nothing about the rest.
        projection.events.retain(|(_, record)| record.is_none_or(|record| !early.contains(&record)));
        for at in projection.broken(the("end-follows-beginning")) {
            push(
                log,
                at,
                "end-follows-beginning",
                "its end was notified before, or its beginning never".into(),
                verdict,
            );
        }
        for at in projection.broken(the("end-names-all")) {
            let left = announced_at(&projection, at);
            // Parts whose end comes after that of their instance are breaks of their own.
            let late =
                early.iter().filter(|other| **other > at && said(**other).0 == Some(Notice::Del)).count();
            if left > late {
                let missing = format!("no [...,del] of {left} part{} of {handle} before it", plural(left));
                push(log, at, "end-names-all", missing, verdict);
            }
        }
    }
}

/// How many parts are announced when a record ends their instance.
fn announced_at(projection: &Projection, end: usize) -> usize {
    let mut known: Vec<Subject> = Vec::new();
    for (what, record) in &projection.events {
        if record.is_some_and(|record| record >= end) {
            break;
        }
        match *what {
            What::Notify(Notice::Del, Subject::Devlink(_), _) => known.clear(),
            What::Notify(Notice::New, of, _) if of.part().is_some() && !known.contains(&of) => known.push(of),
            What::Notify(Notice::Del, of, _) => known.retain(|other| *other != of),
            _ => {}
        }
    }
    known.len()
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn push(log: &Log, at: usize, invariant: &str, missing: String, verdict: &mut Verdict) {
    let Record { place, head, .. } = &log.records[at];
    verdict.breaks.push(Break { place: *place, invariant: the(invariant), head: head.clone(), missing });
}

/// The namespace that is listened in, and an RDMA device's name.
type RdmaName<'l> = (&'l str, Option<&'l str>);

/// Judges each RDMA device of the log.
fn rdma(log: &Log, verdict: &mut Verdict) {
    let mut devices: BTreeMap<RdmaName<'_>, Vec<(usize, Rdma)>> = BTreeMap::new();
    for (at, record) in log.records.iter().enumerate() {
        if let Said::Rdma { event, device } = &record.said {
            devices.entry((&record.netns, device.as_deref())).or_default().push((at, *event));
        }
    }
    let of = Subject::Ib(IbDevice::Rxe0);
    for ((_, device), records) in devices {
        let own = records.iter().find(|(_, event)| matches!(event, Rdma::Register | Rdma::Unregister));
        let was_there = own.is_none_or(|(_, event)| *event == Rdma::Unregister);
        let mut projection = Projection::default();
        let mut is_there = was_there;
        if was_there && device.is_some() {
            projection.before(What::Uevent(Action::Add, of));
            projection.before(What::Notify(Notice::New, of, 0));
        }
        for (at, event) in &records {
            match event {
                // The uevents around a registration are in another tool's log.
                Rdma::Register => {
                    if !std::mem::replace(&mut is_there, true) {
                        projection.before(What::Uevent(Action::Add, of));
                    }
                    projection.at(What::Notify(Notice::New, of, 0), *at);
                }
                Rdma::Unregister => {
                    projection.at(What::Notify(Notice::Del, of, 0), *at);
                    if std::mem::replace(&mut is_there, false) {
                        projection.before(What::Uevent(Action::Remove, of));
                    }
                }
                Rdma::NetdevAttach | Rdma::NetdevDetach => {
                    let of = device.map_or(Subject::Unnamed, |_| Subject::IbLink(IbDevice::Rxe0));
                    projection.at(What::Notify(Notice::New, of, 0), *at);
                }
                Rdma::Rename | Rdma::NetdevRename => {}
            }
        }
        let name = device.unwrap_or("?");
        let own = |at: usize, events: [Rdma; 2]| {
            let before = records.iter().rev().find(|(other, event)| *other < at && events.contains(event));
            before.map(|(other, _)| log.records[*other].place)
        };
        for at in projection.broken(the("attach-within-registration")) {
            let missing = match own(at, [Rdma::Unregister, Rdma::Register]) {
                Some(end) => format!("the end of device {name} was notified at {end}"),
                None if device.is_none() => "it names no device".to_string(),
                None => {
                    let later = records.iter().find(|(_, event)| *event == Rdma::Register);
                    let later = later.map(|(at, _)| format!("; it comes at {}", log.records[*at].place));
                    format!("no [REGISTER] of device {name} before it{}", later.unwrap_or_default())
                }
            };
            push(log, at, "attach-within-registration", missing, verdict);
        }
        for at in projection.broken(the("rdma-told-in-order")) {
            let missing = match own(at, [Rdma::Unregister, Rdma::Register]) {
                Some(last) => format!("the same was notified at {last}"),
                None => format!("nothing was notified of device {name} before it"),
            };
            push(log, at, "rdma-told-in-order", missing, verdict);
        }
    }
}

/// Judges each parent of mediated devices of the log.
fn mdev(log: &Log, verdict: &mut Verdict) {
    // Udev repeats what the kernel sent; a log that has the kernel's own is judged by those.
    let uevents = |is_of_udev: bool| {
        log.records.iter().enumerate().filter_map(move |(at, record)| match &record.said {
            Said::Uevent { action, path, subsystem, is_of_udev: of, .. } if *of == is_of_udev => {
                Some((at, *action, path.as_str(), subsystem.as_str()))
            }
            _ => None,
        })
    };
    let mut all: Vec<_> = uevents(false).collect();
    if all.is_empty() {
        all = uevents(true).collect();
    }
    let parents: std::collections::BTreeSet<&str> = all
        .iter()
        .filter_map(|(_, action, path, subsystem)| match (action, *subsystem) {
            (Uevent::Registered | Uevent::Unregistered, _) => Some(*path),
            (_, "mdev") => path.rsplit_once('/').map(|(parent, _)| parent),
            _ => None,
        })
        .filter(|path| path.starts_with("/devices/"))
        .collect();
    for parent in parents {
        let own: Vec<_> = all.iter().copied().filter(|(_, _, path, _)| *path == parent).collect();
        let children: Vec<_> = all
            .iter()
            .copied()
            .filter(|(_, _, path, subsystem)| {
                let below = path.strip_prefix(parent).and_then(|below| below.strip_prefix('/'));
                below.is_some() && matches!(*subsystem, "mdev" | "vfio-dev")
            })
            .collect();
        one_parent(log, parent, &own, &children, verdict);
    }
}

/// A uevent of the log: its record, what it says, its path, its subsystem.
type Sent<'l> = (usize, Uevent, &'l str, &'l str);

fn one_parent(log: &Log, parent: &str, own: &[Sent<'_>], children: &[Sent<'_>], verdict: &mut Verdict) {
    let name = |path: &str| {
        let below = path.strip_prefix(parent).unwrap_or(path).trim_start_matches('/');
        below.split('/').next().unwrap_or_default().to_string()
    };
    let mut names: Vec<String> = Vec::new();
    for (.., path, _) in children {
        if !names.contains(&name(path)) {
            names.push(name(path));
        }
    }
    let of = Subject::Parent(Parent::Mtty0);
    let state =
        own.iter().find(|(_, action, ..)| matches!(action, Uevent::Registered | Uevent::Unregistered));
    let was_there = state.is_none_or(|(_, action, ..)| *action == Uevent::Unregistered);
    for round in 0..names.len().div_ceil(Uuid::COUNT).max(1) {
        let here: Vec<&String> = names.iter().skip(round * Uuid::COUNT).take(Uuid::COUNT).collect();
        let uuid = |path: &str| here.iter().position(|other| **other == name(path)).map(|at| Uuid::ALL[at]);
        let mut projection = Projection::default();
        if was_there {
            projection.before(What::Uevent(Action::Change(MdevState::Registered), of));
        }
        for uuid_name in &here {
            let first = children.iter().find(|(.., path, _)| name(path) == **uuid_name);
            let Some((_, action, path, subsystem)) = first else { continue };
            let child = Subject::Child(Parent::Mtty0, uuid(path).expect("it is among them"));
            let stages: &[Action] = match (*subsystem, action) {
                ("mdev", Uevent::Unbind) | ("vfio-dev", Uevent::Remove) => &[Action::Add, Action::Bind],
                ("mdev", Uevent::Bind | Uevent::Remove) | ("vfio-dev", _) => &[Action::Add],
                _ => &[],
            };
            stages.iter().for_each(|stage| projection.before(What::Uevent(*stage, child)));
        }
        let mut both: Vec<&Sent<'_>> = own.iter().chain(children).collect();
        both.sort_by_key(|(at, ..)| *at);
        for (at, action, path, subsystem) in both {
            let subject = match (*path == parent, uuid(path), *subsystem) {
                (true, ..) => of,
                (false, Some(uuid), "mdev") => Subject::Child(Parent::Mtty0, uuid),
                (false, Some(uuid), _) => Subject::VfioDevice(Parent::Mtty0, uuid),
                (false, None, _) => continue,
            };
            let action = match action {
                Uevent::Add => Action::Add,
                Uevent::Bind => Action::Bind,
                Uevent::Unbind => Action::Unbind,
                Uevent::Remove => Action::Remove,
                Uevent::Registered => Action::Change(MdevState::Registered),
                Uevent::Unregistered => Action::Change(MdevState::Unregistered),
                Uevent::Change | Uevent::Other => continue,
            };
            projection.at(What::Uevent(action, subject), *at);
        }
        for at in projection.broken(the("uevent-order")) {
            let later = children.iter().find(|(other, action, ..)| *other > at && *action == Uevent::Remove);
            let missing = match later {
                Some((later, ..)) if log.records[at].head.ends_with("MDEV_STATE=unregistered") => {
                    format!("a child is still there; its remove comes at {}", log.records[*later].place)
                }
                _ => format!("it does not follow from what was sent of {parent} before"),
            };
            push(log, at, "uevent-order", missing, verdict);
        }
    }
    for name_of_child in &names {
        let own = || children.iter().filter(|(.., path, _)| name(path) == *name_of_child);
        let has =
            |wanted: Uevent| own().any(|(_, action, _, subsystem)| *action == wanted && *subsystem == "mdev");
        let added = own().find(|(_, action, _, subsystem)| *action == Uevent::Add && *subsystem == "mdev");
        if let (Some((at, ..)), false, true) = (added, has(Uevent::Bind), has(Uevent::Remove)) {
            let says =
                "this mediated device goes without a bind: its driver may be missing, or its probe failed";
            verdict.remarks.push(Remark { place: log.records[*at].place, says: says.to_string() });
        }
    }
}

/// Remarks that a message says the same as the last one about its object.
fn repeated(log: &Log, verdict: &mut Verdict) {
    let mut last: BTreeMap<(&str, Tool, String), &Record> = BTreeMap::new();
    for record in &log.records {
        let object = match &record.said {
            Said::Devlink { handle, word, part, .. } => format!("{word} {handle} {part}"),
            Said::Rdma { device: Some(device), .. } => device.clone(),
            Said::Link { name, .. } => name.clone(),
            Said::Rdma { device: None, .. } | Said::Uevent { .. } | Said::Complaint(_) => continue,
        };
        let before = last.insert((&record.netns, record.said.tool(), object), record);
        if let Some(before) = before.filter(|before| before.text == record.text) {
            let says = format!("{} is the same message as at {}", record.head, before.place);
            verdict.remarks.push(Remark { place: record.place, says });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::log::read;

    /// The lines and the invariants that a log breaks.
    fn broken(text: &str) -> Vec<(usize, &'static str)> {
        judge(&read(text)).breaks.iter().map(|it| (it.place.line, it.invariant.name)).collect()
    }

    const CHILD: &str = "no-child-before-parent-notification";

    #[test]
    fn a_log_that_begins_in_the_middle_breaks_nothing() {
        assert_eq!(broken("[port,new] pci/0000:08:00.0/1: type eth\n[port,del] pci/0000:08:00.0/2\n"), []);
        assert_eq!(broken("[port,del] pci/0000:08:00.0/2\n[dev,del] pci/0000:08:00.0\n"), []);
        assert_eq!(broken("[UNREGISTER]\tdev 3 mlx5_0\n[NETDEV_ATTACH]\tdev 4 mlx5_1 port 1\n"), []);
        assert_eq!(broken("KERNEL[1.0] remove   /devices/p/u (mdev)\nACTION=remove\n"), []);
    }

    #[test]
    fn a_part_outside_of_its_instance_breaks_it_at_every_line() {
        let log = "[port,new] pci/0000:08:00.0/1: type eth\n[port,new] pci/0000:08:00.0/2: type eth\n[dev,new] pci/0000:08:00.0\n";
        assert_eq!(broken(log), [(1, CHILD), (2, CHILD)]);
        let log =
            "[dev,new] pci/a\n[port,new] pci/a/1\n[port,del] pci/a/1\n[dev,del] pci/a\n[port,new] pci/a/1\n";
        assert_eq!(broken(log), [(5, CHILD)]);
    }

    #[test]
    fn an_instance_that_was_reloaded_was_there_before() {
        let log = "[port,new] pci/a/1: type eth\n[dev,new] pci/a:\n  reload_failed true\n";
        assert_eq!(broken(log), []);
    }

    #[test]
    fn more_ports_than_the_model_names_are_judged() {
        let mut log = "[dev,new] pci/a\n".to_string();
        log.extend((0..100).map(|port| format!("[port,new] pci/a/{port}: type eth\n")));
        log.extend(
            (0..100).filter(|port| *port != 77).map(|port| format!("[port,del] pci/a/{port}: type eth\n")),
        );
        log += "[port,del] pci/a/5: type eth\n[dev,del] pci/a\n";
        assert_eq!(broken(&log), [(201, "end-follows-beginning"), (202, "end-names-all")]);
    }

    #[test]
    fn an_rdma_device_is_known_between_its_beginning_and_its_end() {
        let log = "[NETDEV_ATTACH]\tdev 8 mlx5_1 port 1\n[REGISTER]\tdev 8 mlx5_1\n[RENAME]\tdev 8 other\n\
                   [UNREGISTER]\tdev 8 other\n[NETDEV_DETACH]\tdev 8 other port 1\n[UNREGISTER]\tdev 8 other\n";
        let attach = "attach-within-registration";
        assert_eq!(broken(log), [(1, attach), (5, attach), (6, "rdma-told-in-order")]);
    }

    #[test]
    fn a_parent_that_is_unregistered_before_its_child_goes_breaks_it() {
        let log = "KERNEL[1.0] change   /devices/p (pci)\nMDEV_STATE=registered\nSEQNUM=1\n\n\
                   KERNEL[2.0] add      /devices/p/u (mdev)\nSEQNUM=2\n\n\
                   KERNEL[3.0] change   /devices/p (pci)\nMDEV_STATE=unregistered\nSEQNUM=3\n\n\
                   KERNEL[4.0] remove   /devices/p/u (mdev)\nSEQNUM=4\n";
        assert_eq!(broken(log), [(8, "uevent-order")]);
        let verdict = judge(&read(log));
        assert!(verdict.breaks[0].missing.contains("line 12"), "{verdict:?}");
        assert_eq!(verdict.remarks.len(), 1, "the child has no bind");
    }

    #[test]
    fn the_same_message_twice_is_a_remark() {
        let log = "[dev,new] pci/a\n[port,new] pci/a/1: type eth\n[port,new] pci/a/1: type eth\n";
        let verdict = judge(&read(log));
        assert_eq!(verdict.breaks.len(), 0);
        assert_eq!(verdict.remarks[0].place.line, 3);
    }
}
