//! `unreg linux delay`: a program with a schedule as a patch of the kernel and a script, which are built and run before
//! they are said to show anything.

use super::boot::Which;
use super::build::{self, Built, Flavour, Lines};
use super::guest::Setup;
use super::hunt::bench::Bench;
use super::hunt::repro::{self, Tried};
use super::steer::Symbols;
use super::worktree;
use crate::cli::findings::{folder_of, write_over};
use crate::cli::{Outcome, load, out, writable};
use anyhow::Context;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use unreg::export::{self, Origin};
use unreg::linux::delay::{self, HEADER, HEADER_FILE, Hold, How, SLOT, Stop};
use unreg::linux::steer::place::Site;
use unreg::program::Program;

const EXAMPLES: &str = "\
Example:
  unreg linux delay --source ~/linux --rev v6.12 --out race findings/linux/NAME/program.prog";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    /// A program with a schedule
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A git tree of the kernel, of which nothing is changed: a work tree of it is made elsewhere
    #[arg(long, value_name = "GIT")]
    source: PathBuf,
    /// The revision that the patch is for
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    rev: String,
    /// What the kernel is built to show
    #[arg(long, value_enum, default_value_t = Flavour::Debug)]
    config: Flavour,
    /// Where the work tree, the objects and the kernels are kept [default: a folder of the user's cache for each tree]
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
    /// Where `delay.patch` and `race.sh` are written
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// The names of the files.
pub(super) const PATCH: &str = "delay.patch";
pub(super) const SCRIPT: &str = "race.sh";

/// A race that was shown on a kernel with the patch.
pub(super) struct Shown {
    pub(super) patch: Vec<u8>,
    pub(super) script: String,
    pub(super) tried: Tried,
    commit: String,
    built: Built,
    says: String,
}

pub(super) fn delay(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let program = load::program(&arguments.file)?;
    let file = arguments.file.display().to_string();
    let out_folder = &arguments.out;
    std::fs::create_dir_all(out_folder).with_context(|| format!("cannot make {}", out_folder.display()))?;
    writable::folder(out_folder)?;
    let Arguments { source, rev, config, work, .. } = arguments;
    let shown = show(&program, &file, source, rev, *config, work.as_deref())?;
    write_over(&out_folder.join(PATCH), &shown.patch)?;
    write_over(&out_folder.join(SCRIPT), shown.script.as_bytes())?;
    let about = about(&shown.commit, &shown.built, &shown.says, &shown.tried.verdict);
    write_over(&out_folder.join("README.md"), about.as_bytes())?;
    out::print(&format!("{}\n{}\n", shown.tried.verdict, out_folder.display()))?;
    let rate = shown.tried.rate;
    Ok(if rate.hits == rate.of { Outcome::Clean } else { Outcome::Violation })
}

/// Builds a revision, makes the patch and the script of a program of this file, builds with the patch, and runs the script.
pub(super) fn show(
    program: &Program,
    file: &str,
    source: &Path,
    rev: &str,
    config: Flavour,
    work: Option<&Path>,
) -> anyhow::Result<Shown> {
    anyhow::ensure!(!program.schedule.is_empty(), "{file} has no schedule: `unreg export --to sh` is for it");
    let (_, holds) = delay::timetable(program).map_err(|why| anyhow::anyhow!("{file}: {why}"))?;
    let (source, work, _lock) = worktree::folders(source, config, work)?;
    let commit = worktree::commit(&source, rev)?;
    let tree = worktree::checkout(&source, &work, rev, &commit)?;
    let name = format!("{commit}-{}", config.name());
    let built = build::again(&tree, config, &work, &name, &work.join("base"))?;
    let symbols = Arc::new(Symbols::of(&built)?);
    let which = Which::of(&built)?;
    let setup = Setup { symbols: Some(Arc::clone(&symbols)), ..which.setup()? };
    let mut bench = Bench::new(setup, &which).patient();
    let fault = bench.run_anew(program)?.fault;
    let fault = fault.with_context(|| format!("{file} shows no fault on Linux {}", built.about.release))?;
    let says = fault.key.to_string();
    anstream::eprintln!("with its schedule: {says}");
    let script = script(program, file, &says)?;
    let changed = changes(&built, &symbols, read_in(&tree), &holds)?;
    for (path, text) in &changed {
        write_over(&tree.join(path), text.as_bytes())?;
    }
    write_over(&tree.join(HEADER_FILE), HEADER.as_bytes())?;
    let patch = patch(&tree);
    let patched = patch.and_then(|patch| {
        let name = format!("{name}-{}", hex::encode(&Sha256::digest(&patch)[..8]));
        let built = build::again(&tree, config, &work, &name, &work.join("delayed"));
        Ok((patch, built?))
    });
    // The next build is of the source as it was.
    let clean = ["checkout --quiet --force HEAD", "clean --quiet --force include/linux"];
    for command in clean {
        worktree::git(&tree, &command.split(' ').collect::<Vec<_>>())?;
    }
    let (patch, delayed) = patched?;
    let which = Which::of(&delayed)?;
    let bench = Bench::new(which.setup()?, &which);
    let tried = repro::run(&bench, SCRIPT, &script, &fault.key)?;
    Ok(Shown { patch, script, tried, commit, built, says })
}

/// The script that starts the tasks of a program under their names.
pub(super) fn script(program: &Program, file: &str, says: &str) -> anyhow::Result<String> {
    let (starts, _) = delay::timetable(program).map_err(|why| anyhow::anyhow!("{file}: {why}"))?;
    let starts: Vec<u32> = starts.iter().map(|slot| slot * SLOT).collect();
    Ok(export::race(program, Origin { file, says: Some(says) }, &starts))
}

/// The patch of a program for a kernel that is built with its lines, whose source `read` reads. It is not built.
pub(super) fn patch_of(
    built: &Built,
    symbols: &Symbols,
    program: &Program,
    read: impl Fn(&str) -> anyhow::Result<String>,
) -> anyhow::Result<Vec<u8>> {
    let (_, holds) = delay::timetable(program).map_err(anyhow::Error::msg)?;
    let changed = changes(built, symbols, &read, &holds)?;
    let folder = tempfile::tempdir()?;
    let put = |side: &str, file: &str, text: &str| -> anyhow::Result<()> {
        let path = folder.path().join(side).join(file);
        std::fs::create_dir_all(folder_of(&path))?;
        Ok(std::fs::write(&path, text)?)
    };
    for (file, text) in &changed {
        put("a", file, &read(file)?)?;
        put("b", file, text)?;
    }
    put("b", HEADER_FILE, HEADER)?;
    let diff = ["diff", "--no-index", "--no-prefix", "--no-color", "--no-ext-diff", "a", "b"];
    let output = worktree::git(folder.path(), &diff)?;
    // 1: the two differ.
    anyhow::ensure!(output.status.code() == Some(1), "git diff: {}", output.status);
    Ok(output.stdout)
}

fn read_in(tree: &Path) -> impl Fn(&str) -> anyhow::Result<String> {
    |file| {
        let path = tree.join(file);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }
}

fn about(commit: &str, built: &Built, says: &str, verdict: &str) -> String {
    format!(
        "# {says}\n\nLinux {} ({commit}), configuration `{}`.\n\n`delay.patch` has tasks sleep where the schedule holds \
         them. Apply it, build, start the kernel, and run `race.sh` as root.\n\n{verdict}\n",
        built.about.release, built.about.config
    )
}

/// What has changed in the work tree, the new file too.
fn patch(tree: &Path) -> anyhow::Result<Vec<u8>> {
    worktree::git(tree, &["add", "--intent-to-add", HEADER_FILE])?;
    let output = worktree::git(tree, &["diff", "--no-color", "--no-ext-diff"])?;
    anyhow::ensure!(output.status.success(), "git diff: {}", output.status);
    Ok(output.stdout)
}

/// The changed texts of files of the source, by their paths in it.
fn changes(
    built: &Built,
    symbols: &Symbols,
    read: impl Fn(&str) -> anyhow::Result<String>,
    holds: &[Hold],
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut lines = Lines::of(built).context("the kernel was built without lines")?;
    let mut stops: BTreeMap<String, Vec<Stop>> = BTreeMap::new();
    for hold in holds {
        let (file, stop) = place(symbols, &mut lines, hold)?;
        anstream::eprintln!("{} sleeps at {} in {file}:{}", hold.task, hold.point, stop.line);
        stops.entry(file).or_default().push(stop);
    }
    let mut changed = BTreeMap::new();
    for (file, stops) in stops {
        let text = delay::edit(&read(&file)?, &stops).map_err(|why| anyhow::anyhow!("{file}: {why}"))?;
        changed.insert(file, text);
    }
    Ok(changed)
}

/// The file and the line where a task is to sleep: the first place of the point that has a line in a file of C.
fn place(symbols: &Symbols, lines: &mut Lines, hold: &Hold) -> anyhow::Result<(String, Stop)> {
    for (place, function, offset) in symbols.functions(hold.point) {
        let module = place.module.unwrap_or("");
        let (offset, how): (u64, fn(String) -> How) = match place.site {
            // The line of a function is that of its first instruction, wherever the place is in it.
            Site::Entry(_) => (0, |_| How::Entry),
            Site::Return(_) => (0, |_| How::Return),
            Site::Call(..) => (offset, How::Before),
            // The address is that behind the call.
            Site::After(..) => (offset.saturating_sub(1), How::After),
            Site::Agent | Site::WorkBegins | Site::WorkEnds => continue,
        };
        let found = lines.at(module, &function, offset, None)?;
        // A call in a header is one of the header's function in the file that has it inlined.
        let mut callee = match place.site {
            Site::Call(_, callee, _) | Site::After(_, callee, _) => callee.to_string(),
            _ => String::new(),
        };
        for line in found {
            if line.file.ends_with(".c") {
                let at = usize::try_from(line.line).context("a line")?;
                return Ok((line.file, Stop { line: at, how: how(callee), hold: hold.clone() }));
            }
            callee = line.function;
        }
    }
    anyhow::bail!("{} has no place in the source where {} can sleep", hold.point, hold.task)
}
