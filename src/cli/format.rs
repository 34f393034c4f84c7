//! `unreg fmt`, `unreg encode` and `unreg decode`: the two forms of a program, and the usual form of its text.

use super::findings::write_over;
use super::{Outcome, choose, engine, load, out, writable};
use std::path::PathBuf;
use unreg::program::{Variants, record, text};

#[derive(Debug, clap::Args)]
pub(super) struct FmtArguments {
    /// Text programs
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change nothing; end with 1 and name the files that would change
    #[arg(long)]
    check: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct EncodeArguments {
    /// A program
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where the records go
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct DecodeArguments {
    /// A program
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    target: engine::Target,
    /// The decisions that the target ran under [default: for an engine's file those of UNREG_VARIANT, or the settled ones; for
    /// another file its own]
    #[arg(long = "variant", value_name = "VARIANT", value_parser = choose::variants)]
    variants: Vec<Variants>,
}

pub(super) fn fmt(arguments: &FmtArguments) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::Clean;
    for path in &arguments.files {
        let old = load::text(path)?;
        // What cannot be read is for its author to put right, not to be moved about.
        load::parse(&old, path)?;
        let new = text::format::format(&old);
        if old == new {
            continue;
        }
        if arguments.check {
            out::print(&format!("{} would change\n", path.display()))?;
            outcome = Outcome::Violation;
        } else {
            write_over(path, new.as_bytes())?;
        }
    }
    Ok(outcome)
}

pub(super) fn encode(arguments: &EncodeArguments) -> anyhow::Result<Outcome> {
    writable::file(&arguments.output)?;
    let program = load::program(&arguments.file)?;
    write_over(&arguments.output, &record::encode(&program))?;
    Ok(Outcome::Clean)
}

pub(super) fn decode(arguments: &DecodeArguments) -> anyhow::Result<Outcome> {
    let ran = arguments.target.read(&arguments.file, &arguments.variants)?;
    out::print(&ran.program.to_string())?;
    Ok(Outcome::Clean)
}
