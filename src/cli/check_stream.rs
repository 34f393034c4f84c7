//! `unreg check-stream`: the invariants over logs of real machines.

use super::{Outcome, load, out};
use anyhow::Context;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use unreg::invariant;
use unreg::linux::shown;
use unreg::monitor::judge::{Verdict, judge};
use unreg::monitor::log::{self, Log, Said};
use unreg::monitor::{Tool, shape};
use unreg::run::Machine;

const EXAMPLES: &str = "\
Reads what `devlink monitor`, `devlink -j monitor`, `ip monitor link`, `rdma monitor`, `rdma -j monitor` and `udevadm \
monitor --property` print, and what the kernel's log says of lockdep, hung tasks and KASAN; each line is known by itself. \
A log may begin in the middle: what was there before is unknown, not wrong. A line `# netns NAME` says in which namespace \
the tool of the lines below ran.

Examples:
  devlink monitor | tee log; unreg check-stream log
  dmesg | unreg check-stream -
  unreg check-stream --as json logs/";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Logs, or folders of logs; `-` reads standard input
    #[arg(required = true, value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// What to print: lines to read, or a JSON object for each log
    #[arg(long = "as", value_name = "FORM", default_value = "text")]
    form: Form,
    /// The programs that a complaint of the kernel is compared with
    #[arg(long, value_name = "DIR", default_value = "corpus")]
    corpus: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    Text,
    Json,
}

/// The largest log that is read.
const BYTES_MAX: u64 = 1 << 28;
/// At most so many programs are named as the likeness of a complaint.
const ALIKE_MAX: usize = 3;

/// A program that has the shape of a complaint.
struct Alike {
    file: String,
    invariant: &'static str,
    likeness: usize,
}

/// A complaint of a kernel, and the programs like it.
struct Complained {
    line: usize,
    head: String,
    alike: Vec<Alike>,
}

pub(super) fn check_stream(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::Clean;
    let mut shapes = None;
    for path in load::files(&arguments.logs)? {
        let text = read(&path)?;
        let log = log::read(&text);
        let name = path.display().to_string();
        anyhow::ensure!(
            !log.records.is_empty(),
            "{name}: no line is one that devlink, ip, rdma or udevadm monitor or the kernel's log prints"
        );
        let verdict = judge(&log);
        let mut complaints = Vec::new();
        for record in &log.records {
            if let Said::Complaint(complaint) = &record.said {
                let shapes = shapes.get_or_insert_with(|| programs(&arguments.corpus));
                let own = shape::of_complaint(complaint.kind, &record.text);
                let alike = alike(&own, shapes);
                complaints.push(Complained { line: record.place.line, head: record.head.clone(), alike });
            }
        }
        out::print(&match arguments.form {
            Form::Text => text_of(&name, &log, &verdict, &complaints),
            Form::Json => json_of(&name, &log, &verdict, &complaints),
        })?;
        if !verdict.breaks.is_empty() || !complaints.is_empty() {
            outcome = Outcome::Violation;
        }
    }
    Ok(outcome)
}

/// Reads a log, whose bytes need not all be text.
fn read(path: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let what = || format!("cannot read {}", path.display());
    let from: Box<dyn Read> = if load::is_standard_input(path) {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).with_context(what)?)
    };
    from.take(BYTES_MAX + 1).read_to_end(&mut bytes).with_context(what)?;
    anyhow::ensure!(bytes.len() as u64 <= BYTES_MAX, "{} is larger than {BYTES_MAX} bytes", path.display());
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The shapes of what the programs of a corpus break: of each its file, the invariant, and the shape.
fn programs(corpus: &Path) -> Vec<(String, &'static str, shape::Shape)> {
    let mut machine = Machine::default();
    let mut shapes = Vec::new();
    let files = load::files(&[corpus.to_path_buf()]).unwrap_or_default();
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "prog")) {
        let Ok(program) = load::program(path) else { continue };
        let trace = machine.run(&program);
        for violation in invariant::judge(trace) {
            if let Some(shape) = shape::of_violation(trace, &violation) {
                shapes.push((path.display().to_string(), violation.invariant.name, shape));
            }
        }
    }
    shapes
}

/// The programs most like a complaint, the most alike first.
fn alike(own: &shape::Shape, programs: &[(String, &'static str, shape::Shape)]) -> Vec<Alike> {
    let each = programs.iter().map(|(file, invariant, shape)| Alike {
        file: file.clone(),
        invariant,
        likeness: own.likeness(shape),
    });
    let mut alike: Vec<Alike> = each.filter(|alike| alike.likeness > 0).collect();
    alike.sort_by(|one, other| other.likeness.cmp(&one.likeness).then(one.file.cmp(&other.file)));
    alike.dedup_by(|one, other| one.file == other.file);
    alike.truncate(ALIKE_MAX);
    alike
}

/// How many messages of each tool a log has.
fn counts(log: &Log) -> BTreeMap<Tool, usize> {
    let mut counts = BTreeMap::new();
    for record in &log.records {
        *counts.entry(record.said.tool()).or_default() += 1;
    }
    counts
}

fn text_of(name: &str, log: &Log, verdict: &Verdict, complaints: &[Complained]) -> String {
    let mut out = String::new();
    let counts: Vec<String> = counts(log).iter().map(|(tool, count)| format!("{count} of {tool}")).collect();
    let unknown = match log.first_unknown {
        Some(line) => format!("; {} lines not understood, the first is line {line}", log.unknown),
        None => String::new(),
    };
    let _ = writeln!(out, "{name}: messages: {}{unknown}", counts.join(", "));
    let mut lines: Vec<(log::Place, String)> = Vec::new();
    for it in &verdict.breaks {
        let head = shown::line(&it.head);
        let text = format!(
            "{}: breaks {}: {head}\n  {}\n  missing: {}",
            it.place, it.invariant.name, it.invariant.says, it.missing
        );
        lines.push((it.place, text));
    }
    for remark in &verdict.remarks {
        lines.push((remark.place, format!("{}: remark: {}", remark.place, shown::line(&remark.says))));
    }
    for complaint in complaints {
        let place = log::Place { line: complaint.line, message: None };
        let mut text = format!("{place}: the kernel complains: {}", shown::line(&complaint.head));
        if complaint.alike.is_empty() {
            text += "\n  no program of the corpus has this shape";
        }
        for alike in &complaint.alike {
            let _ = write!(text, "\n  {} has this shape ({})", alike.file, alike.invariant);
        }
        lines.push((place, text));
    }
    lines.sort_by_key(|(place, _)| *place);
    for (_, text) in lines {
        let _ = writeln!(out, "{text}");
    }
    let verdict = match verdict.breaks.len() + complaints.len() {
        0 => "breaks nothing that a log can show".to_string(),
        count => format!("{count} found"),
    };
    let _ = writeln!(out, "{name}: {verdict}");
    out
}

fn json_of(name: &str, log: &Log, verdict: &Verdict, complaints: &[Complained]) -> String {
    let counts: BTreeMap<String, usize> =
        counts(log).into_iter().map(|(tool, count)| (tool.to_string(), count)).collect();
    let breaks = verdict.breaks.iter().map(|it| {
        json!({
            "line": it.place.line, "message": it.place.message, "invariant": it.invariant.name,
            "head": it.head, "missing": it.missing,
        })
    });
    let remarks = verdict.remarks.iter().map(|it| json!({ "line": it.place.line, "says": it.says }));
    let complaints = complaints.iter().map(|it| {
        let alike = it.alike.iter().map(|one| json!({ "file": one.file, "invariant": one.invariant }));
        json!({ "line": it.line, "head": it.head, "alike": alike.collect::<Vec<_>>() })
    });
    let line = json!({
        "version": 1,
        "file": name,
        "messages": counts,
        "unknown": log.unknown,
        "breaks": breaks.collect::<Vec<_>>(),
        "remarks": remarks.collect::<Vec<_>>(),
        "complaints": complaints.collect::<Vec<_>>(),
    });
    format!("{line}\n")
}
