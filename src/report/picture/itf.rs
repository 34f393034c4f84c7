//! A run as states, in the trace format of Apalache and Quint (ITF, Apalache's ADR 15): what holds after each event.
//!
//! A model in TLA+ has states, and a trace of unreg has events. So that both can be compared, each event becomes the state
//! after it. State 0 is the kernel before the first event.

use super::words;
use crate::event::{Mode, Subject, TaskId, Trace, What};
use crate::invariant::Violation;
use crate::program::Program;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Where the format is described.
const FORMAT: &str = "https://apalache-mc.org/docs/adr/015adr-trace.html";

/// The variables of a state, their types in Apalache's notation, and what they say.
pub const VARIABLES: [(&str, &str, &str); 13] = [
    ("action", "{ task: Str, verb: Str, what: Str }", "the event that led to the state"),
    ("command", "Str -> Str", "of each task the command or the work that it runs, or `\"\"`"),
    (
        "holds",
        "Str -> Set(Str)",
        "of each task the locks that it holds; `(read)` follows a lock held with other readers",
    ),
    ("waits", "Str -> Str", "of each task what it waits for, or `\"\"`"),
    ("memory", "Str -> Int", "of each object how many of its name have memory; without those that have none"),
    ("operable", "Set(Str)", "the objects that callbacks may use"),
    ("visible", "Set(Str)", "the objects that users can look up"),
    ("parts", "Set(Str)", "the parts that their instance has"),
    ("values", "Str -> Str", "of each object the value that was last set"),
    (
        "references",
        "Str -> Int",
        "of each object how many references there are; without those that have none",
    ),
    ("queued", "Set({ queue: Str, work: Str })", "the work that waits for a worker"),
    ("unloaded", "Set(Str)", "the modules whose text is gone"),
    ("broken", "Set(Str)", "the invariants that are broken by now"),
];

/// The facts that hold at one moment.
#[derive(Debug, Default)]
struct State {
    command: BTreeMap<String, String>,
    /// A lock that is read may be held several times.
    holds: BTreeMap<String, Vec<String>>,
    waits: BTreeMap<String, String>,
    memory: BTreeMap<String, u64>,
    operable: BTreeSet<String>,
    visible: BTreeSet<String>,
    parts: BTreeSet<String>,
    values: BTreeMap<Subject, String>,
    references: BTreeMap<String, u64>,
    queued: BTreeSet<(String, String)>,
    unloaded: BTreeSet<String>,
    broken: BTreeSet<&'static str>,
}

/// The trace as one JSON object: every state by the names of [`VARIABLES`].
pub fn itf(program: &Program, trace: &Trace, violations: &[Violation], title: &str, under: &str) -> String {
    let mut state = State::default();
    let acts = |task: &TaskId| trace.events.iter().any(|event| event.task == *task);
    for task in (0..trace.tasks.len() as TaskId).filter(acts) {
        let task = trace.name(task).to_string();
        state.command.insert(task.clone(), String::new());
        state.holds.insert(task.clone(), Vec::new());
        state.waits.insert(task, String::new());
    }
    let nothing = json!({ "task": "", "verb": "", "what": "" });
    let mut states = vec![state.json(0, nothing)];
    for (at, event) in trace.events.iter().enumerate() {
        state.take(program, trace, at);
        state.broken.extend(violations.iter().filter(|it| it.at == at).map(|it| it.invariant.name));
        let said = words(program, trace, at);
        let verb = event.what.verb();
        let action = json!({
            "task": trace.name(event.task).to_string(),
            "verb": verb,
            "what": said.strip_prefix(verb).unwrap_or(&said).trim_start(),
        });
        states.push(state.json(at + 1, action));
    }
    let types: Map<String, Value> =
        VARIABLES.iter().map(|(name, of, _)| ((*name).to_string(), json!(of))).collect();
    let trace = json!({
        "#meta": {
            "format": "ITF",
            "format-description": FORMAT,
            "description": format!("unreg, under {under}"),
            "source": title,
            "varTypes": types,
        },
        "vars": VARIABLES.map(|(name, ..)| name),
        "states": states,
    });
    format!("{trace}\n")
}

impl State {
    /// Takes an event in.
    fn take(&mut self, program: &Program, trace: &Trace, at: usize) {
        let event = trace.events[at];
        let task = trace.name(event.task).to_string();
        // A wait has no event for its end: the task waits until it does something else.
        if !matches!(event.what, What::Heard(..)) {
            self.waits.insert(task.clone(), String::new());
        }
        match event.what {
            What::Begin(index) => drop(self.command.insert(task, program.command_text(event.task, index))),
            What::End(..) => drop(self.command.insert(task, String::new())),
            What::WorkBegin(queue, work) => {
                self.queued.remove(&(queue.to_string(), work.to_string()));
                self.command.insert(task, work.to_string());
            }
            What::WorkEnd(..) => drop(self.command.insert(task, String::new())),
            What::Queue(queue, work, _) => {
                self.queued.insert((queue.to_string(), work.to_string()));
            }
            What::Cancel(queue, work) => {
                self.queued.remove(&(queue.to_string(), work.to_string()));
            }
            What::Acquire(lock, mode) => {
                self.holds.entry(task).or_default().push(held(&lock.to_string(), mode));
            }
            What::Release(lock, mode) => {
                let name = held(&lock.to_string(), mode);
                let locks = self.holds.entry(task).or_default();
                if let Some(found) = locks.iter().rposition(|other| *other == name) {
                    locks.remove(found);
                }
            }
            What::Block(lock) => drop(self.waits.insert(task, lock.to_string())),
            What::Alloc(of) => *self.memory.entry(of.to_string()).or_default() += 1,
            What::Free(of) => {
                lessen(&mut self.memory, &of.to_string());
                self.references.remove(&of.to_string());
                // The settings of an instance are in its memory.
                self.values.retain(|about, _| *about != of && !is_in(*about, of));
            }
            What::Ready(of) => drop(self.operable.insert(of.to_string())),
            What::Unready(of) => drop(self.operable.remove(&of.to_string())),
            What::Visible(of) => drop(self.visible.insert(of.to_string())),
            What::Hidden(of) => drop(self.visible.remove(&of.to_string())),
            What::Add(of) => drop(self.parts.insert(of.to_string())),
            What::Remove(of) => {
                self.parts.remove(&of.to_string());
                self.values.remove(&of);
            }
            What::Set(of, _, to) => drop(self.values.insert(of, of.kind().value(to))),
            What::Get(of, count) | What::Put(of, count) => {
                self.references.insert(of.to_string(), u64::from(count));
                self.references.retain(|_, count| *count > 0);
            }
            What::ModuleGone(module) => drop(self.unloaded.insert(module.to_string())),
            What::Preempt(_)
            | What::Enter(..)
            | What::Leave(..)
            | What::Call(..)
            | What::Return(..)
            | What::Ask(..)
            | What::Hold(_)
            | What::Unhold(_)
            | What::Use(_)
            | What::Wake
            | What::In(_)
            | What::Notify(..)
            | What::Link(..)
            | What::Filter(..)
            | What::Heard(..)
            | What::Uevent(..)
            | What::Seen(..)
            | What::Dumped(..)
            | What::AtRest(..)
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
            | What::OutOfSteps => {}
        }
    }

    /// The state in the format's own words for sets and functions.
    fn json(&self, index: usize, action: Value) -> Value {
        let queued = self.queued.iter().map(|(queue, work)| json!({ "queue": queue, "work": work }));
        let holds = self.holds.iter().map(|(task, locks)| {
            let locks: BTreeSet<&String> = locks.iter().collect();
            (task.as_str(), set(locks))
        });
        json!({
            "#meta": { "index": index },
            "action": action,
            "command": map(&self.command),
            "holds": map(holds),
            "waits": map(&self.waits),
            "memory": map(&self.memory),
            "operable": set(&self.operable),
            "visible": set(&self.visible),
            "parts": set(&self.parts),
            "values": map(self.values.iter().map(|(of, value)| (of.to_string(), value))),
            "references": map(&self.references),
            "queued": { "#set": queued.collect::<Vec<_>>() },
            "unloaded": set(&self.unloaded),
            "broken": set(&self.broken),
        })
    }
}

/// Whether an object is a part or a setting of a devlink instance.
fn is_in(of: Subject, instance: Subject) -> bool {
    matches!(instance, Subject::Devlink(handle) if of.device() == Some(handle))
}

fn held(lock: &str, mode: Mode) -> String {
    match mode {
        Mode::Write => lock.to_string(),
        Mode::Read => format!("{lock} (read)"),
    }
}

/// Takes one of a number away, and the number with the last.
fn lessen(counts: &mut BTreeMap<String, u64>, of: &str) {
    if let Some(count) = counts.get_mut(of) {
        *count -= 1;
    }
    counts.retain(|_, count| *count > 0);
}

fn set(of: impl IntoIterator<Item = impl serde::Serialize>) -> Value {
    json!({ "#set": of.into_iter().map(|it| json!(it)).collect::<Vec<_>>() })
}

fn map(of: impl IntoIterator<Item = (impl serde::Serialize, impl serde::Serialize)>) -> Value {
    json!({ "#map": of.into_iter().map(|(key, value)| json!([key, value])).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Handle, LockClass, LockName};
    use crate::invariant::judge;
    use crate::run::Machine;
    /// A state, in Rust's types.
    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Seen {
        action: Action,
        command: BTreeMap<String, String>,
        holds: BTreeMap<String, BTreeSet<String>>,
        waits: BTreeMap<String, String>,
        memory: BTreeMap<String, u64>,
        operable: BTreeSet<String>,
        visible: BTreeSet<String>,
        parts: BTreeSet<String>,
        values: BTreeMap<String, String>,
        references: BTreeMap<String, u64>,
        queued: BTreeSet<Queued>,
        unloaded: BTreeSet<String>,
        broken: BTreeSet<String>,
    }

    #[derive(Debug, serde::Deserialize)]
    struct Action {
        task: String,
        verb: String,
        what: String,
    }

    #[derive(Debug, serde::Deserialize, PartialEq, Eq, PartialOrd, Ord)]
    struct Queued {
        queue: String,
        work: String,
    }

    /// Takes the format's forms of sets and functions away; fails if an element or a key is there twice.
    fn plain(value: Value) -> Value {
        match value {
            Value::Object(mut of) => match (of.remove("#set"), of.remove("#map")) {
                (Some(Value::Array(set)), None) if of.is_empty() => {
                    let unique: BTreeSet<String> = set.iter().map(Value::to_string).collect();
                    assert_eq!(unique.len(), set.len(), "{set:?}");
                    Value::Array(set.into_iter().map(plain).collect())
                }
                (None, Some(Value::Array(map))) if of.is_empty() => {
                    let mut plainly = Map::new();
                    for pair in map {
                        let [key, value] = &pair.as_array().expect("a pair")[..] else { panic!("{pair}") };
                        let key = key.as_str().expect("a name").to_string();
                        assert!(plainly.insert(key, plain(value.clone())).is_none(), "twice: {pair}");
                    }
                    Value::Object(plainly)
                }
                (None, None) => of.into_iter().map(|(key, value)| (key, plain(value))).collect(),
                _ => panic!("a set or a function has nothing beside it"),
            },
            Value::Array(_) | Value::Null => panic!("there are neither sequences nor nulls: {value}"),
            plain => plain,
        }
    }

    /// The states as the format's description has them, in Rust's types.
    fn read(program: &Program, trace: &Trace) -> Vec<Seen> {
        let text = itf(program, trace, &judge(trace), "a.prog", "settled");
        let read: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(read["vars"], json!(VARIABLES.map(|(name, ..)| name)));
        assert_eq!(read["#meta"]["varTypes"].as_object().map(Map::len), Some(VARIABLES.len()));
        let states = read["states"].as_array().expect("states");
        assert_eq!(states.len(), trace.events.len() + 1);
        let state = |(index, state): (usize, &Value)| {
            let mut state = state.clone();
            assert_eq!(
                state.as_object_mut().and_then(|it| it.remove("#meta")),
                Some(json!({ "index": index }))
            );
            serde_json::from_value(plain(state)).unwrap_or_else(|error| panic!("state {index}: {error}"))
        };
        states.iter().enumerate().map(state).collect()
    }

    fn run(text: &str) -> (Program, Trace) {
        let program = Program::parse(text, "a.prog").unwrap_or_else(|errors| panic!("{errors}"));
        let trace = Machine::default().run(&program).clone();
        (program, trace)
    }

    #[test]
    fn the_guide_has_every_variable() {
        let guide = include_str!("../../../docs/look.md");
        for (name, of, says) in VARIABLES {
            let row = format!("| `{name}` | `{of}` | {says} |\n");
            assert!(guide.contains(&row), "docs/look.md lacks {row}");
        }
    }

    #[test]
    fn a_run_begins_and_ends_with_nothing_held() {
        let (program, trace) = run(
            "task user\n  driver.probe netdevsim/0\n  devlink.eswitch-set netdevsim/0 switchdev\n  driver.remove netdevsim/0\n",
        );
        let read = read(&program, &trace);
        assert!(read.iter().any(|it| it.visible.contains("netdevsim/0")));
        assert!(read.iter().any(|it| it.holds["user"].iter().any(|lock| lock.starts_with("devlink"))));
        for it in [&read[0], &read[trace.events.len()]] {
            assert!(it.visible.is_empty() && it.operable.is_empty() && it.parts.is_empty(), "{it:?}");
            assert!(it.holds.values().all(BTreeSet::is_empty) && it.queued.is_empty(), "{it:?}");
            assert!(it.waits.values().chain(it.command.values()).all(String::is_empty), "{it:?}");
            assert!(it.memory.is_empty() && it.references.is_empty() && it.values.is_empty(), "{it:?}");
            assert!(it.broken.is_empty() && it.unloaded.is_empty(), "{it:?}");
        }
        let action = &read[1].action;
        assert_eq!(
            (&*action.task, &*action.verb, &*action.what),
            ("user", "begin", "driver.probe netdevsim/0")
        );
    }

    #[test]
    fn what_breaks_an_invariant_is_in_the_state_from_there_on() {
        let (program, trace) = run(
            "variant devlink early-register\ntask probe\n  driver.probe netdevsim/0\ntask user\n  devlink.eswitch-set netdevsim/0 switchdev\nschedule\n  probe until driver_probe:init\n  user\n",
        );
        let broken: Vec<bool> =
            read(&program, &trace).iter().map(|it| it.broken.contains("visible-implies-ready")).collect();
        let first = broken.iter().position(|it| *it).expect("the variant is flawed");
        assert!(first > 1 && broken[first..].iter().all(|it| *it));
    }

    #[test]
    fn locks_are_counted_and_waits_end() {
        let lock = LockName { class: LockClass::Rtnl, of: Subject::Kernel };
        let instance = Subject::Devlink(Handle::Netdevsim0);
        let trace = Trace::of([
            (0, What::Acquire(lock, Mode::Read)),
            (0, What::Acquire(lock, Mode::Read)),
            (1, What::Block(lock)),
            (0, What::Release(lock, Mode::Read)),
            (0, What::Release(lock, Mode::Read)),
            (1, What::Acquire(lock, Mode::Write)),
            (1, What::Get(instance, 2)),
            (1, What::Put(instance, 0)),
        ]);
        let read = read(&Program::default(), &trace);
        let (first, second) = (trace.name(0).to_string(), trace.name(1).to_string());
        let at = |index: usize| &read[index];
        assert!(
            [1, 2, 4].iter().all(|index| at(*index).holds[&first].contains("rtnl_mutex (read)")),
            "{:?}",
            at(4)
        );
        assert!(at(5).holds[&first].is_empty());
        assert_eq!(at(5).waits[&second], "rtnl_mutex");
        assert!(at(6).waits[&second].is_empty() && at(6).holds[&second].contains("rtnl_mutex"));
        assert_eq!(at(7).references["netdevsim/0"], 2);
        assert!(at(8).references.is_empty());
    }
}
