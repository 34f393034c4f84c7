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

/// How many letters have to change, come or go to make one word the other. Words of very different lengths are no typos
/// of each other, and are not compared: a line of a file may be as long as the file.
pub fn distance(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > 16 { usize::MAX } else { strsim::levenshtein(a, b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_list_is_given_whole_and_a_guess_only_when_near() {
        let says = expected("an eswitch mode", &["legacy", "switchdev"], "switchdv", "commands");
        assert_eq!(says, "expected an eswitch mode. Did you mean `switchdev`? Accepted: legacy, switchdev");
        let says = expected("an eswitch mode", &["legacy", "switchdev"], "banana", "commands");
        assert_eq!(says, "expected an eswitch mode. Accepted: legacy, switchdev");
    }
}
