//! Novelty: which states of the kernel, and which steps from one to the next, a trace reaches for the first time.
//!
//! A state is the set of facts that hold: this object is visible, that lock is held, this function is being
//! run. Its number is the sum of one number a fact, so it does not depend on how the state was reached, and
//! keeping it up to date costs an addition an event. What is freed or unmade takes its facts along.
//!
//! Devices that have nothing to do with each other have states of their own: the state of everything would be
//! new for every combination of what is going on here and there. So have the sorts of parts of one instance, each
//! together with the state of the instance, but not with each other. Instances of one driver look alike, so what was
//! learned of one is not learned again of the other.
//!
//! Most facts are passing: a lock is held, a function runs. Tasks that meet make states of these without end, and among
//! so many the few that a new *lasting* state has would be lost. So lasting states are also counted by themselves.

mod change;

use crate::event::Trace;
pub(super) use change::FAMILIES;
use change::{Change, alike, change, family, hash};
use std::hash::Hash;

/// How many bits of a hash count. 2²² bits are half a megabyte for each of the two maps: they stay in a
/// processor's cache, and a million states still leave three places in four free.
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

/// The facts that hold of one family, each with the object it is about, and the sum of their numbers.
#[derive(Debug, Clone, Default)]
struct State {
    facts: Vec<(u64, u64)>,
    sum: u64,
    /// The sum of the lasting facts alone.
    lasting: u64,
}

/// A number of a fact; the lowest bit says that it lasts when nothing runs.
const LASTING: u64 = 1;

impl State {
    fn clear(&mut self) {
        self.facts.clear();
        (self.sum, self.lasting) = (0, 0);
    }

    fn begin(&mut self, object: u64, fact: u64) {
        if !self.facts.contains(&(object, fact)) {
            self.facts.push((object, fact));
            self.sum = self.sum.wrapping_add(fact);
            self.lasting = self.lasting.wrapping_add(if fact & LASTING == 0 { 0 } else { fact });
        }
    }

    /// Takes a change in, and gives the fact that it is about.
    #[inline]
    fn take(&mut self, object: u64, change: Change) -> u64 {
        match change {
            Change::Begins(fact) => {
                self.begin(object, fact);
                fact
            }
            Change::Ends(fact) => {
                self.end(|_, known| known == fact);
                fact
            }
            Change::EndsAll(fact) => {
                self.end(|known, _| known == object);
                fact
            }
            Change::Turns(from, to) => {
                self.end(|_, known| known == from);
                self.begin(object, to);
                to
            }
            Change::Nothing(fact) => fact,
        }
    }

    fn end(&mut self, gone: impl Fn(u64, u64) -> bool) {
        let State { facts, sum, lasting } = self;
        facts.retain(|&(object, fact)| {
            let ends = gone(object, fact);
            if ends {
                *sum = sum.wrapping_sub(fact);
                *lasting = lasting.wrapping_sub(if fact & LASTING == 0 { 0 } else { fact });
            }
            !ends
        });
    }
}

/// Something that a trace reached or did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reached {
    /// A state of the facts that last, of the family of this number.
    Lasting(usize, u64),
    /// A state of any facts.
    State(u64),
    /// A step from a state.
    Step(u64),
}

impl Reached {
    /// A number of it that is alike in every run and in every process.
    pub fn number(self) -> u64 {
        number(&self)
    }
}

/// A number of anything that is alike in every run and in every process.
pub(super) fn number(value: &impl Hash) -> u64 {
    hash(value)
}

/// Reads off traces which states they reach and which steps they make, and remembers none of it.
#[derive(Debug, Clone)]
pub struct States {
    /// The states of the trace that is being read, a family each.
    current: [State; FAMILIES],
}

impl Default for States {
    fn default() -> Self {
        States { current: std::array::from_fn(|_| State::default()) }
    }
}

impl States {
    /// Tells everything that a trace reaches and does, in its order.
    #[inline]
    pub fn read(&mut self, trace: &Trace, mut tell: impl FnMut(Reached)) {
        self.current.iter_mut().for_each(State::clear);
        for event in &trace.events {
            let Some((subject, change)) = change(event) else { continue };
            let (of, under) = family(subject);
            let around = under.map_or(0, |under| self.current[under].sum.rotate_left(31));
            let around_lasting = under.map_or(0, |under| self.current[under].lasting.rotate_left(31));
            let state = &mut self.current[of];
            let object = hash(&alike(subject));
            let (before, before_lasting) = (state.sum, state.lasting);
            let fact = state.take(object, change);
            let step = (before ^ around).rotate_left(17) ^ hash(&(event.what.verb(), object, fact));
            tell(Reached::Step(step));
            if state.sum != before {
                tell(Reached::State(state.sum ^ around));
            }
            if state.lasting != before_lasting {
                tell(Reached::Lasting(of, state.lasting ^ around_lasting));
            }
        }
    }
}

/// What a search has seen so far.
#[derive(Debug, Clone)]
pub struct Novelty {
    states: Seen,
    lasting: Seen,
    steps: Seen,
    reader: States,
}

/// What of a trace is new.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct New {
    /// It reached a state of the facts that last: one of the family of this number.
    pub lasting: Option<usize>,
    /// It reached a state of any facts, or made a step from one.
    pub passing: bool,
}

impl New {
    /// Whether anything is new.
    pub fn any(self) -> bool {
        self.lasting.is_some() || self.passing
    }
}

impl Default for Novelty {
    fn default() -> Self {
        Novelty { states: Seen::new(), lasting: Seen::new(), steps: Seen::new(), reader: States::default() }
    }
}

impl Novelty {
    /// Takes a trace in, and says what it reached or did that none before it did.
    pub fn observe(&mut self, trace: &Trace) -> New {
        let Novelty { states, lasting, steps, reader } = self;
        let mut new = New::default();
        reader.read(trace, |reached| match reached {
            Reached::Lasting(family, state) => {
                if lasting.insert(state) {
                    new.lasting = Some(family);
                }
            }
            Reached::State(state) => new.passing |= states.insert(state),
            Reached::Step(step) => new.passing |= steps.insert(step),
        });
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

#[cfg(test)]
mod tests;
