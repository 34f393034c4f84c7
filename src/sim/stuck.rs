//! Deadlock, found when no task can run: an event that names the cycle of tasks that wait.

use super::kernel::{Kernel, STEPS_MAX};
use super::lock::LockId;
use super::task::{State, Wait};
use crate::event::{Link, Mode, TaskId, What};

impl Kernel {
    /// At rest, every task that still waits for the kernel is stuck. Each cycle is reported once; a task that
    /// waits for no other task is a cycle of its own.
    pub(super) fn find_deadlocks(&self) {
        if self.steps.get() >= STEPS_MAX {
            return;
        }
        self.at_rest();
        let mut explained = 0u32;
        for task in 0..self.tasks.len() as TaskId {
            if explained & (1 << task) != 0 || !self.state(task).is_stuck() {
                continue;
            }
            let chain = self.chain(task);
            let fresh = chain.iter().all(|task| explained & (1 << task) == 0);
            explained |= chain.iter().fold(1 << task, |mask, task| mask | 1 << task);
            if fresh {
                self.emit_cycle(self.links(&chain), What::Deadlock);
            }
        }
    }

    fn state(&self, task: TaskId) -> State {
        self.tasks[usize::from(task)].state.get()
    }

    /// Follows "waits for" from a task until it meets a task again: the cycle, or the chain to the last task that waits.
    fn chain(&self, from: TaskId) -> Vec<TaskId> {
        let mut chain = vec![from];
        loop {
            let last = chain[chain.len() - 1];
            let blockers = self.blockers(last);
            if let Some(start) = chain.iter().position(|task| blockers.contains(task)) {
                return chain.split_off(start);
            }
            match blockers.into_iter().find(|task| self.state(*task).is_stuck()) {
                Some(next) => chain.push(next),
                None => return vec![last],
            }
        }
    }

    /// The tasks that would have to do something before this one can go on.
    fn blockers(&self, task: TaskId) -> Vec<TaskId> {
        match self.state(task) {
            State::Blocked(Wait::Lock(lock, mode)) => {
                let entry = &self.locks.borrow()[lock.index()];
                let ahead = entry.queue.iter().take_while(|waiter| waiter.0 != task);
                let ahead = ahead.filter(|waiter| mode == Mode::Write || waiter.1 == Mode::Write);
                // Readers do not keep a reader out: only a writer does, at work or ahead in the queue.
                let readers = if mode == Mode::Write { &entry.readers[..] } else { &[] };
                let holders = entry.writer.iter().chain(readers).copied();
                holders.chain(ahead.map(|waiter| waiter.0)).collect()
            }
            State::Blocked(Wait::Flush(queue)) => self.queues.borrow()[queue.index()].busy().collect(),
            State::Blocked(Wait::Item(queue, work)) => {
                self.queues.borrow()[queue.index()].in_item(work).collect()
            }
            State::Blocked(Wait::Users(registration)) => self.users_of(registration),
            _ => Vec::new(),
        }
    }

    /// What a stuck task waits for, in the words of the lock-order graph.
    fn awaited(&self, task: TaskId) -> LockId {
        match self.state(task) {
            State::Blocked(Wait::Lock(lock, _)) => lock,
            State::Blocked(Wait::Flush(queue)) => self.queue_lock(queue),
            State::Blocked(Wait::Item(queue, work)) => self.item_lock(queue, work),
            State::Blocked(Wait::Users(registration)) => self.users_lock(registration),
            State::Blocked(Wait::Kref(kref)) => self.kref_lock(kref),
            state => unreachable!("{state:?} is not stuck"),
        }
    }

    fn links(&self, chain: &[TaskId]) -> Vec<Link> {
        let before = |index: usize| chain[(index + chain.len() - 1) % chain.len()];
        let link = |(index, task): (usize, &TaskId)| Link {
            task: *task,
            holds: self.lock_name(self.awaited(before(index))),
            waits: self.lock_name(self.awaited(*task)),
            at: self.tasks[usize::from(*task)].at.get(),
        };
        chain.iter().enumerate().map(link).collect()
    }
}
