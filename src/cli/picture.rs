//! `unreg report`: a run as a picture.

use super::findings::write_over;
use super::linux::ask;
use super::{Outcome, choose, load, out, writable};
use std::path::PathBuf;
use unreg::invariant::{judge, judge_observed};
use unreg::program::{Program, Variants};
use unreg::report::picture::{Picture, page, trace};
use unreg::run::Machine;

const EXAMPLES: &str = "\
Examples:
  unreg report findings/NAME.prog -o page.html
  unreg report FILE --variant settled --as svg -o run.svg
  unreg report FILE --linux 6.12+debug -o page.html
  unreg report FILE --as mermaid";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A program; `-` reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where the picture goes [default: standard output]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// The form of the picture
    #[arg(long = "as", value_name = "FORM", default_value = "html")]
    form: Form,
    /// Decisions to run under instead of the program's own
    #[arg(long = "variant", value_name = "VARIANT", value_parser = choose::variants, conflicts_with = "linux")]
    variants: Vec<Variants>,
    /// Draw what a real kernel shows: a release, as 6.12 or 6.12+debug, or a kernel's folder
    #[arg(long, value_name = "KERNEL")]
    linux: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// One page that needs nothing besides itself
    Html,
    /// One image
    Svg,
    /// JSON that ui.perfetto.dev and Chrome's tracing open
    Perfetto,
    /// A sequence diagram for a comment
    Mermaid,
}

pub(super) fn report(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let program = load::program(&arguments.file)?;
    if let Some(output) = arguments.output.as_ref().filter(|output| !load::is_standard_input(output)) {
        writable::file(output)?;
    }
    let given = arguments.variants.iter().copied().reduce(Variants::union);
    let program = Program { variants: given.map_or(program.variants, choose::with_companions), ..program };
    let title = arguments.file.display().to_string();
    let (picture, is_clean) = match &arguments.linux {
        Some(kernel) => {
            let trace = ask::ask(kernel, &program)?;
            let broken = judge_observed(&trace);
            (Picture::of(&program, &trace, &broken, &title, &format!("Linux {kernel}")), broken.is_empty())
        }
        None => {
            let mut machine = Machine::default();
            let trace = machine.run(&program);
            let broken = judge(trace);
            let is_expected = broken.iter().all(|it| given.is_none() && program.expects(it.invariant));
            (Picture::of(&program, trace, &broken, &title, &program.variants.to_string()), is_expected)
        }
    };
    let text = match arguments.form {
        Form::Html => page::html(&picture),
        Form::Svg => page::svg(&picture),
        Form::Perfetto => trace::perfetto(&picture),
        Form::Mermaid => trace::mermaid(&picture),
    };
    match &arguments.output {
        Some(output) if !load::is_standard_input(output) => write_over(output, text.as_bytes())?,
        _ => out::print(&text)?,
    }
    Ok(if is_clean { Outcome::Clean } else { Outcome::Violation })
}
