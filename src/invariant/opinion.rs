//! A second opinion on deadlocks, the order of locks, freed memory and references, derived from raw events.
//!
//! The simulated kernel says itself when tasks wait for each other, when an order of locks can deadlock, when freed memory
//! is used and when a count is dropped too often, and invariants judge by what it says. A bug in that would blind both. This
//! judge reads none of it: only who asks for, takes and releases what, who waits and is woken, and what is got, put,
//! freed and used. [`differs`] compares the two.

use crate::event::{Life, Link, LockClass, LockName, Mode, RUN_TASKS_MAX, Subject, TaskId, Trace, What};
use std::collections::{BTreeMap, BTreeSet};

/// A lock, or what waits like one, told from others of its name.
type Key = (LockName, Life);

/// What raw events say.
#[derive(Debug, Default)]
pub struct Opinion {
    /// The tasks that wait at the end, and for what. No task is left that could wake them.
    pub waiting: BTreeMap<TaskId, LockName>,
    /// Whether locks were asked for in an order that can deadlock.
    pub is_inverted: bool,
    /// Whether an object was used whose memory was freed.
    pub uses_freed: bool,
    /// What no kernel does, whatever its decisions: a fault of the simulation.
    pub fault: Option<String>,
    /// What each task holds at the end.
    held: [Vec<Key>; RUN_TASKS_MAX],
    /// How many different locks there are.
    locks: usize,
}

/// The state that the events are followed with.
#[derive(Debug, Default)]
struct State {
    opinion: Opinion,
    /// What each task waits for.
    waits: [Option<Key>; RUN_TASKS_MAX],
    /// Which locks were asked for while which was held.
    after: BTreeMap<u16, BTreeSet<u16>>,
    /// The locks that a task wrote or asked to. No task waits for one that is only read.
    written: BTreeSet<u16>,
    /// A number for each lock, or for each class of locks that is ordered as one.
    numbers: Vec<Key>,
    /// Each lock that was asked for or held.
    seen: Vec<Key>,
    /// The counts of objects, those that were seen to begin.
    counts: Vec<(Subject, Life, u8)>,
    /// The objects whose count has dropped to nothing: what is got after that keeps no memory.
    ended: Vec<(Subject, Life)>,
    freed: Vec<Life>,
}

impl State {
    fn number(&mut self, (lock, life): Key) -> u16 {
        if !self.seen.contains(&(lock, life)) {
            self.seen.push((lock, life));
        }
        let key = if lock.class.is_ordered_as_one() {
            (LockName { class: lock.class, of: Subject::Kernel }, 0)
        } else {
            (lock, life)
        };
        let known = self.numbers.iter().position(|known| *known == key);
        let at = known.unwrap_or_else(|| {
            self.numbers.push(key);
            self.numbers.len() - 1
        });
        at as u16
    }

    fn fault(&mut self, says: impl FnOnce() -> String) {
        self.opinion.fault.get_or_insert_with(says);
    }

    /// A task asks for a lock with all that it holds.
    fn asks(&mut self, task: usize, key: Key, mode: Mode) {
        let asked = self.number(key);
        if mode == Mode::Write {
            self.written.insert(asked);
        }
        for other in self.opinion.held[task].clone() {
            let held = self.number(other);
            // Two locks of one class that are nested are no order.
            if held != asked || other == key {
                self.after.entry(held).or_default().insert(asked);
            }
        }
    }

    /// Whether a lock is asked for, directly or by others, while it is held, and each of these has a writer.
    fn is_inverted(&self) -> bool {
        let follow = |lock: u16| self.after.get(&lock).into_iter().flatten();
        self.written.iter().any(|start| {
            let (mut seen, mut left) = (BTreeSet::new(), vec![*start]);
            while let Some(next) = left.pop() {
                left.extend(follow(next).filter(|lock| self.written.contains(lock) && seen.insert(**lock)));
            }
            seen.contains(start)
        })
    }

    fn takes(&mut self, task: usize, key: Key, mode: Mode, holders: &mut Vec<(usize, Key, Mode)>) {
        let excludes = |(_, other, held): &(usize, Key, Mode)| {
            *other == key && (mode == Mode::Write || *held == Mode::Write)
        };
        if let Some((holder, ..)) = holders.iter().find(|holder| excludes(holder)) {
            let holder = *holder;
            self.fault(|| format!("task {task} takes {} that task {holder} holds", key.0));
        }
        if mode == Mode::Write {
            // A task that tries a lock does not ask for it.
            let written = self.number(key);
            self.written.insert(written);
        }
        holders.push((task, key, mode));
        self.opinion.held[task].push(key);
    }

    fn lets_go(&mut self, task: usize, key: Key) {
        match self.opinion.held[task].iter().rposition(|held| *held == key) {
            Some(at) => drop(self.opinion.held[task].remove(at)),
            None => self.fault(|| format!("task {task} lets go of {} that it does not hold", key.0)),
        }
    }

    /// A count was raised or dropped to a number.
    fn counts(&mut self, of: Subject, life: Life, by: i8, now: u8) {
        let Some((.., count)) = self.counts.iter_mut().find(|(it, of_life, _)| (*it, *of_life) == (of, life))
        else {
            self.counts.push((of, life, now));
            return;
        };
        let expected = count.saturating_add_signed(by);
        *count = now;
        if now == 0 {
            self.ended.push((of, life));
        }
        if expected != now {
            self.fault(|| format!("the count of {of} is {now} and was to be {expected}"));
        }
    }
}

/// Forms an opinion of a trace with raw events.
pub fn opinion(trace: &Trace) -> Opinion {
    let mut state = State::default();
    let mut holders: Vec<(usize, Key, Mode)> = Vec::new();
    for event in &trace.events {
        let (task, life) = (usize::from(event.task), event.life);
        match event.what {
            What::Ask(lock, mode) => state.asks(task, (lock, life), mode),
            What::Block(lock) => state.waits[task] = Some((lock, life)),
            What::Wake => state.waits[task] = None,
            What::Acquire(lock, mode) => state.takes(task, (lock, life), mode, &mut holders),
            What::Release(lock, mode) => {
                state.lets_go(task, (lock, life));
                let held = holders.iter().position(|holder| *holder == (task, (lock, life), mode));
                held.map(|at| holders.swap_remove(at));
            }
            What::Hold(lock) => state.opinion.held[task].push((lock, life)),
            What::Unhold(lock) => state.lets_go(task, (lock, life)),
            What::Use(_) | What::Uevent(..) if life != 0 => {
                state.opinion.uses_freed |= state.freed.contains(&life);
            }
            What::Alloc(of) => state.counts.push((of, life, 1)),
            // A device that moves is enabled anew, and begins to count its users.
            What::Add(of @ Subject::IbUsers(_)) => {
                state.counts.retain(|(it, its, _)| (*it, *its) != (of, life));
                state.counts.push((of, life, 1));
            }
            What::Get(of, now) => state.counts(of, life, 1, now),
            What::Put(of, now) => state.counts(of, life, -1, now),
            What::Free(of) => {
                state.freed.push(life);
                let is_held =
                    |(it, its, count): &(Subject, Life, u8)| (*it, *its) == (of, life) && *count > 0;
                if state.counts.iter().any(is_held) && !state.ended.contains(&(of, life)) {
                    state.fault(|| format!("{of} is freed with references left"));
                }
            }
            _ => {}
        }
    }
    for (task, wait) in state.waits.iter().enumerate() {
        let Some((lock, life)) = *wait else { continue };
        state.opinion.waiting.insert(task as TaskId, lock);
        // A task that waits for users or work waits for what they do; a lock must be in some task's hands.
        let is_lock = !matches!(
            lock.class,
            LockClass::Users | LockClass::Workqueue | LockClass::TrapReportWork | LockClass::TypeWarnWork
        );
        let is_held = holders.iter().any(|(_, key, _)| *key == (lock, life));
        if is_lock && !is_held {
            state.opinion.fault.get_or_insert_with(|| format!("task {task} waits for {lock}, which is free"));
        }
    }
    state.opinion.is_inverted = state.is_inverted();
    state.opinion.locks = state.seen.len();
    state.opinion
}

/// How many locks of a run the simulation orders.
const ORDERED: usize = 64;

/// Says how what the simulated kernel says of a run differs from what raw events say; none if they agree. The trace must
/// be one of [`run_raw`](crate::run::Machine::run_raw).
pub fn differs(trace: &Trace) -> Option<String> {
    let has = |is_it: fn(What) -> bool| trace.events.iter().any(|event| is_it(event.what));
    let is_numbered = trace.events.iter().all(|event| event.life != Life::MAX);
    if has(|what| what == What::OutOfSteps) || !is_numbered {
        // A run that was cut off waits for what would have come; more objects than there are numbers are one.
        return None;
    }
    let own = opinion(trace);
    if let Some(fault) = own.fault {
        return Some(fault);
    }
    let cycles = trace.events.iter().filter(|event| matches!(event.what, What::Deadlock(_)));
    let mut explained = BTreeSet::new();
    for event in cycles {
        for Link { task, holds, waits, .. } in trace.cycle(event.what) {
            explained.insert(*task);
            if own.waiting.get(task) != Some(waits) {
                return Some(format!("{} is said to wait for {waits}", trace.name(*task)));
            }
            // A cycle of one waits for what no task does any more.
            let is_of_one = trace.cycle(event.what).len() == 1;
            let is_held = own.held[usize::from(*task)].iter().any(|(lock, _)| lock == holds);
            let is_ahead = own.waiting.get(task) == Some(holds);
            if !is_of_one && !is_held && !is_ahead {
                return Some(format!("{} is said to hold {holds}", trace.name(*task)));
            }
        }
    }
    if explained.is_empty() != own.waiting.is_empty() {
        return Some(format!("the tasks that wait are {:?}, and {explained:?} are said to", own.waiting));
    }
    let says = has(|what| matches!(what, What::LockOrder(_)));
    if own.is_inverted != says && (says || own.locks < ORDERED) {
        return Some(format!("an order of locks that can deadlock: {}, and {says} is said", own.is_inverted));
    }
    let says = has(|what| matches!(what, What::UseAfterFree(..)));
    if own.uses_freed != says {
        return Some(format!("freed memory is used: {}, and {says} is said", own.uses_freed));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Handle, IbDevice, Point};

    const A: LockName = LockName { class: LockClass::Rtnl, of: Subject::Kernel };
    const B: LockName = LockName { class: LockClass::PernetOps, of: Subject::Kernel };
    const DEVICE: Subject = Subject::Device(Handle::Netdevsim0);

    fn trace(events: &[(TaskId, What)]) -> Trace {
        Trace::of(events.iter().copied())
    }

    fn takes(task: TaskId, lock: LockName) -> [(TaskId, What); 2] {
        [(task, What::Ask(lock, Mode::Write)), (task, What::Acquire(lock, Mode::Write))]
    }

    fn lets_go(task: TaskId, lock: LockName) -> (TaskId, What) {
        (task, What::Release(lock, Mode::Write))
    }

    #[test]
    fn what_is_freed_with_references_is_a_fault_unless_the_last_one_was_dropped() {
        let life = [(0, What::Alloc(DEVICE)), (0, What::Get(DEVICE, 2)), (0, What::Put(DEVICE, 1))];
        assert!(opinion(&trace(&[&life[..], &[(0, What::Free(DEVICE))]].concat())).fault.is_some());
        // A decision that gets what is about to be freed is a flaw of the decision, and the release goes on.
        let late = [(0, What::Put(DEVICE, 0)), (1, What::Get(DEVICE, 1)), (0, What::Free(DEVICE))];
        assert_eq!(opinion(&trace(&[&life[..], &late].concat())).fault, None);
    }

    #[test]
    fn tasks_that_wait_for_each_other_are_found_without_being_told() {
        let crossed = [
            (0, What::Ask(B, Mode::Write)),
            (0, What::Block(B)),
            (1, What::Ask(A, Mode::Write)),
            (1, What::Block(A)),
        ];
        let trace = trace(&[&takes(0, A)[..], &takes(1, B), &crossed].concat());
        let own = opinion(&trace);
        assert_eq!(own.waiting.len(), 2);
        assert!(own.is_inverted);
        assert!(differs(&trace).is_some(), "the kernel does not say it");
    }

    #[test]
    fn a_task_that_is_woken_does_not_wait() {
        let waits = [(1, What::Ask(A, Mode::Write)), (1, What::Block(A)), lets_go(0, A), (1, What::Wake)];
        let took = [(1, What::Acquire(A, Mode::Write)), lets_go(1, A)];
        let trace = trace(&[&takes(0, A)[..], &waits, &took].concat());
        assert_eq!(differs(&trace), None);
    }

    #[test]
    fn a_wait_for_a_lock_that_is_free_and_two_holders_are_faults() {
        let lost = trace(&[&takes(0, A)[..], &[(1, What::Block(A)), lets_go(0, A)]].concat());
        assert!(opinion(&lost).fault.is_some_and(|fault| fault.contains("which is free")));
        let both = trace(&[takes(0, A), takes(1, A)].concat());
        assert!(opinion(&both).fault.is_some_and(|fault| fault.contains("that task 0 holds")));
        let [read, write] = [Mode::Read, Mode::Write].map(|mode| What::Acquire(A, mode));
        assert_eq!(opinion(&trace(&[(0, read), (1, read)])).fault, None);
        for [first, second] in [[read, write], [write, read]] {
            assert!(opinion(&trace(&[(0, first), (1, second)])).fault.is_some(), "one of them writes");
        }
        assert!(opinion(&trace(&[lets_go(0, A)])).fault.is_some());
    }

    #[test]
    fn an_order_that_is_said_to_be_wrong_must_be() {
        let right = [&takes(0, A)[..], &takes(0, B)].concat();
        assert_eq!(differs(&trace(&right)), None);
        let said = [&right[..], &[(0, What::LockOrder(0))]].concat();
        assert!(differs(&trace(&said)).is_some());
        let back = [&right[..], &[lets_go(0, B), lets_go(0, A)], &takes(1, B), &takes(1, A)].concat();
        assert!(differs(&trace(&back)).is_some(), "nothing is said of it");
        assert_eq!(differs(&trace(&[&back[..], &[(1, What::LockOrder(0))]].concat())), None);
    }

    #[test]
    fn readers_wait_for_no_reader() {
        let reads =
            |task, lock| [(task, What::Ask(lock, Mode::Read)), (task, What::Acquire(lock, Mode::Read))];
        let leaves = |task, lock| (task, What::Release(lock, Mode::Read));
        let nested = |task, outer, inner| {
            [&reads(task, outer)[..], &reads(task, inner), &[leaves(task, inner), leaves(task, outer)]]
                .concat()
        };
        let both = [nested(0, A, B), nested(1, B, A)].concat();
        assert!(!opinion(&trace(&both)).is_inverted);
        assert_eq!(opinion(&trace(&both)).locks, 2, "each counts once");
        let writes = |lock| [&takes(2, lock)[..], &[lets_go(2, lock)]].concat();
        assert!(!opinion(&trace(&[&both[..], &writes(A)].concat())).is_inverted, "no task waits for B");
        assert!(opinion(&trace(&[&both[..], &writes(A), &writes(B)].concat())).is_inverted);
        let tries = |lock| [(2, What::Acquire(lock, Mode::Write)), lets_go(2, lock)];
        assert!(
            opinion(&trace(&[&tries(A)[..], &tries(B), &both].concat())).is_inverted,
            "a lock may be tried"
        );
        let waits = [(2, What::Ask(A, Mode::Write)), (2, What::Block(A)), (3, What::Ask(B, Mode::Write))];
        assert!(opinion(&trace(&[&both[..], &waits].concat())).is_inverted, "or not be had yet");
    }

    #[test]
    fn locks_of_one_class_are_one_and_may_be_nested() {
        let of = |device| LockName { class: LockClass::ClientDataRwsem, of: Subject::Ib(device) };
        let (one, other) = (of(IbDevice::Rxe0), of(IbDevice::Rxe1));
        let first = [&takes(0, one)[..], &takes(0, A), &[lets_go(0, A), lets_go(0, one)]].concat();
        let second = [&takes(1, A)[..], &takes(1, other)].concat();
        assert!(opinion(&trace(&[first, second].concat())).is_inverted);
        let nested = [&takes(0, one)[..], &takes(0, other), &[lets_go(0, other), lets_go(0, one)]].concat();
        let back = [takes(1, other), takes(1, one)].concat();
        assert!(!opinion(&trace(&[nested, back].concat())).is_inverted);
        assert!(opinion(&trace(&[takes(0, one), takes(0, one)].concat())).is_inverted, "it is the same lock");
    }

    #[test]
    fn memory_that_is_used_after_its_end_is_found_and_that_of_the_next_is_not() {
        let life = [(0, 1, What::Alloc(DEVICE)), (0, 1, What::Put(DEVICE, 0)), (0, 1, What::Free(DEVICE))];
        let next = (0, 2, What::Alloc(DEVICE));
        let of = |life: Life| (1, life, What::Use(DEVICE));
        let late = Trace::of_lives(life.into_iter().chain([next, of(1)]));
        assert!(opinion(&late).uses_freed && differs(&late).is_some());
        let said = (1, 1, What::UseAfterFree(DEVICE, Point::RemoveFree, Point::RemoveFree));
        assert_eq!(differs(&Trace::of_lives(life.into_iter().chain([next, of(1), said]))), None);
        assert_eq!(differs(&Trace::of_lives(life.into_iter().chain([next, of(2)]))), None);
        let without_lives = trace(&[(0, What::Free(DEVICE)), (1, What::Use(DEVICE))]);
        assert!(!opinion(&without_lives).uses_freed, "it may be the next one");
    }

    #[test]
    fn a_count_that_jumps_and_memory_that_goes_with_references_are_faults() {
        let jumps = Trace::of_lives([(0, 1, What::Alloc(DEVICE)), (0, 1, What::Get(DEVICE, 3))]);
        assert!(opinion(&jumps).fault.is_some());
        let early = Trace::of_lives([(0, 1, What::Alloc(DEVICE)), (0, 1, What::Free(DEVICE))]);
        assert!(opinion(&early).fault.is_some());
    }

    #[test]
    fn a_task_that_others_wait_for_holds_what_they_wait_for_until_it_is_done() {
        let users = LockName { class: LockClass::Users, of: DEVICE };
        let held = |events: &[(TaskId, What)]| opinion(&trace(events)).held[1].len();
        assert_eq!(held(&[(1, What::Hold(users))]), 1);
        assert_eq!(held(&[(1, What::Hold(users)), (1, What::Unhold(users))]), 0);
        let waits = [(0, What::Ask(users, Mode::Write)), (0, What::Block(users))];
        assert_eq!(opinion(&trace(&waits)).fault, None, "users need not be tasks");
    }

    #[test]
    fn a_task_waits_for_a_lock_that_another_holds() {
        let waits = (1, What::Block(A));
        assert_eq!(opinion(&trace(&[&takes(0, A)[..], &[waits]].concat())).fault, None);
        assert!(opinion(&trace(&[&takes(0, B)[..], &[waits]].concat())).fault.is_some());
    }

    #[test]
    fn a_count_of_users_begins_anew_with_its_device() {
        let [one, other] = [IbDevice::Rxe0, IbDevice::Rxe1].map(Subject::IbUsers);
        let fault = |events: &[What]| {
            let events: Vec<_> = events.iter().map(|what| (0, *what)).collect();
            opinion(&trace(&events)).fault
        };
        assert_eq!(fault(&[What::Add(one), What::Get(one, 2), What::Add(one), What::Get(one, 2)]), None);
        assert!(fault(&[What::Add(one), What::Get(one, 3)]).is_some());
        assert!(fault(&[What::Add(one), What::Add(other), What::Get(one, 3)]).is_some());
    }

    #[test]
    fn what_was_not_seen_to_begin_may_be_freed() {
        let other = Subject::Device(Handle::Netdevsim1);
        assert_eq!(opinion(&trace(&[(0, What::Alloc(other)), (0, What::Free(DEVICE))])).fault, None);
    }

    #[test]
    fn a_run_that_was_cut_off_or_has_too_many_objects_is_not_compared() {
        let late = |life| Trace::of_lives([(0, life, What::Free(DEVICE)), (1, life, What::Use(DEVICE))]);
        assert!(differs(&late(1)).is_some());
        assert_eq!(differs(&late(Life::MAX)), None);
        let mut cut_off = late(1);
        cut_off.push(0, What::OutOfSteps);
        assert_eq!(differs(&cut_off), None);
    }

    /// Two tasks that wait for each other, and what is said of it: what each holds and waits for.
    fn crossed(links: [(LockName, LockName); 2]) -> Trace {
        let waits = [(0, B), (1, A)]
            .map(|(task, lock)| [(task, What::Ask(lock, Mode::Write)), (task, What::Block(lock))])
            .concat();
        let said = [(0, What::LockOrder(0)), (0, What::Deadlock(0))];
        let mut trace = trace(&[&takes(0, A)[..], &takes(1, B), &waits, &said].concat());
        let link = |(task, (holds, waits))| Link { task, holds, waits, at: Point::RemoveFree };
        trace.cycles = vec![[0, 1].into_iter().zip(links).map(link).collect()];
        trace
    }

    #[test]
    fn a_cycle_names_what_each_task_waits_for_and_holds() {
        assert_eq!(differs(&crossed([(A, B), (B, A)])), None);
        let says = |links| differs(&crossed(links)).unwrap_or_default();
        assert!(says([(A, A), (B, A)]).contains("is said to wait for"));
        let third = LockName { class: LockClass::DevlinkMutex, of: Subject::Kernel };
        assert!(says([(third, B), (B, A)]).contains("is said to hold"));
        assert_eq!(says([(B, B), (B, A)]), "", "a task that waits for a lock is ahead of others");
        let mut alone = trace(&[&takes(1, A)[..], &[(0, What::Block(A)), (0, What::Deadlock(0))]].concat());
        alone.cycles = vec![vec![Link { task: 0, holds: third, waits: A, at: Point::RemoveFree }]];
        assert_eq!(differs(&alone), None, "what it waits for comes no more");
    }

    #[test]
    fn an_order_among_more_locks_than_are_ordered_need_not_be_said() {
        let nested = |first, then| [takes(0, first), takes(0, then)].concat();
        let leaves = |first, then| [lets_go(0, then), lets_go(0, first)];
        let inverted = [nested(A, B), leaves(A, B).into(), nested(B, A), leaves(B, A).into()].concat();
        let with = |others: u8| {
            let mut trace = Trace::of_lives((1..=others).flat_map(|life| {
                [(0, life, What::Acquire(A, Mode::Write)), (0, life, What::Release(A, Mode::Write))]
            }));
            inverted.iter().for_each(|(task, what)| trace.push(*task, *what));
            trace
        };
        let (most, more) = (ORDERED as u8 - 3, ORDERED as u8 - 2);
        assert!(differs(&with(most)).is_some());
        assert_eq!(differs(&with(more)), None);
        let mut said = Trace::of_lives((1..=more).map(|life| (0, life, What::Acquire(A, Mode::Read))));
        said.push(0, What::LockOrder(0));
        assert!(differs(&said).is_some(), "what is said must be so");
    }
}
