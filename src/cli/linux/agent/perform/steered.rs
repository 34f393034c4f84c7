//! Commands of several tasks under way at the same time: a thread a task, which a tracer stops and continues.

use super::{Log, Performer, complain};
use crate::cli::linux::agent::report::call;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use unreg::linux::steer::Call;
use unreg::linux::wire::Step;

/// How often the tasks are asked whether they are done, in virtual time.
const TICK: Duration = Duration::from_millis(500);
/// Tasks that have done nothing for so many ticks will never end: longer than the kernel takes to say so itself.
const STUCK: u32 = 540;
/// Virtual time for what the last command left to workers, which the rest of the schedule may stop one after the other.
const REST: Duration = Duration::from_secs(5);

/// Shows the locks that are held, where the kernel keeps books of them.
const SHOW_LOCKS: &[u8] = b"d";

/// How far the tasks are.
#[derive(Debug, Default)]
struct Progress {
    /// How often a command began or ended.
    moves: u32,
    /// How many tasks have ended.
    ended: usize,
}

/// Performs the commands of all tasks; in the error case some task never ends, and this is what the kernel says of
/// its locks.
pub(super) fn perform(performer: &Performer, log: &Arc<Mutex<Log>>, steps: &[Step]) -> Result<(), String> {
    let mut tasks: Vec<u8> = steps.iter().map(|step| step.task).collect();
    tasks.dedup();
    let progress = Arc::new((Mutex::new(Progress::default()), Condvar::new()));
    performer.line.steer();
    let mut threads = Vec::new();
    for task in &tasks {
        let own: Vec<Step> = steps.iter().filter(|step| step.task == *task).cloned().collect();
        let (task, performer) = (*task, performer.for_task(*task));
        let (log, progress) = (Arc::clone(log), Arc::clone(&progress));
        let thread = std::thread::Builder::new().name(format!("task-{task}"));
        let spawned = thread.spawn(move || follow(task, performer, &log, &own, &progress));
        threads.push(spawned.expect("a guest has room for a thread"));
    }
    let is_done = wait(&progress, tasks.len());
    let line = &performer.line;
    if is_done {
        for thread in threads {
            thread.join().expect("no task panics");
        }
        std::thread::sleep(REST);
    }
    complain(line, log);
    line.steer_no_more();
    line.flush();
    if is_done {
        return Ok(());
    }
    let _unwritable = std::fs::write("/proc/sysrq-trigger", SHOW_LOCKS);
    Err(log.lock().expect("no thread panics with it").lines().join("\n"))
}

/// The body of a task's thread.
fn follow(
    task: u8,
    mut performer: Performer,
    log: &Mutex<Log>,
    steps: &[Step],
    progress: &(Mutex<Progress>, Condvar),
) {
    let moved = |ends: bool| {
        let mut now = progress.0.lock().expect("no thread panics with it");
        now.moves += 1;
        now.ended += usize::from(ends);
        progress.1.notify_all();
    };
    call(Call::TaskBegins(task));
    for step in steps {
        call(Call::Command(step.command));
        moved(false);
        performer.step(step);
        complain(&performer.line, log);
    }
    call(Call::TaskEnds);
    moved(true);
}

/// Waits until all tasks have ended; false if some never will.
fn wait(progress: &(Mutex<Progress>, Condvar), tasks: usize) -> bool {
    let mut now = progress.0.lock().expect("no thread panics with it");
    let (mut moves, mut idle) = (now.moves, 0);
    while now.ended < tasks && idle < STUCK {
        now = progress.1.wait_timeout(now, TICK).expect("no thread panics with it").0;
        idle = if now.moves == moves { idle + 1 } else { 0 };
        moves = now.moves;
    }
    now.ended == tasks
}
