//! `unreg corpus`: what programs cover, the fewest that cover as much, and what fuzz engines found.

mod gather;
mod table;

use super::store::{self, Seen, Store};
use super::{Outcome, choose, complain_of_left_out, engine, findings, out, writable};
use anyhow::Context;
use gather::{Gathered, Input, gather};
use std::collections::BTreeSet;
use std::path::PathBuf;
use unreg::program::{Program, Variants};
use unreg::search::coverage::{Feature, Reader, smallest};
use unreg::target::Scope;

/// What counts.
const COUNTS: &str = "\
What counts is read off the runs: states of the kernel, steps between them, how each command ends, and which invariants break \
under which variants. The edges of the code are for `cargo fuzz cmin` and `cargo afl cmin`. A folder is searched with \
all below it, but no link is followed; of AFL++'s output its queues, crashes and hangs are read. A file that cannot be \
read is named and left out, and the exit code is 2 then.";

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Say what programs cover, by command, variant, invariant and state
    #[command(after_help = COUNTS)]
    Show(ShowArguments),
    /// Copy the fewest files that cover as much as all of them
    #[command(after_help = COUNTS)]
    Minimize(MinimizeArguments),
    /// Add what covers something new, from the folders of libFuzzer, AFL++ or another hunt
    #[command(after_help = COUNTS)]
    Import(ImportArguments),
}

#[derive(Debug, clap::Args)]
pub(super) struct ShowArguments {
    /// Programs or folders, in either form
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// End with 1 if there is a command that no program uses, a variant that nothing runs under, or an invariant that
    /// nothing breaks
    #[arg(long)]
    complete: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct MinimizeArguments {
    /// Programs or folders, in either form
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Where the files are copied, under their names
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Say of each file that is kept how much it covers
    #[arg(short, long)]
    verbose: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct ImportArguments {
    /// Folders of an engine: a corpus, artifacts, or AFL++'s output
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The corpus to add to
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    /// Take of each program what this fuzz target runs: its commands, under the decisions that it ran under
    #[arg(long, value_name = "NAME", value_parser = choose::target)]
    target: Option<Scope>,
    /// The decisions that the target ran under [default: those of UNREG_VARIANT, or the settled ones]
    #[arg(long = "variant", value_name = "VARIANT", value_parser = choose::variants, requires = "target")]
    variants: Vec<Variants>,
}

pub(super) fn corpus(verb: &Verb) -> anyhow::Result<Outcome> {
    match verb {
        Verb::Show(arguments) => show(arguments),
        Verb::Minimize(arguments) => minimize(arguments),
        Verb::Import(arguments) => import(arguments),
    }
}

fn show(arguments: &ShowArguments) -> anyhow::Result<Outcome> {
    let mut reader = Reader::default();
    let Gathered { inputs, left_out } = gather(&arguments.paths)?;
    let each: Vec<(Program, Vec<Feature>)> = inputs
        .into_iter()
        .map(|Input { program, .. }| {
            let features = reader.read(&program);
            (program, features)
        })
        .collect();
    let (text, missing) = table::coverage(&each);
    out::print(&text)?;
    Ok(match ended(&left_out) {
        Outcome::Clean if arguments.complete && !missing.is_empty() => Outcome::Violation,
        outcome => outcome,
    })
}

/// Says what was left out of a corpus, and how the verb ends because of it.
fn ended(left_out: &[anyhow::Error]) -> Outcome {
    complain_of_left_out(left_out);
    if left_out.is_empty() { Outcome::Clean } else { Outcome::Incomplete }
}

fn minimize(arguments: &MinimizeArguments) -> anyhow::Result<Outcome> {
    let folder = &arguments.output;
    writable::folder(folder)?;
    let Gathered { inputs, left_out } = gather(&arguments.paths)?;
    let mut reader = Reader::default();
    let entries: Vec<(usize, Vec<u64>)> = inputs
        .iter()
        .map(|input| {
            (input.program.size(), reader.read(&input.program).iter().map(Feature::number).collect())
        })
        .collect();
    let chosen = smallest(&entries);
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for index in &chosen {
        let Input { path, bytes, .. } = &inputs[*index];
        let mut to = folder.join(path.file_name().unwrap_or_default());
        // Two folders may use one name for two programs.
        if std::fs::read(&to).is_ok_and(|there| there != *bytes) {
            to = folder.join(store::name(bytes));
        }
        findings::write_over(&to, bytes)?;
        if arguments.verbose {
            out::print(&format!("{:6} covered by {}\n", entries[*index].1.len(), path.display()))?;
        }
    }
    let all: BTreeSet<&u64> = entries.iter().flat_map(|(_, features)| features).collect();
    out::print(&format!(
        "{} of {} files cover all {} that there is to cover\n",
        chosen.len(),
        inputs.len(),
        all.len()
    ))?;
    Ok(ended(&left_out))
}

fn import(arguments: &ImportArguments) -> anyhow::Result<Outcome> {
    let store = Store::open(&arguments.into)?;
    let mut reader = Reader::default();
    let mut covered: BTreeSet<u64> = BTreeSet::new();
    let mut unread = Vec::new();
    for program in store.read(&mut Seen::default(), |error| unread.push(error))? {
        covered.extend(reader.read(&program).iter().map(Feature::number));
    }
    let Gathered { mut inputs, mut left_out } = gather(&arguments.paths)?;
    left_out.append(&mut unread);
    // Of two that cover the same the smaller one comes first, and is taken.
    inputs.sort_by_key(|input| input.program.size());
    let (all, mut added) = (inputs.len(), 0);
    for Input { mut program, .. } in inputs {
        if let Some(scope) = arguments.target {
            scope.narrow(&mut program, engine::variants(&arguments.variants)?);
        }
        let features: Vec<u64> = reader.read(&program).iter().map(Feature::number).collect();
        if features.iter().any(|feature| !covered.contains(feature)) {
            covered.extend(features);
            store.save(&program)?;
            added += 1;
        }
    }
    out::print(&format!(
        "{added} of {all} inputs cover something new: added to {}\n",
        arguments.into.display()
    ))?;
    Ok(ended(&left_out))
}
