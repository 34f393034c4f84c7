//! One-minimal: of a minimised program no task, command, variant, segment or stop can be left out, and no operand can be
//! an earlier word, without the violation going or becoming another one.

mod walk;

use std::path::Path;
use unreg::invariant::{Site, judge};
use unreg::minimize::{breaks, minimize_violation};
use unreg::program::{Command, Program};
use unreg::run::Machine;

/// Every program that one step makes of this one.
fn smaller(program: &Program) -> Vec<Program> {
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut Program)| {
        let mut other = program.clone();
        change(&mut other);
        other.tasks.retain(|task| !task.commands.is_empty());
        all.push(other);
    };
    for (task, of) in program.tasks.iter().enumerate() {
        with(&|program| program.tasks[task].commands.clear());
        for (at, command) in of.commands.iter().enumerate() {
            with(&|program| {
                program.tasks[task].commands.remove(at);
            });
            let (opcode, bytes) = command.encode();
            for operand in 0..bytes.len() {
                for lower in 0..bytes[operand] {
                    let mut bytes = bytes;
                    bytes[operand] = lower;
                    if let Some(command) = Command::decode(opcode, &bytes) {
                        with(&|program| program.tasks[task].commands[at] = command);
                    }
                }
            }
        }
    }
    for at in 0..program.schedule.len() {
        with(&|program| {
            program.schedule.remove(at);
        });
        if let Some((_, count)) = program.schedule[at].until {
            with(&|program| program.schedule[at].until = None);
            for lower in 1..count {
                with(&|program| {
                    program.schedule[at].until = program.schedule[at].until.map(|(point, _)| (point, lower));
                });
            }
        }
    }
    all
}

fn check(path: &Path, text: &str, machine: &mut Machine) {
    let program = Program::parse(text, &path.to_string_lossy()).unwrap_or_else(|errors| panic!("{errors}"));
    let trace = machine.run(&program);
    let sites: Vec<Site> = judge(trace).iter().map(|violation| violation.site(trace)).collect();
    assert_eq!(
        sites.len(),
        program.expected().count(),
        "{}: not all that it expects is broken",
        path.display()
    );
    for site in &sites {
        let minimal = minimize_violation(&program, site, |_| {});
        assert!(breaks(machine.run(&minimal), site), "{site} is lost");
        for other in smaller(&minimal) {
            let still = breaks(machine.run(&other), site);
            assert!(!still, "{}: {site} is broken by less than\n{minimal}\nnamely\n{other}", path.display());
        }
    }
}

#[test]
fn every_violation_in_the_corpus_becomes_one_minimal() {
    let mut machine = Machine::default();
    for (path, text) in walk::corpus() {
        check(&path, &text, &mut machine);
    }
}
