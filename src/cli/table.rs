//! Tables for people: in a terminal, and in a Markdown file.

use comfy_table::{ContentArrangement, presets};

/// How a table is printed.
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

/// A table that a terminal is wide enough for.
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
