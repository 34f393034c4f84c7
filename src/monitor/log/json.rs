//! JSON of `devlink -j monitor` and `rdma -j monitor`.
//!
//! A monitor that is interrupted leaves its document without an end, and iproute2 6.1 leaves a brace out after each trap
//! policer. So the text is cut where a message begins, and each message is closed by itself.

use super::{Place, Rdma, Record, Said, devlink, rdma_event};
use serde_json::Value;

/// The first keys of a message.
const KEYS: [&str; 2] = ["\"command\"", "\"event_type\""];

/// Whether a line begins a document of these tools.
pub(super) fn begins(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("{\"mon\"")
        || line.starts_with("{ \"mon\"")
        || (line.starts_with(['{', '[']) && KEYS.iter().any(|key| line.contains(key)))
        || (line == "{" || line == "[")
}

/// Reads the documents that begin in the first line. Returns the messages and how many lines they take.
pub(super) fn read(lines: &[&str], before: usize, netns: &str) -> (Vec<Record>, usize) {
    // A document goes on while its lines look like JSON.
    let is_json =
        |line: &&&str| line.trim_start().starts_with(['{', '[', '}', ']', '"', ',', ' ']) || line.is_empty();
    let own = 1 + lines[1..].iter().take_while(|line| is_json(line) && !line.starts_with("[")).count();
    let text = lines[..own].join("\n");
    let starts = starts(&text);
    let mut records = Vec::new();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let (mut line, mut message) = (0, 0);
    for (start, end) in starts.iter().copied().zip(ends) {
        let on = text[..start].matches('\n').count();
        message = if on == line { message + 1 } else { 1 };
        line = on;
        let Some(value) = closed(&text[start..end]) else { continue };
        let Some((said, head)) = said(&value) else { continue };
        let place = Place { line: before + line + 1, message: Some(message) };
        records.push(Record { place, said, head, text: value.to_string(), netns: netns.to_string() });
    }
    (records, own)
}

/// Where messages begin: at the brace before their first key.
fn starts(text: &str) -> Vec<usize> {
    let mut starts: Vec<usize> = KEYS
        .iter()
        .flat_map(|key| text.match_indices(key))
        .filter_map(|(at, _)| text[..at].trim_end().ends_with('{').then(|| text[..at].rfind('{')).flatten())
        .collect();
    starts.sort_unstable();
    starts
}

/// The object at the beginning of a text, with the braces that it lacks.
fn closed(text: &str) -> Option<Value> {
    let (mut open, mut in_string, mut escaped) = (Vec::new(), false, false);
    let mut end = text.len();
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ if in_string => {}
            '{' => open.push('}'),
            '[' => open.push(']'),
            '}' | ']' => {
                if open.pop() != Some(letter) {
                    end = at;
                    break;
                }
                if open.is_empty() {
                    end = at + 1;
                    break;
                }
            }
            _ => {}
        }
    }
    let mut own = text[..end].trim_end().trim_end_matches(',').to_string();
    own.extend(open.into_iter().rev());
    serde_json::from_str(&own).ok()
}

fn said(value: &Value) -> Option<(Said, String)> {
    let object = value.as_object()?;
    if let Some(event) = object.get("event_type").and_then(Value::as_str) {
        let word = event.trim().trim_start_matches('[').trim_end_matches(']');
        let event: Rdma = rdma_event(word)?;
        let device = object.get("rdma_index").and_then(Value::as_u64).map(|index| index.to_string());
        let device = device.or_else(|| Some(object.get("rdma_dev")?.as_str()?.to_string()));
        let head = format!("[{word}] dev {}", device.as_deref().unwrap_or("?"));
        return Some((Said::Rdma { event, device }, head));
    }
    let command = object.get("command")?.as_str()?;
    let (word, named) = object.iter().find(|(key, _)| *key != "command")?;
    let (name, attributes) = named.as_object()?.iter().next()?;
    // Line cards and what has an array are in a list of one.
    let attributes = attributes.as_array().and_then(|list| list.first()).unwrap_or(attributes);
    let text = |key: &str| match attributes.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let part = ["name", "policer", "lc", "reporter", "sb", "pool"].iter().find_map(|key| text(key));
    let failed = attributes.get("reload_failed").and_then(Value::as_bool) == Some(true);
    let reloads = attributes.pointer("/stats/reload").is_some_and(counts);
    let is_reloaded = word == "dev" && (failed || reloads);
    let head = format!("[{word},{command}] {name}");
    let part = part.unwrap_or_default();
    let head = if part.is_empty() { head } else { format!("{head} {part}") };
    Some((devlink::said(word, command, name, part, is_reloaded)?, head))
}

/// Whether any number in there is not zero.
fn counts(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_u64() != Some(0),
        Value::Array(values) => values.iter().any(counts),
        Value::Object(values) => values.values().any(counts),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_without_an_end_and_with_a_brace_too_few_is_read() {
        let text = r#"{"mon":[{"command":"new","dev":{"netdevsim/netdevsim0":{}}},{"command":"new","trap-policer":{"netdevsim/netdevsim0":{"policer":1,"stats":{"rx":{"dropped":0}}},{"command":"new","port":{"netdevsim/netdevsim0/0":{"type":"eth","#;
        let (records, lines) = read(&[text], 4, "");
        assert_eq!(lines, 1);
        let heads: Vec<&str> = records.iter().map(|record| record.head.as_str()).collect();
        let expected = [
            "[dev,new] netdevsim/netdevsim0",
            "[trap-policer,new] netdevsim/netdevsim0 1",
            "[port,new] netdevsim/netdevsim0/0",
        ];
        assert_eq!(heads, expected);
        assert_eq!(records[2].place.to_string(), "line 5, message 3");
    }

    #[test]
    fn rdma_names_a_device_by_its_index() {
        let (records, _) =
            read(&[r#"[{"event_type":"[REGISTER]","rdma_index":7,"rdma_dev":"mlx5_0"}]"#], 0, "");
        let expected = Said::Rdma { event: Rdma::Register, device: Some("7".into()) };
        assert_eq!(records[0].said, expected);
    }
}
