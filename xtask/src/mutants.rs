//! Mutants: changes of the code that the tests must notice.
//!
//! All of them are planted in one copy of the project, which is built once. Each test is run once without a mutant and notes
//! which mutants it comes to. Then the tests that come to a mutant are run with it, fast ones first, until one fails. A mutant
//! that every test passes survives: either a test is missing, or the change changes nothing and is listed with the reason in
//! `xtask/equivalent.txt`. What became of each is kept in a file, so that the next run judges what is new.

mod equivalent;
mod judge;
mod known;
mod plant;

use crate::cargo::target_directory;
use anyhow::{Context, bail, ensure};
use equivalent::{are_there, equivalents};
use judge::{ASK, Fate, Judge};
use known::{Known, List};
use plant::{Mutant, places, plant, without_tests};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Plants mutants and says which of them no test notices; ends with 1 if too many survive.
#[derive(clap::Args)]
pub(crate) struct Mutants {
    /// Files and folders below `src/` to plant mutants in; `FILE:LINE` is the mutants of one line
    #[arg(default_values = ["invariant", "linux/compare.rs", "search/novelty.rs", "search/novelty", "minimize.rs", "minimize", "program.rs", "program", "sim", "devlink", "mdev", "ib"])]
    of: Vec<String>,
    /// Run so many of them, spread evenly
    #[arg(long, value_name = "COUNT")]
    sample: Option<usize>,
    /// Begin the sample this much later
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    seed: usize,
    /// Tests to run after the unit tests of the file's folder, in this order; `lib` is the unit tests of all others
    #[arg(long = "test", value_name = "NAME", default_values = ["corpus", "traces", "recreation", "minimal", "opinion", "lib"])]
    tests: Vec<String>,
    /// Percent that must be killed in each folder
    #[arg(long, value_name = "PERCENT", default_value_t = 0)]
    at_least: usize,
    /// Judge only those of files and folders below `src/` that begin with this; all are planted
    #[arg(long, value_name = "PATH", default_value = "")]
    only: String,
    /// File of the fates of earlier runs, which are not judged again [default: mutants.known where cargo builds]
    #[arg(long, value_name = "FILE")]
    known: Option<PathBuf>,
    /// Say how many there are, and run none
    #[arg(long)]
    count: bool,
}

/// What stands for the unit tests of other folders.
const OTHERS: &str = "lib";

/// One file with its mutants.
struct File {
    path: PathBuf,
    /// The unit tests that are run for it: those of what was asked for.
    filter: String,
    text: String,
    /// The text without tests.
    code: String,
    mutants: Vec<Planted>,
}

/// A mutant, and whether it is of use.
struct Planted {
    mutant: Mutant,
    is_rust: bool,
    /// Whether it was asked for, and is not listed as one that changes nothing.
    is_judged: bool,
}

impl File {
    fn judged(&self) -> impl Iterator<Item = &Planted> {
        self.mutants.iter().filter(|it| it.is_rust && it.is_judged)
    }
}

impl Mutants {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let target = target_directory("Cargo.toml")?;
        let copy = target.join("mutants");
        let mut files = self.files()?;
        if self.count {
            let all: usize = files.iter().map(|file| file.judged().count()).sum();
            for (folder, count) in by_folder(files.iter().map(|file| (file, file.judged().count()))) {
                println!("{folder:20} {count:5}");
            }
            println!("{:20} {all:5}", "all");
            return Ok(ExitCode::SUCCESS);
        }
        let mut project = copy_project(&copy, &files)?;
        project.extend(self.tests.join(" ").as_bytes());
        let path = self.known.clone().unwrap_or_else(|| target.join("mutants.known"));
        let mut list = List::read(path, &project)?;
        let built = build(&copy, &mut files, &self.tests, &mut list)?;
        let mut judge = Judge::new(&copy, built, self.tests.iter().any(|test| test == OTHERS));
        let numbered: Vec<(usize, &File, &Mutant)> = number(&files);
        let count = self.sample.unwrap_or(numbered.len()).min(numbered.len());
        let chosen =
            (0..count).map(|index| numbered[(index * numbered.len() / count + self.seed) % numbered.len()]);
        let mut fates: Vec<(&File, Fate)> = Vec::new();
        for (number, file, mutant) in chosen {
            let fate = match list.get(&file.code, mutant) {
                Some(Known::Judged(fate)) => fate,
                Some(Known::NoRust) => continue,
                None => {
                    let fate = judge.judge(number, &file.filter)?;
                    list.add(&file.code, mutant, Known::Judged(fate))?;
                    fate
                }
            };
            let at = format!("{}:{}: {}", file.path.display(), mutant.line, mutant.what);
            match fate {
                Fate::Killed => {}
                Fate::Hangs => println!("hangs: {at}"),
                Fate::Survives => println!("survives: {at}"),
                Fate::Unreached => println!("survives, and no test comes to it: {at}"),
            }
            fates.push((file, fate));
        }
        Ok(self.table(&fates))
    }

    fn files(&self) -> anyhow::Result<Vec<File>> {
        let list = equivalents()?;
        let mut files = Vec::new();
        for of in &self.of {
            let (of, line) = match of.rsplit_once(':') {
                Some((of, line)) => (of, Some(line.parse().with_context(|| format!("the line of {of}"))?)),
                None => (&**of, None),
            };
            let root = Path::new("src").join(of);
            ensure!(root.exists(), "there is no {}", root.display());
            for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
                let path = entry?.into_path();
                if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = fs::read_to_string(&path)?;
                    let mutants = places(&text).with_context(|| path.display().to_string())?;
                    are_there(list.iter().filter(|entry| entry.is_in(&path)), &mutants)?;
                    let is_a_test = path.file_stem().is_some_and(|name| name == "tests");
                    let is_asked = path.starts_with(Path::new("src").join(&self.only)) && !is_a_test;
                    let plants = |mutant: Mutant| Planted {
                        is_rust: true,
                        is_judged: is_asked
                            && line.is_none_or(|line: usize| mutant.line == line)
                            && !list.iter().any(|entry| entry.is(&path, &mutant.what)),
                        mutant,
                    };
                    let mutants = mutants.into_iter().map(plants).collect();
                    let code = without_tests(&text)?;
                    files.push(File { path, filter: filter(of), text, code, mutants });
                }
            }
        }
        Ok(files)
    }

    fn table(&self, fates: &[(&File, Fate)]) -> ExitCode {
        println!(
            "\n{:20} {:>5} {:>6} {:>5} {:>8} {:>9} {:>7}",
            "folder", "run", "killed", "hang", "survive", "unreached", "killed"
        );
        let mut is_enough = true;
        let mut folders: BTreeMap<String, [usize; 4]> = BTreeMap::new();
        for (file, fate) in fates {
            folders.entry(folder(&file.path)).or_default()[*fate as usize] += 1;
        }
        for (folder, [killed, hang, survive, unreached]) in folders {
            let all = killed + hang + survive + unreached;
            let percent = (killed + hang) * 100 / all;
            println!("{folder:20} {all:5} {killed:6} {hang:5} {survive:8} {unreached:9} {percent:6}%");
            is_enough &= percent >= self.at_least;
        }
        if is_enough { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// The first folder below `src/`, or the file there.
fn folder(path: &Path) -> String {
    let first = path.components().nth(1).map(|part| part.as_os_str().to_string_lossy().into_owned());
    first.unwrap_or_default().trim_end_matches(".rs").into()
}

fn by_folder<'a>(counts: impl Iterator<Item = (&'a File, usize)>) -> BTreeMap<String, usize> {
    let mut folders = BTreeMap::new();
    for (file, count) in counts {
        *folders.entry(folder(&file.path)).or_default() += count;
    }
    folders
}

/// The unit tests of a file or folder below `src/`: its module's.
fn filter(of: &str) -> String {
    of.trim_end_matches(".rs").trim_end_matches('/').replace('/', "::") + "::"
}

/// Every mutant that is judged with its number, its file and itself.
fn number(files: &[File]) -> Vec<(usize, &File, &Mutant)> {
    let all = files.iter().flat_map(|file| file.mutants.iter().map(move |mutant| (file, mutant)));
    let judged = all.enumerate().filter(|(_, (_, it))| it.is_rust && it.is_judged);
    judged.map(|(number, (file, it))| (number, file, &it.mutant)).collect()
}

/// Copies what git knows of, but for the files that mutants are planted in, and keeps what is as it was, so that little is
/// built again. Returns the text of all that the tests depend on.
fn copy_project(copy: &Path, files: &[File]) -> anyhow::Result<Vec<u8>> {
    let mut project = Vec::new();
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()?;
    ensure!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
    for path in String::from_utf8(listed.stdout)?.split('\0').filter(|path| !path.is_empty()) {
        if Path::new(path).is_file() {
            let mut bytes = fs::read(path)?;
            if path == "src/lib.rs" {
                bytes.extend(ASK.as_bytes());
            }
            if !files.iter().any(|file| file.path == Path::new(path)) {
                write(&copy.join(path), &bytes)?;
            }
            if ["src/", "tests/", "corpus/", "snapshots/", "Cargo."].iter().any(|it| path.starts_with(it)) {
                project.extend(path.as_bytes());
                project.extend(bytes);
            }
        }
    }
    Ok(project)
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if fs::read(path).is_ok_and(|known| known == bytes) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().context("a file is in a folder")?)?;
    fs::write(path, bytes).with_context(|| path.display().to_string())
}

/// What cargo says of a build, a line of JSON each.
#[derive(Deserialize)]
struct Message {
    message: Option<Complaint>,
    executable: Option<PathBuf>,
    target: Option<Target>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Profile {
    /// Whether it is built to be tested: a library and a command line may have one name.
    test: bool,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Complaint {
    level: String,
    rendered: Option<String>,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    file_name: PathBuf,
    line_start: usize,
    line_end: usize,
}

/// Plants all mutants, takes those out that are no Rust, and builds the tests: the unit tests first.
fn build(copy: &Path, files: &mut [File], tests: &[String], list: &mut List) -> anyhow::Result<Vec<PathBuf>> {
    for file in files.iter_mut() {
        for it in &mut file.mutants {
            it.is_rust = list.get(&file.code, &it.mutant) != Some(Known::NoRust);
        }
    }
    for _ in 0..200 {
        let mut number = 0;
        for file in files.iter() {
            let mutants = file.mutants.iter().enumerate().filter(|(_, it)| it.is_rust);
            let planted = plant(&file.text, mutants.map(|(at, it)| (number + at, &it.mutant)));
            number += file.mutants.len();
            write(&copy.join(&file.path), planted.as_bytes())?;
        }
        let mut command = Command::new("cargo");
        command.args(["test", "--no-run", "--quiet", "--message-format=json", "--package", "unreg", "--lib"]);
        let tests = || tests.iter().map(String::as_str).filter(|test| *test != OTHERS);
        for test in tests() {
            command.args(["--test", test]);
        }
        // Cargo takes two copies of a project for one if they are built in one folder.
        command.current_dir(copy).env("CARGO_TARGET_DIR", Path::new("target"));
        let built = command.output()?;
        let messages: Vec<Message> = String::from_utf8_lossy(&built.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        if built.status.success() {
            let tested = messages
                .iter()
                .filter(|message| message.profile.as_ref().is_some_and(|profile| profile.test));
            let find = |name: &str| {
                let mut built =
                    tested.clone().filter(|it| it.target.as_ref().is_some_and(|of| of.name == name));
                built.find_map(|message| message.executable.clone())
            };
            let names = std::iter::once("unreg").chain(tests());
            return names
                .map(|name| find(name).with_context(|| format!("no test {name} was built")))
                .collect();
        }
        let errors: Vec<&Complaint> = messages
            .iter()
            .filter_map(|message| message.message.as_ref())
            .filter(|it| it.level == "error")
            .collect();
        let mut out = 0;
        for file in files.iter_mut() {
            let spans =
                errors.iter().flat_map(|error| &error.spans).filter(|span| span.file_name == file.path);
            let lines: Vec<_> = spans.map(|span| span.line_start..=span.line_end).collect();
            for it in file.mutants.iter_mut().filter(|it| it.is_rust) {
                if lines.iter().any(|lines| lines.contains(&it.mutant.line)) {
                    it.is_rust = false;
                    out += 1;
                    list.add(&file.code, &it.mutant, Known::NoRust)?;
                }
            }
        }
        if out == 0 {
            // What is no fault of the code, as a test that is not there, cargo says on standard error.
            let said = errors.iter().filter_map(|error| error.rendered.clone()).collect::<String>();
            bail!("the copy with mutants cannot be built\n{said}{}", String::from_utf8_lossy(&built.stderr));
        }
        eprintln!("{out} mutants are no Rust");
    }
    bail!("the copy with mutants cannot be built");
}
