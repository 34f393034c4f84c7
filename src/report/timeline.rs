//! A trace as a table: time goes down, a column a task, and a mark at the event that broke the invariant.

use super::{BROKEN, QUIET, WIDTH};
use crate::event::{Event, TaskId, TaskName, Trace, What};
use crate::invariant::Violation;
use crate::linux::complaint;
use crate::program::Program;
use std::fmt::Write;

/// How many events before the broken one are shown with their locks: enough to see how it came to it.
const NEAR: usize = 24;
/// How many rows there are at most; earlier ones are left out and counted.
const ROWS_MAX: usize = 60;
/// What stands between two columns, and before the first one.
const GAP: usize = 2;
/// The least width at which a column can be read.
const COLUMN_MIN: usize = 22;

/// Draws what matters of a trace, up to the event that broke the invariant.
pub fn timeline(program: &Program, trace: &Trace, violation: &Violation) -> String {
    let mut shown: Vec<usize> = (0..=violation.at).filter(|at| matters(trace, *at, violation.at)).collect();
    drop_lone_releases(trace, &mut shown);
    let left_out = shown.len().saturating_sub(ROWS_MAX);
    shown.drain(..left_out);
    draw(program, trace, &shown, left_out, |at| at == violation.at)
}

/// Draws what a real kernel showed while it ran a program, with a mark at each complaint and each wait without end.
pub fn observed(program: &Program, trace: &Trace) -> String {
    let is_marked = |at: usize| matches!(trace.events[at].what, What::Console(_) | What::Deadlock(_));
    let is_shown = |at: &usize| match trace.events[*at].what {
        What::Begin(_) | What::End(_, None) | What::Preempt(_) | What::Sleeps(_) => true,
        // What is at rest, and what is of no command, is in the stream.
        What::AtRest(..) => false,
        What::Foreign(_) => trace.name(trace.events[*at].task) != TaskName::Kernel,
        what => what.in_stream(),
    };
    let shown: Vec<usize> = (0..trace.events.len()).filter(is_shown).collect();
    draw(program, trace, &shown, 0, is_marked)
}

/// Draws these events, and marks some.
fn draw(
    program: &Program,
    trace: &Trace,
    shown: &[usize],
    left_out: usize,
    is_marked: impl Fn(usize) -> bool,
) -> String {
    let columns = columns(trace, shown);
    let cells: Vec<String> = shown.iter().map(|at| cell(program, trace, trace.events[*at])).collect();
    let widths = widths(trace, &columns, shown, &cells);

    let mut out = String::new();
    let mut row = |mark: char, column: usize, text: &str| {
        let before: usize = widths[..column].iter().map(|width| width + GAP).sum();
        let (on, off) = match mark {
            '>' => (BROKEN.render().to_string(), BROKEN.render_reset().to_string()),
            _ => (String::new(), String::new()),
        };
        // Of a complaint, every line has a row.
        for (number, line) in text.lines().enumerate() {
            let (first, rest) = wrap(line, widths[column]);
            let mark = if number == 0 { mark } else { ' ' };
            let _ = writeln!(out, "{on}{mark:GAP$}{:before$}{first}{off}", "");
            for line in rest {
                let _ = writeln!(out, "{on}{:GAP$}{:before$}  {line}{off}", "", "");
            }
        }
    };
    let headings: Vec<String> =
        columns.iter().zip(&widths).map(|(task, width)| format!("{:width$}", trace.name(*task))).collect();
    if left_out > 0 {
        row(' ', 0, &format!("({left_out} earlier events)"));
    }
    for (at, text) in shown.iter().zip(&cells) {
        let column = columns.iter().position(|task| *task == trace.events[*at].task).unwrap_or(0);
        row(if is_marked(*at) { '>' } else { ' ' }, column, text);
    }
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let gap = " ".repeat(GAP);
    let heading = headings.join(&gap);
    format!("{gap}{}\n{QUIET}{gap}{}{QUIET:#}\n{out}", heading.trim_end(), rule.join(&gap))
}

/// Whether an event is shown: what users and drivers see, every command, and near the end locks and stops too.
fn matters(trace: &Trace, at: usize, broken: usize) -> bool {
    let near = broken - at <= NEAR;
    match trace.events[at].what {
        _ if at == broken => true,
        What::Begin(_) | What::Block(_) => true,
        // The last word of a command that went well says nothing, and neither does the return of a callback.
        What::End(_, None) | What::Return(_, _, None) => false,
        What::Preempt(_) => near,
        What::Acquire(..) | What::Release(..) => near,
        what => what.in_stream(),
    }
}

/// Leaves out releases of locks that were taken before the shown part, because the reader does not see them taken.
fn drop_lone_releases(trace: &Trace, shown: &mut Vec<usize>) {
    let mut held = Vec::new();
    shown.retain(|at| match trace.events[*at].what {
        What::Acquire(lock, mode) => {
            held.push((lock, mode));
            true
        }
        What::Release(lock, mode) => match held.iter().rposition(|taken| *taken == (lock, mode)) {
            Some(taken) => {
                held.swap_remove(taken);
                true
            }
            None => false,
        },
        _ => true,
    });
}

/// The tasks with an event to show, in their own order.
fn columns(trace: &Trace, shown: &[usize]) -> Vec<TaskId> {
    let mut tasks: Vec<TaskId> = shown.iter().map(|at| trace.events[*at].task).collect();
    tasks.sort_unstable();
    tasks.dedup();
    tasks
}

/// The widest cell of each column, or less where the page has no room.
fn widths(trace: &Trace, columns: &[TaskId], shown: &[usize], cells: &[String]) -> Vec<usize> {
    let share = (WIDTH / columns.len().max(1)).saturating_sub(GAP).max(COLUMN_MIN);
    let wanted: Vec<usize> = columns
        .iter()
        .map(|task| {
            let own = shown.iter().zip(cells).filter(|(at, _)| trace.events[**at].task == *task);
            let widest = own.map(|(_, cell)| cell.chars().count()).max().unwrap_or(0);
            widest.max(trace.name(*task).to_string().len())
        })
        .collect();
    // Columns that need less than their share leave the rest to those that need more.
    let spare: usize = wanted.iter().map(|width| share.saturating_sub(*width)).sum();
    let greedy = wanted.iter().filter(|width| **width > share).count().max(1);
    wanted.iter().map(|width| (*width).min(share + spare / greedy)).collect()
}

/// What happened, in few words: a command is its text, everything else a verb and what it is done to.
fn cell(program: &Program, trace: &Trace, event: Event) -> String {
    match event.what {
        What::Console(_) => complaint::headline(trace.text(event.what).unwrap_or_default()),
        What::Sleeps(_) => format!("sleeps in {}", trace.text(event.what).unwrap_or_default()),
        What::Foreign(_) => trace.text(event.what).unwrap_or_default().to_string(),
        What::Begin(index) => format!("{}:", program.command_text(event.task, index)),
        What::End(index, Some(errno)) => format!("-{errno} from {}", program.command_text(event.task, index)),
        What::End(index, None) => format!("done: {}", program.command_text(event.task, index)),
        What::Preempt(at) => format!("... stops at {at}"),
        What::Block(lock) => format!("waits for {lock}"),
        What::AtRest(..) => format!("at rest: {}", event.what),
        what => match what.verb() {
            "BUG" => what.to_string(),
            verb => format!("{verb} {what}"),
        },
    }
}

/// Breaks a text at blanks into lines of a width; lines after the first are two narrower.
fn wrap(text: &str, width: usize) -> (String, Vec<String>) {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let room = if lines.len() == 1 { width } else { width.saturating_sub(2) };
        let last = lines.last_mut().expect("there is a line");
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > room {
            lines.push(word.to_string());
        } else {
            last.push_str(if last.is_empty() { "" } else { " " });
            last.push_str(word);
        }
    }
    let first = lines.remove(0);
    (first, lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Handle, Notice, Subject};
    use crate::invariant::ALL;

    #[test]
    fn each_task_has_a_column_and_the_broken_event_a_mark() {
        let instance = Subject::Devlink(Handle::Mlx50);
        let trace = Trace::of([
            (0, What::Begin(0)),
            (1, What::Alloc(instance)),
            (0, What::Notify(Notice::New, instance, 0)),
            (1, What::Visible(instance)),
        ]);
        let drawn = timeline(&Program::default(), &trace, &Violation { invariant: ALL[0], at: 2 });
        let plain = anstream::adapter::strip_str(&drawn).to_string();
        let lines: Vec<&str> = plain.lines().collect();
        assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["user", "probe"]);
        assert!(lines[3].trim_start().starts_with("alloc mlx5/0") && lines[3].starts_with("     "));
        assert_eq!(lines[4], "> notify [dev,new] mlx5/0");
        assert_eq!(lines.len(), 5, "nothing after the broken event: {plain}");
    }

    #[test]
    fn long_words_wrap_and_stay_whole() {
        let (first, rest) = wrap("notify [port,new] netdevsim/0/0", 18);
        assert_eq!((first.as_str(), rest), ("notify [port,new]", vec!["netdevsim/0/0".to_string()]));
    }
}
