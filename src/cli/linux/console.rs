//! A guest's console: followed so that the guest never waits for it, kept so that its last words are known.

use super::lines::{Bounded, bounded};
use std::collections::VecDeque;
use std::io::{BufReader, Read};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use unreg::linux::shown;

/// How long the end of a console is waited for: of a guest that is gone, what it said last may still be on its way.
const END: Duration = Duration::from_millis(500);

/// So many lines are kept: a lockdep report has about a hundred.
const LINES: usize = 200;
/// So many bytes of a line are kept; the rest of a longer one counts as a line of its own.
const BYTES: usize = 4096;

/// The last lines of a console.
#[derive(Debug, Clone)]
pub(super) struct Console(Arc<Said>);

#[derive(Debug, Default)]
struct Said {
    lines: Mutex<VecDeque<String>>,
    has_ended: Mutex<bool>,
    ends: Condvar,
}

impl Console {
    /// Follows a console in a thread of its own.
    pub(super) fn follow(from: Option<impl Read + Send + 'static>) -> Console {
        let console = Console(Arc::default());
        let (lines, from) = (console.clone(), from);
        if let Some(from) = from {
            std::thread::spawn(move || {
                let mut from = BufReader::new(from);
                let mut line = Vec::new();
                while bounded(&mut from, &mut line, BYTES) != Bounded::End {
                    lines.push(shown::line(String::from_utf8_lossy(&line).trim_end()));
                    line.clear();
                }
                *lines.0.has_ended.lock().expect("no thread panics with it") = true;
                lines.0.ends.notify_all();
            });
        }
        console
    }

    fn push(&self, line: String) {
        let mut lines = self.0.lines.lock().expect("no thread panics with it");
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// What the kernel said last: from its complaint on, or else the last lines.
    pub(super) fn last_words(&self) -> String {
        let has_ended = self.0.has_ended.lock().expect("no thread panics with it");
        drop(self.0.ends.wait_timeout_while(has_ended, END, |has_ended| !*has_ended));
        let lines = self.0.lines.lock().expect("no thread panics with it");
        let complains =
            |line: &String| ["BUG", "WARNING", "Oops", "panic"].iter().any(|word| line.contains(word));
        let from = lines.iter().position(complains).unwrap_or(lines.len().saturating_sub(10));
        let lines: Vec<&str> = lines.iter().skip(from).map(|line| without_time(line)).collect();
        lines.join("\n")
    }
}

/// A line of the log without its time.
fn without_time(line: &str) -> &str {
    let rest = line.strip_prefix('[').and_then(|line| line.split_once("] "));
    rest.map_or(line, |(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::repeat;

    #[test]
    fn last_words_are_bounded_and_no_terminal_obeys_them() {
        let text = format!("BUG: \x1b]0;mine\x07\n{}\n", "x".repeat(5000));
        let console = Console::follow(Some(std::io::Cursor::new(text)));
        let said = console.last_words();
        let rest = format!("{}\n{}", "x".repeat(BYTES), "x".repeat(5000 - BYTES));
        assert_eq!(said, format!("BUG: \\u{{1b}}]0;mine\\u{{7}}\n{rest}"));
        let endless = Console::follow(Some(repeat(b'\r').take(20_000_000)));
        assert!(endless.last_words().len() <= LINES * BYTES);
    }
}
