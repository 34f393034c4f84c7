//! `unreg prove --all N`: every program of at most N commands.

use super::{Arguments, given};
use crate::cli::progress::Progress;
use crate::cli::{Outcome, findings, out};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use unreg::invariant::judge;
use unreg::program::{Program, SEGMENTS_MAX, Variants};
use unreg::search::Alphabet;
use unreg::search::prove::{All, Explores, Prover};

/// What was done so far.
#[derive(Debug, Default)]
struct Done {
    programs: u64,
    executions: u64,
    /// The programs that were left because they have too many interleavings, or one that takes too many steps.
    left: u64,
}

/// Proves one program after the other until one breaks an invariant.
pub(super) fn all(
    arguments: &Arguments,
    most: usize,
    deadline: Option<Instant>,
    stop: &AtomicBool,
    progress: &mut Progress,
) -> anyhow::Result<Outcome> {
    let variants = given(arguments).unwrap_or_default();
    let explores = arguments.preemptions.map_or(Explores::Reduced, Explores::Preemptions);
    let only: Vec<&str> = arguments.invariants.iter().flatten().map(|invariant| invariant.name).collect();
    let subsystems: Vec<_> = arguments.subsystems.clone();
    let mut programs = All::new(&Alphabet::new(&subsystems), most, variants);
    let commands = programs.commands();
    let of: String = subsystems.iter().map(|subsystem| format!(" --subsystem {subsystem}")).collect();
    let mut prover = Prover::new(Program::default(), explores);
    let mut done = Done::default();
    let start = Instant::now();
    loop {
        let is_late = deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if is_late || stop.load(Ordering::Relaxed) {
            return end(&done, &format!("not all: {}", bounds(most, commands)), variants, start);
        }
        let Some(program) = programs.next() else { break };
        prover.restart(program.clone(), explores);
        while let Some(execution) = prover.step() {
            let violations = judge(execution.trace);
            let sites: Vec<_> = violations
                .iter()
                .filter(|violation| violation.is_of(&only))
                .map(|violation| violation.site(execution.trace))
                .collect();
            if !sites.is_empty() {
                let mut found = Program { schedule: execution.schedule, ..program };
                found.schedule.truncate(SEGMENTS_MAX);
                let command = format!("unreg prove --all {most}{of}");
                let mut log = findings::Log::new(&arguments.findings, command);
                sites.iter().for_each(|site| log.add(&found, site));
                done.executions += prover.progress().stats().executions;
                progress.apart(|| out::print(&log.reports().concat()))?;
                log.finish()?;
                end(&done, "a program breaks an invariant after", variants, start)?;
                return Ok(Outcome::Violation);
            }
            let executions = prover.progress().stats().executions;
            if arguments.executions.is_some_and(|most| executions >= most) {
                break;
            }
        }
        done.programs += 1;
        done.executions += prover.progress().stats().executions;
        done.left += u64::from(!prover.progress().is_proved());
        progress.show_line(|_| format!("{} programs, {} executions", done.programs, done.executions));
    }
    let says = match (done.left, arguments.preemptions) {
        (0, None) => format!("proved: {}", bounds(most, commands)),
        (0, Some(bound)) => {
            format!("keeps every invariant with at most {bound} preemptions: {}", bounds(most, commands))
        }
        (left, _) => format!("not proved: {left} programs were left; {}", bounds(most, commands)),
    };
    end(&done, &says, variants, start)
}

fn bounds(most: usize, commands: usize) -> String {
    format!("programs of at most {most} of {commands} commands:")
}

fn end(done: &Done, says: &str, variants: Variants, start: Instant) -> anyhow::Result<Outcome> {
    let Done { programs, executions, .. } = done;
    let seconds = start.elapsed().as_secs_f64();
    out::print(&format!(
        "{says} {programs} programs, {executions} interleavings, in {seconds:.1} s, under {variants}\n"
    ))?;
    Ok(Outcome::Clean)
}
