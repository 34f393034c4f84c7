//! A schedule as a patch of the kernel's source: a task of a name sleeps where the schedule holds it, so that a maintainer can
//! show the race without a tracer.
//!
//! Each segment of a schedule gets a slot of time. A task that is held at a place sleeps there until the slot in which it
//! goes on, and a task that begins later sleeps before its first command.

use crate::event::Point;
use crate::program::Program;
use std::fmt::Write;

/// The length of a slot in seconds: much longer than what a task does in it.
pub const SLOT: u32 = 2;
/// A file that the patch adds to the source.
pub const HEADER_FILE: &str = "include/linux/unreg_delay.h";
/// What is in it.
pub const HEADER: &str = r#"/* SPDX-License-Identifier: GPL-2.0 */
/* Shows a race: a task of this name, or a child of one, sleeps here. Not to be merged. */
#ifndef _LINUX_UNREG_DELAY_H
#define _LINUX_UNREG_DELAY_H

#include <linux/delay.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/string.h>

struct unreg_delay {
	const char *task, *where;
	int nth, *times;
	unsigned int ms;
};

static inline int unreg_delay(const struct unreg_delay *delay)
{
	if (strcmp(current->comm, delay->task) && strcmp(current->real_parent->comm, delay->task))
		return 0;
	if (++*delay->times == delay->nth) {
		pr_notice("unreg: %s sleeps in %s\n", delay->task, delay->where);
		msleep(delay->ms);
	}
	return 0;
}

static inline void unreg_delay_end(const struct unreg_delay *delay)
{
	unreg_delay(delay);
}

/* The task sleeps here when it comes for the n-th time. */
#define UNREG_DELAY(name, n, msec) ({ static int __times;					\
	unreg_delay(&(const struct unreg_delay){ .task = name, .where = __func__, .nth = n,	\
						 .times = &__times, .ms = msec }); })
/* The task sleeps where this block ends. */
#define UNREG_DELAY_END(name, n, msec) static int __times;					\
	const struct unreg_delay __end __attribute__((cleanup(unreg_delay_end))) =		\
		{ .task = name, .where = __func__, .nth = n, .times = &__times, .ms = msec }

#endif
"#;

/// Where a task sleeps, as a schedule says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The task's name.
    pub task: String,
    /// Where.
    pub point: Point,
    /// When it comes there for the n-th time.
    pub nth: u32,
    /// For how many slots.
    pub slots: u32,
}

/// What a program's schedule is in time: the slot in which each task begins, in the order of the tasks, and where tasks
/// sleep. In the error case a task has no program, as workers have none.
pub fn timetable(program: &Program) -> Result<(Vec<u32>, Vec<Hold>), String> {
    let number = |at: usize| at as u32;
    let schedule = &program.schedule;
    let of = |name| schedule.iter().position(|segment| segment.task == name).map(number);
    let mut rest = number(schedule.len());
    let mut starts = Vec::new();
    for task in &program.tasks {
        starts.push(of(task.name).unwrap_or_else(|| {
            rest += 1;
            rest - 1
        }));
    }
    let mut holds = Vec::new();
    for (at, segment) in schedule.iter().enumerate() {
        let Some((point, nth)) = segment.until else { continue };
        if program.tasks.iter().all(|task| task.name != segment.task) {
            return Err(format!("`{segment}`: {} is no task of the program", segment.task));
        }
        let later = schedule[at + 1..].iter().position(|later| later.task == segment.task);
        let slots = later.map_or(schedule.len() - at, |later| later + 1);
        let (task, nth) = (segment.task.to_string(), u32::from(nth.max(1)));
        holds.push(Hold { task, point, nth, slots: number(slots) });
    }
    Ok((starts, holds))
}

/// How a task sleeps at a line of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// In the function that begins there, before all else.
    Entry,
    /// In the function that begins there, after all else.
    Return,
    /// Before the call of this function there.
    Before(String),
    /// After the call of this function there.
    After(String),
}

/// A change of a file of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The line, from 1 on.
    pub line: usize,
    /// What is done there.
    pub how: How,
    /// Where the task sleeps, and for how long.
    pub hold: Hold,
}

/// Changes the text of a file. In the error case a place is not in the text as it should be.
pub fn edit(text: &str, stops: &[Stop]) -> Result<String, String> {
    let mut stops: Vec<&Stop> = stops.iter().collect();
    // From the end on, so that no change moves the place of the next.
    stops.sort_by_key(|stop| std::cmp::Reverse(stop.line));
    let mut text = text.to_string();
    for stop in stops {
        let Hold { task, nth, slots, .. } = &stop.hold;
        let arguments = format!("\"{task}\", {nth}, {}", slots * SLOT * 1000);
        text = match &stop.how {
            How::Entry => at_brace(
                &text,
                stop.line,
                &format!("\tint __start __maybe_unused = UNREG_DELAY({arguments});\n"),
            ),
            How::Return => at_brace(&text, stop.line, &format!("\tUNREG_DELAY_END({arguments});\n")),
            How::Before(callee) => around(&text, stop.line, callee, &format!("UNREG_DELAY({arguments})")),
            How::After(callee) => around(&text, stop.line, callee, &format!("UNREG_DELAY_END({arguments})")),
        }?;
    }
    let include = text.find("#include ").ok_or("the file includes nothing")?;
    text.insert_str(include, "#include <linux/unreg_delay.h>\n");
    Ok(text)
}

/// The byte at which a line begins.
fn start(text: &str, line: usize) -> Option<usize> {
    let mut starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    starts.nth(line.checked_sub(1)?)
}

/// Puts a declaration behind the brace that begins the body of the function of a line.
fn at_brace(text: &str, line: usize, declaration: &str) -> Result<String, String> {
    let none = || format!("no function begins in line {line}");
    let from = start(text, line).ok_or_else(none)?;
    // The line is that of the name or of the brace itself.
    let brace = if text[from..].starts_with("{\n") {
        from
    } else {
        from + text[from..].find("\n{\n").ok_or_else(none)? + 1
    };
    let (before, after) = text.split_at(brace + 2);
    Ok(format!("{before}{declaration}{after}"))
}

/// Makes the call in or near a line a block that sleeps too. The block has the value of the call.
fn around(text: &str, line: usize, callee: &str, delay: &str) -> Result<String, String> {
    let none = || format!("no call of {callee} in line {line}");
    let from = start(text, line).ok_or_else(none)?;
    let call = format!("{callee}(");
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut calls = text[from..].match_indices(&call).map(|(at, _)| from + at);
    let at = calls.find(|at| !text[..*at].ends_with(is_name)).ok_or_else(none)?;
    if text[from..at].matches('\n').count() > NEAR {
        return Err(none());
    }
    let mut depth = 0_usize;
    let inside = |letter: char| {
        depth = match letter {
            '(' => depth + 1,
            ')' => depth.saturating_sub(1),
            _ => depth,
        };
        letter == ')' && depth == 0
    };
    let end = at + text[at..].find(inside).ok_or_else(none)? + 1;
    let mut out = String::new();
    let _ = write!(out, "{}({{ {delay}; {}; }}){}", &text[..at], &text[at..end], &text[end..]);
    Ok(out)
}

/// A call may begin so many lines after the line that the compiler names.
const NEAR: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "\
#include <linux/a.h>

static int f(struct a *a,
	     int b)
{
	int c = 0;

	if (c)
		mutex_lock(&a->b[g(c)]);
	return xmutex_lock(a) + wait(a);
}
";

    fn stop(line: usize, how: How) -> Stop {
        let hold = Hold { task: "user".to_string(), point: Point::CommandStart, nth: 2, slots: 1 };
        Stop { line, how, hold }
    }

    #[test]
    fn a_task_sleeps_where_a_function_begins_or_ends() {
        let entry = edit(SOURCE, &[stop(3, How::Entry)]).expect("it has a place");
        assert!(
            entry.contains("{\n\tint __start __maybe_unused = UNREG_DELAY(\"user\", 2, 2000);\n\tint c"),
            "{entry}"
        );
        assert!(entry.starts_with("#include <linux/unreg_delay.h>\n#include <linux/a.h>\n"));
        let end = edit(SOURCE, &[stop(5, How::Return)]).expect("it has a place");
        assert!(end.contains("{\n\tUNREG_DELAY_END(\"user\", 2, 2000);\n\tint c"), "{end}");
        assert!(edit(SOURCE, &[stop(30, How::Entry)]).is_err());
    }

    #[test]
    fn a_call_becomes_a_block_with_its_value() {
        let before = edit(SOURCE, &[stop(9, How::Before("mutex_lock".to_string()))]).expect("it is there");
        assert!(
            before.contains("\t\t({ UNREG_DELAY(\"user\", 2, 2000); mutex_lock(&a->b[g(c)]); });\n"),
            "{before}"
        );
        let after = edit(SOURCE, &[stop(10, How::After("wait".to_string()))]).expect("it is there");
        assert!(after.contains("+ ({ UNREG_DELAY_END(\"user\", 2, 2000); wait(a); });"), "{after}");
        let none = edit(SOURCE, &[stop(10, How::Before("mutex_lock".to_string()))]);
        assert_eq!(none, Err("no call of mutex_lock in line 10".to_string()), "another function ends alike");
    }

    #[test]
    fn a_task_sleeps_until_its_next_segment_or_the_end() {
        let text = "task user\n  driver.probe netdevsim/0\ntask admin\n  devlink.dump\ntask remove\n  devlink.dump\n\n\
            schedule\n  user until driver_probe:init #2\n  admin until command:start\n  user\n";
        let program = Program::parse(text, "a.prog").unwrap_or_else(|_| panic!("it is one"));
        let (starts, holds) = timetable(&program).expect("no task is a worker");
        assert_eq!(starts, [0, 1, 3]);
        let slots: Vec<_> = holds.iter().map(|hold| (hold.task.as_str(), hold.nth, hold.slots)).collect();
        assert_eq!(slots, [("user", 2, 2), ("admin", 1, 2)]);
    }
}
