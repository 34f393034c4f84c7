//! A trace: everything that happened in one run, and what its events point to.

use super::{Event, Kinds, Life, Link, SegmentEnd, TaskId, TaskName, What};

/// Everything that happened in one run, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// The events in the order they happened.
    pub events: Vec<Event>,
    /// The names of the tasks, by [`TaskId`].
    pub tasks: Vec<TaskName>,
    /// The cycles that [`What::Deadlock`] and [`What::LockOrder`] point to.
    pub cycles: Vec<Vec<Link>>,
    /// The texts that [`What::Console`], [`What::Sleeps`] and [`What::Foreign`] point to.
    pub texts: Vec<String>,
    /// Which kinds of events are there, so that invariants about others need not look.
    pub kinds: Kinds,
    /// How each segment of the schedule ended, in order; empty if no schedule was followed.
    pub segments: Vec<SegmentEnd>,
    /// How many scheduling steps the run took: points passed.
    pub steps: u32,
}

impl Trace {
    /// Forgets everything but the memory.
    pub fn clear(&mut self) {
        self.events.clear();
        self.tasks.clear();
        self.cycles.clear();
        self.texts.clear();
        self.kinds = Kinds::default();
        self.segments.clear();
        self.steps = 0;
    }

    /// Adds an event at the end.
    #[inline]
    pub fn push(&mut self, task: TaskId, what: What) {
        self.push_of(task, what, 0);
    }

    /// Adds an event about one life of its object.
    #[inline]
    pub fn push_of(&mut self, task: TaskId, what: What, life: Life) {
        self.kinds.insert(what);
        self.events.push(Event { task, life, what });
    }

    /// Keeps a text for [`What::Console`] or [`What::Foreign`] to point to. The last of too many stands for the rest.
    pub fn note(&mut self, text: String) -> u8 {
        let known = self.texts.iter().position(|known| *known == text);
        let index = known.unwrap_or(self.texts.len()).min(usize::from(u8::MAX));
        if index == self.texts.len() {
            self.texts.push(text);
        }
        index as u8
    }

    /// A trace of these events, for tests of invariants. Tasks get the first names there are.
    pub fn of(events: impl IntoIterator<Item = (TaskId, What)>) -> Self {
        let mut trace = Trace { tasks: TaskName::ALL.to_vec(), ..Trace::default() };
        for (task, what) in events {
            trace.push(task, what);
        }
        trace
    }

    /// A trace of events about known lives, for tests of invariants.
    pub fn of_lives(events: impl IntoIterator<Item = (TaskId, Life, What)>) -> Self {
        let mut trace = Trace { tasks: TaskName::ALL.to_vec(), ..Trace::default() };
        for (task, life, what) in events {
            trace.push_of(task, what, life);
        }
        trace
    }

    /// The name of a task.
    pub fn name(&self, task: TaskId) -> TaskName {
        self.tasks[usize::from(task)]
    }
}
