//! Model and kernel side by side: what is compared, what cannot be, and where they differ.

use super::complaint;
use super::observe::CLEAN_UP;
use crate::driver;
use crate::event::{
    Action, Event, Family, IbDevice, NetNs, Notice, SegmentEnd, Subject, TaskId, Trace, What,
};
use crate::ib;
use crate::invariant::judge;
use crate::program::{Command, Program, Segment};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Something of a trace that is not compared.
#[derive(Debug)]
pub struct Mask {
    /// What is left out.
    pub what: &'static str,
    /// Why it cannot be equal, or who will make it so.
    pub why: &'static str,
    hides: fn(&Trace, &What) -> bool,
}

/// Everything that is not compared. What no mask hides must be equal.
pub const MASKS: &[Mask] = &[
    Mask {
        what: "what happens inside the model: locks, references, callbacks, spans, lives of objects",
        why: "a real kernel does not show it",
        hides: |_, what| {
            !matches!(
                what,
                What::Begin(_)
                    | What::In(_)
                    | What::End(..)
                    | What::Notify(..)
                    | What::Link(..)
                    | What::Filter(..)
                    | What::Heard(..)
                    | What::Uevent(..)
                    | What::Dumped(..)
                    | What::AtRest(..)
                    | What::Warn(..)
                    | What::Console(_)
                    | What::Foreign(_)
            )
        },
    },
    Mask {
        what: "what the kernel prints while the guest is cleaned up",
        why: "the model has no clean-up; `linux run` shows it",
        hides: |trace, what| {
            matches!(what, What::Console(_))
                && trace.text(*what).is_some_and(|text| text.starts_with(CLEAN_UP))
        },
    },
    Mask {
        what: "that the kernel still waits for the references to a netdev",
        why: "it says so after ten seconds of its clock, which goes on while a schedule holds the task that has them",
        hides: |trace, what| {
            matches!(what, What::Console(_)) && trace.text(*what).is_some_and(complaint::only_waits)
        },
    },
    Mask {
        what: "netdevsim's param `test2`, which 7.3 has",
        why: "the model's netdevsim has the params of 6.12",
        hides: |trace, what| words(trace, what).is_some_and(|words| words.ends_with(" test2")),
    },
    Mask {
        what: "RTM_NEWLINK and RTM_DELLINK of netdevs that are neither a devlink port's nor a program's own",
        why: "the model has no netdevs but those of drivers and programs; recorded and printed, not compared",
        hides: |trace, what| begins(trace, what, "[link"),
    },
    Mask {
        what: "uevents of a netdev's queues, of modules with their buses, drivers and classes, of vfio's own device, and \
               of the second device that ib_umad has for a port",
        why: "they come with the netdev or with the port's first device, whose own uevents are compared, and with the \
              command that unloads",
        hides: |trace, what| match words(trace, what) {
            Some(words) => {
                let of = |what| words.contains(what);
                words.starts_with("uevent ")
                    && (of("/queues/")
                        || of("@/module/")
                        || of("@/bus/")
                        || of("@/class/")
                        || of("/misc/vfio")
                        || of("/infiniband_mad/issm"))
            }
            None => false,
        },
    },
];

/// What no kernel is asked.
pub const NOT_ASKED: &[(&str, &str)] = &[
    (
        "interleavings, of programs without a schedule",
        "their tasks run one after the other, in the order of the file; a program with a schedule is steered",
    ),
    (
        "two namespaces of one name, of which one still ends",
        "the name stays taken until the task that deletes the first has waited for its end, in the guest as in the model",
    ),
    (
        "a segment until a point that has no place in the kernel's text, or where it may not sleep",
        "said of each segment; a program that has one is counted apart and not compared",
    ),
];

/// What is compared by something else than its value.
pub const RENAMED: &[(&str, &str)] = &[
    ("a netdev's name and ifindex", "chosen by the kernel: compared as the netdev of its port"),
    (
        "the name of a netdev that comes back from a namespace that ended, if its own is taken",
        "made of an ifindex, of which the model knows nothing: the model takes it for one that no other netdev has",
    ),
    ("in which namespace a netdev's uevents are heard", "not compared: that of its link messages is"),
    (
        "that a dummy netdev comes which `ib.register-device` or `netdev.address-add` is about",
        "not compared: the model takes it to be there, and the guest makes it then",
    ),
    (
        "how far a segment of a schedule came",
        "compared by how it ended: at its point, blocked, or at the task's end",
    ),
    (
        "when a task reads what it asked for, in a program with a schedule",
        "compared where the command ends: netlink hands a message over only when it has filled the next one",
    ),
    (
        "the order in which RDMA devices go that one netdev or one namespace takes with it",
        "each has a worker, and these run at the same time: compared as a set of character devices, then device by device",
    ),
    ("counters of traps and policers, reload statistics, random content of regions", "left out of values"),
    (
        "how many of a flash update's bytes are written",
        "left out of values; what is told again is compared once",
    ),
    ("counters and times of health reporters, what a diagnose or a dump shows", "left out of values"),
    ("sequence numbers, port ids, times", "left out of values"),
    (
        "the other properties of the uevents of mediated devices, their parents and vfio devices",
        "must be those that the model prints, or the uevent counts as another one; numbers of vfio are left out",
    ),
    (
        "a WARN_ON of the model and what the kernel prints",
        "compared by whether there is one, not by its text",
    ),
];

fn words<'t>(trace: &'t Trace, what: &What) -> Option<&'t str> {
    match what {
        What::Foreign(index) => trace.texts.get(usize::from(*index)).map(String::as_str),
        _ => None,
    }
}

fn begins(trace: &Trace, what: &What, with: &str) -> bool {
    words(trace, what).is_some_and(|words| words.starts_with(with))
}

/// Whether it is known what a kernel does with a program, by what the model does. An instance whose namespace is freed
/// under it depends on who gets the memory next; a task that waits for ever says nothing any more; and after an oops
/// the kernel says nothing either.
pub fn is_defined(model: &Trace) -> bool {
    let oops = |event: &Event| matches!(event.what, What::Warn(Subject::Device(_), _));
    !model.events.iter().any(oops) && !judge(model).iter().any(|violation| violation.invariant.ends_all)
}

/// The first event after which it is not known what a kernel does: memory or text that is gone was used.
pub fn first_undefined(model: &Trace) -> Option<usize> {
    let is_it = |event: &Event| {
        matches!(event.what, What::UseAfterFree(..) | What::TextGone(..) | What::Warn(Subject::Device(_), _))
    };
    model.events.iter().position(is_it)
}

/// Stands after a command that made the kernel complain.
const WARNS: &str = "the kernel warns";

/// A trace as it is compared: a line an event, then the objects at rest, sorted.
pub fn observed(program: &Program, trace: &Trace) -> Vec<String> {
    let shown =
        trace.events.iter().filter(|event| !MASKS.iter().any(|mask| (mask.hides)(trace, &event.what)));
    let (mut stream, mut rest) = (Vec::new(), Vec::new());
    let mut warned = false;
    let is_steered = !program.schedule.is_empty();
    let mut together = Together::default();
    // What each task has read of the answers to its command.
    let mut read: BTreeMap<TaskId, Vec<String>> = BTreeMap::new();
    // Where in the stream what is said of one flash update begins.
    let mut update = 0;
    // Stands before what is heard or found in a namespace that is not the initial one.
    let mut netns = String::new();
    // The tasks whose command is about a netdev that the model takes to be there.
    let mut assumes = BTreeMap::new();
    for event in shown {
        let task = trace.name(event.task);
        if let What::Begin(index) = event.what {
            together.goes(program, event.task, index);
            assumes.insert(event.task, assumes_netdev(program, event.task, index));
        }
        if is_netdev_new(&event.what) && assumes.get(&event.task).is_some_and(|assumes| *assumes) {
            continue;
        }
        match together.lane(&event.what) {
            Some(_) => {}
            None => together.end(&mut stream),
        }
        // The log is read when a command is over, so where in it the kernel warned is not known, nor how often.
        if let What::End(..) = event.what {
            stream.extend(read.remove(&event.task).into_iter().flatten());
        }
        let is_over = matches!(event.what, What::Begin(_) | What::AtRest(..));
        if is_over && std::mem::take(&mut warned) {
            stream.push(WARNS.to_string());
        }
        let what = match event.what {
            What::Begin(index) => format!("# {task}: {}", program.command_text(event.task, index)),
            // Commands of several tasks may end in another order than they began.
            What::End(_, None) if is_steered => format!("{task}: ok"),
            What::End(_, Some(errno)) if is_steered => format!("{task}: {errno}"),
            What::End(_, None) => "ok".to_string(),
            What::End(_, Some(errno)) => format!("{errno}"),
            What::Warn(..) | What::Console(_) => {
                warned = true;
                continue;
            }
            What::Foreign(_) => words(trace, &event.what).unwrap_or_default().to_string(),
            What::AtRest(Subject::Kernel, _) => continue,
            What::In(NetNs::Init) => {
                netns.clear();
                continue;
            }
            What::In(other) => {
                netns = format!("in {other}: ");
                continue;
            }
            What::AtRest(of, _) if of.kind().family() == Family::Mdev => {
                rest.push(format!("at rest {}", event.what));
                continue;
            }
            What::AtRest(..) => {
                rest.push(format!("{netns}at rest {}", event.what));
                continue;
            }
            What::Notify(..) | What::Link(..) => format!("{netns}{} {}", event.what.verb(), event.what),
            // The task that receives need not be the one that runs.
            What::Heard(..) => format!("{task} heard {}", event.what),
            other => format!("{} {other}", other.verb()),
        };
        if is_steered && matches!(event.what, What::Dumped(..)) {
            read.entry(event.task).or_default().push(what);
            continue;
        }
        // A flash update notifies all listeners of each thousandth.
        let is_flash = matches!(
            event.what,
            What::Notify(_, Subject::Flash(_), _) | What::Heard(_, Subject::Flash(_), _)
        );
        if !is_flash {
            update = stream.len() + 1;
        } else if stream[update..].contains(&what) {
            continue;
        }
        match together.lane(&event.what) {
            Some(lane) => together.lines.push((lane, what)),
            None => stream.push(what),
        }
    }
    together.end(&mut stream);
    stream.extend(read.into_values().flatten());
    if warned {
        stream.push(WARNS.to_string());
    }
    rest.sort();
    stream.extend(rest);
    stream
}

/// Whether a command is about a netdev that need not be there: the model takes it to be, and the guest makes it.
fn assumes_netdev(program: &Program, task: TaskId, index: u8) -> bool {
    let task = program.tasks.get(usize::from(task));
    let command = task.and_then(|task| task.commands.get(usize::from(index)));
    matches!(command, Some(Command::Ib(ib::Command::RegisterDevice { .. } | ib::Command::AddressAdd { .. })))
}

/// Whether a dummy netdev is told of as a new one.
fn is_netdev_new(what: &What) -> bool {
    matches!(
        what,
        What::Uevent(Action::Add, Subject::Netdev(_)) | What::Link(Notice::New, Subject::Netdev(_))
    )
}

/// How the segments of a schedule ended, as it is compared: a line a segment.
pub fn segments(program: &Program, ends: &[SegmentEnd]) -> Vec<String> {
    let line = |(segment, end): (&Segment, &SegmentEnd)| format!("segment `{segment}`: {end}");
    program.schedule.iter().zip(ends).map(line).collect()
}

/// Whose a line is that says that something of RDMA goes: a character device, or a device with all there is of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    Umad(u8),
    Uverbs(u8),
    Device(IbDevice),
}

/// RDMA devices that go at the same time, each in a worker of its own.
#[derive(Debug, Default)]
struct Together {
    /// Whether the command that runs has several go at once.
    many: bool,
    lines: Vec<(Lane, String)>,
}

impl Together {
    /// A command begins.
    fn goes(&mut self, program: &Program, task: TaskId, index: u8) {
        use driver::rdma::Command::{NetdevDel, NetdevSetNetns};
        let task = program.tasks.get(usize::from(task));
        let command = task.and_then(|task| task.commands.get(usize::from(index)));
        self.many = matches!(
            command,
            Some(
                Command::Rdma(NetdevDel { .. } | NetdevSetNetns { .. })
                    | Command::Driver(driver::Command::NetnsDel { .. })
            )
        );
    }

    /// Whose an event is, if the kernel promises no order among it and those of others.
    fn lane(&self, what: &What) -> Option<Lane> {
        match *what {
            _ if !self.many => None,
            What::Uevent(Action::Remove, Subject::Umad(number)) => Some(Lane::Umad(number)),
            What::Uevent(Action::Remove, Subject::Uverbs(number)) => Some(Lane::Uverbs(number)),
            What::Uevent(Action::Remove, Subject::Ib(device) | Subject::IbCompat(device, _))
            | What::Notify(Notice::Del, Subject::Ib(device), _) => Some(Lane::Device(device)),
            _ => None,
        }
    }

    /// The last line of these: if they are of several devices, each device's follow each other.
    fn end(&mut self, stream: &mut Vec<String>) {
        let device = |(lane, _): &(Lane, String)| match lane {
            Lane::Device(device) => Some(*device),
            Lane::Umad(_) | Lane::Uverbs(_) => None,
        };
        let mut devices = self.lines.iter().filter_map(device);
        let first = devices.next();
        if devices.any(|device| Some(device) != first) {
            self.lines.sort_by_key(|(lane, _)| *lane);
        }
        stream.extend(self.lines.drain(..).map(|(_, line)| line));
    }
}

/// The first place where two traces differ, by what each has there: the same for what is the same difference.
pub fn difference(model: &[String], kernel: &[String]) -> Option<(Option<String>, Option<String>)> {
    let same = model.iter().zip(kernel).take_while(|(model, kernel)| model == kernel).count();
    let kind = |lines: &[String]| {
        let line = lines.get(same)?;
        Some(line.chars().filter(|letter| !letter.is_ascii_digit()).collect())
    };
    (model.len() != same || kernel.len() != same).then(|| (kind(model), kind(kernel)))
}

/// What the first place where two traces differ says of the cause: a line that only one of them has, one that is
/// elsewhere in the other, or two that stand for each other. Numbers are left out, so that one cause has one name.
pub fn cause(model: &[String], kernel: &[String]) -> Option<String> {
    let changes: Vec<DiffOp> = capture_diff_slices(Algorithm::Myers, model, kernel)
        .into_iter()
        .filter(|change| !matches!(change, DiffOp::Equal { .. }))
        .collect();
    let first = changes.first()?;
    let kind = |line: &String| line.chars().filter(|letter| !letter.is_ascii_digit()).collect::<String>();
    let is_gone = |line: &String| changes.iter().any(|change| model[change.old_range()].contains(line));
    let is_new = |line: &String| changes.iter().any(|change| kernel[change.new_range()].contains(line));
    let (left, right) = (model[first.old_range()].first(), kernel[first.new_range()].first());
    Some(match (left, right) {
        (Some(line), _) if is_new(line) => format!("moved: {}", kind(line)),
        (_, Some(line)) if is_gone(line) => format!("moved: {}", kind(line)),
        (Some(model), Some(kernel)) => format!("model: {}; kernel: {}", kind(model), kind(kernel)),
        (Some(model), None) => format!("only the model: {}", kind(model)),
        (None, Some(kernel)) => format!("only the kernel: {}", kind(kernel)),
        (None, None) => return None,
    })
}

/// Equal lines that are shown before and after a difference.
const AROUND: usize = 2;

/// Both in columns, the model to the left; lines that differ are marked, and of long equal stretches only the
/// commands are left.
pub fn columns(model: &[String], kernel: &[String]) -> String {
    let width = model.iter().map(|line| line.chars().count()).max().unwrap_or(0).clamp("model".len(), 64);
    let mut out = format!("  {:width$}  kernel\n", "model");
    let mut row = |mark: &str, left: &str, right: &str| {
        let line = format!("{mark} {left:width$}  {right}");
        let _ = writeln!(out, "{}", line.trim_end());
    };
    for change in capture_diff_slices(Algorithm::Myers, model, kernel) {
        let (left, right) = (&model[change.old_range()], &kernel[change.new_range()]);
        if !matches!(change, DiffOp::Equal { .. }) {
            let at = |lines: &[String], index| lines.get(index).cloned().unwrap_or_default();
            (0..left.len().max(right.len())).for_each(|index| row("!", &at(left, index), &at(right, index)));
            continue;
        }
        let (begin, end) = (change.old_range().start, change.old_range().end);
        let mut left_out = false;
        for (index, line) in (begin..end).zip(left) {
            let is_near =
                (begin > 0 && index < begin + AROUND) || (end < model.len() && index + AROUND >= end);
            if is_near || line.starts_with('#') {
                omitted(&mut row, &mut left_out);
                row(" ", line, line);
            } else {
                left_out = true;
            }
        }
        omitted(&mut row, &mut left_out);
    }
    out
}

/// A line for those that were left out, if any were.
fn omitted(row: &mut impl FnMut(&str, &str, &str), left_out: &mut bool) {
    if std::mem::take(left_out) {
        row(" ", "…", "…");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Errno, Handle, Notice, Point, PortIndex};

    fn lines(events: &[What]) -> Vec<String> {
        observed(&Program::default(), &Trace::of(events.iter().map(|what| (0, *what))))
    }

    /// What is compared of an event that a real kernel has words for.
    fn said(event: What, words: &str) -> Vec<String> {
        let mut trace = Trace::of([(0, event)]);
        trace.texts = vec![words.into()];
        observed(&Program::default(), &trace)
    }

    /// A program with a schedule, so that it is steered.
    fn steered() -> Program {
        let text = "task user\n  devlink.get netdevsim/0\n\nschedule\n  user\n";
        Program::parse(text, "test").unwrap_or_else(|errors| panic!("{errors}"))
    }

    const NEW: What = What::Notify(Notice::New, Subject::Devlink(Handle::Netdevsim0), 0);

    #[test]
    fn equal_is_equal_and_what_is_inside_the_model_does_not_count() {
        let (model, kernel) =
            (lines(&[What::Begin(0), What::Visible(Subject::Kernel), NEW]), lines(&[What::Begin(0), NEW]));
        assert_eq!(model, kernel);
        assert_eq!(difference(&model, &kernel), None);
        assert!(!columns(&model, &kernel).contains('!'));
    }

    #[test]
    fn an_event_that_is_missing_swapped_or_answered_otherwise_is_a_difference() {
        let both = [What::End(0, None), NEW];
        for other in [vec![NEW], vec![NEW, What::End(0, None)], vec![What::End(0, Some(Errno::EBUSY)), NEW]] {
            let (model, kernel) = (lines(&both), lines(&other));
            assert!(difference(&model, &kernel).is_some(), "{other:?}");
            assert!(columns(&model, &kernel).lines().skip(1).any(|line| line.starts_with('!')));
        }
    }

    #[test]
    fn a_difference_is_named_by_its_cause_wherever_it_is() {
        let of = |model: &str, kernel: &str| {
            let lines = |text: &str| text.chars().map(|letter| letter.to_string()).collect::<Vec<_>>();
            cause(&lines(model), &lines(kernel)).unwrap_or_default()
        };
        assert_eq!(of("abc", "abc"), "");
        assert_eq!([of("abc", "abxc"), of("bc", "xbc")], ["only the kernel: x", "only the kernel: x"]);
        assert_eq!(of("abc", "ac"), "only the model: b");
        assert_eq!(of("abc", "axc"), "model: b; kernel: x");
        assert_eq!(of("abcde", "bcdea"), "moved: a");
        assert_eq!(of("ab1c", "abc"), "only the model: ");
    }

    #[test]
    fn who_hears_counts_and_of_a_flash_update_what_is_told_again_does_not() {
        let flash = |value| {
            let message = (Notice::New, Subject::Flash(Handle::Netdevsim0), value);
            [What::Heard(message.0, message.1, message.2), What::Notify(message.0, message.1, message.2)]
        };
        let once = lines(&[flash(1), flash(2)].concat());
        assert_eq!(once.len(), 4);
        assert_eq!(once, lines(&[flash(1), flash(2), flash(2), flash(2)].concat()));
        let update = |rest: [What; 2]| lines(&[&flash(1)[..], &[What::End(0, None)], &rest].concat());
        assert_eq!(update(flash(1)).len(), 5, "another update is told again");
        assert!(difference(&once, &lines(&[flash(1)[1], flash(2)[1]])).is_some());
    }

    #[test]
    fn what_tasks_read_side_by_side_is_compared_where_their_commands_end() {
        let text = "task user\n  devlink.get netdevsim/0\n\nschedule\n  user\n";
        let program = Program::parse(text, "test").unwrap_or_else(|_| panic!("it is a program"));
        let dump = (0, What::Dumped(Subject::Devlink(Handle::Netdevsim0), 0));
        let (end, other) = ((0, What::End(0, None)), (1, NEW));
        let of = |events: [(TaskId, What); 3]| observed(&program, &Trace::of(events));
        assert_eq!(of([dump, other, end]), of([other, dump, end]));
        assert_ne!(of([dump, other, end]), of([other, end, dump]));
        let alone = |events: [(TaskId, What); 3]| observed(&Program::default(), &Trace::of(events));
        assert_ne!(
            alone([dump, other, end]),
            alone([other, dump, end]),
            "without a schedule the order counts"
        );
    }

    #[test]
    fn after_an_oops_or_a_wait_without_end_nothing_is_known_and_after_a_warning_all() {
        let defined = |what| is_defined(&Trace::of([(0, What::Begin(0)), (0, what)]));
        let handle = Handle::Netdevsim0;
        assert!(!defined(What::Warn(Subject::Device(handle), Point::DriverPort)));
        assert!(!defined(What::Deadlock(0)));
        let net = Subject::Netns(NetNs::A);
        assert!(!defined(What::UseAfterFree(net, Point::CleanupNetLock, Point::ProbeAlloc)));
        assert!(defined(What::Warn(Subject::Devlink(handle), Point::RemoveFree)));
        assert!(defined(What::End(0, None)));
    }

    #[test]
    fn a_link_message_counts_where_it_is_heard() {
        let link = What::Link(Notice::New, Subject::PortNetdev(Handle::Netdevsim0, PortIndex::P1));
        let moved = lines(&[link, What::In(NetNs::A), link]);
        let line = "link [link,new] netdevsim/0/1 netdev";
        assert_eq!(moved, [line.to_string(), format!("in a: {line}")]);
        assert!(difference(&moved, &lines(&[link, link])).is_some());
    }

    #[test]
    fn devices_that_go_together_are_compared_one_by_one_and_alone_in_their_order() {
        let text = "task user\n  netdev.del eth0\n  rdma.link-del rxe/0\n";
        let program = Program::parse(text, "test").unwrap_or_else(|_| panic!("it is a program"));
        let ends = |device| {
            let of = Subject::Ib(device);
            [What::Notify(Notice::Del, of, 0), What::Uevent(Action::Remove, of)]
        };
        let ([a, b], [c, d]) = (ends(IbDevice::Rxe0), ends(IbDevice::Siw0));
        let run = |command, events: [What; 4]| {
            let all = [What::Begin(command)].into_iter().chain(events);
            observed(&program, &Trace::of(all.map(|what| (0, what))))
        };
        assert_eq!(run(0, [a, b, c, d]), run(0, [c, a, d, b]));
        assert_ne!(run(0, [a, b, c, d]), run(0, [b, a, c, d]), "one device's order counts");
        assert_ne!(run(1, [a, b, c, d]), run(1, [c, a, d, b]), "who deletes one has it go alone");
    }

    #[test]
    fn objects_at_rest_are_a_set_and_each_counts() {
        let one = What::AtRest(Subject::Devlink(Handle::Netdevsim0), 0);
        let two = What::AtRest(Subject::Devlink(Handle::Netdevsim1), 0);
        assert_eq!(lines(&[one, two]), lines(&[two, one]));
        assert!(difference(&lines(&[one, two]), &lines(&[one])).is_some());
    }

    #[test]
    fn words_without_a_name_count_unless_they_come_with_something_that_has_one() {
        let uevents =
            ["x/queues/rx-0", "/module/a", "/bus/a", "/class/a", "x/misc/vfio", "x/infiniband_mad/issm0"];
        for uevent in uevents {
            let words = format!("uevent add@{uevent}");
            assert_eq!(said(What::Foreign(0), &words), [""; 0], "{words}");
            let words = format!("other add@{uevent}");
            assert_eq!(said(What::Foreign(0), &words), [words], "it is no uevent");
        }
        assert_eq!(said(What::Foreign(0), "[link,new] eth7"), [""; 0]);
        for words in ["uevent add@/devices/x", "other [link,new] eth7"] {
            assert_eq!(said(What::Foreign(0), words), [words]);
        }
    }

    #[test]
    fn a_complaint_counts_unless_it_is_of_the_clean_up_or_of_a_wait() {
        let waits = "unregister_netdevice: waiting for eth0 to become free. Usage count = 2";
        assert_eq!(said(What::Console(0), "BUG: x"), [WARNS]);
        assert_eq!(said(What::Console(0), &format!("{CLEAN_UP}BUG: x")), [""; 0]);
        assert_eq!(said(What::Console(0), waits), [""; 0]);
        assert_eq!(said(What::Foreign(0), waits), [waits], "a message is no complaint");
        assert_eq!(said(What::Foreign(0), &format!("{CLEAN_UP}BUG: x")).len(), 1);
    }

    #[test]
    fn a_warning_counts_once_and_stands_after_its_command() {
        let warn = What::Warn(Subject::Devlink(Handle::Netdevsim0), Point::RemoveFree);
        let both = lines(&[What::Begin(0), warn, NEW, warn, What::End(0, None), What::Begin(1), NEW]);
        let new = format!("notify {NEW}");
        assert_eq!(both, ["# user: command 1", &new, "ok", WARNS, "# user: command 2", &new]);
    }

    #[test]
    fn a_steered_task_says_who_it_is_when_its_command_ends() {
        for (end, of_many, of_one) in [(None, "user: ok", "ok"), (Some(Errno::EBUSY), "user: EBUSY", "EBUSY")]
        {
            let trace = Trace::of([(0, What::End(0, end))]);
            assert_eq!(observed(&steered(), &trace), [of_many]);
            assert_eq!(observed(&Program::default(), &trace), [of_one]);
        }
        assert_eq!(segments(&steered(), &[SegmentEnd::Ended]).len(), 1);
        assert!(segments(&steered(), &[SegmentEnd::Ended])[0].starts_with("segment `user`: "));
    }

    #[test]
    fn what_is_at_rest_has_the_namespace_before_it_unless_it_is_in_none() {
        let parent = Subject::Parent(crate::event::Parent::Mtty0);
        let of = |of| lines(&[What::In(NetNs::A), What::AtRest(of, 0)]).remove(0);
        assert!(of(Subject::Devlink(Handle::Netdevsim0)).starts_with("in a: at rest "));
        assert!(of(parent).starts_with("at rest "));
    }

    #[test]
    fn what_is_undefined_begins_where_memory_or_text_is_gone() {
        let device = Subject::Device(Handle::Netdevsim0);
        for (what, is_it) in [
            (What::UseAfterFree(device, Point::CleanupNetLock, Point::ProbeAlloc), true),
            (What::Warn(device, Point::DriverPort), true),
            (What::Warn(Subject::Devlink(Handle::Netdevsim0), Point::DriverPort), false),
        ] {
            let trace = Trace::of([(0, NEW), (0, what), (0, what)]);
            assert_eq!(first_undefined(&trace), is_it.then_some(1), "{what:?}");
        }
    }

    #[test]
    fn character_devices_that_go_together_are_compared_as_a_set() {
        let text = "task user\n  netdev.del eth0\n";
        let program = Program::parse(text, "test").unwrap_or_else(|errors| panic!("{errors}"));
        let gone = |of| What::Uevent(Action::Remove, of);
        let of = |events: [What; 4]| {
            let all = [What::Begin(0)].into_iter().chain(events);
            observed(&program, &Trace::of(all.map(|what| (0, what))))
        };
        let [rxe, siw] = [IbDevice::Rxe0, IbDevice::Siw0].map(|device| gone(Subject::Ib(device)));
        let [umad, uverbs] = [gone(Subject::Umad(0)), gone(Subject::Uverbs(0))];
        assert_eq!(of([umad, uverbs, rxe, siw]), of([rxe, siw, uverbs, umad]));
        let alone = of([rxe, umad, rxe, rxe]);
        assert_ne!(alone, of([umad, rxe, rxe, rxe]), "one device's are compared in their order");
    }

    #[test]
    fn a_difference_has_no_numbers() {
        let of = |line: &str| [line.to_string()];
        let pair = |model: &str, kernel: &str| Some((Some(model.to_string()), Some(kernel.to_string())));
        assert_eq!(difference(&of("a1"), &of("b23")), pair("a", "b"));
        assert_eq!(difference(&of("a1"), &[]), Some((Some("a".into()), None)));
    }

    #[test]
    fn columns_have_two_lines_around_a_difference_and_every_command() {
        let model: Vec<String> =
            "#a bb cc dd ee XX ff gg hh ii jj YY kk ll mm #n oo".split(' ').map(str::to_string).collect();
        let mut kernel = model.clone();
        kernel[5] = "xx".into();
        kernel[11] = "yy".into();
        let shown = columns(&model, &kernel);
        let left: Vec<&str> =
            shown.lines().skip(1).map(|line| line[2..].split(' ').next().unwrap_or("")).collect();
        assert_eq!(
            left,
            ["#a", "…", "dd", "ee", "XX", "ff", "gg", "…", "ii", "jj", "YY", "kk", "ll", "…", "#n", "…"]
        );
        let marked = shown.lines().filter(|line| line.starts_with('!')).count();
        assert_eq!(marked, 2, "{shown}");
        assert!(!columns(&model, &model).contains("bb"), "nothing is near a difference");
    }
}
