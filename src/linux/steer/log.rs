//! What a tracer saw of a run, in order, with the guest's reports in their place.

use crate::event::{Point, TaskName};
use std::fmt;

/// How one segment of a schedule ended on a real kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SegmentEnd {
    /// The task came to the point.
    Reached,
    /// The task blocked before it came there, or there was no point to come to.
    Blocked,
    /// The task ended before it came there, or there was no point to come to.
    Ended,
    /// The task could not run: it had not begun, slept, or had ended.
    NotRun,
    /// The task came to the point where the kernel may not sleep, and went on.
    MayNotSleep,
    /// The point has no place in this kernel's text, so the segment stops nobody there.
    NoPlace,
    /// The kernel died while the task ran, or nothing could run after it.
    Last,
    /// The run was over before the segment's turn came or before it ended.
    Never,
}

impl SegmentEnd {
    /// Whether the task ran as far as the schedule says.
    pub const fn is_followed(&self) -> bool {
        match self {
            SegmentEnd::Reached | SegmentEnd::Blocked | SegmentEnd::Ended | SegmentEnd::Last => true,
            SegmentEnd::NotRun | SegmentEnd::MayNotSleep | SegmentEnd::NoPlace | SegmentEnd::Never => false,
        }
    }
}

impl fmt::Display for SegmentEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SegmentEnd::Reached => "reached",
            SegmentEnd::Blocked => "blocked",
            SegmentEnd::Ended => "ended",
            SegmentEnd::NotRun => "could not run",
            SegmentEnd::MayNotSleep => "came where the kernel may not sleep",
            SegmentEnd::NoPlace => "has no place in this kernel",
            SegmentEnd::Last => "was the last that the kernel did",
            SegmentEnd::Never => "never came",
        })
    }
}

/// One thing that the tracer saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The guest made its report with this number.
    Report(u32),
    /// The task goes on.
    Turn(TaskName),
    /// The task was stopped at the point of its segment.
    Parked(TaskName, Point),
    /// The task was stopped where it woke, out of its turn.
    Held(TaskName),
    /// The task sleeps, in this function of the kernel and by this primitive, and nothing wakes it.
    Blocks(TaskName, String),
    /// The task came to where it should stop while the kernel may not sleep, and went on.
    MayNotSleep(TaskName, String),
    /// When all was over the task still slept in this function.
    Stuck(TaskName, String),
    /// The kernel begins a complaint while the task runs.
    Complains(TaskName),
    /// The task has ended.
    Ends(TaskName),
    /// Something went wrong in the tracer.
    Trouble(String),
}

/// What a tracer saw of one program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// In the order in which it happened.
    pub entries: Vec<Entry>,
    /// How each segment of the schedule ended.
    pub segments: Vec<SegmentEnd>,
    /// The segment whose task has the turn.
    pub under_way: Option<usize>,
}

impl Log {
    /// The kernel died, or its tasks never go on: the segment under way ends with it.
    pub fn ends_here(&mut self) {
        if let Some(end) = self.under_way.and_then(|at| self.segments.get_mut(at))
            && *end == SegmentEnd::Never
        {
            *end = SegmentEnd::Last;
        }
    }

    /// The first segment that was not followed, and how it ended.
    pub fn first_unfollowed(&self) -> Option<(usize, &SegmentEnd)> {
        self.segments.iter().enumerate().find(|(_, end)| !end.is_followed())
    }

    /// The segments that were followed to their end: the task ran until its point, or until it blocked or ended.
    pub fn followed(&self) -> usize {
        self.segments.iter().filter(|end| end.is_followed()).count()
    }
}
