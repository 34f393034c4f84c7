//! Breakpoints in the text of a stopped process.

use nix::libc::user_regs_struct as Registers;
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// `int3`
const TRAP: u8 = 0xcc;
/// `push %rbp`, with which functions begin that keep a frame.
const PUSH_FRAME: u8 = 0x55;
/// `call` of an address relative to the next instruction.
const CALL: u8 = 0xe8;
/// `ret`
const RETURN: u8 = 0xc3;

/// The memory of a process.
#[derive(Debug)]
pub(super) struct Memory(File);

impl Memory {
    pub(super) fn open(process: Pid) -> io::Result<Memory> {
        Ok(Memory(File::options().read(true).write(true).open(format!("/proc/{process}/mem"))?))
    }

    pub(super) fn read(&self, address: u64, into: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(into, address)
    }

    /// Eight bytes as a number.
    pub(super) fn word(&self, address: u64) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.read(address, &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    pub(super) fn write(&self, address: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, address)
    }
}

/// The breakpoints of a process: an address, the byte that stood there, and how often it is wanted.
#[derive(Debug, Default)]
pub(super) struct Breakpoints {
    set: HashMap<u64, (u8, u32)>,
}

impl Breakpoints {
    /// Stops at an address from here on.
    pub(super) fn set(&mut self, memory: &Memory, address: u64) -> io::Result<()> {
        if let Some((_, wanted)) = self.set.get_mut(&address) {
            *wanted += 1;
            return Ok(());
        }
        let mut byte = [0];
        memory.read(address, &mut byte)?;
        memory.write(address, &[TRAP])?;
        self.set.insert(address, (byte[0], 1));
        Ok(())
    }

    /// Drops one wish to stop there; the last one removes the breakpoint.
    pub(super) fn clear(&mut self, memory: &Memory, address: u64) -> io::Result<()> {
        let Some((byte, wanted)) = self.set.get_mut(&address) else { return Ok(()) };
        *wanted -= 1;
        if *wanted == 0 {
            memory.write(address, &[*byte])?;
            self.set.remove(&address);
        }
        Ok(())
    }

    /// Forgets the breakpoints in a range of text that is about to go.
    pub(super) fn clear_range(&mut self, memory: &Memory, range: std::ops::Range<u64>) -> io::Result<()> {
        let gone: Vec<u64> = self.set.keys().copied().filter(|address| range.contains(address)).collect();
        for address in gone {
            if let Some((byte, _)) = self.set.remove(&address) {
                memory.write(address, &[byte])?;
            }
        }
        Ok(())
    }

    /// Forgets all: the text is another's.
    pub(super) fn forget(&mut self) {
        self.set.clear();
    }

    /// Whether a process stopped there.
    pub(super) fn has(&self, address: u64) -> bool {
        self.set.contains_key(&address)
    }

    /// Has a process that stopped at a breakpoint run the instruction there. The registers are those that it goes on
    /// with. Returns the signals that came meanwhile, of which the last may be the instruction's own fault.
    pub(super) fn step(
        &self,
        memory: &Memory,
        process: Pid,
        mut registers: Registers,
        address: u64,
    ) -> io::Result<Vec<Signal>> {
        let byte = self.set.get(&address).map_or(TRAP, |(byte, _)| *byte);
        registers.rip = address;
        let push = |registers: &mut Registers, word: u64| {
            registers.rsp -= 8;
            memory.write(registers.rsp, &word.to_le_bytes())
        };
        match byte {
            PUSH_FRAME => {
                let frame = registers.rbp;
                push(&mut registers, frame)?;
                registers.rip += 1;
            }
            CALL => {
                let mut offset = [0; 4];
                memory.read(address + 1, &mut offset)?;
                let next = address + 5;
                push(&mut registers, next)?;
                registers.rip = next.wrapping_add_signed(i32::from_le_bytes(offset).into());
            }
            RETURN => {
                registers.rip = memory.word(registers.rsp)?;
                registers.rsp += 8;
            }
            _ => {
                memory.write(address, &[byte])?;
                ptrace::setregs(process, registers)?;
                let mut meanwhile = Vec::new();
                loop {
                    ptrace::step(process, None)?;
                    match waitpid(process, Some(WaitPidFlag::__WALL))? {
                        WaitStatus::Stopped(_, Signal::SIGTRAP) => break,
                        WaitStatus::Stopped(_, signal) => {
                            meanwhile.push(signal);
                            if signal == Signal::SIGSEGV {
                                break;
                            }
                        }
                        // The process is gone, which the next wait says.
                        _ => return Ok(Vec::new()),
                    }
                }
                memory.write(address, &[TRAP])?;
                return Ok(meanwhile);
            }
        }
        ptrace::setregs(process, registers)?;
        Ok(Vec::new())
    }
}
