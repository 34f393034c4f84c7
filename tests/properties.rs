//! Properties: what must hold of every program, on programs that nobody chose.

use arbtest::{arbitrary::Unstructured, arbtest};
use std::fs;
use std::path::{Path, PathBuf};
use unreg::event::{Point, TaskName};
use unreg::program::record::{RECORD, decode, encode, opcode};
use unreg::program::{Command, Program, text};
use unreg::run::Machine;
use unreg::target::check_text;

/// A program whose records mean something more often than random bytes do.
fn program(u: &mut Unstructured<'_>) -> arbtest::arbitrary::Result<Program> {
    let specs: Vec<_> = Command::specs().collect();
    let mut bytes = Vec::new();
    for _ in 0..u.int_in_range(0..=40)? {
        let mut record = [0u8; RECORD];
        match u.int_in_range(0..=9)? {
            0 => u.fill_buffer(&mut record)?,
            1 => record[..3].copy_from_slice(&[
                opcode::VARIANT,
                u.int_in_range(0..=3)?,
                u.int_in_range(0..=11)?,
            ]),
            2 => record[..2].copy_from_slice(&[opcode::EXPECT, u.int_in_range(0..=20)?]),
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

fn corpus() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let folders = ["devlink", "mdev", "ib", "."].map(|folder| root.join(folder));
    let files =
        folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let programs = files.filter(|path| path.extension().is_some_and(|extension| extension == "prog"));
    let mut texts: Vec<_> = programs.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect();
    texts.sort();
    texts
}

#[test]
fn text_and_records_give_a_program_back() {
    arbtest(|u| {
        let program = program(u)?;
        let printed = program.to_string();
        let read = Program::parse(&printed, "printed").unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(read, program);
        assert_eq!(decode(&encode(&program)), program);
        assert_eq!(text::format::format(&printed), printed, "what is printed is in the usual form");
        Ok(())
    })
    .budget_ms(3_000);
}

#[test]
fn any_bytes_are_a_program_in_both_forms() {
    arbtest(|u| {
        let bytes = u.bytes(u.len())?;
        check_text(bytes);
        let once = encode(&decode(bytes));
        assert_eq!(encode(&decode(&once)), once);
        Ok(())
    })
    .budget_ms(3_000);
}

#[test]
fn a_damaged_text_is_refused_or_salvaged_and_never_both_alike() {
    let texts = corpus();
    arbtest(|u| {
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
    })
    .budget_ms(3_000);
}

#[test]
fn a_run_is_a_function_of_the_program() {
    let mut machine = Machine::default();
    let mut other = Machine::default();
    arbtest(|u| {
        let mut program = program(u)?;
        let first = machine.run(&program).clone();
        assert_eq!(other.run(&program), &first);
        let (walked, schedule) = machine.walk(&program, u.arbitrary()?);
        let walked = walked.clone();
        program.schedule = schedule;
        assert_eq!(other.run(&program), &walked, "what a walk chose replays to the same trace\n{program}");
        Ok(())
    })
    .budget_ms(4_000);
}

#[test]
fn deleting_any_line_of_a_task_or_a_schedule_leaves_a_legal_program() {
    let mut machine = Machine::default();
    for (path, text) in corpus() {
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
    for (path, text) in corpus() {
        assert_eq!(text::format::format(&text), text, "`unreg fmt {}` would change it", path.display());
    }
}
