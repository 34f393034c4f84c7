//! How far a hunt is, on standard error: one line that changes at a terminal, a line now and then elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use unreg::search::Stats;

/// How often a line is printed where the output is no terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// How often the line changes at a terminal.
const BAR_EVERY: Duration = Duration::from_millis(100);

/// Whether nothing of progress is to be shown.
static IS_QUIET: AtomicBool = AtomicBool::new(false);

/// Shows no progress from here on, as `--quiet` asks.
pub(super) fn be_quiet() {
    IS_QUIET.store(true, Ordering::Relaxed);
}

fn is_quiet() -> bool {
    IS_QUIET.load(Ordering::Relaxed)
}

/// Shows progress.
#[derive(Debug)]
pub(super) struct Progress {
    start: Instant,
    bar: Option<ProgressBar>,
    bar_next: Instant,
    plain_next: Instant,
}

impl Progress {
    pub(super) fn new() -> Self {
        let bar = (std::io::stderr().is_terminal() && !is_quiet()).then(|| {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("{spinner} {wide_msg}");
            bar.set_style(style.expect("the template is well formed"));
            bar
        });
        let start = Instant::now();
        Progress { start, bar, bar_next: start, plain_next: start + PLAIN_EVERY }
    }

    pub(super) fn show(&mut self, stats: Stats) {
        self.show_line(|elapsed| figures(stats, elapsed));
    }

    /// Shows a line that is made from the time that has passed, if one is due.
    pub(super) fn show_line(&mut self, line: impl FnOnce(Duration) -> String) {
        let now = Instant::now();
        match &self.bar {
            Some(bar) if now >= self.bar_next => {
                bar.set_message(line(now - self.start));
                bar.tick();
                self.bar_next = now + BAR_EVERY;
            }
            None if now >= self.plain_next && !is_quiet() => {
                eprintln!("{}", line(now - self.start));
                self.plain_next = now + PLAIN_EVERY;
            }
            _ => {}
        }
    }

    /// The time since it all began.
    pub(super) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Prints something else, with the line out of the way.
    pub(super) fn apart<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Takes the line away and says how long it all took.
    pub(super) fn finish(self) -> Duration {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
        self.start.elapsed()
    }
}

/// One stage of a longer work: a bar or a spinner at a terminal, elsewhere a line when it begins.
#[derive(Debug)]
pub(super) struct Stage(Option<ProgressBar>);

impl Stage {
    /// A stage of unknown length.
    pub(super) fn begin(name: &'static str) -> Self {
        Self::of(name, 0)
    }

    /// A stage of about so many steps; 0 is unknown.
    pub(super) fn of(name: &'static str, steps: u64) -> Self {
        if is_quiet() {
            return Stage(None);
        }
        if !std::io::stderr().is_terminal() {
            eprintln!("{name} …");
            return Stage(None);
        }
        let bar = if steps == 0 { ProgressBar::new_spinner() } else { ProgressBar::new(steps) };
        let template = match steps {
            0 => "{spinner} {msg}, {elapsed}",
            _ => "{wide_bar} {msg}: {pos} of about {len}, {eta} left",
        };
        let style = ProgressStyle::with_template(template).expect("the template is well formed");
        bar.enable_steady_tick(Duration::from_millis(200));
        Stage(Some(bar.with_style(style).with_message(name)))
    }

    /// One more step is done.
    pub(super) fn one_more(&self) {
        if let Some(bar) = &self.0 {
            bar.inc(1);
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// The figures of a hunt in a line.
pub(super) fn figures(stats: Stats, elapsed: Duration) -> String {
    let a_second = |count: u64| short((count as f64 / elapsed.as_secs_f64().max(0.001)) as u64);
    let cut_off = match stats.cut_off {
        0 => String::new(),
        count => format!(", cut off {count}"),
    };
    format!(
        "{} runs ({}/s), {} steps ({}/s), {} states, corpus {}, findings {}{cut_off}, {:.1} s",
        short(stats.runs),
        a_second(stats.runs),
        short(stats.steps),
        a_second(stats.steps),
        short(stats.states),
        stats.corpus,
        stats.findings,
        elapsed.as_secs_f64(),
    )
}

/// A count in at most four digits: `1234`, `12.3k`, `4.5M`.
fn short(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..1_000_000 => format!("{:.1}k", count as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1}M", count as f64 / 1e6),
        _ => format!("{:.1}G", count as f64 / 1e9),
    }
}
