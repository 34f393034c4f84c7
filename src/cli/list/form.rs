//! How lists are printed.

use super::entry::{Entry, Section};
use crate::cli::json::VERSION;
use crate::cli::table::{self, Table};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// The columns of a terminal that is not known.
const WIDTH: usize = 80;
/// Wider lines are hard to read.
const WIDTH_MAX: usize = 100;

/// For a terminal: names stand at the left, what is said of them below.
pub(super) fn text(sections: &[Section]) -> String {
    let width = rustix::termios::tcgetwinsize(std::io::stdout()).map_or(WIDTH, |size| size.ws_col.into());
    let mut text = String::new();
    for section in sections {
        if sections.len() > 1 {
            writeln!(text, "# {}\n", section.title).expect("a string grows");
        }
        for entry in &section.entries {
            text += &block(entry, width.clamp(40, WIDTH_MAX));
        }
        text.push('\n');
    }
    text.pop();
    text
}

fn block(entry: &Entry, width: usize) -> String {
    let number = entry.number.map_or(String::new(), |number| format!("  {number:#04x}"));
    let mut block = format!("{}{number}\n", entry.name);
    let facts = entry.facts.iter().filter(|(_, fact)| !fact.is_empty());
    let facts = facts.map(|(heading, fact)| format!("{heading}: {fact}"));
    let options = textwrap::Options::new(width).initial_indent("    ").subsequent_indent("      ");
    // Names have hyphens and are copied whole.
    let options = options.word_splitter(textwrap::WordSplitter::NoHyphenation);
    for paragraph in std::iter::once(entry.says.clone()).chain(facts).filter(|text| !text.is_empty()) {
        // Operands may be broken between two of their words.
        let breakable = paragraph.replace('|', BREAK);
        for line in textwrap::wrap(&breakable, &options) {
            block += &(line.replace(BREAK, "|").replace(BREAK.trim_end(), "|") + "\n");
        }
    }
    block
}

/// Stands for a bar behind which a line may be broken.
const BREAK: &str = "|\u{200b} ";

/// A Markdown document: a heading, a sentence and a table a section.
pub(super) fn markdown(sections: &[Section]) -> String {
    let document = sections.iter().map(|section| {
        let first = &section.entries[0];
        // Of a program the list says what it shows.
        let says = if first.kind == "program" { "claim" } else { "what it is" };
        let mut headings = vec![first.kind, says];
        headings.extend(first.facts.iter().map(|(heading, _)| *heading));
        let row = |entry: &Entry| {
            let facts = entry.facts.iter().map(|(_, fact)| fact.clone());
            [entry.name.clone(), entry.says.clone()].into_iter().chain(facts).collect()
        };
        let table = Table { headings, rows: section.entries.iter().map(row).collect() };
        format!("## {}\n\n{}\n\n{}", section.title, section.about, table::markdown(&table))
    });
    document.collect::<Vec<_>>().join("\n")
}

/// A JSON array of objects, one an entry.
pub(super) fn json(sections: &[Section]) -> String {
    let object = |section: &Section, entry: &Entry| {
        let facts = entry.facts.iter().map(|(heading, fact)| (heading.replace(' ', "_"), json!(fact)));
        let mut object: Map<String, Value> = facts.collect();
        object.insert("version".into(), json!(VERSION));
        object.insert("name".into(), json!(entry.name));
        object.insert("says".into(), json!(entry.says));
        object.insert("number".into(), json!(entry.number));
        object.insert("section".into(), json!(section.title));
        object.insert(
            "subsystems".into(),
            json!(entry.subsystems.iter().map(ToString::to_string).collect::<Vec<_>>()),
        );
        Value::Object(object)
    };
    let entries =
        sections.iter().flat_map(|section| section.entries.iter().map(|entry| object(section, entry)));
    format!("{:#}\n", Value::Array(entries.collect()))
}
