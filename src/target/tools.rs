//! Bodies of the targets that test unreg's own tools: the readers of a real kernel's messages, the requests to one, and
//! the minimisers of a corpus and of a program.

use crate::event::TaskName;
use crate::event::print::Detail;
use crate::invariant;
use crate::linux::wire::{Family, Report};
use crate::linux::{observe, perform};
use crate::minimize::{breaks, minimize_violation};
use crate::program::{Program, record};
use crate::run::Machine;
use crate::search::coverage::{Feature, Reader, smallest};
use std::collections::BTreeSet;

/// Reads bytes as what a guest reports, in lines as they come over the wire and as bare messages, and demands that any
/// of it becomes a trace that can be judged and printed. Then reads them as a program, and demands that the request that
/// is made of it survives the wire.
///
/// # Panics
///
/// If something does not hold.
pub fn check_linux(bytes: &[u8]) {
    let tasks = [TaskName::User, TaskName::Probe];
    let read = |reports: &[Report]| {
        let trace = observe::trace(&tasks, reports, None);
        invariant::judge_observed(&trace);
        let _ = trace.print(Detail::Stream, |task, command| format!("command {command} of {task}"));
    };
    let lines = bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    // The numbers of tasks are the host's own, and come back as they went.
    read(
        &lines
            .filter(|report| task_of(report).is_none_or(|task| task < tasks.len() as u8))
            .collect::<Vec<_>>(),
    );
    read(&messages(bytes));
    let program = Program::from_bytes(bytes);
    if let Ok(request) = perform::request(&program) {
        let line = serde_json::to_vec(&request).expect("a request is plain data");
        let read = serde_json::from_slice(&line).unwrap_or_else(|error| panic!("{error}: {request:?}"));
        assert_eq!(request, read, "a request changes on the wire");
    }
}

fn task_of(report: &Report) -> Option<u8> {
    match report {
        Report::Begin { task, .. } | Report::End { task, .. } | Report::Filtered { task, .. } => Some(*task),
        Report::Heard { task, .. } => *task,
        _ => None,
    }
}

/// Bytes as messages: of each a byte that says whose it is, a byte of length, and the message.
fn messages(mut bytes: &[u8]) -> Vec<Report> {
    let mut reports = Vec::new();
    while let [sort, length, rest @ ..] = bytes {
        let (message, after) = rest.split_at(rest.len().min(usize::from(*length)));
        let message = message.to_vec();
        let family = [Family::Devlink, Family::Rdma, Family::Route, Family::Uevent][usize::from(sort % 4)];
        let task = (sort & 0x40 != 0).then_some(0);
        reports.push(match sort / 4 % 4 {
            0 | 1 => Report::Heard { family, task, netns: None, message },
            2 => Report::Answer { family, task: None, netns: None, message },
            _ => Report::Filtered { task: 0, netns: None, body: message },
        });
        if sort & 0x80 != 0 {
            reports.push(Report::AtRest);
        }
        bytes = after;
    }
    reports
}

/// The most programs that bytes are read as: a corpus that one run minimises.
const PROGRAMS_MAX: usize = 8;

/// Takes bytes for a corpus, program after program, and demands that its smallest part covers as much as all of it. Then
/// minimises the first that breaks an invariant, and demands that what is left breaks the same and is no larger.
///
/// # Panics
///
/// If it does not.
pub fn check_minimize(machine: &mut Machine, bytes: &[u8]) {
    // A record of zeroes stands between two programs; it means nothing in either.
    let mut programs: Vec<Program> = Vec::new();
    let mut records = Vec::new();
    for record in bytes.chunks(record::RECORD) {
        if record.iter().all(|byte| *byte == 0) && programs.len() + 1 < PROGRAMS_MAX {
            programs.push(Program::from_bytes(&std::mem::take(&mut records)));
        } else {
            records.extend_from_slice(record);
        }
    }
    programs.push(Program::from_bytes(&records));
    let mut reader = Reader::default();
    let entries: Vec<(usize, Vec<Feature>)> =
        programs.iter().map(|program| (program.commands(), reader.read(program))).collect();
    let of = |indices: &[usize]| -> BTreeSet<&Feature> {
        indices.iter().flat_map(|index| &entries[*index].1).collect()
    };
    let chosen = smallest(&entries);
    let all: Vec<usize> = (0..entries.len()).collect();
    assert_eq!(of(&chosen), of(&all), "a state or an end is lost");
    for program in &programs {
        let trace = machine.run(program);
        let Some(violation) = invariant::judge(trace).first().copied() else { continue };
        let site = violation.site(trace);
        let small = minimize_violation(program, &site, |_| {});
        assert!(breaks(machine.run(&small), &site), "{site} is lost:\n{program}\nbecame\n{small}");
        assert!(small.size() <= program.size(), "it grew:\n{program}\nbecame\n{small}");
        break;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Subject, What};

    #[test]
    fn any_bytes_are_reports_and_a_corpus() {
        let text = "variant devlink children-first\ntask probe\n  driver.probe mlx5/0\n  devlink.dump\n";
        let program = Program::parse(text, "test").unwrap_or_else(|errors| panic!("{errors}"));
        let mut bytes = record::encode(&program);
        bytes.extend([0; 8]);
        bytes.extend(record::encode(&program));
        check_minimize(&mut Machine::default(), &bytes);
        check_linux(&bytes);
        check_linux(
            b"{\"Begin\":{\"task\":0,\"command\":0}}\n{\"Begin\":{\"task\":9,\"command\":0}}\n\"AtRest\"\n",
        );
        for fill in [0x01, 0x40, 0x83, 0xff] {
            check_linux(&[fill; 300]);
            check_minimize(&mut Machine::default(), &[fill; 300]);
        }
    }

    #[test]
    fn bytes_become_messages_of_every_family() {
        let reports = messages(&[0, 1, 7, 1, 0, 2, 0, 3, 0, 8, 1, 9, 0x8c, 0]);
        assert_eq!(reports.len(), 7);
        assert_eq!(reports.last(), Some(&Report::AtRest));
        let trace = observe::trace(&[TaskName::User], &reports, None);
        let at_rest = What::AtRest(Subject::Kernel, 0);
        assert!(trace.events.len() >= 5 && trace.events.iter().any(|event| event.what == at_rest));
    }
}
