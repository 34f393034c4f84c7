//! Lines of JSON for scripts: `docs/json.md` says what is in each kind.

use serde_json::{Value, json};

/// The version of every object's form. It grows when a key goes or changes its meaning, not when one comes.
pub(super) const VERSION: u32 = 1;

/// A line: the object with its version and its kind.
pub(super) fn line(kind: &str, mut object: Value) -> String {
    if let Some(keys) = object.as_object_mut() {
        keys.insert("version".to_string(), json!(VERSION));
        keys.insert("kind".to_string(), json!(kind));
    }
    format!("{object}\n")
}
