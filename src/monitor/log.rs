//! A log of a real machine, read tolerantly: what a line says that is understood, and the number of the line.
//!
//! One log may have the lines of several tools. A line that is not understood is counted and left alone.

mod devlink;
mod json;
mod udev;

use super::Tool;
use crate::event::Notice;
use crate::linux::complaint::{self, Complaint};
use std::fmt;

/// Where in a log something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The message of that line, from 1, if the line is JSON and has more than one.
    pub message: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        self.message.map_or(Ok(()), |message| write!(f, ", message {message}"))
    }
}

/// What an RDMA notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the kernel's names")]
pub enum Rdma {
    Register,
    Unregister,
    NetdevAttach,
    NetdevDetach,
    Rename,
    NetdevRename,
}

/// What a uevent says of its device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the kernel's names")]
pub enum Uevent {
    Add,
    Bind,
    Unbind,
    Remove,
    Change,
    /// `MDEV_STATE=registered`
    Registered,
    /// `MDEV_STATE=unregistered`
    Unregistered,
    /// Any other action.
    Other,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A devlink notification: of an instance, or of a part of it, which a word and a name tell apart.
    Devlink {
        /// `new` or `del`; other words say nothing of beginnings and ends.
        notice: Option<Notice>,
        /// `port`, `trap`, …; `dev` for the instance itself.
        word: String,
        /// `pci/0000:08:00.0`
        handle: String,
        /// What tells the part from others of its word.
        part: String,
        /// Whether the message says that a reload has been tried: the instance is not new then.
        is_reloaded: bool,
    },
    /// An RDMA notification.
    Rdma {
        /// What happened.
        event: Rdma,
        /// The device's index, or else its name.
        device: Option<String>,
    },
    /// A uevent.
    Uevent {
        /// What it says.
        action: Uevent,
        /// The device's path.
        path: String,
        /// The bus or class.
        subsystem: String,
        /// Whether udev sent it on, after the kernel had sent it.
        is_of_udev: bool,
        /// The kernel's number of it.
        sequence: Option<u64>,
    },
    /// A link came, changed or went.
    Link {
        /// Its name.
        name: String,
        /// Whether it went.
        is_deleted: bool,
    },
    /// The kernel complains.
    Complaint(Complaint),
}

impl Said {
    /// The tool that prints this.
    pub const fn tool(&self) -> Tool {
        match self {
            Said::Devlink { .. } => Tool::Devlink,
            Said::Rdma { .. } => Tool::Rdma,
            Said::Uevent { .. } => Tool::Udev,
            Said::Link { .. } => Tool::Link,
            Said::Complaint(_) => Tool::Kernel,
        }
    }
}

/// A message and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where.
    pub place: Place,
    /// What it says.
    pub said: Said,
    /// The message in a few words, as the log has it.
    pub head: String,
    /// All of its text, to tell whether two are the same.
    pub text: String,
    /// The namespace that a comment before it named.
    pub netns: String,
}

/// A whole log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// What was understood, in order.
    pub records: Vec<Record>,
    /// How many lines that are not empty were not understood.
    pub unknown: usize,
    /// The first of them.
    pub first_unknown: Option<usize>,
}

/// Reads a log.
pub fn read(text: &str) -> Log {
    let mut log = Log::default();
    let mut netns = String::new();
    let lines: Vec<&str> = text.lines().map(|line| line.trim_end_matches('\r')).collect();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let place = Place { line: at + 1, message: None };
        if json::begins(line) {
            let (records, read) = json::read(&lines[at..], at, &netns);
            log.records.extend(records);
            at += read;
            continue;
        }
        if let Some(comment) = line.strip_prefix('#') {
            if let Some(name) = comment.trim().strip_prefix("netns ") {
                netns = name.to_string();
            }
            at += 1;
            continue;
        }
        if let Some((said, head, read)) = udev::read(&lines[at..]) {
            let text = said_text(&head, &lines[at + 1..at + read]);
            log.records.push(Record { place, said, head, text, netns: netns.clone() });
            at += read;
            continue;
        }
        // What is indented below a message belongs to it.
        let below = lines[at + 1..].iter().take_while(|line| line.starts_with([' ', '\t']));
        let below: Vec<&str> = below.copied().collect();
        let said = devlink::read(line, &below).or_else(|| rdma(line)).or_else(|| link(line));
        let said = said.or_else(|| complaint::read(line).into_iter().next().map(Said::Complaint));
        match said {
            Some(Said::Complaint(complaint)) => {
                let head = complaint.to_string();
                let (text, read) = complaint_text(&lines[at..]);
                let said = Said::Complaint(complaint);
                log.records.push(Record { place, said, head, text, netns: netns.clone() });
                at += read;
            }
            Some(said) => {
                let text = said_text(line, &below);
                let head = headline(line);
                log.records.push(Record { place, said, head, text, netns: netns.clone() });
                at += 1 + below.len();
            }
            None => {
                if !line.trim().is_empty() && !is_heading(line) {
                    log.unknown += 1;
                    log.first_unknown.get_or_insert(at + 1);
                }
                at += 1;
            }
        }
    }
    log
}

/// Whether a tool prints this line without a message.
fn is_heading(line: &str) -> bool {
    line.starts_with("Timestamp: ")
        || line.starts_with("monitor will print the received events for")
        || line.starts_with("KERNEL - the kernel uevent")
        || line.starts_with("UDEV - the event which udev sends")
}

fn said_text(head: &str, below: &[&str]) -> String {
    let counts = |line: &&&str| !line.starts_with("SEQNUM=");
    below.iter().filter(counts).fold(head.to_string(), |text, line| text + "\n" + line)
}

/// The beginning of a line, up to the colon after a name.
fn headline(line: &str) -> String {
    let colon = line.find(": ").or_else(|| line.strip_suffix(':').map(str::len));
    colon.map_or(line, |colon| &line[..colon]).replace('\t', " ")
}

/// The text of a complaint: up to the next one, or a long gap.
fn complaint_text(lines: &[&str]) -> (String, usize) {
    const MOST: usize = 400;
    let next = lines.iter().skip(1).take(MOST).position(|line| complaint::begins(line) && !is_inside(line));
    let read = next.map_or(lines.len().min(MOST), |next| next + 1);
    (lines[..read].join("\n"), read)
}

/// Whether a line that looks like a beginning is a part of a report: an oops follows what it is of.
fn is_inside(line: &str) -> bool {
    line.contains("Oops") || line.contains("Kernel panic")
}

/// A line of `rdma monitor`.
fn rdma(line: &str) -> Option<Said> {
    let (event, rest) = line.trim_start().strip_prefix('[')?.split_once(']')?;
    let event = rdma_event(event)?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    let device = words.iter().position(|word| *word == "dev").and_then(|at| words.get(at + 1));
    Some(Said::Rdma { event, device: device.map(ToString::to_string) })
}

fn rdma_event(word: &str) -> Option<Rdma> {
    Some(match word {
        "REGISTER" => Rdma::Register,
        "UNREGISTER" => Rdma::Unregister,
        "NETDEV_ATTACH" => Rdma::NetdevAttach,
        "NETDEV_DETACH" => Rdma::NetdevDetach,
        "RENAME" => Rdma::Rename,
        "NETDEV_RENAME" => Rdma::NetdevRename,
        _ => return None,
    })
}

/// The first line of a link, as `ip monitor link` and `ip monitor` print it.
fn link(line: &str) -> Option<Said> {
    let line = line.strip_prefix("[LINK]").unwrap_or(line);
    let (line, is_deleted) = line.strip_prefix("Deleted ").map_or((line, false), |line| (line, true));
    let (index, rest) = line.split_once(": ")?;
    let (name, rest) = rest.split_once(": <")?;
    let is_index = !index.is_empty() && index.bytes().all(|digit| digit.is_ascii_digit());
    let name = name.split('@').next().unwrap_or(name).to_string();
    (is_index && rest.contains('>')).then_some(Said::Link { name, is_deleted })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<Said> {
        read(text).records.into_iter().map(|record| record.said).collect()
    }

    #[test]
    fn each_tool_is_known_by_its_lines() {
        let log = "[dev,new] pci/0000:08:00.0\n[REGISTER]\tdev 3 mlx5_0\nDeleted 7: eth4@if2: <UP> mtu 1500\n\
                   [  12.5] INFO: task kworker/u9:1:44 blocked for more than 120 seconds.\nsome noise\n";
        let log = read(log);
        let tools: Vec<Tool> = log.records.iter().map(|record| record.said.tool()).collect();
        assert_eq!(tools, [Tool::Devlink, Tool::Rdma, Tool::Link, Tool::Kernel]);
        let link = Said::Link { name: "eth4".into(), is_deleted: true };
        assert_eq!(log.records[2].said, link);
    }

    #[test]
    fn what_is_indented_belongs_to_the_message_above() {
        let log = read(
            "[port,new] pci/0000:08:00.0/1: type eth\n  function:\n    hw_addr 00\nnoise\n[port,del] pci/0000:08:00.0/1\n",
        );
        assert_eq!(log.records.len(), 2);
        assert!(log.records[0].text.contains("hw_addr"));
        assert_eq!(log.records[1].place.line, 5);
        assert_eq!((log.unknown, log.first_unknown), (1, Some(4)));
    }

    #[test]
    fn a_namespace_is_named_by_a_comment() {
        let log = read("# netns a\n[dev,new] netdevsim/netdevsim0\n");
        assert_eq!(log.records[0].netns, "a");
    }

    #[test]
    fn any_text_is_read_without_a_panic() {
        for text in
            ["[", "[,", "[a,b]", "[a,new] ", "KERNEL[", "{\"mon\":[{", "1: : <", "\u{0}\n\t", "{\"command\""]
        {
            said(text);
        }
    }
}
