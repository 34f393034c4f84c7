//! The index page of a campaign: what was found, how far the search came over time, and which commands it reached.

use super::picture::{Picture, page};
use crate::event::What;
use crate::invariant::judge;
use crate::linux::perform;
use crate::operand::CommandSpec;
use crate::program::{Command, Program};
use crate::run::Machine;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value, context};
use serde::Serialize;
use std::collections::BTreeMap;

const PAGE: &str = include_str!("campaign.html");
const STYLE: &str = include_str!("picture/picture.css");

/// The chart of states over time, in pixels.
const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 180.0;

/// A program of a campaign and the name of its file.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The name.
    pub file: String,
    /// The program.
    pub program: Program,
}

/// How far a search was at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sample {
    /// Seconds since it began.
    pub seconds: f64,
    /// Programs that ran.
    pub runs: u64,
    /// States that were reached.
    pub states: u64,
    /// Programs that were kept.
    pub corpus: u64,
    /// Findings.
    pub findings: u64,
}

/// What the page shows.
#[derive(Debug, Default)]
pub struct Campaign {
    /// Programs that break an invariant.
    pub findings: Vec<Entry>,
    /// Programs that were kept since they reach something.
    pub corpus: Vec<Entry>,
    /// The search over time.
    pub samples: Vec<Sample>,
}

/// A finding as the page shows it.
#[derive(Debug, Serialize)]
struct Found {
    file: String,
    breaks: Vec<&'static str>,
    says: &'static str,
    under: String,
    text: String,
    picture: String,
}

/// How often programs have a command, and how it fares.
#[derive(Debug, Default, Clone, Copy)]
struct Fared {
    findings: u32,
    made: u32,
    succeeded: u32,
}

#[derive(Debug, Serialize)]
struct Row {
    command: &'static str,
    findings: u32,
    made: u32,
    succeeded: u32,
    kernel: &'static str,
}

fn found(entry: &Entry) -> Found {
    let mut machine = Machine::default();
    let trace = machine.run(&entry.program);
    let broken = judge(trace);
    let under = entry.program.variants.to_string();
    let picture = Picture::of(&entry.program, trace, &broken, &entry.file, &under);
    Found {
        file: entry.file.clone(),
        breaks: broken.iter().map(|it| it.invariant.name).collect(),
        says: broken.first().map_or("It keeps every invariant.", |it| it.invariant.says),
        under,
        text: entry.program.to_string(),
        picture: page::svg(&picture),
    }
}

/// Counts the commands of a program that begin, and those that succeed.
fn count(machine: &mut Machine, program: &Program, is_finding: bool, all: &mut BTreeMap<u8, Fared>) {
    let trace = machine.run(program);
    for event in &trace.events {
        let (index, is_done) = match event.what {
            What::Begin(index) => (index, false),
            What::End(index, None) => (index, true),
            _ => continue,
        };
        let task = program.tasks.get(usize::from(event.task));
        if let Some(command) = task.and_then(|task| task.commands.get(usize::from(index))) {
            let fared = all.entry(command.encode().0).or_default();
            if is_done {
                fared.succeeded += 1;
            } else {
                fared.made += 1;
                fared.findings += u32::from(is_finding);
            }
        }
    }
}

/// Whether a real kernel can be asked for a command of this kind; the first operand decides.
fn is_asked(spec: &CommandSpec) -> bool {
    let commands = (0..=u8::MAX).filter_map(|byte| Command::decode(spec.opcode, &[byte, 0, 0, 0, 0, 0, 0]));
    commands.into_iter().any(|command| perform::can_perform(&command))
}

fn coverage(campaign: &Campaign) -> Vec<Row> {
    let mut all: BTreeMap<u8, Fared> = BTreeMap::new();
    let mut machine = Machine::default();
    let findings = campaign.findings.iter().map(|entry| (entry, true));
    for (entry, is_finding) in findings.chain(campaign.corpus.iter().map(|entry| (entry, false))) {
        count(&mut machine, &entry.program, is_finding, &mut all);
    }
    let row = |spec: &'static CommandSpec| {
        let fared = all.get(&spec.opcode).copied().unwrap_or_default();
        Row {
            command: spec.name,
            findings: fared.findings,
            made: fared.made,
            succeeded: fared.succeeded,
            kernel: if is_asked(spec) { "asked" } else { "model only" },
        }
    };
    Command::specs().map(row).collect()
}

/// The points of a line: states over time.
fn points(samples: &[Sample]) -> String {
    let last = samples.iter().map(|sample| sample.seconds).fold(f64::MIN_POSITIVE, f64::max);
    let most = samples.iter().map(|sample| sample.states).max().unwrap_or(0).max(1);
    let point = |sample: &Sample| {
        let (x, y) = (sample.seconds / last * WIDTH, HEIGHT - sample.states as f64 / most as f64 * HEIGHT);
        format!("{x:.1},{y:.1}")
    };
    samples.iter().map(point).collect::<Vec<_>>().join(" ")
}

/// The page, which needs nothing besides itself.
pub fn html(campaign: &Campaign, title: &str) -> String {
    let findings: Vec<Found> = campaign.findings.iter().map(found).collect();
    let rows = coverage(campaign);
    let reached = rows.iter().filter(|row| row.made > 0).count();
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("campaign", PAGE).expect("the template is well-formed");
    let template = environment.get_template("campaign").expect("it was added");
    let context = context! {
        title, style => STYLE, findings => Value::from(Serde(&findings)), rows => Value::from(Serde(&rows)), reached,
        programs => campaign.corpus.len(), samples => Value::from(Serde(&campaign.samples)),
        points => points(&campaign.samples), width => WIDTH, height => HEIGHT,
        last => campaign.samples.last().map(|sample| Value::from(Serde(*sample))),
    };
    template.render(context).expect("the template names what there is")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(text: &str) -> Entry {
        Entry { file: "a.prog".to_string(), program: Program::parse(text, "a.prog").unwrap() }
    }

    #[test]
    fn a_finding_names_what_it_breaks_and_the_commands_are_counted() {
        let early = "variant devlink early-register\ntask user\n  driver.probe netdevsim/0\n  devlink.reload netdevsim/0\n";
        let sample = |seconds, states| Sample { seconds, runs: 1, states, corpus: 1, findings: 0 };
        let campaign = Campaign {
            findings: vec![finding(early)],
            corpus: vec![finding("task user\n  driver.probe netdevsim/0\n  driver.probe netdevsim/0\n")],
            samples: vec![sample(0.0, 0), sample(1.0, 50), sample(2.0, 100)],
        };
        let page = html(&campaign, "findings");
        assert!(
            page.starts_with("<!doctype html>")
                && !page.contains("src=")
                && !page.contains("http://localhost")
        );
        assert!(page.contains("0.0,180.0 450.0,90.0 900.0,0.0"), "the chart");
        assert!(page.contains("<td>driver.probe</td><td>1</td><td>3</td><td>2</td><td>asked</td>"), "{page}");
        assert!(page.contains("<td>ib.register-client</td><td>0</td><td>0</td><td>0</td>"));
    }

    #[test]
    fn a_campaign_without_data_says_so() {
        let page = html(&Campaign::default(), "nothing");
        assert!(page.contains("No finding.") && page.contains("no log of the hunt"));
    }
}
