//! Calls of the agent to its tracer: a number that the agent passes to a system call which does nothing with it.
//!
//! `getsid(2)` looks a process up and changes nothing, and no process has these numbers. The tracer reads the number
//! where the kernel enters the system call.

/// Marks a number as a call; no process of a guest has a number so high.
const MARK: u32 = 0x4000_0000;
const NUMBER: u32 = 0x00ff_ffff;

/// What the agent tells its tracer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// A program begins, and its tasks will come.
    Begin,
    /// The calling thread is the task with this number.
    TaskBegins(u8),
    /// The calling thread's task is about to begin its command with this number.
    Command(u8),
    /// The calling thread's task has no more commands.
    TaskEnds,
    /// The calling thread's task waits until every namespace that is to end has ended.
    Await,
    /// The report with this number is made, counted from the program's first.
    Report(u32),
    /// All tasks have ended or will never end: nothing is held any more.
    Over,
}

impl Call {
    /// The number that stands for the call.
    pub const fn encode(self) -> u32 {
        let (kind, number) = match self {
            Call::Begin => (1, 0),
            Call::TaskBegins(task) => (2, task as u32),
            Call::Command(command) => (3, command as u32),
            Call::TaskEnds => (4, 0),
            Call::Report(number) => (5, number & NUMBER),
            Call::Over => (6, 0),
            Call::Await => (7, 0),
        };
        MARK | kind << 24 | number
    }

    /// The call that a number stands for, if it is one.
    pub const fn decode(number: u32) -> Option<Call> {
        if number & 0xf000_0000 != MARK {
            return None;
        }
        let argument = number & NUMBER;
        match (number & !MARK) >> 24 {
            1 => Some(Call::Begin),
            2 => Some(Call::TaskBegins(argument as u8)),
            3 => Some(Call::Command(argument as u8)),
            4 => Some(Call::TaskEnds),
            5 => Some(Call::Report(argument)),
            6 => Some(Call::Over),
            7 => Some(Call::Await),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_read_as_it_was_made_and_a_process_number_is_no_call() {
        let calls = [
            Call::Begin,
            Call::TaskBegins(7),
            Call::Command(63),
            Call::TaskEnds,
            Call::Await,
            Call::Report(0xff_ffff),
            Call::Over,
        ];
        for call in calls {
            assert_eq!(Call::decode(call.encode()), Some(call));
            assert!(call.encode() <= i32::MAX as u32, "a process number is positive");
        }
        assert_eq!([0, 1, 32768, u32::MAX].map(Call::decode), [None; 4]);
    }
}
