//! `unreg diff`: what listeners hear of a program before and after, side by side.

use super::linux::ask;
use super::{Outcome, choose, load, out};
use anstyle::{AnsiColor, Style};
use std::fmt::{self, Write};
use std::path::PathBuf;
use unreg::event::Trace;
use unreg::invariant::{Violation, judge, judge_observed};
use unreg::monitor::diff::{Change, Row, counts, diff as compare};
use unreg::monitor::print::{self, Message, messages};
use unreg::program::{Program, Variants};
use unreg::run::Machine;

const EXAMPLES: &str = "\
Examples:
  unreg diff corpus/devlink/monitor-of-an-early-register.prog --before program --after settled
  unreg diff FILE --before settled --after linux:6.12
  unreg diff FILE --before linux:6.12 --after linux:~/branch --as markdown
  unreg diff FILE --before settled --after devlink=late-register --as monitor";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Programs, or folders of `.prog` files; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The left side: a variant, `settled`, `program` for the file's own variants, `linux:RELEASE[+CONFIG]` or `linux:DIR`
    #[arg(long, value_name = "SIDE", default_value = "program", value_parser = side)]
    before: Side,
    /// The right side
    #[arg(long, value_name = "SIDE", default_value = "settled", value_parser = side)]
    after: Side,
    /// How to print it
    #[arg(long = "as", value_name = "FORM", default_value = "text")]
    form: Form,
}

/// What is printed of two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// Two columns, as wide as the terminal, in colour if it has any
    Terminal,
    /// Two columns of a width that mails can hold
    Text,
    /// A table that forges render
    Markdown,
    /// Both streams as the tools print them, one after the other
    Monitor,
}

/// Where a stream comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Side {
    /// The model, under the program's own variants.
    Own,
    /// The model, under these.
    Model(Variants),
    /// A real kernel.
    Linux(String),
}

fn side(text: &str) -> Result<Side, String> {
    match text.strip_prefix("linux:") {
        Some(kernel) => Ok(Side::Linux(kernel.to_string())),
        None if text == "program" => Ok(Side::Own),
        None => choose::variants(text).map(|given| Side::Model(given.with_companions())),
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Side::Own => f.write_str("the program's own variants"),
            Side::Model(variants) => write!(f, "{variants}"),
            Side::Linux(kernel) => write!(f, "Linux {kernel}"),
        }
    }
}

/// One side: its messages, and what it breaks.
struct Stream {
    title: String,
    trace: Trace,
    messages: Vec<Message>,
    broken: Vec<Violation>,
}

impl Stream {
    fn of(program: &Program, side: &Side) -> anyhow::Result<Stream> {
        let (title, trace, broken) = match side {
            Side::Own | Side::Model(_) => {
                let variants = match side {
                    Side::Model(variants) => *variants,
                    Side::Own | Side::Linux(_) => program.variants,
                };
                let program = Program { variants, ..program.clone() };
                let trace = Machine::default().run(&program).clone();
                let broken = judge(&trace);
                (variants.to_string(), trace, broken)
            }
            Side::Linux(kernel) => {
                let trace = ask::ask(kernel, program)?;
                let broken = judge_observed(&trace);
                (side.to_string(), trace, broken)
            }
        };
        Ok(Stream { title, messages: messages(&trace), trace, broken })
    }

    fn verdict(&self) -> String {
        let names: Vec<&str> = self.broken.iter().map(|it| it.invariant.name).collect();
        let verdict = if names.is_empty() {
            "keeps every invariant".to_string()
        } else {
            format!("breaks {}", names.join(", "))
        };
        format!("{}: {} messages, {verdict}", self.title, self.messages.len())
    }
}

/// The columns of a mail.
const TEXT: usize = 110;
/// What stands between the columns, and what became of a row.
const MARKS: usize = 3;
const NOTE: usize = 18;

pub(super) fn diff(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::Clean;
    for (index, path) in load::programs(&arguments.files)?.iter().enumerate() {
        if !load::is_one(&arguments.files) {
            let (before, mark) = match arguments.form {
                Form::Terminal | Form::Text => ("", ""),
                Form::Markdown | Form::Monitor => ("# ", "\n"),
            };
            let apart = if index == 0 { "" } else { "\n" };
            out::print(&format!("{apart}{before}{}\n{mark}", load::title(path)))?;
        }
        if one(arguments, &load::program(path)?)? == Outcome::Violation {
            outcome = Outcome::Violation;
        }
    }
    Ok(outcome)
}

/// Prints both streams of a program, and says whether they differ.
fn one(arguments: &Arguments, program: &Program) -> anyhow::Result<Outcome> {
    let before = Stream::of(program, &arguments.before)?;
    let after = Stream::of(program, &arguments.after)?;
    let rows = compare(&before.messages, &after.messages);
    out::print(&match arguments.form {
        Form::Terminal => {
            let width =
                rustix::termios::tcgetwinsize(std::io::stdout()).map_or(TEXT, |size| size.ws_col.into());
            columns(&before, &after, &rows, width.clamp(80, 240), true)
        }
        Form::Text => columns(&before, &after, &rows, TEXT, false),
        Form::Markdown => markdown(&before, &after, &rows),
        Form::Monitor => {
            let side = |stream: &Stream| format!("## {}\n\n{}", stream.title, print::text(&stream.trace));
            format!("{}{}", side(&before), side(&after))
        }
    })?;
    let is_same = rows.iter().all(|row| row.change == Change::Same);
    Ok(if is_same { Outcome::Clean } else { Outcome::Violation })
}

/// What became of the rows, in a line.
fn summary(rows: &[Row]) -> String {
    let counts: Vec<String> =
        counts(rows).iter().map(|(change, count)| format!("{count} {change}")).collect();
    let early = rows.iter().filter(|row| row.is_before_its_device).count();
    let early = if early == 0 { String::new() } else { format!(", {early} before their device") };
    if counts.is_empty() { "no messages".to_string() } else { format!("{}{early}", counts.join(", ")) }
}

fn note(row: &Row) -> String {
    let change = if row.change == Change::Same { String::new() } else { row.change.to_string() };
    if !row.is_before_its_device {
        change
    } else if change.is_empty() {
        "before its device".to_string()
    } else {
        format!("{change}, early")
    }
}

/// The mark between the columns: which side has the row.
const fn mark(row: &Row) -> char {
    match (row.change, row.left.is_some()) {
        (Change::Same, _) => ' ',
        (Change::Moved, _) => '~',
        (Change::Lost, _) => '<',
        (Change::Doubled | Change::New, _) => '>',
    }
}

const fn style(change: Change) -> Style {
    match change {
        Change::Same => Style::new(),
        Change::Moved => AnsiColor::Yellow.on_default(),
        Change::Lost => AnsiColor::Red.on_default(),
        Change::Doubled => AnsiColor::Magenta.on_default(),
        Change::New => AnsiColor::Green.on_default(),
    }
}

fn columns(before: &Stream, after: &Stream, rows: &[Row], width: usize, is_coloured: bool) -> String {
    let column = (width - MARKS - NOTE - 2) / 2;
    let mut out = String::new();
    let _ = writeln!(out, "{:column$} | {}", before.title, after.title);
    let _ = writeln!(out, "{}-+-{}", "-".repeat(column), "-".repeat(column));
    for row in rows {
        let cell = |at: Option<usize>, stream: &Stream| -> Vec<String> {
            let text = at.map_or(String::new(), |at| stream.messages[at].line());
            let options = textwrap::Options::new(column).subsequent_indent("  ").break_words(true);
            let options = options.word_splitter(textwrap::WordSplitter::NoHyphenation);
            textwrap::wrap(&text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
        };
        let (left, right) = (cell(row.left, before), cell(row.right, after));
        let style = if is_coloured { style(row.change) } else { Style::new() };
        for at in 0..left.len().max(right.len()) {
            let text = |side: &[String]| side.get(at).cloned().unwrap_or_default();
            let (mark, note) = if at == 0 { (mark(row), note(row)) } else { (mark(row), String::new()) };
            let line = format!("{:column$} {mark} {:column$}  {note}", text(&left), text(&right));
            let _ = writeln!(out, "{style}{}{style:#}", line.trim_end());
        }
    }
    let _ = writeln!(out, "\n{}\nbefore, {}\nafter, {}", summary(rows), before.verdict(), after.verdict());
    out
}

fn markdown(before: &Stream, after: &Stream, rows: &[Row]) -> String {
    let mut out = format!("| {} | {} | |\n| --- | --- | --- |\n", before.title, after.title);
    for row in rows {
        let cell = |at: Option<usize>, stream: &Stream| {
            at.map_or(String::new(), |at| format!("`{}`", stream.messages[at].line().replace('|', "\\|")))
        };
        let _ = writeln!(out, "| {} | {} | {} |", cell(row.left, before), cell(row.right, after), note(row));
    }
    let _ =
        writeln!(out, "\n{}\n\n- before, {}\n- after, {}", summary(rows), before.verdict(), after.verdict());
    out
}
