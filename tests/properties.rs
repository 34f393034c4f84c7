//! Properties: what must hold of every program, on generated programs.

mod walk;

use arbtest::{arbitrary, arbitrary::Unstructured, arbtest};
use std::collections::BTreeSet;
use unreg::event::{Point, TaskName};
use unreg::invariant::{self, judge};
use unreg::operand::Operand;
use unreg::program::record::{RECORD, decode, encode, opcode};
use unreg::program::{Command, Program, Subsystem, Variants, text};
use unreg::run::Machine;
use unreg::search::generate::{Alphabet, generate};
use unreg::target::check_text;

/// How many generated programs are run under each variant.
const MUTE_CASES: u64 = 1_000;

/// The most random bytes that a case is made of.
const SIZE_MAX: u32 = 2048;

/// Tries a property on so many cases: a count and fixed seeds, so that a slow machine tries the same ones. When one
/// fails, arbtest prints its seed, which `ArbTest::seed` takes.
fn check(cases: u64, mut property: impl FnMut(&mut Unstructured<'_>) -> arbitrary::Result<()>) {
    let mut random = fastrand::Rng::with_seed(0);
    for _ in 0..cases {
        let size = u64::from(random.u32(32..=SIZE_MAX));
        arbtest(&mut property).seed(u64::from(random.u32(1..)) << 32 | size).run();
    }
}

/// A program whose records mean something more often than random bytes do.
fn program(u: &mut Unstructured<'_>) -> arbtest::arbitrary::Result<Program> {
    let specs: Vec<_> = Command::specs().collect();
    let mut bytes = Vec::new();
    for _ in 0..u.int_in_range(0..=40)? {
        let mut record = [0u8; RECORD];
        match u.int_in_range(0..=9)? {
            0 => u.fill_buffer(&mut record)?,
            1 => {
                let subsystem = *u.choose(Subsystem::ALL)?;
                let variant = u.choose(&subsystem.variants())?.id;
                record[..3].copy_from_slice(&[opcode::VARIANT, subsystem.to_byte(), variant]);
            }
            2 => record[..2].copy_from_slice(&[opcode::EXPECT, u.choose(invariant::ALL)?.id]),
            3 => record[..2].copy_from_slice(&[opcode::TASK, u.int_in_range(0..=TaskName::COUNT as u8)?]),
            4 => {
                let [low, high] = (*u.choose(Point::ALL)? as u16).to_le_bytes();
                let task = u.int_in_range(0..=TaskName::COUNT as u8)?;
                record[..5].copy_from_slice(&[opcode::SEGMENT, task, low, high, u.int_in_range(0..=3)?]);
            }
            _ => {
                let spec = u.choose(&specs)?;
                record[0] = spec.opcode;
                for (byte, operand) in record[1..].iter_mut().zip(spec.operands) {
                    *byte = u.int_in_range(0..=operand.words.len() as u8 - 1)?;
                }
            }
        }
        bytes.extend(record);
    }
    Ok(decode(&bytes))
}

#[test]
fn every_number_of_every_table_is_drawn() {
    let mut missing: BTreeSet<String> = BTreeSet::new();
    for subsystem in Subsystem::ALL {
        missing.extend(subsystem.variants().iter().map(|variant| format!("{subsystem} {}", variant.name)));
    }
    missing.extend(invariant::ALL.iter().map(|invariant| invariant.name.to_owned()));
    missing.extend(Point::ALL.iter().map(Point::to_string));
    // Tasks that a program may have, and those that a schedule may name.
    let is_task = |name: &&TaskName| !name.is_worker();
    missing.extend(TaskName::ALL.iter().filter(is_task).map(|name| format!("task {name}")));
    let is_scheduled = |name: &&TaskName| **name != TaskName::Kernel;
    missing.extend(TaskName::ALL.iter().filter(is_scheduled).map(|name| format!("schedule {name}")));
    for spec in Command::specs() {
        let words = spec.operands.iter().enumerate();
        let words = words.flat_map(|(place, of)| of.words.iter().map(move |word| (place, word)));
        missing.extend(words.map(|(place, word)| format!("{} {place} {word}", spec.name)));
        missing.insert(spec.name.to_owned());
    }
    check(20_000, |u| {
        let program = program(u)?;
        for (subsystem, variant) in program.variants.iter() {
            missing.remove(&format!("{subsystem} {}", variant.name));
        }
        for invariant in program.expected() {
            missing.remove(invariant.name);
        }
        for task in &program.tasks {
            missing.remove(&format!("task {}", task.name));
            for command in &task.commands {
                let (_, bytes) = command.encode();
                let spec = command.spec();
                missing.remove(spec.name);
                for (place, of) in spec.operands.iter().enumerate() {
                    missing.remove(&format!("{} {place} {}", spec.name, of.words[usize::from(bytes[place])]));
                }
            }
        }
        for segment in &program.schedule {
            missing.remove(&format!("schedule {}", segment.task));
            if let Some((point, _)) = segment.until {
                missing.remove(&point.to_string());
            }
        }
        Ok(())
    });
    assert!(missing.is_empty(), "no case has {missing:?}");
}

#[test]
fn text_and_records_give_a_program_back() {
    check(60_000, |u| {
        let program = program(u)?;
        let printed = program.to_string();
        let read = Program::parse(&printed, "printed").unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(read, program);
        assert_eq!(decode(&encode(&program)), program);
        assert_eq!(text::format::format(&printed), printed, "what is printed is in the usual form");
        Ok(())
    });
}

#[test]
fn any_bytes_are_a_program_in_both_forms() {
    check(30_000, |u| {
        let bytes = u.bytes(u.len())?;
        check_text(bytes);
        let once = encode(&decode(bytes));
        assert_eq!(encode(&decode(&once)), once);
        Ok(())
    });
}

#[test]
fn a_damaged_text_is_refused_or_salvaged_and_never_both_alike() {
    let texts = walk::corpus();
    check(10_000, |u| {
        let (_, text) = u.choose(&texts)?;
        let mut bytes = text.clone().into_bytes();
        for _ in 0..u.int_in_range(1..=8)? {
            let at = u.int_in_range(0..=bytes.len().max(1) - 1)?;
            match u.int_in_range(0..=2)? {
                0 if !bytes.is_empty() => bytes[at] = u.arbitrary()?,
                1 if !bytes.is_empty() => drop(bytes.remove(at)),
                _ => bytes.insert(at, *u.choose(b" \n#u0/-")?),
            }
        }
        check_text(&bytes);
        let lossy = String::from_utf8_lossy(&bytes);
        let (_, dropped) = Program::salvage(&bytes);
        assert_eq!(Program::parse(&lossy, "damaged").is_ok(), dropped.is_empty());
        Ok(())
    });
}

#[test]
fn a_run_is_a_function_of_the_program() {
    let mut machine = Machine::default();
    let mut other = Machine::default();
    check(100_000, |u| {
        let mut program = program(u)?;
        let first = machine.run(&program).clone();
        assert_eq!(other.run(&program), &first);
        let (walked, schedule) = machine.walk(&program, u.arbitrary()?);
        let walked = walked.clone();
        program.schedule = schedule;
        assert_eq!(other.run(&program), &walked, "what a walk chose replays to the same trace\n{program}");
        Ok(())
    });
}

/// Demands that an invariant which a trace breaks is not muted by what it says it is about.
fn mutes_nothing(machine: &mut Machine, program: &Program) {
    let trace = machine.run(program);
    let judged: Vec<_> = judge(trace).iter().map(|violation| violation.invariant.name).collect();
    for invariant in invariant::ALL.iter().filter(|invariant| (invariant.check)(trace).is_some()) {
        assert!(judged.contains(&invariant.name), "{} is muted\n{program}", invariant.name);
    }
}

#[test]
fn no_kind_of_event_mutes_an_invariant() {
    let mut machine = Machine::default();
    for (path, text) in walk::corpus() {
        let program =
            Program::parse(&text, &path.to_string_lossy()).unwrap_or_else(|errors| panic!("{errors}"));
        mutes_nothing(&mut machine, &program);
    }
    let mut random = fastrand::Rng::with_seed(0);
    for subsystem in [Subsystem::Devlink, Subsystem::Mdev, Subsystem::Ib] {
        let alphabet = Alphabet::new(&[subsystem]);
        for variant in subsystem.variants() {
            let variants = Variants::to_break(subsystem, &variant);
            for _ in 0..MUTE_CASES {
                let program = Program { variants, ..generate(&mut random, &alphabet) };
                mutes_nothing(&mut machine, &program);
            }
        }
    }
}

#[test]
fn deleting_any_line_of_a_task_or_a_schedule_leaves_a_legal_program() {
    let mut machine = Machine::default();
    for (path, text) in walk::corpus() {
        let lines: Vec<_> = text.lines().collect();
        for left_out in 0..lines.len() {
            let line = lines[left_out].trim();
            if !line.starts_with("task ") && !line.starts_with("schedule") {
                let rest: Vec<_> =
                    lines.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, l)| *l).collect();
                let parsed = Program::parse(&rest.join("\n"), &path.to_string_lossy());
                machine
                    .run(&parsed.unwrap_or_else(|errors| panic!("without line {}: {errors}", left_out + 1)));
            }
        }
    }
}

#[test]
fn every_corpus_file_is_in_the_usual_form() {
    for (path, text) in walk::corpus() {
        assert_eq!(text::format::format(&text), text, "`unreg fmt {}` would change it", path.display());
    }
}
