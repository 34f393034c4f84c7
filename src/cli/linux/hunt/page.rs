//! The index page of a campaign on a real kernel: its figures, findings by source over time, and the hunts that took part.

use super::campaign::{Book, clock};
use super::report;
use super::source::Source;
use super::tally::{Hits, Tally};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value, context};
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

const PAGE: &str = include_str!("page.html");

/// The chart, in pixels.
const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 180.0;

/// A finding as the page shows it.
#[derive(Debug, Serialize)]
struct Found {
    key: String,
    /// The name of a known finding.
    name: String,
    first: String,
    by: [u32; 3],
    rate: String,
    /// Where its report is, if it is in the folder.
    link: Option<String>,
}

/// What a source found first, as a line of the chart.
#[derive(Debug, Serialize)]
struct Line {
    source: &'static str,
    points: String,
    count: usize,
}

#[derive(Debug, Serialize)]
struct Hunt {
    number: u32,
    seed: u64,
    kernel: String,
    begins: u64,
    line: String,
    state: &'static str,
}

/// The page of hunts, each with its number and whether it is at work. It needs nothing besides itself.
pub(super) fn html(hunts: &[(u32, &Book, bool)], folder: &Path) -> String {
    let mut all = Tally::default();
    hunts.iter().for_each(|(_, book, _)| all.add(&book.tally));
    let end = clock(hunts.iter().map(|(_, book, _)| *book));
    let (known, findings): (Vec<Found>, Vec<Found>) = all
        .hits
        .iter()
        .map(|(key, hits)| found(key, hits, &all, folder))
        .partition(|found| !found.name.is_empty());
    let most = Source::ALL.iter().map(|source| firsts(&all, *source).len()).max().unwrap_or(0);
    let line = |source: &Source| {
        let firsts = firsts(&all, *source);
        Line { source: source.name(), points: points(&firsts, end, most), count: firsts.len() }
    };
    let lines: Vec<Line> = Source::ALL.iter().map(line).collect();
    let hunt = |(number, book, is_alive): &(u32, &Book, bool)| Hunt {
        number: *number,
        seed: book.seed,
        kernel: format!("{} {}", book.release, book.config),
        begins: book.begins.as_secs(),
        line: book.tally.line(),
        state: if *is_alive { "at work" } else { "ended" },
    };
    let hunts: Vec<Hunt> = hunts.iter().map(hunt).collect();
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("page", PAGE).expect("the template is well-formed");
    let template = environment.get_template("page").expect("it was added");
    let context = context! {
        title => format!("Campaign in {}", folder.display()), line => all.line(), lines => Value::from(Serde(&lines)),
        most, seconds => end.as_secs(), sources => all.by_source(), findings => Value::from(Serde(&findings)),
        known => Value::from(Serde(&known)), hunts => Value::from(Serde(&hunts)), width => WIDTH, height => HEIGHT,
    };
    template.render(context).expect("the template names what there is")
}

fn found(key: &str, hits: &Hits, all: &Tally, folder: &Path) -> Found {
    let report = format!("{}/report.md", report::name(key));
    let is_there = folder.join(&report).exists();
    Found {
        key: key.to_string(),
        name: all.known.get(key).cloned().unwrap_or_default(),
        first: hits.first.map_or(String::new(), |(at, by)| format!("{} s, {}", at.as_secs(), by.name())),
        by: hits.by,
        rate: all.rates.get(key).map_or(String::new(), |(rate, _)| rate.to_string()),
        link: is_there.then_some(report),
    }
}

/// When a source was the first to see each of its findings, in order.
fn firsts(all: &Tally, source: Source) -> Vec<Duration> {
    let of_source = all.hits.values().filter_map(|hits| hits.first).filter(|(_, by)| *by == source);
    let mut firsts: Vec<Duration> = of_source.map(|(at, _)| at).collect();
    firsts.sort_unstable();
    firsts
}

/// A line that rises by one at each moment.
fn points(firsts: &[Duration], end: Duration, most: usize) -> String {
    let x = |at: Duration| at.as_secs_f64() / end.as_secs_f64().max(0.001) * WIDTH;
    let y = |count: usize| HEIGHT - count as f64 / most.max(1) as f64 * HEIGHT;
    let mut points = vec![format!("0.0,{HEIGHT:.1}")];
    for (count, at) in firsts.iter().enumerate() {
        points.push(format!("{:.1},{:.1} {:.1},{:.1}", x(*at), y(count), x(*at), y(count + 1)));
    }
    points.push(format!("{WIDTH:.1},{:.1}", y(firsts.len())));
    points.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shows_findings_over_time_and_escapes_what_a_kernel_says() {
        let mut tally = Tally { elapsed: Duration::from_secs(100), ..Tally::default() };
        tally.hit("warning in <b>", Source::Explored, Duration::from_secs(50));
        tally.hit("panic in g", Source::Sequence, Duration::from_secs(25));
        tally.known.insert("panic in g".to_string(), "g-panics".to_string());
        let (release, config) = ("6.99".to_string(), "debug".to_string());
        let book = Book { seed: 3, release, config, begins: Duration::ZERO, tally };
        let page = html(&[(0, &book, false)], Path::new("findings/linux"));
        assert!(page.contains("warning in &lt;b&gt;") && page.contains("<td>g-panics</td>"), "{page}");
        assert!(page.contains("0.0,180.0 450.0,180.0 450.0,0.0 900.0,0.0"), "{page}");
        assert!(page.contains("6.99 debug") && page.contains("ended") && !page.contains("src="));
    }
}
