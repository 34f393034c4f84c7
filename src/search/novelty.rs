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

use crate::event::{Event, Handle, Subject, Trace, What};
use std::hash::{Hash, Hasher};

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
}

impl State {
    fn clear(&mut self) {
        self.facts.clear();
        self.sum = 0;
    }

    fn begin(&mut self, object: u64, fact: u64) {
        if !self.facts.contains(&(object, fact)) {
            self.facts.push((object, fact));
            self.sum = self.sum.wrapping_add(fact);
        }
    }

    fn end(&mut self, gone: impl Fn(u64, u64) -> bool) {
        let State { facts, sum } = self;
        facts.retain(|&(object, fact)| {
            let ends = gone(object, fact);
            *sum = if ends { sum.wrapping_sub(fact) } else { *sum };
            !ends
        });
    }
}

/// What a search has seen so far.
#[derive(Debug, Clone)]
pub struct Novelty {
    states: Seen,
    steps: Seen,
    /// The states of the trace that is being read, a family each.
    current: [State; FAMILIES],
}

impl Default for Novelty {
    fn default() -> Self {
        Novelty {
            states: Seen::new(),
            steps: Seen::new(),
            current: std::array::from_fn(|_| State::default()),
        }
    }
}

impl Novelty {
    /// Takes a trace in, and says whether it reached a state or made a step that none before it did.
    pub fn observe(&mut self, trace: &Trace) -> bool {
        self.current.iter_mut().for_each(State::clear);
        let mut new = false;
        for event in &trace.events {
            let Some((subject, change)) = change(event) else { continue };
            let (of, under) = family(subject);
            let around = under.map_or(0, |under| self.current[under].sum.rotate_left(31));
            let state = &mut self.current[of];
            let object = hash(&alike(subject));
            let before = state.sum;
            let fact = match change {
                Change::Begins(fact) => {
                    state.begin(object, fact);
                    fact
                }
                Change::Ends(fact) => {
                    state.end(|_, known| known == fact);
                    fact
                }
                Change::EndsAll(fact) => {
                    state.end(|known, _| known == object);
                    fact
                }
                Change::Turns(from, to) => {
                    state.end(|_, known| known == from);
                    state.begin(object, to);
                    to
                }
                Change::Nothing(fact) => fact,
            };
            let step = (before ^ around).rotate_left(17) ^ hash(&(event.what.verb(), object, fact));
            new |= self.steps.insert(step);
            if state.sum != before {
                new |= self.states.insert(state.sum ^ around);
            }
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
    /// All facts about the object end.
    EndsAll(u64),
    Turns(u64, u64),
    /// It changes none, but that it happens in this state is worth knowing.
    Nothing(u64),
}

/// Sorts of facts, so that an object that is ready does not look like one that is visible.
#[derive(Hash)]
enum Fact {
    Alive,
    Ready,
    Visible,
    Part,
    Value(u8),
    Held,
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

/// How many sorts of parts an instance has whose states are kept apart.
const SORTS: usize = 5;

/// How many states are kept apart: for each devlink instance its own and one a sort of parts, one for mdev, one for
/// ib_core, and one for what belongs to no device.
const FAMILIES: usize = Handle::COUNT * (1 + SORTS) + 3;

/// Which state an object belongs to, and the one around it.
fn family(of: Subject) -> (usize, Option<usize>) {
    const OTHERS: usize = Handle::COUNT * (1 + SORTS);
    if let Some(handle) = of.device() {
        let own = handle.index();
        return match sort(of) {
            None => (own, None),
            Some(sort) => (Handle::COUNT * (1 + sort) + own, Some(own)),
        };
    }
    let other = match of {
        Subject::Parent(_) | Subject::MdevParent(_) | Subject::Child(_) => OTHERS,
        Subject::Kernel | Subject::Module(_) => OTHERS + 2,
        _ => OTHERS + 1,
    };
    (other, None)
}

/// The sort of parts that an object is of; ports and the eswitch are too much of the instance to be apart from it.
fn sort(of: Subject) -> Option<usize> {
    let sort = match of {
        Subject::Trap(..) | Subject::TrapGroup(..) | Subject::TrapPolicer(..) => 0,
        Subject::Region(..) => 1,
        Subject::Param(..) => 2,
        Subject::Rate(..) => 3,
        Subject::Knob(..) => 4,
        _ => return None,
    };
    debug_assert!(sort < SORTS);
    Some(sort)
}

/// The object with the first device of the same driver in place of its own.
fn alike(of: Subject) -> Subject {
    match of.device() {
        Some(Handle::Netdevsim0 | Handle::Netdevsim1) => of.on(Handle::Netdevsim0),
        Some(Handle::Mlx50 | Handle::Mlx51) => of.on(Handle::Mlx50),
        Some(Handle::Mlxsw0) | None => of,
    }
}

/// What an event changes, and of what object; none for events that say nothing of the kernel's state.
#[inline]
fn change(event: &Event) -> Option<(Subject, Change)> {
    use Change::{Begins, Ends, EndsAll, Nothing, Turns};
    let of = |fact: Fact, subject: Subject| hash(&(fact, alike(subject)));
    Some(match event.what {
        What::Alloc(subject) => (subject, Begins(of(Fact::Alive, subject))),
        What::Free(subject) => (subject, EndsAll(of(Fact::Alive, subject))),
        What::Ready(subject) => (subject, Begins(of(Fact::Ready, subject))),
        What::Unready(subject) => (subject, Ends(of(Fact::Ready, subject))),
        What::Visible(subject) => (subject, Begins(of(Fact::Visible, subject))),
        What::Hidden(subject) => (subject, Ends(of(Fact::Visible, subject))),
        What::Add(subject) => (subject, Begins(of(Fact::Part, subject))),
        What::Remove(subject) => (subject, EndsAll(of(Fact::Part, subject))),
        What::Set(subject, from, to) => {
            (subject, Turns(of(Fact::Value(from), subject), of(Fact::Value(to), subject)))
        }
        What::Acquire(lock, mode) => (lock.of, Begins(hash(&(lock.class, mode, of(Fact::Held, lock.of))))),
        What::Release(lock, mode) => (lock.of, Ends(hash(&(lock.class, mode, of(Fact::Held, lock.of))))),
        What::Queue(queue, work) => (Subject::Queue(queue), Begins(hash(&(Fact::Queued, queue, work)))),
        What::Cancel(queue, work) => (Subject::Queue(queue), Ends(hash(&(Fact::Queued, queue, work)))),
        What::WorkBegin(queue, work) => {
            let turns = Turns(hash(&(Fact::Queued, queue, work)), hash(&(Fact::Working, queue, work)));
            (Subject::Queue(queue), turns)
        }
        What::WorkEnd(queue, work) => (Subject::Queue(queue), Ends(hash(&(Fact::Working, queue, work)))),
        What::Enter(span, subject) => (subject, Begins(hash(&(span, of(Fact::Running, subject))))),
        What::Leave(span, subject, _) => (subject, Ends(hash(&(span, of(Fact::Running, subject))))),
        What::Call(callback, subject) => (subject, Begins(hash(&(callback, of(Fact::Calling, subject))))),
        What::Return(callback, subject, _) => (subject, Ends(hash(&(callback, of(Fact::Calling, subject))))),
        What::ModuleGone(module) => (Subject::Module(module), Begins(hash(&(Fact::Gone, module)))),
        // A wait has no event for its end, so it is no fact, but a step like any other.
        What::Block(lock) => (lock.of, Nothing(hash(&lock.class))),
        What::Notify(_, subject, _)
        | What::Uevent(_, subject)
        | What::Seen(_, subject)
        | What::Dumped(subject, _)
        | What::UseAfterFree(subject, ..)
        | What::Underflow(subject, _)
        | What::Leak(subject, _)
        | What::Warn(subject, _) => (subject, Nothing(0)),
        What::TextGone(module, _) => (Subject::Module(module), Nothing(0)),
        What::Deadlock(_) | What::LockOrder(_) => (Subject::Kernel, Nothing(0)),
        What::End(_, Some(errno)) => (Subject::Kernel, Nothing(hash(&errno))),
        What::Begin(_)
        | What::End(_, None)
        | What::Preempt(_)
        | What::AtRest(..)
        | What::Get(..)
        | What::Put(..)
        | What::Console(_)
        | What::Foreign(_)
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
