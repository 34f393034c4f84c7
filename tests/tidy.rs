//! The layout, checked: layers, pairs of corpus and snapshot, headers, names.

mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use unreg::invariant;
use unreg::program::{Program, Subsystem};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns every file with this extension below a folder of the repository, sorted.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut files = walk::files(&root().join(folder));
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files
}

fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|name| name.to_str()).expect("names are ASCII")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The layer of every module of `src/lib.rs`: the number of its paragraph.
fn layers(lib: &str) -> BTreeMap<String, usize> {
    let mut layers = BTreeMap::new();
    let code = lib.lines().filter(|line| !line.starts_with("//")).collect::<Vec<_>>().join("\n");
    for (layer, paragraph) in code.split("\n\n").filter(|text| text.contains("mod ")).enumerate() {
        for line in paragraph.lines().filter_map(|line| line.trim().strip_prefix("pub mod ")) {
            layers.insert(line.trim_end_matches(';').to_owned(), layer);
        }
    }
    layers
}

/// The modules that a line of code names through `crate::`.
fn modules_in(line: &str) -> impl Iterator<Item = String> + '_ {
    let code = line.split("//").next().unwrap_or_default();
    let grouped = code.trim().strip_prefix("use crate::{").into_iter();
    let grouped = grouped.flat_map(|group| group.trim_end_matches("};").split(',')).map(str::trim);
    let single = code.match_indices("crate::").map(|(at, path)| &code[at + path.len()..]);
    grouped.chain(single).map(|path| path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
}

/// What a module may not use, as `file: module`, given the layers.
fn upward(layers: &BTreeMap<String, usize>, module: &str, code: &str) -> Vec<String> {
    let own = layers[module];
    let used: BTreeSet<_> = code.lines().flat_map(modules_in).collect();
    let bad = used.into_iter().filter(|other| other != module);
    bad.filter(|other| layers.get(other).is_some_and(|layer| *layer >= own)).collect()
}

#[test]
fn a_layer_uses_earlier_layers_only() {
    let layers = layers(&read(&root().join("src/lib.rs")));
    let modules: BTreeSet<_> =
        fs::read_dir(root().join("src")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let modules = modules.iter().filter(|path| path.is_file()).map(|path| stem(path));
    // The command line is the program's and not the library's.
    let modules: BTreeSet<_> =
        modules.filter(|name| !["lib", "main", "cli"].contains(name)).map(String::from).collect();
    walk::agree(&layers.keys().cloned().collect(), &modules, ["in src/lib.rs", "a file"]);
    for path in files("src", "rs") {
        let inside = path.strip_prefix(root().join("src")).unwrap();
        let module = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if layers.contains_key(module) {
            let bad = upward(&layers, module, &read(&path));
            assert!(bad.is_empty(), "{} uses {bad:?}, which are in its own layer or above", inside.display());
        }
    }
}

#[test]
fn the_layer_check_sees_siblings_and_upward_uses() {
    let layers = layers("//! About.\n\npub mod low;\n\npub mod left;\npub mod right;\n");
    assert_eq!(upward(&layers, "left", "use crate::right::Thing;"), ["right"]);
    assert_eq!(upward(&layers, "low", "fn f() { crate::left::f() }"), ["left"]);
    assert_eq!(upward(&layers, "left", "use crate::{low, right};"), ["right"]);
    assert!(upward(&layers, "left", "use crate::low; // not crate::right").is_empty());
}

/// The neighbours that the code of a module names after `super::`, tests apart.
fn neighbours(module: &str, code: &str, all: &BTreeSet<String>) -> BTreeSet<String> {
    let lines = code.lines().take_while(|line| *line != "#[cfg(test)]");
    let code: String = lines.map(|line| line.split("//").next().unwrap_or_default()).collect();
    let paths = code.match_indices("super::").flat_map(|(at, found)| match &code[at + found.len()..] {
        group if group.starts_with('{') => {
            group[1..].split('}').next().unwrap_or_default().split(',').collect()
        }
        path => vec![path],
    });
    let first = |path: &str| path.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    paths.map(first).filter(|name: &String| name != module && all.contains(name)).collect()
}

/// The modules that are left once each that uses none of the rest was taken away: those of circles, and what uses them.
fn circles(mut uses: BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    loop {
        let left: BTreeSet<String> = uses.keys().cloned().collect();
        uses.retain(|_, used| !used.is_disjoint(&left));
        if uses.len() == left.len() {
            return left;
        }
    }
}

#[test]
fn no_two_modules_of_the_drivers_use_each_other() {
    for folder in ["src/driver", "src/driver/rdma"] {
        let paths = || fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let all: BTreeSet<String> = paths().map(|path| stem(&path).to_owned()).collect();
        let files = paths().filter(|path| path.is_file());
        let uses = files.map(|path| (stem(&path).to_owned(), neighbours(stem(&path), &read(&path), &all)));
        let found = circles(uses.collect());
        assert!(found.is_empty(), "{folder}: in a circle, or above one: {found:?}");
    }
    let all: BTreeSet<String> = ["a", "b", "c"].map(str::to_owned).into();
    assert_eq!(neighbours("a", "use super::b::Thing;\nuse super::{Up, c};", &all).len(), 2);
    let uses = |pairs: [(&str, &str); 2]| {
        pairs.map(|(one, other)| (one.to_owned(), BTreeSet::from([other.to_owned()]))).into()
    };
    assert_eq!(circles(uses([("a", "b"), ("b", "a")])).len(), 2);
    assert!(circles(uses([("a", "b"), ("b", "c")])).is_empty());
}

#[test]
fn every_source_file_says_what_it_is_for() {
    for folder in ["src", "tests", "benches"] {
        for path in files(folder, "rs") {
            assert!(read(&path).starts_with("//! "), "{} does not open with a //! line", path.display());
        }
    }
}

#[test]
fn every_invariant_is_a_file_of_its_name() {
    let names = |folder| walk::names(&root().join("src/invariant").join(folder), "rs");
    let themes = fs::read_dir(root().join("src/invariant")).unwrap().map(|entry| entry.unwrap().path());
    let themes: Vec<_> = themes.filter(|path| path.is_dir()).collect();
    let files = themes.iter().flat_map(names).collect();
    let names = invariant::ALL.iter().map(|invariant| invariant.name.replace('-', "_")).collect();
    walk::agree(&files, &names, ["a file", "an invariant"]);
}

/// rustfmt follows plain `mod` lines and no macro, so a module that a macro declares is never formatted.
#[test]
fn every_source_file_is_declared_by_a_plain_line() {
    for path in files("src", "rs").iter().filter(|path| !["lib", "main"].contains(&stem(path))) {
        let folder = path.parent().unwrap();
        // `a/b/c.rs` is declared in `a/b.rs`, or within `mod b` in `a.rs`; `c.rs` in the roots.
        let above = [folder.with_extension("rs"), folder.parent().unwrap().with_extension("rs")];
        let roots = ["lib.rs", "main.rs"].map(|file| folder.join(file));
        let declares = |file: &&PathBuf| {
            let line = format!("mod {};", stem(path));
            let is_line =
                |code: &str| code == line || code.starts_with("pub") && code.ends_with(&format!(" {line}"));
            file.is_file() && read(file).lines().any(|code| is_line(code.trim()))
        };
        assert!(
            above.iter().chain(&roots).any(|file| declares(&file)),
            "{}: no plain mod line",
            path.display()
        );
    }
}

#[test]
fn nothing_below_the_command_line_reads_a_clock_or_hashes_at_random() {
    for path in files("src", "rs") {
        let inside = path.strip_prefix(root().join("src")).unwrap();
        if inside.starts_with("cli") || inside == Path::new("main.rs") || inside == Path::new("cli.rs") {
            continue;
        }
        for word in ["HashMap", "HashSet", "Instant", "SystemTime", "thread_local!", "static mut"] {
            let found =
                read(&path).lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word));
            // rustc-hash's own types hash alike on every run.
            let found = found && !read(&path).contains(&format!("Fx{word}"));
            // What a thread notes of a run is read by no handler.
            let found = found && (word != "thread_local!" || inside != Path::new("sim/footprint.rs"));
            assert!(!found, "{} uses {word}", path.display());
        }
    }
}

/// A proof knows what a step touches only if all state that tasks share notes it.
#[test]
fn state_notes_who_touches_it() {
    let subsystems = ["devlink", "mdev", "ib", "driver"];
    let mut paths: Vec<_> = subsystems.iter().flat_map(|name| files(&format!("src/{name}"), "rs")).collect();
    paths.extend(subsystems.iter().map(|name| root().join("src").join(name).with_extension("rs")));
    let other =
        ["std::cell::Cell", "std::cell::{Cell", "std::cell::RefCell", "OnceCell", "std::sync", "Atomic"];
    for path in paths {
        let code = read(&path);
        let used: Vec<_> = other.iter().filter(|word| code.contains(**word)).collect();
        assert!(used.is_empty(), "{} uses {used:?} and not crate::sim::cell", path.display());
    }
}

/// The lines that move bits other than one: sets of bits begin with `1 <<`, and NETLINK_RDMA's types with `5 << 10`.
fn moves_bits(code: &str) -> impl Iterator<Item = &str> {
    let lines = code.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    lines.filter(|line| {
        let mut shifts = line
            .match_indices(" << ")
            .map(|(at, _)| line[..at].ends_with('1') || line[at - 1..].starts_with("5 << 10"));
        line.contains(" >> ") || shifts.any(|is_known| !is_known)
    })
}

#[test]
fn only_values_know_their_layouts() {
    for path in files("src", "rs") {
        let inside = path.strip_prefix(root().join("src")).unwrap();
        // What carries no value: the ways in, searches, sets of tasks, records, and system calls that are counted.
        let is_apart = ["cli", "search", "sim", "target", "event/value", "event/value.rs", "operand.rs"]
            .iter()
            .any(|apart| inside.starts_with(apart));
        if !is_apart && inside != Path::new("linux/steer/call.rs") {
            let code = read(&path);
            let found: Vec<&str> = moves_bits(&code).collect();
            assert!(found.is_empty(), "{} moves bits: {found:#?}", path.display());
        }
    }
    let examples = "let new = value >> 3 & 7;\nlet all = all | 1 << index;\nlet value = now | new << 3;\nconst GET: u16 = 5 << 10 | 1;";
    assert_eq!(moves_bits(examples).count(), 2);
}

/// Words that the house has another for: a name that two things had, or a person who is no actor of the kernel's.
const OLD: &[(&str, &str)] = &[
    ("Rules", "Decisions"),
    ("Kept", "Corpus"),
    ("check_care", "check_minimize"),
    ("vary_options", "vary_kconfig"),
    ("whoever", "the task, listener, driver or user that does it"),
    ("nobody", "no task, no listener, no user"),
    ("somebody", "another task, a user"),
    ("someone", "another task, a user"),
    ("anybody", "a task, a listener, a user"),
    ("everybody", "all tasks, all listeners, all users"),
];

/// The words of a text as they would be searched for: letters, and what joins them in names of files and of Rust.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !"_-/".contains(c))
}

#[test]
fn old_words_are_gone() {
    let mut paths: Vec<PathBuf> =
        ["src", "fuzz/src", "xtask/src"].iter().flat_map(|it| files(it, "rs")).collect();
    paths.extend(files("docs", "md"));
    paths.extend(files("corpus", "prog"));
    paths.extend(
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "fuzz/README.md"].map(|it| root().join(it)),
    );
    for path in paths {
        let text = read(&path);
        for (number, line) in text.lines().enumerate() {
            // A type is spelled in one way; a word may begin a sentence.
            let is_name = |old: &str| old.starts_with(char::is_uppercase);
            let is = |word: &str, old: &str| word == old || !is_name(old) && word.eq_ignore_ascii_case(old);
            let mut found = words(line).filter_map(|word| OLD.iter().find(|(old, _)| is(word, old)));
            let old = found.next();
            assert_eq!(old, None, "{}:{}: an old word, and what to say for it", path.display(), number + 1);
        }
    }
    assert_eq!(words("see mdev/nobody-is-told, nobody").filter(|word| *word == "nobody").count(), 1);
}

#[test]
fn corpus_and_snapshots_come_in_pairs() {
    let programs = walk::names(&root().join("corpus"), "prog");
    walk::agree(&programs, &walk::names(&root().join("snapshots"), "snap"), ["a program", "a snapshot"]);
}

#[test]
fn what_two_sets_do_not_share_is_all_that_is_said() {
    let set = |names: [&str; 2]| names.map(str::to_owned).into();
    let (one, other) = (set(["same", "lost"]), set(["same", "new"]));
    let said = std::panic::catch_unwind(|| walk::agree(&one, &other, ["here", "there"])).unwrap_err();
    assert_eq!(said.downcast_ref::<String>().unwrap(), "\nonly here: lost\nonly there: new\n");
}

#[test]
fn a_snapshot_says_something_in_lines_a_person_can_read() {
    for path in files("snapshots", "snap") {
        let text = read(&path);
        let body = text.splitn(3, "---\n").nth(2).unwrap_or_default();
        assert!(body.lines().count() >= 3, "{} says nothing", path.display());
        let long = body.lines().find(|line| line.chars().count() > 100);
        assert_eq!(long, None, "{} has a line of more than 100 columns", path.display());
    }
}

#[test]
fn a_corpus_file_says_what_happens_and_who_argued() {
    for path in files("corpus", "prog") {
        let text = read(&path);
        let first = text.lines().next().unwrap_or_default();
        let sentence = first.strip_prefix("# ").is_some_and(|says| says.ends_with('.'));
        assert!(sentence, "{} does not open with a sentence on what happens", path.display());
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase());
        assert!(name.split('-').all(is_word), "{} is not named in words", path.display());
        if name == "readme" {
            continue;
        }
        let cite = text.lines().find_map(|line| line.strip_prefix("#= ")).unwrap_or_default();
        let (key, who) = cite.split_once(": ").unwrap_or_default();
        let known = unreg::mail::ALL.iter().any(|mail| mail.key == key);
        assert!(known && !who.is_empty(), "{} cites no mail: `#= {cite}`", path.display());
        assert!(text.contains("\n## "), "{} does not say what was claimed", path.display());
    }
}

#[test]
fn every_invariant_and_every_variant_has_a_program() {
    let programs: Vec<Program> = files("corpus", "prog")
        .iter()
        .map(|path| Program::parse(&read(path), &path.to_string_lossy()).unwrap_or_else(|e| panic!("{e}")))
        .collect();
    for invariant in invariant::ALL {
        let broken = programs.iter().any(|program| program.expects(invariant));
        assert!(broken, "no corpus program breaks {}", invariant.name);
        assert!(
            !invariant.cites.is_empty() && !invariant.says.is_empty(),
            "{} has no citation",
            invariant.name
        );
    }
    for subsystem in Subsystem::ALL {
        for variant in subsystem.variants() {
            assert!(!variant.cites.is_empty(), "{subsystem}={} has no citation", variant.name);
            for broken in variant.breaks {
                let invariant =
                    invariant::named(broken).unwrap_or_else(|| panic!("{broken} is no invariant"));
                let shown = programs.iter().any(|program| {
                    program.variants.of(*subsystem) & (1 << variant.id) != 0 && program.expects(invariant)
                });
                assert!(shown, "no corpus program shows that {subsystem}={} breaks {broken}", variant.name);
            }
        }
    }
}

#[test]
fn every_point_is_a_place_in_the_code() {
    let code: String =
        files("src", "rs").iter().filter(|path| !path.ends_with("event/point.rs")).map(|p| read(p)).collect();
    for point in unreg::event::Point::ALL {
        assert!(code.contains(&format!("Point::{point:?}")), "no code comes to {point}");
    }
}

#[test]
fn every_dependency_builds_with_the_promised_compiler() {
    let metadata = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .output()
        .expect("cargo runs");
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).expect("cargo prints JSON");
    let minor =
        |version: &str| version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok()).unwrap();
    let promised = minor(env!("CARGO_PKG_RUST_VERSION"));
    let packages = metadata["packages"].as_array().expect("packages");
    let lock = read(&root().join("Cargo.lock"));
    let locked = lock.lines().filter(|line| *line == "[[package]]").count();
    assert_eq!(packages.len(), locked, "the list of packages is whole");
    for package in packages {
        let wants = package["rust_version"].as_str().map_or(0, minor);
        assert!(wants <= promised, "{} wants Rust 1.{wants}", package["name"]);
    }
}

#[test]
fn numbers_are_given_once() {
    let ids: BTreeSet<_> = invariant::ALL.iter().map(|invariant| invariant.id).collect();
    assert_eq!(ids.len(), invariant::ALL.len());
    assert!(ids.iter().all(|id| *id < 64));
    for subsystem in Subsystem::ALL {
        let variants = subsystem.variants();
        let ids: BTreeSet<_> = variants.iter().map(|variant| variant.id).collect();
        assert_eq!(ids.len(), variants.len(), "{subsystem}");
        assert!(ids.iter().all(|id| *id < 128));
    }
    let opcodes: Vec<_> = unreg::program::Command::specs().map(|spec| spec.opcode).collect();
    assert_eq!(opcodes.iter().collect::<BTreeSet<_>>().len(), opcodes.len());
}

#[test]
fn every_action_of_a_workflow_is_pinned_to_a_commit() {
    let workflows = walk::files(&root().join(".github/workflows"));
    assert!(!workflows.is_empty(), "there are workflows");
    for path in workflows {
        let text = read(&path);
        for line in text.lines().map(|line| line.trim_start().trim_start_matches("- ")) {
            let Some(action) = line.strip_prefix("uses:").map(str::trim) else { continue };
            let commit = action.split_once('@').and_then(|(_, rest)| rest.split_once(" # v"));
            let whole = commit.is_some_and(|(commit, _)| {
                commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit())
            });
            assert!(whole, "{}: {action} is no `ACTION@COMMIT # vN`", path.display());
        }
    }
}

#[test]
fn every_dependency_is_said_what_it_is_for() {
    let manifest = read(&root().join("Cargo.toml"));
    let section = manifest.split("\n[dependencies]\n").nth(1).expect("there are dependencies");
    let section = section.split("\n[").next().unwrap_or_default();
    let used: BTreeSet<String> =
        section.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.to_owned()).collect();
    let table = read(&root().join("docs/crates.md"));
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let said = rows.map(|(name, _)| name.to_owned()).collect();
    walk::agree(&used, &said, ["in Cargo.toml", "in docs/crates.md"]);
}
