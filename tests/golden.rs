//! Golden bytes: numbers that were given keep their meaning, so that stored corpora do.
//!
//! `tests/golden/records.txt` has a record and its text a line, `tests/golden/numbers.txt` every other number.
//! Lines are added (`UNREG_UPDATE=1 cargo test --test golden`) and never changed.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use unreg::event::{Point, TaskName};
use unreg::invariant;
use unreg::operand::Operand;
use unreg::program::record::{RECORD, decode, encode, opcode};
use unreg::program::{Command, Program, Subsystem};

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file)
}

fn golden(file: &str) -> Vec<String> {
    let text = fs::read_to_string(path(file)).unwrap_or_default();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

/// Demands that every line which is due is in the file, and that the file has no other.
fn agree(file: &str, due: &[String]) {
    let kept = golden(file);
    let missing: Vec<_> = due.iter().filter(|line| !kept.contains(line)).map(String::as_str).collect();
    let changed: Vec<_> = kept.iter().filter(|line| !due.contains(line)).map(String::as_str).collect();
    let say = "a number that was given has changed its meaning; stored corpora would too";
    assert!(changed.is_empty(), "{say}:\n{}", changed.join("\n"));
    append(file, &missing);
}

/// Demands that no line is missing, or appends those that are if asked to.
fn append(file: &str, missing: &[&str]) {
    if !missing.is_empty() && std::env::var_os("UNREG_UPDATE").is_some() {
        let mut golden =
            fs::OpenOptions::new().append(true).open(path(file)).expect("the file can be written");
        missing.iter().for_each(|line| writeln!(golden, "{line}").expect("the file can be written"));
        return;
    }
    let lines = missing.join("\n");
    assert!(missing.is_empty(), "UNREG_UPDATE=1 cargo test --test golden appends to {file}:\n{lines}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

/// The lines for every command: with the first words, and with the last ones.
fn commands() -> Vec<String> {
    let line = |opcode: u8, operands: [u8; RECORD - 1]| {
        let command = Command::decode(opcode, &operands).expect("words have meanings");
        let mut record = vec![opcode];
        record.extend(operands);
        format!("{}  {command}", hex(&record))
    };
    let mut lines = Vec::new();
    for spec in Command::specs() {
        let mut last = [0; RECORD - 1];
        for (byte, operand) in last.iter_mut().zip(spec.operands) {
            *byte = operand.words.len() as u8 - 1;
        }
        lines.push(line(spec.opcode, [0; RECORD - 1]));
        if last != [0; RECORD - 1] {
            lines.push(line(spec.opcode, last));
        }
    }
    lines
}

#[test]
fn every_command_has_its_bytes() {
    // A new word changes which line shows the last one, so lines with earlier words are kept as they are.
    let due = commands();
    let kept = golden("records.txt");
    for line in &kept {
        let (record, text) = line.split_once("  ").expect("a record and its text");
        let bytes = unhex(record);
        assert_eq!(bytes.len(), RECORD, "{line}");
        let command = Command::decode(bytes[0], bytes[1..].try_into().unwrap());
        let command = command.unwrap_or_else(|| panic!("{line}: the record has lost its meaning"));
        assert_eq!(command.to_string(), text, "{line}: the record has changed its meaning");
        let (opcode, operands) = command.encode();
        assert_eq!(hex(&[&[opcode][..], &operands].concat()), record, "{line}");
    }
    let missing: Vec<_> = due.iter().filter(|line| !kept.contains(line)).map(String::as_str).collect();
    append("records.txt", &missing);
}

#[test]
fn every_other_number_keeps_its_name() {
    let mut due = vec![
        format!("record {:02x} nop", opcode::NOP),
        format!("record {:02x} task", opcode::TASK),
        format!("record {:02x} segment", opcode::SEGMENT),
        format!("record {:02x} variant", opcode::VARIANT),
        format!("record {:02x} expect", opcode::EXPECT),
    ];
    due.extend(TaskName::ALL.iter().map(|name| format!("task {:02x} {name}", name.to_byte())));
    due.extend(Point::ALL.iter().map(|point| format!("point {:03x} {point}", *point as u16)));
    due.extend(invariant::ALL.iter().map(|rule| format!("invariant {:02x} {}", rule.id, rule.name)));
    for subsystem in Subsystem::ALL {
        due.push(format!("subsystem {:02x} {subsystem}", subsystem.to_byte()));
        let variants = subsystem.variants();
        due.extend(
            variants.iter().map(|variant| format!("variant {subsystem} {:02x} {}", variant.id, variant.name)),
        );
    }
    agree("numbers.txt", &due);
}

#[test]
fn a_whole_program_keeps_its_bytes() {
    let text = "variant ib device-mutex\nexpect no-deadlock\n\ntask client\n  ib.register-client gid-cache\n\n\
                schedule\n  client until ib_unregister_device:clients #2\n  kworker/gid_cache_wq\n";
    let bytes = "0302000000000000\
                 0409000000000000\
                 010a000000000000\
                 8200000000000000\
                 020a050302000000\
                 0212000000000000";
    let program = Program::parse(text, "golden").unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(hex(&encode(&program)), bytes);
    assert_eq!(decode(&unhex(bytes)), program);
}
