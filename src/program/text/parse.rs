//! Parsing: one pass over the lines, which keeps what it understands and notes the rest.
//!
//! The strict reading and the salvage are the same pass; strict refuses if anything was noted.

use super::diagnostic::{PROBLEMS_MAX, Problem};
use super::words::{expected, meant};
use crate::event::{Point, TaskName};
use crate::invariant;
use crate::operand::{CommandSpec, OPERANDS_MAX, Operand};
use crate::program::{COMMANDS_MAX, Command, Program, SEGMENTS_MAX, Segment, Subsystem, TASKS_MAX, Task};

/// A word and where it starts in the text.
type Word<'t> = (usize, &'t str);

/// Where the lines that follow belong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Head,
    Task(usize),
    /// Below a `task` line that was refused: its commands are refused silently with it.
    Refused,
    Schedule,
}

struct Parser {
    program: Program,
    section: Section,
    commands: usize,
    /// The line that each task began on.
    named: Vec<usize>,
    line: usize,
    explain: bool,
    problems: Vec<Problem>,
}

/// The program of a text, and what is wrong with it.
///
/// Guessing what a wrong word meant takes longer than the rest, so it is done only where a person reads the message.
pub(super) fn parse(text: &str, explain: bool) -> (Program, Vec<Problem>) {
    let mut parser = Parser {
        program: Program::default(),
        section: Section::Head,
        commands: 0,
        named: Vec::new(),
        line: 0,
        explain,
        problems: Vec::new(),
    };
    if text.len() > super::TEXT_MAX {
        let title = format!("the text is {} bytes long", text.len());
        let help = format!("a program has at most {} bytes", super::TEXT_MAX);
        return (parser.program, vec![Problem { title, span: 0..0, help }]);
    }
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        parser.line += 1;
        parser.read(at, line);
        at += line.len();
        if parser.problems.len() >= PROBLEMS_MAX {
            break;
        }
    }
    (parser.program, parser.problems)
}

/// The words of a line, without its comment.
pub(super) fn words(line: &str) -> impl Iterator<Item = Word<'_>> {
    let code = line.len() - line.trim_start().len();
    let comment = line[code..].starts_with('#').then_some(code);
    // `#2` counts a point; a comment after a line has a space behind its sign.
    let comment =
        comment.or_else(|| line.find(" # ")).or_else(|| line.trim_end().strip_suffix(" #").map(str::len));
    let code = &line[..comment.unwrap_or(line.len())];
    code.split_whitespace().map(move |word| (word.as_ptr() as usize - line.as_ptr() as usize, word))
}

impl Parser {
    fn expected(&self, what: &str, accepted: &[&str], found: &str, list: &str) -> String {
        if self.explain { expected(what, accepted, found, list) } else { String::new() }
    }

    fn problem(&mut self, (at, word): Word<'_>, title: impl Into<String>, help: impl Into<String>) {
        let title = visible(&title.into());
        self.problems.push(Problem { title, span: at..at + word.len(), help: help.into() });
    }

    fn read(&mut self, start: usize, line: &str) {
        let mut words = words(line).map(|(at, word)| (start + at, word));
        let Some(first) = words.next() else { return };
        let rest: Vec<_> = words.take(64).collect();
        match first.1 {
            "variant" => self.variant(first, &rest),
            "expect" => self.expect(first, &rest),
            "task" => self.task(first, &rest),
            "schedule" => {
                self.section = Section::Schedule;
                self.no_more(&rest, "`schedule` stands alone on its line");
            }
            _ => match self.section {
                Section::Schedule => self.segment(first, &rest),
                Section::Task(task) => self.command(task, first, &rest),
                Section::Refused => {}
                Section::Head => {
                    let help = self.expected(
                        "a keyword",
                        &["variant", "expect", "task", "schedule"],
                        first.1,
                        "commands",
                    );
                    self.problem(first, format!("`{}` stands outside a task", first.1), help);
                }
            },
        }
    }

    fn no_more(&mut self, rest: &[Word<'_>], help: &str) -> bool {
        if let Some(extra) = rest.first() {
            self.problem(*extra, format!("`{}` is one word too many", extra.1), help);
        }
        rest.is_empty()
    }

    fn variant(&mut self, keyword: Word<'_>, rest: &[Word<'_>]) {
        let Some((subsystem, names)) = rest.split_first() else {
            let help = self.expected("a subsystem", Subsystem::WORDS, "", "variants");
            return self.problem(keyword, "`variant` names no subsystem", help);
        };
        let Some(of) = Subsystem::named(subsystem.1) else {
            let help = self.expected("a subsystem", Subsystem::WORDS, subsystem.1, "variants");
            return self.problem(*subsystem, format!("`{}` is no subsystem", subsystem.1), help);
        };
        let variants = of.variants();
        let accepted: Vec<_> = variants.iter().map(|variant| variant.name).collect();
        if names.is_empty() {
            let help = self.expected("a variant", &accepted, "", "variants");
            self.problem(keyword, "`variant` names no variant", help);
        }
        for name in names {
            match variants.iter().find(|variant| variant.name == name.1) {
                Some(variant) => self.program.variants.insert(of, variant.id),
                None => {
                    let help = self.expected(&format!("a variant of {of}"), &accepted, name.1, "variants");
                    self.problem(*name, format!("`{}` is no variant of {of}", name.1), help);
                }
            }
        }
    }

    fn expect(&mut self, keyword: Word<'_>, names: &[Word<'_>]) {
        let accepted: Vec<_> = invariant::ALL.iter().map(|invariant| invariant.name).collect();
        if names.is_empty() {
            let help = self.expected("an invariant", &accepted, "", "invariants");
            self.problem(keyword, "`expect` names no invariant", help);
        }
        for name in names {
            match invariant::named(name.1) {
                Some(invariant) => self.program.expect |= 1 << invariant.id,
                None => {
                    let help = self.expected("an invariant", &accepted, name.1, "invariants");
                    self.problem(*name, format!("`{}` is no invariant", name.1), help);
                }
            }
        }
    }

    fn task(&mut self, keyword: Word<'_>, rest: &[Word<'_>]) {
        self.section = Section::Refused;
        let own = &TaskName::WORDS[..TaskName::PROGRAM_COUNT];
        let Some((name, more)) = rest.split_first() else {
            return self.problem(
                keyword,
                "`task` has no name",
                self.expected("a task name", own, "", "tasks"),
            );
        };
        let Some(task) = TaskName::named(name.1).filter(|task| !task.is_worker()) else {
            let kind =
                if TaskName::named(name.1).is_some() { "a task of the kernel's own" } else { "no task name" };
            return self.problem(
                *name,
                format!("`{}` is {kind}", name.1),
                self.expected("a task name", own, name.1, "tasks"),
            );
        };
        if let Some(first) = self.program.tasks.iter().position(|known| known.name == task) {
            let help =
                format!("a task stands in one place, and this one began on line {}", self.named[first]);
            return self.problem(*name, format!("task `{task}` is there already"), help);
        }
        if self.program.tasks.len() == TASKS_MAX {
            return self.problem(*name, "too many tasks", format!("a program has at most {TASKS_MAX} tasks"));
        }
        self.program.tasks.push(Task { name: task, commands: Vec::new() });
        self.named.push(self.line);
        self.section = Section::Task(self.program.tasks.len() - 1);
        self.no_more(more, "commands stand on lines of their own, below the task");
    }

    fn command(&mut self, task: usize, name: Word<'_>, rest: &[Word<'_>]) {
        let Some(spec) = Command::specs().find(|spec| spec.name == name.1) else {
            let accepted: Vec<_> = Command::specs().map(|spec| spec.name).collect();
            let typed: Vec<&str> = std::iter::once(name.1).chain(rest.iter().map(|word| word.1)).collect();
            let meant = if self.explain { meant(&typed) } else { None };
            let help = match meant {
                Some(meant) => format!("a program says `{meant}` for that; `unreg list commands` prints all"),
                None => self.expected("a command", &accepted, name.1, "commands"),
            };
            return self.problem(name, format!("`{}` is no command", name.1), help);
        };
        let Some(operands) = self.operands(spec, name, rest) else { return };
        if self.commands == COMMANDS_MAX {
            let help = format!("a program has at most {COMMANDS_MAX} commands");
            return self.problem(name, "too many commands", help);
        }
        let command = Command::decode(spec.opcode, &operands).expect("words have meanings");
        self.program.tasks[task].commands.push(command);
        self.commands += 1;
    }

    fn operands(
        &mut self,
        spec: &CommandSpec,
        name: Word<'_>,
        rest: &[Word<'_>],
    ) -> Option<[u8; OPERANDS_MAX]> {
        let mut bytes = [0; OPERANDS_MAX];
        for (at, operand) in spec.operands.iter().enumerate() {
            let Some(word) = rest.get(at) else {
                if operand.optional {
                    break;
                }
                let last = rest.last().copied().unwrap_or(name);
                let help = self.expected(operand.what, operand.words, "", "commands");
                self.problem(
                    last,
                    format!("`{}` lacks an operand", spec.name),
                    format!("after this, {help}"),
                );
                return None;
            };
            let Some(byte) = operand.words.iter().position(|known| *known == word.1) else {
                let help = self.expected(operand.what, operand.words, word.1, "commands");
                self.problem(*word, format!("`{}` is not {}", word.1, operand.what), help);
                return None;
            };
            bytes[at] = byte as u8;
        }
        let more = rest.get(spec.operands.len()..).unwrap_or_default();
        let help = match spec.operands.len() {
            0 => format!("`{}` takes no operand", spec.name),
            1 => format!("`{}` takes one operand", spec.name),
            count => format!("`{}` takes {count} operands", spec.name),
        };
        self.no_more(more, &help).then_some(bytes)
    }

    fn segment(&mut self, name: Word<'_>, rest: &[Word<'_>]) {
        let names = &TaskName::WORDS[..TaskName::Kernel.index()];
        let Some(task) = TaskName::named(name.1).filter(|task| *task != TaskName::Kernel) else {
            let help = self.expected("a task", names, name.1, "tasks");
            return self.problem(name, format!("`{}` is no task", name.1), help);
        };
        let until = match rest {
            [] => None,
            [(_, "until"), point, count @ ..] => {
                let Some(found) = point_named(point.1) else {
                    let accepted: Vec<_> = Point::ALL.iter().map(|point| point.name()).collect();
                    let help = self.expected("a point", &accepted, point.1, "points");
                    return self.problem(*point, format!("`{}` is no point", point.1), help);
                };
                let Some(count) = self.count(count) else { return };
                Some((found, count))
            }
            [word, ..] => {
                let help = "expected nothing, or `until POINT`, or `until POINT #2`";
                return self.problem(*word, format!("`{}` does not belong here", word.1), help);
            }
        };
        if self.program.schedule.len() == SEGMENTS_MAX {
            return self.problem(
                name,
                "the schedule is too long",
                format!("at most {SEGMENTS_MAX} segments"),
            );
        }
        self.program.schedule.push(Segment { task, until });
    }

    /// The `#n` of a segment: the n-th time, 1 if it is not given.
    fn count(&mut self, rest: &[Word<'_>]) -> Option<u8> {
        let Some((word, more)) = rest.split_first() else { return Some(1) };
        let count =
            word.1.strip_prefix('#').and_then(|number| number.parse().ok()).filter(|count| *count > 0);
        if count.is_none() {
            self.problem(
                *word,
                format!("`{}` counts nothing", word.1),
                "expected `#1` to `#255`: the n-th time",
            );
        }
        self.no_more(more, "a segment ends with its count").then_some(count).flatten()
    }
}

/// A title that quotes a text, with what a terminal would obey or not show as escapes.
fn visible(title: &str) -> String {
    let shown = |c: char| match c {
        '"' | '\'' | '\\' => c.to_string(),
        c => c.escape_debug().to_string(),
    };
    title.chars().map(shown).collect()
}

/// The point with this spelling.
pub(super) fn point_named(word: &str) -> Option<Point> {
    Point::ALL.iter().copied().find(|point| point.name() == word)
}
