//! Lines from a guest, which is not trusted: bounded in length and in number, whatever bytes it sends.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, sync_channel};

/// The longest line in bytes. The largest legal report is a complaint with the kernel's whole log.
const LINE: usize = 1 << 20;
/// So many lines wait for the host; then the guest waits.
const WAITING: usize = 64;
/// So much of a line is shown in an error.
const SHOWN: usize = 200;

/// A line as it came, or why it is none that an agent sends.
pub(super) type Line = Result<String, String>;

/// Returns the reports that come, line by line. After a bad line there are no more.
pub(super) fn reports(from: Option<impl Read + Send + 'static>) -> Receiver<Line> {
    let (send, receive) = sync_channel(WAITING);
    if let Some(from) = from {
        std::thread::spawn(move || {
            let mut from = BufReader::new(from);
            while let Some(line) = next(&mut from, LINE) {
                // The line begins with what user-mode Linux says of the host; reports are objects or names.
                let is_report = line.as_ref().is_ok_and(|line| line.starts_with(['{', '"']));
                let is_last = line.is_err();
                let is_unheard = (is_report || is_last) && send.send(line).is_err();
                if is_unheard || is_last {
                    return;
                }
            }
        });
    }
    receive
}

fn next(from: &mut impl BufRead, most: usize) -> Option<Line> {
    let mut line = Vec::new();
    match bounded(from, &mut line, most) {
        Bounded::End => None,
        Bounded::Cut => Some(Err(format!("a line of more than {most} bytes: {}", beginning(&line)))),
        Bounded::Whole => {
            let text = String::from_utf8(line);
            Some(text.map_err(|error| format!("a line that is not UTF-8: {}", beginning(error.as_bytes()))))
        }
    }
}

/// The beginning of what a guest sent, safe to print.
pub(super) fn beginning(bytes: &[u8]) -> String {
    let cut = &bytes[..bytes.len().min(SHOWN)];
    let more = if cut.len() < bytes.len() { "…" } else { "" };
    format!("{}{more}", cut.escape_ascii())
}

/// How a line ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Bounded {
    /// With its end, or with that of everything.
    Whole,
    /// It is longer than what was read of it.
    Cut,
    /// There is no line any more.
    End,
}

/// Reads a line without its end, or the first `most` bytes of one that has no end by then.
pub(super) fn bounded(from: &mut impl BufRead, line: &mut Vec<u8>, most: usize) -> Bounded {
    let read = from.take(most as u64).read_until(b'\n', line);
    match read {
        Ok(1..) if line.last() == Some(&b'\n') => {
            line.pop();
            Bounded::Whole
        }
        Ok(1..) if line.len() >= most => Bounded::Cut,
        Ok(1..) => Bounded::Whole,
        Ok(0) | Err(_) => Bounded::End,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::repeat;

    fn all(bytes: &'static [u8]) -> Vec<Line> {
        reports(Some(bytes)).iter().collect()
    }

    #[test]
    fn only_reports_come_through() {
        assert_eq!(all(b"Core dump limits :\n\"Done\"\n\n{}"), [Ok("\"Done\"".into()), Ok("{}".into())]);
    }

    #[test]
    fn a_line_that_is_no_text_is_an_error_and_the_last() {
        let lines = all(b"\"Done\"\n\"\xff\x1b[2J\"\n\"Done\"\n");
        let why = "a line that is not UTF-8: \\\"\\xff\\x1b[2J\\\"";
        assert_eq!(lines, [Ok("\"Done\"".to_string()), Err(why.to_string())]);
    }

    #[test]
    fn an_endless_line_is_an_error() {
        let lines: Vec<Line> = reports(Some(repeat(b'a'))).iter().collect();
        let [Err(why)] = &lines[..] else { panic!("{} lines", lines.len()) };
        assert!(why.starts_with("a line of more than 1048576 bytes: aaaa") && why.len() < 1000, "{why}");
    }

    #[test]
    fn a_line_may_be_as_long_as_it_may_be() {
        let mut from = &b"1234\n12345\n1"[..];
        let mut read = || {
            let mut line = Vec::new();
            (bounded(&mut from, &mut line, 5), line.len())
        };
        let lines = [read(), read(), read(), read(), read()];
        let lengths = [4, 5, 0, 1, 0];
        assert_eq!(lines.each_ref().map(|(_, length)| *length), lengths, "the rest of a cut line follows");
        use Bounded::{Cut, End, Whole};
        assert_eq!(lines.map(|(how, _)| how), [Whole, Cut, Whole, Whole, End]);
    }
}
