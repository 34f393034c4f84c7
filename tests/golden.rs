//! Golden bytes: numbers that were given keep their meaning, so that stored corpora do.
//!
//! `tests/golden/records.txt` has a record and its text a line, `tests/golden/numbers.txt` every other number.
//! Lines are added (`UNREG_UPDATE=1 cargo test --test golden`) and never changed.

mod kept;

use kept::{agree, append, golden, missing};
use std::collections::HashSet;
use unreg::event::{Point, TaskName};
use unreg::invariant;
use unreg::operand::{CommandSpec, Operand, OperandSpec};
use unreg::program::record::{RECORD, decode, encode, opcode};
use unreg::program::{Command, Program, Subsystem};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

/// Returns the record and the text, with every word written out, of a command with these operands.
fn line(spec: &CommandSpec, operands: &[u8]) -> String {
    let mut record = vec![spec.opcode];
    record.extend(operands);
    record.resize(RECORD, 0);
    let words = spec.operands.iter().zip(operands).map(|(operand, byte)| operand.words[usize::from(*byte)]);
    let text: Vec<_> = std::iter::once(spec.name).chain(words).collect();
    format!("{}  {}", hex(&record), text.join(" "))
}

/// Returns a line for every word of every operand of a command, beside the first words of the others.
fn lines(spec: &CommandSpec) -> Vec<String> {
    let first = vec![0; spec.operands.len()];
    let mut lines = vec![line(spec, &first)];
    for (place, operand) in spec.operands.iter().enumerate() {
        for word in 1..operand.words.len() {
            let mut operands = first.clone();
            operands[place] = word as u8;
            lines.push(line(spec, &operands));
        }
    }
    lines
}

/// Demands that a record means what its text says, by both readers and the writer.
fn means(line: &str) {
    let (record, text) = line.split_once("  ").expect("a record and its text");
    let bytes = unhex(record);
    assert_eq!(bytes.len(), RECORD, "{line}");
    let decoded = Command::decode(bytes[0], bytes[1..].try_into().unwrap());
    let decoded = decoded.unwrap_or_else(|| panic!("{line}: the record has lost its meaning"));
    let program = Program::parse(&format!("task user\n  {text}\n"), line);
    let program = program.unwrap_or_else(|errors| panic!("{line}: the text has lost its meaning\n{errors}"));
    let [read] = program.tasks[0].commands[..] else { panic!("{line}: the text is no command") };
    assert_eq!(decoded, read, "{line}: the record has changed its meaning");
    let (opcode, operands) = decoded.encode();
    assert_eq!(hex(&[&[opcode][..], &operands].concat()), record, "{line}");
}

#[test]
fn every_word_of_every_command_has_its_bytes() {
    // A new operand makes the text of a line longer. The shorter one says the same, so it is kept.
    let kept = golden("records.txt");
    kept.iter().for_each(|line| means(line));
    let due: Vec<_> = Command::specs().flat_map(lines).collect();
    append("records.txt", &missing(&kept, &due));
}

#[test]
fn two_words_that_change_places_are_seen() {
    let kept: HashSet<_> = golden("records.txt").into_iter().collect();
    for spec in Command::specs() {
        for (place, operand) in spec.operands.iter().enumerate() {
            for last in 1..operand.words.len() {
                for first in 0..last {
                    let mut words = operand.words.to_vec();
                    words.swap(first, last);
                    let mut operands: Vec<OperandSpec> = spec.operands.to_vec();
                    operands[place].words = words.leak();
                    let swapped = CommandSpec { operands: operands.leak(), ..*spec };
                    let seen = lines(&swapped).iter().any(|line| !kept.contains(line));
                    assert!(seen, "{}: {} for {}", spec.name, operand.words[last], operand.words[first]);
                }
            }
        }
    }
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
    due.extend(
        invariant::ALL.iter().map(|invariant| format!("invariant {:02x} {}", invariant.id, invariant.name)),
    );
    for spec in Command::specs() {
        let opcode = spec.opcode;
        due.push(format!("command {opcode:02x} {}", spec.name));
        // How many bits of a byte count, so what the other bits of a stored record are does not matter.
        let widths = spec.operands.iter().enumerate();
        due.extend(widths.map(|(place, operand)| format!("bits {opcode:02x}.{place} {}", operand.bits)));
    }
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
