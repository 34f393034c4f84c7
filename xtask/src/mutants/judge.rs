//! Runs tests with a mutant: those that come to it.

use anyhow::{Context, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What became of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    Killed,
    /// The tests did not end in time.
    Hangs,
    Survives,
    /// No test comes to it.
    Unreached,
}

/// What answers, in the copy, whether a mutant runs. A run without a mutant notes which ones it comes to.
pub(super) const ASK: &str = "
pub(crate) fn mutant(number: usize) -> bool {
    use std::sync::atomic::{AtomicBool, Ordering};
    static CHOSEN: std::sync::OnceLock<Option<usize>> = std::sync::OnceLock::new();
    static ASKED: [AtomicBool; 1 << 14] = [const { AtomicBool::new(false) }; 1 << 14];
    let chosen = || std::env::var(\"UNREG_MUTANT\").ok().and_then(|number| number.parse().ok());
    if let Some(chosen) = *CHOSEN.get_or_init(chosen) {
        return chosen == number;
    }
    if !ASKED[number].swap(true, Ordering::Relaxed) && let Some(path) = std::env::var_os(\"UNREG_MUTANTS_ASKED\") {
        use std::io::Write;
        let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
        // A line is one write, so that threads do not mix them.
        file.and_then(|mut file| file.write_all(format!(\"{number}\\n\").as_bytes())).expect(\"the note is written\");
    }
    false
}
";

/// A test that was built, and what of it is run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Test {
    executable: PathBuf,
    arguments: Vec<String>,
}

/// A test without a mutant: how long it took, and the mutants that it came to.
struct Plain {
    took: Duration,
    asks: BTreeSet<usize>,
}

/// The tests, and what is known of each.
pub(super) struct Judge<'a> {
    copy: &'a Path,
    /// The unit tests, of which each file has its own to run.
    units: PathBuf,
    /// The others, cheap ones first.
    others: Vec<Test>,
    /// Whether the unit tests of other files are run too.
    has_all_units: bool,
    plain: BTreeMap<Test, Plain>,
}

impl<'a> Judge<'a> {
    /// A judge by tests that were built in a copy: the unit tests first.
    pub(super) fn new(copy: &'a Path, mut built: Vec<PathBuf>, has_all_units: bool) -> Self {
        let units = built.remove(0);
        let others = built.into_iter().map(|executable| Test { executable, arguments: Vec::new() }).collect();
        Judge { copy, units, others, has_all_units, plain: BTreeMap::new() }
    }

    /// Runs the tests that come to a mutant until one fails: the unit tests that `filter` names, the others in their order,
    /// and the other unit tests.
    pub(super) fn judge(&mut self, mutant: usize, filter: &str) -> anyhow::Result<Fate> {
        let units = |arguments| Test { executable: self.units.clone(), arguments };
        let mut tests = vec![units(vec![filter.into()])];
        tests.extend(self.others.iter().cloned());
        if self.has_all_units {
            tests.push(units(vec!["--skip".into(), filter.into()]));
        }
        let mut is_reached = false;
        for test in &tests {
            let plain = self.plain(test)?;
            if !plain.asks.contains(&mutant) {
                continue;
            }
            is_reached = true;
            let limit = Duration::from_secs(10) + plain.took * 8;
            let mut command = self.command(test);
            command.env("UNREG_MUTANT", mutant.to_string());
            match run(&mut command, limit)? {
                Some(true) => {}
                Some(false) => return Ok(Fate::Killed),
                None => return Ok(Fate::Hangs),
            }
        }
        Ok(if is_reached { Fate::Survives } else { Fate::Unreached })
    }

    fn plain(&mut self, test: &Test) -> anyhow::Result<&Plain> {
        if !self.plain.contains_key(test) {
            let asked = self.copy.join(format!("asked-{}", std::process::id()));
            fs::write(&asked, "")?;
            let start = Instant::now();
            let mut command = self.command(test);
            command.env("UNREG_MUTANTS_ASKED", &asked);
            let is_fine = run(&mut command, Duration::from_secs(3600))?;
            let name = test.executable.display();
            ensure!(is_fine == Some(true), "{name} {:?} fails without any mutant", test.arguments);
            let took = start.elapsed();
            eprintln!("{name} {:?} takes {took:.1?}", test.arguments);
            let asks = fs::read_to_string(&asked)?.lines().map(str::parse).collect::<Result<_, _>>()?;
            fs::remove_file(&asked)?;
            self.plain.insert(test.clone(), Plain { took, asks });
        }
        Ok(&self.plain[test])
    }

    fn command(&self, test: &Test) -> Command {
        let mut command = Command::new(&test.executable);
        command.current_dir(self.copy).stdout(Stdio::null()).stderr(Stdio::null());
        command.env("CARGO_MANIFEST_DIR", self.copy).env("INSTA_UPDATE", "no");
        command.env("INSTA_WORKSPACE_ROOT", self.copy).env_remove("UNREG_MUTANT");
        command.args(&test.arguments);
        command
    }
}

/// Whether a test passes; nothing if it does not end in time.
fn run(command: &mut Command, limit: Duration) -> anyhow::Result<Option<bool>> {
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| format!("{command:?}"))?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.success()));
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
