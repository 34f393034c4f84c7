//! `unreg linux run`: the stream that a real kernel really sends.

use super::boot::Which;
use super::kernel::Kernel;
use crate::cli::{Outcome, load, out};
use std::path::PathBuf;
use unreg::event::print::Detail;
use unreg::invariant;
use unreg::linux::{compare, shown};

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
    let mut kernel = Kernel::new(arguments.which.setup()?, &arguments.which);
    let mut outcome = Outcome::Clean;
    for (path, program) in programs {
        if arguments.raw {
            let (reports, died) = kernel.reports(&program)?;
            for report in reports {
                out::print(&format!("{}\n", shown::json(&serde_json::to_string(&report)?)))?;
            }
            if let Some(why) = died {
                outcome = Outcome::Violation;
                anstream::eprintln!("{}: {why}", path.display());
            }
            continue;
        }
        let trace = kernel.run(&program)?;
        if arguments.compared {
            let lines = compare::observed(&program, &trace);
            out::print(&format!("{}\n", lines.join("\n")))?;
            continue;
        }
        out::print(&format!("{}\n", program.stream(&trace, Detail::Stream)))?;
        let file = path.display();
        let broken = invariant::judge_observed(&trace);
        if broken.is_empty() {
            out::print(&format!("{file}: Linux keeps every rule that it shows\n"))?;
        }
        for violation in broken {
            outcome = Outcome::Violation;
            out::print(&format!(
                "{file}: Linux breaks {}\n  {}\n",
                violation.invariant.name, violation.invariant.says
            ))?;
        }
    }
    Ok(outcome)
}
