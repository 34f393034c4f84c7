//! Words: what a line may say at each place, and what a wrong word probably meant.

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

/// How users type what programs say: the words that begin a line of iproute2 or a shell, and the command.
const TYPED: &[(&[&str], &str)] = &[
    (&["devlink", "dev", "reload"], "devlink.reload HANDLE"),
    (&["devlink", "reload"], "devlink.reload HANDLE"),
    (&["devlink", "dev", "eswitch", "set"], "devlink.eswitch-set HANDLE MODE"),
    (&["devlink", "dev", "param", "set"], "devlink.param-set HANDLE NAME VALUE"),
    (&["devlink", "dev", "flash"], "devlink.flash HANDLE FILE"),
    (&["devlink", "dev", "info"], "devlink.info-get HANDLE"),
    (&["devlink", "dev"], "devlink.get HANDLE"),
    (&["devlink", "port", "function", "rate"], "devlink.rate-set HANDLE NAME"),
    (&["devlink", "port", "function", "set"], "devlink.port-function-set HANDLE PORT STATE"),
    (&["devlink", "port", "add"], "devlink.port-new HANDLE PORT"),
    (&["devlink", "port", "del"], "devlink.port-del HANDLE PORT"),
    (&["devlink", "port", "split"], "devlink.port-split HANDLE PORT"),
    (&["devlink", "port", "unsplit"], "devlink.port-unsplit HANDLE PORT"),
    (&["devlink", "port", "set"], "devlink.port-set HANDLE PORT TYPE"),
    (&["devlink", "port"], "devlink.port-get HANDLE PORT"),
    (&["devlink", "trap", "set"], "devlink.trap-set HANDLE TRAP ACTION"),
    (&["devlink", "region", "new"], "devlink.region-new HANDLE REGION"),
    (&["devlink", "region", "del"], "devlink.region-del HANDLE REGION"),
    (&["devlink", "health", "recover"], "devlink.health-recover HANDLE REPORTER"),
    (&["devlink"], "devlink.dump"),
    (&["rdma", "link", "add"], "rdma.link-add DEVICE DRIVER NETDEV"),
    (&["rdma", "link"], "rdma.link-del DEVICE"),
    (&["rdma"], "rdma.dev-show"),
    (&["ip", "netns", "add"], "netns.add NETNS"),
    (&["ip", "netns"], "netns.del NETNS"),
    (&["ip", "link", "add"], "netdev.add NETDEV"),
    (&["ip", "link"], "netdev.del NETDEV"),
    (&["ip", "route"], "route.add ROUTE"),
    (&["modprobe"], "rdma.module-load MODULE"),
    (&["rmmod"], "module.remove MODULE"),
];

/// The command of a line that is typed as in a shell; none if it is not.
pub fn meant(typed: &[&str]) -> Option<&'static str> {
    TYPED.iter().find(|(words, _)| typed.starts_with(words)).map(|(_, command)| *command)
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
    fn what_a_user_types_names_the_command() {
        assert_eq!(meant(&["devlink", "dev", "reload", "pci/0000:08:00.0"]), Some("devlink.reload HANDLE"));
        assert_eq!(meant(&["devlink.relaod", "mlx5/0"]), None);
        for (_, command) in TYPED {
            let name = command.split(' ').next().unwrap();
            assert!(crate::program::Command::specs().any(|spec| spec.name == name), "{name} is no command");
        }
    }

    #[test]
    fn a_short_list_is_given_whole_and_a_guess_only_when_near() {
        let says = expected("an eswitch mode", &["legacy", "switchdev"], "switchdv", "commands");
        assert_eq!(says, "expected an eswitch mode. Did you mean `switchdev`? Accepted: legacy, switchdev");
        let says = expected("an eswitch mode", &["legacy", "switchdev"], "banana", "commands");
        assert_eq!(says, "expected an eswitch mode. Accepted: legacy, switchdev");
    }

    #[test]
    fn a_guess_is_near_where_a_third_of_the_letters_is_wrong() {
        let guesses = |found| expected("a mode", &["legacy"], found, "commands").contains("Did you mean");
        assert!(guesses("legacy") && guesses("lgcy"));
        assert!(!guesses("lgc") && !guesses("l"));
    }

    #[test]
    fn words_of_very_different_lengths_are_not_compared() {
        assert_eq!([distance("", &"a".repeat(16)), distance("", &"a".repeat(17))], [16, usize::MAX]);
    }

    #[test]
    fn a_list_of_as_many_words_as_are_listed_is_given_whole() {
        let words: Vec<String> = (0..=LISTED_MAX).map(|number| format!("word-{number}")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        assert!(expected("a word", &words[1..], "x", "commands").contains("Accepted: "));
        assert!(expected("a word", &words, "x", "commands").contains("Nearest: "));
    }
}
