//! What is new to a search: states that last and states that pass, told apart by the objects they are of.

use super::*;
use crate::event::{Errno, Handle, LockClass, LockName, Mode, Module, Subject, Trap, What};

const INSTANCE: Subject = Subject::Devlink(Handle::Netdevsim0);

#[test]
fn the_same_trace_is_new_only_once() {
    let trace = Trace::of([(0, What::Alloc(INSTANCE)), (0, What::Visible(INSTANCE))]);
    let mut novelty = Novelty::default();
    assert_eq!(novelty.observe(&trace), New { lasting: Some(0), passing: true });
    assert_eq!(novelty.observe(&trace), New::default());
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

/// How many states a trace comes to.
fn states(events: &[What]) -> u64 {
    let mut novelty = Novelty::default();
    novelty.observe(&Trace::of(events.iter().map(|what| (0, *what))));
    novelty.states()
}

#[test]
fn what_ends_leads_back_to_a_known_state() {
    let [alloc, ready, visible] = [What::Alloc, What::Ready, What::Visible].map(|what| what(INSTANCE));
    let shown = [alloc, ready, visible];
    assert_eq!(states(&[&shown[..], &[What::Hidden(INSTANCE)]].concat()), states(&shown));
    let gone = [&shown[..], &[What::Free(INSTANCE)]].concat();
    assert_eq!(states(&[&gone[..], &shown].concat()), states(&gone), "all of it went");
    let eswitch = Subject::Eswitch(Handle::Netdevsim0);
    let set = [alloc, What::Set(eswitch, 0, 1), What::Set(eswitch, 1, 2)];
    assert_eq!(states(&[&set[..], &[What::Set(eswitch, 2, 1)]].concat()), states(&set));
    assert!(states(&set) > states(&set[..2]));
}

#[test]
fn anything_is_new_that_lasts_or_passes() {
    let new = |lasting, passing| New { lasting, passing }.any();
    assert_eq!([new(None, false), new(Some(0), false), new(None, true)], [false, true, true]);
}

#[test]
fn an_error_in_a_known_state_is_new() {
    let mut novelty = Novelty::default();
    novelty.observe(&Trace::of([(0, What::Alloc(INSTANCE))]));
    let refused = Trace::of([(0, What::Alloc(INSTANCE)), (0, What::End(0, Some(Errno::EBUSY)))]);
    assert_eq!(novelty.observe(&refused), New { lasting: None, passing: true });
    assert_eq!(novelty.observe(&refused), New::default());
}

/// What is new in a trace to a search that has seen some.
fn new<const N: usize>(seen: &[&[What]], events: [What; N]) -> New {
    let mut novelty = Novelty::default();
    for events in seen {
        novelty.observe(&Trace::of(events.iter().map(|what| (0, *what))));
    }
    novelty.observe(&Trace::of(events.map(|what| (0, what))))
}

#[test]
fn what_lasts_is_told_apart_from_what_passes() {
    let [alloc, ready, visible, hidden] =
        [What::Alloc, What::Ready, What::Visible, What::Hidden].map(|what| what(INSTANCE));
    let lock = LockName { class: LockClass::Devlink, of: INSTANCE };
    let [taken, left] = [What::Acquire(lock, Mode::Write), What::Release(lock, Mode::Write)];
    let passes = New { lasting: None, passing: true };
    assert_eq!(new(&[&[alloc]], [alloc, taken]), passes);
    assert_eq!(new(&[&[alloc, ready]], [alloc, taken, left, ready]), passes);
    assert_eq!(new(&[&[alloc, visible], &[alloc, ready]], [alloc, visible, hidden, ready]), passes);
    let lasts = New { lasting: Some(0), passing: true };
    assert_eq!(new(&[&[alloc, visible, ready]], [alloc, visible, hidden, ready]), lasts);
    assert_eq!(new(&[&[alloc, visible, ready]], [alloc, visible, hidden, visible, ready]), passes);
}

#[test]
fn an_end_takes_along_what_is_of_the_object_and_nothing_else() {
    let [one, two] =
        [Trap::BlackholeRoute, Trap::TailDrop].map(|trap| Subject::Trap(Handle::Netdevsim0, trap));
    assert_eq!(states(&[What::Add(one), What::Add(two), What::Remove(one), What::Add(one)]), 3);
    let set = |from, to| What::Set(one, from, to);
    let again = [What::Add(one), set(0, 1), set(1, 2), What::Remove(one), What::Add(one), set(0, 2)];
    assert_eq!(states(&again), 4, "with each of two values, with none, and not there");
}

#[test]
fn modules_that_are_gone_are_told_apart() {
    let [one, two] = [Module::Netdevsim, Module::Mtty].map(What::ModuleGone);
    assert_eq!((states(&[one]), states(&[one, two])), (1, 2));
}

#[test]
fn what_is_reached_has_a_number_of_its_own() {
    let [one, two] = [1, 2].map(|number| Reached::State(number).number());
    let others = [Reached::Lasting(0, 1), Reached::Step(1)].map(Reached::number);
    let mut all = [&[one, two][..], &others].concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 4);
    assert_eq!(Reached::State(1).number(), one);
}
