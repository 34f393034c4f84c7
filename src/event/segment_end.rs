//! How a segment of a schedule ended: what a scheduler, simulated or real, says of each segment that it followed.

use std::fmt;

/// How one segment of a schedule ended.
///
/// A segment names a task, and perhaps a point: the task runs until it comes to the point for the n-th time, or without a
/// point until it blocks or ends. Whatever else happens leaves the segment *dead*: it did not do what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SegmentEnd {
    /// The task came to the point for the n-th time, and stopped there.
    Reached,
    /// The segment names no point: the task ran until it blocked.
    Blocked,
    /// The segment names no point: the task ran until it ended.
    Ended,
    /// The task blocked first; it had come to the point this often, which is less than n.
    BlockedBefore(u8),
    /// The task ended first; it had come to the point this often, which is less than n.
    EndedBefore(u8),
    /// The task could not run, because it waited.
    Waiting,
    /// The worker could not run, because it had no work.
    Idle,
    /// The task could not run, because it had ended.
    Over,
    /// No task has this name.
    NoTask,
    /// The run was cut off, in this segment or before it.
    CutOff,
    /// The point has no place in the text of the real kernel that ran.
    NoPlace,
    /// The task came to the point where a real kernel may not sleep, and went on.
    MayNotSleep,
    /// The real kernel died while the task ran, or nothing could go on after it.
    Last,
}

impl SegmentEnd {
    /// Whether the segment did not do what it says: its task did not run, or never came to the point. Without such a
    /// segment (or, if the task ran, without its point) the schedule means the same.
    pub const fn is_dead(self) -> bool {
        match self {
            SegmentEnd::Reached | SegmentEnd::Blocked | SegmentEnd::Ended | SegmentEnd::Last => false,
            SegmentEnd::BlockedBefore(_) | SegmentEnd::EndedBefore(_) => true,
            SegmentEnd::Waiting | SegmentEnd::Idle | SegmentEnd::Over | SegmentEnd::NoTask => true,
            SegmentEnd::CutOff | SegmentEnd::NoPlace | SegmentEnd::MayNotSleep => true,
        }
    }

    /// The name in machine-readable output.
    pub const fn name(self) -> &'static str {
        match self {
            SegmentEnd::Reached => "reached",
            SegmentEnd::Blocked => "blocked",
            SegmentEnd::Ended => "ended",
            SegmentEnd::BlockedBefore(_) => "blocked-before",
            SegmentEnd::EndedBefore(_) => "ended-before",
            SegmentEnd::Waiting => "waiting",
            SegmentEnd::Idle => "idle",
            SegmentEnd::Over => "over",
            SegmentEnd::NoTask => "no-task",
            SegmentEnd::CutOff => "cut-off",
            SegmentEnd::NoPlace => "no-place",
            SegmentEnd::MayNotSleep => "may-not-sleep",
            SegmentEnd::Last => "last",
        }
    }
}

/// How often a task came to a point that it should have come to more often.
struct Came(u8);

impl fmt::Display for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("before it came to the point"),
            1 => f.write_str("after it came to the point once"),
            times => write!(f, "after it came to the point {times} times"),
        }
    }
}

impl fmt::Display for SegmentEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            SegmentEnd::Reached => f.write_str("the task stopped at the point"),
            SegmentEnd::Blocked => f.write_str("the task blocked"),
            SegmentEnd::Ended => f.write_str("the task ended"),
            SegmentEnd::BlockedBefore(times) => write!(f, "the task blocked {}", Came(times)),
            SegmentEnd::EndedBefore(times) => write!(f, "the task ended {}", Came(times)),
            SegmentEnd::Waiting => f.write_str("the task could not run, because it waited"),
            SegmentEnd::Idle => f.write_str("the worker could not run, because it had no work"),
            SegmentEnd::Over => f.write_str("the task could not run, because it had ended"),
            SegmentEnd::NoTask => f.write_str("the program has no such task"),
            SegmentEnd::CutOff => f.write_str("the run was cut off before the segment was done"),
            SegmentEnd::NoPlace => f.write_str("the point has no place in this kernel"),
            SegmentEnd::MayNotSleep => {
                f.write_str("the task came to the point where the kernel may not sleep")
            }
            SegmentEnd::Last => f.write_str("nothing went on after it"),
        }
    }
}
