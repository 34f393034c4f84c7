//! Novelty: which states of the kernel, and which steps from one to the next, a trace reaches for the first time.
//!
//! A state is a sum of one number for each fact that holds: this object is visible, that work is queued, this
//! function is being run. A fact that ends is subtracted, so a state does not depend on how it was reached,
//! and keeping it up to date costs an addition an event.
//!
//! Facts are about lives and who is where. Locks, parts and values are left out: with them nearly every run
//! would be new, and a search that keeps everything prefers nothing. That a part appears, or that a task has
//! to wait, still counts as a step from the state it happens in.

use crate::event::{Event, Subject, Trace, What};
use std::hash::{Hash, Hasher};

/// How many bits of a hash count. 2²² bits are half a megabyte for each of the two maps: they stay in a
/// processor's cache, and a million states still leave three places in four free. Counts are a little low.
const BITS: u32 = 22;

/// A set of hashes, which forgets all but some bits of each.
#[derive(Debug, Clone)]
struct Seen {
    words: Vec<u64>,
    count: u64,
}

impl Seen {
    fn new() -> Self {
        Seen { words: vec![0; 1 << (BITS - 6)], count: 0 }
    }

    /// Adds a hash and says whether it is new.
    #[inline]
    fn insert(&mut self, hash: u64) -> bool {
        // Sums of hashes are best mixed once more; the high bits of a product depend on every bit.
        let index = (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BITS)) as usize;
        let word = &mut self.words[index / 64];
        let bit = 1 << (index % 64);
        let new = *word & bit == 0;
        *word |= bit;
        self.count += u64::from(new);
        new
    }
}

/// What a search has seen so far.
#[derive(Debug, Clone)]
pub struct Novelty {
    states: Seen,
    steps: Seen,
}

impl Default for Novelty {
    fn default() -> Self {
        Novelty { states: Seen::new(), steps: Seen::new() }
    }
}

impl Novelty {
    /// Takes a trace in, and says whether it reached a state or made a step that none before it did.
    pub fn observe(&mut self, trace: &Trace) -> bool {
        let mut state = 0u64;
        let mut new = false;
        for event in &trace.events {
            let Some(change) = change(event) else { continue };
            new |= self.steps.insert(state.rotate_left(17) ^ hash(&event.what));
            state = match change {
                Change::Begins(fact) => state.wrapping_add(fact),
                Change::Ends(fact) => state.wrapping_sub(fact),
                Change::Turns(from, to) => state.wrapping_sub(from).wrapping_add(to),
                Change::Nothing => continue,
            };
            new |= self.states.insert(state);
        }
        new
    }

    /// How many different states have been reached.
    pub fn states(&self) -> u64 {
        self.states.count
    }

    /// How many different steps from a state have been made.
    pub fn steps(&self) -> u64 {
        self.steps.count
    }
}

/// What an event does to the facts.
enum Change {
    Begins(u64),
    Ends(u64),
    Turns(u64, u64),
    /// It changes none, but that it happens in this state is worth knowing.
    Nothing,
}

/// Sorts of facts, so that an object that is ready does not look like one that is visible.
#[derive(Hash)]
enum Fact {
    Alive,
    Ready,
    Visible,
    Queued,
    Working,
    Running,
    Calling,
    Gone,
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What an event changes; none for events that say nothing of the kernel's state.
#[inline]
fn change(event: &Event) -> Option<Change> {
    use Change::{Begins, Ends, Nothing, Turns};
    let of = |fact: Fact, subject: Subject| hash(&(fact, subject));
    Some(match event.what {
        What::Alloc(subject) => Begins(of(Fact::Alive, subject)),
        What::Free(subject) => Ends(of(Fact::Alive, subject)),
        What::Ready(subject) => Begins(of(Fact::Ready, subject)),
        What::Unready(subject) => Ends(of(Fact::Ready, subject)),
        What::Visible(subject) => Begins(of(Fact::Visible, subject)),
        What::Hidden(subject) => Ends(of(Fact::Visible, subject)),
        What::Add(_) | What::Remove(_) | What::Set(..) => Nothing,
        What::Queue(queue, work) => Begins(hash(&(Fact::Queued, queue, work))),
        What::Cancel(queue, work) => Ends(hash(&(Fact::Queued, queue, work))),
        What::WorkBegin(queue, work) => {
            Turns(hash(&(Fact::Queued, queue, work)), hash(&(Fact::Working, queue, work)))
        }
        What::WorkEnd(queue, work) => Ends(hash(&(Fact::Working, queue, work))),
        What::Enter(span, subject) => Begins(hash(&(Fact::Running, span, subject))),
        What::Leave(span, subject, _) => Ends(hash(&(Fact::Running, span, subject))),
        What::Call(callback, subject) => Begins(hash(&(Fact::Calling, callback, subject))),
        What::Return(callback, subject, _) => Ends(hash(&(Fact::Calling, callback, subject))),
        What::ModuleGone(module) => Begins(hash(&(Fact::Gone, module))),
        // A wait has no event for its end, so it is no fact, but a step like any other.
        What::Block(_)
        | What::Notify(..)
        | What::Uevent(..)
        | What::Seen(..)
        | What::Dumped(..)
        | What::UseAfterFree(..)
        | What::Underflow(..)
        | What::TextGone(..)
        | What::Deadlock(_)
        | What::LockOrder(_)
        | What::Leak(..)
        | What::Warn(..)
        | What::End(_, Some(_)) => Nothing,
        What::Begin(_)
        | What::End(_, None)
        | What::Preempt(_)
        | What::Acquire(..)
        | What::Release(..)
        | What::AtRest(..)
        | What::Get(..)
        | What::Put(..)
        | What::OutOfSteps => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Errno, Handle};

    const INSTANCE: Subject = Subject::Devlink(Handle::Netdevsim0);

    #[test]
    fn the_same_trace_is_new_only_once() {
        let trace = Trace::of([(0, What::Alloc(INSTANCE)), (0, What::Visible(INSTANCE))]);
        let mut novelty = Novelty::default();
        assert!(novelty.observe(&trace));
        assert!(!novelty.observe(&trace));
        assert_eq!((novelty.states(), novelty.steps()), (2, 2));
    }

    #[test]
    fn a_state_does_not_depend_on_the_way_to_it() {
        let ready_first = [What::Alloc(INSTANCE), What::Ready(INSTANCE), What::Visible(INSTANCE)];
        let visible_first = [What::Alloc(INSTANCE), What::Visible(INSTANCE), What::Ready(INSTANCE)];
        let mut novelty = Novelty::default();
        novelty.observe(&Trace::of(ready_first.map(|what| (0, what))));
        assert_eq!(novelty.states(), 3);
        novelty.observe(&Trace::of(visible_first.map(|what| (1, what))));
        assert_eq!(novelty.states(), 4, "only visible and not ready is new");
    }

    #[test]
    fn an_error_in_a_known_state_is_new() {
        let mut novelty = Novelty::default();
        novelty.observe(&Trace::of([(0, What::Alloc(INSTANCE))]));
        let refused = Trace::of([(0, What::Alloc(INSTANCE)), (0, What::End(0, Some(Errno::EBUSY)))]);
        assert!(novelty.observe(&refused));
        assert!(!novelty.observe(&refused));
    }
}
