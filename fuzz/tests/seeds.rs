//! Every program of the corpus is a seed of its targets, and every seed means what its program means.

use std::fs;
use std::path::{Path, PathBuf};
use unreg::program::Program;

fn programs(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "prog")).collect()
}

fn stem(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

#[test]
fn every_program_is_placed_and_means_the_same() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut placed = 0;
    for folder in ["devlink", "mdev", "ib", "."] {
        for path in programs(folder) {
            let text = fs::read_to_string(&path).unwrap();
            let program = Program::parse(&text, stem(&path)).unwrap_or_else(|errors| panic!("{errors}"));
            let own = if folder == "." { None } else { Some(folder) };
            let name = own.map_or(stem(&path).to_owned(), |folder| format!("{folder}-{}", stem(&path)));
            for target in own.into_iter().chain(["mixed", "care", "linux", "text"]) {
                let seed = fs::read(corpus.join(target).join(&name)).unwrap_or_else(|error| {
                    panic!("{target} has no seed {name}: {error}");
                });
                assert_eq!(Program::from_bytes(&seed), program, "{target}/{name}");
            }
            placed += 1;
        }
    }
    assert!(placed >= 24, "only {placed} programs were found");
}

#[test]
fn real_messages_of_every_family_are_seeds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/linux");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let recorded: String = files
        .filter(|path| stem(path).starts_with("recorded-"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    for words in ["\"Begin\"", "\"End\"", "\"Heard\"", "\"Filtered\"", "\"Answer\"", "\"AtRest\""] {
        assert!(recorded.contains(words), "no {words} was recorded");
    }
    for family in ["Devlink", "Rdma", "Route", "Uevent"] {
        assert!(recorded.contains(&format!("\"family\":\"{family}\"")), "nothing of {family} was recorded");
    }
}
