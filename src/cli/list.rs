//! `unreg list`: everything that programs and options can name, for people, for documents and for scripts.

mod entry;
mod form;
mod reach;

use super::{Outcome, out};
use std::fmt::Write as _;
use unreg::event::{Point, TaskName};
use unreg::invariant;
use unreg::program::{Command, Subsystem};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What to list
    what: List,
    /// Only what has this word in its name or in what is said of it
    word: Option<String>,
    /// Only what belongs to this subsystem
    #[arg(long, value_name = "SUBSYSTEM", value_parser = super::choose::subsystem)]
    subsystem: Option<Subsystem>,
    /// For a terminal, as a Markdown document, or as JSON
    #[arg(long = "as", value_name = "FORM", default_value = "text")]
    form: Form,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum List {
    Variants,
    Invariants,
    Commands,
    Points,
    Tasks,
    Mails,
    /// What the mails claim, and what a program of the corpus shows of it
    Claims,
    /// Whether a real kernel is asked for each command, and how often it succeeds there
    Reach,
    /// The next number of each kind that is free
    Numbers,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Form {
    Text,
    Markdown,
    Json,
}

pub(super) fn list(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let mut sections = match arguments.what {
        List::Variants => entry::variants(),
        List::Invariants => entry::invariants(),
        List::Commands => entry::commands(),
        List::Points => entry::points(),
        List::Tasks => entry::tasks(),
        List::Mails => entry::mails(),
        List::Claims => entry::claims(),
        List::Reach => reach::reach(),
        List::Numbers => {
            out::print(&numbers())?;
            return Ok(Outcome::Clean);
        }
    };
    let is_wanted = |entry: &entry::Entry| {
        let has_word = arguments.word.as_ref().is_none_or(|word| entry.has(word));
        has_word && arguments.subsystem.is_none_or(|subsystem| entry.subsystems.contains(&subsystem))
    };
    sections.iter_mut().for_each(|section| section.entries.retain(is_wanted));
    sections.retain(|section| !section.entries.is_empty());
    if sections.is_empty() {
        anyhow::bail!("nothing of these is about that; without a word and --subsystem all are listed");
    }
    out::print(&match arguments.form {
        Form::Text => form::text(&sections),
        Form::Markdown => form::markdown(&sections),
        Form::Json => form::json(&sections),
    })?;
    Ok(Outcome::Clean)
}

/// The number after the last one that was given, of each kind that numbers are given to.
fn numbers() -> String {
    let mut text = String::new();
    let mut line =
        |what: String, next: u16| writeln!(text, "{what:30}  {next:#04x}").expect("a string grows");
    let after = |last: Option<u8>| last.map_or(0, |last| u16::from(last) + 1);
    for (_, commands) in Command::TABLES {
        let last = commands.iter().map(|spec| spec.opcode).max();
        line(format!("command like {}", commands[0].name), after(last));
    }
    for subsystem in Subsystem::ALL {
        let last = subsystem.variants().iter().map(|variant| variant.id).max();
        line(format!("variant of {subsystem}"), after(last));
    }
    let last = invariant::ALL.iter().map(|invariant| invariant.id).max();
    line("invariant".to_string(), after(last));
    line("task".to_string(), TaskName::COUNT as u16);
    let mut points: Vec<u16> = Point::ALL.iter().map(|point| *point as u16).collect();
    points.sort_unstable();
    for group in points.chunk_by(|left, right| left >> 8 == right >> 8) {
        line(format!("point from {:#05x}", group[0] & 0xff00), group[group.len() - 1] + 1);
    }
    text
}
