//! What a tracer saw of a run, in order, with the guest's reports in their place.

use crate::event::{Point, SegmentEnd, TaskName};
use crate::program::Segment;

/// What is seen of a task that comes to a point: it is only looked at, and goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// The task.
    pub task: TaskName,
    /// The point.
    pub point: Point,
    /// The locks that it holds, the first taken first, where the kernel has lockdep.
    pub locks: Vec<String>,
    /// The functions that it is in, the innermost first.
    pub functions: Vec<String>,
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
    /// The task came to a point that is watched.
    Seen(Sight),
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
    /// The schedule that a run chose for itself; empty if it followed one.
    pub explored: Vec<Segment>,
}

impl Log {
    /// The kernel died, or its tasks never go on: the segment under way ends with it.
    pub fn ends_here(&mut self) {
        if let Some(end) = self.under_way.and_then(|at| self.segments.get_mut(at))
            && *end == SegmentEnd::CutOff
        {
            *end = SegmentEnd::Last;
        }
    }

    /// The first segment that this kernel has no way to follow.
    pub fn impossible(&self) -> Option<(usize, SegmentEnd)> {
        let is_it = |end: &SegmentEnd| matches!(end, SegmentEnd::NoPlace | SegmentEnd::MayNotSleep);
        self.segments.iter().copied().enumerate().find(|(_, end)| is_it(end))
    }

    /// The first segment that was not followed, and how it ended. What the model cannot do either is followed: a
    /// segment of a task that has ended means nothing.
    pub fn first_unfollowed(&self, model: &[SegmentEnd]) -> Option<(usize, SegmentEnd)> {
        let ends = self.segments.iter().copied().enumerate();
        ends.into_iter().find(|(at, end)| end.is_dead() && model.get(*at) != Some(end))
    }

    /// Whether every segment was followed that the model could follow: what the kernel shows is shown under the whole
    /// schedule, and no task stands still because the schedule has not come to it yet.
    pub fn is_whole(&self, model: &[SegmentEnd]) -> bool {
        let could = |at: usize| model.get(at).is_none_or(|end| !end.is_dead());
        self.segments.iter().enumerate().all(|(at, end)| !(end.is_dead() && could(at)))
    }

    /// How many segments were followed.
    pub fn followed(&self, model: &[SegmentEnd]) -> usize {
        let ends = self.segments.iter().enumerate();
        let is_as_in_model = |at: usize, end: SegmentEnd| match model.get(at) {
            Some(model) => end == *model || end == SegmentEnd::Last,
            None => !end.is_dead(),
        };
        ends.filter(|(at, end)| is_as_in_model(*at, **end)).count()
    }
}
