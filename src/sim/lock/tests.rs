//! Waiting for a lock's holder, and what is at rest.

use super::*;
use crate::event::TaskName::{T1, T2};
use crate::sim::tests::{DEVICE, HERE, THERE, at, comes, holds, lock, run};
use crate::sim::{Kconfig, Kernel};

#[test]
fn a_completion_waits_until_the_lock_is_unlocked() {
    let trace = run(&[T1, T2], &[(T1, Some(THERE)), (T2, None)], |k| {
        let waits = async move {
            k.wait_for_writer(lock(k)).await;
            k.emit(What::Ready(DEVICE));
        };
        vec![holds(k, Mode::Write), Box::pin(waits)]
    });
    let unlocked = at(&trace, |what| matches!(what, What::Release(_, Mode::Write)));
    assert!(at(&trace, |what| *what == What::Ready(DEVICE)) > unlocked);
}

#[test]
fn a_writer_that_downgrades_lets_readers_in_and_keeps_writers_out() {
    let trace = run(&[T1, T2], &[(T1, Some(HERE)), (T2, None)], |k| {
        let downgrades = async move {
            let held = k.lock(lock(k), THERE).await;
            let _held = k.downgrade(held);
            assert!(k.is_held(lock(k)));
            assert!(k.try_read(lock(k)).is_some() && k.try_write(lock(k)).is_none());
            k.point(HERE).await;
            assert!(k.try_read(lock(k)).is_none(), "a writer waits");
            k.point(THERE).await;
            k.emit(What::Ready(DEVICE));
        };
        vec![Box::pin(downgrades), holds(k, Mode::Write)]
    });
    let second =
        trace.events.iter().position(|event| event.task == 1 && matches!(event.what, What::Acquire(..)));
    assert!(second.expect("the writer gets it") > at(&trace, |what| *what == What::Ready(DEVICE)));
}

/// Whether the kernel is at rest once two tasks have run.
fn is_at_rest(bodies: fn(&Kernel, u8) -> crate::sim::task::Body<'_>) -> bool {
    let mut kernel = Kernel::default();
    kernel.reset(Kconfig::default(), &[T1, T2], &[], None);
    kernel.run(|name| bodies(&kernel, if name == T1 { 1 } else { 2 }));
    kernel.is_at_rest()
}

#[test]
fn a_run_is_at_rest_unless_a_task_is_stuck_or_it_was_cut_off() {
    assert!(is_at_rest(|k, _| holds(k, Mode::Write)));
    assert!(is_at_rest(|k, _| {
        Box::pin(async move { k.uevent_wait(crate::event::Action::Add, DEVICE).await })
    }));
    assert!(!is_at_rest(|k, _| {
        Box::pin(async move {
            let _once = k.lock(lock(k), HERE).await;
            let _twice = k.lock(lock(k), HERE).await;
        })
    }));
    assert!(!is_at_rest(|k, _| comes(k, crate::sim::kernel::STEPS_MAX as usize)));
}
