//! What a hunt has counted: programs and time of each source, and findings by key.

use super::bench::Rate;
use super::source::Source;
use comfy_table::{ContentArrangement, Table, presets};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

/// How often a fault of the sieve is shown to the kernel that judges before the two are taken for one.
const SIEVED: u32 = 2;

/// The hits of one key.
#[derive(Debug, Clone, Default)]
struct Hits {
    /// By source.
    by: [u32; 3],
    /// When it was first seen, and by which source.
    first: Option<(Duration, Source)>,
}

/// The counts of a hunt.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Programs of each source.
    pub(super) tried: [u64; 3],
    /// Time of each source.
    pub(super) spent: [Duration; 3],
    /// Programs that were left out because their cause is explained.
    pub(super) left_out: u64,
    /// Programs for which no guest booted.
    pub(super) unanswered: u64,
    /// Guests that were started.
    pub(super) boots: u32,
    /// How often each cause that the model sees led to a finding.
    pub(super) causes: HashMap<String, u32>,
    /// Names of known findings, by key.
    pub(super) known: BTreeMap<String, String>,
    /// How often a new finding's smallest program shows it, and how large that is.
    pub(super) rates: BTreeMap<String, (Rate, usize)>,
    seen: HashSet<String>,
    hits: BTreeMap<String, Hits>,
    /// What the kernel that judges says to a fault of the sieve, and how often it was asked.
    sieved: HashMap<String, (String, u32)>,
}

impl Tally {
    /// Whether a key was not seen before.
    pub(super) fn is_new(&mut self, key: &str) -> bool {
        self.seen.insert(key.to_string())
    }

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

    /// How many findings are not known ones.
    pub(super) fn findings(&self) -> usize {
        self.hits.keys().filter(|key| !self.known.contains_key(*key)).count()
    }

    /// How far the hunt is.
    pub(super) fn line(&self, elapsed: Duration) -> String {
        let each: Vec<String> = Source::ALL
            .iter()
            .map(|source| {
                let (tried, spent) = (self.tried[*source as usize], self.spent[*source as usize]);
                format!("{} {tried} ({:.1}/s)", source.name(), rate(tried, spent))
            })
            .collect();
        format!(
            "{} s: {}; {} findings, {} known, {} left out",
            elapsed.as_secs(),
            each.join(", "),
            self.findings(),
            self.known.len(),
            self.left_out
        )
    }

    /// All of it as tables.
    pub(super) fn table(&self, elapsed: Duration) -> String {
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
        for source in Source::ALL {
            let (tried, spent) = (self.tried[source as usize], self.spent[source as usize]);
            let firsts =
                self.hits.values().filter(|hits| hits.first.is_some_and(|(_, by)| by == source)).count();
            sources.add_row([
                source.name().to_string(),
                tried.to_string(),
                format!("{:.0}", spent.as_secs_f64()),
                format!("{:.1}", rate(tried, spent)),
                firsts.to_string(),
                format!("{:.0}", rate(firsts as u64, spent) * 3600.0),
            ]);
        }
        format!(
            "{table}\n\n{sources}\n\n{} s, {} boots, {} findings, {} known, {} programs left out because their cause was found, \
             {} because no guest booted\n",
            elapsed.as_secs(),
            self.boots,
            self.findings(),
            self.known.len(),
            self.left_out,
            self.unanswered
        )
    }
}

fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(0.001)
}

fn plain() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(150);
    table
}
