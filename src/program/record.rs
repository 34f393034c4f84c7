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
                if let Some(name) = TaskName::from_byte(operands[0])
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::ALL;
    use crate::program::TASKS_MAX;

    /// A record; operands that are not given are zero.
    fn record(opcode: u8, operands: &[u8]) -> Vec<u8> {
        let mut record = [&[opcode], operands].concat();
        record.resize(RECORD, 0);
        record
    }

    fn task(name: TaskName) -> Vec<u8> {
        record(opcode::TASK, &[name.to_byte()])
    }

    /// A command that has no operand.
    fn command() -> Vec<u8> {
        let spec = Command::specs().find(|spec| spec.operands.is_empty()).expect("there is one");
        record(spec.opcode, &[])
    }

    #[test]
    fn a_program_holds_as_much_as_its_limits_and_the_rest_does_nothing() {
        let segment = record(opcode::SEGMENT, &[TaskName::User.to_byte()]);
        let bytes = [command().repeat(COMMANDS_MAX), segment.repeat(SEGMENTS_MAX)].concat();
        let full = decode(&bytes);
        assert_eq!((full.commands(), full.schedule.len()), (COMMANDS_MAX, SEGMENTS_MAX));
        assert_eq!(decode(&[bytes, command(), segment].concat()), full);
    }

    #[test]
    fn commands_behind_a_task_that_there_is_no_room_for_go_to_the_task_before() {
        let tasks: Vec<u8> = TaskName::ALL[..TASKS_MAX].iter().flat_map(|name| task(*name)).collect();
        for refused in [TaskName::ALL[TASKS_MAX], TaskName::GidWorker] {
            let program = decode(&[&tasks[..], &task(refused), &command()].concat());
            assert_eq!(program.tasks.len(), TASKS_MAX);
            assert_eq!(program.tasks[TASKS_MAX - 1].commands.len(), 1, "{refused}");
        }
    }

    #[test]
    fn what_has_no_meaning_does_nothing() {
        let taken: Vec<u8> = ALL.iter().map(|invariant| invariant.id).collect();
        let free = (0..64).find(|id| !taken.contains(id)).expect("not all numbers are given");
        let variants = Subsystem::Kconfig.variants();
        let unknown = (0..64).find(|id| variants.iter().all(|variant| variant.id != *id));
        for meaningless in [
            record(opcode::NOP, &[1]),
            record(opcode::EXPECT, &[free]),
            record(opcode::VARIANT, &[Subsystem::Kconfig.to_byte(), unknown.expect("there is one")]),
            record(opcode::SEGMENT, &[TaskName::Kernel.to_byte()]),
            record(opcode::SEGMENT, &[TaskName::User.to_byte(), 0xff, 0xff]),
            record(0xff, &[]),
            command()[..RECORD - 1].to_vec(),
        ] {
            assert_eq!(decode(&meaningless), Program::default(), "{meaningless:?}");
        }
    }

    #[test]
    fn every_kind_of_record_comes_back() {
        let user = TaskName::User.to_byte();
        let [low, high] = (Point::ALL[3] as u16).to_le_bytes();
        let bytes = [
            record(opcode::VARIANT, &[Subsystem::Kconfig.to_byte(), Subsystem::Kconfig.variants()[0].id]),
            record(opcode::EXPECT, &[ALL[0].id]),
            task(TaskName::User),
            command(),
            record(opcode::SEGMENT, &[user]),
            record(opcode::SEGMENT, &[user, low, high, 2]),
        ];
        let program = decode(&bytes.concat());
        assert_eq!(encode(&program), bytes.concat());
        assert_eq!(program.schedule[1].until, Some((Point::ALL[3], 2)));
        assert_eq!(program.expected().count(), 1);
    }
}
