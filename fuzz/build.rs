//! Places the seeds: `corpus/**/*.prog`, encoded, where cargo-fuzz looks for them.
//!
//! `fuzz/corpus/<target>/` belongs to the engine and is not in the repository. Each program goes to the target of
//! its folder, to `mixed` and to the targets about unreg itself, as records; `text` gets the texts, and `linux` one message
//! of each sort that real kernels were recorded to send.
//!
//! Beside them `fuzz/engine/<target>.dict` and `<target>.options`, by the names that OSS-Fuzz looks for: the words of
//! the commands' tables, and how long an input may be.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Result, Write};
use std::path::{Path, PathBuf};
use unreg::event::{Point, TaskName};
use unreg::operand::{OPERANDS_MAX, Operand};
use unreg::program::{Command, Program, record};
use unreg::target::Scope;

fn main() -> Result<()> {
    let fuzz =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the manifest is"));
    let programs = fuzz.join("../corpus");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={}", programs.display());
    for folder in ["devlink", "mdev", "ib", "."] {
        for entry in fs::read_dir(programs.join(folder))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "prog") {
                println!("cargo:rerun-if-changed={}", path.display());
                seed(&fuzz.join("corpus"), folder, &path)?;
            }
        }
    }
    let recordings = fuzz.join("../snapshots/linux");
    println!("cargo:rerun-if-changed={}", recordings.display());
    recorded(&recordings, &fuzz.join("corpus/linux"))?;
    engine(&fuzz.join("engine"))
}

/// The most bytes of a seed that was recorded.
const RECORDED_MAX: usize = 4096;

/// Lines of real guests, the first of each sort, in seeds of a few lines.
fn recorded(from: &Path, to: &Path) -> Result<()> {
    let mut files: Vec<_> =
        fs::read_dir(from)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let (mut known, mut seed, mut count) = (BTreeSet::new(), String::new(), 0);
    for file in files {
        for line in fs::read_to_string(file)?.lines() {
            // Who reports what: the line up to a message, and of that its type and its command.
            let (head, message) = line.split_once("message\":\"").unwrap_or((line, ""));
            let sort = (
                head.to_owned(),
                message.get(8..12).map(str::to_owned),
                message.get(32..34).map(str::to_owned),
            );
            if line.len() > RECORDED_MAX || !known.insert(sort) {
                continue;
            }
            if seed.len() + line.len() > RECORDED_MAX {
                count += 1;
                place(to, &format!("recorded-{count}"), std::mem::take(&mut seed).as_bytes())?;
            }
            seed.push_str(line);
            seed.push('\n');
        }
    }
    place(to, &format!("recorded-{}", count + 1), seed.as_bytes())
}

/// Dictionaries and options. An engine's own mutator puts these words in; ours knows them.
fn engine(folder: &Path) -> Result<()> {
    let escaped = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
    for (target, scope) in Scope::ALL {
        let commands = Command::specs().filter_map(|spec| {
            let command = Command::decode(spec.opcode, &[0; OPERANDS_MAX])?;
            scope.has(&command).then_some((spec.name, spec.opcode))
        });
        let word = |name: &str, bytes: [u8; 2]| {
            let mut record = [0; record::RECORD];
            record[..2].copy_from_slice(&bytes);
            format!("{}=\"{}\"\n", name.replace(['.', '-', '/'], "_"), escaped(&record))
        };
        let mut words: String = commands.map(|(name, opcode)| word(name, [opcode, 0])).collect();
        for task in TaskName::ALL {
            let number = task.to_byte();
            words += &word(&format!("run_{task}"), [record::opcode::SEGMENT, number]);
            if !task.is_worker() {
                words += &word(&format!("task_{task}"), [record::opcode::TASK, number]);
            }
        }
        place(folder, &format!("{target}.dict"), words.as_bytes())?;
        // 256 records: every task, command and segment that a program may have, and room for variants.
        options(folder, target, 2048)?;
    }
    let mut words =
        BTreeSet::from(["task ", "schedule\n", "variant ", "expect ", "until "].map(str::to_owned));
    words.extend(Command::specs().map(|spec| format!("  {} ", spec.name)));
    words.extend(
        Command::specs()
            .flat_map(|spec| spec.operands)
            .flat_map(|operand| operand.words)
            .map(|word| (*word).to_owned()),
    );
    words.extend(Point::ALL.iter().map(ToString::to_string));
    let words: String = words
        .iter()
        .filter(|word| !word.is_empty())
        .map(|word| format!("\"{}\"\n", escaped(word.as_bytes())))
        .collect();
    place(folder, "text.dict", words.as_bytes())?;
    options(folder, "text", 8192)?;
    // What a guest reports: the keys of its lines.
    let keys = [
        "Begin", "End", "Heard", "Answer", "Filtered", "AtRest", "family", "message", "Devlink", "Rdma",
        "Route", "Uevent",
    ];
    let keys: String =
        keys.iter().map(|key| format!("\"{}\"\n", escaped(format!("\"{key}\"").as_bytes()))).collect();
    place(folder, "linux.dict", keys.as_bytes())?;
    options(folder, "linux", 4096)?;
    place(folder, "minimize.dict", &fs::read(folder.join("mixed.dict"))?)?;
    options(folder, "minimize", 1024)
}

/// The options of a target. States and edges make so many features that the books of entropic schedules take more time
/// than the runs. Nor is the stack of what is safe Rust used after a function has returned: to look out for that takes
/// ASan a fifth of the time, and to note where each piece of memory was allocated another fifth; `cargo fuzz run TARGET
/// CRASH` runs what was found without these options. What was freed waits in 16 MB instead of 256, so that a target takes
/// a fraction of the memory.
fn options(folder: &Path, target: &str, max_len: usize) -> Result<()> {
    let text = format!(
        "[libfuzzer]\nmax_len = {max_len}\nentropic = 0\n\n\
         [asan]\ndetect_stack_use_after_return = 0\nmalloc_context_size = 0\nquarantine_size_mb = 16\n"
    );
    place(folder, &format!("{target}.options"), text.as_bytes())
}

fn seed(corpus: &Path, folder: &str, path: &Path) -> Result<()> {
    let text = fs::read_to_string(path)?;
    let program = Program::parse(&text, &path.to_string_lossy()).unwrap_or_else(|errors| panic!("{errors}"));
    let records = record::encode(&program);
    let name = path.file_stem().expect("a file has a name").to_string_lossy();
    let name = if folder == "." { name.into_owned() } else { format!("{folder}-{name}") };
    if folder != "." {
        place(&corpus.join(folder), &name, &records)?;
    }
    place(&corpus.join("mixed"), &name, &records)?;
    place(&corpus.join("minimize"), &name, &records)?;
    place(&corpus.join("linux"), &name, &records)?;
    place(&corpus.join("text"), &name, text.as_bytes())
}

/// Writes a seed if it is not there already; an engine that reads meanwhile never sees half of one.
fn place(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(name);
    if fs::read(&path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}
