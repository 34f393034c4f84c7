//! The locks that a stopped task holds, read from where lockdep keeps them in its `task_struct`.
//!
//! The offsets are not known without the kernel's headers. The function that prints a task's locks has them in its
//! text: it loads their number, and adds the offset of the first to the task.

use super::breakpoint::Memory;
use super::image::Image;
use iced_x86::{Mnemonic, OpKind, Register};
use std::io;

/// The function that prints the locks of a task.
const PRINTS: &str = "lockdep_print_held_locks";
/// The size of `struct held_lock` where no statistics are kept, in bytes.
const SIZE: u64 = 40;
/// Where in it the lock's `struct lockdep_map` is named.
const MAP: u64 = 16;
/// Where in `struct lockdep_map` the name is: after the key and two cached classes.
const NAME: u64 = 24;
/// `MAX_LOCK_DEPTH`
const MOST: u32 = 48;
/// The longest name that is read, in bytes.
const NAME_MAX: usize = 40;
/// The smallest offset in a `task_struct` that is one of lockdep's: its first fields are the scheduler's.
const FIRST: u64 = 0x100;

/// Where lockdep keeps what a task holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lockdep {
    /// The variable that is zero once lockdep has complained and knows nothing more.
    is_on: u64,
    /// Where in a task the number of its locks is.
    depth: u64,
    /// Where in it the first lock is.
    locks: u64,
}

impl Lockdep {
    /// Reads the offsets out of a kernel's text; none if the kernel has no lockdep.
    pub(super) fn find(kernel: &Image) -> Option<Lockdep> {
        let (is_on, _) = kernel.variable("debug_locks")?;
        let instructions = kernel.instructions(PRINTS);
        let depth = instructions.iter().find_map(|instruction| {
            let is_load = instruction.mnemonic() == Mnemonic::Mov
                && instruction.op1_kind() == OpKind::Memory
                && instruction.op0_kind() == OpKind::Register
                && instruction.op0_register().is_gpr32()
                && !matches!(instruction.memory_base(), Register::RBP | Register::RSP | Register::RIP);
            (is_load && instruction.memory_displacement64() >= FIRST)
                .then(|| instruction.memory_displacement64())
        })?;
        let added = || {
            let is_add = |instruction: &&iced_x86::Instruction| {
                instruction.mnemonic() == Mnemonic::Add
                    && instruction.op0_register().is_gpr64()
                    && !matches!(instruction.op1_kind(), OpKind::Register | OpKind::Memory)
            };
            instructions.iter().filter(is_add).map(|instruction| instruction.immediate(1))
        };
        // Another size of the struct is another layout.
        if !added().any(|size| size == SIZE) {
            return None;
        }
        let locks = added().filter(|offset| *offset > depth).min()?;
        Some(Lockdep { is_on, depth, locks })
    }

    /// The names of the locks that a task holds, the first taken first.
    pub(super) fn held(&self, memory: &Memory, task: u64) -> io::Result<Vec<String>> {
        let number = |address| -> io::Result<u32> {
            let mut bytes = [0; 4];
            memory.read(address, &mut bytes)?;
            Ok(u32::from_le_bytes(bytes))
        };
        if number(self.is_on)? == 0 {
            return Ok(Vec::new());
        }
        let depth = number(task + self.depth)?.min(MOST);
        (0..u64::from(depth))
            .map(|at| {
                let map = memory.word(task + self.locks + at * SIZE + MAP)?;
                let mut name = [0; NAME_MAX];
                memory.read(memory.word(map + NAME)?, &mut name)?;
                let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
                Ok(String::from_utf8_lossy(name).into_owned())
            })
            .collect()
    }
}
