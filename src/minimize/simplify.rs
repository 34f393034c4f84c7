//! Making what is left of a program simpler: fewer stops, lower counts, the first names there are.

use super::Minimizer;
use crate::operand::OPERANDS_MAX;
use crate::program::{Command, Program};

impl Minimizer<'_> {
    /// Lets tasks run on instead of stopping at a point.
    pub(super) fn drop_stops(&mut self) {
        for at in 0..self.best.schedule.len() {
            self.attempt(
                |program| program.schedule[at].until = None,
                || format!("with segment {} running on", at + 1),
            );
        }
    }

    /// Stops the first time a task comes to a point, or at least earlier.
    pub(super) fn lower_counts(&mut self) {
        for at in 0..self.best.schedule.len() {
            let Some((_, count)) = self.best.schedule[at].until else { continue };
            for lower in 1..count {
                let set = |program: &mut Program| {
                    program.schedule[at].until = program.schedule[at].until.map(|(point, _)| (point, lower));
                };
                if self.attempt(set, || format!("with segment {} stopping at #{lower}", at + 1)) {
                    break;
                }
            }
        }
    }

    /// Renames one device to an earlier one wherever the program names it.
    pub(super) fn lower_operands_together(&mut self) {
        let mut named: Vec<(&'static str, u8)> = Vec::new();
        for command in self.best.tasks.iter().flat_map(|task| &task.commands) {
            let (_, bytes) = command.encode();
            let kinds = command.spec().operands.iter().map(|operand| operand.what);
            named.extend(kinds.zip(bytes).filter(|(_, byte)| *byte > 0));
        }
        named.sort_unstable();
        named.dedup();
        for (what, byte) in named {
            for lower in 0..byte {
                let rename = |program: &mut Program| rename_operand(program, what, byte, lower);
                if self.attempt(rename, || format!("with {what} number {lower} for {byte} everywhere")) {
                    break;
                }
            }
        }
    }

    /// Gives one operand an earlier name.
    pub(super) fn lower_operands(&mut self) {
        for task in 0..self.best.tasks.len() {
            for at in 0..self.best.tasks[task].commands.len() {
                for operand in 0..OPERANDS_MAX {
                    self.lower_operand(task, at, operand);
                }
            }
        }
    }

    fn lower_operand(&mut self, task: usize, at: usize, operand: usize) {
        let (opcode, bytes) = self.best.tasks[task].commands[at].encode();
        for lower in 0..bytes[operand] {
            let mut bytes = bytes;
            bytes[operand] = lower;
            let Some(command) = Command::decode(opcode, &bytes) else { continue };
            let name = self.best.tasks[task].name;
            let set = |program: &mut Program| program.tasks[task].commands[at] = command;
            if self.attempt(set, || format!("with `{command}` as command {} of {name}", at + 1)) {
                return;
            }
        }
    }
}

fn rename_operand(program: &mut Program, what: &str, from: u8, to: u8) {
    for command in program.tasks.iter_mut().flat_map(|task| &mut task.commands) {
        let (opcode, mut bytes) = command.encode();
        for (byte, operand) in bytes.iter_mut().zip(command.spec().operands) {
            if operand.what == what && *byte == from {
                *byte = to;
            }
        }
        *command = Command::decode(opcode, &bytes).unwrap_or(*command);
    }
}
