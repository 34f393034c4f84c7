//! Every program of the corpus is a seed of its targets, and every seed means what its program means.

#[path = "../../tests/walk/mod.rs"]
mod walk;

use std::fs;
use std::path::Path;
use unreg::program::{Program, Variants};
use unreg::target::Scope;

#[test]
fn every_program_is_placed_and_means_the_same() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (path, text) in walk::corpus() {
        let inside = path.strip_prefix(walk::folder("corpus")).unwrap().with_extension("");
        let name = inside.to_str().unwrap().replace('/', "-");
        let own = inside.to_str().unwrap().split_once('/').map(|(folder, _)| folder);
        let program = Program::parse(&text, &name).unwrap_or_else(|errors| panic!("{errors}"));
        for target in own.into_iter().chain(["mixed", "minimize", "linux", "text"]) {
            let seed = fs::read(corpus.join(target).join(&name)).unwrap_or_else(|error| {
                panic!("{target} has no seed {name}: {error}");
            });
            assert_eq!(Program::from_bytes(&seed), program, "{target}/{name}");
        }
    }
}

fn stem(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

#[test]
fn a_case_prints_as_the_program_that_runs() {
    let seed = b"variant devlink children-first\nexpect lock-order\ntask user\n  devlink.dump\n  ib.dump\n";
    let ran = |variants: &str| {
        let variants = Variants::parse(variants).expect("a variant");
        unreg_fuzz::ran(seed, Some(Scope::Devlink), variants).to_string()
    };
    assert_eq!(ran("settled"), "task user\n  devlink.dump\n");
    let flawed = ran("devlink=early-register");
    assert_eq!(flawed, "variant devlink early-register\n\ntask user\n  devlink.dump\n");
    assert_eq!(unreg_fuzz::ran(seed, None, Variants::default()), Program::from_bytes(seed));
    unreg_fuzz::prints_as(Scope::Devlink);
    let case = format!("{:?}", unreg_fuzz::Case::new(seed.to_vec()));
    assert_eq!(case, "\ntask user\n  devlink.dump\n");
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
