//! Reports of any kind, made of what real kernels sent with bytes changed: none makes the host panic, and what it
//! prints of them no terminal obeys.

use fastrand::Rng;
use std::path::Path;
use unreg::event::TaskName;
use unreg::event::print::Detail;
use unreg::invariant;
use unreg::linux::sense::Sense;
use unreg::linux::wire::{Family, Report};
use unreg::linux::{compare, observe, perform};
use unreg::program::Program;

/// So many lists of reports are tried.
const CASES: u64 = 1_000;

const PROGRAM: &str =
    "task user\n  devlink.dump\n  devlink.reload netdevsim/0\ntask probe\n  driver.probe netdevsim/0\n";

/// The reports that are stored of real kernels.
fn stored() -> Vec<Report> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/linux");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "jsonl")).collect();
    paths.sort();
    let texts = paths.iter().map(|path| std::fs::read_to_string(path).unwrap());
    texts
        .flat_map(|text| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>())
        .collect()
}

/// Changes some bytes: one, a few in a row, or the length.
fn change(bytes: &mut Vec<u8>, rng: &mut Rng) {
    for _ in 0..rng.usize(0..4) {
        let at = rng.usize(0..=bytes.len());
        match rng.u8(0..4) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, rng.u8(..)),
            2 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << rng.u8(0..8)),
            _ => bytes.iter_mut().skip(at).take(4).for_each(|byte| *byte = rng.u8(..)),
        }
    }
}

/// One report that may come between a beginning and an end.
fn report(stored: &[Report], rng: &mut Rng) -> Report {
    let mut report = stored[rng.usize(0..stored.len())].clone();
    let text = |rng: &mut Rng| {
        let mut bytes = b"/sys/devices/virtual/mtty/mtty/\x1b[2J\xc2\x9b".to_vec();
        change(&mut bytes, rng);
        String::from_utf8_lossy(&bytes).into_owned()
    };
    match &mut report {
        Report::Heard { family, task, message, .. } => {
            change(message, rng);
            *task = task.map(|task| task % 2);
            match rng.u8(0..8) {
                0 => {
                    *family = [Family::Devlink, Family::Rdma, Family::Route, Family::Uevent][rng.usize(0..4)]
                }
                1 => *task = Some(rng.u8(0..2)),
                2 => {
                    message.resize(rng.usize(0..80), 0);
                    rng.fill(message);
                }
                _ => {}
            }
        }
        Report::Answer { message, task, .. } => {
            change(message, rng);
            *task = [None, Some(0), Some(1)][rng.usize(0..3)];
        }
        Report::Filtered { body, task, .. } => {
            change(body, rng);
            *task = rng.u8(0..2);
        }
        _ => {
            let (path, text) = (text(rng), text(rng));
            let of = [
                Report::Text { task: None, path, text: text.clone() },
                Report::Complaint { text: text.clone() },
            ];
            return of[rng.usize(0..2)].clone();
        }
    }
    report
}

#[test]
fn whatever_is_reported_is_read_judged_and_printed() {
    let stored = stored();
    assert!(stored.len() > 500, "{} reports are stored", stored.len());
    let program = Program::parse(PROGRAM, "test").unwrap_or_else(|errors| panic!("{errors}"));
    let request = perform::request(&program).unwrap();
    let names: Vec<TaskName> = program.tasks.iter().map(|task| task.name).collect();
    for seed in 0..CASES {
        let mut rng = Rng::with_seed(seed);
        let mut reports = Vec::new();
        for step in &request.steps {
            let (task, command) = (step.task, step.command);
            reports.push(Report::Begin { task, command });
            reports.extend((0..rng.usize(0..8)).map(|_| report(&stored, &mut rng)));
            reports.push(Report::End { task, command, errno: rng.i32(0..200) });
        }
        reports.push(Report::AtRest);
        reports.extend((0..rng.usize(0..12)).map(|_| report(&stored, &mut rng)));
        let mut sense = Sense::of(&request);
        for report in &reports {
            sense.next(report).unwrap_or_else(|why| panic!("seed {seed}: {why}: {report:?}"));
        }
        let trace = observe::trace(&names, &reports, None);
        let mut printed = program.stream(&trace, Detail::Stream) + &program.stream(&trace, Detail::Trace);
        printed += &compare::observed(&program, &trace).join("\n");
        invariant::judge_observed(&trace);
        let obeyed = printed.chars().find(|letter| letter.is_control() && !['\n', '\t'].contains(letter));
        assert_eq!(obeyed, None, "seed {seed}: {}", printed.escape_debug());
    }
}

#[test]
fn a_report_of_an_unknown_task_is_an_observation() {
    let reports = [Report::Begin { task: 200, command: 9 }, Report::End { task: 3, command: 0, errno: 0 }];
    let trace = observe::trace(&[TaskName::User], &reports, None);
    assert_eq!(trace.texts, ["a report of task 200", "a report of task 3"]);
}
