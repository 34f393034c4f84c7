//! `unreg report`: a run as a picture.

use super::linux::ask;
use super::{Outcome, choose, index, load, out};
use std::path::{Path, PathBuf};
use unreg::invariant::{judge, judge_observed};
use unreg::program::{Program, Variants};
use unreg::report::picture::{Picture, itf, page, trace as viewers};
use unreg::run::Machine;

const EXAMPLES: &str = "\
Examples:
  unreg report findings/NAME.prog -o page.html
  unreg report FILE --variant settled --as svg -o run.svg
  unreg report FILE --linux 6.12+debug -o page.html
  unreg report FILE --as mermaid
  unreg report FILE --as itf -o run.itf.json
  unreg report --findings findings --corpus corpus --log hunt.jsonl -o index.html";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Programs, or folders of `.prog` files; `-` reads standard input
    #[arg(value_name = "FILE", required_unless_present = "findings")]
    files: Vec<PathBuf>,
    /// Instead of a run, the index of a campaign: the findings in this folder, and what --corpus and --log add
    #[arg(long, value_name = "DIR", conflicts_with_all = ["files", "form", "variants", "linux"])]
    findings: Option<PathBuf>,
    /// The corpus of the campaign, whose commands are counted
    #[arg(long, value_name = "DIR", requires = "findings")]
    corpus: Option<PathBuf>,
    /// What `unreg hunt --json` printed, for the states over time
    #[arg(long, value_name = "FILE", requires = "findings")]
    log: Option<PathBuf>,
    /// Where the picture goes; `-` is standard output, which is the default. Of several programs a folder, in which each has
    /// a file
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
    /// The state after each event, as Apalache and Quint write and read traces (ITF)
    Itf,
}

impl Form {
    /// How files of this form end.
    const fn extension(self) -> &'static str {
        match self {
            Form::Html => "html",
            Form::Svg => "svg",
            Form::Perfetto => "json",
            Form::Mermaid => "mmd",
            Form::Itf => "itf.json",
        }
    }
}

pub(super) fn report(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let to = arguments.output.as_deref();
    let mut is_clean = true;
    if let Some(findings) = &arguments.findings {
        out::check(to)?;
        let (text, is_empty) = index::page(findings, arguments.corpus.as_deref(), arguments.log.as_deref())?;
        out::write(to, &text)?;
        is_clean = is_empty;
    } else if load::is_one(&arguments.files) {
        out::check(to)?;
        let (text, is_as_expected) = drawn(arguments, &arguments.files[0])?;
        out::write(to, &text)?;
        is_clean = is_as_expected;
    } else {
        let folder = out::Folder::new(to, arguments.form.extension())?;
        for (file, name) in load::named_programs(&arguments.files)? {
            let (text, is_as_expected) = drawn(arguments, &file)?;
            folder.write(&name, &text)?;
            is_clean &= is_as_expected;
        }
    }
    Ok(if is_clean { Outcome::Clean } else { Outcome::Violation })
}

/// The picture of a run, and whether the run broke nothing that it should not.
fn drawn(arguments: &Arguments, file: &Path) -> anyhow::Result<(String, bool)> {
    let program = load::program(file)?;
    let given = arguments.variants.iter().copied().reduce(Variants::union);
    let program = Program { variants: given.map_or(program.variants, Variants::with_companions), ..program };
    let title = load::title(file);
    let (trace, broken, under, is_clean) = match &arguments.linux {
        Some(kernel) => {
            let trace = ask::ask(kernel, &program)?;
            let broken = judge_observed(&trace);
            let is_clean = broken.is_empty();
            (trace, broken, format!("Linux {kernel}"), is_clean)
        }
        None => {
            let trace = Machine::default().run(&program).clone();
            let broken = judge(&trace);
            let is_expected = broken.iter().all(|it| given.is_none() && program.expects(it.invariant));
            (trace, broken, program.variants.to_string(), is_expected)
        }
    };
    let picture = || Picture::of(&program, &trace, &broken, &title, &under);
    let text = match arguments.form {
        Form::Html => page::html(&picture()),
        Form::Svg => page::svg(&picture()),
        Form::Perfetto => viewers::perfetto(&picture()),
        Form::Mermaid => viewers::mermaid(&picture()),
        Form::Itf => itf::itf(&program, &trace, &broken, &title, &under),
    };
    Ok((text, is_clean))
}
