//! `unreg run`: runs programs, prints what happens, and compares what broke with what was expected to.

use super::{Outcome, choose, engine, json, load, out};
use serde_json::json;
use std::fmt::Write;
use std::path::PathBuf;
use unreg::event::print::Detail;
use unreg::event::{SegmentEnd, Trace, What};
use unreg::invariant::{Invariant, Violation, judge};
use unreg::monitor::print as monitor;
use unreg::program::{Program, Segment, Variants};
use unreg::report::Report;
use unreg::report::cycle;
use unreg::run::Machine;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Programs, as text or as records, or folders of `.prog` files; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Decisions to run under instead of the program's own; what the program expects is then left aside
    #[arg(long = "variant", value_name = "VARIANT", value_parser = choose::variants, conflicts_with = "settled")]
    variants: Vec<Variants>,
    /// Run under the settled decisions, with the program's options of the kernel
    #[arg(long)]
    settled: bool,
    #[command(flatten)]
    target: engine::Target,
    /// Run each program so many times, and end with 1 if a run differs from the first: a run is a function of its program
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// What to print
    #[arg(long = "as", value_name = "FORM", default_value = "stream")]
    form: Form,
}

/// What is printed of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// What users and drivers see
    Stream,
    /// Every event, locks and references included
    Trace,
    /// As devlink, ip, rdma and udevadm monitor print it
    Monitor,
    /// As `devlink -j monitor` and `rdma -j monitor` print it
    MonitorJson,
    /// A line of JSON for each event, then one for the verdict
    Json,
    /// A page for each violation
    Report,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::Clean;
    let mut machine = Machine::default();
    for (index, path) in load::programs(&arguments.files)?.iter().enumerate() {
        let bytes = load::bytes(path)?;
        let ran = arguments.target.read_bytes(&bytes, path, &arguments.variants)?;
        let program = under(ran.program, arguments);
        let claims = std::str::from_utf8(&bytes).map(claims).unwrap_or_default();
        let file = path.display().to_string();
        if repeated(&program, &file, arguments.repeat) == Outcome::Violation {
            outcome = Outcome::Violation;
        }
        let trace = machine.run(&program);
        let verdict = Verdict { file, violations: judge(trace), program, trace, claims };
        if index > 0 && !matches!(arguments.form, Form::Json | Form::MonitorJson) {
            out::print("\n")?;
        }
        out::print(&verdict.print(arguments.form))?;
        if !verdict.is_as_expected() {
            outcome = Outcome::Violation;
        }
    }
    Ok(outcome)
}

/// Runs a program again and again, each time on a machine of its own and on one that is used again.
fn repeated(program: &Program, file: &str, times: u32) -> Outcome {
    let first = Machine::default().run(program).clone();
    let mut used = Machine::default();
    for time in 2..=times {
        if *used.run(program) != first || *Machine::default().run(program) != first {
            anstream::eprintln!("unreg: {file}: run {time} differs from the first");
            return Outcome::Violation;
        }
    }
    if times > 1 {
        anstream::eprintln!("unreg: {file}: {times} runs are equal, event by event");
    }
    Outcome::Clean
}

/// The program under the decisions that were asked for.
fn under(program: Program, arguments: &Arguments) -> Program {
    let given = arguments.variants.iter().copied().reduce(Variants::union);
    let variants = match given {
        Some(given) => given,
        None if arguments.settled => program.variants.settled(),
        None => program.variants,
    };
    // What is expected is expected under the program's own decisions.
    let expect = if variants == program.variants { program.expect } else { 0 };
    Program { variants, expect, ..program }
}

/// What a program's text says that it is about: whose claim, and the claim, a line each.
fn claims(text: &str) -> Vec<String> {
    let mut who = "";
    let mut claims = Vec::new();
    for line in text.lines() {
        if let Some(cited) = line.strip_prefix("#= ") {
            who = cited;
        } else if let Some(claim) = line.strip_prefix("## ") {
            claims.push(format!("{who}: {claim}"));
        }
    }
    claims
}

/// A run and what is wrong with it.
struct Verdict<'t> {
    file: String,
    claims: Vec<String>,
    program: Program,
    trace: &'t Trace,
    violations: Vec<Violation>,
}

impl Verdict<'_> {
    /// The invariants that were expected to break and did not.
    fn missing(&self) -> impl Iterator<Item = &'static Invariant> {
        let broken = |invariant: &Invariant| self.violations.iter().any(|it| it.invariant.id == invariant.id);
        self.program.expected().filter(move |invariant| !broken(invariant))
    }

    fn is_as_expected(&self) -> bool {
        self.missing().next().is_none() && self.violations.iter().all(|it| self.program.expects(it.invariant))
    }

    fn print(&self, form: Form) -> String {
        match form {
            Form::Stream => format!("{}\n{}", self.program.stream(self.trace, Detail::Stream), self.words()),
            Form::Trace => format!("{}\n{}", self.program.stream(self.trace, Detail::Trace), self.words()),
            Form::Monitor => format!("{}{}", monitor::text(self.trace), self.words()),
            Form::MonitorJson => monitor::json(self.trace),
            Form::Json => self.json(),
            Form::Report => {
                let report = |violation| Report {
                    program: &self.program,
                    trace: self.trace,
                    violation,
                    file: Some(&self.file),
                };
                let pages: String = self.violations.iter().map(|it| format!("{}\n", report(it))).collect();
                format!("{pages}{}", self.words())
            }
        }
    }

    /// The verdict for people: each broken invariant, the event, and who argued for the invariant.
    fn words(&self) -> String {
        let mut out = String::new();
        let file = &self.file;
        let under = self.program.variants;
        if self.violations.is_empty() {
            let _ = writeln!(out, "{file}: keeps every invariant, under {under}");
        }
        for violation in &self.violations {
            let invariant = violation.invariant;
            let expected = if self.program.expects(invariant) { ", as expected" } else { "" };
            let event = self.trace.events[violation.at];
            let _ = writeln!(out, "{file}: breaks {}{expected}, under {under}", invariant.name);
            let _ = writeln!(out, "  {}", invariant.says);
            let _ = writeln!(out, "  {}: {} {}", self.trace.name(event.task), event.what.verb(), event.what);
            for line in cycle::lines(&self.program, self.trace, violation.at) {
                let _ = writeln!(out, "  {line}");
            }
            for cite in invariant.cites {
                let _ = writeln!(out, "  {cite}");
            }
        }
        if !self.violations.is_empty() && !self.claims.is_empty() {
            let _ = writeln!(out, "{file}: the claims that it tries");
            for claim in &self.claims {
                let _ = writeln!(out, "  {claim}");
            }
        }
        for invariant in self.missing() {
            let _ = writeln!(out, "{file}: should break {}, and does not, under {under}", invariant.name);
        }
        if self.trace.events.iter().any(|event| event.what == What::OutOfSteps) {
            let _ = writeln!(out, "{file}: was cut off after {} steps", self.trace.steps);
        }
        for (index, segment, end) in self.program.dead_segments(self.trace) {
            let _ = writeln!(out, "{file}: segment {} is dead, `{segment}`: {end}", index + 1);
        }
        if self.program.commands() == 0 {
            let _ = writeln!(out, "{file}: has no command, so nothing happens");
        }
        out
    }

    /// An object a line: the events in order, then the verdict.
    fn json(&self) -> String {
        let mut out = String::new();
        for (index, event) in self.trace.events.iter().enumerate() {
            let line = json!({
                "file": self.file,
                "event": index,
                "task": self.trace.name(event.task).to_string(),
                "verb": event.what.verb(),
                "what": event.what.to_string(),
                "stream": event.what.in_stream(),
            });
            out += &json::line("event", line);
        }
        let broken = |violation: &Violation| {
            json!({
                "invariant": violation.invariant.name,
                "event": violation.at,
                "expected": self.program.expects(violation.invariant),
            })
        };
        let segment = |(segment, end): (&Segment, &SegmentEnd)| {
            json!({
                "segment": segment.to_string(),
                "end": end.name(),
                "dead": end.is_dead(),
                "says": end.to_string(),
            })
        };
        let segments = self.program.schedule.iter().zip(&self.trace.segments).map(segment);
        let line = json!({
            "file": self.file,
            "variants": self.program.variants.to_string(),
            "steps": self.trace.steps,
            "as_expected": self.is_as_expected(),
            "broken": self.violations.iter().map(broken).collect::<Vec<_>>(),
            "segments": segments.collect::<Vec<_>>(),
            "missing": self.missing().map(|invariant| invariant.name).collect::<Vec<_>>(),
        });
        out += &json::line("verdict", line);
        out
    }
}
