//! Many instances, one task each: under the settled decisions they take as long as one, under a lock of all instances as
//! long as all of them one after the other.

use unreg::invariant::lock::instances_in_parallel::{Measure, measure};
use unreg::program::Program;
use unreg::run::Machine;

const HANDLES: [&str; 5] = ["netdevsim/0", "netdevsim/1", "mlx5/0", "mlx5/1", "mlxsw/0"];
const TASKS: [&str; 5] = ["t1", "t2", "t3", "t4", "admin"];

/// The first `count` instances are made, then all reload at once.
fn reloads(variant: &str, count: usize) -> Measure {
    reloads_of(variant, &HANDLES[..count])
}

/// These instances are made, then all reload at once.
fn reloads_of(variant: &str, handles: &[&str]) -> Measure {
    let mut text = String::from(variant);
    for (task, handle) in TASKS.iter().zip(handles) {
        text += &format!("task {task}\n  driver.probe {handle}\n  devlink.reload {handle}\n");
    }
    let program = Program::parse(&text, "reloads").unwrap_or_else(|errors| panic!("{errors}"));
    measure(Machine::default().run(&program))
}

#[test]
fn instances_reload_in_the_time_of_one() {
    let one = reloads("", 1);
    assert!(one.makespan > 0, "a reload takes time");
    for count in 2..=HANDLES.len() {
        assert_eq!(reloads("", count), Measure { makespan: one.makespan, first_wait: None });
    }
}

#[test]
fn a_lock_of_all_instances_takes_the_time_of_all() {
    let variant = "variant devlink devlink-mutex\n";
    // A driver with auxiliary devices does more under the lock than another.
    let alone = |handle: &&str| reloads_of(variant, &[*handle]).makespan;
    for count in 2..=HANDLES.len() {
        let many = reloads(variant, count);
        assert_eq!(many.makespan, HANDLES[..count].iter().map(alone).sum::<u32>());
        assert!(many.first_wait.is_some());
    }
}
