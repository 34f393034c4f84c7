//! Changed streams, grouped by what happened to them: a comment for a pull request, of bounded length.

use crate::invariant::ALL;
use crate::invariant::notification::no_child_before_parent_notification::NO_CHILD_BEFORE_PARENT;
use crate::monitor::diff::{Change, Row, align};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// A snapshot before and after; a file that is new or gone has one of the two only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its path.
    pub file: String,
    /// What it said.
    pub before: Option<String>,
    /// What it says.
    pub after: Option<String>,
}

/// How much is in a text at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Groups.
    groups: usize,
    /// Lines of an example.
    lines: usize,
    /// Names of files of a group.
    files: usize,
}

/// What a forge takes as a comment, and a reviewer reads.
pub const COMMENT: Limits = Limits { groups: 12, lines: 16, files: 5 };
/// All of it.
pub const WHOLE: Limits = Limits { groups: usize::MAX, lines: usize::MAX, files: usize::MAX };

/// The lines of a snapshot below its header.
fn body(text: &str) -> Vec<String> {
    let body =
        text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).map_or(text, |(_, body)| body);
    body.lines().map(ToString::to_string).collect()
}

/// A line of a change, without which task and which device it is about: what makes two changes the same.
fn plain(line: &str) -> String {
    let words = line.split_whitespace().skip(usize::from(!line.starts_with('#')));
    let word = |word: &str| match word.split_once('/') {
        Some((device, rest)) if rest.starts_with(|first: char| first.is_ascii_digit()) => {
            format!("{device}/*")
        }
        _ => word.to_string(),
    };
    words.map(word).collect::<Vec<_>>().join(" ")
}

/// The one word that was replaced by another in every line, if that is all that happened.
fn renamed(lost: &[String], new: &[String]) -> Option<(String, String)> {
    let mut pair: Option<(String, String)> = None;
    if lost.is_empty() || lost.len() != new.len() {
        return None;
    }
    for (old, now) in lost.iter().zip(new) {
        let (old, now): (Vec<&str>, Vec<&str>) =
            (old.split_whitespace().collect(), now.split_whitespace().collect());
        if old.len() != now.len() {
            return None;
        }
        for (old, now) in old.iter().zip(&now).filter(|(old, now)| old != now) {
            let found = ((*old).to_string(), (*now).to_string());
            if pair.as_ref().is_some_and(|pair| *pair != found) {
                return None;
            }
            pair = Some(found);
        }
    }
    pair
}

/// The device and the kind of a notification in a line of a stream: `[port,new] mlx5/0/1` is `mlx5/0`, `port`, `new`.
fn notification(line: &str) -> Option<(String, &str, &str)> {
    let (_, rest) = line.split_once('[')?;
    let (word, rest) = rest.split_once("] ")?;
    let (kind, notice) = word.split_once(',')?;
    let mut parts = rest.split_whitespace().next()?.splitn(3, '/');
    Some((format!("{}/{}", parts.next()?, parts.next()?), kind, notice))
}

/// Whether a line notifies of a part of a device that is announced later only.
fn is_before_its_parent(lines: &[String], at: usize) -> bool {
    let Some((device, kind, "new")) = notification(&lines[at]) else { return false };
    let of_parent = |line: &String| {
        let (of, kind, notice) = notification(line)?;
        (of == device && kind == "dev").then(|| notice == "new")
    };
    let is_announced = lines[..at].iter().rev().find_map(of_parent);
    let is_later = lines[at..].iter().find_map(of_parent);
    kind != "dev" && is_announced != Some(true) && is_later == Some(true)
}

/// What happened to one file: a title, and what makes it alike to others.
struct Happened {
    title: String,
    signature: String,
    example: Vec<String>,
    invariants: BTreeSet<&'static str>,
}

fn happened(changed: &Changed) -> Happened {
    let (before, after) = match (&changed.before, &changed.after) {
        (Some(before), Some(after)) => (body(before), body(after)),
        (None, Some(_)) => return whole("a new stream"),
        (Some(_), None) => return whole("a stream that is gone"),
        (None, None) => return whole("nothing"),
    };
    let rows = align(&before, &after);
    let changes: Vec<&Row> = rows.iter().filter(|row| row.change != Change::Same).collect();
    let line =
        |row: &Row| row.left.map_or_else(|| after[row.right.unwrap_or(0)].clone(), |at| before[at].clone());
    let of = |change: Change| -> Vec<String> {
        changes.iter().filter(|row| row.change == change).map(|row| line(row)).collect()
    };
    let mut signature = BTreeSet::new();
    let mut invariants = BTreeSet::new();
    let mut example = Vec::new();
    let mut is_early = false;
    for row in &changes {
        if let (None, Some(at)) = (row.left, row.right)
            && is_before_its_parent(&after, at)
        {
            is_early = true;
            invariants.insert(NO_CHILD_BEFORE_PARENT.name);
        }
        let text = line(row);
        signature.insert(format!("{}: {}", row.change, plain(&text)));
        let side = if row.left.is_some() { '-' } else { '+' };
        example.push(format!("{side} {text}"));
        invariants.extend(
            ALL.iter()
                .map(|it| it.name)
                .filter(|name| text.starts_with("# broken: ") && text.ends_with(name)),
        );
    }
    let lost: Vec<String> = of(Change::Lost);
    let title = match renamed(&lost, &of(Change::New)) {
        Some((old, new)) if changes.iter().all(|row| matches!(row.change, Change::Lost | Change::New)) => {
            signature = [format!("renamed {old} {new}")].into();
            format!("only renamed: `{old}` is now `{new}`")
        }
        _ => {
            let kinds: BTreeSet<Change> = changes.iter().map(|row| row.change).collect();
            let mut kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
            kinds.extend(is_early.then(|| "before its parent".to_string()));
            if kinds.is_empty() { "only the header".to_string() } else { kinds.join(", ") }
        }
    };
    let signature = signature.into_iter().collect::<Vec<_>>().join("\n");
    Happened { title, signature, example, invariants }
}

fn whole(title: &str) -> Happened {
    Happened {
        title: title.to_string(),
        signature: title.to_string(),
        example: Vec::new(),
        invariants: BTreeSet::new(),
    }
}

/// The groups, the largest first, each with its first example.
pub fn comment(changed: &[Changed], limits: Limits) -> String {
    let mut groups: BTreeMap<String, (Happened, Vec<&str>)> = BTreeMap::new();
    for one in changed {
        let happened = happened(one);
        groups.entry(happened.signature.clone()).or_insert_with(|| (happened, Vec::new())).1.push(&one.file);
    }
    let mut groups: Vec<(Happened, Vec<&str>)> = groups.into_values().collect();
    groups.sort_by(|one, other| other.1.len().cmp(&one.1.len()).then(one.1.cmp(&other.1)));
    let mut out = "## Streams that this changes\n\n".to_string();
    if groups.is_empty() {
        return out + "None.\n";
    }
    let _ = writeln!(out, "{} streams changed in {} ways.", changed.len(), groups.len());
    for (number, (happened, files)) in (1..).zip(&groups).take(limits.groups) {
        let _ = writeln!(out, "\n### {number}. {} × {}\n", files.len(), happened.title);
        if !happened.invariants.is_empty() {
            let names: Vec<String> = happened.invariants.iter().map(|name| format!("`{name}`")).collect();
            let _ = writeln!(out, "Invariants: {}\n", names.join(", "));
        }
        let shown: Vec<String> = files.iter().take(limits.files).map(|file| format!("`{file}`")).collect();
        let more = files.len().saturating_sub(limits.files);
        let more = if more == 0 { String::new() } else { format!(", and {more} more") };
        let _ = writeln!(out, "{}{more}", shown.join(", "));
        if !happened.example.is_empty() {
            let _ = writeln!(out, "\n```diff");
            for line in happened.example.iter().take(limits.lines) {
                let _ = writeln!(out, "{line}");
            }
            let _ = writeln!(out, "```");
            let left = happened.example.len().saturating_sub(limits.lines);
            if left > 0 {
                let _ = writeln!(out, "{left} more lines");
            }
        }
    }
    let left = groups.len().saturating_sub(limits.groups);
    if left > 0 {
        let _ = writeln!(out, "\n{left} more ways; all are in the artifact of this run.");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(file: &str, before: &str, after: &str) -> Changed {
        let text = |body: &str| Some(format!("---\nsource: a\n---\n{body}"));
        Changed { file: file.to_string(), before: text(before), after: text(after) }
    }

    #[test]
    fn forty_files_with_one_change_are_one_group() {
        let files: Vec<Changed> = (0..40)
            .map(|number| {
                let (port, trap) = (
                    format!("user  notify  [port,new] mlx5/{number}"),
                    format!("user  notify  [trap,new] mlx5/{number}"),
                );
                changed(
                    &format!("{number:02}.snap"),
                    &format!("{trap}\n{port}\n"),
                    &format!("{port}\n{trap}\n"),
                )
            })
            .collect();
        let comment = comment(&files, COMMENT);
        assert!(comment.contains("40 streams changed in 1 ways."), "{comment}");
        assert!(comment.contains("### 1. 40 × moved"), "{comment}");
        assert!(comment.contains("and 35 more"));
    }

    #[test]
    fn a_lost_line_and_a_verdict_name_the_invariant() {
        let one =
            changed("a.snap", "user  notify  [port,del] mlx5/0/0\n# clean\n", "# broken: end-names-all\n");
        let comment = comment(&[one], COMMENT);
        assert!(
            comment.contains("1 × lost, new") && comment.contains("Invariants: `end-names-all`"),
            "{comment}"
        );
    }

    #[test]
    fn a_word_that_changes_everywhere_is_a_rename() {
        let one = changed(
            "a.snap",
            "user  lock  old_mutex\nuser  unlock  old_mutex\n",
            "user  lock  new_mutex\nuser  unlock  new_mutex\n",
        );
        assert!(comment(&[one], COMMENT).contains("only renamed: `old_mutex` is now `new_mutex`"));
    }

    #[test]
    fn a_part_that_comes_before_its_device_is_labelled() {
        let (dev, port) = ("user  notify  [dev,new] mlx5/0", "user  notify  [port,new] mlx5/0/1");
        let one = changed("a.snap", &format!("{dev}\n{port}\n"), &format!("{port}\n{dev}\n"));
        let said = comment(&[one], COMMENT);
        assert!(said.contains("1 × moved, before its parent"), "{said}");
        assert!(said.contains("Invariants: `no-child-before-parent-notification`"), "{said}");
        let begins_inside = changed("a.snap", "", &format!("{port}\n"));
        assert!(!comment(&[begins_inside], COMMENT).contains("before its parent"));
    }

    #[test]
    fn a_comment_is_bounded() {
        let files: Vec<Changed> = (0..300)
            .map(|number| {
                changed(
                    &format!("{number}.snap"),
                    "a  b  c\n",
                    &format!("{}\n", format!("x  y  z{number}\n").repeat(100)),
                )
            })
            .collect();
        assert!(comment(&files, COMMENT).len() < 60_000);
        let whole = comment(&files, WHOLE);
        assert!(whole.contains("### 300. ") && whole.contains("`299.snap`"), "all of it");
    }
}
