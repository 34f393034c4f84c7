//! One table of what `canaries` printed for both engines.

use super::canaries::Row;
use anyhow::Context;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A row a variant: how many seeds found a violation, and the medians of the processors' seconds and of the runs that it
/// took those.
#[derive(clap::Args)]
pub(crate) struct Table {
    /// Files of rows; where an engine, variant and seed comes twice, the later row counts
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl Table {
    pub(super) fn run(self, from: &dyn Fn(&Path) -> PathBuf) -> anyhow::Result<ExitCode> {
        let mut rows = Vec::new();
        for file in &self.files {
            let text = std::fs::read_to_string(from(file)).with_context(|| file.display().to_string())?;
            for (at, line) in text.lines().enumerate() {
                let row =
                    serde_json::from_str(line).with_context(|| format!("{}:{}", file.display(), at + 1))?;
                rows.push(row);
            }
        }
        print!("{}", render(rows));
        Ok(ExitCode::SUCCESS)
    }
}

const ENGINES: [&str; 2] = ["libFuzzer", "AFL++"];

fn render(rows: Vec<Row>) -> String {
    let mut order: Vec<String> = Vec::new();
    let mut searches: BTreeMap<(String, String), BTreeMap<u32, Row>> = BTreeMap::new();
    for row in rows {
        if !order.contains(&row.variant) {
            order.push(row.variant.clone());
        }
        searches.entry((row.variant.clone(), row.engine.clone())).or_default().insert(row.seed, row);
    }
    let mut out = String::from(
        "| variant | libFuzzer | seconds | runs | AFL++ | seconds | runs |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for variant in order {
        let cells = ENGINES.map(|engine| match searches.get(&(variant.clone(), engine.to_owned())) {
            None => "- | - | -".to_owned(),
            Some(seeds) => {
                let found: Vec<_> = seeds.values().filter(|row| row.broken.is_some()).collect();
                let seconds = median(found.iter().map(|row| row.seconds).collect());
                let runs = median(found.iter().map(|row| row.runs as f64).collect());
                let shown = |value: Option<f64>| value.map_or("-".to_owned(), |value| value.to_string());
                format!(
                    "{} of {} | {} | {}",
                    found.len(),
                    seeds.len(),
                    shown(seconds.map(milli)),
                    shown(runs)
                )
            }
        });
        out += &format!("| `{variant}` | {} |\n", cells.join(" | "));
    }
    out
}

/// Seconds to the millisecond.
fn milli(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// The lower of the two in the middle, if there are two.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::{Row, render};

    fn row(engine: &str, variant: &str, seed: u32, runs: u64, broken: Option<&str>) -> Row {
        let broken = broken.map(str::to_owned);
        Row {
            engine: engine.into(),
            variant: variant.into(),
            seed,
            seconds: runs as f64 / 1000.0,
            runs,
            broken,
        }
    }

    #[test]
    fn the_later_row_counts_and_a_search_that_found_nothing_has_no_figures() {
        let rows = vec![
            row("libFuzzer", "ib=a", 1, 10, None),
            row("libFuzzer", "ib=a", 2, 30, Some("lock-order")),
            row("AFL++", "ib=b", 1, 7, None),
            row("libFuzzer", "ib=a", 1, 20, Some("lock-order")),
            row("libFuzzer", "ib=a", 3, 900, None),
        ];
        let table = render(rows);
        let lines: Vec<_> = table.lines().skip(2).collect();
        assert_eq!(
            lines,
            ["| `ib=a` | 2 of 3 | 0.02 | 20 | - | - | - |", "| `ib=b` | - | - | - | 0 of 1 | - | - |"]
        );
    }
}
