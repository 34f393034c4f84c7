//! Text: the form of a program that people read and write.
//!
//! A line is a keyword with its words (`variant`, `expect`, `task`, `schedule`), or below `task` a command, or
//! below `schedule` a segment. `#` starts a comment. `corpus/readme.prog` shows everything there is.

pub mod diagnostic;
pub mod format;
pub mod parse;
pub mod words;

pub use diagnostic::{Diagnostics, Dropped};

use super::{Program, record};
use std::fmt;

/// The most bytes of a text. A program within the other limits needs far fewer, comments included.
pub const TEXT_MAX: usize = 64 * 1024;

/// The byte order mark that some editors put before a text. It means nothing, and is left out by [`format`](format::format).
pub const MARK: char = '\u{feff}';

/// Marks bytes as text, for engines that are given a text where they expect records.
const TEXT_START: &[&[u8]] = &[b"#", b"task ", b"variant ", b"expect ", b"schedule"];

impl Program {
    /// Reads a text strictly: every line must mean something.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its line, its column, and what was expected there.
    pub fn parse(text: &str, file: &str) -> Result<Program, Diagnostics> {
        let text = text.trim_start_matches(MARK);
        let (program, problems) = parse::parse(text, true);
        if problems.is_empty() { Ok(program) } else { Err(Diagnostics::new(text, file, problems)) }
    }

    /// Reads a text as far as it goes: lines that mean nothing are dropped and listed. Bytes that are no text
    /// are read as if they were, and what lies beyond [`TEXT_MAX`] is left out.
    pub fn salvage(bytes: &[u8]) -> (Program, Vec<Dropped>) {
        let bytes = without_mark(bytes);
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(TEXT_MAX)]);
        let (program, problems) = parse::parse(&text, false);
        let mut dropped = diagnostic::dropped(&text, problems);
        if bytes.len() > TEXT_MAX {
            dropped.push(Dropped::beyond_the_end(TEXT_MAX));
        }
        (program, dropped)
    }

    /// Reads either form: a text (as [`Program::salvage`] does) if the bytes open like one, records otherwise.
    pub fn from_bytes(bytes: &[u8]) -> Program {
        if is_text(bytes) { Program::salvage(bytes).0 } else { record::decode(bytes) }
    }
}

/// Whether bytes open like a text: with a comment or a keyword, perhaps after a byte order mark. No record does, since `#`, `t`, `v`, `e` and
/// `s` are no opcodes.
pub fn is_text(bytes: &[u8]) -> bool {
    TEXT_START.iter().any(|start| without_mark(bytes).starts_with(start))
}

/// The bytes behind every byte order mark that they begin with.
fn without_mark(mut bytes: &[u8]) -> &[u8] {
    let mut mark = [0; 4];
    let mark = MARK.encode_utf8(&mut mark).as_bytes();
    while let Some(rest) = bytes.strip_prefix(mark) {
        bytes = rest;
    }
    bytes
}

impl fmt::Display for Program {
    /// The text that [`Program::parse`] reads back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (subsystem, variant) in self.variants.iter() {
            writeln!(f, "variant {subsystem} {}", variant.name)?;
        }
        if self.expect != 0 {
            f.write_str("expect")?;
            self.expected().try_for_each(|invariant| write!(f, " {}", invariant.name))?;
            writeln!(f)?;
        }
        let has_head = self.variants != super::Variants::default() || self.expect != 0;
        if has_head && !self.tasks.is_empty() {
            writeln!(f)?;
        }
        for task in &self.tasks {
            writeln!(f, "task {}", task.name)?;
            task.commands.iter().try_for_each(|command| writeln!(f, "  {command}"))?;
        }
        if !self.schedule.is_empty() {
            let first = !has_head && self.tasks.is_empty();
            writeln!(f, "{}schedule", if first { "" } else { "\n" })?;
        }
        for segment in &self.schedule {
            writeln!(f, "  {segment}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Program {
    /// The program as text, so that whatever an engine prints of a case is a corpus file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Program {
        Program::parse(text, "test").unwrap_or_else(|errors| panic!("{errors}"))
    }

    #[test]
    fn every_part_may_stand_alone_or_beside_any_other() {
        let parts = [
            "variant devlink early-register\n",
            "expect no-deadlock\n",
            "task user\n  devlink.dump\n\ntask admin\n  devlink.dump\n",
            "schedule\n  user\n",
        ];
        for chosen in 0u32..16 {
            let is_chosen = |at: &usize| chosen & 1 << at != 0;
            let head: String = (0..2).filter(is_chosen).map(|at| parts[at]).collect();
            let rest = (2..4).filter(is_chosen).map(|at| parts[at].to_owned());
            let blocks: Vec<String> =
                std::iter::once(head).filter(|head| !head.is_empty()).chain(rest).collect();
            let text = blocks.join("\n").replace("dump\n\ntask", "dump\ntask");
            assert_eq!(parsed(&text).to_string(), text);
        }
    }

    #[test]
    fn bytes_are_a_text_if_they_open_like_one() {
        let text = "task user\n  devlink.dump\n";
        for text in [text.to_owned(), format!("{MARK}{text}"), format!("{MARK}{MARK}# why\n{text}")] {
            assert!(is_text(text.as_bytes()));
            assert_eq!(Program::from_bytes(text.as_bytes()), parsed(&text));
        }
        let records = record::encode(&parsed(text));
        assert!(!is_text(&records) && !is_text(b"tasks"));
        assert_eq!(Program::from_bytes(&records), parsed(text));
    }

    #[test]
    fn a_text_may_be_as_long_as_the_limit_and_no_longer() {
        let line = "task user\n";
        let text = line.to_owned() + &"#".repeat(TEXT_MAX - line.len());
        assert_eq!(parsed(&text).tasks.len(), 1);
        assert!(Program::salvage(text.as_bytes()).1.is_empty());
        let longer = text + "#";
        assert!(Program::parse(&longer, "test").is_err());
        let (program, dropped) = Program::salvage(longer.as_bytes());
        assert_eq!((program.tasks.len(), dropped.len()), (1, 1));
    }

    #[test]
    fn a_message_says_what_was_probably_meant() {
        let said = |line: &str| {
            let errors = Program::parse(&format!("task user\n  {line}\n"), "a.prog").expect_err(line);
            errors.to_string()
        };
        assert!(
            said("devlink dev reload netdevsim/0")
                .contains("a program says `devlink.reload HANDLE` for that")
        );
        assert!(said("devlink.relaod netdevsim/0").contains("Did you mean `devlink.reload`?"));
        assert!(said("devlink.reload").contains("after this, expected a devlink handle"));
    }

    #[test]
    fn a_segment_counts_from_one_to_what_a_byte_holds() {
        let counted = |count: &str| {
            Program::parse(&format!("schedule\n  user until command:start {count}\n"), "a.prog")
        };
        for (count, found) in [("", 1), ("#1", 1), ("#255", 255)] {
            assert_eq!(counted(count).expect(count).schedule[0].until.map(|(_, count)| count), Some(found));
        }
        for count in ["#0", "#256", "1", "#1 #2"] {
            assert!(counted(count).is_err(), "{count}");
        }
    }

    #[test]
    fn so_many_problems_are_kept_and_no_more() {
        let errors = Program::parse(&"bananas\n".repeat(100), "a.prog").expect_err("it is no program");
        assert_eq!(errors.problems().len(), diagnostic::PROBLEMS_MAX);
    }

    #[test]
    fn a_name_of_a_worker_is_told_from_one_that_is_none() {
        let said =
            |name: &str| Program::parse(&format!("task {name}\n"), "a.prog").expect_err(name).to_string();
        assert!(said("kernel").contains("a task of the kernel's own"));
        assert!(said("bananas").contains("no task name"));
    }
}
