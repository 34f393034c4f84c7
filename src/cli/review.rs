//! `unreg review`: the streams that a change alters, grouped, as one comment.

use super::missing::Missing;
use super::{Outcome, out};
use anyhow::Context;
use std::path::PathBuf;
use std::process::Command;
use unreg::report::review::{COMMENT, Changed, WHOLE, comment};

const EXAMPLES: &str = "\
Examples:
  unreg review --base origin/main
  unreg review --base HEAD~1 -o comment.md --whole whole.md";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// What to compare the files here with: a commit that git knows
    #[arg(long, value_name = "REV")]
    base: String,
    /// Where the snapshots are
    #[arg(long, value_name = "DIR", default_value = "snapshots")]
    snapshots: PathBuf,
    /// Where the comment goes; `-` is standard output, which is the default
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Where all of it goes, without the bounds of a comment
    #[arg(long, value_name = "OUT")]
    whole: Option<PathBuf>,
}

/// What git prints.
fn git(arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
    let output = Command::new("git").args(arguments).output();
    let output = output.map_err(|_| Missing("git is not installed".to_string()))?;
    let why = String::from_utf8_lossy(&output.stderr).trim().to_string();
    anyhow::ensure!(output.status.success(), "git {}: {why}", arguments.join(" "));
    Ok(output.stdout)
}

pub(super) fn review(arguments: &Arguments) -> anyhow::Result<Outcome> {
    out::check(arguments.output.as_deref())?;
    out::check(arguments.whole.as_deref())?;
    let (base, folder) = (&arguments.base, arguments.snapshots.display().to_string());
    anyhow::ensure!(!base.starts_with('-'), "{base} is no commit");
    let listed = git(&["diff", "--no-renames", "--name-only", "--relative", "-z", base, "--", &folder])?;
    let listed = String::from_utf8(listed).context("git names a file that is not UTF-8")?;
    let mut changed = Vec::new();
    for file in listed.split('\0').filter(|file| file.ends_with(".snap")) {
        let before = git(&["show", &format!("{base}:./{file}")]).ok();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        changed.push(Changed {
            file: file.to_string(),
            before: before.map(text),
            after: std::fs::read(file).ok().map(text),
        });
    }
    if arguments.whole.is_some() {
        out::write(arguments.whole.as_deref(), &comment(&changed, WHOLE))?;
    }
    out::write(arguments.output.as_deref(), &comment(&changed, COMMENT))?;
    Ok(if changed.is_empty() { Outcome::Clean } else { Outcome::Violation })
}
