//! Words: what a line may say at each place, and what somebody probably meant.

use std::fmt::Write;

/// The most words that a message lists; above that, the nearest.
const LISTED_MAX: usize = 14;
/// How many of the nearest.
const NEAREST: usize = 4;

/// What was expected at a place: a phrase for people, with the words that are accepted, nearest first if many.
pub fn expected(what: &str, accepted: &[&str], found: &str, list: &str) -> String {
    let mut out = format!("expected {what}.");
    let mut nearest: Vec<_> = accepted.iter().map(|word| (distance(word, found), *word)).collect();
    nearest.sort_unstable();
    match nearest.first() {
        Some((near, word)) if *near <= found.len().div_ceil(3).max(1) => {
            let _ = write!(out, " Did you mean `{word}`?");
        }
        _ => {}
    }
    if accepted.len() <= LISTED_MAX {
        let _ = write!(out, " Accepted: {}", accepted.join(", "));
    } else {
        let near: Vec<_> = nearest.iter().take(NEAREST).map(|(_, word)| *word).collect();
        let _ =
            write!(out, " Nearest: {}; `unreg list {list}` prints all {}", near.join(", "), accepted.len());
    }
    out
}

/// How many letters have to change, come or go to make one word the other.
pub fn distance(a: &str, b: &str) -> usize {
    // What is far too long to be a typo is not worth the comparison.
    if a.len().abs_diff(b.len()) > 16 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_one_letter_away() {
        assert_eq!(distance("devlink.reload", "devlink.relaod"), 2);
        assert_eq!(distance("user", "user"), 0);
        assert_eq!(distance("user", "uer"), 1);
    }

    #[test]
    fn a_short_list_is_given_whole_and_a_guess_only_when_near() {
        let says = expected("an eswitch mode", &["legacy", "switchdev"], "switchdv", "commands");
        assert_eq!(says, "expected an eswitch mode. Did you mean `switchdev`? Accepted: legacy, switchdev");
        let says = expected("an eswitch mode", &["legacy", "switchdev"], "banana", "commands");
        assert_eq!(says, "expected an eswitch mode. Accepted: legacy, switchdev");
    }
}
