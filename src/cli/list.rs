//! `unreg list`: everything that programs and options can name, as tables for people or for a README.

use super::{Outcome, out};
use comfy_table::{ContentArrangement, presets};
use unreg::event::{Point, TaskName};
use unreg::invariant;
use unreg::mail::{self, Cite};
use unreg::operand::{Operand, OperandSpec};
use unreg::program::{Command, Subsystem};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What to list
    what: List,
    /// A table for a terminal, or for a Markdown file
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
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Form {
    Text,
    Markdown,
}

/// Headings and rows.
pub(super) struct Table {
    pub(super) headings: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

pub(super) fn list(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let table = match arguments.what {
        List::Variants => variants(),
        List::Invariants => invariants(),
        List::Commands => commands(),
        List::Points => points(),
        List::Tasks => tasks(),
        List::Mails => mails(),
    };
    out::print(&match arguments.form {
        Form::Text => text(&table),
        Form::Markdown => markdown(&table),
    })?;
    Ok(Outcome::Clean)
}

fn variants() -> Table {
    let rows = Subsystem::ALL.iter().flat_map(|subsystem| {
        subsystem.variants().into_iter().map(move |variant| {
            let breaks = match variant.breaks {
                [] => "nothing".to_string(),
                breaks => breaks.join(", "),
            };
            let with: Vec<String> = variant.with.iter().map(|with| format!("with {with}")).collect();
            let breaks = std::iter::once(breaks).chain(with).collect::<Vec<_>>().join(", ");
            vec![format!("{subsystem}={}", variant.name), variant.says.into(), breaks, cited(variant.cites)]
        })
    });
    Table { headings: vec!["variant", "what it does", "breaks at least", "mail"], rows: rows.collect() }
}

fn invariants() -> Table {
    let rows = invariant::ALL.iter().map(|rule| vec![rule.name.into(), rule.says.into(), cited(rule.cites)]);
    Table { headings: vec!["invariant", "rule", "mail"], rows: rows.collect() }
}

fn commands() -> Table {
    let operand = |spec: &OperandSpec| {
        let words = spec.words.join("|");
        if spec.optional { format!("[{words}]") } else { words }
    };
    let rows = Command::specs().map(|spec| {
        let operands: Vec<String> = spec.operands.iter().map(operand).collect();
        vec![spec.name.into(), operands.join(" "), spec.doc.trim().into()]
    });
    Table { headings: vec!["command", "operands", "what it does"], rows: rows.collect() }
}

fn points() -> Table {
    let rows = Point::ALL.iter().map(|point| vec![point.name().into(), format!("{:#05x}", *point as u16)]);
    Table { headings: vec!["point", "number"], rows: rows.collect() }
}

fn tasks() -> Table {
    let whose = |name: &TaskName| match name {
        TaskName::Kernel => "no task: what is found when every task is at rest",
        name if name.is_worker() => "a worker of the kernel: may be scheduled, has no commands",
        _ => "a program may have it",
    };
    let rows = TaskName::ALL.iter().map(|name| vec![name.word().into(), whose(name).into()]);
    Table { headings: vec!["task", "whose it is"], rows: rows.collect() }
}

fn mails() -> Table {
    let row =
        |mail: &&mail::Mail| vec![mail.key.into(), mail.author.into(), mail.date.into(), mail.subject.into()];
    Table { headings: vec!["mail", "author", "date", "subject"], rows: mail::ALL.iter().map(row).collect() }
}

/// The mails and who of their writers is cited, each once.
fn cited(cites: &[Cite]) -> String {
    let mut cited: Vec<String> =
        cites.iter().map(|cite| format!("{}: {}", cite.mail.key, cite.who)).collect();
    cited.dedup();
    cited.join(", ")
}

pub(super) fn text(table: &Table) -> String {
    let mut drawn = comfy_table::Table::new();
    drawn.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    drawn.set_header(&table.headings);
    for row in &table.rows {
        drawn.add_row(row);
    }
    drawn.lines().map(|line| format!("{}\n", line.trim())).collect()
}

/// A table as README files hold it. Its form is fixed: a test compares the README with it.
pub(super) fn markdown(table: &Table) -> String {
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let headings: Vec<String> = table.headings.iter().map(ToString::to_string).collect();
    let rule: Vec<String> = table.headings.iter().map(|_| "---".to_string()).collect();
    let rows: String = table
        .rows
        .iter()
        .map(|cells| {
            let mut cells = cells.clone();
            // The first column is what people copy.
            cells[0] = format!("`{}`", cells[0]);
            row(&cells)
        })
        .collect();
    row(&headings) + &row(&rule) + &rows
}
