//! The same four scenes for shuttle, loom, stateright and unreg: what each takes to find what is flawed, and to exhaust
//! what was settled.
//!
//! `cargo run --release -p peers 2> /dev/null` prints the table of docs/search.md.

mod measure;
mod on_loom;
mod on_shuttle;
mod on_stateright;
mod on_unreg;

use measure::Found;
use on_shuttle::By;
use std::process::ExitCode;

/// The scenes, by what goes wrong in them.
const SCENES: [&str; 4] = [
    "flush under the mutex that the work wants",
    "create against unregister",
    "registered before it is ready",
    "reload against remove",
];
/// Searches that draw schedules run once for each of these seeds.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=21;
/// The executions after which a search is left.
const MOST: u64 = 20_000;

/// The executions after which a proof is left.
const PROVED: u64 = 20_000;

/// A tool, and how it runs a scene in one of its forms with a seed.
struct Tool {
    name: &'static str,
    run: fn(usize, bool, u64) -> Found,
    /// Whether the seed decides anything.
    draws: bool,
}

const TOOLS: [Tool; 9] = [
    Tool {
        name: "shuttle, random",
        run: |of, flawed, seed| on_shuttle::run(of, flawed, By::Random(seed), MOST),
        draws: true,
    },
    Tool {
        name: "shuttle, PCT 3",
        run: |of, flawed, seed| on_shuttle::run(of, flawed, By::Pct(seed), MOST),
        draws: true,
    },
    Tool {
        name: "shuttle, DFS",
        run: |of, flawed, _| on_shuttle::run(of, flawed, By::Dfs, MOST),
        draws: false,
    },
    Tool { name: "loom", run: |of, flawed, _| on_loom::run(of, flawed), draws: false },
    Tool {
        name: "stateright, BFS (states)",
        run: |of, flawed, _| on_stateright::run(of, flawed),
        draws: false,
    },
    Tool {
        name: "unreg, walk",
        run: |of, flawed, seed| on_unreg::run(of, flawed, "walk", seed, MOST),
        draws: true,
    },
    Tool {
        name: "unreg, pct",
        run: |of, flawed, seed| on_unreg::run(of, flawed, "pct", seed, MOST),
        draws: true,
    },
    Tool {
        name: "unreg, urw",
        run: |of, flawed, seed| on_unreg::run(of, flawed, "urw", seed, MOST),
        draws: true,
    },
    Tool { name: "unreg, prove", run: |of, flawed, _| on_unreg::prove(of, flawed, PROVED), draws: false },
];

fn main() -> ExitCode {
    // The process that loom has for itself.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [scene, is_flawed] = arguments.as_slice()
        && let (Ok(scene), Ok(is_flawed)) = (scene.parse(), is_flawed.parse())
    {
        return on_loom::main(scene, is_flawed);
    }
    // A failure is what is looked for: it needs no report.
    std::panic::set_hook(Box::new(|_| {}));
    for (scene, name) in SCENES.iter().enumerate() {
        println!("\n{name}:\n");
        println!("| tool | executions to find: median, worst | executions to exhaust | M steps/s |");
        println!("| --- | ---: | ---: | ---: |");
        for tool in &TOOLS {
            let seeds = if tool.draws { SEEDS } else { 1..=1 };
            let found: Vec<Found> = seeds.map(|seed| (tool.run)(scene, true, seed)).collect();
            // What draws cannot exhaust: its settled form shows how fast it is.
            let settled = (!tool.draws).then(|| (tool.run)(scene, false, 1));
            println!(
                "| {} | {} | {} | {} |",
                tool.name,
                to_find(&found),
                to_exhaust(settled),
                speed(&found, settled)
            );
        }
    }
    ExitCode::SUCCESS
}

fn to_find(found: &[Found]) -> String {
    let mut executions: Vec<u64> = found.iter().filter(|one| one.fails).map(|one| one.executions).collect();
    executions.sort_unstable();
    match (executions.get(executions.len().saturating_sub(1) / 2), executions.last()) {
        (Some(median), Some(worst)) if executions.len() == found.len() => match found.len() {
            1 => format!("{median}"),
            _ => format!("{median}, {worst}"),
        },
        _ => format!("{} of {} found", executions.len(), found.len()),
    }
}

fn to_exhaust(settled: Option<Found>) -> String {
    match settled {
        None => "cannot".to_string(),
        Some(Found { fails: true, .. }) => "fails".to_string(),
        Some(Found { is_exhausted: true, executions, time, .. }) => {
            format!("{executions} ({:.1} ms)", time.as_secs_f64() * 1e3)
        }
        Some(Found { executions, .. }) => format!("more than {executions}"),
    }
}

fn speed(found: &[Found], settled: Option<Found>) -> String {
    let all = || found.iter().chain(settled.as_ref());
    let steps: u64 = all().map(|one| one.steps).sum();
    let seconds: f64 = all().map(|one| one.time.as_secs_f64()).sum();
    format!("{:.2}", steps as f64 / seconds.max(f64::MIN_POSITIVE) / 1e6)
}
