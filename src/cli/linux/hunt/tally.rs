//! What hunts have counted: programs and time of each source, and findings by key.

use super::bench::Rate;
use super::source::Source;
use comfy_table::{ContentArrangement, Table, presets};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often a fault of the sieve is shown to the kernel that judges before the two are taken for one.
const SIEVED: u32 = 2;

/// The hits of one key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hits {
    /// By source.
    pub(super) by: [u32; 3],
    /// When it was first seen, by the campaign's clock, and by which source.
    pub(super) first: Option<(Duration, Source)>,
}

/// The counts of a hunt, or of several together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    /// Programs of each source.
    pub(super) tried: [u64; 3],
    /// Time of each source.
    pub(super) spent: [Duration; 3],
    /// Time since the beginning; of several hunts the sum.
    pub(super) elapsed: Duration,
    /// Programs that were left out because their cause is explained.
    pub(super) left_out: u64,
    /// Programs for which no guest booted.
    pub(super) unanswered: u64,
    /// Guests that were started.
    pub(super) boots: u32,
    /// How often each cause that the model sees led to a finding.
    pub(super) causes: BTreeMap<String, u32>,
    /// Predictions of the model that were tried.
    pub(super) predicted: BTreeSet<String>,
    /// Names of known findings, by key.
    pub(super) known: BTreeMap<String, String>,
    /// How often a new finding's smallest program shows it, and how large that is.
    pub(super) rates: BTreeMap<String, (Rate, usize)>,
    pub(super) hits: BTreeMap<String, Hits>,
    /// What the kernel that judges says to a fault of the sieve, and how often it was asked.
    pub(super) sieved: BTreeMap<String, (String, u32)>,
}

impl Tally {
    pub(super) fn hit(&mut self, key: &str, source: Source, at: Duration) {
        let hits = self.hits.entry(key.to_string()).or_default();
        hits.by[source as usize] += 1;
        hits.first.get_or_insert((at, source));
    }

    /// Whether the kernel that judges has been asked about a fault of the sieve often enough.
    pub(super) fn is_sieved(&self, key: &str) -> bool {
        self.sieved.get(key).is_some_and(|(_, times)| *times >= SIEVED)
    }

    /// The kernel that judges has this to say to a fault of the sieve.
    pub(super) fn sieve(&mut self, key: String, judged: String) {
        let entry = self.sieved.entry(key).or_default();
        *entry = (judged, entry.1 + 1);
    }

    /// The key by which a fault of the sieve is known.
    pub(super) fn judged(&self, key: &str) -> String {
        self.sieved.get(key).map_or_else(|| key.to_string(), |(judged, _)| judged.clone())
    }

    /// Adds what another hunt has counted.
    pub(super) fn add(&mut self, other: &Tally) {
        for at in 0..Source::ALL.len() {
            self.tried[at] += other.tried[at];
            self.spent[at] += other.spent[at];
        }
        self.elapsed += other.elapsed;
        self.left_out += other.left_out;
        self.unanswered += other.unanswered;
        self.boots += other.boots;
        other.causes.iter().for_each(|(cause, count)| {
            *self.causes.entry(cause.clone()).or_default() += count;
        });
        self.predicted.extend(other.predicted.iter().cloned());
        self.known.extend(other.known.clone());
        self.rates.extend(other.rates.clone());
        for (key, hits) in &other.hits {
            let own = self.hits.entry(key.clone()).or_default();
            (0..Source::ALL.len()).for_each(|at| own.by[at] += hits.by[at]);
            own.first = [own.first, hits.first].into_iter().flatten().min_by_key(|(at, _)| *at);
        }
        for (key, (judged, times)) in &other.sieved {
            let own = self.sieved.entry(key.clone()).or_insert_with(|| (judged.clone(), 0));
            own.1 += times;
        }
    }

    /// How many findings are not known ones.
    fn findings(&self) -> usize {
        self.hits.keys().filter(|key| !self.known.contains_key(*key)).count()
    }

    /// Whether there is a finding that is no known one.
    pub(super) fn has_findings(&self) -> bool {
        self.findings() > 0
    }

    /// Programs that a tracer follows, and their time.
    fn steered(&self) -> (u64, Duration) {
        let of = [Source::Prediction as usize, Source::Explored as usize];
        (of.iter().map(|at| self.tried[*at]).sum(), of.iter().map(|at| self.spent[*at]).sum())
    }

    /// All figures in a line.
    pub(super) fn line(&self) -> String {
        let programs: u64 = self.tried.iter().sum();
        let spent: Duration = self.spent.iter().sum();
        let (steered, spent_steered) = self.steered();
        format!(
            "{} s: {programs} programs ({:.1}/s), {steered} steered ({:.1}/s), {} boots, {} findings, {} known, {} left out because their \
             cause was found, {} because no guest booted",
            self.elapsed.as_secs(),
            rate(programs, spent),
            rate(steered, spent_steered),
            self.boots,
            self.findings(),
            self.known.len(),
            self.left_out,
            self.unanswered
        )
    }

    /// All of it as tables.
    pub(super) fn table(&self) -> String {
        let mut table = plain();
        table.set_header(["finding", "first", "sequence", "prediction", "explored", "size", "rate"]);
        for (key, hits) in &self.hits {
            let name = self.known.get(key).map_or_else(|| key.clone(), |name| format!("known: {name}"));
            let first =
                hits.first.map_or(String::new(), |(at, by)| format!("{} s, {}", at.as_secs(), by.name()));
            let (rate, size) = match self.rates.get(key) {
                Some((rate, size)) => (rate.to_string(), size.to_string()),
                None => Default::default(),
            };
            let [a, b, c] = hits.by.map(|count| count.to_string());
            table.add_row([name, first, a, b, c, size, rate]);
        }
        let mut sources = plain();
        sources.set_header(["source", "programs", "seconds", "programs/s", "findings first", "an hour"]);
        for row in self.by_source() {
            sources.add_row(row);
        }
        format!("{table}\n\n{sources}\n\n{}\n", self.line())
    }

    /// Of each source: its name, programs, seconds, programs a second, what it found first, and that by the hour.
    pub(super) fn by_source(&self) -> Vec<[String; 6]> {
        let row = |source: &Source| {
            let (tried, spent) = (self.tried[*source as usize], self.spent[*source as usize]);
            let is_first = |hits: &&Hits| hits.first.is_some_and(|(_, by)| by == *source);
            let firsts = self.hits.values().filter(is_first).count();
            [
                source.name().to_string(),
                tried.to_string(),
                format!("{:.0}", spent.as_secs_f64()),
                format!("{:.1}", rate(tried, spent)),
                firsts.to_string(),
                format!("{:.0}", rate(firsts as u64, spent) * 3600.0),
            ]
        };
        Source::ALL.iter().map(row).collect()
    }
}

/// So many a second; none where no time is counted, as for a program that led to a finding.
fn rate(count: u64, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { count as f64 / time.as_secs_f64() }
}

fn plain() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(150);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hunt(at: u64, source: Source) -> Tally {
        let mut tally = Tally { boots: 2, elapsed: Duration::from_secs(at), ..Tally::default() };
        tally.tried[source as usize] = 10;
        tally.spent[source as usize] = Duration::from_secs(5);
        tally.hit("a", source, Duration::from_secs(at));
        tally.causes.insert("x".to_string(), 2);
        tally.sieve("fast".to_string(), "debug".to_string());
        tally
    }

    #[test]
    fn what_two_hunts_count_is_added_and_the_first_to_see_a_finding_has_it() {
        let mut both = hunt(9, Source::Sequence);
        both.add(&hunt(4, Source::Explored));
        assert_eq!((both.tried, both.boots, both.causes["x"]), ([10, 0, 10], 4, 4));
        assert_eq!(both.hits["a"].by, [1, 0, 1]);
        assert_eq!(both.hits["a"].first, Some((Duration::from_secs(4), Source::Explored)));
        assert!(both.is_sieved("fast") && !hunt(1, Source::Sequence).is_sieved("fast"));
        assert_eq!(both.judged("fast"), "debug");
        assert!(both.line().contains("20 programs (2.0/s), 10 steered (2.0/s), 4 boots, 1 findings"));
    }
}
