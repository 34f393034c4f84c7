//! `unreg fmt`, `unreg encode` and `unreg decode`: the two forms of a program, and the usual form of its text.

use super::findings::write_over;
use super::{Outcome, choose, engine, load, out};
use std::path::PathBuf;
use unreg::program::{Variants, record, text};

#[derive(Debug, clap::Args)]
pub(super) struct FmtArguments {
    /// Text programs, or folders of `.prog` files; `-` reads standard input and prints the usual form
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change nothing; end with 1 and name the files that would change
    #[arg(long)]
    check: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct EncodeArguments {
    /// A program; `-` reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where the records go; `-` is standard output, which is the default
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct DecodeArguments {
    /// A program; `-` reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where the text goes; `-` is standard output, which is the default
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    #[command(flatten)]
    target: engine::Target,
    /// The decisions that the target ran under [default: for an engine's file those of UNREG_VARIANT, or the settled ones; for
    /// another file its own]
    #[arg(long = "variant", value_name = "VARIANT", value_parser = choose::variants)]
    variants: Vec<Variants>,
}

pub(super) fn fmt(arguments: &FmtArguments) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::Clean;
    for path in &load::programs(&arguments.files)? {
        let old = load::text(path)?;
        // What cannot be read is for its author to put right, not to be moved about.
        load::parse(&old, path)?;
        let new = text::format::format(&old);
        if load::is_standard_input(path) && !arguments.check {
            out::print(&new)?;
            continue;
        }
        if old == new {
            continue;
        }
        if arguments.check {
            out::print(&format!("{} would change\n", load::title(path)))?;
            outcome = Outcome::Violation;
        } else {
            write_over(path, new.as_bytes())?;
        }
    }
    Ok(outcome)
}

pub(super) fn encode(arguments: &EncodeArguments) -> anyhow::Result<Outcome> {
    out::check(arguments.output.as_deref())?;
    let program = load::program(&arguments.file)?;
    out::write_bytes(arguments.output.as_deref(), &record::encode(&program))?;
    Ok(Outcome::Clean)
}

pub(super) fn decode(arguments: &DecodeArguments) -> anyhow::Result<Outcome> {
    out::check(arguments.output.as_deref())?;
    let ran = arguments.target.read(&arguments.file, &arguments.variants)?;
    out::write(arguments.output.as_deref(), &ran.program.to_string())?;
    Ok(Outcome::Clean)
}
