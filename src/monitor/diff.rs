//! Two streams side by side: which messages are the same, and what became of the others.

use super::print::Message;
use crate::event::{Handle, Subject};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::BTreeMap;
use std::fmt;

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It is on both sides, in the same order.
    Same,
    /// It is on both sides, at another place.
    Moved,
    /// It is on the left side only.
    Lost,
    /// It is on the right side more often than on the left.
    Doubled,
    /// It is on the right side only.
    New,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Change::Same => "same",
            Change::Moved => "moved",
            Change::Lost => "lost",
            Change::Doubled => "doubled",
            Change::New => "new",
        })
    }
}

/// One row: indices into the left and the right stream. A row of a change has one side only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The index of the message on the left side.
    pub left: Option<usize>,
    /// The index of the message on the right side.
    pub right: Option<usize>,
    /// What became of it.
    pub change: Change,
    /// Whether the message is of a part whose instance is not announced at that moment, on this side.
    pub is_before_its_device: bool,
}

/// The rows of two lists of texts, aligned by the shortest list of edits (Myers).
pub fn align(left: &[String], right: &[String]) -> Vec<Row> {
    let mut rows = Vec::new();
    let row = |left, right, change| Row { left, right, change, is_before_its_device: false };
    for op in capture_diff_slices(Algorithm::Myers, left, right) {
        match op {
            DiffOp::Equal { old_index, new_index, len } => {
                rows.extend((0..len).map(|at| row(Some(old_index + at), Some(new_index + at), Change::Same)));
            }
            DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => {
                rows.extend(op.old_range().map(|at| row(Some(at), None, Change::Lost)));
                rows.extend(op.new_range().map(|at| row(None, Some(at), Change::New)));
            }
        }
    }
    label(&mut rows, left, right);
    rows
}

/// Tells what moved from what is lost, and what is doubled from what is new.
fn label(rows: &mut [Row], left: &[String], right: &[String]) {
    // Of each text, how often it is without a partner on the left and on the right.
    let mut alone: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for row in rows.iter() {
        match (row.left, row.right) {
            (Some(at), None) => alone.entry(&left[at]).or_default().0 += 1,
            (None, Some(at)) => alone.entry(&right[at]).or_default().1 += 1,
            _ => {}
        }
    }
    let mut moved: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (text, (lefts, rights)) in &alone {
        moved.insert(text, ((*lefts).min(*rights), (*lefts).min(*rights)));
    }
    for row in rows.iter_mut() {
        match (row.left, row.right) {
            (Some(at), None) => {
                let left_over = &mut moved.get_mut(left[at].as_str()).expect("it is alone").0;
                if *left_over > 0 {
                    *left_over -= 1;
                    row.change = Change::Moved;
                }
            }
            (None, Some(at)) => {
                let text = right[at].as_str();
                let left_over = &mut moved.get_mut(text).expect("it is alone").1;
                if *left_over > 0 {
                    *left_over -= 1;
                    row.change = Change::Moved;
                } else if left.iter().any(|other| other == text) {
                    row.change = Change::Doubled;
                }
            }
            _ => {}
        }
    }
}

/// The rows of two streams of messages.
pub fn diff(left: &[Message], right: &[Message]) -> Vec<Row> {
    let texts = |messages: &[Message]| -> Vec<String> { messages.iter().map(text).collect() };
    let mut rows = align(&texts(left), &texts(right));
    let (early_left, early_right) = (early(left), early(right));
    for row in &mut rows {
        row.is_before_its_device =
            row.left.is_some_and(|at| early_left[at]) || row.right.is_some_and(|at| early_right[at]);
    }
    rows
}

/// What makes two messages the same: all that is printed but the numbers that only count.
fn text(message: &Message) -> String {
    let counts = |line: &&String| !line.starts_with("SEQNUM=");
    let head = match message.head.strip_prefix("KERNEL[") {
        Some(rest) => rest.split_once("] ").map_or(rest, |(_, rest)| rest),
        None => &message.head,
    };
    let more = message.more.iter().filter(counts).map(|line| format!("\n{line}"));
    format!("{} {head}{}", message.netns, more.collect::<String>())
}

/// Of each message, whether it is of a part of an instance that is not announced.
fn early(messages: &[Message]) -> Vec<bool> {
    let mut announced = [false; Handle::COUNT];
    let is_early = |message: &Message| match message.of {
        Subject::Devlink(handle) => {
            announced[handle.index()] = !message.head.starts_with("[dev,del]");
            false
        }
        of if message.tool == super::Tool::Devlink => {
            of.handle().is_some_and(|handle| !announced[handle.index()])
        }
        _ => false,
    };
    messages.iter().map(is_early).collect()
}

/// How many rows are of each change, in the order of [`Change`]; those that are none are left out.
pub fn counts(rows: &[Row]) -> Vec<(Change, usize)> {
    let mut counts: BTreeMap<Change, usize> = BTreeMap::new();
    for row in rows {
        // What moved stands in two rows.
        if row.change != Change::Moved || row.right.is_some() {
            *counts.entry(row.change).or_default() += 1;
        }
    }
    counts.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Notice, PortIndex, Trace, What};
    use crate::monitor::print::messages;

    fn changes(left: &[&str], right: &[&str]) -> Vec<Change> {
        let own = |side: &[&str]| side.iter().map(ToString::to_string).collect::<Vec<_>>();
        align(&own(left), &own(right)).iter().map(|row| row.change).collect()
    }

    #[test]
    fn what_is_on_both_sides_at_another_place_moved() {
        use Change::{Moved, Same};
        assert_eq!(changes(&["port", "dev"], &["dev", "port"]), [Moved, Same, Moved]);
    }

    #[test]
    fn what_comes_once_more_is_doubled_and_what_is_gone_is_lost() {
        use Change::{Doubled, Lost, New, Same};
        assert_eq!(changes(&["dev", "port"], &["dev", "dev", "trap"]).len(), 4);
        let mut all = changes(&["dev", "port"], &["dev", "dev", "trap"]);
        all.sort();
        assert_eq!(all, [Same, Lost, Doubled, New]);
    }

    #[test]
    fn a_part_before_its_device_is_marked_on_its_side() {
        let device = (0, What::Notify(Notice::New, Subject::Devlink(Handle::Mlx50), 0));
        let port = (0, What::Notify(Notice::New, Subject::Port(Handle::Mlx50, PortIndex::P0), 0));
        let (left, right) = (messages(&Trace::of([port, device])), messages(&Trace::of([device, port])));
        let rows = diff(&left, &right);
        let marked: Vec<_> = rows.iter().filter(|row| row.is_before_its_device).collect();
        assert_eq!(marked.len(), 1, "{rows:?}");
        assert_eq!(marked[0].left, Some(0));
        assert_eq!(counts(&rows), [(Change::Same, 1), (Change::Moved, 1)]);
    }
}
