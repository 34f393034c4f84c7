//! `unreg bench`: what each strategy takes to find the first violation of each variant, as a table.

mod table;

use super::progress::Progress;
use super::{Outcome, choose, duration, findings, out};
use anyhow::Context;
use nix::time::{ClockId, clock_gettime};
use std::path::{Path, PathBuf};
use std::time::Duration;
use table::{Row, Searched};
use unreg::program::{Subsystem, Variants};
use unreg::search::{Alphabet, Hunt, Options, strategy};

/// Runs between two looks at the clock.
const BATCH: u64 = 64;

/// The lines in a page between which the tables are written; those of searches without guidance have a place of their own.
const BEGIN: &str = "<!-- unreg bench -->\n";
const BEGIN_UNGUIDED: &str = "<!-- unreg bench --unguided -->\n";
const END: &str = "<!-- end -->";

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Search under this variant alone; may be given several times [default: every variant that breaks an invariant]
    #[arg(long = "variant", value_name = "VARIANT", value_parser = choose::variants)]
    variants: Vec<Variants>,
    /// Draw schedules by this strategy; may be given several times [default: all]
    #[arg(long = "strategy", value_name = "NAME", value_parser = choose::strategy)]
    strategies: Vec<strategy::StrategySpec>,
    /// Search without guidance by states too, a column more for each strategy: every program is generated anew, and none is
    /// kept and changed
    #[arg(long)]
    unguided: bool,
    /// Search with each seed from 1 to this
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// Leave a search after this many runs
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// Leave a search after this processor time
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration::parse)]
    time: Duration,
    /// Write the tables into this page too, between the lines `<!-- unreg bench -->` (or
    /// `<!-- unreg bench --unguided -->`) and `<!-- end -->`
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

pub(super) fn bench(arguments: &Arguments) -> anyhow::Result<Outcome> {
    // A page that cannot take the tables is said before the work, not after it.
    let page =
        arguments.write.as_deref().map(|path| Page::read(path, begin(arguments)).map(|page| (path, page)));
    let page = page.transpose()?;
    let strategies = match arguments.strategies.as_slice() {
        [] => strategy::ALL,
        some => some,
    };
    let guides: &[bool] = if arguments.unguided { &[true, false] } else { &[true] };
    let searches: Vec<(strategy::StrategySpec, bool)> = strategies
        .iter()
        .flat_map(|strategy| guides.iter().map(|is_guided| (*strategy, *is_guided)))
        .collect();
    let variants = variants(&arguments.variants);
    let mut progress = Progress::new();
    let mut rows = Vec::new();
    for (name, variants) in &variants {
        let mut row = Row { name: name.clone(), searched: Vec::new() };
        for (strategy, is_guided) in &searches {
            let seeds = 1..=arguments.seeds;
            let searched = seeds.map(|seed| search(arguments, *variants, *strategy, *is_guided, seed));
            row.searched.push(searched.collect::<anyhow::Result<Vec<_>>>()?);
            progress.show_line(|_| format!("{name}, {}", column(*strategy, *is_guided)));
        }
        rows.push(row);
    }
    progress.finish();
    let names: Vec<String> =
        searches.iter().map(|(strategy, is_guided)| column(*strategy, *is_guided)).collect();
    let tables = format!("{}\n{}", command(arguments), table::tables(&names, &rows));
    out::print(&tables)?;
    if let Some((path, page)) = page {
        findings::write_over(path, page.with(&tables).as_bytes())?;
    }
    Ok(Outcome::Clean)
}

/// What a column of searches is called.
fn column(strategy: strategy::StrategySpec, is_guided: bool) -> String {
    format!("{}{}", strategy.name, if is_guided { "" } else { ", unguided" })
}

/// The line in a page below which the tables go.
fn begin(arguments: &Arguments) -> &'static str {
    if arguments.unguided { BEGIN_UNGUIDED } else { BEGIN }
}

/// The variants to search under, each by its name with those that it needs.
fn variants(given: &[Variants]) -> Vec<(String, Variants)> {
    if !given.is_empty() {
        let named = |variants: &Variants| (variants.to_string(), variants.with_companions());
        return given.iter().map(named).collect();
    }
    let of = |subsystem: &'static Subsystem| {
        let flawed = subsystem.variants().into_iter().filter(|variant| !variant.breaks.is_empty());
        flawed.map(move |variant| {
            (format!("{subsystem}={}", variant.name), Variants::to_break(*subsystem, &variant))
        })
    };
    Subsystem::ALL.iter().flat_map(of).collect()
}

/// One search, up to the first violation of any invariant.
fn search(
    arguments: &Arguments,
    variants: Variants,
    strategy: strategy::StrategySpec,
    is_guided: bool,
    seed: u64,
) -> anyhow::Result<Searched> {
    let mut subsystems: Vec<Subsystem> = variants.iter().map(|(subsystem, _)| subsystem).collect();
    subsystems.retain(|subsystem| *subsystem != Subsystem::Kconfig);
    let alphabet = Alphabet::new(&subsystems);
    anyhow::ensure!(!alphabet.is_empty(), "there is no command to search {variants} with");
    let options = Options { variants, alphabet, only: Vec::new(), seed, vary_kconfig: false, stores: false };
    let start = processor_time()?;
    let hunt = Hunt::new(options).with_strategy((strategy.new)());
    let mut hunt = if is_guided { hunt } else { hunt.without_guidance() };
    loop {
        let left = arguments.runs - hunt.stats().runs;
        let found = (0..left.min(BATCH)).any(|_| hunt.step().is_some());
        let time = processor_time()?.saturating_sub(start);
        let runs = hunt.stats().runs;
        if found || runs == arguments.runs || time >= arguments.time {
            return Ok(Searched { found, runs, time });
        }
    }
}

/// The processor time of this thread.
fn processor_time() -> anyhow::Result<Duration> {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).context("cannot read the processor time")?;
    Ok(time.into())
}

/// The command that was given, as a line of Markdown.
fn command(arguments: &Arguments) -> String {
    let variants: String =
        arguments.variants.iter().map(|variants| format!(" --variant {variants}")).collect();
    let strategies: String =
        arguments.strategies.iter().map(|strategy| format!(" --strategy {}", strategy.name)).collect();
    let unguided = if arguments.unguided { " --unguided" } else { "" };
    let (seeds, runs, time) = (arguments.seeds, arguments.runs, humantime::format_duration(arguments.time));
    format!("`unreg bench{variants}{strategies}{unguided} --seeds {seeds} --runs {runs} --time \"{time}\"`\n")
}

/// A page with room for tables below a line.
struct Page {
    before: String,
    begin: &'static str,
    after: String,
}

impl Page {
    fn read(path: &Path, begin: &'static str) -> anyhow::Result<Page> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Page::of(&text, begin).with_context(|| {
            format!("{} has no line `{}` with `{END}` after it", path.display(), begin.trim_end())
        })
    }

    fn of(text: &str, begin: &'static str) -> Option<Page> {
        let (before, rest) = text.split_once(begin)?;
        let after = &rest[rest.find(END)?..];
        Some(Page { before: before.to_string(), begin, after: after.to_string() })
    }

    fn with(&self, tables: &str) -> String {
        format!("{}{}\n{tables}\n{}", self.before, self.begin, self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_take_the_place_of_the_last() {
        let page = Page::of("one\n<!-- unreg bench -->\nold\n<!-- end -->\ntwo\n", BEGIN).unwrap();
        let first = page.with("new\n");
        assert_eq!(first, "one\n<!-- unreg bench -->\n\nnew\n\n<!-- end -->\ntwo\n");
        assert_eq!(Page::of(&first, BEGIN).unwrap().with("new\n"), first);
        assert!(Page::of("one\n<!-- end -->\n<!-- unreg bench -->\n", BEGIN).is_none());
        assert!(Page::of(&first, BEGIN_UNGUIDED).is_none());
    }

    #[test]
    fn every_flawed_variant_is_searched() {
        let all = variants(&[]);
        assert!(all.len() > 80, "{}", all.len());
        assert!(
            all.iter().all(|(name, variants)| variants.to_string().contains(name.split('=').next().unwrap()))
        );
    }
}
