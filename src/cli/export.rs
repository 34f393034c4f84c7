//! `unreg export`: a program as a reproducer for others.

use super::findings::write_over;
use super::{Outcome, load, out, writable};
use std::path::PathBuf;
use unreg::export::syz::syz;
use unreg::export::{Origin, kselftest, rust, sh};
use unreg::program::Program;

const EXAMPLES: &str = "\
Examples:
  unreg export --to sh FILE | unreg linux boot --script /dev/stdin
  unreg export --to kselftest FILE -o test.sh
  unreg export --to rust findings/NAME.prog
  unreg export --to syz FILE -o reproducer.syz";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A program; `-` reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What it becomes
    #[arg(long, value_name = "FORM")]
    to: Form,
    /// Where it goes [default: standard output]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// A shell script with iproute2 and sysfs
    Sh,
    /// A selftest of the kernel, which prints KTAP
    Kselftest,
    /// A test in Rust
    Rust,
    /// A program for syzkaller's syz-execprog
    Syz,
}

pub(super) fn export(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let bytes = load::bytes(&arguments.file)?;
    let program: Program = load::read(&bytes, &arguments.file)?;
    let text = String::from_utf8_lossy(&bytes);
    let says = text.lines().next().and_then(|line| line.strip_prefix("# "));
    let file = arguments.file.display().to_string();
    let origin = Origin { file: &file, says };
    let text = match arguments.to {
        Form::Sh => sh(&program, origin),
        Form::Kselftest => kselftest(&program, origin),
        Form::Rust => rust(&program, origin),
        Form::Syz => syz(&program, origin),
    };
    match &arguments.output {
        Some(output) => {
            writable::file(output)?;
            write_over(output, text.as_bytes())?;
        }
        None => out::print(&text)?,
    }
    Ok(Outcome::Clean)
}
