//! The books of a campaign: each hunt that writes to a folder of findings keeps a file of what it counted, and reads those
//! of the others. So a hunt goes on where a killed one stopped, and several share a folder.
//!
//! A hunt has a number and holds a lock as long as it lives. What a hunt without a lock was about to make small is taken
//! over by the next one.

use super::page;
use super::tally::Tally;
use crate::cli::findings::{stage_quickly, write_over};
use crate::cli::store::Store;
use crate::cli::{load, store, writable};
use anyhow::Context;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;
use unreg::program::Program;

/// The folder in a folder of findings.
pub(super) const FOLDER: &str = "campaign";
/// In it: programs that reach something new in the model.
const CORPUS: &str = "corpus";
/// In it: programs that showed a finding that is not written yet.
const PENDING: &str = "pending";
/// How the name of a folder begins that a hunt is writing.
pub(super) const WRITING: &str = ".writing-";
/// The index page.
const PAGE: &str = "index.html";

/// What one hunt has counted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Book {
    pub(super) seed: u64,
    /// As `uname -r` prints it.
    pub(super) release: String,
    /// The configuration that judges.
    pub(super) config: String,
    /// What the campaign's clock showed when the hunt began: how long hunts had been at work.
    pub(super) begins: Duration,
    pub(super) tally: Tally,
}

/// A hunt's place in a campaign.
#[derive(Debug)]
pub(super) struct Campaign {
    findings: PathBuf,
    folder: PathBuf,
    /// The hunt's number.
    pub(super) number: u32,
    /// The programs that reach something new.
    pub(super) corpus: Store,
    _lock: File,
}

impl Campaign {
    /// Takes part in the campaign of a folder of findings, which begins if there is none.
    pub(super) fn open(findings: &Path) -> anyhow::Result<Campaign> {
        let folder = findings.join(FOLDER);
        let cannot = || format!("cannot make {}", folder.display());
        fs::create_dir_all(folder.join(PENDING)).with_context(cannot)?;
        writable::probe(&folder)?;
        let corpus = Store::open(&folder.join(CORPUS))?;
        let (number, lock) = claim(&folder)?;
        let findings = findings.to_path_buf();
        let campaign = Campaign { findings, folder, number, corpus, _lock: lock };
        campaign.remove_stale();
        Ok(campaign)
    }

    /// How the name of a folder begins that this hunt is writing.
    pub(super) fn writing(&self) -> String {
        format!("{WRITING}{:04}-", self.number)
    }

    /// Writes what this hunt has counted. A reader finds all of it or what was written before.
    pub(super) fn write(&self, book: &Book) -> anyhow::Result<()> {
        let path = book_path(&self.folder, self.number);
        let written = stage_quickly(&path, &serde_json::to_vec(book)?)?.persist(&path);
        written.map_err(|error| error.error).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(())
    }

    /// What the other hunts have counted, those that ended too, by number.
    pub(super) fn others(&self) -> anyhow::Result<Vec<(u32, Book)>> {
        let mut books = Vec::new();
        for number in numbers(&self.folder)?.into_iter().filter(|number| *number != self.number) {
            let path = book_path(&self.folder, number);
            let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let spoilt = || format!("{} is spoilt: move it away", path.display());
            books.push((number, serde_json::from_slice(&text).with_context(spoilt)?));
        }
        Ok(books)
    }

    /// Whether a hunt is at work.
    pub(super) fn is_alive(&self, number: u32) -> bool {
        let lock = File::open(lock_path(&self.folder, number));
        lock.is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err())
    }

    /// Stores a program that showed a finding, before it is made small.
    pub(super) fn put_off(&self, name: &str, program: &Program) -> anyhow::Result<PathBuf> {
        let path = self.folder.join(PENDING).join(format!("{:04}-{name}.prog", self.number));
        write_over(&path, program.to_string().as_bytes())?;
        Ok(path)
    }

    /// Takes the programs over that killed hunts left, each with its file. This hunt has put none off yet.
    pub(super) fn take_over(&self) -> anyhow::Result<Vec<(Program, PathBuf)>> {
        let mut taken = Vec::new();
        for path in store::files(&self.folder.join(PENDING))? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let of = name.split_once('-').and_then(|(number, rest)| Some((number.parse().ok()?, rest)));
            let Some((number, rest)) = of else { continue };
            let own = path.with_file_name(format!("{:04}-{rest}", self.number));
            let is_at_work = number != self.number && self.is_alive(number);
            // Another hunt that starts now may be first.
            if is_at_work || fs::rename(&path, &own).is_err() {
                continue;
            }
            taken.push((load::program(&own)?, own));
        }
        Ok(taken)
    }

    /// Writes the index page.
    pub(super) fn write_page(&self, own: &Book, others: &[(u32, Book)]) -> anyhow::Result<()> {
        let mut hunts: Vec<(u32, &Book, bool)> =
            others.iter().map(|(number, book)| (*number, book, self.is_alive(*number))).collect();
        hunts.push((self.number, own, true));
        hunts.sort_by_key(|(number, ..)| *number);
        let path = self.findings.join(PAGE);
        let text = page::html(&hunts, &self.findings);
        let written = stage_quickly(&path, text.as_bytes())?.persist(&path).map_err(|error| error.error);
        written.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(())
    }

    /// Removes the folders that killed hunts were writing.
    fn remove_stale(&self) {
        for entry in fs::read_dir(&self.findings).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let number = name.strip_prefix(WRITING).and_then(|rest| rest.split('-').next()?.parse().ok());
            if number.is_some_and(|number| number != self.number && !self.is_alive(number)) {
                // Another hunt that starts now may be first.
                let _gone = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// How long the hunts of a campaign have been at work: what its clock shows.
pub(super) fn clock<'b>(books: impl IntoIterator<Item = &'b Book>) -> Duration {
    books.into_iter().map(|book| book.begins + book.tally.elapsed).max().unwrap_or_default()
}

/// The first number that no hunt has or had, with its lock.
fn claim(folder: &Path) -> anyhow::Result<(u32, File)> {
    let mut number = numbers(folder)?.last().map_or(0, |last| last + 1);
    loop {
        let path = lock_path(folder, number);
        let cannot = || format!("cannot lock {}", path.display());
        let lock =
            File::options().create(true).truncate(false).write(true).open(&path).with_context(cannot)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            // A hunt that has the number has a book, or will have one as long as it holds the lock.
            Ok(()) if !book_path(folder, number).exists() => return Ok((number, lock)),
            Ok(()) | Err(rustix::io::Errno::WOULDBLOCK) => number += 1,
            Err(error) => return Err(error).with_context(cannot),
        }
    }
}

fn lock_path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("hunt-{number:04}.lock"))
}

fn book_path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("hunt-{number:04}.json"))
}

/// The numbers of the hunts that have a book, in their order.
fn numbers(folder: &Path) -> anyhow::Result<Vec<u32>> {
    let mut numbers: Vec<u32> = Vec::new();
    for path in store::files(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let number = name.strip_prefix("hunt-").and_then(|rest| rest.strip_suffix(".json"));
        numbers.extend(number.and_then(|number| number.parse::<u32>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::linux::hunt::source::Source;

    fn book(seconds: u64) -> Book {
        let mut tally = Tally { elapsed: Duration::from_secs(seconds), ..Tally::default() };
        tally.hit("warning in f", Source::Explored, Duration::from_secs(seconds));
        let (release, config) = ("6.99".to_string(), "debug".to_string());
        Book { seed: 1, release, config, begins: Duration::ZERO, tally }
    }

    #[test]
    fn hunts_have_numbers_and_know_of_each_other_also_after_their_end() {
        let folder = tempfile::tempdir().unwrap();
        let first = Campaign::open(folder.path()).unwrap();
        let second = Campaign::open(folder.path()).unwrap();
        assert_eq!((first.number, second.number), (0, 1));
        first.write(&book(5)).unwrap();
        second.write(&book(7)).unwrap();
        assert!(second.is_alive(0));
        drop(first);
        assert!(!second.is_alive(0));
        let third = Campaign::open(folder.path()).unwrap();
        let others = third.others().unwrap();
        assert_eq!(third.number, 2);
        assert_eq!(others.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(clock(others.iter().map(|(_, book)| book)), Duration::from_secs(7));
        third.write_page(&book(1), &others).unwrap();
        let page = fs::read_to_string(folder.path().join(PAGE)).unwrap();
        assert!(page.contains("warning in f"), "{page}");
    }

    #[test]
    fn what_a_killed_hunt_was_at_is_taken_over_once() {
        let folder = tempfile::tempdir().unwrap();
        let program = Program::parse("task user\n  devlink.dump\n", "test").unwrap();
        let killed = Campaign::open(folder.path()).unwrap();
        killed.write(&book(1)).unwrap();
        killed.put_off("x", &program).unwrap();
        let stale = folder.path().join(format!("{}abc", killed.writing()));
        fs::create_dir(&stale).unwrap();
        let busy = Campaign::open(folder.path()).unwrap();
        assert!(busy.take_over().unwrap().is_empty() && stale.exists(), "it is at work");
        drop(killed);
        let next = Campaign::open(folder.path()).unwrap();
        assert!(!stale.exists());
        let taken = next.take_over().unwrap();
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].0, program);
        assert!(busy.take_over().unwrap().is_empty() && taken[0].1.exists());
    }

    #[test]
    fn a_spoilt_book_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let campaign = Campaign::open(folder.path()).unwrap();
        fs::write(folder.path().join("campaign/hunt-0007.json"), "{").unwrap();
        let error = format!("{:#}", campaign.others().unwrap_err());
        assert!(error.contains("hunt-0007.json is spoilt"), "{error}");
    }
}
