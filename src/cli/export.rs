//! `unreg export`: a program as a reproducer for others.

use super::{Outcome, load, out};
use std::path::{Path, PathBuf};
use unreg::export::syz::{DESCRIPTIONS, syz};
use unreg::export::{Origin, kselftest, rust, sh};
use unreg::program::Program;

const EXAMPLES: &str = "\
Examples:
  unreg export --to sh FILE | unreg linux boot --script /dev/stdin
  unreg export --to kselftest FILE -o test.sh
  unreg export --to rust findings/NAME.prog
  unreg export --to syz FILE -o reproducer.syz
  unreg export --to kselftest corpus/devlink -o tests
  unreg export --syz-descriptions -o sys/linux/unreg_devlink.txt";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Programs, or folders of `.prog` files; `-` reads standard input
    #[arg(value_name = "FILE", required_unless_present = "syz_descriptions")]
    files: Vec<PathBuf>,
    /// What it becomes
    #[arg(long, value_name = "FORM", required_unless_present = "syz_descriptions")]
    to: Option<Form>,
    /// Instead of a program, descriptions of the devlink commands that syzkaller lacks, in syzkaller's language
    #[arg(long, conflicts_with_all = ["files", "to"])]
    syz_descriptions: bool,
    /// Where it goes; `-` is standard output, which is the default. Of several programs a folder, in which each has a file
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

impl Form {
    /// How files of this form end.
    const fn extension(self) -> &'static str {
        match self {
            Form::Sh | Form::Kselftest => "sh",
            Form::Rust => "rs",
            Form::Syz => "syz",
        }
    }
}

pub(super) fn export(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let to = arguments.output.as_deref();
    match arguments.to {
        None => out::write(to, DESCRIPTIONS)?,
        Some(form) if load::is_one(&arguments.files) => {
            out::check(to)?;
            out::write(to, &exported(&arguments.files[0], form)?)?;
        }
        Some(form) => {
            let folder = out::Folder::new(to, form.extension())?;
            for (file, name) in load::named_programs(&arguments.files)? {
                folder.write(&name, &exported(&file, form)?)?;
            }
        }
    }
    Ok(Outcome::Clean)
}

fn exported(file: &Path, form: Form) -> anyhow::Result<String> {
    let bytes = load::bytes(file)?;
    let program: Program = load::read(&bytes, file)?;
    let text = String::from_utf8_lossy(&bytes);
    let says = text.lines().next().and_then(|line| line.strip_prefix("# "));
    let file = load::title(file);
    let origin = Origin { file: &file, says };
    Ok(match form {
        Form::Sh => sh(&program, origin),
        Form::Kselftest => kselftest(&program, origin),
        Form::Rust => rust(&program, origin),
        Form::Syz => syz(&program, origin),
    })
}
