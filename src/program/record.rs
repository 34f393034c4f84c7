//! Records: the form of a program that fuzz engines see.
//!
//! Eight bytes a record, an opcode and operands. Every byte string is a program: what has no meaning (yet) does
//! nothing, and so does a last piece of fewer than eight bytes. Deleting a record leaves the others as they
//! were, which is what lets an engine's own minimiser work. The numbers are frozen (`tests/golden/records.txt`).

use super::{COMMANDS_MAX, Command, Program, SEGMENTS_MAX, Segment, Subsystem};
use crate::event::{Point, TaskName};
use crate::invariant;
use crate::operand::{OPERANDS_MAX, Operand};

/// The length of a record in bytes.
pub const RECORD: usize = 1 + OPERANDS_MAX;

/// Opcodes below the first command's.
pub mod opcode {
    /// Nothing.
    pub const NOP: u8 = 0x00;
    /// The following commands belong to the named task.
    pub const TASK: u8 = 0x01;
    /// The next segment of the schedule.
    pub const SEGMENT: u8 = 0x02;
    /// A variant to run under.
    pub const VARIANT: u8 = 0x03;
    /// An invariant that is expected to break.
    pub const EXPECT: u8 = 0x04;
}

/// The program that these bytes are. Total: there is one for every byte string.
pub fn decode(bytes: &[u8]) -> Program {
    let mut program = Program::default();
    let mut current = TaskName::ALL[0];
    let mut commands = 0;
    for record in bytes.chunks_exact(RECORD) {
        let mut operands = [0; OPERANDS_MAX];
        operands.copy_from_slice(&record[1..]);
        match record[0] {
            opcode::TASK => {
                let name = TaskName::from_byte(operands[0]).filter(|name| !name.is_worker());
                if let Some(name) = name
                    && program.task_mut(name).is_some()
                {
                    current = name;
                }
            }
            opcode::SEGMENT if program.schedule.len() < SEGMENTS_MAX => {
                program.schedule.extend(decode_segment(&operands));
            }
            opcode::VARIANT => {
                if let Some(subsystem) = Subsystem::from_byte(operands[0])
                    && subsystem.variants().iter().any(|variant| variant.id == operands[1])
                {
                    program.variants.insert(subsystem, operands[1]);
                }
            }
            opcode::EXPECT if invariant::numbered(operands[0]).is_some() => {
                program.expect |= 1 << operands[0]
            }
            command if commands < COMMANDS_MAX => {
                if let Some(command) = Command::decode(command, &operands)
                    && let Some(task) = program.task_mut(current)
                {
                    task.commands.push(command);
                    commands += 1;
                }
            }
            _ => {}
        }
    }
    program
}

fn decode_segment(operands: &[u8; OPERANDS_MAX]) -> Option<Segment> {
    let task = TaskName::from_byte(operands[0]).filter(|name| *name != TaskName::Kernel)?;
    let until = match u16::from_le_bytes([operands[1], operands[2]]) {
        0 => None,
        number => Some((Point::from_number(number)?, operands[3].max(1))),
    };
    Some(Segment { task, until })
}

/// The bytes of a program; [`decode`] gives it back.
pub fn encode(program: &Program) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut record = |opcode: u8, operands: &[u8]| {
        bytes.push(opcode);
        bytes.extend_from_slice(operands);
        bytes.resize(bytes.len().next_multiple_of(RECORD), 0);
    };
    for (subsystem, variant) in program.variants.iter() {
        record(opcode::VARIANT, &[subsystem.to_byte(), variant.id]);
    }
    for invariant in program.expected() {
        record(opcode::EXPECT, &[invariant.id]);
    }
    for task in &program.tasks {
        record(opcode::TASK, &[task.name.to_byte()]);
        for command in &task.commands {
            let (opcode, operands) = command.encode();
            record(opcode, &operands);
        }
    }
    for Segment { task, until } in &program.schedule {
        let (number, count) = until.map_or((0, 0), |(point, count)| (point as u16, count.max(1)));
        let [low, high] = number.to_le_bytes();
        record(opcode::SEGMENT, &[task.to_byte(), low, high, count]);
    }
    bytes
}

impl arbitrary::Arbitrary<'_> for Program {
    /// All the bytes that are left, as records.
    fn arbitrary(u: &mut arbitrary::Unstructured<'_>) -> arbitrary::Result<Self> {
        let bytes = u.bytes(u.len())?;
        Ok(Program::from_bytes(bytes))
    }
}
