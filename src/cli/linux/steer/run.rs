//! One program that is followed: who the tasks are, what stops them where, and where each is parked.

use super::symbols::{BUILT_IN, Symbols};
use super::tracer::Order;
use std::collections::HashMap;
use std::ops::Range;
use unreg::event::{Point, QueueName};
use unreg::linux::steer::place::{self, Place};
use unreg::linux::steer::sleep;
use unreg::linux::steer::turns::{Turns, Verdict};
use unreg::linux::steer::{Entry, Log, Sight};

/// What an address means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    /// The task comes to a point, if its command comes to it here.
    Point(Point, Option<&'static Place>),
    /// A worker begins the work of a queue.
    WorkBegins(QueueName),
    /// The worker has ended it.
    WorkEnds,
    /// The task goes to sleep.
    Sleeps,
    /// The task has unlocked a lock that others wait for.
    Unlocked,
    /// The kernel begins to complain.
    Complains,
    /// The task comes to a point that is only looked at, if its command comes to it here.
    Watched(Point, &'static Place),
}

/// Functions that every complaint of a kind goes through.
const COMPLAINTS: &[&str] = &["__warn", "kasan_report", "debug_locks_off", "panic"];

/// Functions that unlock a lock that others wait for.
const UNLOCKS: &[&str] = &["__mutex_unlock_slowpath", "rwsem_wake"];

#[derive(Debug)]
pub(super) struct Run {
    turns: Turns,
    /// The points that the schedule names.
    points: Vec<Point>,
    /// The points at which each task is looked at.
    watched: Vec<Point>,
    queues: Vec<QueueName>,
    /// The names of each task's commands, and which of them is under way.
    commands: Vec<(Vec<&'static str>, usize)>,
    /// The number of each task, by its `task_struct`.
    tasks: HashMap<u64, usize>,
    /// What each address means.
    spots: HashMap<u64, Vec<Item>>,
    /// Where each parked task asks, and how many items of that address it has seen.
    parked: HashMap<usize, (u64, usize)>,
    /// Where each sleeping task is stopped when it wakes.
    wakes: HashMap<usize, u64>,
}

impl Run {
    pub(super) fn new(order: &Order, symbols: &Symbols) -> Run {
        let workers = order.queues.iter().flat_map(|queue| queue.workers());
        let tasks = order.tasks.iter().chain(workers).copied();
        let mut points: Vec<Point> =
            order.schedule.iter().filter_map(|segment| segment.until.map(|(point, _)| point)).collect();
        if order.explore.is_some() {
            points = Point::ALL.iter().copied().filter(|point| symbols.has_place(*point)).collect();
        }
        points.sort_unstable_by_key(|point| (place::rank(*point), *point));
        points.dedup();
        let turns = match &order.explore {
            Some(explore) => Turns::exploring(tasks, explore.clone()),
            None => Turns::new(tasks, &order.schedule, |point| symbols.has_place(point)),
        };
        let commands = order.commands.iter().map(|names| (names.clone(), 0)).collect();
        let (tasks, spots, parked, wakes) = Default::default();
        let (watched, queues) = (order.watched.clone(), order.queues.clone());
        Run { turns, points, watched, queues, commands, tasks, spots, parked, wakes }
    }

    /// What to stop at in a module's text, by offset.
    pub(super) fn items(&self, module: &str, symbols: &Symbols) -> Vec<(u64, Item)> {
        let mut items = Vec::new();
        for (work, spot) in symbols.work() {
            if !self.queues.contains(&work.queue) {
                continue;
            }
            if work.module.unwrap_or(BUILT_IN) == module && spot.what {
                items.push((spot.address, Item::WorkBegins(work.queue)));
                items.push((spot.address, Item::Point(Point::WorkStart, None)));
            } else if work.module.unwrap_or(BUILT_IN) == module {
                items.push((spot.address, Item::Point(Point::WorkEnd, None)));
                items.push((spot.address, Item::WorkEnds));
            }
        }
        for point in &self.points {
            let own = symbols.spots_in(module, *point);
            items.extend(own.map(|(place, spot)| (spot.address, Item::Point(spot.what, Some(place)))));
        }
        for point in &self.watched {
            let own = symbols.spots_in(module, *point);
            items.extend(own.map(|(place, spot)| (spot.address, Item::Watched(spot.what, place))));
        }
        if module == BUILT_IN {
            let complaints = COMPLAINTS.iter().filter_map(|function| symbols.kernel(function).ok());
            items.extend(complaints.map(|address| (address, Item::Complains)));
            let unlocks = UNLOCKS.iter().flat_map(|function| symbols.returns(function));
            items.extend(unlocks.map(|address| (address, Item::Unlocked)));
        }
        items
    }

    /// An address means this too.
    pub(super) fn add(&mut self, address: u64, item: Item) {
        self.spots.entry(address).or_default().push(item);
    }

    /// Every breakpoint that was set for this run, once for each time that it was set.
    pub(super) fn take_spots(&mut self) -> Vec<u64> {
        let spots = std::mem::take(&mut self.spots);
        let set = spots.iter().flat_map(|(address, items)| items.iter().map(|_| *address));
        let wakes = std::mem::take(&mut self.wakes);
        set.chain(wakes.into_values()).collect()
    }

    /// Text goes.
    pub(super) fn forget(&mut self, text: &Range<u64>) {
        self.spots.retain(|address, _| !text.contains(address));
        self.wakes.retain(|_, address| !text.contains(address));
    }

    pub(super) fn note(&mut self, entry: Entry) {
        self.turns.note(entry);
    }

    pub(super) fn trouble(&mut self, text: String) {
        self.turns.note(Entry::Trouble(text));
    }

    /// Whether a parked task may sleep for long.
    pub(super) fn lets_time_pass(&self) -> bool {
        self.turns.lets_time_pass()
    }

    pub(super) fn over(&mut self) {
        self.turns.over();
    }

    pub(super) fn into_log(self) -> Log {
        self.turns.into_log()
    }

    /// The thread with this `task_struct` is the program's task with this number.
    pub(super) fn begins(&mut self, current: u64, task: usize, address: u64) -> Verdict {
        self.tasks.insert(current, task);
        let verdict = self.turns.begins(task);
        self.park(task, address, usize::MAX, verdict)
    }

    /// The thread is about to begin a command.
    pub(super) fn command(&mut self, current: u64, number: u8, address: u64, may_sleep: bool) -> Verdict {
        let Some(task) = self.tasks.get(&current).copied() else { return Verdict::Go };
        if let Some((_, under_way)) = self.commands.get_mut(task) {
            *under_way = number.into();
        }
        let verdict = self.turns.comes_to(task, Point::CommandStart, may_sleep);
        self.park(task, address, usize::MAX, verdict)
    }

    /// The thread waits until the workers that end namespaces are done.
    pub(super) fn awaits(&mut self, current: u64, address: u64) -> Verdict {
        let Some(task) = self.tasks.get(&current).copied() else { return Verdict::Go };
        let verdict = self.turns.awaits(task, QueueName::Netns.workers());
        self.park(task, address, usize::MAX, verdict)
    }

    pub(super) fn ends(&mut self, current: u64) {
        if let Some(task) = self.tasks.remove(&current) {
            self.turns.ends(task);
        }
    }

    /// Whether the thread is parked at this address.
    pub(super) fn is_parked_at(&self, current: u64, address: u64) -> bool {
        let task = self.tasks.get(&current);
        task.is_some_and(|task| self.parked.get(task).is_some_and(|(at, _)| *at == address))
    }

    /// Whether the thread is a task that is looked at where it comes to this address.
    pub(super) fn is_watched(&self, current: u64, address: u64) -> bool {
        let task = self.tasks.get(&current).filter(|task| !self.turns.is_parked(**task));
        task.is_some_and(|task| self.watched_at(*task, address).next().is_some())
    }

    /// Notes which locks the thread holds where it comes to this address, and in which functions it is.
    pub(super) fn look(&mut self, current: u64, address: u64, locks: &[String], functions: &[String]) {
        let Some(task) = self.tasks.get(&current).copied() else { return };
        let points: Vec<Point> = self.watched_at(task, address).collect();
        for point in points {
            let task = self.turns.name(task);
            let (locks, functions) = (locks.to_vec(), functions.to_vec());
            self.note(Entry::Seen(Sight { task, point, locks, functions }));
        }
    }

    fn watched_at(&self, task: usize, address: u64) -> impl Iterator<Item = Point> {
        self.spots.get(&address).into_iter().flatten().filter_map(move |item| match item {
            Item::Watched(point, place) if place.is_by(self.command_of(task)) => Some(*point),
            _ => None,
        })
    }

    /// Whether the thread is one whose sleep counts.
    pub(super) fn would_sleep(&self, current: u64) -> bool {
        self.tasks.get(&current).is_some_and(|task| !self.turns.is_parked(*task))
    }

    /// The thread goes to sleep, with this stack. Returns where it is stopped no more when it wakes, and where instead.
    pub(super) fn sleeps(
        &mut self,
        current: u64,
        names: &[String],
        stack: &[u64],
    ) -> (Option<u64>, Option<u64>) {
        let Some(task) = self.tasks.get(&current).copied() else { return (None, None) };
        let sleep = sleep::classify(names);
        let wake = stack.get(sleep.frame).or(stack.last()).copied();
        self.turns.sleeps(task, sleep);
        let old = match wake {
            Some(wake) => self.wakes.insert(task, wake),
            None => self.wakes.remove(&task),
        };
        (old, wake)
    }

    /// Whether the thread has unlocked what others wait for.
    pub(super) fn unlocks(&self, current: u64, address: u64) -> bool {
        let items = self.spots.get(&address).map_or(&[][..], Vec::as_slice);
        let task = self.tasks.get(&current);
        items.contains(&Item::Unlocked) && task.is_some_and(|task| self.turns.may_hand_over(*task))
    }

    /// Whether an address means this.
    pub(super) fn has(&self, address: u64, item: Item) -> bool {
        self.spots.get(&address).is_some_and(|items| items.contains(&item))
    }

    /// The thread comes to an address: whether it goes on.
    pub(super) fn arrive(&mut self, current: u64, address: u64, may_sleep: bool) -> Verdict {
        let items = self.spots.get(&address).cloned().unwrap_or_default();
        let begins = items.iter().find_map(|item| match item {
            Item::WorkBegins(queue) => Some(*queue),
            _ => None,
        });
        let task = match (self.tasks.get(&current), begins) {
            (Some(task), _) => *task,
            (None, Some(queue)) => {
                let Some(task) = self.turns.idle(queue.workers()) else { return Verdict::Go };
                self.tasks.insert(current, task);
                task
            }
            (None, None) => {
                if items.contains(&Item::Complains)
                    && let Some(turn) = self.turns.turn()
                {
                    self.note(Entry::Complains(self.turns.name(turn)));
                }
                return Verdict::Go;
            }
        };
        let mut seen = 0;
        if self.turns.is_parked(task) {
            match self.parked.get(&task) {
                Some((at, items)) if *at == address => {
                    if self.turns.asks(task) == Verdict::Park {
                        return Verdict::Park;
                    }
                    seen = *items;
                    self.parked.remove(&task);
                }
                // The tick of a parked task comes through here too.
                _ => return Verdict::Go,
            }
        } else if self.wakes.get(&task) == Some(&address) {
            let verdict = self.turns.wakes(task, may_sleep);
            if verdict == Verdict::Park {
                return self.park(task, address, 0, verdict);
            }
        }
        for (index, item) in items.iter().enumerate().skip(seen) {
            let verdict = match item {
                Item::Point(_, Some(place)) if !place.is_by(self.command_of(task)) => Verdict::Go,
                Item::Point(point, _) => {
                    if *point == Point::WorkEnd {
                        self.turns.has_worked(task);
                    }
                    self.turns.comes_to(task, *point, may_sleep)
                }
                Item::WorkBegins(_) => self.turns.begins(task),
                Item::WorkEnds => {
                    self.ends(current);
                    Verdict::Go
                }
                Item::Sleeps | Item::Watched(..) => Verdict::Go,
                Item::Unlocked => self.turns.hands_over(task, may_sleep),
                Item::Complains => {
                    self.note(Entry::Complains(self.turns.name(task)));
                    Verdict::Go
                }
            };
            if verdict == Verdict::Park {
                return self.park(task, address, index + 1, verdict);
            }
        }
        Verdict::Go
    }

    /// The name of a task's command; a worker has none.
    fn command_of(&self, task: usize) -> Option<&'static str> {
        self.commands.get(task).and_then(|(names, under_way)| names.get(*under_way)).copied()
    }

    fn park(&mut self, task: usize, address: u64, seen: usize, verdict: Verdict) -> Verdict {
        if verdict == Verdict::Park {
            self.parked.insert(task, (address, seen));
        }
        verdict
    }
}
