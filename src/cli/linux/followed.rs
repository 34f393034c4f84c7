//! What is said of a program that a real kernel ran: whether it followed the schedule, and what it broke.

use unreg::event::{Trace, What};
use unreg::invariant::Violation;
use unreg::linux::complaint;
use unreg::linux::steer::{Entry, Log};
use unreg::program::Program;
use unreg::report::timeline;
use unreg::run::Machine;

/// A run as a table: a column a task, where each was stopped, and the kernel's complaints in their place.
pub(super) fn timeline(program: &Program, trace: &Trace, log: &Log) -> String {
    let mut out = timeline::observed(program, trace);
    out.push('\n');
    for (segment, end) in program.schedule.iter().zip(&log.segments) {
        out.push_str(&format!("  {:56} {end}\n", segment.to_string()));
    }
    for entry in &log.entries {
        match entry {
            Entry::MayNotSleep(task, at) => {
                out.push_str(&format!(
                    "  {task} could not be stopped at {at}: the kernel may not sleep there\n"
                ));
            }
            Entry::Trouble(text) => out.push_str(&format!("  {text}\n")),
            _ => {}
        }
    }
    out.push('\n');
    out
}

/// The verdict on a run. Nothing is said to be kept of a schedule that was not followed.
pub(super) fn verdict(
    file: &str,
    program: &Program,
    trace: &Trace,
    broken: &[Violation],
    log: Option<&Log>,
) -> String {
    let mut out = String::new();
    for violation in broken {
        let (name, says) = (violation.invariant.name, violation.invariant.says);
        out.push_str(&format!("{file}: Linux breaks {name}\n  {says}\n"));
        let what = trace.events[violation.at].what;
        if let (What::Console(_), Some(text)) = (what, trace.text(what)) {
            complaint::read(text).iter().for_each(|complaint| out.push_str(&format!("  {complaint}\n")));
        }
        trace.cycle(what).iter().for_each(|link| out.push_str(&format!("  {}\n", trace.link(link))));
    }
    let segments = program.schedule.len();
    let followed = log.map_or(0, |log| log.followed(&Machine::default().run(program).segments));
    if followed < segments {
        out.push_str(&format!("{file}: Linux followed {followed} of the schedule's {segments} segments\n"));
    } else if broken.is_empty() && segments > 0 {
        out.push_str(&format!(
            "{file}: Linux followed the schedule and keeps every invariant that it shows\n"
        ));
    } else if broken.is_empty() && program.tasks.len() > 1 {
        out.push_str(&format!(
            "{file}: Linux keeps every invariant that it shows, its tasks one after the other\n"
        ));
    } else if broken.is_empty() {
        out.push_str(&format!("{file}: Linux keeps every invariant that it shows\n"));
    }
    out
}
