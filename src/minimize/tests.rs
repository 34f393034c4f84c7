//! What is left of programs that are planted with what must stay, and what is tried on the way.

use super::*;
use crate::event::{Point, TaskName};
use crate::operand::OPERANDS_MAX;
use crate::program::{COMMANDS_MAX, Command, SEGMENTS_MAX, Segment, Task};

/// A command by its opcode; every operand has the same byte.
fn command(opcode: u8, byte: u8) -> Command {
    Command::decode(opcode, &[byte; OPERANDS_MAX]).expect("the table has it")
}

fn has(program: &Program, opcode: u8) -> bool {
    program.tasks.iter().flat_map(|task| &task.commands).any(|command| command.encode().0 == opcode)
}

/// A program as large as they get.
fn large(seed: u64) -> Program {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut program = Program::default();
    for name in &TaskName::ALL[..6] {
        let commands = (0..10).map(|_| {
            let specs: Vec<_> = Command::specs().collect();
            let spec = specs[random.usize(0..specs.len())];
            let mut bytes = [0; OPERANDS_MAX];
            for (byte, operand) in bytes.iter_mut().zip(spec.operands) {
                *byte = random.u8(0..operand.words.len() as u8);
            }
            Command::decode(spec.opcode, &bytes).expect("the table has it")
        });
        program.tasks.push(Task { name: *name, commands: commands.collect() });
    }
    for _ in 0..SEGMENTS_MAX {
        let task = TaskName::ALL[random.usize(0..6)];
        let point = Point::ALL[random.usize(0..Point::ALL.len())];
        program.schedule.push(Segment { task, until: random.bool().then(|| (point, random.u8(1..5))) });
    }
    program
}

#[test]
fn what_is_planted_is_all_that_is_left() {
    for seed in 0..20 {
        let mut program = large(seed);
        program.tasks[1].commands[3] = command(0x40, 1);
        program.tasks[4].commands[8] = command(0x14, 1);
        program.expect = 1;
        let mut runs = 0;
        let minimal = minimize(&program, |candidate| {
            runs += 1;
            has(candidate, 0x40) && has(candidate, 0x14)
        });
        assert_eq!((minimal.tasks.len(), minimal.commands()), (1, 2), "{minimal:?}");
        assert!(minimal.schedule.is_empty() && minimal.expect == 0);
        let bytes = minimal.tasks[0].commands.iter().map(|command| command.encode().1);
        assert!(bytes.into_iter().all(|bytes| bytes == [0; OPERANDS_MAX]));
        assert!(runs <= 200, "{runs} runs for two commands of {COMMANDS_MAX}");
    }
}

#[test]
fn what_must_run_in_two_tasks_stays_in_two_tasks() {
    let mut program = large(3);
    program.tasks[0].commands[5] = command(0x40, 1);
    program.tasks[5].commands[0] = command(0x14, 1);
    program.schedule[9] = Segment { task: TaskName::Probe, until: Some((Point::DevlinkLock, 4)) };
    let minimal = minimize(&program, |candidate| {
        let alone = |opcode| {
            candidate
                .tasks
                .iter()
                .position(|task| task.commands.iter().any(|command| command.encode().0 == opcode))
        };
        let stops = candidate.schedule.iter().any(|segment| {
            segment.until.is_some_and(|(point, count)| point == Point::DevlinkLock && count >= 2)
        });
        stops && alone(0x40).is_some() && alone(0x14).is_some() && alone(0x40) != alone(0x14)
    });
    assert_eq!((minimal.tasks.len(), minimal.commands()), (2, 2));
    let [segment] = minimal.schedule[..] else { panic!("one segment is needed: {minimal:?}") };
    assert_eq!(segment.until, Some((Point::DevlinkLock, 2)));
}

#[test]
fn operands_that_must_agree_come_down_together() {
    let mut program = large(4);
    program.tasks[2].commands[2] = command(0x13, 1);
    program.tasks[2].commands[7] = command(0x14, 1);
    let handles = |program: &Program, opcode| {
        let commands = program.tasks.iter().flat_map(|task| &task.commands).map(Command::encode);
        let found: Vec<u8> =
            commands.filter(|(code, _)| *code == opcode).map(|(_, bytes)| bytes[0]).collect();
        found
    };
    let minimal = minimize(&program, |candidate| {
        handles(candidate, 0x13).iter().any(|handle| handles(candidate, 0x14).contains(handle))
    });
    assert_eq!((handles(&minimal, 0x13), handles(&minimal, 0x14)), (vec![0], vec![0]));
}

#[test]
fn tasks_without_commands_go_and_nothing_else_is_lost() {
    let mut program = large(7);
    program.tasks.truncate(4);
    program.tasks[2].commands = vec![command(0x14, 0)];
    for empty in [0, 1, 3] {
        program.tasks[empty].commands.clear();
    }
    let minimal = minimize(&program, |candidate| has(candidate, 0x14));
    assert_eq!((minimal.tasks.len(), minimal.commands()), (1, 1), "{minimal:?}");
}

#[test]
fn tasks_are_called_after_what_they_do() {
    let mut program = large(5);
    program.tasks[0].commands[5] = command(0x14, 0);
    program.tasks[5].commands[0] = command(0x40, 0);
    let minimal = minimize(&program, |candidate| {
        let of = |opcode| {
            let holds = |task: &Task| task.commands.iter().any(|command| command.encode().0 == opcode);
            candidate.tasks.iter().position(holds)
        };
        of(0x40).is_some() && of(0x14).is_some() && of(0x40) != of(0x14)
    });
    let mut names: Vec<_> = minimal.tasks.iter().map(|task| task.name).collect();
    names.sort();
    assert_eq!(names, [TaskName::User, TaskName::Probe]);
}

#[test]
fn what_one_step_makes_possible_another_takes() {
    // The others can go only when the operand of the first command is the lowest there is.
    let mut program = Program::default();
    let opcodes = [0x14, 0x13, 0x40];
    let commands = opcodes.map(|opcode| command(opcode, 1)).into();
    program.tasks.push(Task { name: TaskName::User, commands });
    let still_fails = |candidate: &Program| {
        let byte = |opcode: u8| {
            let commands = candidate.tasks.iter().flat_map(|task| &task.commands).map(Command::encode);
            let found: Vec<u8> = commands.filter(|(of, _)| *of == opcode).map(|(_, it)| it[0]).collect();
            found.first().copied()
        };
        let all = opcodes.map(byte);
        matches!(all, [Some(0 | 1), Some(1), Some(1)] | [Some(0), None, None | Some(0 | 1)])
    };
    let minimal = minimize(&program, still_fails);
    assert_eq!(minimal.commands(), 1, "{minimal:?}");
}

#[test]
fn every_attempt_is_told_and_the_last_kept_one_is_the_result() {
    let program = large(6);
    let (mut told, mut runs, mut kept) = (0, 0, 0);
    let minimal = minimize_watched(
        &program,
        |candidate| {
            runs += 1;
            candidate.commands() >= 3
        },
        |attempt| {
            told += 1;
            kept += u32::from(attempt.kept);
            assert!(!attempt.change.is_empty());
        },
    );
    assert_eq!(minimal.commands(), 3);
    assert_eq!(told, runs);
    assert!(kept > 0);
}

#[test]
fn no_program_is_tried_twice() {
    let mut tried = FxHashSet::default();
    let program = large(8);
    tried.insert(Program { expect: 0, ..program.clone() });
    minimize(&program, |candidate| {
        assert!(tried.insert(candidate.clone()), "twice: {candidate}");
        candidate.commands() >= 2
    });
}

#[test]
fn a_violation_stays_where_it_was_and_others_are_named() {
    let text = "variant devlink self-locking-reload\ntask admin\n  driver.probe mlx5/0\n  devlink.dump\n  \
                devlink.reload mlx5/0\n";
    let program = Program::parse(text, "test").expect("it is a program");
    let mut machine = Machine::default();
    let trace = machine.run(&program).clone();
    let violations = judge(&trace);
    assert!(violations.len() > 1, "it breaks several");
    for violation in &violations {
        let site = violation.site(&trace);
        assert!(breaks(&trace, &site) && !breaks(&Trace::default(), &site));
        let mut instead = Vec::new();
        let minimal = minimize_violation(&program, &site, |attempt| {
            assert!(!attempt.kept || attempt.instead.is_none());
            instead.extend(attempt.instead.cloned());
        });
        let left = machine.run(&minimal);
        assert!(breaks(left, &site));
        let broken: Vec<u8> = judge(left).iter().map(|violation| violation.invariant.id).collect();
        assert!(minimal.expected().map(|invariant| invariant.id).eq(broken), "{minimal}");
        assert!(instead.iter().all(|other| *other != site));
    }
}
