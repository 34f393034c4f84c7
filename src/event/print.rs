//! How an event reads: what happened, then to whom, in fixed columns.

use super::{Action, Errno, Mode, Notice, Subject, TaskId, Trace, What};
use std::fmt;

/// How much of a trace to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// What users and drivers can see: notifications, uevents, results, callbacks, misuse. Snapshots hold this.
    Stream,
    /// Everything, locks and references included.
    Trace,
}

impl What {
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
            | What::Notify(..)
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
            What::Alloc(_) => "alloc",
            What::Ready(_) => "ready",
            What::Unready(_) => "unready",
            What::Visible(_) => "visible",
            What::Hidden(_) => "hidden",
            What::Free(_) => "free",
            What::Add(_) => "add",
            What::Remove(_) => "remove",
            What::Set(..) => "set",
            What::Notify(..) => "notify",
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
            What::UseAfterFree(..)
            | What::Underflow(..)
            | What::TextGone(..)
            | What::Deadlock(_)
            | What::LockOrder(_)
            | What::Leak(..)
            | What::Warn(..)
            | What::OutOfSteps => "BUG",
        }
    }
}

/// The object of a devlink notification as `devlink monitor` names it: the kind, then the handle.
fn devlink_object(subject: Subject) -> &'static str {
    match subject {
        Subject::Devlink(_) => "dev",
        Subject::Port(..) => "port",
        Subject::Trap(..) => "trap",
        Subject::Param(..) => "param",
        _ => "object",
    }
}

/// The value that goes with an object, as its operand spells it.
fn value(subject: Subject, value: u8) -> String {
    use super::name::{EswitchMode, ParamValue, TrapAction};
    use crate::operand::Operand;
    let word = match subject {
        Subject::Devlink(_) => (value != 0).then_some("reload_failed"),
        Subject::Param(..) => ParamValue::from_byte(value).map(Operand::word),
        Subject::Trap(..) => TrapAction::from_byte(value).map(Operand::word),
        Subject::Eswitch(_) => EswitchMode::from_byte(value).map(Operand::word),
        Subject::Port(..) => None,
        _ => return format!(" {value}"),
    };
    word.map_or(String::new(), |word| format!(" {word}"))
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
            What::Acquire(lock, Mode::Write) | What::Release(lock, Mode::Write) => write!(f, "{lock}"),
            What::Acquire(lock, Mode::Read) | What::Release(lock, Mode::Read) => write!(f, "{lock} (read)"),
            What::Block(lock) => write!(f, "{lock}"),
            What::Alloc(of)
            | What::Ready(of)
            | What::Unready(of)
            | What::Visible(of)
            | What::Hidden(of)
            | What::Free(of)
            | What::Add(of)
            | What::Remove(of) => write!(f, "{of}"),
            What::Set(of, old, new) => write!(f, "{of}:{} ->{}", value(of, old), value(of, new)),
            What::Notify(notice, of, new) => {
                let notice = if notice == Notice::New { "new" } else { "del" };
                write!(f, "[{},{notice}] {of}{}", devlink_object(of), value(of, new))
            }
            What::Uevent(action, of) | What::Seen(action, of) => match action {
                Action::Add => write!(f, "add {of}"),
                Action::Bind => write!(f, "bind {of}"),
                Action::Unbind => write!(f, "unbind {of}"),
                Action::Remove => write!(f, "remove {of}"),
                Action::Change(state) => write!(f, "change {of} MDEV_STATE={state}"),
            },
            What::Dumped(of, new) | What::AtRest(of, new) => {
                write!(f, "[{}] {of}{}", devlink_object(of), value(of, new))
            }
            What::Get(of, count) | What::Put(of, count) => write!(f, "{of} refcount {count}"),
            What::Queue(queue, work)
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
            What::OutOfSteps => write!(f, "out of steps"),
        }
    }
}

impl Trace {
    /// Prints the trace, one event a line, each line `task  verb  what`. Cycles take a line a link. A trace
    /// knows its commands by their numbers; `command` says what a task's command with a number is.
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
                other => other.to_string(),
            };
            let mut places = what.split(PLACE);
            let first = places.next().unwrap_or_default();
            let _ = writeln!(out, "{task:width$}  {:8}  {first}", event.what.verb());
            let places = places.map(|place| format!("at {place}"));
            let cycle = self.cycle(event.what).iter().map(|link| self.link(link));
            for detail in places.chain(cycle) {
                // Two names and a point in one line are more than a page is wide.
                let wrapped = detail.replace(" and waits for", "\n    and waits for");
                for line in wrapped.lines() {
                    let _ = writeln!(out, "{:width$}  |  {line}", "");
                }
            }
        }
        out
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
