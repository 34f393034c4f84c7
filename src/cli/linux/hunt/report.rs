//! A finding as a folder: a report in the form that kernel lists expect, the program, the log. It appears whole or not at
//! all.

use super::bench::{Bench, Rate, Run};
use super::campaign::WRITING;
use super::needs;
use super::race::Race;
use super::repro::{self, Repro};
use super::source::Source;
use crate::cli::linux::build::Lines;
use crate::cli::linux::followed;
use anstream::adapter::strip_str;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use unreg::event::print::Detail;
use unreg::linux::fault::sections::{self, Deed};
use unreg::linux::fault::{Fault, Sort};
use unreg::program::Program;

/// The file that says what a folder is.
const ABOUT: &str = "finding.json";
/// The program.
pub(in crate::cli::linux) const PROGRAM: &str = "program.prog";
/// So many letters of a key are a part of a folder's name.
const SLUG: usize = 72;

/// What is known of a finding.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::cli::linux) struct About {
    /// What it is known by.
    pub(in crate::cli::linux) key: String,
    /// `sequence`, `prediction`, `explored`
    pub(super) source: String,
    /// As `uname -r` prints it.
    pub(super) release: String,
    /// The configuration that shows it.
    pub(super) config: String,
    /// How often the smallest program shows it, each time in a new guest.
    pub(super) rate: Rate,
    /// Where the hunt's chance came from.
    pub(super) seed: u64,
    /// Seconds from the beginning of the hunt.
    pub(super) seconds: u64,
}

/// What was tried to show a finding without unreg.
#[derive(Debug, Default)]
pub(super) struct Tries {
    /// A script of a program without a schedule.
    pub(super) repro: Option<Repro>,
    /// A patch and a script of one with a schedule.
    pub(super) race: Option<Race>,
}

/// The keys of the findings in a folder: a hunt goes on where another was killed.
pub(in crate::cli::linux) fn keys(folder: &Path) -> anyhow::Result<Vec<About>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", folder.display())),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path().join(ABOUT);
        let is_writing = path.iter().any(|part| part.to_string_lossy().starts_with(WRITING));
        let Some(text) = fs::read_to_string(&path).ok().filter(|_| !is_writing) else { continue };
        let about = serde_json::from_str(&text).with_context(|| format!("{} is spoilt", path.display()))?;
        found.push(about);
    }
    Ok(found)
}

/// The name of a finding's folder: what can be read of its key, and a hash of all of it.
pub(in crate::cli::linux) fn name(key: &str) -> String {
    let mut slug = String::new();
    for letter in key.chars() {
        let letter = letter.to_ascii_lowercase();
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug: String = slug.chars().take(SLUG).collect();
    let hash = Sha256::digest(key);
    format!("{}-{}", slug.trim_matches('-'), hex::encode(&hash[..4]))
}

/// Writes a finding, unless its folder is there already. Until it is whole its name begins with `writing`. Returns whether it
/// was written.
pub(super) fn write(
    folder: &Path,
    writing: &str,
    about: &About,
    run: &Run,
    fault: &Fault,
    tried: &Tries,
    bench: &Bench,
) -> anyhow::Result<bool> {
    let to = folder.join(name(&about.key));
    let cannot = || format!("cannot write {}", to.display());
    fs::create_dir_all(folder).with_context(cannot)?;
    let scratch = tempfile::Builder::new().prefix(writing).tempdir_in(folder).with_context(cannot)?;
    let put = |name: &str, text: &str| fs::write(scratch.path().join(name), text).with_context(cannot);
    let log = log(bench, &fault.text)?;
    put("report.md", &report(about, run, fault, tried, &places(bench, &run.program)?, &log))?;
    if let Some(repro) = &tried.repro {
        put(repro::FILE, &repro.script)?;
    }
    for (name, bytes) in tried.race.iter().flat_map(|race| &race.files) {
        fs::write(scratch.path().join(name), bytes).with_context(cannot)?;
    }
    put(PROGRAM, &program(about, &run.program))?;
    put("log.txt", &(fault.text.clone() + "\n"))?;
    put(ABOUT, &(serde_json::to_string_pretty(about)? + "\n"))?;
    let is_there = |error: &std::io::Error| {
        matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty)
    };
    match fs::rename(scratch.path(), &to) {
        Ok(()) => {
            let _moved = scratch.keep();
            Ok(true)
        }
        // Another hunt that shares the folder was first.
        Err(error) if is_there(&error) => Ok(false),
        Err(error) => Err(error).with_context(cannot),
    }
}

/// The program with what it is known by.
fn program(about: &About, program: &Program) -> String {
    format!(
        "# Linux {} ({}): {}\n#: key {}\n#: config {}\n#: seen {}\n#: verdict not looked at yet\n#: rate {}\n{program}",
        about.release, about.config, about.key, about.key, about.config, about.release, about.rate
    )
}

/// What the kernel said, with `file:line` for its functions if the kernel has its lines, and how to get them if not.
fn log(bench: &Bench, text: &str) -> anyhow::Result<String> {
    let text = text.trim_end();
    if !text.contains("+0x") {
        return Ok(format!("```\n{text}\n```"));
    }
    match Lines::of(&bench.setup().kernel) {
        Some(mut lines) => Ok(format!("```\n{}\n```", lines.decode(text)?.trim_end())),
        None => Ok(format!(
            "Functions and offsets only: this kernel was built without `--lines`, which keeps `file:line`.\n\n\
             ```\n{text}\n```"
        )),
    }
}

/// The places of a schedule in the text of the kernel, a line a point.
fn places(bench: &Bench, program: &Program) -> anyhow::Result<String> {
    let Some(symbols) = &bench.setup().symbols else { return Ok(String::new()) };
    let mut lines = Lines::of(&bench.setup().kernel);
    let mut points: Vec<_> = program.schedule.iter().filter_map(|segment| segment.until).collect();
    points.sort_unstable();
    points.dedup_by_key(|(point, _)| *point);
    let mut text = String::new();
    for (point, _) in points {
        let Some((place, function, offset)) = symbols.functions(point).into_iter().next() else { continue };
        let module = place.module.map_or(String::new(), |module| format!(" [{module}]"));
        let line = match &mut lines {
            Some(lines) => {
                lines.at(place.module.unwrap_or_default(), &function, offset, None)?.into_iter().next()
            }
            None => None,
        };
        let line = line.map_or(String::new(), |line| format!(", {line}"));
        text += &format!("- `{point}` is `{}`{module}, at {function}+{offset:#x}{line}\n", place.site);
    }
    Ok(text)
}

/// What is shown in a section, if there is anything.
fn section(title: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("## {title}\n\n{}\n\n", text.trim_end()) }
}

/// Which task waits for which, or who used, freed and allocated memory: out of the text of a fault.
fn causes(fault: &Fault) -> String {
    let waits = match fault.key.sort {
        Sort::Deadlock | Sort::Hang => sections::waits(&fault.text),
        Sort::Complaint(_) | Sort::Left | Sort::Broken => Vec::new(),
    };
    let waits: String = waits.iter().map(|line| format!("- {line}\n")).collect();
    let deed = |deed: &Deed| format!("- {}:\n  `{}`\n", deed.what, deed.functions.join("` ← `"));
    let memory: String = sections::memory(&fault.text).iter().map(deed).collect();
    section("Who waits for whom", &waits) + &section("Used by, freed by", &memory)
}

fn report(about: &About, run: &Run, fault: &Fault, tried: &Tries, places: &str, log: &str) -> String {
    let program = &run.program;
    let About { key, release, config, rate, source, .. } = about;
    let when = match (fault.key.sort, fault.at_clean_up) {
        (Sort::Left, _) => "after everything was deleted",
        (_, true) => "while everything is deleted",
        (_, false) => "in the program",
    };
    let is_steered = !program.schedule.is_empty();
    let how = if is_steered {
        "It needs this interleaving of its tasks, which a tracer brings about."
    } else {
        "It needs no interleaving: one command after the other."
    };
    let shown = match &run.answer.log {
        Some(log) => strip_str(&followed::timeline(program, &run.trace, log)).to_string(),
        None => program.stream(&run.trace, Detail::Stream),
    };
    let script = tried.repro.as_ref().map_or(String::new(), |repro| section("Script", &repro.verdict));
    let race = tried.race.as_ref().map_or(String::new(), |race| section("Without a tracer", &race.verdict));
    format!(
        "# {key}\n\n\
         Linux {release}, user-mode Linux (`ARCH=um`), configuration `{config}` of `unreg linux build`. The fault shows \
         {when}. {how}\n\n\
         - reproduced: {rate}, each time in a new guest\n\
         - needs: {}\n\
         - found by: {source}, seed {}, after {} s\n\
         - again: `unreg linux run --release {release} --config {config} program.prog`\n\n\
         ## Program\n\n```\n{program}```\n\n\
         {script}{race}\
         ## What happens\n\n```\n{}\n```\n\n\
         {}{}{}\
         ## Log\n\n{log}\n",
        needs::summary(program),
        about.seed,
        about.seconds,
        shown.trim_end(),
        section("Where tasks stop", places),
        causes(fault),
        section("What each command needs", &needs::list(program)),
    )
}

/// How a source is called in a finding.
pub(super) fn about(
    bench: &Bench,
    key: String,
    source: Source,
    rate: Rate,
    seed: u64,
    seconds: u64,
) -> About {
    let (release, config) = (bench.release.clone(), bench.config.clone());
    About { key, source: source.name().to_string(), release, config, rate, seed, seconds }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_named_after_its_key() {
        let a = name("KASAN: slab-use-after-free in mdev_device_remove [mdev]");
        assert!(a.starts_with("kasan-slab-use-after-free-in-mdev-device-remove-mdev-"), "{a}");
        assert_ne!(a, name("KASAN: slab-use-after-free in mdev_device_remove  [mdev]"));
        assert!(name(&"x".repeat(500)).len() < 100);
    }

    #[test]
    fn what_is_being_written_is_no_finding_and_what_is_spoilt_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".writing-1")).unwrap();
        fs::write(folder.path().join(".writing-1").join(ABOUT), "{").unwrap();
        assert!(keys(folder.path()).unwrap().is_empty());
        fs::create_dir(folder.path().join("x")).unwrap();
        fs::write(folder.path().join("x").join(ABOUT), "{").unwrap();
        assert!(keys(folder.path()).is_err());
        assert!(keys(&folder.path().join("none")).unwrap().is_empty());
    }
}
