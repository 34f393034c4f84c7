//! How an event reads: what happened, then to whom, in fixed columns.

mod value;

use super::property::properties;
use super::{Action, Errno, Mode, Notice, Subject, TaskId, Trace, What};
use std::borrow::Cow;
use std::fmt;
use value::value;

/// How much of a trace to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// What users and drivers can see: notifications, uevents, results, callbacks, misuse. Snapshots hold this.
    Stream,
    /// Everything, locks and references included.
    Trace,
}

impl What {
    /// Whether the event is recorded for a second opinion alone.
    pub const fn is_raw(&self) -> bool {
        matches!(self, What::Ask(..) | What::Hold(_) | What::Unhold(_) | What::Use(_) | What::Wake)
    }

    /// Whether the event belongs in the stream, or only in the full trace.
    pub const fn in_stream(&self) -> bool {
        match self {
            What::Begin(_)
            | What::End(_, None)
            | What::Enter(..)
            | What::Leave(..)
            | What::Acquire(..)
            | What::Release(..)
            | What::Block(_)
            | What::Ask(..)
            | What::Hold(_)
            | What::Unhold(_)
            | What::Use(_)
            | What::Wake
            | What::Add(_)
            | What::Remove(_)
            | What::Get(..)
            | What::Put(..)
            | What::AtRest(..)
            | What::Preempt(_) => false,
            What::End(_, Some(_))
            | What::Call(..)
            | What::Return(..)
            | What::Alloc(_)
            | What::Ready(_)
            | What::Unready(_)
            | What::Visible(_)
            | What::Hidden(_)
            | What::Free(_)
            | What::Set(..)
            | What::In(_)
            | What::Notify(..)
            | What::Link(..)
            | What::Filter(..)
            | What::Heard(..)
            | What::Uevent(..)
            | What::Seen(..)
            | What::Dumped(..)
            | What::Queue(..)
            | What::WorkBegin(..)
            | What::WorkEnd(..)
            | What::Cancel(..)
            | What::ModuleGone(_)
            | What::UseAfterFree(..)
            | What::Underflow(..)
            | What::TextGone(..)
            | What::Deadlock(_)
            | What::LockOrder(_)
            | What::Leak(..)
            | What::Warn(..)
            | What::Console(_)
            | What::Sleeps(_)
            | What::Foreign(_)
            | What::OutOfSteps => true,
        }
    }

    /// The word for what happened: the second column of a printed trace.
    pub const fn verb(&self) -> &'static str {
        match self {
            What::Begin(_) => "begin",
            What::End(_, None) => "done",
            What::End(_, Some(_)) => "errno",
            What::Preempt(_) => "preempt",
            What::Enter(..) => "enter",
            What::Leave(..) => "leave",
            What::Call(..) => "call",
            What::Return(..) => "return",
            What::Acquire(..) => "lock",
            What::Release(..) => "unlock",
            What::Block(_) => "block",
            What::Ask(..) => "ask",
            What::Hold(_) => "hold",
            What::Unhold(_) => "unhold",
            What::Use(_) => "use",
            What::Wake => "wake",
            What::Alloc(_) => "alloc",
            What::Ready(_) => "ready",
            What::Unready(_) => "unready",
            What::Visible(_) => "visible",
            What::Hidden(_) => "hidden",
            What::Free(_) => "free",
            What::Add(_) => "add",
            What::Remove(_) => "remove",
            What::Set(..) => "set",
            What::In(_) => "in",
            What::Notify(..) => "notify",
            What::Link(..) => "link",
            What::Filter(..) => "filter",
            What::Heard(..) => "heard",
            What::Uevent(..) => "uevent",
            What::Seen(..) => "seen",
            What::Dumped(..) => "dump",
            What::AtRest(..) => "at-rest",
            What::Get(..) => "get",
            What::Put(..) => "put",
            What::Queue(..) => "queue",
            What::WorkBegin(..) => "work",
            What::WorkEnd(..) => "work-end",
            What::Cancel(..) => "cancel",
            What::ModuleGone(_) => "unloaded",
            What::Sleeps(_) => "sleeps",
            What::Foreign(_) => "other",
            What::UseAfterFree(..)
            | What::Underflow(..)
            | What::TextGone(..)
            | What::Deadlock(_)
            | What::LockOrder(_)
            | What::Leak(..)
            | What::Warn(..)
            | What::Console(_)
            | What::OutOfSteps => "BUG",
        }
    }
}

/// Stands before each place that an event names; a printed trace starts a new line there.
const PLACE: &str = ", at ";

struct Outcome(Option<Errno>);

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |errno| write!(f, " -{errno}"))
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            What::Begin(index) | What::End(index, None) => write!(f, "command {}", index + 1),
            What::End(index, Some(errno)) => write!(f, "{errno} command {}", index + 1),
            What::Preempt(point) => write!(f, "{point}"),
            What::Enter(span, of) => write!(f, "{} {of}", span.name()),
            What::Leave(span, of, errno) => write!(f, "{} {of}{}", span.name(), Outcome(errno)),
            What::Call(callback, of) => write!(f, "{} {of}", callback.name()),
            What::Return(callback, of, errno) => write!(f, "{} {of}{}", callback.name(), Outcome(errno)),
            What::Acquire(lock, Mode::Write)
            | What::Release(lock, Mode::Write)
            | What::Ask(lock, Mode::Write) => {
                write!(f, "{lock}")
            }
            What::Acquire(lock, Mode::Read)
            | What::Release(lock, Mode::Read)
            | What::Ask(lock, Mode::Read) => {
                write!(f, "{lock} (read)")
            }
            What::Block(lock) | What::Hold(lock) | What::Unhold(lock) => {
                write!(f, "{lock}")
            }
            What::Use(of) => write!(f, "{of}"),
            What::Wake => Ok(()),
            What::Alloc(of)
            | What::Ready(of)
            | What::Unready(of)
            | What::Visible(of)
            | What::Hidden(of)
            | What::Free(of)
            | What::Add(of)
            | What::Remove(of) => write!(f, "{of}"),
            // What was before is in the line before, and both would not fit.
            What::Set(of @ (Subject::Reporter(..) | Subject::Resource(..)), _, new) => {
                write!(f, "{of}: ->{}", value(of, new))
            }
            What::Set(of, old, new) => write!(f, "{of}:{} ->{}", value(of, old), value(of, new)),
            What::In(netns) => write!(f, "netns {netns}"),
            What::Filter(netns, device, port) => write!(f, "{device} {port} in netns {netns}"),
            What::Notify(notice, of, new) | What::Heard(notice, of, new) => {
                let notice = match (notice, of) {
                    (_, Subject::Reporter(..) | Subject::Flash(_)) => "status",
                    (Notice::New, _) => "new",
                    (Notice::Del, _) => "del",
                };
                write!(f, "[{},{notice}] {of}{}", of.kind().word(), value(of, new))
            }
            What::Link(Notice::New, of) => write!(f, "[link,new] {of}"),
            What::Link(Notice::Del, of) => write!(f, "[link,del] {of}"),
            What::Uevent(action, of) | What::Seen(action, of) => match action {
                Action::Add => write!(f, "add {of}"),
                Action::Bind => write!(f, "bind {of}"),
                Action::Unbind => write!(f, "unbind {of}"),
                Action::Remove => write!(f, "remove {of}"),
                Action::Change(state) => write!(f, "change {of} MDEV_STATE={state}"),
                Action::Move(old) => write!(f, "move {of} from {}", value::name(of, old)),
            },
            What::Dumped(of, new) | What::AtRest(of, new) => {
                write!(f, "[{}] {of}{}", of.kind().word(), value(of, new))
            }
            What::Get(of, count) | What::Put(of, count) => write!(f, "{of} refcount {count}"),
            What::Queue(queue, work, _)
            | What::WorkBegin(queue, work)
            | What::WorkEnd(queue, work)
            | What::Cancel(queue, work) => write!(f, "{work} on {queue}"),
            What::ModuleGone(module) => write!(f, "{module}.ko"),
            What::UseAfterFree(of, freed, used) => {
                write!(f, "use-after-free {of}{PLACE}{freed} (freed){PLACE}{used} (used)")
            }
            What::Underflow(of, at) => write!(f, "refcount underflow {of} at {at}"),
            What::TextGone(module, at) => write!(f, "text-gone {module}.ko{PLACE}{at} (runs)"),
            What::Deadlock(_) => write!(f, "deadlock"),
            What::LockOrder(_) => write!(f, "lock order"),
            What::Leak(of, count) => write!(f, "leak {of}: refcount {count} and no owner"),
            What::Warn(of, at) => write!(f, "WARN_ON {of} at {at}"),
            What::Console(_) => write!(f, "console"),
            What::Sleeps(_) => write!(f, "in the kernel"),
            What::Foreign(_) => write!(f, "observation"),
            What::OutOfSteps => write!(f, "out of steps"),
        }
    }
}

/// How wide a page is.
const COLUMNS: usize = 100;

/// A detail in lines of a width. No word is broken: a longer one has a line of its own.
fn wrapped(line: &str, width: usize) -> Vec<Cow<'_, str>> {
    let indent = " ".repeat(line.len() - line.trim_start().len() + 4);
    let options = textwrap::Options::new(width)
        .subsequent_indent(&indent)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .break_words(false);
    textwrap::wrap(line, options)
}

impl Trace {
    /// Prints the trace, one event a line, each line `task  verb  what`. Cycles take a line a link, and of a text
    /// each line after the first one takes a line. A trace knows its commands by their numbers; `command` says what a task's command with a number is.
    pub fn print(&self, detail: Detail, command: impl Fn(TaskId, u8) -> String) -> String {
        use fmt::Write;
        let shown = || self.events.iter().filter(|event| detail == Detail::Trace || event.what.in_stream());
        let width = shown().map(|event| self.name(event.task).to_string().len()).max().unwrap_or(0);
        let mut out = String::new();
        for event in shown() {
            let task = self.name(event.task);
            let what = match event.what {
                What::Begin(index) | What::End(index, None) => command(event.task, index),
                What::End(index, Some(errno)) => format!("{errno} {}", command(event.task, index)),
                other => match self.text(other) {
                    Some(text) => text.lines().next().unwrap_or_default().to_string(),
                    None => other.to_string(),
                },
            };
            let mut places = what.split(PLACE);
            let first = places.next().unwrap_or_default();
            let _ = writeln!(out, "{task:width$}  {:8}  {first}", event.what.verb());
            let places = places.map(|place| format!("at {place}"));
            let cycle = self.cycle(event.what).iter().map(|link| self.link(link));
            let more =
                self.text(event.what).into_iter().flat_map(|text| text.lines().skip(1)).map(str::to_string);
            let properties = match event.what {
                What::Uevent(action, of) => properties(action, of),
                _ => None,
            };
            for detail in places.chain(cycle).chain(more).chain(properties) {
                // Two names and a point in one line are more than a page is wide.
                let parts = detail.replace(" and waits for", "\n    and waits for");
                for line in parts.lines().flat_map(|line| wrapped(line, COLUMNS.saturating_sub(width + 5))) {
                    let _ = writeln!(out, "{:width$}  |  {line}", "");
                }
            }
        }
        out
    }

    /// The text that an event points to, which the simulation has none of.
    pub fn text(&self, what: What) -> Option<&str> {
        match what {
            What::Console(text) | What::Sleeps(text) | What::Foreign(text) => {
                Some(&self.texts[usize::from(text)])
            }
            _ => None,
        }
    }

    /// The cycle that an event points to; empty for other events.
    pub fn cycle(&self, what: What) -> &[super::Link] {
        match what {
            What::Deadlock(cycle) | What::LockOrder(cycle) => &self.cycles[usize::from(cycle)],
            _ => &[],
        }
    }

    /// One link of a cycle in words.
    pub fn link(&self, link: &super::Link) -> String {
        let task = self.name(link.task);
        let alone = self.cycles.iter().any(|cycle| cycle[..] == [*link]);
        if link.holds == link.waits && !alone {
            return format!("{task} is ahead in the queue for {} at {}", link.waits, link.at);
        }
        format!("{task} holds {} and waits for {} at {}", link.holds, link.waits, link.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Handle, PortIndex, TrapPolicer};

    fn printed(trace: &Trace) -> String {
        trace.print(Detail::Stream, |_, _| String::new())
    }

    #[test]
    fn a_text_begins_in_its_line_and_goes_on_below() {
        let mut trace = Trace::of([(0, What::Console(0)), (0, What::Foreign(1))]);
        trace.texts = vec!["WARNING: at net/core\ncalled by\nanother".into(), "[dev,other] x".into()];
        let lines: Vec<String> = printed(&trace).lines().map(str::to_string).collect();
        let expected = [
            "user  BUG       WARNING: at net/core",
            "      |  called by",
            "      |  another",
            "user  other     [dev,other] x",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_detail_that_is_too_long_goes_on_below() {
        let word = "w".repeat(50);
        let lines = wrapped("  one", 20);
        assert_eq!(lines, ["  one"]);
        assert_eq!(
            wrapped(&format!("one {word} two-three"), 20),
            ["one".to_owned(), format!("    {word}"), "    two-three".into()]
        );
        assert_eq!(wrapped("  one two three", 12), ["  one two", "      three"]);
    }

    #[test]
    fn objects_read_as_devlink_monitor_names_them() {
        let port = |value| What::Notify(Notice::New, Subject::Port(Handle::Netdevsim0, PortIndex::P1), value);
        let texts = [0, 1, 2].map(|value| port(value).to_string());
        let port = "[port,new] netdevsim/0/1";
        assert_eq!(texts, [port.to_string(), format!("{port} type eth"), format!("{port} type eth netdev")]);
        let policer = Subject::TrapPolicer(Handle::Netdevsim0, TrapPolicer::P3);
        let del = What::Notify(Notice::Del, policer, 0).to_string();
        assert_eq!(del, "[trap-policer,del] netdevsim/0 policer 3");
    }
}
