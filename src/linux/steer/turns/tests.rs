//! The turns of small schedules, step by step.

use super::*;
use crate::event::TaskName::{Admin, GidWorker, User};

const POINT: Point = Point::DevlinkLock;

fn turns(segments: &[(TaskName, Option<(Point, u8)>)]) -> Turns {
    let segments: Vec<Segment> =
        segments.iter().map(|(task, until)| Segment { task: *task, until: *until }).collect();
    Turns::new([User, Admin, GidWorker], &segments, |_| true)
}

fn sleep(is_timer: bool) -> Sleep {
    Sleep { is_timer, polls: false, frame: 1, words: "devlink_nl_pre_doit, by mutex_lock".to_string() }
}

/// Both tasks come and are parked.
fn begun(segments: &[(TaskName, Option<(Point, u8)>)]) -> Turns {
    let mut turns = turns(segments);
    assert_eq!([0, 1].map(|task| turns.begins(task)), [Verdict::Park; 2]);
    turns
}

#[test]
fn a_task_runs_until_its_point_and_the_next_segment_follows() {
    let mut turns = begun(&[(Admin, Some((POINT, 2))), (User, None)]);
    assert_eq!(turns.asks(0), Verdict::Park, "the first segment is another task's");
    assert_eq!(turns.asks(1), Verdict::Go);
    assert_eq!(turns.comes_to(1, Point::ReloadDown, true), Verdict::Go);
    assert_eq!(turns.comes_to(1, POINT, true), Verdict::Go, "the first time is not the second");
    assert_eq!(turns.comes_to(1, POINT, true), Verdict::Park);
    assert_eq!(turns.asks(0), Verdict::Park, "it was parked before that turn ended");
    assert_eq!(turns.asks(0), Verdict::Go);
    turns.ends(0);
    assert_eq!(turns.asks(1), Verdict::Park);
    assert_eq!(turns.asks(1), Verdict::Go, "after the last segment every task runs");
    turns.ends(1);
    let log = turns.into_log();
    assert_eq!(log.segments, [SegmentEnd::Reached, SegmentEnd::Ended]);
    assert_eq!(log.followed(&[]), 2);
}

#[test]
fn a_task_that_sleeps_loses_its_turn_when_all_others_have_waited_long_enough() {
    let mut turns = begun(&[(User, Some((POINT, 1))), (Admin, None)]);
    assert_eq!(turns.asks(0), Verdict::Go);
    turns.sleeps(0, sleep(false));
    let polls = (1..1000).find(|_| turns.asks(1) == Verdict::Go).unwrap_or(0);
    assert_eq!(polls, IDLE);
    assert_eq!(turns.wakes(0, true), Verdict::Park, "it wakes out of its turn");
    turns.ends(1);
    assert_eq!(turns.asks(0), Verdict::Park);
    assert_eq!(turns.asks(0), Verdict::Go);
    turns.ends(0);
    let log = turns.into_log();
    assert_eq!(log.segments, [SegmentEnd::BlockedBefore(0), SegmentEnd::Ended]);
    assert!(log.entries.contains(&Entry::Blocks(User, sleep(false).words)));
}

#[test]
fn a_task_that_lets_time_pass_keeps_its_turn_for_longer_and_one_that_wakes_in_time_too() {
    let mut turns = begun(&[(User, None)]);
    assert_eq!(turns.asks(0), Verdict::Go);
    turns.sleeps(0, sleep(true));
    assert!((0..IDLE * 2).all(|_| turns.asks(1) == Verdict::Park));
    assert_eq!(turns.wakes(0, true), Verdict::Go);
    turns.ends(0);
    assert_eq!(turns.into_log().segments, [SegmentEnd::Ended]);
}

#[test]
fn a_segment_whose_task_cannot_run_is_skipped_and_said() {
    let mut turns = begun(&[(GidWorker, None), (User, None), (User, None)]);
    assert_eq!(turns.asks(0), Verdict::Go);
    turns.ends(0);
    assert_eq!((turns.asks(1), turns.asks(1)), (Verdict::Park, Verdict::Go));
    turns.ends(1);
    assert_eq!(turns.into_log().segments, [SegmentEnd::Idle, SegmentEnd::Ended, SegmentEnd::Over]);
}

#[test]
fn a_worker_is_held_at_its_work_until_its_turn() {
    let mut turns = begun(&[(User, None), (GidWorker, None)]);
    assert_eq!(turns.asks(0), Verdict::Go);
    let worker = turns.idle(&[GidWorker]).expect("it is idle");
    assert_eq!(turns.begins(worker), Verdict::Park);
    assert_eq!(turns.idle(&[GidWorker]), None);
    turns.ends(0);
    assert_eq!((turns.asks(worker), turns.asks(worker)), (Verdict::Park, Verdict::Go));
    turns.ends(worker);
    assert_eq!(turns.begins(worker), Verdict::Go, "more work is done in the same turn");
    turns.ends(worker);
    assert_eq!([(); 4].map(|()| turns.asks(1)), [Verdict::Park, Verdict::Go, Verdict::Go, Verdict::Go]);
    turns.ends(1);
    assert_eq!(turns.into_log().segments, [SegmentEnd::Ended, SegmentEnd::Blocked]);
}

#[test]
fn where_the_kernel_may_not_sleep_a_task_goes_on_and_it_is_said() {
    let mut turns = begun(&[(User, Some((POINT, 1)))]);
    assert_eq!(turns.asks(0), Verdict::Go);
    assert_eq!(turns.comes_to(0, POINT, false), Verdict::Go);
    turns.ends(0);
    let log = turns.into_log();
    assert_eq!((log.followed(&[]), &log.segments[..]), (0, &[SegmentEnd::MayNotSleep][..]));
    assert!(log.entries.contains(&Entry::MayNotSleep(User, POINT.name().to_string())));
}

#[test]
fn a_point_without_a_place_is_said_and_when_all_is_over_nothing_is_held() {
    let segments = [Segment { task: User, until: Some((POINT, 1)) }];
    let mut turns = Turns::new([User], &segments, |_| false);
    assert_eq!(turns.begins(0), Verdict::Park);
    turns.over();
    assert_eq!(turns.asks(0), Verdict::Go);
    assert_eq!(turns.comes_to(0, POINT, true), Verdict::Go);
    let log = turns.into_log();
    assert_eq!((log.followed(&[]), log.segments), (0, vec![SegmentEnd::NoPlace]));
}

#[test]
fn a_task_that_looks_again_and_again_is_blocked_too() {
    let mut turns = begun(&[(User, None), (Admin, None)]);
    assert_eq!(turns.asks(0), Verdict::Go);
    let blocks = (0..IDLE).any(|_| {
        turns.sleeps(0, sleep(false));
        let goes = turns.asks(1) == Verdict::Go;
        assert!(goes || turns.wakes(0, true) == Verdict::Go);
        goes
    });
    assert!(blocks, "each look counts");
}

#[test]
fn a_task_that_looks_again_and_again_is_blocked_however_it_sleeps_between_its_looks() {
    let mut turns = begun(&[(User, None), (Admin, None)]);
    assert_eq!(turns.asks(0), Verdict::Go);
    let look = |by: &str| Sleep { polls: true, words: format!("it looks, by {by}"), ..sleep(false) };
    let blocks = (0..IDLE).any(|round| {
        turns.sleeps(0, look(if round % 2 == 0 { "msleep" } else { "rcu_barrier" }));
        assert_eq!(turns.asks(1), Verdict::Park);
        turns.turn().is_none() || turns.wakes(0, true) == Verdict::Park
    });
    assert!(blocks, "the ways in which it sleeps are one wait");
    let mut turns = begun(&[(User, None), (Admin, None)]);
    assert_eq!(turns.asks(0), Verdict::Go);
    turns.sleeps(0, look("msleep"));
    assert_eq!(
        turns.hands_over(0, true),
        Verdict::Go,
        "no other task waits for what it unlocks when it looks"
    );
}

#[test]
fn a_task_that_awaits_workers_is_blocked_while_they_have_work_and_no_longer() {
    let mut turns = begun(&[(User, None), (Admin, None)]);
    assert_eq!(turns.asks(0), Verdict::Go);
    assert_eq!(turns.awaits(0, &[GidWorker]), Verdict::Park);
    assert_eq!(turns.begins(2), Verdict::Park);
    assert_eq!(turns.asks(0), Verdict::Park, "the worker has work");
    assert_eq!((turns.asks(1), turns.asks(1)), (Verdict::Park, Verdict::Go));
    turns.ends(1);
    assert_eq!(
        (turns.asks(2), turns.asks(2)),
        (Verdict::Park, Verdict::Go),
        "the one that awaits cannot run"
    );
    turns.has_worked(2);
    turns.ends(2);
    let verdicts = [(); 6].map(|()| turns.asks(0));
    assert!(verdicts.contains(&Verdict::Go), "{verdicts:?}");
    turns.ends(0);
    assert_eq!(turns.into_log().segments, [SegmentEnd::Blocked, SegmentEnd::Ended]);
}

#[test]
fn a_task_that_awaits_a_worker_goes_on_when_the_work_is_done_and_waits_for_what_comes_later() {
    let mut turns = begun(&[(User, None), (Admin, None)]);
    assert_eq!(turns.asks(0), Verdict::Go);
    assert_eq!(turns.awaits(0, &[GidWorker]), Verdict::Park);
    assert_eq!(turns.begins(2), Verdict::Park);
    assert!(!turns.is_runnable(0));
    turns.has_worked(2);
    assert!(turns.is_runnable(0), "the worker need not have returned");
    assert_eq!(turns.awaits(1, &[GidWorker]), Verdict::Park);
    turns.ends(2);
    assert!(!turns.is_runnable(1), "the work that it awaits was not that");
}

#[test]
fn a_task_that_awaits_workers_gives_their_work_time_to_come() {
    let mut turns = begun(&[(User, None), (Admin, None)]);
    assert_eq!(turns.asks(0), Verdict::Go);
    assert_eq!(turns.awaits(0, &[GidWorker]), Verdict::Park);
    let polls = (0..1000).find(|_| turns.asks(0) == Verdict::Go);
    assert_eq!(polls, Some(IDLE), "no work came");
    assert_eq!(turns.awaits(0, &[GidWorker]), Verdict::Park);
    assert_eq!((turns.asks(0), turns.begins(2)), (Verdict::Park, Verdict::Park));
    assert_eq!((turns.asks(0), turns.asks(1), turns.asks(1)), (Verdict::Park, Verdict::Park, Verdict::Go));
    turns.ends(1);
    turns.ends(0);
    assert_eq!(turns.into_log().segments, [SegmentEnd::Blocked, SegmentEnd::Ended]);
}

#[test]
fn a_task_that_unlocks_what_another_waits_for_lets_it_have_the_lock_and_goes_on() {
    let mut turns = begun(&[(User, None), (Admin, None)]);
    assert_eq!(turns.asks(0), Verdict::Go);
    assert_eq!(turns.hands_over(0, true), Verdict::Go, "no task waits");
    turns.sleeps(0, sleep(false));
    assert!((0..IDLE).any(|_| turns.asks(1) == Verdict::Go));
    assert_eq!(turns.hands_over(1, true), Verdict::Park);
    assert_eq!(turns.wakes(0, true), Verdict::Park, "it has the lock and waits for its turn");
    assert_eq!(turns.asks(1), Verdict::Go);
}

#[test]
fn a_task_that_comes_to_one_point_again_and_again_between_its_sleeps_is_blocked_too() {
    let mut turns = begun(&[(User, None), (Admin, None)]);
    assert_eq!(turns.asks(0), Verdict::Go);
    let blocks = (0..IDLE * 2).any(|_| {
        assert_eq!(turns.comes_to(0, Point::NetdevWait, true), Verdict::Go);
        turns.sleeps(0, sleep(false));
        let goes = turns.asks(1) == Verdict::Go;
        assert!(goes || turns.wakes(0, true) == Verdict::Go);
        goes
    });
    assert!(blocks, "each look counts");
}
