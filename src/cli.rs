//! The command line: what is asked for, and which exit code answers.
//!
//! Only here are a clock, files, threads and signals used; the library below is a function of its arguments.

mod bench;
mod check_stream;
mod choose;
mod corpus;
mod diff;
mod duration;
mod encoding;
mod engine;
mod export;
mod findings;
mod format;
mod hunt;
mod index;
mod json;
mod linux;
mod list;
mod load;
mod manual;
mod minimize;
mod missing;
mod out;
mod picture;
mod progress;
mod prove;
mod review;
mod run;
mod store;
mod table;
mod writable;

use clap::{Parser, Subcommand};
use missing::Missing;
use std::process::ExitCode;
use unreg::program::text::Diagnostics;

const EXIT_CODES: &str = "\
Exit codes: 0 when everything holds, 1 for a violation or a difference, 2 for bad usage or bad input, 4 when a tool \
or a kernel is missing.";

/// Fuzzing and regression suite for the way kernel devices are registered, reloaded and unregistered.
#[derive(Debug, Parser)]
#[command(name = "unreg", version, after_help = EXIT_CODES, max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    /// Say nothing of progress on standard error
    #[arg(short, long, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Search for programs that break an invariant; minimise and name each one
    Hunt(hunt::Arguments),
    /// Run every interleaving of programs, up to the order of steps that commute, and judge each
    Prove(prove::Arguments),
    /// Measure what each strategy takes to find the first violation of each variant
    Bench(bench::Arguments),
    /// Run programs, print what happens, and judge it
    Run(run::Arguments),
    /// Show what listeners hear of a program before and after, side by side
    Diff(diff::Arguments),
    /// Judge logs of real machines: devlink, ip, rdma and udevadm monitor, and the kernel's log
    CheckStream(check_stream::Arguments),
    /// Draw a run: a page, an image, or a form that other viewers open
    Report(picture::Arguments),
    /// Turn a program into a reproducer for others: a shell script, a selftest of the kernel, a test in Rust
    Export(export::Arguments),
    /// Group the streams that a change alters by what happened to them, as one comment
    Review(review::Arguments),
    /// Make a failing program as small as it can be while it breaks the same invariant at the same place
    Minimize(minimize::MinimizeArguments),
    /// Minimise a finding into the corpus, where it is a test
    Promote(minimize::PromoteArguments),
    /// Look after a corpus: what it covers, the smallest part that covers as much, what engines found
    #[command(subcommand)]
    Corpus(corpus::Verb),
    /// Bring text programs into the usual form
    Fmt(format::FmtArguments),
    /// Turn a program into the records that fuzz engines read
    Encode(format::EncodeArguments),
    /// Turn records into text
    Decode(format::DecodeArguments),
    /// List what programs and options can name
    List(list::Arguments),
    /// Print what a shell needs to complete this command line
    Completions(manual::CompletionsArguments),
    /// Print the manual page, or write one for each verb
    Man(manual::ManArguments),
    /// Ask the real kernel
    #[command(subcommand)]
    Linux(linux::Verb),
}

/// How a verb that did its work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Everything holds.
    Clean,
    /// An invariant is broken, or two things differ that should not.
    Violation,
    /// Some of what was given or asked was left out, as was said.
    Incomplete,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> ExitCode {
        match outcome {
            Outcome::Clean => ExitCode::from(0),
            Outcome::Violation => ExitCode::from(1),
            Outcome::Incomplete => ExitCode::from(2),
        }
    }
}

/// The beginning of every process of this binary: a guest's init, what becomes a guest, or what a person asked for.
pub(crate) fn start() -> ExitCode {
    if linux::agent::is_init() {
        linux::agent::main()
    }
    let name = std::env::args_os().next().unwrap_or_default();
    if name == linux::guest::EXEC || name == linux::guest::EXEC_TRACED {
        linux::guest::exec(name == linux::guest::EXEC_TRACED)
    }
    main()
}

/// Reads the command line and does what it says.
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.quiet {
        progress::be_quiet();
    }
    let result = match arguments.verb {
        Verb::Hunt(arguments) => hunt::hunt(&arguments),
        Verb::Prove(arguments) => prove::prove(&arguments),
        Verb::Bench(arguments) => bench::bench(&arguments),
        Verb::Run(arguments) => run::run(&arguments),
        Verb::Diff(arguments) => diff::diff(&arguments),
        Verb::CheckStream(arguments) => check_stream::check_stream(&arguments),
        Verb::Report(arguments) => picture::report(&arguments),
        Verb::Export(arguments) => export::export(&arguments),
        Verb::Review(arguments) => review::review(&arguments),
        Verb::Completions(arguments) => manual::completions(&arguments),
        Verb::Man(arguments) => manual::man(&arguments),
        Verb::Minimize(arguments) => minimize::minimize(&arguments),
        Verb::Promote(arguments) => minimize::promote(&arguments),
        Verb::Corpus(verb) => corpus::corpus(&verb),
        Verb::Fmt(arguments) => format::fmt(&arguments),
        Verb::Encode(arguments) => format::encode(&arguments),
        Verb::Decode(arguments) => format::decode(&arguments),
        Verb::List(arguments) => list::list(&arguments),
        Verb::Linux(verb) => linux::linux(&verb),
    };
    match result {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            complain(&error);
            ExitCode::from(if error.is::<Missing>() { 4 } else { 2 })
        }
    }
}

/// Prints an error to standard error.
fn complain(error: &anyhow::Error) {
    match error.downcast_ref::<Diagnostics>() {
        Some(problems) => anstream::eprintln!("{}", problems.render(true)),
        None => anstream::eprintln!("unreg: {error:#}"),
    }
}

/// The most files that are named one by one when they are left out.
const LEFT_OUT_MAX: usize = 20;

/// Says which files were left out, and why.
fn complain_of_left_out(left_out: &[anyhow::Error]) {
    left_out.iter().take(LEFT_OUT_MAX).for_each(complain);
    if left_out.len() > LEFT_OUT_MAX {
        anstream::eprintln!("unreg: and {} more", left_out.len() - LEFT_OUT_MAX);
    }
    if !left_out.is_empty() {
        anstream::eprintln!("unreg: left out {} of what is there", left_out.len());
    }
}
