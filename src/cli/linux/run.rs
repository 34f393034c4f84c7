//! `unreg linux run`: the stream that a real kernel really sends.

use super::boot::Which;
use super::followed;
use super::kernel::RealKernel;
use crate::cli::{Outcome, load, out};
use std::path::PathBuf;
use unreg::event::print::Detail;
use unreg::invariant;
use unreg::linux::shown;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Programs, as text or as records
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    which: Which,
    /// Print only what is compared with the model, as `conform` compares it
    #[arg(long)]
    compared: bool,
    /// Print what the guest reports as it came, a JSON object a line
    #[arg(long, conflicts_with = "compared")]
    raw: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let programs: Vec<_> =
        arguments.files.iter().map(|path| Ok((path, load::program(path)?))).collect::<anyhow::Result<_>>()?;
    let mut kernel = RealKernel::new(arguments.which.setup()?, &arguments.which);
    let mut outcome = Outcome::Clean;
    for (path, program) in programs {
        let file = path.display().to_string();
        let answer = kernel.ask(&program)?;
        if arguments.raw {
            for report in &answer.reports {
                out::print(&format!("{}\n", shown::json(&serde_json::to_string(report)?)))?;
            }
            for entry in answer.log.iter().flat_map(|log| &log.entries) {
                anstream::eprintln!("{entry:?}");
            }
            if let Some(why) = answer.died {
                outcome = Outcome::Violation;
                anstream::eprintln!("{file}: {why}");
            }
            continue;
        }
        let trace = answer.trace(&program);
        if arguments.compared {
            let lines = answer.lines(&program);
            out::print(&format!("{}\n", lines.join("\n")))?;
            continue;
        }
        let broken = invariant::judge_observed(&trace);
        match &answer.log {
            Some(log) => out::print(&followed::timeline(&program, &trace, log))?,
            None => out::print(&format!("{}\n", program.stream(&trace, Detail::Stream)))?,
        }
        if !broken.is_empty() {
            outcome = Outcome::Violation;
        }
        out::print(&followed::verdict(&file, &program, &trace, &broken, answer.log.as_ref()))?;
    }
    Ok(outcome)
}
