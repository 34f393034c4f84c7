//! What searches took, as two tables in Markdown: one of strategies, one of variants.

use std::time::Duration;

/// What one search came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Searched {
    pub(super) found: bool,
    pub(super) runs: u64,
    /// On the processor.
    pub(super) time: Duration,
}

/// The searches under one variant: for each strategy one a seed.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) searched: Vec<Vec<Searched>>,
}

impl Row {
    /// The most that any strategy's median took, by which rows are ordered.
    fn worst(&self) -> (bool, u64) {
        let each =
            self.searched.iter().map(|searched| (searched.iter().any(|one| !one.found), median(searched)));
        each.max().unwrap_or_default()
    }
}

/// The number of runs that half of the searches need at most. One that found nothing counts with the runs that it made.
fn median(searched: &[Searched]) -> u64 {
    let mut runs: Vec<(bool, u64)> = searched.iter().map(|one| (!one.found, one.runs)).collect();
    runs.sort_unstable();
    runs.get(runs.len().saturating_sub(1) / 2).map_or(0, |(_, runs)| *runs)
}

/// The tables, first that of strategies.
pub(super) fn tables(strategies: &[String], rows: &[Row]) -> String {
    let mut text = String::from(
        "| strategy | found | median runs | worst runs | runs, all | processor seconds, all | runs/s |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for (at, strategy) in strategies.iter().enumerate() {
        let all: Vec<Searched> = rows.iter().flat_map(|row| &row.searched[at]).copied().collect();
        text += &strategy_row(strategy, &all);
    }
    text += &format!("\n| variant | {} |\n", strategies.join(" | "));
    text += &format!("| --- |{}\n", " ---: |".repeat(strategies.len()));
    let mut rows: Vec<&Row> = rows.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.worst()));
    for row in rows {
        let cells: Vec<String> = row.searched.iter().map(|searched| cell(searched)).collect();
        text += &format!("| {} | {} |\n", row.name, cells.join(" | "));
    }
    text
}

fn strategy_row(strategy: &str, all: &[Searched]) -> String {
    let found = all.iter().filter(|one| one.found).count();
    let worst = all.iter().filter(|one| one.found).map(|one| one.runs).max().unwrap_or(0);
    let runs: u64 = all.iter().map(|one| one.runs).sum();
    let seconds: f64 = all.iter().map(|one| one.time.as_secs_f64()).sum();
    format!(
        "| {strategy} | {found} of {} | {} | {worst} | {runs} | {seconds:.1} | {:.0} |\n",
        all.len(),
        median(all),
        runs as f64 / seconds.max(f64::MIN_POSITIVE),
    )
}

/// The median runs and processor milliseconds of the searches, and how many found something if not all did.
fn cell(searched: &[Searched]) -> String {
    let found = searched.iter().filter(|one| one.found).count();
    if found == 0 {
        return "not found".to_string();
    }
    let mut times: Vec<Duration> = searched.iter().map(|one| one.time).collect();
    times.sort_unstable();
    let time = times[(times.len() - 1) / 2].as_secs_f64() * 1e3;
    let (runs, all) = (median(searched), searched.len());
    if found == all {
        format!("{runs}, {time:.0} ms")
    } else {
        format!("{runs}, {time:.0} ms, {found} of {all}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn searched(found: bool, runs: u64) -> Searched {
        Searched { found, runs, time: Duration::from_millis(runs) }
    }

    #[test]
    fn what_was_not_found_is_said() {
        let rows = [
            Row { name: "mdev=easy".into(), searched: vec![vec![searched(true, 3), searched(true, 5)]] },
            Row { name: "mdev=hard".into(), searched: vec![vec![searched(false, 9), searched(true, 7)]] },
            Row { name: "mdev=never".into(), searched: vec![vec![searched(false, 9), searched(false, 9)]] },
        ];
        let tables = tables(&["walk".to_string()], &rows);
        assert!(tables.contains("| walk | 3 of 6 | 7 | 7 | 42 | 0.0 | 1000 |"), "{tables}");
        let end = "| mdev=never | not found |\n| mdev=hard | 7, 7 ms, 1 of 2 |\n| mdev=easy | 3, 3 ms |\n";
        assert!(tables.ends_with(end), "{tables}");
    }
}
