//! A picture for other viewers: the JSON that Perfetto and Chrome open, and a Mermaid sequence diagram.

use super::{Kind, Picture};
use serde_json::{Value, json};
use std::fmt::Write;

/// The most messages that a diagram has: a forge renders no more.
const MESSAGES_MAX: usize = 120;

/// The trace in the form of Chrome's `traceEvents`: a step is a microsecond, a lane a thread.
pub fn perfetto(picture: &Picture) -> String {
    let mut events: Vec<Value> = Vec::new();
    for (lane, of) in picture.lanes.iter().enumerate() {
        let process = match of.kind {
            Kind::Task => 1,
            Kind::Heard => 2,
            Kind::Life => 3,
        };
        let name = json!({ "name": of.name });
        events.push(json!({ "ph": "M", "name": "thread_name", "pid": process, "tid": lane, "args": name }));
        for bar in &of.bars {
            // Spans of one lane may overlap: those of locks do.
            let id = format!("{lane}.{}.{}", bar.row, bar.from);
            let common = |ph: &str, ts: usize| json!({ "ph": ph, "cat": bar.class, "name": bar.says, "id": id, "pid": process, "tid": lane, "ts": ts });
            events.extend([common("b", bar.from), common("e", bar.to)]);
        }
        for mark in &of.marks {
            events.push(json!({
                "ph": "i", "s": "t", "cat": mark.class, "name": mark.says, "pid": process, "tid": lane, "ts": mark.at,
            }));
        }
    }
    for (process, name) in [(1, "tasks"), (2, "listeners"), (3, "objects")] {
        events.push(json!({ "ph": "M", "name": "process_name", "pid": process, "args": { "name": name } }));
    }
    for (id, arrow) in picture.arrows.iter().enumerate() {
        let end = |ph: &str, lane: usize| json!({ "ph": ph, "cat": "wait", "name": arrow.says, "id": id, "pid": 1, "tid": lane, "ts": arrow.at, "bp": "e" });
        events.extend([end("s", arrow.from), end("f", arrow.to)]);
    }
    for broken in &picture.broken {
        let name = format!("broken: {}", broken.name);
        events.push(json!({ "ph": "i", "s": "g", "name": name, "pid": 1, "tid": 0, "ts": broken.at }));
    }
    let mut text = json!({ "traceEvents": events, "displayTimeUnit": "ns" }).to_string();
    text.push('\n');
    text
}

/// A text that Mermaid takes: no character that ends a message.
fn plain(text: &str) -> String {
    text.replace(['#', ';'], " ").replace('\n', " ")
}

/// A sequence diagram: a participant a task, and one for the listeners. The last messages of a long run are drawn.
pub fn mermaid(picture: &Picture) -> String {
    let tasks: Vec<&str> =
        picture.lanes.iter().filter(|lane| lane.kind == Kind::Task).map(|lane| lane.name.as_str()).collect();
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (lane, of) in picture.lanes.iter().enumerate().filter(|(_, of)| of.kind == Kind::Task) {
        for bar in of.bars.iter().filter(|bar| bar.class == "command") {
            lines.push((bar.from, format!("Note over T{lane}: {}", plain(&bar.label))));
        }
        for mark in &of.marks {
            let line = match mark.class {
                "notify" | "link" | "uevent" => format!("T{lane}->>L: {}", plain(&mark.says)),
                "errno" | "bug" => format!("Note over T{lane}: {}", plain(&mark.says)),
                _ => continue,
            };
            lines.push((mark.at, line));
        }
    }
    for arrow in &picture.arrows {
        lines.push((arrow.at, format!("T{}--xT{}: {}", arrow.from, arrow.to, plain(&arrow.says))));
    }
    for broken in &picture.broken {
        lines.push((broken.at, format!("Note over T0,L: broken: {}", broken.name)));
    }
    lines.sort_by_key(|(at, _)| *at);
    let left_out = lines.len().saturating_sub(MESSAGES_MAX);
    let mut out = "sequenceDiagram\n".to_string();
    for (number, task) in tasks.iter().enumerate() {
        let _ = writeln!(out, "    participant T{number} as {}", plain(task));
    }
    out += "    participant L as listeners\n";
    if left_out > 0 {
        let _ = writeln!(out, "    Note over T0,L: {left_out} earlier messages");
    }
    for (_, line) in &lines[left_out..] {
        let _ = writeln!(out, "    {line}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Handle, LockClass, LockName, Mode, Notice, Subject, Trace, What};
    use crate::program::Program;

    fn picture() -> Picture {
        let lock = LockName { class: LockClass::Rtnl, of: Subject::Kernel };
        let trace = Trace::of([
            (0, What::Acquire(lock, Mode::Write)),
            (0, What::Notify(Notice::New, Subject::Devlink(Handle::Mlx50), 0)),
            (1, What::Block(lock)),
        ]);
        Picture::of(&Program::default(), &trace, &[], "a", "settled")
    }

    #[test]
    fn perfetto_opens_spans_and_closes_them() {
        let json: Value = serde_json::from_str(&perfetto(&picture())).unwrap();
        let events = json["traceEvents"].as_array().unwrap();
        let count = |ph: &str| events.iter().filter(|event| event["ph"] == ph).count();
        assert_eq!((count("b"), count("e")), (2, 2), "a lock and a wait: {json}");
        assert_eq!((count("s"), count("f")), (1, 1));
    }

    #[test]
    fn mermaid_has_a_participant_a_task_and_a_wait() {
        let text = mermaid(&picture());
        assert!(
            text.starts_with("sequenceDiagram\n    participant T0 as user\n    participant T1 as probe\n")
        );
        assert!(text.contains("    T0->>L: notify [dev,new] mlx5/0\n"), "{text}");
        assert!(text.contains("    T1--xT0: probe waits for rtnl_mutex, which user holds\n"), "{text}");
    }
}
