//! make, outside of the source tree: a log of everything, a bar for people, the end of the log in errors.

use crate::cli::progress::Stage;
use anyhow::Context;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// About so many lines a build prints: one for every object.
const LINES: u64 = 1_500;
/// So many lines of the log go into an error.
const LAST: usize = 20;

/// Builds in one tree.
#[derive(Debug)]
pub(super) struct Make {
    source: PathBuf,
    objects: PathBuf,
    log: PathBuf,
    out: Mutex<File>,
    jobs: usize,
}

impl Make {
    pub(super) fn new(source: &Path, objects: &Path, log: &Path, jobs: usize) -> anyhow::Result<Make> {
        std::fs::create_dir_all(objects).with_context(|| format!("cannot make {}", objects.display()))?;
        let out = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("cannot write {}", log.display()))?;
        let (source, objects, log) = (source.to_path_buf(), objects.to_path_buf(), log.to_path_buf());
        Ok(Make { source, objects, log, out: Mutex::new(out), jobs })
    }

    /// The folder of objects.
    pub(super) fn objects(&self) -> String {
        self.objects.display().to_string()
    }

    /// A file among the objects.
    pub(super) fn object(&self, name: &str) -> PathBuf {
        self.objects.join(name)
    }

    /// Its name.
    pub(super) fn object_name(&self, name: &str) -> String {
        self.object(name).display().to_string()
    }

    /// Makes these targets.
    pub(super) fn stage(&self, name: &'static str, targets: &[&str]) -> anyhow::Result<()> {
        let mut make = Command::new("make");
        make.arg("-C").arg(&self.source).arg("ARCH=um").arg(format!("O={}", self.objects.display()));
        make.arg(format!("-j{}", self.jobs)).args(targets);
        self.run(name, make)
    }

    /// Runs a script of the tree on a file.
    pub(super) fn script(&self, script: &str, arguments: &[&str], file: &Path) -> anyhow::Result<()> {
        let mut command = Command::new(self.source.join(script));
        command.current_dir(&self.objects).args(arguments).arg(file);
        self.run("configure", command)
    }

    fn run(&self, name: &'static str, mut command: Command) -> anyhow::Result<()> {
        let stage = Stage::of(name, if name.starts_with("build") { LINES } else { 0 });
        // A kernel's makefiles read these, and none of them is meant for it.
        for name in ["ARCH", "CROSS_COMPILE", "O", "KBUILD_OUTPUT", "MAKEFLAGS", "MFLAGS", "MAKELEVEL"] {
            command.env_remove(name);
        }
        let both = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(self.errors()?);
        let mut child = both.spawn().with_context(|| format!("cannot run {:?}", both.get_program()))?;
        if let Some(lines) = child.stdout.take() {
            for line in BufReader::new(lines).split(b'\n') {
                let mut line = line?;
                line.push(b'\n');
                self.out.lock().expect("no thread panics with it").write_all(&line)?;
                stage.one_more();
            }
        }
        let status = child.wait()?;
        drop(stage);
        if status.success() {
            return Ok(());
        }
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log).into_owned();
        let lines: Vec<&str> = log.lines().collect();
        let last = &lines[lines.len().saturating_sub(LAST)..];
        anyhow::bail!("{name} failed ({status}); the log is {}\n{}", self.log.display(), last.join("\n"))
    }

    /// The log, for what goes to standard error.
    fn errors(&self) -> anyhow::Result<File> {
        let append = File::options().append(true).open(&self.log);
        append.with_context(|| format!("cannot write {}", self.log.display()))
    }
}
